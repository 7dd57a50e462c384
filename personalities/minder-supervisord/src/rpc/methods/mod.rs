//! The methods themselves, a folder a namespace.

pub mod supervisor;
pub mod system;
