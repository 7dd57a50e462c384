//! Descriptors that outlive the mind, by name: listening sockets, the configuration's snapshot, memos.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// All held descriptors. Their number is bounded by the keeper's limit of open files.
#[derive(Debug, Default)]
pub(crate) struct Held(BTreeMap<Vec<u8>, OwnedFd>);

impl Held {
    /// Holds this one, in place of one of that name.
    pub(crate) fn hold(&mut self, name: Vec<u8>, fd: OwnedFd) {
        self.0.insert(name, fd);
    }

    /// Closes the one of that name.
    pub(crate) fn release(&mut self, name: &[u8]) {
        self.0.remove(name);
    }

    /// The one of that name.
    pub(crate) fn get(&self, name: &[u8]) -> Option<BorrowedFd<'_>> {
        self.0.get(name).map(AsFd::as_fd)
    }

    /// Gives all away.
    pub(crate) fn bequeath(&mut self) -> Vec<(Vec<u8>, OwnedFd)> {
        std::mem::take(&mut self.0).into_iter().collect()
    }

    /// All names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Vec<u8>> {
        self.0.keys()
    }
}
