//! Asking what is in the queue, and taking it out by hand.

use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use rusqlite::OptionalExtension as _;
use rusqlite::types::Value;

use super::row::{self, COLUMNS};
use super::{Store, StoreError};
use crate::run::{Run, RunId, RunState};

/// Which runs are asked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// Of this task. `None`: of all.
    pub task: Option<TaskName>,
    /// In these states. Empty: in all.
    pub states: Vec<RunState>,
    /// No more than this many, the last ones. `None`: all.
    pub limit: Option<u32>,
}

/// How many wait for a worker, and how many it does.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Backlog {
    /// Which worker.
    pub worker: WorkerName,
    /// Which task.
    pub task: TaskName,
    /// So many wait.
    pub waiting: u32,
    /// So many are done now.
    pub claimed: u32,
}

/// What came of cancelling.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cancelled {
    /// It waited, or nobody was there to stop it: now it is cancelled.
    Now,
    /// It works, and its worker was told.
    Told,
    /// It had ended.
    Ended(RunState),
    /// There is none.
    Unknown,
}

/// What is purged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// What waits: it becomes cancelled.
    Waiting,
    /// What has ended: it is forgotten.
    Ended,
}

impl Store {
    /// The runs that are asked for: those that have not ended, then the others; of both the last ones first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn runs(&self, filter: &Filter) -> Result<Vec<Run>, StoreError> {
        let mut sql = format!("SELECT {COLUMNS} FROM runs WHERE (?1 IS NULL OR task = ?1)");
        if !filter.states.is_empty() {
            let words: Vec<String> =
                filter.states.iter().map(|state| format!("'{}'", state.word())).collect();
            sql.push_str(&format!(" AND state IN ({})", words.join(", ")));
        }
        sql.push_str(" ORDER BY ended IS NULL DESC, ended DESC, seq DESC LIMIT ?2");
        let limit = filter.limit.map_or(-1, i64::from);
        self.read(|connection| {
            let mut statement = connection.prepare(&sql)?;
            let task = filter.task.as_ref().map(TaskName::as_str);
            let rows = statement.query_map((task, limit), row::run)?;
            rows.collect()
        })
    }

    /// The last attempt at a run.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn run(&self, id: &RunId) -> Result<Option<Run>, StoreError> {
        let sql = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1 ORDER BY attempt DESC LIMIT 1");
        let found = self.connection.query_row(&sql, [id.as_str()], row::run).optional();
        found.map_err(|error| self.failed(error))
    }

    /// The ids that end so, as people write them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn ids_ending(&self, end: &str) -> Result<Vec<RunId>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT DISTINCT id FROM runs WHERE substr(id, -length(?1)) = ?1";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([end], |row| Ok(RunId::known(row.get::<_, String>(0)?)))?;
            rows.collect()
        })
    }

    /// What waits and works, by worker and task.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn backlog(&self) -> Result<Vec<Backlog>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT worker, task, sum(state = 'waiting'), sum(state = 'claimed') FROM runs
                       WHERE state IN ('waiting', 'claimed') GROUP BY worker, task ORDER BY worker, task";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map((), |row| {
                Ok(Backlog {
                    worker: WorkerName::new(row.get::<_, String>(0)?),
                    task: TaskName::new(row.get::<_, String>(1)?),
                    waiting: row.get(2)?,
                    claimed: row.get(3)?,
                })
            })?;
            rows.collect()
        })
    }

    /// Takes a run out of the queue, or has it stopped.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn cancel(&self, id: &RunId, reason: &str, now: WallTime) -> Result<Cancelled, StoreError> {
        let alive: Vec<WorkerName> = self
            .workers()?
            .into_iter()
            .filter(|worker| worker.process.is_alive())
            .map(|worker| worker.name)
            .collect();
        let cancelled = self.change(|transaction| {
            let sql = "SELECT seq, state, worker FROM runs WHERE id = ?1 ORDER BY attempt DESC LIMIT 1";
            let found: Option<(i64, String, String)> = transaction
                .query_row(sql, [id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let Some((seq, state, worker)) = found else { return Ok(Cancelled::Unknown) };
            match RunState::of_word(&state) {
                Some(RunState::Claimed) if alive.iter().any(|name| name.as_str() == worker) => {
                    transaction.execute("UPDATE runs SET stop = ?2 WHERE seq = ?1", (seq, reason))?;
                    Ok(Cancelled::Told)
                }
                Some(RunState::Claimed | RunState::Waiting) | None => {
                    row::end(transaction, seq, RunState::Cancelled, reason, now)?;
                    Ok(Cancelled::Now)
                }
                Some(ended) => Ok(Cancelled::Ended(ended)),
            }
        })?;
        self.ring()?;
        Ok(cancelled)
    }

    /// Takes many out at once, of one task or of all. Gives how many.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn purge(&self, task: Option<&TaskName>, scope: Scope, now: WallTime) -> Result<usize, StoreError> {
        let task = task.map_or(Value::Null, |task| Value::Text(task.to_string()));
        let purged = self.change(|transaction| match scope {
            Scope::Waiting => {
                let sql = format!(
                    "UPDATE runs SET state = 'cancelled', reason = 'purged', end_at = ?2, ended = {}
                     WHERE state = 'waiting' AND (?1 IS NULL OR task = ?1)",
                    row::NEXT_END
                );
                transaction.execute(&sql, (&task, now.0))
            }
            Scope::Ended => {
                let sql = "DELETE FROM runs WHERE state NOT IN ('waiting', 'claimed') AND (?1 IS NULL OR task = ?1)";
                transaction.execute(sql, [&task])
            }
        })?;
        self.ring()?;
        Ok(purged)
    }
}
