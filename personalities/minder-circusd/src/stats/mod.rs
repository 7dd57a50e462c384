//! What processes use, and circusd-stats.
//!
//! - `proc`: what the kernel tells. [`sizes`]: `1.40M`. [`info`]: a process in the original's words, for `stats` too.

pub mod info;
mod proc;
pub mod sizes;
