//! A log file under its name: opened, written, kept small, and what happens while it cannot be written.

use std::os::fd::{AsFd, BorrowedFd};

use minder_core::ids::{BytePath, ByteString};
use minder_core::program::{LogTarget, Rotation, WRITE_BYTES_MAX};
use minder_core::time::WallTime;
use rustix::io::Errno;

use super::channel::Told;
use super::periods::remove_superfluous;
use super::rotation::{Aside, Replace};
use super::taken::{Ready, Taken};
use super::target::{Begin, Spliced, Target, is_borrowed};
use super::transfer::{Waiting, waiting};
use super::trouble::{LogError, reason};
use super::{fresh, rotation};

/// A file that bytes are kept in; with [`LogTarget::Nowhere`] there is none, and it takes everything.
#[derive(Debug)]
pub(super) struct LogFile {
    name: Name,
    /// Where the name was chosen, or a file made, by us alone: others may not read it.
    mode: u32,
    follow: Follow,
    replace: Replace,
    open: Option<Target>,
    /// How many bytes were dropped since it could not be written. `None`: it can.
    lost: Option<u64>,
    /// Where the next attempt to replace it for its size is made after one failed: a file that cannot be moved is not
    /// tried again at each write.
    overdue: Option<u64>,
}

/// Whether its name is looked at before a round of moves or writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Follow {
    /// No: what is open stays open.
    No,
    /// Yes, and what has the name is opened.
    Yes,
    /// Yes, but the last time it could not be opened, which was told.
    InVain,
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

/// The most by which a move may carry a file over its limit: as much as the original reads at once.
const OVERSHOOT_MAX: usize = 128 << 10;
/// The most that is moved at once. The kernel writes much faster what comes in large pieces.
const MOVE_MAX: usize = 1 << 20;

