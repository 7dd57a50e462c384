//! The programs, a file or a folder each.

pub mod core;
