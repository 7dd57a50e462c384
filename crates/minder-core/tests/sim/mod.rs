//! A world for the supervision: a clock, a kernel with processes, and faults, all from one list of moves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use minder_core::backoff::Backoff;
use minder_core::effect::Effect;
use minder_core::event::Event;
use minder_core::ids::{
    ByteString, CoreDump, Errno, ExitStatus, GroupName, InstanceId, Pid, ProgramName, Signal,
};
use minder_core::input::Input;
use minder_core::instance::{Phase, Trouble};
use minder_core::plan::GroupSpec;
use minder_core::program::{
    Choice, Command, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish, Readiness,
    Rotation, StageNotices, Startup, StdinSource, Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};
use minder_core::supervision::{Mode, Supervision};
use minder_core::time::{Instant, Now, WallTime};

/// A program with the usual policies.
pub(crate) fn program(name: &str) -> ProgramSpec {
    let output = OutputSpec {
        log: LogTarget::Nowhere,
        rotation: Rotation::Never,
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    };
    ProgramSpec {
        name: ProgramName::new(name),
        command: Command {
            line: name.into(),
            file: None,
            words: Ok(vec![ByteString::from(name.as_bytes().to_vec())]),
            search: Vec::new(),
            choice: Choice::First,
        },
        directory: None,
        environment: Vec::new(),
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 0,
        startup: Startup::Automatic,
        restart: RestartPolicy::OnUnexpectedExit,
        expected_exits: ExpectedExits(vec![0]),
        readiness: Readiness::StaysUp(Duration::from_secs(1)),
        backoff: Backoff { retries: 3, step: Duration::from_secs(1) },
        stop: StopPolicy {
            signal: Signal::TERM,
            grace: Duration::from_secs(10),
            reach: Reach::Process,
            kill_reach: Reach::Process,
        },
        stdin: StdinSource::Pipe,
        stdout: output.clone(),
        stderr: ErrorOutput::Own(output),
        notices: StageNotices::default(),
    }
}

/// A group of programs.
pub(crate) fn group(name: &str, priority: i64, programs: Vec<ProgramSpec>) -> Arc<GroupSpec> {
    Arc::new(GroupSpec {
        name: GroupName::new(name),
        priority,
        programs: programs.into_iter().map(Arc::new).collect(),
        subscription: None,
        socket: None,
    })
}

/// How a process of a slot takes to the stop signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manners {
    /// It ends at once.
    Polite,
    /// Only the kill ends it.
    Stubborn,
}

/// One thing that somebody or chance does.
#[derive(Clone, Debug)]
pub(crate) enum Move {
    /// Time goes on.
    Wait(Duration),
    /// Somebody asks for a start.
    Start(usize),
    /// Somebody asks for a stop.
    Stop(usize),
    /// A group gets so many programs.
    Reshape(usize, usize),
    /// A process ends by itself.
    End(usize, ExitStatus),
    /// The next spawns of a slot fail so many times.
    Break(usize, u8),
    /// From now on the processes of a slot are like this.
    Behave(usize, Manners),
    /// The mind is killed, and another goes on with what was kept.
    KillMind,
    /// The kernel answers what it has not answered yet.
    Answer,
    /// Everything is to stop.
    Shutdown,
}

/// The world: it checks what must hold at every step.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) supervision: Supervision,
    pub(crate) now: Now,
    pub(crate) finished: bool,
    /// What was published and ordered, for tests that look.
    pub(crate) story: Vec<(Instant, Effect)>,
    /// Living processes.
    alive: BTreeMap<InstanceId, Pid>,
    /// Processes that a signal has ended; their exits are told when time goes on.
    dying: BTreeMap<InstanceId, Signal>,
    manners: BTreeMap<InstanceId, Manners>,
    broken: BTreeMap<InstanceId, u8>,
    /// Orders that the kernel has not answered.
    ordered: Vec<InstanceId>,
    next_pid: u32,
    /// Whether answers come by themselves.
    prompt: bool,
    attempts: BTreeMap<InstanceId, Vec<Instant>>,
}

impl World {
    /// With these groups; `prompt` worlds answer each order at once.
    pub(crate) fn new(specs: Vec<Arc<GroupSpec>>) -> Self {
        let mut world = Self {
            supervision: Supervision::new(),
            now: Now { monotonic: Instant(1_000_000_000), wall: WallTime(1_000_000) },
            finished: false,
            story: Vec::new(),
            alive: BTreeMap::new(),
            dying: BTreeMap::new(),
            manners: BTreeMap::new(),
            broken: BTreeMap::new(),
            ordered: Vec::new(),
            next_pid: 100,
            prompt: true,
            attempts: BTreeMap::new(),
        };
        for spec in specs {
            world.input(Input::AddGroup(spec));
        }
        world
    }

