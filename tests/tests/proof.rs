//! All scenarios: one theme a module. See the crate `minder-tests` for how they are run.

mod children;
mod circus;
mod circus_top;
mod configurations;
mod corners;
mod ctl;
mod events;
mod faults;
mod fermentrack;
mod hostile;
mod http;
mod keeper_death;
mod lifecycle;
mod logs;
mod mind_death;
mod modes;
mod programs;
mod reload;
mod rpc;
mod rpc_logs;
mod shell;
mod superlance;
mod trees;
mod upgrade;
mod web_page;
mod whole_daemon;
