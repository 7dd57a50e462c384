//! All scenarios: one theme a module. See the crate `minder-tests` for how they are run.

mod lifecycle;
