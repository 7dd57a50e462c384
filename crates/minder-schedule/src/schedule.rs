//! When a task is due next.
