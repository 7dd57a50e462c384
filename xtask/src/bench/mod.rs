//! `cargo xtask bench`: minder and the originals side by side.

use crate::step::Problem;

/// Measures.
///
/// # Errors
/// Always, until there is something to measure.
pub(crate) fn run(_words: &[String]) -> Result<(), Problem> {
    Err(Problem::Missing("there is no benchmark yet".into()))
}
