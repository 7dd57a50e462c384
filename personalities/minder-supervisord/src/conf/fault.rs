//! One mistake in two languages: the original's text, and a problem for a person.

use minder_config::Problem;

/// A mistake that makes the original refuse the configuration.
///
/// Faults are collected in the order in which the original would come across them. It stops at the first, so a personality
/// prints the first text; a check prints all problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The original's message, without `Error: ` before and `For help, use …` behind it.
    pub text: String,
    /// The same with a place and advice.
    pub problem: Problem,
}

impl Fault {
    /// A fault of both.
    #[must_use]
    pub fn new(text: impl Into<String>, problem: Problem) -> Self {
        Self { text: text.into(), problem }
    }
}
