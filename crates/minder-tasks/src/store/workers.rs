//! Who works here: each worker writes down what process it is, so that others can ask whether it lives.

use std::num::NonZeroU32;

use minder_core::ids::WorkerName;
use minder_core::time::WallTime;

use super::{Store, StoreError};
use crate::process_identity::ProcessIdentity;

/// What a worker does about new runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// It takes them.
    Working,
    /// It ends what it has begun, and then itself.
    Draining,
}

impl Mode {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Draining => "draining",
        }
    }
}

/// A worker as it was when it last began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerRow {
    /// Which worker.
    pub name: WorkerName,
    /// Its process.
    pub process: ProcessIdentity,
    /// The hash of the agenda that it follows.
    pub agenda: String,
    /// How many runs it does at a time.
    pub at_once: NonZeroU32,
    /// When it began.
    pub since: WallTime,
    /// What it does about new runs.
    pub mode: Mode,
}

impl Store {
    /// Enters a worker, in place of its predecessor.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn enter(&self, worker: &WorkerRow) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO workers (name, pid, birth, boot, agenda, at_once, since, mode)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let process = &worker.process;
        // Its numbers are far below 2⁶³: ticks since boot.
        let birth = i64::try_from(process.birth).unwrap_or(i64::MAX);
        let values = (
            worker.name.as_str(),
            process.pid,
            birth,
            &process.boot,
            &worker.agenda,
            worker.at_once.get(),
            worker.since.0,
            worker.mode.word(),
        );
        self.connection.execute(sql, values).map_err(|error| self.failed(error))?;
        self.ring()
    }

    /// All workers that have ever been here.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn workers(&self) -> Result<Vec<WorkerRow>, StoreError> {
        self.read(|connection| {
            let sql =
                "SELECT name, pid, birth, boot, agenda, at_once, since, mode FROM workers ORDER BY name";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map((), |row| {
                let mode: String = row.get(7)?;
                Ok(WorkerRow {
                    name: WorkerName::new(row.get::<_, String>(0)?),
                    process: ProcessIdentity {
                        pid: row.get(1)?,
                        birth: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                        boot: row.get(3)?,
                    },
                    agenda: row.get(4)?,
                    at_once: NonZeroU32::new(row.get(5)?).unwrap_or(NonZeroU32::MIN),
                    since: WallTime(row.get(6)?),
                    mode: if mode == Mode::Draining.word() { Mode::Draining } else { Mode::Working },
                })
            })?;
            rows.collect()
        })
    }

    /// The worker of this name, if one has ever been here.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn worker(&self, name: &WorkerName) -> Result<Option<WorkerRow>, StoreError> {
        Ok(self.workers()?.into_iter().find(|worker| worker.name == *name))
    }
}
