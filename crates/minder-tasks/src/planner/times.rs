//! One task: when it is due, and how far it has come.

use std::time::Duration;

use minder_core::agenda::{AgendaSettings, Due, Missed, Overlap, Phase, TaskSpec};
use minder_core::ids::TaskName;
use minder_core::time::{Now, WallTime};
use minder_schedule::schedule::Schedule;
use minder_schedule::text::Misread;
use minder_schedule::window::Sight;
use minder_schedule::{TimeZone, zone};

use super::chance::{Chance, hash};
use super::clock::{Belief, later};
use super::free::Free;
use super::gap::{Gap, Reach, jitter_max, next};
use super::{Mark, Missing, Note, Offer, Reason, Turn, Wake};

/// A task that is due at times.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) policy: Policy,
    progress: Progress,
    pace: Pace,
}

/// What becomes of a due time.
#[derive(Debug)]
pub(super) struct Policy {
    task: TaskName,
    jitter: Duration,
    overlap: Overlap,
    pub(super) missed: Missed,
}

/// How far a task has come.
#[derive(Debug)]
pub(super) struct Progress {
    /// `None`: it was never seen by a clock that was believed.
    pub(super) mark: Option<Mark>,
    times: u32,
}

#[derive(Debug)]
enum Pace {
    Wall(Wall),
    Free(Free),
}

impl Times {
    pub(super) fn new(
        task: &TaskSpec,
        settings: &AgendaSettings,
        machine: &TimeZone,
        mark: Option<&Mark>,
        now: Now,
    ) -> Result<Self, Misread> {
        let name = task.zone.as_ref().unwrap_or(&settings.zone);
        let zone = if name.is_empty() { machine.clone() } else { named(name)? };
        let sight = Sight { zone, place: settings.place };
        let times = fingerprint(task, settings);
        let mark = mark.filter(|mark| mark.times == times).copied();
        let pace = match task.due {
            Due::Every { interval, phase: Phase::Free } => {
                let dealt_with = mark.map(|mark| mark.due);
                Pace::Free(Free::new(interval, task.between, sight, dealt_with, now)?)
            }
            _ => Pace::Wall(Wall {
                schedule: Schedule::new(&task.due, task.between, sight)?,
                next: Next::Unknown,
            }),
        };
        let policy = Policy {
            task: task.name.clone(),
            jitter: task.jitter,
            overlap: task.overlap,
            missed: task.missed,
        };
        Ok(Self { policy, progress: Progress { mark, times }, pace })
    }

    /// How far it had come before.
    pub(super) fn remembered(&self) -> Option<WallTime> {
        self.progress.mark.map(|mark| mark.due)
    }

    /// Puts what is due, what was missed and the mark that changed into the turn, and says when something is due next.
    pub(super) fn step(&mut self, now: Now, belief: Belief, chance: Chance, turn: &mut Turn) -> Wake {
        let before = self.progress.mark;
        let mut said = Said { policy: &self.policy, chance, now: now.wall, turn };
        let wake = match &mut self.pace {
            Pace::Wall(wall) => wall.step(belief, &mut self.progress, &mut said),
            Pace::Free(free) => free.step(now, belief, &mut self.progress, &mut said),
        };
        if let Some(mark) = self.progress.mark
            && before != self.progress.mark
        {
            turn.marks.push((self.policy.task.clone(), mark));
        }
        wake
    }
}

fn named(name: &str) -> Result<TimeZone, Misread> {
    zone::named(name).map_err(|_| Misread {
        found: name.to_owned(),
        expected: "the name of a time zone that this machine knows, such as \"Europe/Berlin\"".to_owned(),
    })
}

/// Whoever changes when a task is due has another task: nothing of the old times was missed by the new ones.
#[allow(clippy::cast_possible_truncation, reason = "half of a hash is one too")]
fn fingerprint(task: &TaskSpec, settings: &AgendaSettings) -> u32 {
    let zone = task.zone.as_ref().unwrap_or(&settings.zone);
    let place = task.looks_at_the_sun().then_some(settings.place);
    hash(format!("{:?} {zone} {:?} {place:?}", task.due, task.between).as_bytes()) as u32
}

