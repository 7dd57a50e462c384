//! Back-pressure between workers: a run whose output would go to a worker that has as many waiting as may is not begun.
//!
//! Only where that worker's bound is [`Bound::Wait`]; with the others a follower is refused, or takes the place of the oldest.
//! Tasks follow each other in no circle, but their workers may: there a run must be let through, or all would wait for each
//! other. So a run is withheld only for a worker that moves: one that works, or has a run waiting that is not withheld itself.

use std::collections::{BTreeMap, BTreeSet};

use minder_core::agenda::{Agenda, Bound, TaskSpec};
use minder_core::ids::{TaskName, WorkerName};

/// How many runs of each task wait and work at each worker.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Load {
    waiting: BTreeMap<WorkerName, BTreeMap<TaskName, u32>>,
    working: BTreeMap<WorkerName, u32>,
}

impl Load {
    /// So many more wait.
    pub(crate) fn add_waiting(&mut self, worker: WorkerName, task: TaskName, count: u32) {
        *self.waiting.entry(worker).or_default().entry(task).or_default() += count;
    }

    /// So many more work.
    pub(crate) fn add_working(&mut self, worker: WorkerName, count: u32) {
        *self.working.entry(worker).or_default() += count;
    }

    fn waiting(&self, worker: &WorkerName) -> u32 {
        self.waiting.get(worker).map_or(0, |tasks| tasks.values().sum())
    }
}

/// Whether any run of this worker could ever be withheld.
pub(crate) fn concerns(agenda: &Agenda, worker: &WorkerName) -> bool {
    agenda
        .tasks()
        .iter()
        .filter(|task| task.worker == *worker)
        .any(|task| patient(agenda, task).next().is_some())
}

/// The tasks of a worker of which no run is to be begun now.
pub(crate) fn withheld<'a>(agenda: &'a Agenda, load: &Load, worker: &WorkerName) -> Vec<&'a TaskName> {
    let of_worker = agenda.tasks().iter().filter(|task| task.worker == *worker);
    let waits = |task: &&TaskSpec| is_withheld(agenda, load, task, &BTreeSet::from([worker]));
    of_worker.filter(waits).map(|task| &task.name).collect()
}

/// The workers of a task's followers that make others wait.
fn patient<'a>(agenda: &'a Agenda, task: &'a TaskSpec) -> impl Iterator<Item = (&'a WorkerName, u32)> {
    task.then
        .iter()
        .filter_map(|follower| agenda.worker(&agenda.task(follower)?.worker))
        .filter(|worker| worker.bound == Bound::Wait && worker.name != task.worker)
        .map(|worker| (&worker.name, worker.backlog))
}

fn is_withheld<'a>(
    agenda: &'a Agenda,
    load: &Load,
    task: &'a TaskSpec,
    asked: &BTreeSet<&'a WorkerName>,
) -> bool {
    patient(agenda, task).any(|(worker, backlog)| {
        load.waiting(worker) >= backlog
            // Who is asked already would say the same of us: he does not move before we do.
            && (asked.contains(worker) || moves(agenda, load, worker, asked))
    })
}

fn moves<'a>(
    agenda: &'a Agenda,
    load: &Load,
    worker: &'a WorkerName,
    asked: &BTreeSet<&'a WorkerName>,
) -> bool {
    let mut asked = asked.clone();
    asked.insert(worker);
    if load.working.get(worker).is_some_and(|working| *working > 0) {
        return true;
    }
    let waiting = load.waiting.get(worker).into_iter().flatten();
    waiting
        .filter(|(_, count)| **count > 0)
        .filter_map(|(task, _)| agenda.task(task))
        .any(|task| !is_withheld(agenda, load, task, &asked))
}

#[cfg(test)]
mod tests;