    /// Answers only when told to.
    pub(crate) fn slow(mut self) -> Self {
        self.prompt = false;
        self
    }

    /// All slots, in order.
    pub(crate) fn slots(&self) -> Vec<InstanceId> {
        self.supervision.instances().map(|(id, _)| id).collect()
    }

    pub(crate) fn input(&mut self, input: Input) {
        let mut effects = Vec::new();
        let stopping = matches!(self.supervision.mode(), Mode::Stopping | Mode::Stopped);
        self.supervision.step(self.now, input, &mut effects);
        for effect in effects {
            self.story.push((self.now.monotonic, effect.clone()));
            match effect {
                Effect::Spawn(id) => {
                    assert!(!stopping, "nothing starts while everything stops");
                    self.order(id);
                }
                Effect::Signal(id, signal, _) => self.signalled(id, signal),
                Effect::Finished => {
                    assert!(!self.finished, "it finishes once");
                    self.finished = true;
                }
                Effect::Drop(id) => assert!(!self.alive.contains_key(&id), "no slot goes with its process"),
                Effect::Publish(_) | Effect::Keep(_) | Effect::Prepare(_) | Effect::Reshape(..) => {}
            }
        }
        self.check();
        if self.prompt {
            self.answer();
        }
    }

    fn order(&mut self, id: InstanceId) {
        assert!(!self.alive.contains_key(&id), "never two processes in one slot");
        assert!(!self.ordered.contains(&id), "never two orders for one slot");
        self.ordered.push(id);
        let failures = self.supervision.instance(id).expect("the slot is there").facts.failures;
        let attempts = self.attempts.entry(id).or_default();
        if failures == 0 {
            attempts.clear();
        }
        attempts.push(self.now.monotonic);
    }

    /// The kernel answers one order after the other.
    pub(crate) fn answer(&mut self) {
        while !self.ordered.is_empty() {
            let id = self.ordered.remove(0);
            let broken = self.broken.entry(id).or_default();
            if *broken > 0 {
                *broken -= 1;
                self.input(Input::NotSpawned(id, Trouble::Fork(Errno(11))));
                continue;
            }
            let pid = Pid::new(self.next_pid).expect("pids grow");
            self.next_pid += 1;
            self.alive.insert(id, pid);
            self.input(Input::Spawned(id, pid));
        }
    }

    fn signalled(&mut self, id: InstanceId, signal: Signal) {
        let polite = self.manners.get(&id) != Some(&Manners::Stubborn);
        if self.alive.contains_key(&id) && (polite || signal == Signal::KILL) {
            // The exit is told later, as in life: not inside the step that sent the signal.
            self.dying.insert(id, signal);
        }
    }

    fn bury(&mut self) {
        while let Some((id, signal)) = self.dying.pop_first() {
            if self.alive.remove(&id).is_some() {
                self.input(Input::Exited(id, ExitStatus::Signal { signal, core: CoreDump::None }));
            }
        }
    }

    /// Lets time pass, deadline by deadline.
    pub(crate) fn wait(&mut self, duration: Duration) {
        let end = self.now.monotonic + duration;
        self.bury();
        let mut turns = 0;
        while let Some(at) = self.supervision.deadline().filter(|&at| at <= end) {
            turns += 1;
            assert!(turns < 10_000, "time goes on between deadlines");
            self.advance(at.max(self.now.monotonic));
            self.input(Input::Tick);
            let next = self.supervision.deadline();
            assert!(next.is_none_or(|next| next > self.now.monotonic), "a tick leaves nothing due");
            self.bury();
        }
        self.advance(end);
    }

    fn advance(&mut self, to: Instant) {
        let passed = to.since(self.now.monotonic);
        self.now.wall.0 += i64::try_from(passed.as_micros()).expect("short");
        self.now.monotonic = to;
    }

