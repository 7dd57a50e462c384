//! The pages, asked as a browser asks and looked at with one, with scripts, a controller and a chamber behind them.

mod browser;
mod http;
mod place;
