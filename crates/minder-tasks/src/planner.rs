//! The plan of the beat: which runs go into the queue now, and when to look again. Pure: no clock, no file, no sleep.
//!
//! ```text
//!  Agenda, marks of before ─▶ Planner ──step(now)──▶ Turn { offers, notes, marks }   stored in one transaction
//!                                │
//!                                └──wake()──▶ Wake { wall, monotonic }               step again when either comes,
//!                                                                                    or the wall clock is set
//! ```

//! In reading order: `clock` says whether the wall clock is believed; `times` is one task and how far it has come, `free`
//! the paces of the monotonic clock; `gap` is what is due between two looks, and what of it was missed; `chance` draws the jitters. What it does when clocks are set
//! and nights are short is told in `docs/reference/schedules.md`.

use std::collections::BTreeMap;

use minder_core::agenda::{Agenda, Due, Overlap};
use minder_core::ids::TaskName;
use minder_core::time::{Instant, Now, WallTime};
use minder_schedule::TimeZone;
use minder_schedule::text::Misread;

mod chance;
mod clock;
mod free;
mod gap;
mod times;

use chance::Chance;
use clock::Clock;
use times::Times;

/// Says what is due. One for each beat, for as long as that runs.
#[derive(Debug)]
pub struct Planner {
    clock: Clock,
    chance: Chance,
    tasks: Vec<Times>,
    wake: Wake,
}

/// How far a task has come: everything up to here was put into the queue, or left out and noted. What the beat must still
/// know when it begins again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The last due time that was dealt with, or when the task was first seen.
    pub due: WallTime,
    /// Up to here it had been dealt with before the clock was set back and believed.
    pub before_set_back: Option<WallTime>,
    /// A fingerprint of what the task's times are: a mark of other times is none.
    pub times: u32,
}

/// What came of a step. Marks are to be stored with the offers, or neither.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Turn {
    /// What goes into the queue, in the order of due times.
    pub offers: Vec<Offer>,
    /// What a person may want to know.
    pub notes: Vec<Note>,
    /// The marks that have changed.
    pub marks: Vec<(TaskName, Mark)>,
}

/// A run that goes into the queue.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Offer {
    /// Of which task.
    pub task: TaskName,
    /// When it was due.
    pub due: WallTime,
    /// It does not begin before: the due time, and later by a jitter.
    pub not_before: WallTime,
    /// What happens when an earlier run waits or works.
    pub overlap: Overlap,
    /// Why it is offered.
    pub reason: Reason,
}

/// Why a run is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    /// It is due.
    Due,
    /// It was due while no beat was running.
    CaughtUp,
}

/// Something to tell.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    /// A task was due at times that nobody noticed.
    Missed(Missing),
    /// The wall clock was set by more than a minute: from what it would have shown, to what it shows.
    ClockSet(WallTime, WallTime),
    /// The wall clock shows a time far before what has been, and is not believed yet.
    ClockDoubted(WallTime),
    /// The wall clock has shown times far before what has been for so long that it is believed.
    ClockBelieved(WallTime),
}

/// Due times that nobody noticed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Missing {
    /// Of which task.
    pub task: TaskName,
    /// The first of them.
    pub first: WallTime,
    /// The last of them.
    pub last: WallTime,
    /// How many.
    pub count: Count,
    /// How many of them are done all the same; the last ones.
    pub caught_up: u32,
}

/// How many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Count {
    /// So many.
    Exactly(u32),
    /// More than so many; nobody counted on.
    MoreThan(u32),
}

/// When to step next: when the first of these comes. When the wall clock is set too.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Wake {
    /// By the wall clock. `None`: never.
    pub wall: Option<WallTime>,
    /// By the monotonic clock. `None`: never.
    pub monotonic: Option<Instant>,
}

/// Why a task of an agenda cannot be planned.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannerProblem {
    /// Which task.
    pub task: TaskName,
    /// What of it.
    pub problem: Misread,
}

impl Planner {
    /// Begins at `now` with what is remembered of each task. `machine` is the zone of a task for which nobody has named one;
    /// `chance` is a seed from which the jitters are drawn: the same seed gives the same due time the same jitter.
    ///
    /// # Errors
    /// With every cron expression, date, interval and zone that cannot be read.
    pub fn new(
        agenda: &Agenda,
        machine: &TimeZone,
        remembered: &BTreeMap<TaskName, Mark>,
        chance: u64,
        now: Now,
    ) -> Result<Self, Vec<PlannerProblem>> {
        let (mut tasks, mut problems) = (Vec::new(), Vec::new());
        for task in agenda.tasks().iter().filter(|task| task.due != Due::OnDemand) {
            match Times::new(task, agenda.settings(), machine, remembered.get(&task.name), now) {
                Ok(times) => tasks.push(times),
                Err(problem) => problems.push(PlannerProblem { task: task.name.clone(), problem }),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        // What is remembered of a task that is no more never changes, and might have been due by a clock that was far ahead.
        let known = tasks.iter().filter_map(Times::remembered);
        let clock = Clock::new(known.max(), now);
        let at_once = Wake { wall: None, monotonic: Some(now.monotonic) };
        Ok(Self { clock, chance: Chance::of(chance), tasks, wake: at_once })
    }

    /// What goes into the queue now. To be called when [`Planner::wake`] says, when the wall clock is set, and whenever else
    /// one likes.
    pub fn step(&mut self, now: Now) -> Turn {
        let mut turn = Turn::default();
        let belief = self.clock.look(now, &mut turn.notes);
        self.wake = Wake { wall: None, monotonic: self.clock.decision() };
        for task in &mut self.tasks {
            let next = task.step(now, belief, self.chance, &mut turn);
            self.wake.wall = sooner(self.wake.wall, next.wall);
            self.wake.monotonic = sooner(self.wake.monotonic, next.monotonic);
        }
        turn.offers.sort_by_key(|offer| offer.due);
        turn
    }

    /// When to step next. Before the first step: at once.
    pub fn wake(&self) -> Wake {
        self.wake
    }
}

/// A seed for [`Planner::new`]: the same for the same parts, for ever.
pub(crate) fn seed(parts: &[&[u8]]) -> u64 {
    chance::hash(&parts.join(&0))
}

fn sooner<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

#[cfg(test)]
mod tests;