impl Progress {
    /// Everything up to here is dealt with.
    pub(super) fn reach(&mut self, due: WallTime) {
        let times = self.times;
        let mark = self.mark.get_or_insert(Mark { due, before_set_back: None, times });
        mark.due = mark.due.max(due);
    }

    /// The clock was set back, and what it shows now is right.
    pub(super) fn set_back(&mut self, now: WallTime) {
        if let Some(mark) = self.mark.as_mut().filter(|mark| mark.due > now) {
            mark.before_set_back = mark.before_set_back.max(Some(mark.due));
            mark.due = now;
        }
    }
}

/// Due times by the wall clock.
#[derive(Debug)]
struct Wall {
    schedule: Schedule,
    next: Next,
}

#[derive(Clone, Copy, Debug)]
enum Next {
    Unknown,
    Known(Option<WallTime>),
}

impl Wall {
    fn step(&mut self, belief: Belief, progress: &mut Progress, said: &mut Said<'_>) -> Wake {
        let now = said.now;
        match belief {
            Belief::Doubted => return Wake::default(),
            Belief::Sound => {}
            Belief::SetBack => {
                progress.set_back(now);
                self.next = Next::Unknown;
            }
        }
        let mark = progress.mark_or(now);
        let due = match self.next {
            Next::Known(next) => next,
            Next::Unknown => next(&self.schedule, mark.due),
        };
        let dealt_with = mark.before_set_back.filter(|time| *time <= now);
        if due.is_some_and(|due| due <= now) {
            let reach = Reach { after: mark.due, until: now };
            let gap = Gap::find(&self.schedule, reach, dealt_with, said.policy.missed);
            said.tell(&gap, &self.schedule);
            progress.reach(gap.last.unwrap_or(mark.due));
        }
        if let Some(time) = dealt_with {
            progress.reach(time);
            progress.forget_set_back();
        }
        let mark = progress.mark_or(now);
        let next = match due {
            Some(due) if due > now => Some(due),
            Some(_) => next(&self.schedule, mark.due.max(now)),
            None => None,
        };
        self.next = Next::Known(next);
        Wake { wall: next, monotonic: None }
    }
}

impl Progress {
    /// The mark; when there is none yet, it is here.
    fn mark_or(&mut self, now: WallTime) -> Mark {
        *self.mark.get_or_insert(Mark { due: now, before_set_back: None, times: self.times })
    }

    fn forget_set_back(&mut self) {
        if let Some(mark) = &mut self.mark {
            mark.before_set_back = None;
        }
    }
}

/// What is said of a task in a turn.
pub(super) struct Said<'a> {
    pub(super) policy: &'a Policy,
    chance: Chance,
    /// By the wall clock.
    pub(super) now: WallTime,
    turn: &'a mut Turn,
}

impl Said<'_> {
    /// Offers what is due and what is caught up, and notes what was missed.
    pub(super) fn tell(&mut self, gap: &Gap, schedule: &Schedule) {
        for due in &gap.caught_up {
            self.offer(schedule, *due, self.now, Reason::CaughtUp);
        }
        for due in &gap.on_time {
            self.offer(schedule, *due, *due, Reason::Due);
        }
        for span in &gap.missed {
            self.turn.notes.push(Note::Missed(Missing {
                task: self.policy.task.clone(),
                first: span.first,
                last: span.last,
                count: span.count,
                caught_up: span.caught_up,
            }));
        }
    }

    fn offer(&mut self, schedule: &Schedule, due: WallTime, begin: WallTime, reason: Reason) {
        let Policy { task, jitter, overlap, .. } = self.policy;
        let most = jitter_max(schedule, begin, *jitter);
        let not_before = later(begin, self.chance.jitter(task, due, most));
        self.turn.offers.push(Offer { task: task.clone(), due, not_before, overlap: *overlap, reason });
    }
}
