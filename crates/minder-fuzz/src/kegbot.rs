//! Kegbot's file.

use minder_kegbot_master::lower;
use minder_kegbot_master::settings::{Directories, FILE_BYTES_MAX, PROBLEMS_MAX, read};

use crate::spans;

/// Its places lie in it, its problems are not too many, and what is accepted can be run.
pub fn config(bytes: &[u8]) {
    let reading = read("kegbot_master.cfg", bytes, &Directories::default());
    spans::check(&reading.problems, &reading.sources);
    assert!(reading.problems.len() <= PROBLEMS_MAX);
    let _ = minder_kegbot_master::recognises(bytes);
    if reading.errors().next().is_some() {
        return;
    }
    assert!(bytes.len() as u64 <= FILE_BYTES_MAX);
    spans::check(&lower::remarks(&reading.settings), &reading.sources);
    lower::plan(&reading.settings, &["/bin".to_owned()]).expect("names that differ");
}
