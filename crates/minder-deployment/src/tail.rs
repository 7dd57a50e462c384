//! The last lines of a log.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How much of a file is looked at, from its end.
const LOOKED_AT: u64 = 64 * 1024;

/// The last lines that are not empty, in their order, at most `lines` of them.
///
/// # Errors
/// When the file cannot be read.
pub fn last_lines(path: &Path, lines: usize) -> io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(LOOKED_AT)))?;
    let mut bytes = Vec::new();
    file.take(LOOKED_AT).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut last: Vec<String> =
        text.lines().rev().filter(|line| !line.trim().is_empty()).take(lines).map(str::to_owned).collect();
    last.reverse();
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::last_lines;

    #[test]
    fn the_last_lines_are_those_that_say_something() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log");
        std::fs::write(&path, format!("{}one\n\ntwo\n\n", "old\n".repeat(40_000))).expect("written");
        assert_eq!(last_lines(&path, 2).expect("readable"), ["one", "two"]);
        assert!(last_lines(&dir.path().join("none"), 2).is_err());
    }
}
