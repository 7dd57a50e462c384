//! Who watches that the promises are kept. It sees what the kernel does, what the keeper is told, what is written for later
//! minds, and what clients are answered; it draws its conclusions from these and not from what the supervision thinks.

mod looking;

use std::collections::BTreeMap;
use std::time::Duration;

use minder_core::backoff::SHORTAGE_PAUSE_MAX;
use minder_core::effect::Effect;
use minder_core::event::{Event, Moved, Urgency};
use minder_core::ids::{ExitStatus, InstanceId, Pid};
use minder_core::instance::{Phase, Rest, Trouble};
use minder_core::program::ProgramSpec;
use minder_core::supervision::{Mode, Supervision};
use minder_core::time::Instant;

use crate::halt::{Invariant, Violation, hold};
use crate::kernel::Life;
use crate::moves::{Unit, ending};

/// One process, until its end has been counted.
#[derive(Clone, Debug)]
struct Seen {
    unit: Unit,
    pid: u32,
    ended: Option<ExitStatus>,
    counted: u32,
    excuse: Excuse,
    /// The keeper that would have known its status was killed.
    status: StatusKnown,
    /// The mind's deaths when it was asked to end, if it was.
    asked: Option<u32>,
    /// Whether a stop was meant for it, though it may have ended in that moment by itself.
    stop_meant: Asked,
}

/// Why a process need not be accounted for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Excuse {
    None,
    /// It counts as not made.
    NotMade,
    /// Nobody could have known it, or the kernel did not let anybody end it.
    Lost,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum StatusKnown {
    Certainly,
    Perhaps,
}

/// What is known of a program beside its processes.
#[derive(Clone, Debug, Default)]
struct Watch {
    /// Failed attempts in a row, as far as they are written down.
    failures: u32,
    /// The next attempt comes no earlier, unless somebody asks for it.
    not_before: Option<Instant>,
    /// Somebody was told that it is stopped, and nobody has asked for a start since.
    stopped: Stopped,
    /// Starts that somebody asked for.
    starts: u32,
    /// Somebody has asked for a stop since the last start.
    stop_asked: Asked,
    /// When the process that was asked to end may be killed.
    kill_from: Option<Instant>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stopped {
    #[default]
    No,
    Certainly,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Asked {
    #[default]
    No,
    Yes,
}

/// Why a step was taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cause {
    /// Somebody asked for a stop.
    Request,
    /// Anything else.
    Other,
}

/// What this mind has done that is not written down yet.
#[derive(Debug)]
enum Unwritten {
    Moved(Box<Moved>),
    /// The end of this process, as that of the process with this number.
    Counted(InstanceId, Life, ExitStatus, Pid),
}

#[derive(Debug, Default)]
pub(crate) struct Witness {
    lives: BTreeMap<Life, Seen>,
    units: BTreeMap<Unit, Watch>,
    unwritten: Vec<Unwritten>,
    /// By when processes that were asked to end have to be gone.
    due: BTreeMap<(Instant, Life), Unit>,
    deaths: u32,
    /// Since when everything stops, once that is written down.
    stopping: Option<Instant>,
}

/// Beyond all patience: time for minds to come back, and for a kernel that holds on to what was killed.
const SLACK: Duration = Duration::from_secs(150);
/// How long a stop of everything may take.
const FINISH: Duration = Duration::from_secs(1800);

impl Witness {
    // --- what the kernel does ---

    pub(crate) fn born(&mut self, unit: Unit, life: Life, pid: u32) -> Result<(), Violation> {
        let other = self.living(unit).map(|(_, seen)| seen.pid);
        hold(Invariant::OneInstance, other.is_none(), || {
            format!("process {pid} of {unit} is made while process {} lives", other.unwrap_or(0))
        })?;
        let seen = Seen {
            unit,
            pid,
            ended: None,
            counted: 0,
            excuse: Excuse::None,
            status: StatusKnown::Certainly,
            asked: None,
            stop_meant: Asked::No,
        };
        self.lives.insert(life, seen);
        Ok(())
    }

