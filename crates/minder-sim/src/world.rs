//! The world: time jumps from one thing that happens to the next.
//!
//! ```text
//!  scenario ──moves──▶ clients ─▶ Mind ─▶ Way<ToKeeper> ─▶ Keeper ─▶ Kernel ─▶ ends of processes ─┐
//!                                  ▲                                                             │
//!                                  └───────── Way<FromKeeper> ◀────── Keeper ◀───── reaped ◀──────┘
//! ```
//!
//! Everything that takes time takes a little, and sometimes a lot, so that things happen in every order. In `keeping` is
//! what the keeper does, in `deaths` what happens when one of the two is killed, in `acting` what the moves do.

mod acting;
mod deaths;
mod keeping;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minder_core::effect::Effect;
use minder_core::ids::ExitStatus;
use minder_core::supervision::{Mode, Supervision};
use minder_core::time::Instant;

use crate::chance::{mix, nanos};
use crate::counts::Counts;
use crate::env::{Env, Ticket};
use crate::family::Families;
use crate::halt::{Halt, Invariant, Violation, hold};
use crate::keeper::Keeper;
use crate::kernel::{Kernel, Life};
use crate::memory::Memory;
use crate::mind::{Ask, Finished, Mind};
use crate::moves::{Move, Unit, number};
use crate::mutation::Mutation;
use crate::nature::{HOUR, Nature};
use crate::scenario::Scenario;
use crate::transcript::Transcript;
use crate::wire::{FromKeeper, Way};
use crate::witness::Witness;

/// Whether a run is to be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Record {
    /// Only what it leads to.
    Nothing,
    /// Each line of what happens.
    Transcript,
    /// Each effect that the supervision orders.
    Story,
}

/// A clock, a kernel, a keeper, a mind, and all that is about to happen.
pub struct World {
    scenario: Scenario,
    env: Env,
    kernel: Kernel,
    keeper: Keeper,
    mind: Option<Mind>,
    to_mind: Way<FromKeeper>,
    queue: BTreeMap<(Instant, u64), Task>,
    /// Numbers tasks and tickets.
    number: u64,
    /// Attempts to make a process, by program.
    attempts: BTreeMap<Unit, u64>,
    /// How many of the next attempts fail.
    broken: BTreeMap<Unit, u8>,
    clients: BTreeMap<Ticket, Client>,
    weather: Weather,
    ended: Ended,
    /// The second that is being lived through, and how much has happened in it.
    second: (u64, u32),
}

/// Something that is to happen at a time.
#[derive(Clone, Copy, Debug)]
enum Task {
    Move(usize),
    /// A process ends, unless it has ended otherwise.
    End {
        pid: u32,
        life: Life,
        status: ExitStatus,
        cause: Cause,
    },
    /// Its parent asks how a zombie ended.
    Reap {
        pid: u32,
        life: Life,
    },
    /// A keeper hears how a process ended that somebody else has reaped.
    Notice {
        life: Life,
        status: ExitStatus,
    },
    MindBegins,
    Ask(Ask, After),
    /// Whoever wants everything to end asks again, if that is not on its way.
    Insist(crate::moves::Way),
    Calm,
    LookAtCalm,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cause {
    /// It would have ended by itself.
    Nature,
    /// Something made it end.
    Force,
}

/// What a client does when it is answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum After {
    Nothing,
    Start(Unit),
}

/// Who has asked for something.
#[derive(Clone, Copy, Debug)]
struct Client {
    ask: Ask,
    after: After,
    /// Of a stop: how many starts there had been.
    starts: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Weather {
    Foul,
    Calm,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    No,
    Yes,
}

/// More than this in one second is a circle.
const STEPS_A_SECOND_MAX: u32 = 20_000;

impl World {
    /// One in which nothing has happened yet; the first mind is about to begin.
    pub fn new(scenario: Scenario, mutation: Option<Mutation>, record: Record) -> Self {
        // The clock has run for a while, as clocks have.
        let now = Instant(nanos(HOUR) * 2);
        let mut transcript = match record {
            Record::Transcript => Transcript::kept(),
            Record::Nothing | Record::Story => Transcript::default(),
        };
        transcript.begin = now;
        let files = scenario.groups.iter().map(|spec| (number(spec.name.as_str()), spec.clone())).collect();
        let env = Env {
            seed: scenario.seed,
            mutation,
            now,
            wall_ahead: 1_700_000_000_000_000,
            memory: Memory::default(),
            files,
            to_keeper: Way::default(),
            answers: Vec::new(),
            witness: Witness::default(),
            families: Families::default(),
            killed_by_hand: BTreeSet::new(),
            counts: Counts::default(),
            doom: None,
            transcript,
            story: (record == Record::Story).then(Vec::new),
        };
        let mut world = Self {
            env,
            kernel: Kernel::new(scenario.seed),
            keeper: Keeper::default(),
            mind: None,
            to_mind: Way::default(),
            queue: BTreeMap::new(),
            number: 0,
            attempts: BTreeMap::new(),
            broken: BTreeMap::new(),
            clients: BTreeMap::new(),
            weather: Weather::Foul,
            ended: Ended::No,
            second: (0, 0),
            scenario,
        };
        world.after(Duration::ZERO, Task::MindBegins);
        for (index, (at, _)) in world.scenario.moves.clone().iter().enumerate() {
            world.after(*at, Task::Move(index));
        }
        let calm_from = world.scenario.calm_from;
        if !world.scenario.moves.is_empty() {
            world.after(calm_from, Task::Calm);
            world.after(calm_from + HOUR - Duration::from_secs(10), Task::LookAtCalm);
        }
        world
    }

