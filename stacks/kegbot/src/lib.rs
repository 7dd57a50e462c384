//! Kegbot.
pub mod api;
pub mod core;
pub mod json;
pub mod kbsp;
pub mod kegnet;