    fn living(&mut self, unit: Unit) -> Option<(Life, &mut Seen)> {
        let mut lives = self.lives.iter_mut();
        let (&life, seen) = lives
            .find(|(_, seen)| seen.unit == unit && seen.ended.is_none() && seen.excuse == Excuse::None)?;
        Some((life, seen))
    }

    pub(crate) fn ended(&mut self, life: Life, status: ExitStatus) {
        if let Some(seen) = self.lives.get_mut(&life) {
            seen.ended = Some(status);
        }
    }

    /// The keeper that was its parent is gone.
    pub(crate) fn orphaned(&mut self, life: Life) {
        if let Some(seen) = self.lives.get_mut(&life) {
            seen.status = StatusKnown::Perhaps;
        }
    }

    /// It counts as not made: its end is told otherwise.
    pub(crate) fn unborn(&mut self, life: Life) {
        self.excuse(life, Excuse::NotMade);
    }

    /// Nobody could have known of it any more, or nobody can end it.
    pub(crate) fn lost(&mut self, life: Life) {
        self.excuse(life, Excuse::Lost);
    }

    fn excuse(&mut self, life: Life, excuse: Excuse) {
        if let Some(seen) = self.lives.get_mut(&life) {
            seen.excuse = excuse;
        }
    }

    /// A program has a new slot, of which nobody has asked anything yet.
    pub(crate) fn fresh(&mut self, unit: Unit) {
        self.units.remove(&unit);
    }

    // --- what the mind does ---

    pub(crate) fn mind_died(&mut self) {
        self.deaths += 1;
        self.unwritten.clear();
    }

    /// Everything was killed and nothing lives: minder begins as if it had never been there.
    pub(crate) fn afresh(&mut self) {
        self.lives.clear();
        self.units.clear();
        self.due.clear();
        self.stopping = None;
    }

