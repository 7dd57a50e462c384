//! Kegbot.
pub mod api;
pub mod board;
pub mod core;
pub mod flags;
pub mod json;
pub mod kbsp;
pub mod kegnet;
pub mod lcd;
pub mod outbox;
pub mod programs;
pub mod simulate;
mod tls;
pub mod web;
