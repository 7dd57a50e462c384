//! Taking runs out of the queue, and what else a worker asks while it works.

use std::time::Duration;

use minder_core::agenda::{Agenda, Bound};
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use rusqlite::{OptionalExtension as _, Transaction};

use super::row::{self, COLUMNS};
use super::{Store, StoreError};
use crate::pressure::{self, Load};
use crate::run::{Run, RunId, SUSPECT_AFTER};

/// What came of asking for a run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Claimed {
    /// This one is to be done.
    Run(Box<Run>),
    /// None can be begun now; one that waits for its time can be after so long.
    None(Option<Duration>),
}

/// A run that works is to stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stop {
    /// Which one.
    pub id: RunId,
    /// Which attempt at it.
    pub attempt: u32,
    /// Why.
    pub reason: String,
}

/// A row that could be claimed, but for its time. A clock that was set back since it was put in says nothing about how long it
/// has waited: then it goes at once.
const RIPE: &str = "(not_before <= ?2 OR asked > ?2)";

impl Store {
    /// Claims the next run for a slot of a worker. It is then that worker's until it is finished or given back.
    ///
    /// # Errors
    /// When the database cannot be changed, as when the slot has a run already.
    pub fn claim(
        &self,
        agenda: &Agenda,
        worker: &WorkerName,
        slot: u32,
        now: WallTime,
    ) -> Result<Claimed, StoreError> {
        // Nobody is disturbed by a worker that looks and finds nothing.
        if !self.has_waiting(worker)? {
            return Ok(Claimed::None(None));
        }
        let claimed = self.change(|transaction| claim(transaction, agenda, worker, slot, now))?;
        let makes_others_wait = agenda.worker(worker).is_some_and(|spec| spec.bound == Bound::Wait);
        if makes_others_wait && matches!(claimed, Claimed::Run(_)) {
            self.ring()?;
        }
        Ok(claimed)
    }

    /// Claims a run that came from elsewhere, and notes what is to be said there when it has ended. `None`: it has ended here
    /// before, and nobody there heard of it.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn claim_this(
        &self,
        run: &Run,
        slot: u32,
        receipt: &str,
        now: WallTime,
    ) -> Result<Option<Run>, StoreError> {
        self.change(|transaction| {
            let ended: Option<bool> = transaction
                .query_row(
                    "SELECT state NOT IN ('waiting', 'claimed') FROM runs WHERE id = ?1 AND attempt = ?2",
                    (run.id.as_str(), run.attempt),
                    |row| row.get(0),
                )
                .optional()?;
            match ended {
                Some(true) => return Ok(None),
                Some(false) => {}
                None => row::insert(
                    transaction,
                    &row::New {
                        id: &run.id,
                        attempt: run.attempt,
                        task: &run.task,
                        worker: &run.worker,
                        due: run.due,
                        input: run.input.as_ref(),
                        after: run.after.as_ref(),
                        asked: run.asked,
                        not_before: run.not_before,
                        company: row::Company::Beside,
                    },
                )?,
            }
            let sql =
                "UPDATE runs SET state = 'claimed', slot = ?3, receipt = ?4, begin_at = ?5, deliveries = ?6,
                       stop = NULL WHERE id = ?1 AND attempt = ?2";
            let key = (run.id.as_str(), run.attempt, slot, receipt, now.0, run.deliveries);
            transaction.execute(sql, key)?;
            let sql = format!("SELECT {COLUMNS} FROM runs WHERE id = ?1 AND attempt = ?2");
            transaction.query_row(&sql, (run.id.as_str(), run.attempt), row::run).map(Some)
        })
    }

    /// Notes which process does a run.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn note_process(&self, run: &Run, pid: u32) -> Result<(), StoreError> {
        let sql = "UPDATE runs SET pid = ?3 WHERE id = ?1 AND attempt = ?2 AND state = 'claimed'";
        self.connection
            .execute(sql, (run.id.as_str(), run.attempt, pid))
            .map(drop)
            .map_err(|error| self.failed(error))
    }

    /// Which runs of a worker are to stop.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn stops(&self, worker: &WorkerName) -> Result<Vec<Stop>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT id, attempt, stop FROM runs
                       WHERE worker = ?1 AND state = 'claimed' AND stop IS NOT NULL";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([worker.as_str()], |row| {
                Ok(Stop {
                    id: RunId::known(row.get::<_, String>(0)?),
                    attempt: row.get(1)?,
                    reason: row.get(2)?,
                })
            })?;
            rows.collect()
        })
    }

    fn has_waiting(&self, worker: &WorkerName) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE worker = ?1 AND state = 'waiting')";
        let found = self.connection.query_row(sql, [worker.as_str()], |row| row.get(0));
        found.map_err(|error| self.failed(error))
    }
}