    /// A step was taken, and nothing of it carried out yet.
    pub(crate) fn stepped(
        &mut self,
        now: Instant,
        world: &Supervision,
        effects: &[Effect],
        cause: Cause,
        told: Option<(InstanceId, Life, ExitStatus)>,
    ) -> Result<(), Violation> {
        for effect in effects {
            match effect {
                Effect::Publish(Event::Moved(moved)) => {
                    self.unwritten.push(Unwritten::Moved(moved.clone()));
                    if let Some((id, life, status)) = told
                        && id == moved.id
                        && let Some(pid) = moved.before.pid()
                        && moved.after.pid().is_none()
                        && moved.after.last_exit == Some(status)
                    {
                        self.unwritten.push(Unwritten::Counted(id, life, status, pid));
                    }
                }
                Effect::Publish(Event::StopSignalled { id, urgency, .. }) => {
                    self.asked_to_end(now, world, *id, *urgency, cause)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn asked_to_end(
        &mut self,
        now: Instant,
        world: &Supervision,
        id: InstanceId,
        urgency: Urgency,
        cause: Cause,
    ) -> Result<(), Violation> {
        let Some(instance) = world.instance(id) else { return Ok(()) };
        let unit = Unit::of(instance);
        match urgency {
            Urgency::Asked => {
                let deaths = self.deaths;
                if let Some((_, seen)) = self.living(unit) {
                    seen.asked = Some(deaths);
                }
                let untold = self.lives.values_mut().filter(|seen| seen.unit == unit && seen.counted == 0);
                untold.for_each(|seen| seen.stop_meant = Asked::Yes);
                match (world.mode(), cause) {
                    (Mode::Stopping, Cause::Other) => looking::last_is_asked_last(world, id),
                    // Whoever asks for one of them does not have to wait for its turn.
                    _ => Ok(()),
                }
            }
            Urgency::Overdue => {
                let from = self.units.entry(unit).or_default().kill_from;
                hold(Invariant::StopEnds, from.is_none_or(|from| from <= now), || {
                    format!("the process of {unit} is killed before its time")
                })?;
                let deaths = self.deaths;
                // The order to end may have died with the mind that gave it.
                let asked = self.living(unit).is_none_or(|(_, seen)| seen.asked.is_some() || deaths > 0);
                hold(Invariant::StopEnds, asked, || {
                    format!("the process of {unit} is killed, never asked to end")
                })
            }
        }
    }

    /// A slot is written down as it is now.
    pub(crate) fn wrote(
        &mut self,
        now: Instant,
        clock: Instant,
        id: InstanceId,
        unit: Unit,
        spec: &ProgramSpec,
    ) -> Result<(), Violation> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        for unwritten in std::mem::take(&mut self.unwritten) {
            match unwritten {
                Unwritten::Moved(moved) if moved.id == id => self.moved(now, clock, unit, spec, &moved)?,
                Unwritten::Counted(of, life, status, pid) if of == id => self.counted(life, status, pid)?,
                other => self.unwritten.push(other),
            }
        }
        Ok(())
    }

    fn moved(
        &mut self,
        now: Instant,
        clock: Instant,
        unit: Unit,
        spec: &ProgramSpec,
        moved: &Moved,
    ) -> Result<(), Violation> {
        let stopping = self.stopping.is_some();
        let watch = self.units.entry(unit).or_default();
        match moved.after.phase {
            Phase::Waiting { .. } => {
                watch.failures += 1;
                let failures = watch.failures;
                let mut pause = spec.backoff.step * failures;
                if moved.after.trouble.as_ref().is_some_and(Trouble::is_shortage) {
                    pause = pause.min(SHORTAGE_PAUSE_MAX);
                }
                watch.not_before = Some(now + pause);
                hold(Invariant::Backoff, moved.after.failures == failures, || {
                    format!(
                        "{failures} attempts of {unit} failed in a row, {} are counted",
                        moved.after.failures
                    )
                })?;
            }
            Phase::Down(Rest::GaveUp) => {
                let (failures, retries) = (watch.failures, spec.backoff.retries);
                watch.failures = 0;
                hold(Invariant::Backoff, failures > retries || stopping, || {
                    format!("{unit} is given up after {failures} attempts, and has {retries} retries")
                })?;
            }
            Phase::Up { .. } | Phase::Down(Rest::Ended) => {
                watch.failures = 0;
                watch.not_before = None;
            }
            Phase::Stopping { kill_at, .. } => {
                watch.kill_from = Some(now + kill_at.since(clock));
                let patience = spec.stop.grace.max(Duration::from_secs(4));
                if let Some((life, _)) = self.living(unit) {
                    self.due.insert((now + patience * 3 + SLACK, life), unit);
                }
            }
            Phase::Lost { .. } => {
                if let Some((life, _)) = self.living(unit) {
                    self.due.retain(|(_, other), _| *other != life);
                    self.lost(life);
                }
            }
            Phase::Down(Rest::Fresh | Rest::Asked) | Phase::Spawning | Phase::Starting { .. } => {}
        }
        Ok(())
    }

    fn counted(&mut self, life: Life, status: ExitStatus, as_of: Pid) -> Result<(), Violation> {
        let Some(seen) = self.lives.get_mut(&life) else {
            // Buried and forgotten: it has been counted before.
            return hold(Invariant::ExitOnce, false, || {
                format!("the end of process {life:?} is counted again")
            });
        };
        let (unit, pid) = (seen.unit, seen.pid);
        hold(Invariant::ExitOnce, pid == as_of.get(), || {
            format!("the end of process {pid} of {unit} is counted as that of process {as_of}")
        })?;
        seen.counted += 1;
        let (counted, ended, known) = (seen.counted, seen.ended, seen.status);
        hold(Invariant::ExitOnce, counted == 1, || {
            format!("the end of process {pid} of {unit} is counted {counted} times")
        })?;
        let Some(really) = ended else {
            return hold(Invariant::ExitOnce, false, || {
                format!("the end of process {pid} of {unit} is counted, but it lives")
            });
        };
        let right = status == really || (known == StatusKnown::Perhaps && status == ExitStatus::Unknown);
        hold(Invariant::ExitOnce, right, || {
            format!("process {pid} of {unit} ended by {}, counted is {}", ending(really), ending(status))
        })
    }

    /// The keeper forgets a child.
    pub(crate) fn forgotten(&mut self, life: Life) -> Result<(), Violation> {
        let Some(seen) = self.lives.remove(&life) else { return Ok(()) };
        hold(Invariant::ExitOnce, seen.counted == 1 || seen.excuse != Excuse::None, || {
            format!(
                "the keeper forgets how process {} of {} ended, and nothing is written of it",
                seen.pid, seen.unit
            )
        })
    }

    /// A process is about to be ordered.
    pub(crate) fn ordered(&mut self, now: Instant, unit: Unit) -> Result<(), Violation> {
        hold(Invariant::WayDown, self.stopping.is_none(), || {
            format!("a process of {unit} is ordered while everything stops")
        })?;
        let watch = self.units.entry(unit).or_default();
        hold(Invariant::StopStays, watch.stopped == Stopped::No, || {
            format!("a process of {unit} is ordered, which somebody has stopped")
        })?;
        let early = watch.not_before.filter(|&from| from > now);
        hold(Invariant::Backoff, early.is_none(), || {
            let early = early.map_or(Duration::ZERO, |from| from.since(now));
            format!("an attempt of {unit} comes {early:?} too early after {} failures", watch.failures)
        })?;
        watch.stop_asked = Asked::No;
        Ok(())
    }

    /// It is written down that everything stops.
    pub(crate) fn stop_began(&mut self, now: Instant) {
        self.stopping.get_or_insert(now);
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    // --- what clients ask and are answered ---

    pub(crate) fn start_asked(&mut self, unit: Unit) {
        let watch = self.units.entry(unit).or_default();
        watch.starts += 1;
        watch.stopped = Stopped::No;
        watch.not_before = None;
    }

    /// Says what to hand in when the answer is there.
    pub(crate) fn stop_asked(&mut self, unit: Unit) -> u32 {
        let watch = self.units.entry(unit).or_default();
        watch.stop_asked = Asked::Yes;
        watch.starts
    }

    /// Somebody is told that it is stopped, who asked when there had been so many starts.
    pub(crate) fn stop_answered(&mut self, unit: Unit, starts: u32) {
        if let Some(watch) = self.units.get_mut(&unit).filter(|watch| watch.starts == starts) {
            watch.stopped = Stopped::Certainly;
        }
    }

    /// What a process has left is signalled.
    pub(crate) fn leftovers_signalled(&self, life: Life) -> Result<(), Violation> {
        let asked = self.lives.get(&life).is_none_or(|seen| seen.stop_meant == Asked::Yes);
        hold(Invariant::WholeTree, asked, || {
            format!("what {life:?} has left is signalled, though nobody has asked that to end")
        })
    }

    // --- what is looked at from time to time ---

    /// Looks whether what had to be over by now is.
    pub(crate) fn look(&mut self, now: Instant) -> Result<(), Violation> {
        while let Some((&(at, life), &unit)) = self.due.first_key_value() {
            if at > now {
                break;
            }
            self.due.pop_first();
            let lives =
                self.lives.get(&life).is_some_and(|seen| seen.ended.is_none() && seen.excuse == Excuse::None);
            hold(Invariant::StopEnds, !lives, || {
                format!("the process of {unit} was to end long ago, and lives")
            })?;
        }
        let late = self.stopping.is_some_and(|since| now.since(since) > FINISH);
        hold(Invariant::Finish, !late, || "everything was to end half an hour ago".to_owned())
    }
}
