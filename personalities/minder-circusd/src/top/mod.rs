//! circus-top.
