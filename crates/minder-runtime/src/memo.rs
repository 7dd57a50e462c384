//! What outlives the mind: named memory files, of which the keeper holds a descriptor.
//!
//! The mind writes them in place, so keeping a fact costs one `pwrite` and no message. A kill between two writes
//! leaves the last whole one: each value is written behind its length and checksum, into the half of the file that
//! the one before it does not use.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// All that is in a memory file.
///
/// # Errors
/// When it cannot be read.
pub fn contents(fd: BorrowedFd<'_>) -> io::Result<Vec<u8>> {
    let file = File::from(fd.try_clone_to_owned()?);
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut bytes = vec![0; size];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

/// A value that is replaced as a whole, again and again.
#[derive(Debug)]
pub struct Memo {
    file: File,
    /// Where the last value begins, how long it is, and its number.
    last: (u64, u64, u64),
}

/// Two headers: number, offset, length, checksum; eight bytes each. The one with the greater number that checks
/// is valid.
const HEADER: usize = 32;
const VALUES: u64 = 64;

impl Memo {
    /// An empty one, in an empty file.
    ///
    /// # Errors
    /// When the system has no memory left.
    pub fn new(file: File) -> io::Result<Self> {
        file.set_len(VALUES)?;
        Ok(Self { file, last: (VALUES, 0, 0) })
    }

    /// One that an earlier mind wrote, and its value.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recalled(fd: OwnedFd) -> io::Result<(Self, Option<Vec<u8>>)> {
        let file = File::from(fd);
        let mut best: Option<((u64, u64, u64), Vec<u8>)> = None;
        for header in [0, HEADER as u64] {
            let mut fields = [0; HEADER];
            if file.read_exact_at(&mut fields, header).is_err() {
                continue;
            }
            let field =
                |i: usize| u64::from_le_bytes(fields[i * 8..i * 8 + 8].try_into().unwrap_or_default());
            let place = (field(1), field(2), field(0));
            if place.2 == 0 || place.0.saturating_add(place.1) > file.metadata()?.len() {
                continue;
            }
            let mut value = vec![0; usize::try_from(place.1).unwrap_or(0)];
            file.read_exact_at(&mut value, place.0)?;
            if checksum(&value) == field(3) && best.as_ref().is_none_or(|(best, _)| best.2 < place.2) {
                best = Some((place, value));
            }
        }
        let (last, value) = best.map_or(((VALUES, 0, 0), None), |(last, value)| (last, Some(value)));
        Ok((Self { file, last }, value))
    }

    /// Replaces the value. A kill at any moment leaves the old one or the new one.
    ///
    /// # Errors
    /// When the system has no memory left; the old value stays.
    pub fn write(&mut self, value: &[u8]) -> io::Result<()> {
        let (offset, length, number) = self.last;
        let size = value.len() as u64;
        // Before the last value if there is room, else behind it: the file does not grow beyond what three of
        // the largest value take.
        let at = if offset >= VALUES + size { VALUES } else { offset + length };
        self.file.write_all_at(value, at)?;
        let mut header = Vec::with_capacity(HEADER);
        for field in [number + 1, at, size, checksum(value)] {
            header.extend_from_slice(&u64::to_le_bytes(field));
        }
        self.file.write_all_at(&header, ((number + 1) % 2) * HEADER as u64)?;
        self.last = (at, size, number + 1);
        Ok(())
    }
}

impl AsFd for Memo {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// FNV-1a: it only has to tell a torn header from a whole one.
pub(crate) fn checksum(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |sum, &byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shelf::Shelf;

    #[test]
    fn the_last_value_is_found_again_whatever_was_written_before() {
        let mut memo = Memo::new(Shelf::Nameless.file("test").unwrap()).unwrap();
        for size in [0, 10, 5000, 3, 100, 20_000, 1] {
            let value = vec![u8::try_from(size % 251).unwrap(); size];
            memo.write(&value).unwrap();
            let copy = memo.as_fd().try_clone_to_owned().unwrap();
            assert_eq!(Memo::recalled(copy).unwrap().1, Some(value));
        }
        assert!(memo.file.metadata().unwrap().len() < 64_000);
    }

    #[test]
    fn a_torn_header_leaves_the_value_before() {
        let mut memo = Memo::new(Shelf::Nameless.file("test").unwrap()).unwrap();
        memo.write(b"first").unwrap();
        memo.write(b"second").unwrap();
        // The second value has number 2, so its header is the first of the two.
        memo.file.write_all_at(&[0xff; 8], 24).unwrap();
        let copy = memo.as_fd().try_clone_to_owned().unwrap();
        assert_eq!(Memo::recalled(copy).unwrap().1.as_deref(), Some(&b"first"[..]));
    }
}