fn claim(
    transaction: &Transaction<'_>,
    agenda: &Agenda,
    worker: &WorkerName,
    slot: u32,
    now: WallTime,
) -> rusqlite::Result<Claimed> {
    let company = company(transaction, worker)?;
    if company == Company::Suspect {
        return Ok(Claimed::None(None));
    }
    let withheld = withheld(transaction, agenda, worker)?;
    let sql = format!(
        "SELECT seq, task, deliveries FROM runs WHERE worker = ?1 AND state = 'waiting' AND {RIPE}
         AND NOT (alone AND EXISTS (SELECT 1 FROM runs AS other WHERE other.task = runs.task AND other.state = 'claimed'))
         ORDER BY seq"
    );
    let mut statement = transaction.prepare(&sql)?;
    let mut rows = statement.query((worker.as_str(), now.0))?;
    while let Some(row) = rows.next()? {
        let (seq, task): (i64, String) = (row.get(0)?, row.get(1)?);
        if withheld.iter().any(|name| name.as_str() == task) {
            continue;
        }
        // It comes first, and waits until it would be alone; others that went before would have it wait for ever.
        if row.get::<_, u32>(2)? >= SUSPECT_AFTER && company == Company::Others {
            return Ok(Claimed::None(None));
        }
        let sql = "UPDATE runs SET state = 'claimed', slot = ?2, begin_at = ?3, deliveries = deliveries + 1, pid = NULL
                   WHERE seq = ?1";
        transaction.execute(sql, (seq, slot, now.0))?;
        let sql = format!("SELECT {COLUMNS} FROM runs WHERE seq = ?1");
        return transaction.query_row(&sql, [seq], row::run).map(|run| Claimed::Run(Box::new(run)));
    }
    let sql =
        format!("SELECT min(not_before) FROM runs WHERE worker = ?1 AND state = 'waiting' AND NOT {RIPE}");
    let next: Option<i64> = transaction.query_row(&sql, (worker.as_str(), now.0), |row| row.get(0))?;
    let wait = next.map(|next| Duration::from_micros(next.saturating_sub(now.0).unsigned_abs()));
    Ok(Claimed::None(wait))
}

/// What a worker does already.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Company {
    Nothing,
    Others,
    /// A run that may be what kills it.
    Suspect,
}

fn company(transaction: &Transaction<'_>, worker: &WorkerName) -> rusqlite::Result<Company> {
    let sql = "SELECT max(deliveries) FROM runs WHERE worker = ?1 AND state = 'claimed'";
    let most: Option<u32> = transaction.query_row(sql, [worker.as_str()], |row| row.get(0))?;
    Ok(match most {
        None => Company::Nothing,
        Some(most) if most > SUSPECT_AFTER => Company::Suspect,
        Some(_) => Company::Others,
    })
}

fn withheld<'a>(
    transaction: &Transaction<'_>,
    agenda: &'a Agenda,
    worker: &WorkerName,
) -> rusqlite::Result<Vec<&'a TaskName>> {
    if !pressure::concerns(agenda, worker) {
        return Ok(Vec::new());
    }
    let sql = "SELECT worker, task, state = 'claimed', count(*) FROM runs
               WHERE state IN ('waiting', 'claimed') GROUP BY 1, 2, 3";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query(())?;
    let mut load = Load::default();
    while let Some(row) = rows.next()? {
        let of = WorkerName::new(row.get::<_, String>(0)?);
        match row.get(2)? {
            true => load.add_working(of, row.get(3)?),
            false => load.add_waiting(of, TaskName::new(row.get::<_, String>(1)?), row.get(3)?),
        }
    }
    Ok(pressure::withheld(agenda, &load, worker))
}
