//! The end of a run, and what follows from it, in one transaction: so that nothing is done twice, or never, for a power cut.

use minder_core::agenda::Agenda;
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use rusqlite::{OptionalExtension as _, Transaction};

use super::row::{self, COLUMNS, Company, New};
use super::{Store, StoreError, offer};
use crate::retry;
use crate::run::{Aftermath, DELIVERIES_MAX, Outcome, Record, Run, RunState, Verdict};

/// What a worker that has died had claimed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Orphan {
    /// The run as it was left.
    pub run: Run,
    /// What is to be said to the server it came from.
    pub receipt: Option<String>,
}

/// Who sees to what follows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Follow {
    /// This queue.
    Here,
    /// Another one, where it was seen to already.
    Elsewhere,
}

impl Store {
    /// Records how a run ended. Where it ended well its followers are offered its output; where it failed and may be tried again
    /// the next attempt waits. A run that was given back waits again, before all later ones.
    ///
    /// # Errors
    /// When the database cannot be changed; then the run is still claimed.
    pub fn finish(
        &self,
        agenda: &Agenda,
        run: &Run,
        outcome: &Outcome,
        follow: Follow,
        now: WallTime,
    ) -> Result<Aftermath, StoreError> {
        let aftermath = self.change(|transaction| {
            let Some(seq) = claimed(transaction, run)? else { return Ok(Aftermath::default()) };
            match (&outcome.verdict, follow) {
                (Verdict::GivenBack, Follow::Here) => {
                    give_back(transaction, seq, 1)?;
                    return Ok(Aftermath::default());
                }
                (Verdict::GivenBack, Follow::Elsewhere) => {
                    forget(transaction, seq)?;
                    return Ok(Aftermath::default());
                }
                _ => {}
            }
            record(transaction, seq, outcome, now)?;
            let aftermath = match follow {
                Follow::Here => follow_up(transaction, agenda, run, outcome, now)?,
                Follow::Elsewhere => Aftermath::default(),
            };
            forget_old(transaction, &run.task, agenda.settings().history)?;
            Ok(aftermath)
        })?;
        self.ring()?;
        Ok(aftermath)
    }

    /// What is claimed for a worker: when it begins, that is what its predecessor has left.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn orphans(&self, worker: &WorkerName) -> Result<Vec<Orphan>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS}, receipt FROM runs WHERE worker = ?1 AND state = 'claimed' ORDER BY seq"
            );
            let mut statement = connection.prepare(&sql)?;
            let rows = statement.query_map([worker.as_str()], |row| {
                Ok(Orphan { run: row::run(row)?, receipt: row.get("receipt")? })
            })?;
            rows.collect()
        })
    }

    /// Gives back what a worker that has died had claimed, to be done again. What was to stop is cancelled; what was given to a
    /// worker [`DELIVERIES_MAX`] times has failed, and is not tried again: whoever kills its worker each time would go on
    /// for ever.
    ///
    /// # Errors
    /// When the database cannot be changed; then all is claimed still.
    pub fn give_back(&self, worker: &WorkerName, now: WallTime) -> Result<(), StoreError> {
        self.change(|transaction| {
            let sql = "SELECT seq, stop, deliveries, receipt IS NOT NULL FROM runs
                       WHERE worker = ?1 AND state = 'claimed'";
            let mut statement = transaction.prepare(sql)?;
            let mut rows = statement.query([worker.as_str()])?;
            while let Some(row) = rows.next()? {
                let (seq, stop): (i64, Option<String>) = (row.get(0)?, row.get(1)?);
                let (deliveries, is_elsewhere): (u32, bool) = (row.get(2)?, row.get(3)?);
                match stop {
                    Some(reason) => row::end(transaction, seq, RunState::Cancelled, &reason, now)?,
                    // It waits in the other queue, and comes again from there.
                    None if is_elsewhere => forget(transaction, seq)?,
                    None if deliveries >= DELIVERIES_MAX => {
                        let reason = format!("its worker died {deliveries} times while it worked");
                        row::end(transaction, seq, RunState::Failed, &reason, now)?;
                    }
                    None => give_back(transaction, seq, 0)?,
                }
            }
            Ok(())
        })?;
        self.ring()
    }
}

/// The row, if the run is claimed still.
fn claimed(transaction: &Transaction<'_>, run: &Run) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT seq FROM runs WHERE id = ?1 AND attempt = ?2 AND state = 'claimed'";
    transaction.query_row(sql, (run.id.as_str(), run.attempt), |row| row.get(0)).optional()
}

