//! When a log file is replaced, and what becomes of the old ones: of those with numbers `.1` is the newest.

use minder_core::program::Rotation;
use rustix::fs;
use rustix::io::Errno;

use super::periods::Timetable;

/// When a file is replaced by a new one.
#[derive(Debug)]
pub(super) enum Replace {
    Never,
    /// From this size on, looked at after each write.
    After {
        limit: u64,
        backups: u32,
    },
    /// Before the write that brings it to this size. Neither number is zero.
    Before {
        limit: u64,
        backups: u32,
    },
    InPeriods(Box<Timetable>),
}

impl Replace {
    pub(super) fn new(rotation: Rotation) -> Self {
        match rotation {
            Rotation::Never
            | Rotation::AfterWrite { max_bytes: None | Some(0), .. }
            | Rotation::BeforeWrite { backups: 0, .. } => Self::Never,
            Rotation::AfterWrite { max_bytes: Some(limit), backups } => Self::After { limit, backups },
            Rotation::BeforeWrite { max_bytes, backups } => Self::Before { limit: max_bytes.get(), backups },
            Rotation::Periods(periods) => Self::InPeriods(Box::new(Timetable::new(periods))),
        }
    }
}

/// Whether the file is looked at before each write, even where nothing ever comes of it.
pub(super) fn looks_before_a_write(rotation: Rotation) -> bool {
    match rotation {
        Rotation::Never | Rotation::AfterWrite { .. } => false,
        Rotation::BeforeWrite { .. } | Rotation::Periods(_) => true,
    }
}

/// Gives every old file the next higher number, so that the last is gone, and the file itself number 1. What is
/// missing is passed over: somebody else may clean up.
///
/// The last one is removed first if another comes in its place, so that no rename replaces a file: file systems write a
/// file out at once when it takes another's place by a rename, and the mind would wait for the disk. A power cut in
/// between loses only what was due to go.
///
/// # Errors
/// With the path that could not be moved, for example because a directory has the name that is wanted. What was
/// moved before stays so.
pub(super) fn shift(path: &[u8], backups: u32) -> Result<(), (Vec<u8>, Errno)> {
    if backups == 1 || backups > 1 && fs::access(&numbered(path, backups - 1)[..], fs::Access::EXISTS).is_ok()
    {
        // What cannot be removed the rename below will tell of.
        let _ = fs::unlink(&numbered(path, backups)[..]);
    }
    for number in (1..backups).rev() {
        move_over(&numbered(path, number), &numbered(path, number + 1))?;
    }
    if backups > 0 {
        move_over(path, &numbered(path, 1))?;
    }
    Ok(())
}

/// Whether an old file could have this suffix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Aside {
    /// The file has it now, or is missing.
    Moved,
    /// Another has it, and nothing was done.
    Taken,
}

/// Gives the file itself this suffix, unless something has that name.
///
/// # Errors
/// When it cannot be moved.
pub(super) fn set_aside(path: &[u8], suffix: &[u8]) -> Result<Aside, Errno> {
    let aside = [path, b".", suffix].concat();
    if fs::lstat(&aside[..]).is_ok() {
        return Ok(Aside::Taken);
    }
    move_over(path, &aside).map(|()| Aside::Moved).map_err(|(_, errno)| errno)
}

fn move_over(from: &[u8], to: &[u8]) -> Result<(), (Vec<u8>, Errno)> {
    match fs::rename(from, to) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        // A directory comes where a file is: the file is due to go in any case.
        Err(Errno::NOTDIR) => {
            fs::unlink(to).and_then(|()| fs::rename(from, to)).map_err(|errno| (from.to_vec(), errno))
        }
        Err(errno) => Err((from.to_vec(), errno)),
    }
}

fn numbered(path: &[u8], number: u32) -> Vec<u8> {
    let mut name = path.to_vec();
    name.extend_from_slice(format!(".{number}").as_bytes());
    name
}