    /// Lets everything happen, until minder has ended.
    ///
    /// # Errors
    /// With the first promise that was not kept.
    pub fn run(&mut self) -> Result<(), Violation> {
        while self.ended == Ended::No {
            let Some(at) = self.next_at() else {
                return hold(Invariant::Finish, false, || {
                    "nothing happens any more, and minder has not finished".to_owned()
                });
            };
            self.advance(at)?;
        }
        Ok(())
    }

    /// Lets happen what happens within `duration`.
    ///
    /// # Errors
    /// With the first promise that was not kept.
    pub fn wait(&mut self, duration: Duration) -> Result<(), Violation> {
        let end = self.env.now + duration;
        while let Some(at) = self.next_at().filter(|&at| at <= end && self.ended == Ended::No) {
            self.advance(at)?;
        }
        self.pass(end);
        Ok(())
    }

    /// Lets so many things happen, or all that will.
    ///
    /// # Errors
    /// With the first promise that was not kept.
    pub fn steps(&mut self, most: u64) -> Result<(), Violation> {
        let end = self.env.counts.steps + most;
        while let Some(at) = self.next_at().filter(|_| self.env.counts.steps < end && self.ended == Ended::No)
        {
            self.advance(at)?;
        }
        Ok(())
    }

    /// Does one thing now.
    ///
    /// # Errors
    /// When a promise was not kept.
    pub fn play(&mut self, act: Move) -> Result<(), Violation> {
        self.act(act)
    }

    /// What the mind has, while there is one.
    pub fn supervision(&self) -> Option<&Supervision> {
        self.mind.as_ref().map(|mind| &mind.world)
    }

    /// Whether a process of this program lives.
    pub fn lives(&self, unit: Unit) -> bool {
        self.kernel.living(unit).is_some()
    }

    /// Whether minder has ended.
    pub fn has_ended(&self) -> bool {
        self.ended == Ended::Yes
    }

    /// The effects since the last call, if they are recorded.
    pub fn take_story(&mut self) -> Vec<Effect> {
        self.env.story.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Where the clock stands.
    pub fn now(&self) -> Instant {
        self.env.now
    }

    /// What has happened so far.
    pub fn counts(&self) -> &Counts {
        &self.env.counts
    }

    /// The lines of what has happened, if they are recorded.
    pub fn into_transcript(self) -> Vec<String> {
        self.env.transcript.into_lines()
    }

    fn after(&mut self, wait: Duration, task: Task) {
        self.number += 1;
        self.queue.insert((self.env.now + wait, self.number), task);
    }

    /// When the next thing happens.
    fn next_at(&self) -> Option<Instant> {
        let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
        let heard = self.mind.as_ref().and_then(|_| self.to_mind.next_at());
        let left = self.leftovers_end_at();
        [queued, self.env.to_keeper.next_at(), heard, left, self.wake_at()].into_iter().flatten().min()
    }

    /// When the mind hears that something has ended which a process had left.
    fn leftovers_end_at(&self) -> Option<Instant> {
        self.mind.as_ref().and_then(|mind| mind.leftovers_end_at(&self.env))
    }

    /// When the mind's timer wakes it: a little after its deadline, never before.
    fn wake_at(&self) -> Option<Instant> {
        let deadline = self.mind.as_ref()?.world.deadline()?;
        let number = mix(&[self.env.seed, deadline.0, 5]);
        let late = if number.is_multiple_of(50) { 800_000_000 } else { 100_000 };
        Some(self.env.due(deadline) + Duration::from_nanos((number >> 8) % late))
    }

    fn pass(&mut self, to: Instant) {
        self.env.counts.simulated += to.since(self.env.now);
        self.env.now = self.env.now.max(to);
    }

    fn advance(&mut self, to: Instant) -> Result<(), Violation> {
        self.pass(to);
        self.env.counts.steps += 1;
        let second = self.env.now.0 / 1_000_000_000;
        self.second = if self.second.0 == second { (second, self.second.1 + 1) } else { (second, 1) };
        hold(Invariant::Calm, self.second.1 <= STEPS_A_SECOND_MAX, || {
            format!("more than {STEPS_A_SECOND_MAX} things happen within a second")
        })?;
        self.env.witness.look(self.env.now)?;
        self.happen()
    }

    /// The one thing that is next.
    fn happen(&mut self) -> Result<(), Violation> {
        let now = self.env.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.queue.first_key_value().map(|((at, _), _)| *at)) {
            let Some((_, task)) = self.queue.pop_first() else { return Ok(()) };
            return self.perform(task);
        }
        if due(self.env.to_keeper.next_at()) {
            let Some(message) = self.env.to_keeper.receive() else { return Ok(()) };
            return self.obey(message);
        }
        if self.mind.is_some() && due(self.to_mind.next_at()) {
            let Some(message) = self.to_mind.receive() else { return Ok(()) };
            return self.with_mind(|mind, env| mind.hear(env, message));
        }
        if due(self.leftovers_end_at()) {
            return self.with_mind(Mind::leftovers_ended);
        }
        self.with_mind(|mind, env| {
            mind.due(env)?;
            let (now, next) = (env.clocks().monotonic, mind.world.deadline());
            hold(Invariant::Calm, next.is_none_or(|next| next > now), || "a deadline stays due".to_owned())?;
            Ok(())
        })
    }

