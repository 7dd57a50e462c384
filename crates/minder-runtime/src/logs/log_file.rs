//! A log file under its name: opened, written, kept small, and what happens while it cannot be written.

use std::os::fd::{AsFd, BorrowedFd};

use minder_core::ids::{BytePath, ByteString};
use minder_core::program::{LogTarget, Rotation};
use rustix::io::Errno;

use super::channel::Told;
use super::target::{Begin, Spliced, Target, is_borrowed};
use super::trouble::{LogError, reason};
use super::{fresh, rotation};

/// A file that bytes are kept in; with [`LogTarget::Nowhere`] there is none, and it takes everything.
#[derive(Debug)]
pub(super) struct LogFile {
    name: Name,
    /// Where the name was chosen, or a file made, by us alone: others may not read it.
    mode: u32,
    rotation: Rotation,
    open: Option<Target>,
    /// How many bytes were dropped since it could not be written. `None`: it can.
    lost: Option<u64>,
    /// Where the next attempt to replace it is made after one failed: a file that cannot be moved is not tried
    /// again at each write.
    overdue: Option<u64>,
}

#[derive(Debug)]
enum Name {
    Nowhere,
    Path(BytePath),
    /// Not chosen yet.
    Fresh(Box<Template>),
}

#[derive(Debug)]
struct Template {
    directory: BytePath,
    prefix: ByteString,
    suffix: ByteString,
}

/// How a call that takes bytes from a pipe into the file went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Taken {
    /// Some were moved.
    Some,
    /// They must be copied.
    Refused,
    /// There are none at the moment.
    Empty,
    /// There will be none any more.
    Ended,
    /// There are some, but the target is full.
    Held,
    /// There are some, but it cannot be written.
    Failed,
}

/// The most that is moved before the size is looked at: as much as the original reads at once.
const CHUNK_MAX: usize = 128 << 10;

impl LogFile {
    /// Opens nothing, and makes nothing.
    pub(super) fn new(log: &LogTarget, rotation: Rotation) -> Self {
        let (name, mode) = match log {
            LogTarget::Nowhere => (Name::Nowhere, 0o666),
            LogTarget::File(path) => (Name::Path(path.clone()), 0o666),
            LogTarget::Fresh { directory, prefix, suffix } => {
                let (directory, prefix, suffix) = (directory.clone(), prefix.clone(), suffix.clone());
                (Name::Fresh(Box::new(Template { directory, prefix, suffix })), 0o600)
            }
        };
        Self { name, mode, rotation, open: None, lost: None, overdue: None }
    }

    /// Gives a file with an automatic name its name: `remembered`, or a new one, which is made.
    pub(super) fn choose_path(&mut self, remembered: Option<BytePath>) -> Result<(), LogError> {
        if let Name::Fresh(template) = &self.name {
            let path = match remembered {
                Some(path) => path,
                None => fresh::make(&template.directory, &template.prefix, &template.suffix)?,
            };
            self.name = Name::Path(path);
        }
        Ok(())
    }

    pub(super) fn path(&self) -> Option<&BytePath> {
        match &self.name {
            Name::Path(path) => Some(path),
            Name::Nowhere | Name::Fresh(_) => None,
        }
    }

