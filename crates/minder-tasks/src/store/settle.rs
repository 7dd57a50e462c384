//! What waits for somebody who does not do it any more: whoever changes a configuration may give a task to another worker, or
//! take it away, while runs of it wait.

use minder_core::agenda::Agenda;
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use rusqlite::Transaction;

use super::{Store, StoreError, finish, row};
use crate::run::RunState;

impl Store {
    /// Gives what waits to the workers that an agenda names. A run of a task that it does not have, for a worker that it does not
    /// have, is cancelled: nobody would ever begin it.
    ///
    /// # Errors
    /// When the database cannot be changed; then all waits where it did.
    pub fn settle(&self, agenda: &Agenda, now: WallTime) -> Result<(), StoreError> {
        let has_changed = self.change(|transaction| {
            let mut changed = 0;
            for task in agenda.tasks() {
                changed += bring(transaction, &task.name, &task.worker)?;
            }
            Ok(changed + cancel_unwanted(transaction, agenda, now)? > 0)
        })?;
        if has_changed { self.ring() } else { Ok(()) }
    }

    /// Workers for whom runs are claimed that an agenda does not have, and of whom no process lives. Nobody of their name will
    /// come and give these back.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn departed(&self, agenda: &Agenda) -> Result<Vec<WorkerName>, StoreError> {
        let alive = self.workers()?.into_iter().filter(|worker| worker.process.is_alive());
        let alive: Vec<WorkerName> = alive.map(|worker| worker.name).collect();
        let claiming: Vec<WorkerName> = self.read(|connection| {
            let mut statement = connection
                .prepare("SELECT DISTINCT worker FROM runs WHERE state = 'claimed' ORDER BY worker")?;
            let names = statement.query_map((), |row| Ok(WorkerName::new(row.get::<_, String>(0)?)))?;
            names.collect()
        })?;
        let has_gone = |name: &WorkerName| agenda.worker(name).is_none() && !alive.contains(name);
        Ok(claiming.into_iter().filter(has_gone).collect())
    }
}

/// Gives what waits of a task to its worker. Says how many that were.
pub(super) fn bring(
    transaction: &Transaction<'_>,
    task: &TaskName,
    worker: &WorkerName,
) -> rusqlite::Result<usize> {
    // The first condition on the state is the index's.
    let sql = "UPDATE runs SET worker = ?2
               WHERE task = ?1 AND state IN ('waiting', 'claimed') AND state = 'waiting' AND worker <> ?2";
    transaction.execute(sql, (task.as_str(), worker.as_str()))
}

fn cancel_unwanted(transaction: &Transaction<'_>, agenda: &Agenda, now: WallTime) -> rusqlite::Result<usize> {
    let mut statement = transaction.prepare("SELECT seq, task, worker FROM runs WHERE state = 'waiting'")?;
    let waiting = statement.query_map((), |row| {
        let (task, worker): (String, String) = (row.get(1)?, row.get(2)?);
        Ok((row.get(0)?, TaskName::new(task), WorkerName::new(worker)))
    })?;
    let waiting: Vec<(i64, TaskName, WorkerName)> = waiting.collect::<Result<_, _>>()?;
    let is_unwanted =
        |task: &TaskName, worker: &WorkerName| agenda.task(task).is_none() && agenda.worker(worker).is_none();
    let unwanted = waiting.iter().filter(|(_, task, worker)| is_unwanted(task, worker));
    let mut count = 0;
    for (seq, task, _) in unwanted {
        row::end(transaction, *seq, RunState::Cancelled, "there is no such task any more", now)?;
        finish::forget_old(transaction, task, agenda.settings().history)?;
        count += 1;
    }
    Ok(count)
}
