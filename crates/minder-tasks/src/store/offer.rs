//! Putting runs into the queue: what happens when an earlier one waits or works, and when the backlog is full.

use std::collections::BTreeMap;

use minder_core::agenda::{Agenda, Bound, Overlap, TaskSpec, WorkerSpec};
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use rusqlite::Transaction;

use super::row::{self, Company, New};
use super::{Store, StoreError, finish, settle};
use crate::planner::Mark;
use crate::run::{Ask, Offered, Record, RunId, RunState};

impl Store {
    /// Offers runs in this order, and remembers how far the beat has come, in one transaction. A task of which one is
    /// [`Offered::Full`] has not come so far.
    ///
    /// # Errors
    /// When the agenda has no such task, or the database cannot be changed; then nothing was.
    pub fn offer(
        &self,
        agenda: &Agenda,
        asks: &[Ask],
        marks: &[(TaskName, Mark)],
        now: WallTime,
    ) -> Result<Vec<Offered>, StoreError> {
        let specs: Vec<_> = asks.iter().map(|ask| specs(agenda, &ask.task)).collect::<Result<_, _>>()?;
        let offered = self.change(|transaction| {
            let mut offered = Vec::new();
            for (ask, (_, worker)) in asks.iter().zip(&specs) {
                offered.push(one(transaction, ask, worker, now)?);
                finish::forget_old(transaction, &ask.task, agenda.settings().history)?;
            }
            let waits = |task: &TaskName| {
                asks.iter().zip(&offered).any(|(ask, offered)| ask.task == *task && *offered == Offered::Full)
            };
            let come_to: Vec<_> = marks.iter().filter(|(task, _)| !waits(task)).cloned().collect();
            remember(transaction, &come_to)?;
            Ok(offered)
        })?;
        if offered.iter().any(|offered| *offered != Offered::Full) {
            self.ring()?;
        }
        Ok(offered)
    }

    /// How far the beat had come with each task.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn marks(&self) -> Result<BTreeMap<TaskName, Mark>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare("SELECT task, due, before_set_back, times FROM marks")?;
            let rows = statement.query_map((), |row| {
                let mark = Mark {
                    due: WallTime(row.get(1)?),
                    before_set_back: row.get::<_, Option<i64>>(2)?.map(WallTime),
                    times: row.get(3)?,
                };
                Ok((TaskName::new(row.get::<_, String>(0)?), mark))
            })?;
            rows.collect()
        })
    }

    /// Remembers how far the beat has come, and nothing else.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn remember(&self, marks: &[(TaskName, Mark)]) -> Result<(), StoreError> {
        self.change(|transaction| remember(transaction, marks))
    }

    /// Notes a run that was left out before it came into any queue.
    ///
    /// # Errors
    /// When the agenda has no such task, or the database cannot be changed.
    pub fn note_skipped(
        &self,
        agenda: &Agenda,
        ask: &Ask,
        reason: &str,
        now: WallTime,
    ) -> Result<RunId, StoreError> {
        let id = id_of(ask, now);
        let (_, worker) = specs(agenda, &ask.task)?;
        self.change(|transaction| {
            let seq = insert(transaction, &id, ask, &worker.name, now)?;
            row::end(transaction, seq, RunState::Skipped, reason, now)?;
            finish::forget_old(transaction, &ask.task, agenda.settings().history)
        })?;
        Ok(id)
    }
}

/// The task, and who does it.
pub(super) fn specs<'a>(
    agenda: &'a Agenda,
    task: &TaskName,
) -> Result<(&'a TaskSpec, &'a WorkerSpec), StoreError> {
    let task_spec = agenda.task(task).ok_or_else(|| StoreError::NoSuchTask(task.clone()))?;
    let worker = agenda.worker(&task_spec.worker).ok_or_else(|| StoreError::NoSuchTask(task.clone()))?;
    Ok((task_spec, worker))
}

fn id_of(ask: &Ask, now: WallTime) -> RunId {
    ask.id.clone().unwrap_or_else(|| RunId::new(now))
}

fn remember(transaction: &Transaction<'_>, marks: &[(TaskName, Mark)]) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO marks (task, due, before_set_back, times) VALUES (?1, ?2, ?3, ?4)";
    for (task, mark) in marks {
        let before = mark.before_set_back.map(|time| time.0);
        transaction.execute(sql, (task.as_str(), mark.due.0, before, mark.times))?;
    }
    Ok(())
}

fn one(
    transaction: &Transaction<'_>,
    ask: &Ask,
    worker: &WorkerSpec,
    now: WallTime,
) -> rusqlite::Result<Offered> {
    // An earlier run that waits where nobody does this task any more would be in the way for ever.
    settle::bring(transaction, &ask.task, &worker.name)?;
    let earlier = match ask.overlap {
        Overlap::Skip => open_runs(transaction, &ask.task, 1)?,
        Overlap::Queue => Vec::new(),
        Overlap::Replace => open_runs(transaction, &ask.task, -1)?,
    };
    let id = id_of(ask, now);
    if let (Overlap::Skip, Some(first)) = (ask.overlap, earlier.first()) {
        let reason = match first.state {
            RunState::Claimed => format!("run {} of it works", first.id),
            _ => format!("run {} of it waits", first.id),
        };
        let seq = insert(transaction, &id, ask, &worker.name, now)?;
        row::end(transaction, seq, RunState::Skipped, &reason, now)?;
        return Ok(Offered::Skipped(id, reason));
    }
    let replaced = if ask.overlap == Overlap::Replace { earlier.as_slice() } else { &[] };
    let leaving = replaced.iter().filter(|run| run.state == RunState::Waiting).count();
    let leaving = u32::try_from(leaving).unwrap_or(u32::MAX);
    let room = match room(transaction, worker, leaving)? {
        Room::Full => return Ok(Offered::Full),
        room => room,
    };
    let seq = insert(transaction, &id, ask, &worker.name, now)?;
    if let Room::Refused(reason) = room {
        row::end(transaction, seq, RunState::Skipped, &reason, now)?;
        return Ok(Offered::Skipped(id, reason));
    }
    for run in replaced {
        replace(transaction, run, &id, now)?;
    }
    if let Room::Instead(oldest) = room {
        drop_oldest(transaction, oldest, worker, now)?;
    }
    Ok(Offered::Waits(id))
}

