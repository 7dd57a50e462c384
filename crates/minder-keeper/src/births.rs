//! A register in which every process enters itself before it becomes its program, for whoever finds keeper and mind killed
//! both.
//!
//! The mind notes a process when it hears of it. Between the clone and that note some hundred microseconds pass in which
//! nobody who is left would know of it. The register is a ring: an entry is needed for a moment only.
//!
//! ```text
//!   entry, 48 bytes: child u32 · pid u32 · inode of its pidfd u64 · inodes of its three pipes u64 ×3 · zero u64
//! ```

use std::io;
use std::os::fd::BorrowedFd;

use crate::wire::ChildId;

/// The name under which the register is held, if there is one.
pub const NAME: &[u8] = b"births";

/// How many entries the ring has: more than there can be processes of which the mind has not heard.
const ENTRIES: u32 = 1024;
/// Words of eight bytes in an entry.
pub(crate) const WORDS: usize = 6;

/// A process that has entered itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// Its pid.
    pub pid: u32,
    /// The inode of its pidfd.
    pub inode: u64,
    /// The inodes of the pipes of its standard input, output and error; zero: there is none of ours.
    pub pipes: [u64; 3],
}

/// Where a child's entry begins.
pub(crate) fn place(child: ChildId) -> u64 {
    u64::from(child.0 % ENTRIES) * (WORDS * 8) as u64
}

/// An entry without what only the process itself knows.
pub(crate) fn blank(child: ChildId, pipes: [u64; 3]) -> [u64; WORDS] {
    [u64::from(child.0), 0, pipes[0], pipes[1], pipes[2], 0]
}

/// Completes an entry. Plain arithmetic: it is done between clone and exec.
pub(crate) fn complete(entry: &mut [u64; WORDS], pid: u32, inode: u64) {
    entry[0] |= u64::from(pid) << 32;
    entry[1] = inode;
}

/// Looks a child up.
///
/// # Errors
/// When the register cannot be read.
pub fn find(register: BorrowedFd<'_>, child: ChildId) -> io::Result<Option<Birth>> {
    let mut bytes = [0; WORDS * 8];
    let length = rustix::io::retry_on_intr(|| rustix::io::pread(register, &mut bytes, place(child)))?;
    let word = |at: usize| {
        let bytes = bytes.get(at * 8..at * 8 + 8).and_then(|bytes| bytes.try_into().ok());
        u64::from_ne_bytes(bytes.unwrap_or_default())
    };
    let (named, pid) = (word(0) & u64::from(u32::MAX), u32::try_from(word(0) >> 32).unwrap_or(0));
    let found = length == bytes.len() && named == u64::from(child.0) && pid != 0;
    Ok(found.then(|| Birth { pid, inode: word(1), pipes: [word(2), word(3), word(4)] }))
}