impl LogFile {
    /// Opens nothing, and makes nothing.
    pub(super) fn new(log: &LogTarget, rotation: Rotation) -> Self {
        let (name, mode) = match log {
            LogTarget::Nowhere | LogTarget::Direct(_) => (Name::Nowhere, 0o666),
            LogTarget::File(path) | LogTarget::Followed(path) => (Name::Path(path.clone()), 0o666),
            LogTarget::Fresh { directory, prefix, suffix } => {
                let (directory, prefix, suffix) = (directory.clone(), prefix.clone(), suffix.clone());
                (Name::Fresh(Box::new(Template { directory, prefix, suffix })), 0o600)
            }
        };
        let follow = match log {
            LogTarget::Followed(_) => Follow::Yes,
            // Where we look before a write we also look who has the name: several streams that share a file are then
            // one, as they are where each write goes through one place.
            _ if rotation::looks_before_a_write(rotation) => Follow::Yes,
            LogTarget::Nowhere | LogTarget::Direct(_) | LogTarget::File(_) | LogTarget::Fresh { .. } => {
                Follow::No
            }
        };
        let replace = Replace::new(rotation);
        Self { name, mode, follow, replace, open: None, lost: None, overdue: None }
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
        match self.open_anew() {
            // It is told already that it cannot be written.
            Err(_) if self.lost.is_some() => Ok(()),
            Err(error) => {
                self.lost = Some(0);
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    /// Whether bytes are dropped because it cannot be written.
    pub(super) fn is_failing(&self) -> bool {
        self.lost.is_some()
    }

    /// How long the open file is, if it has an end.
    pub(super) fn size(&self) -> Option<u64> {
        self.open.as_ref().and_then(Target::size)
    }

    /// Opens what has the name now. What was open stays so when that fails.
    pub(super) fn open_anew(&mut self) -> Result<(), LogError> {
        let Name::Path(path) = &self.name else { return Ok(()) };
        let target = Target::open(path.as_bytes(), self.mode, Begin::AtEnd)
            .map_err(|errno| LogError::Open(path.clone(), reason(errno)))?;
        if let Replace::InPeriods(timetable) = &mut self.replace {
            let modified = target.modified().map_err(|errno| LogError::Open(path.clone(), reason(errno)))?;
            timetable.opened(target.identity(), modified);
        }
        self.open = Some(target);
        Ok(())
    }

    /// Opens what has the name now, where the name is to be followed and what is open has it no more. What was open
    /// stays so when that fails, and is written: bytes in a file that was moved are not lost.
    fn keep_to_name(&mut self, told: &mut Vec<Told>) {
        let (Some(target), Name::Path(path)) = (&self.open, &self.name) else { return };
        // Somebody may be waiting until a terminal or a pipe takes more, by its very descriptor.
        if target.size().is_none() || is_borrowed(path.as_bytes()) {
            return;
        }
        if target.is_at(path.as_bytes()) == Some(true) {
            self.follow = Follow::Yes;
            return;
        }
        match self.open_anew() {
            Ok(()) => self.follow = Follow::Yes,
            Err(error) if self.follow == Follow::Yes => {
                self.follow = Follow::InVain;
                told.push(Told::Trouble(error));
            }
            Err(_) => {}
        }
    }

    /// Makes a file that was removed anew: what is written into one without a name is lost when it is closed, and takes
    /// room on the disk that nobody finds. If that cannot be done there is no file, and why is given back.
    fn leave_removed(&mut self) -> Option<LogError> {
        let (Some(target), Name::Path(path)) = (&self.open, &self.name) else { return None };
        if is_borrowed(path.as_bytes()) || !target.is_removed() {
            return None;
        }
        let path = path.clone();
        self.close();
        let error = self.open_anew().err()?;
        Some(LogError::Gone(path, error.errno()))
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
        if let Some(error) = self.leave_removed() {
            self.fail(error, told);
            return Ready::Not;
        }
        if self.open.is_none()
            && let Err(error) = self.open_anew()
        {
            self.fail(error, told);
            return Ready::Not;
        }
        if self.follow != Follow::No {
            self.keep_to_name(told);
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
    pub(super) fn take(&mut self, pipe: BorrowedFd<'_>, now: WallTime, told: &mut Vec<Told>) -> Taken {
        let most = match self.make_room_for_pipe(pipe, now, told) {
            Ok(most) => most,
            Err(otherwise) => return otherwise,
        };
        let Some(target) = &mut self.open else { return Taken::Failed };
        match target.splice(pipe, most) {
            Ok(Spliced::Moved(0)) => Taken::Ended,
            Ok(Spliced::Moved(count)) => {
                self.recover(told);
                self.rotate_if_due(now, told);
                Taken::Some(count)
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

    /// Replaces the file if the next write in the pipe is not for it any more. Says how many bytes may then be moved at
    /// once, so that the files are what they would be if each write were moved alone.
    fn make_room_for_pipe(
        &mut self,
        pipe: BorrowedFd<'_>,
        now: WallTime,
        told: &mut Vec<Told>,
    ) -> Result<usize, Taken> {
        let looks = match &mut self.replace {
            Replace::Never | Replace::After { .. } => false,
            Replace::Before { .. } => true,
            Replace::InPeriods(timetable) => timetable.is_over(now),
        };
        if !looks || !self.is_replaceable() {
            return Ok(self.until_full());
        }
        let waiting = match waiting(pipe) {
            Waiting::Bytes(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Waiting::Empty => return Err(Taken::Empty),
            Waiting::Ended => return Err(Taken::Ended),
            Waiting::Unknown => return Err(Taken::Refused),
        };
        let next = waiting.min(WRITE_BYTES_MAX);
        self.make_room(next, now, told);
        let Replace::Before { limit, .. } = self.replace else { return Ok(MOVE_MAX) };
        let size = self.open.as_ref().and_then(Target::size).unwrap_or(0);
        let room = (self.overdue.unwrap_or(limit) - 1).saturating_sub(size);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let whole = if waiting <= room { waiting } else { room / WRITE_BYTES_MAX * WRITE_BYTES_MAX };
        // In a new file a write may be longer than there is room.
        Ok(whole.max(next).min(MOVE_MAX))
    }

    /// How much may be moved before the size is looked at.
    fn until_full(&self) -> usize {
        let Replace::After { limit, .. } = self.replace else { return MOVE_MAX };
        let size = self.open.as_ref().and_then(Target::size).unwrap_or(0);
        let room = self.overdue.unwrap_or(limit).saturating_sub(size);
        usize::try_from(room).unwrap_or(usize::MAX).clamp(OVERSHOOT_MAX, MOVE_MAX)
    }

    /// Replaces it if a write of so many bytes is not for it any more, but for the next.
    pub(super) fn make_room(&mut self, count: usize, now: WallTime, told: &mut Vec<Told>) {
        let is_due = match &mut self.replace {
            Replace::Never | Replace::After { .. } => false,
            Replace::Before { limit, .. } => {
                let size = self.open.as_ref().and_then(Target::size).unwrap_or(0);
                size.saturating_add(count as u64) >= self.overdue.unwrap_or(*limit)
            }
            Replace::InPeriods(timetable) => timetable.is_over(now),
        };
        if is_due && self.is_replaceable() {
            self.replace(now, told);
        }
    }

    /// Whether so many bytes are all for this file, however they are cut into writes.
    pub(super) fn has_room_for(&self, count: usize) -> bool {
        let limit = match self.replace {
            Replace::Never | Replace::InPeriods(_) => return true,
            Replace::After { limit, .. } | Replace::Before { limit, .. } => limit,
        };
        let size = self.open.as_ref().and_then(Target::size).unwrap_or(0);
        size.saturating_add(count as u64) < self.overdue.unwrap_or(limit)
    }

    /// Whether each write has to be looked at alone when bytes are not moved straight from the pipe.
    pub(super) fn counts_writes(&self) -> bool {
        matches!(self.replace, Replace::Before { .. })
    }

    /// Writes as much as fits, and says how much that is: all, unless it is a terminal or a pipe that is full. What
    /// cannot be written because of an error is dropped, and counts as written.
    pub(super) fn write(&mut self, bytes: &[u8], now: WallTime, told: &mut Vec<Told>) -> usize {
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
            self.rotate_if_due(now, told);
        }
        at
    }

    /// Where it is and how many bytes were dropped, while it cannot be written.
    pub(super) fn lost(&self) -> Option<(BytePath, u64)> {
        Some((self.path()?.clone(), self.lost?))
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

    /// Whether it is a file of ours that can be replaced.
    fn is_replaceable(&self) -> bool {
        let is_regular = self.open.as_ref().is_some_and(|target| target.size().is_some());
        is_regular && matches!(&self.name, Name::Path(path) if !is_borrowed(path.as_bytes()))
    }

    fn rotate_if_due(&mut self, now: WallTime, told: &mut Vec<Told>) {
        let Replace::After { limit, .. } = self.replace else { return };
        let size = self.open.as_ref().and_then(Target::size).unwrap_or(0);
        if size >= self.overdue.unwrap_or(limit) && self.is_replaceable() {
            self.replace(now, told);
        }
    }

    fn replace(&mut self, now: WallTime, told: &mut Vec<Told>) {
        let size = self.open.as_ref().and_then(Target::size).unwrap_or(0);
        let limit = match &mut self.replace {
            Replace::After { limit, .. } | Replace::Before { limit, .. } => *limit,
            Replace::Never | Replace::InPeriods(_) => 0,
        };
        match self.rotate(now, told) {
            Ok(()) => self.overdue = None,
            Err(error) => {
                if let Replace::InPeriods(timetable) = &mut self.replace {
                    timetable.skip(now);
                }
                if self.overdue.replace(size.saturating_add(limit)).is_none() {
                    told.push(Told::Trouble(error));
                }
            }
        }
    }

    fn rotate(&mut self, now: WallTime, told: &mut Vec<Told>) -> Result<(), LogError> {
        let (Name::Path(path), Some(target)) = (&self.name, &mut self.open) else { return Ok(()) };
        let failed = |errno| LogError::Rotate(path.clone(), reason(errno));
        let shift = |backups| {
            rotation::shift(path.as_bytes(), backups)
                .map_err(|(path, errno)| LogError::Rotate(path.into(), reason(errno)))
        };
        let begin = match (&mut self.replace, target.is_at(path.as_bytes())) {
            (Replace::Never, _) => return Ok(()),
            // Another stream that shares the file has replaced it, or somebody moved it: what is there now is new.
            (_, Some(false)) => return self.open_anew(),
            (Replace::After { backups: 0, .. }, Some(true)) => return target.truncate().map_err(failed),
            (Replace::After { backups: 0, .. }, None) => Begin::Anew,
            (Replace::After { backups, .. }, Some(true) | None) => {
                shift(*backups)?;
                Begin::Anew
            }
            (Replace::Before { backups, .. }, Some(true) | None) => {
                shift(*backups)?;
                Begin::AtEnd
            }
            (Replace::InPeriods(timetable), Some(true) | None) => {
                let suffix = timetable.suffix(now);
                if rotation::set_aside(path.as_bytes(), &suffix).map_err(failed)? == Aside::Taken {
                    timetable.skip(now);
                    return Ok(());
                }
                remove_superfluous(timetable, path, told);
                Begin::AtEnd
            }
        };
        let target = Target::open(path.as_bytes(), self.mode, begin).map_err(failed)?;
        if let Replace::InPeriods(timetable) = &mut self.replace {
            timetable.began(target.identity(), now);
        }
        self.open = Some(target);
        Ok(())
    }
}
