//! What happens when the disk is full.

use std::io;
use std::path::{Path, PathBuf};

use super::moving;
use crate::machine::Machine;
use crate::program::{GuardAction, RecorderProgram};
use crate::store::metadata::Sacrifice;
use crate::store::{MetadataStore, StoreError};

/// How many recordings are looked for at a time when room is made.
const LOT: u32 = 32;

/// Watches over the free space of where recordings are kept, and of where they are made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Guard {
    kept: PathBuf,
    made: PathBuf,
    free: u64,
    action: GuardAction,
    recording_bytes: u64,
}

/// Whether there is room.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Room {
    /// There is, after so many kept recordings were deleted.
    Enough {
        /// How many.
        sacrificed: u64,
    },
    /// There is not where recordings are made, or kept, and nothing can be done.
    None {
        /// Where.
        path: PathBuf,
        /// Bytes.
        free: u64,
        /// Bytes.
        needed: u64,
    },
}

/// Why nobody knows whether there is room.
#[derive(Debug)]
pub enum GuardError {
    /// The file system does not say.
    FileSystem(PathBuf, io::Error),
    /// The database does not say what could be given up.
    Store(StoreError),
}

impl std::fmt::Display for GuardError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FileSystem(path, error) => {
                write!(f, "cannot find out how much room there is at {}: {error}", path.display())
            }
            Self::Store(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for GuardError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::FileSystem(_, error) => Some(error),
            Self::Store(error) => Some(error),
        }
    }
}

impl Guard {
    /// That of a program.
    #[must_use]
    pub fn of(program: &RecorderProgram) -> Self {
        let (microphone, seconds) = (&program.microphone, u64::from(program.recording.duration));
        let frame = 2 * u64::from(microphone.audio_channels);
        Self {
            kept: program.paths.recordings.clone(),
            made: program.paths.tmp_audio.clone(),
            free: program.minder.disk_free,
            action: program.minder.disk_action,
            recording_bytes: frame * u64::from(microphone.samplerate) * seconds + HEADER_BYTES,
        }
    }

    /// Whether a recording may be made. Room is made where that is wanted; two recordings have to fit where they are made.
    ///
    /// # Errors
    /// When nobody knows.
    pub fn room_to_record(&self, machine: &dyn Machine, store: &MetadataStore) -> Result<Room, GuardError> {
        let needed = 2 * self.recording_bytes;
        let free = free(machine, &self.made)?;
        if free < needed {
            return Ok(Room::None { path: self.made.clone(), free, needed });
        }
        match self.action {
            GuardAction::Discard => Ok(Room::Enough { sacrificed: 0 }),
            GuardAction::Stop | GuardAction::DeleteOldest | GuardAction::DeleteLowestConfidence => {
                self.room_to_keep(machine, store)
            }
        }
    }

    /// Whether there is room now, without making any; where it can be made there is.
    ///
    /// # Errors
    /// When nobody knows.
    pub fn room_to_look(&self, machine: &dyn Machine) -> Result<Room, GuardError> {
        for (path, needed) in [(&self.made, 2 * self.recording_bytes), (&self.kept, self.free)] {
            let free = free(machine, path)?;
            let matters = *path == self.made || self.action == GuardAction::Stop;
            if matters && free < needed {
                return Ok(Room::None { path: path.clone(), free, needed });
            }
        }
        Ok(Room::Enough { sacrificed: 0 })
    }

    /// Whether a recording may be kept.
    ///
    /// # Errors
    /// When nobody knows.
    pub fn room_to_keep(&self, machine: &dyn Machine, store: &MetadataStore) -> Result<Room, GuardError> {
        let order = match self.action {
            GuardAction::Stop | GuardAction::Discard => None,
            GuardAction::DeleteOldest => Some(Sacrifice::Oldest),
            GuardAction::DeleteLowestConfidence => Some(Sacrifice::LeastSure),
        };
        let mut sacrificed = 0;
        loop {
            let free = free(machine, &self.kept)?;
            if free >= self.free {
                return Ok(Room::Enough { sacrificed });
            }
            let none = Room::None { path: self.kept.clone(), free, needed: self.free };
            let Some(order) = order else { return Ok(none) };
            let given_up = self.give_up(order, machine, store)?;
            if given_up == 0 {
                return Ok(none);
            }
            sacrificed += given_up;
        }
    }

    /// What is done when there is no room to keep a recording.
    #[must_use]
    pub fn action(&self) -> GuardAction {
        self.action
    }

    /// Deletes recordings until there is room, up to a lot of them, and says how many.
    fn give_up(
        &self,
        order: Sacrifice,
        machine: &dyn Machine,
        store: &MetadataStore,
    ) -> Result<u64, GuardError> {
        let mut given_up = 0;
        for (id, path) in store.recordings_in(&self.kept, order, LOT).map_err(GuardError::Store)? {
            moving::delete(&path).map_err(|error| GuardError::FileSystem(path.clone(), error))?;
            store.move_recording(id, None).map_err(GuardError::Store)?;
            given_up += 1;
            if free(machine, &self.kept)? >= self.free {
                break;
            }
        }
        Ok(given_up)
    }
}

/// What a file has besides samples, and what a file system rounds up.
const HEADER_BYTES: u64 = 8192;

fn free(machine: &dyn Machine, path: &Path) -> Result<u64, GuardError> {
    machine.free(path).map_err(|error| GuardError::FileSystem(path.to_owned(), error))
}
