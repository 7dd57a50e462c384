//! The line to a board: which one it is, and bytes on it.

mod ports;
mod serial;

pub use ports::{PATTERNS, first_port};
pub use serial::{Heard, Serial, Waker, wake_up};