    fn perform(&mut self, task: Task) -> Result<(), Violation> {
        match task {
            Task::Move(index) => {
                let Some(&(_, act)) = self.scenario.moves.get(index) else { return Ok(()) };
                self.act(act)
            }
            Task::End { pid, life, status, cause } => {
                if cause == Cause::Force || self.weather == Weather::Foul {
                    self.end(pid, life, status);
                }
                Ok(())
            }
            Task::Reap { pid, life } => {
                self.reap(pid, life);
                Ok(())
            }
            Task::Notice { life, status } => {
                self.tell_end(life, status);
                Ok(())
            }
            Task::MindBegins => self.mind_begins(),
            Task::Ask(ask, after) => self.ask(ask, after),
            Task::Insist(way) => self.insist(way),
            Task::Calm => {
                self.weather = Weather::Calm;
                self.env.doom = None;
                self.broken.clear();
                self.env.transcript.note(self.env.now, || "from now on nothing bad happens".to_owned());
                Ok(())
            }
            Task::LookAtCalm => self.look_at_calm(),
        }
    }

    /// Everything has had an hour to come right.
    fn look_at_calm(&mut self) -> Result<(), Violation> {
        let Some(mind) = &self.mind else {
            return hold(Invariant::Liveness, false, || "there is no mind".to_owned());
        };
        if mind.world.mode() != Mode::Running {
            return Ok(());
        }
        let waiting = mind.waiting();
        hold(Invariant::Liveness, waiting == 0, || format!("{waiting} wait for an answer"))?;
        self.env.witness.look_at_calm(&mind.world, &self.kernel)
    }

    /// Lets the mind do something, during which it may be killed or come to its end.
    fn with_mind(
        &mut self,
        act: impl FnOnce(&mut Mind, &mut Env) -> Result<(), Halt>,
    ) -> Result<(), Violation> {
        let Some(mut mind) = self.mind.take() else { return Ok(()) };
        let mut outcome = act(&mut mind, &mut self.env);
        if outcome.is_ok() && mind.finished == Finished::Yes {
            self.env.witness.finished(&self.kernel)?;
            outcome = self.env.send(crate::wire::ToKeeper::Finish);
            if outcome.is_ok() {
                // It exits; what it has sent is done.
                return Ok(());
            }
        }
        match outcome {
            Ok(()) => self.mind = Some(mind),
            Err(Halt::Killed) => self.mind_died(),
            Err(Halt::Broken(violation)) => return Err(violation),
        }
        self.hear_answers();
        Ok(())
    }

    /// How processes of a program are. When it is calm all are well-behaved.
    fn nature(&self, unit: Unit) -> Nature {
        let nature = self.scenario.natures.get(&unit).cloned().unwrap_or(Nature::STEADY);
        match self.weather {
            Weather::Foul => nature,
            Weather::Calm => Nature {
                lives: Nature::STEADY.lives,
                unmade: 0,
                unborn: 0,
                manners: nature.manners,
                touch: nature.touch,
            },
        }
    }
}