    /// A mind is killed; what the ledger has is all that the next one knows.
    fn kill_mind(&mut self) {
        let mode = self.supervision.mode();
        let mut next = Supervision::new();
        let mut effects = Vec::new();
        for group in self.supervision.groups() {
            let facts = |id: &InstanceId| self.supervision.instance(*id).expect("kept").facts.clone();
            let slots = group.members.iter().map(|id| (*id, facts(id))).collect();
            next.step(self.now, Input::Adopt(group.spec.clone(), slots), &mut effects);
        }
        assert!(effects.is_empty(), "taking over orders nothing");
        self.supervision = next;
        if mode == Mode::Resting {
            return;
        }
        self.input(Input::Resume(mode));
    }

    /// Does one move.
    pub(crate) fn play(&mut self, act: &Move) {
        let slots = self.slots();
        let slot = |index: usize| slots[index % slots.len()];
        match act {
            Move::Wait(duration) => self.wait(*duration),
            Move::Start(index) => {
                // Who asks does not wait for the next attempt.
                self.attempts.remove(&slot(*index));
                self.input(Input::Start(slot(*index)));
            }
            Move::Stop(index) => self.input(Input::Stop(slot(*index), None)),
            Move::Reshape(index, size) => self.reshape(*index, *size),
            Move::End(index, status) => {
                let id = slot(*index);
                if self.alive.remove(&id).is_some() {
                    self.dying.remove(&id);
                    self.input(Input::Exited(id, *status));
                }
            }
            Move::Break(index, times) => drop(self.broken.insert(slot(*index), *times)),
            Move::Behave(index, manners) => drop(self.manners.insert(slot(*index), *manners)),
            Move::KillMind if self.finished => {}
            Move::KillMind => self.kill_mind(),
            Move::Answer => self.answer(),
            Move::Shutdown => self.input(Input::Shutdown),
        }
    }

    /// Gives a group `size` programs: the first of those it has, and new ones.
    fn reshape(&mut self, index: usize, size: usize) {
        let groups = self.supervision.groups();
        let group = &groups[index % groups.len()];
        let mut spec = GroupSpec::clone(&group.spec);
        let members = group.members.clone();
        spec.programs.truncate(size);
        for n in spec.programs.len()..size {
            spec.programs.push(Arc::new(program(&format!("more{n}"))));
        }
        let spec = Arc::new(spec);
        self.input(Input::Reshape(spec.clone()));
        let after = self.supervision.group(&spec.name).expect("it stays");
        if after.spec == spec {
            assert_eq!(
                after.members[..size.min(members.len())],
                members[..size.min(members.len())],
                "who stays, stays"
            );
        } else {
            assert_eq!(after.members, members, "refused without effect");
        }
    }

    /// Every living process, by slot.
    pub(crate) fn alive(&self) -> BTreeSet<InstanceId> {
        self.alive.keys().copied().collect()
    }

    fn check(&self) {
        for (id, instance) in self.supervision.instances() {
            if let Some(pid) = instance.facts.pid() {
                let known = self.alive.get(&id);
                assert!(known.is_none_or(|&alive| alive == pid), "the pid is the process's own");
            }
            if let Phase::Waiting { until } = instance.facts.phase {
                assert!(until >= self.now.monotonic, "the next attempt is not overdue");
            }
            let retries = instance.spec.backoff.retries;
            assert!(instance.facts.failures <= retries + 1, "no attempt beyond the last");
            self.check_pauses(id, &instance.spec);
        }
        self.check_order();
    }

    /// The n-th failure in a row is followed by n pauses.
    fn check_pauses(&self, id: InstanceId, spec: &ProgramSpec) {
        let Some(attempts) = self.attempts.get(&id) else { return };
        for (n, pair) in attempts.windows(2).enumerate() {
            let pause = spec.backoff.step * u32::try_from(n + 1).expect("few");
            assert!(pair[1].since(pair[0]) >= pause, "attempt {} comes too early", n + 2);
        }
    }

    /// While everything stops, a group is only asked when those of a higher priority are at rest.
    fn check_order(&self) {
        let Some((_, Effect::Publish(Event::StopSignalled { id, .. }))) = self.story.last() else { return };
        if self.supervision.mode() != Mode::Stopping {
            return;
        }
        let Some(instance) = self.supervision.instance(*id) else { return };
        let priority = self.supervision.group(&instance.group).map_or(0, |group| group.spec.priority);
        for group in self.supervision.groups().iter().filter(|group| group.spec.priority > priority) {
            for id in &group.members {
                let facts = &self.supervision.instance(*id).expect("member").facts;
                assert!(facts.is_at_rest(), "{} stops before {priority}", group.spec.priority);
            }
        }
    }
}