    /// What is open, to wait until it takes bytes again.
    pub(super) fn target(&self) -> Option<BorrowedFd<'_>> {
        self.open.as_ref().map(AsFd::as_fd)
    }

    /// Opens it, unless it is open and its name still leads to it.
    pub(super) fn open(&mut self) -> Result<(), LogError> {
        let Name::Path(path) = &self.name else { return Ok(()) };
        if self.open.as_ref().is_some_and(|target| target.is_at(path.as_bytes()) == Some(true)) {
            return Ok(());
        }
        self.open_anew()
    }

    /// Opens what has the name now. What was open stays so when that fails.
    pub(super) fn open_anew(&mut self) -> Result<(), LogError> {
        let Name::Path(path) = &self.name else { return Ok(()) };
        let target = Target::open(path.as_bytes(), self.mode, Begin::AtEnd)
            .map_err(|errno| LogError::Open(path.clone(), reason(errno)))?;
        self.open = Some(target);
        Ok(())
    }

    pub(super) fn close(&mut self) {
        self.open = None;
    }

    /// Opens what has the name now, if it is open. A terminal or a pipe that still has it stays open: somebody may
    /// be waiting for that very descriptor.
    pub(super) fn reopen(&mut self) -> Result<(), LogError> {
        match (&self.open, &self.name) {
            (None, _) | (Some(_), Name::Nowhere | Name::Fresh(_)) => Ok(()),
            (Some(target), Name::Path(path))
                if target.size().is_none() && target.is_at(path.as_bytes()) == Some(true) =>
            {
                Ok(())
            }
            (Some(_), Name::Path(_)) => self.open_anew(),
        }
    }

    /// Removes it and makes a new one. What is not a file of ours (a terminal, a pipe, a name of the system's) is
    /// left as it is, but for a regular file behind such a name, which is emptied.
    pub(super) fn clear(&mut self) -> Result<(), LogError> {
        let was_open = self.open.is_some();
        if !was_open {
            self.open_anew()?;
        }
        let cleared = self.clear_open();
        if !was_open {
            self.close();
        }
        cleared
    }

    fn clear_open(&mut self) -> Result<(), LogError> {
        let (Name::Path(path), Some(target)) = (&self.name, &mut self.open) else { return Ok(()) };
        let failed = |errno| LogError::Remove(path.clone(), reason(errno));
        if target.size().is_none() {
            return Ok(());
        }
        if is_borrowed(path.as_bytes()) {
            return target.truncate().map_err(failed);
        }
        match rustix::fs::unlink(path.as_bytes()) {
            Ok(()) | Err(Errno::NOENT) => self.open_anew(),
            Err(errno) => Err(failed(errno)),
        }
    }

    /// Makes ready for a round of moves or writes: opens it if need be, and goes to its end.
    pub(super) fn begin(&mut self, told: &mut Vec<Told>) -> Ready {
        if self.open.is_none()
            && let Err(error) = self.open_anew()
        {
            self.fail(error, told);
            return Ready::Not;
        }
        let Some(target) = &mut self.open else { return Ready::Nowhere };
        match target.seek_end() {
            Ok(()) => Ready::Yes,
            Err(errno) => {
                self.fail_to_write(errno, told);
                Ready::Not
            }
        }
    }

    /// Moves bytes from the pipe into it, as they are.
    pub(super) fn take(&mut self, pipe: BorrowedFd<'_>, told: &mut Vec<Told>) -> Taken {
        let Some(target) = &mut self.open else { return Taken::Failed };
        match target.splice(pipe, CHUNK_MAX) {
            Ok(Spliced::Moved(0)) => Taken::Ended,
            Ok(Spliced::Moved(_)) => {
                self.recover(told);
                self.rotate_if_due(told);
                Taken::Some
            }
            Ok(Spliced::Refused) => Taken::Refused,
            // Only a target without an end can be full for a while, and then the pipe is not empty.
            Err(Errno::AGAIN) if target.size().is_none() => match rustix::io::ioctl_fionread(pipe) {
                Ok(0) | Err(_) => Taken::Empty,
                Ok(_) => Taken::Held,
            },
            Err(Errno::AGAIN) => Taken::Empty,
            Err(errno) => {
                self.fail_to_write(errno, told);
                Taken::Failed
            }
        }
    }

    /// Writes as much as fits, and says how much that is: all, unless it is a terminal or a pipe that is full. What
    /// cannot be written because of an error is dropped, and counts as written.
    pub(super) fn write(&mut self, bytes: &[u8], told: &mut Vec<Told>) -> usize {
        let mut at = 0;
        while at < bytes.len() {
            let Some(target) = &mut self.open else {
                self.drop_bytes((bytes.len() - at) as u64);
                return bytes.len();
            };
            match target.write(&bytes[at..]) {
                Ok(written) => at += written,
                Err(Errno::AGAIN) => return at,
                Err(errno) => {
                    self.fail_to_write(errno, told);
                    self.drop_bytes((bytes.len() - at) as u64);
                    return bytes.len();
                }
            }
        }
        if !bytes.is_empty() {
            self.recover(told);
            self.rotate_if_due(told);
        }
        at
    }

    /// Counts bytes that were dropped while it cannot be written. They do not count when there is no file.
    pub(super) fn drop_bytes(&mut self, count: u64) {
        if let Some(lost) = &mut self.lost {
            *lost += count;
        }
    }

    /// Counts bytes that were dropped because a target without an end took no more.
    pub(super) fn overflow(&mut self, count: u64, told: &mut Vec<Told>) {
        if count > 0 {
            self.fail_to_write(Errno::AGAIN, told);
            self.drop_bytes(count);
        }
    }

    fn fail_to_write(&mut self, errno: Errno, told: &mut Vec<Told>) {
        if let Name::Path(path) = &self.name {
            let error = LogError::Write(path.clone(), reason(errno));
            self.fail(error, told);
        }
    }

    fn fail(&mut self, error: LogError, told: &mut Vec<Told>) {
        if self.lost.is_none() {
            self.lost = Some(0);
            told.push(Told::Trouble(error));
        }
    }

    fn recover(&mut self, told: &mut Vec<Told>) {
        if let Some(lost) = self.lost.take() {
            told.push(Told::Recovered { lost });
        }
    }

    /// The size from which on it is replaced.
    fn limit(&self) -> Option<u64> {
        self.rotation.max_bytes.filter(|max| *max > 0)
    }

    fn rotate_if_due(&mut self, told: &mut Vec<Told>) {
        let (Some(limit), Some(target), Name::Path(path)) = (self.limit(), &self.open, &self.name) else {
            return;
        };
        let Some(size) = target.size() else { return };
        if size < self.overdue.unwrap_or(limit) || is_borrowed(path.as_bytes()) {
            return;
        }
        match self.rotate() {
            Ok(()) => self.overdue = None,
            Err(error) => {
                if self.overdue.replace(size.saturating_add(limit)).is_none() {
                    told.push(Told::Trouble(error));
                }
            }
        }
    }

    fn rotate(&mut self) -> Result<(), LogError> {
        let (Name::Path(path), Some(target)) = (&self.name, &mut self.open) else { return Ok(()) };
        let failed = |errno| LogError::Rotate(path.clone(), reason(errno));
        match (target.is_at(path.as_bytes()), self.rotation.backups) {
            // Another stream that shares the file has replaced it, or somebody moved it: what is there now is new.
            (Some(false), _) => return self.open_anew(),
            (Some(true), 0) => return target.truncate().map_err(failed),
            (None, 0) => {}
            (Some(true) | None, backups) => rotation::shift(path.as_bytes(), backups)
                .map_err(|(path, errno)| LogError::Rotate(path.into(), reason(errno)))?,
        }
        self.open = Some(Target::open(path.as_bytes(), self.mode, Begin::Anew).map_err(failed)?);
        Ok(())
    }
}

/// Whether bytes can go into a [`LogFile`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ready {
    /// They can.
    Yes,
    /// There is no file, and they are dropped on purpose.
    Nowhere,
    /// They cannot, and are dropped and counted.
    Not,
}