/// Offers a run to a task that follows one that has ended. It has an input of its own, so earlier runs are no reason to leave it
/// out; and who offers cannot wait, so where it should it goes beyond the bound: [`crate::pressure`] sees to it that this is rare.
pub(super) fn follower(
    transaction: &Transaction<'_>,
    (task, worker): (&TaskSpec, &WorkerSpec),
    input: &Record,
    after: &RunId,
    now: WallTime,
) -> rusqlite::Result<Offered> {
    let id = RunId::new(now);
    settle::bring(transaction, &task.name, &worker.name)?;
    let room = room(transaction, worker, 0)?;
    row::insert(
        transaction,
        &New {
            id: &id,
            attempt: 1,
            task: &task.name,
            worker: &worker.name,
            due: now,
            input: Some(input),
            after: Some(after),
            asked: now,
            not_before: now,
            company: Company::Beside,
        },
    )?;
    let seq = transaction.last_insert_rowid();
    match room {
        Room::Free | Room::Full => {}
        Room::Instead(oldest) => drop_oldest(transaction, oldest, worker, now)?,
        Room::Refused(reason) => {
            row::end(transaction, seq, RunState::Skipped, &reason, now)?;
            return Ok(Offered::Skipped(id, reason));
        }
    }
    Ok(Offered::Waits(id))
}

/// A run that has not ended.
struct Open {
    seq: i64,
    id: String,
    state: RunState,
}

/// The first of them; with -1 all.
fn open_runs(transaction: &Transaction<'_>, task: &TaskName, limit: i64) -> rusqlite::Result<Vec<Open>> {
    let sql = "SELECT seq, id, state FROM runs WHERE task = ?1 AND state IN ('waiting', 'claimed')
               ORDER BY seq LIMIT ?2";
    let mut statement = transaction.prepare(sql)?;
    let rows = statement.query_map((task.as_str(), limit), |row| {
        let state = row.get::<_, String>(2)?;
        let state = RunState::of_word(&state).unwrap_or(RunState::Waiting);
        Ok(Open { seq: row.get(0)?, id: row.get(1)?, state })
    })?;
    rows.collect()
}

/// Whether there is room for one more.
enum Room {
    Free,
    /// In the place of this one.
    Instead(i64),
    Refused(String),
    Full,
}

fn room(transaction: &Transaction<'_>, worker: &WorkerSpec, leaving: u32) -> rusqlite::Result<Room> {
    let sql = "SELECT count(*), min(seq) FROM runs WHERE worker = ?1 AND state = 'waiting'";
    let (waiting, oldest): (u32, Option<i64>) =
        transaction.query_row(sql, [worker.name.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if waiting.saturating_sub(leaving) < worker.backlog {
        return Ok(Room::Free);
    }
    Ok(match (worker.bound, oldest) {
        (Bound::Refuse, _) => {
            Room::Refused(format!("the backlog of worker {} is full: {waiting} wait", worker.name))
        }
        (Bound::DropOldest, Some(oldest)) => Room::Instead(oldest),
        (Bound::DropOldest, None) => Room::Free,
        (Bound::Wait, _) => Room::Full,
    })
}

fn insert(
    transaction: &Transaction<'_>,
    id: &RunId,
    ask: &Ask,
    worker: &WorkerName,
    now: WallTime,
) -> rusqlite::Result<i64> {
    let new = New {
        id,
        attempt: 1,
        task: &ask.task,
        worker,
        due: ask.due,
        input: ask.input.as_ref(),
        after: None,
        asked: now,
        not_before: ask.not_before,
        company: Company::Alone,
    };
    row::insert(transaction, &new)?;
    Ok(transaction.last_insert_rowid())
}

fn replace(transaction: &Transaction<'_>, run: &Open, by: &RunId, now: WallTime) -> rusqlite::Result<()> {
    let reason = format!("replaced by run {by}");
    if run.state == RunState::Waiting {
        return row::end(transaction, run.seq, RunState::Cancelled, &reason, now);
    }
    transaction.execute("UPDATE runs SET stop = ?2 WHERE seq = ?1", (run.seq, reason))?;
    Ok(())
}

fn drop_oldest(
    transaction: &Transaction<'_>,
    seq: i64,
    worker: &WorkerSpec,
    now: WallTime,
) -> rusqlite::Result<()> {
    let reason = format!("the oldest when the backlog of worker {} was full", worker.name);
    row::end(transaction, seq, RunState::Dropped, &reason, now)
}
