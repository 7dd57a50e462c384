//! A worker: takes a job, does it, says so.

use std::io;

use super::{chance, line, rest};

pub(super) fn run(number: u32) -> io::Result<()> {
    line(&format!("worker {number} ready, pid {}", std::process::id()))?;
    for job in 1_u64.. {
        let takes = 500 + chance(1500);
        rest(takes);
        line(&format!("worker {number}: job {job} done in {takes} ms"))?;
    }
    Ok(())
}
