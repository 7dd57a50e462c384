//! Kegbot.
pub mod api;
pub mod core;
pub mod flags;
pub mod json;
pub mod kbsp;
pub mod kegnet;
pub mod outbox;
pub mod programs;
