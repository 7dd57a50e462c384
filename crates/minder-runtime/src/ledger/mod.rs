//! What is known of each slot, kept where a later mind finds it: one record a slot in one memory file.
//!
//! A record is written whole by one `pwrite` inside one page, which a kill cannot cut in two: the kernel looks at
//! fatal signals between pages only.

mod codec;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;

use minder_core::ids::{BytePath, InstanceId};
use minder_core::instance::Facts;

use crate::birthmark::Birthmark;

/// The room of one slot, in bytes: half a page, so that none crosses a page's border.
const SLOT: usize = 2048;

/// The name under which the keeper holds it.
pub const NAME: &str = "ledger";

/// One slot's line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// What the supervision knows.
    pub facts: Facts,
    /// The keeper's name of the last process that was ordered. Zero: none was.
    pub child: u32,
    /// By what that process is known again, once it is there.
    pub birthmark: Option<Birthmark>,
    /// The file of standard output, if minder chose its name.
    pub stdout_log: Option<BytePath>,
    /// The file of standard error, if minder chose its name.
    pub stderr_log: Option<BytePath>,
}

/// All slots' lines.
#[derive(Debug)]
pub struct Ledger {
    file: File,
}

impl Ledger {
    /// An empty one, in this file.
    pub fn new(file: File) -> Self {
        Self { file }
    }

    /// One that an earlier mind wrote.
    pub fn recalled(fd: OwnedFd) -> Self {
        Self { file: File::from(fd) }
    }

    /// Keeps a slot's line. Paths that do not fit are left out: their logs get new names after a kill.
    ///
    /// # Errors
    /// When the system has no memory left; the old line stays.
    pub fn write(&self, id: InstanceId, record: &Record) -> io::Result<()> {
        let mut bytes = codec::encode(record);
        if bytes.len() > SLOT {
            let bare = Record { stdout_log: None, stderr_log: None, ..record.clone() };
            bytes = codec::encode(&bare);
            bytes.truncate(SLOT);
        }
        self.file.write_all_at(&bytes, place(id))
    }

    /// A slot's line, or `None` if there is none that can be read.
    pub fn read(&self, id: InstanceId) -> Option<Record> {
        let mut bytes = vec![0; SLOT];
        let mut length = 0;
        while let Some(room) = bytes.get_mut(length..).filter(|room| !room.is_empty()) {
            match self.file.read_at(room, place(id) + length as u64) {
                Ok(0) | Err(_) => break,
                Ok(n) => length += n,
            }
        }
        codec::decode(&bytes)
    }
}

impl AsFd for Ledger {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn place(id: InstanceId) -> u64 {
    u64::from(id.0) * SLOT as u64
}
