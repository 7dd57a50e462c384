//! The embedded queue: what waits, works and has ended, in one SQLite file that a power cut leaves readable.
//!
//! ```text
//!  beat, task run ─offer─▶ waiting ─claim─▶ claimed ─finish─▶ done, failed, timed-out, cancelled
//!                    │        ▲  │             │  │
//!            skipped ◀        │  ▼             │  └─▶ followers, the next attempt: waiting, in the same transaction
//!                             │  dropped,      ▼
//!                             │  cancelled     give back: the worker has died, or was told to hurry
//!                             └────────────────┘
//! ```
//!
//! Every change is one transaction that has the database alone from its first statement on, so that what it decides on is what
//! it changes; who waits is then woken by the bell. All times are handed in.

mod claim;
mod finish;
mod history;
mod offer;
mod row;
mod schema;
mod settle;
mod workers;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fmt, io};

use minder_core::ids::TaskName;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::bell;
use crate::state_dir::StateDir;

pub use claim::{Claimed, Stop};
pub use finish::{Follow, Orphan};
pub use history::{Backlog, Cancelled, Filter, Scope};
pub use workers::{Mode, Standing, WorkerRow};

/// How long a process waits for another one that has the database.
const PATIENCE: Duration = Duration::from_secs(20);

/// The queue of one state directory. Several processes may have it open.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
    bell: PathBuf,
}

/// Why the queue could not be asked or changed.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite refused.
    Sqlite(PathBuf, rusqlite::Error),
    /// The system refused.
    Io(PathBuf, io::Error),
    /// The database was made by a later minder.
    Newer {
        /// Where it is.
        path: PathBuf,
        /// Its version.
        found: i64,
    },
    /// The agenda has no such task.
    NoSuchTask(TaskName),
}

impl StoreError {
    /// Whether the same may be possible later: the disk is full or did not answer, or somebody else had the database too long.
    pub(crate) fn may_pass(&self) -> bool {
        use rusqlite::ErrorCode::{DatabaseBusy, DiskFull, SystemIoFailure};
        let Self::Sqlite(_, error) = self else { return false };
        let code = error.sqlite_error_code();
        code.is_some_and(|code| matches!(code, DiskFull | SystemIoFailure | DatabaseBusy))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Newer { path, found } => write!(
                f,
                "{}: this queue has schema version {found}, expected {} or less: it was made by a later minder; run that one",
                path.display(),
                schema::VERSION
            ),
            Self::NoSuchTask(task) => write!(f, "no task `{task}`"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Sqlite(_, error) => Some(error),
            Self::Io(_, error) => Some(error),
            Self::Newer { .. } | Self::NoSuchTask(_) => None,
        }
    }
}

impl Store {
    /// Opens the queue of a state directory, and makes both if they are missing. The database of an older minder becomes one of
    /// this one.
    ///
    /// # Errors
    /// [`StoreError::Newer`] for the database of a later minder, which is left as it is; else what the system says.
    pub fn open(state: &StateDir) -> Result<Self, StoreError> {
        state.make().map_err(|error| StoreError::Io(state.path().to_owned(), error))?;
        Self::at(&state.database(), state.bell())
    }

    fn at(path: &Path, bell: PathBuf) -> Result<Self, StoreError> {
        let failed = |error| StoreError::Sqlite(path.to_owned(), error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        // Only then is nothing that was recorded lost by a power cut.
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        write_ahead(&connection).map_err(failed)?;
        schema::migrate(&connection, path)?;
        Ok(Self { connection, path: path.to_owned(), bell })
    }

    /// Does something in one transaction. Nothing of it happens when it fails.
    fn change<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let run = || {
            let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        run().map_err(|error| self.failed(error))
    }

    /// Reads, and changes nothing.
    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.connection).map_err(|error| self.failed(error))
    }

    fn failed(&self, error: rusqlite::Error) -> StoreError {
        StoreError::Sqlite(self.path.clone(), error)
    }

    /// Wakes all who wait for a change.
    ///
    /// # Errors
    /// When the bell cannot be touched.
    pub fn ring(&self) -> Result<(), StoreError> {
        bell::ring(&self.bell).map_err(|error| StoreError::Io(self.bell.clone(), error))
    }
}

/// Has the database keep a log of what is written before it is. Where several processes make the same database at once, SQLite
/// says at once that it is busy, whatever its patience, because two that wait for each other here would wait for ever.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let begin = Instant::now();
    loop {
        let set =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match set {
            Err(error) if is_busy(&error) && begin.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(10));
            }
            set => return set.map(drop),
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

#[cfg(test)]
mod tests;
