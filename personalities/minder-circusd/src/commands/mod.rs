//! The commands of the control endpoint, a file each.
