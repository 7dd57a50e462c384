//! One mistake, told twice: in the original's words for its users, and with its place for those who want to mend it.

use crate::options::exception::Exception;
use minder_config::Problem;

/// A mistake for which the original refuses the whole file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the original raises; its `Display` is the last line on standard error.
    pub exception: Exception,
    /// The same for a person: where, what was found, what was expected, what to do.
    pub problem: Problem,
}

impl Fault {
    pub(super) fn new(exception: Exception, problem: Problem) -> Self {
        Self { exception, problem }
    }
}
