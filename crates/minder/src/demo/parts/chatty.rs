//! A program that writes about 20 KB a second.

use std::io;

use super::{line, rest};

pub(super) fn run() -> io::Result<()> {
    let filler = "the quick brown fox jumps over the lazy dog, and then it does so again; ".repeat(2);
    for number in 1_u64.. {
        line(&format!("{number:08} {filler}"))?;
        rest(8);
    }
    Ok(())
}