/// `forgiven`: so many deliveries do not count.
fn give_back(transaction: &Transaction<'_>, seq: i64, forgiven: u32) -> rusqlite::Result<()> {
    let sql = "UPDATE runs SET state = 'waiting', slot = NULL, pid = NULL, begin_at = NULL,
               deliveries = max(deliveries - ?2, 0) WHERE seq = ?1";
    transaction.execute(sql, (seq, forgiven))?;
    Ok(())
}

fn forget(transaction: &Transaction<'_>, seq: i64) -> rusqlite::Result<()> {
    transaction.execute("DELETE FROM runs WHERE seq = ?1", [seq])?;
    Ok(())
}

fn record(transaction: &Transaction<'_>, seq: i64, outcome: &Outcome, now: WallTime) -> rusqlite::Result<()> {
    let (state, output) = match &outcome.verdict {
        Verdict::Done(output) => (RunState::Done, output.as_ref()),
        Verdict::Failed => (RunState::Failed, None),
        Verdict::TimedOut => (RunState::TimedOut, None),
        // Given back was dealt with before.
        Verdict::Cancelled | Verdict::GivenBack => (RunState::Cancelled, None),
    };
    let sql = format!(
        "UPDATE runs SET state = ?2, end_at = ?3, duration = ?4, exit = ?5, tail = ?6, output = ?7, reason = ?8,
         ended = {}, slot = NULL, stop = NULL, pid = NULL WHERE seq = ?1",
        row::NEXT_END
    );
    let duration = i64::try_from(outcome.duration.as_micros()).unwrap_or(i64::MAX);
    transaction.execute(
        &sql,
        (
            seq,
            state.word(),
            now.0,
            duration,
            outcome.exit.map(|exit| exit.to_string()),
            &outcome.tail,
            output.map(Record::as_str),
            &outcome.reason,
        ),
    )?;
    Ok(())
}

fn follow_up(
    transaction: &Transaction<'_>,
    agenda: &Agenda,
    run: &Run,
    outcome: &Outcome,
    now: WallTime,
) -> rusqlite::Result<Aftermath> {
    let mut aftermath = Aftermath::default();
    // A task that the agenda has no more has no followers, and no retry.
    let Some(task) = agenda.task(&run.task) else { return Ok(aftermath) };
    match &outcome.verdict {
        Verdict::Done(Some(output)) => {
            for name in &task.then {
                let Ok(specs) = offer::specs(agenda, name) else { continue };
                let offered = offer::follower(transaction, specs, output, &run.id, now)?;
                // Who is left out each time never comes to an end that would forget the old ones.
                forget_old(transaction, name, agenda.settings().history)?;
                aftermath.followers.push((name.clone(), offered));
            }
        }
        Verdict::Failed | Verdict::TimedOut => {
            if let Some(delay) = retry::delay(&task.retry, run.attempt) {
                let not_before = retry::later(now, delay);
                next_attempt(transaction, run, not_before, now)?;
                aftermath.retry = Some(not_before);
            }
        }
        Verdict::Done(None) | Verdict::Cancelled | Verdict::GivenBack => {}
    }
    Ok(aftermath)
}

/// Retries are beyond the bound: whoever asked has been told already that the run waits.
fn next_attempt(
    transaction: &Transaction<'_>,
    run: &Run,
    not_before: WallTime,
    now: WallTime,
) -> rusqlite::Result<()> {
    let sql = "SELECT alone FROM runs WHERE id = ?1 AND attempt = ?2";
    let alone: bool = transaction.query_row(sql, (run.id.as_str(), run.attempt), |row| row.get(0))?;
    row::insert(
        transaction,
        &New {
            id: &run.id,
            attempt: run.attempt + 1,
            task: &run.task,
            worker: &run.worker,
            due: run.due,
            input: run.input.as_ref(),
            after: run.after.as_ref(),
            asked: now,
            not_before,
            company: if alone { Company::Alone } else { Company::Beside },
        },
    )
}

/// Of each task the last ended runs stay, and as many of those that were left out: many of these must not push out what
/// has really happened.
pub(super) fn forget_old(
    transaction: &Transaction<'_>,
    task: &TaskName,
    history: u32,
) -> rusqlite::Result<()> {
    for class in ["IN ('skipped', 'dropped')", "NOT IN ('skipped', 'dropped', 'waiting', 'claimed')"] {
        let sql = format!(
            "DELETE FROM runs WHERE state NOT IN ('waiting', 'claimed') AND task = ?1 AND seq IN
             (SELECT seq FROM runs WHERE state NOT IN ('waiting', 'claimed') AND task = ?1 AND state {class}
              ORDER BY ended DESC, seq DESC LIMIT -1 OFFSET ?2)"
        );
        transaction.execute(&sql, (task.as_str(), history.max(1)))?;
    }
    Ok(())
}
