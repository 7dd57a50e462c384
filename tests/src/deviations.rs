//! Where minder differs from Supervisor on purpose. Each entry is mirrored in `docs/from-supervisor.md`.
//!
//! A scenario names the deviation it meets; then each line of the original's transcript that the pattern finds is
//! rewritten as minder would have said it, before the two are compared.

use regex::Regex;

/// One deliberate difference.
#[derive(Debug)]
pub struct Deviation {
    /// How scenarios call it.
    pub name: &'static str,
    /// Why minder does not do the same.
    pub reason: &'static str,
    /// What the original says (a regular expression, on a normalised line).
    pub original: &'static str,
    /// What minder says instead; `-` takes the line away.
    pub minder: &'static str,
}

/// All of them.
pub const DEVIATIONS: &[Deviation] = &[];

/// Rewrites the original's lines by the deviation called `name`.
///
/// # Panics
/// When there is no such deviation.
pub fn apply(name: &str, lines: &mut Vec<String>) {
    let deviation = DEVIATIONS
        .iter()
        .find(|deviation| deviation.name == name)
        .unwrap_or_else(|| panic!("no deviation is called {name:?}"));
    let pattern = Regex::new(deviation.original).expect("a deviation's pattern");
    if deviation.minder == "-" {
        lines.retain(|line| !pattern.is_match(line));
    }
    for line in lines {
        *line = pattern.replace_all(line, deviation.minder).into_owned();
    }
}
