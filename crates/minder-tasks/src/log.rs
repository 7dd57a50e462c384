//! What the beat and the workers have to say: lines on standard output, which minder keeps.

use std::io::Write as _;

/// Writes a line. A log that nobody takes any more must not stop what is logged.
pub(crate) fn log(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}
