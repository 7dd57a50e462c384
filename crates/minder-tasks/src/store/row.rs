//! Between a row of `runs` and a [`Run`].

use std::time::Duration;

use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use rusqlite::types::Type;
use rusqlite::{Row, Transaction};

use crate::run::{Exit, Record, Run, RunId, RunState};

/// What [`run`] reads, in its order.
pub(super) const COLUMNS: &str = "id, attempt, task, worker, due, input, after, state, asked, not_before, deliveries, \
     pid, begin_at, end_at, duration, exit, tail, output, reason";

pub(super) fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let text = |index| row.get::<_, Option<String>>(index);
    let time = |index| row.get::<_, Option<i64>>(index).map(|time| time.map(WallTime));
    let state: String = row.get(7)?;
    Ok(Run {
        id: RunId::known(row.get::<_, String>(0)?),
        attempt: row.get(1)?,
        task: TaskName::new(row.get::<_, String>(2)?),
        worker: WorkerName::new(row.get::<_, String>(3)?),
        due: WallTime(row.get(4)?),
        input: text(5)?.map(Record::known),
        after: text(6)?.map(RunId::known),
        state: RunState::of_word(&state).ok_or_else(|| {
            let found = format!("unknown state `{state}`");
            rusqlite::Error::FromSqlConversionFailure(7, Type::Text, found.into())
        })?,
        asked: WallTime(row.get(8)?),
        not_before: WallTime(row.get(9)?),
        deliveries: row.get(10)?,
        pid: row.get(11)?,
        begin: time(12)?,
        end: time(13)?,
        duration: row
            .get::<_, Option<i64>>(14)?
            .map(|micros| Duration::from_micros(u64::try_from(micros).unwrap_or(0))),
        exit: text(15)?.and_then(|text| Exit::of_text(&text)),
        tail: row.get(16)?,
        output: text(17)?.map(Record::known),
        reason: text(18)?,
    })
}

/// What a new row says; the rest is as with every run that has not begun.
pub(super) struct New<'a> {
    pub(super) id: &'a RunId,
    pub(super) attempt: u32,
    pub(super) task: &'a TaskName,
    pub(super) worker: &'a WorkerName,
    pub(super) due: WallTime,
    pub(super) input: Option<&'a Record>,
    pub(super) after: Option<&'a RunId>,
    pub(super) asked: WallTime,
    pub(super) not_before: WallTime,
    pub(super) company: Company,
}

/// Whether a run begins beside others of its task.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Company {
    /// Not while another one works.
    Alone,
    /// As many as its worker does at once.
    Beside,
}

pub(super) fn insert(transaction: &Transaction<'_>, new: &New<'_>) -> rusqlite::Result<()> {
    let sql =
        "INSERT INTO runs (id, attempt, task, worker, due, input, after, state, asked, not_before, alone)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'waiting', ?8, ?9, ?10)";
    transaction.execute(
        sql,
        (
            new.id.as_str(),
            new.attempt,
            new.task.as_str(),
            new.worker.as_str(),
            new.due.0,
            new.input.map(Record::as_str),
            new.after.map(RunId::as_str),
            new.asked.0,
            new.not_before.0,
            new.company == Company::Alone,
        ),
    )?;
    Ok(())
}

/// The number of an end that comes now: greater than those of all before, whatever the clock shows.
pub(super) const NEXT_END: &str = "(SELECT coalesce(max(ended), 0) + 1 FROM runs)";

/// Ends a run that has not begun, or whose worker is no more.
pub(super) fn end(
    transaction: &Transaction<'_>,
    seq: i64,
    state: RunState,
    reason: &str,
    now: WallTime,
) -> rusqlite::Result<()> {
    let sql = format!(
        "UPDATE runs SET state = ?2, reason = ?3, end_at = ?4, ended = {NEXT_END}, slot = NULL, stop = NULL, pid = NULL
         WHERE seq = ?1"
    );
    transaction.execute(&sql, (seq, state.word(), reason, now.0))?;
    Ok(())
}
