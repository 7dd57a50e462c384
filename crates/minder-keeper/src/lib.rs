//! The keeper: the process that the user started, and the parent of every child.

pub mod wire;
