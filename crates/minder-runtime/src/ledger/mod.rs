//! What is known of each slot, kept where a later mind finds it: one record a slot in one memory file.
//!
//! A record is written whole by one `pwrite` inside one page, which a kill cannot cut in two: the kernel looks at
//! fatal signals between pages only.

mod codec;

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt, MetadataExt};

use minder_core::ids::{BytePath, InstanceId};
use minder_core::instance::Facts;
use rustix::fs::FallocateFlags;

use crate::birthmark::Birthmark;
use crate::mark::Mark;
use crate::owed::Owed;

/// A door for the fuzz targets.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use super::codec;

    /// A record read and written again; `None` if the bytes are none. They are given their checksum first, because
    /// nobody would ever guess it.
    #[must_use]
    pub fn rewritten(body: &[u8]) -> Option<Vec<u8>> {
        codec::decode(&codec::sealed(body.to_vec())).map(|record| codec::encode(&record))
    }

    /// A body with its header.
    #[must_use]
    pub fn sealed(body: &[u8]) -> Vec<u8> {
        codec::sealed(body.to_vec())
    }

    /// Whether bytes as they are hold a record.
    #[must_use]
    pub fn is_record(bytes: &[u8]) -> bool {
        codec::decode(bytes).is_some()
    }
}

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
    /// By what is known whatever descends from it.
    pub mark: Option<Mark>,
    /// The signal that goes to it next, while it is stopping.
    pub owed: Option<Owed>,
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

    /// Forgets a slot that is gone for good: a later mind may give its number to another, which is not to find its line. The
    /// memory goes back to the system by the page, once nothing is left in it.
    pub fn forget(&self, id: InstanceId) {
        // A line begins with a version, which is never zero. What cannot be forgotten only takes room.
        if self.file.write_all_at(&[0], place(id)).is_err() {
            return;
        }
        let page = self.file.metadata().map_or(0, |metadata| metadata.blksize()).max(SLOT as u64);
        let start = place(id) / page * page;
        let mut slots = (start..start + page).step_by(SLOT);
        if slots.all(|slot| self.is_empty_at(slot)) {
            let punch = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = rustix::fs::fallocate(&self.file, punch, start, page);
        }
    }

    /// Whether no line begins here. Behind the end there is none.
    fn is_empty_at(&self, slot: u64) -> bool {
        let mut first = [0];
        self.file.read_at(&mut first, slot).is_ok() && first == [0]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn record(child: u32) -> Record {
        Record {
            facts: Facts::FRESH,
            child,
            birthmark: None,
            mark: None,
            owed: None,
            stdout_log: None,
            stderr_log: None,
        }
    }

    #[test]
    fn who_is_gone_takes_no_memory_and_takes_nobody_along() {
        let ledger = Ledger::new(crate::shelf::Shelf::Nameless.file(NAME).unwrap());
        let stays = |id: u32| id % 100 == 7;
        for id in 0..1000 {
            ledger.write(InstanceId(id), &record(id + 1)).unwrap();
        }
        for id in (0..1000).filter(|&id| !stays(id)) {
            ledger.forget(InstanceId(id));
        }
        for id in 0..1000 {
            let expected = stays(id).then(|| record(id + 1));
            assert_eq!(ledger.read(InstanceId(id)), expected, "{id}");
        }
        let pages = |ledger: &Ledger| {
            let metadata = ledger.file.metadata().unwrap();
            metadata.blocks() * 512 / metadata.blksize()
        };
        assert!(pages(&ledger) <= 10);
        for id in (0..1000).filter(|&id| stays(id)) {
            ledger.forget(InstanceId(id));
        }
        assert_eq!(pages(&ledger), 0);
        ledger.write(InstanceId(7), &record(8)).unwrap();
        assert_eq!(ledger.read(InstanceId(7)), Some(record(8)));
    }
}
