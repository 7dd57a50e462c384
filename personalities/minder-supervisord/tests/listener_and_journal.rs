//! Long because one stage serves all: the main log and the listener pools on a stage: a real `Supervision`, invented processes, no clock and no pipe.
//!
//! Snapshots show what happens on the left and the lines of the log, and what listeners are sent, on the right.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use minder_core::backoff::{Backoff, Shortage};
use minder_core::control::{Observer, Order};
use minder_core::effect::Effect;
use minder_core::event::{Announcement, Channel, Event, Output};
use minder_core::ids::{
    CoreDump, Errno, ExitStatus, GroupName, InstanceId, Pid, ProgramName, Signal, UnitName,
};
use minder_core::input::Input;
use minder_core::instance::Trouble;
use minder_core::plan::{GroupSpec, Subscription};
use minder_core::program::{
    Choice, Command, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish, Readiness,
    Rotation, Startup, StdinSource, Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};
use minder_core::supervision::Supervision;
use minder_core::time::{Instant, Now, WallTime};
use minder_supervisord::conf::types::LogLevel;
use minder_supervisord::journal::{Journal, JournalWords};
use minder_supervisord::listener::{MEMO, Pools, PoolsConfig};
use proptest::prelude::*;

/// 2026-11-21 06:32:59 UTC.
const BEGINNING: i64 = 1_795_242_779_000_000;

struct Stage {
    world: Supervision,
    words: JournalWords,
    journal: Journal,
    pools: Pools,
    now: Now,
    next_pid: u32,
    memo: Option<Vec<u8>>,
    /// What listeners were sent and have not read.
    sent: VecDeque<(InstanceId, Vec<u8>)>,
    /// What happened and what came of it.
    transcript: String,
}

fn pools(words: &JournalWords, memo: Option<&[u8]>) -> Pools {
    Pools::new(PoolsConfig { identifier: "idx".into(), words: words.clone() }, memo)
}

impl Stage {
    fn new(level: LogLevel) -> Self {
        let words = JournalWords { level, zone: TimeZone::UTC };
        Self {
            world: Supervision::new(),
            journal: Journal::new(words.clone()),
            pools: pools(&words, None),
            words,
            now: Now { monotonic: Instant(1_000_000_000), wall: WallTime(BEGINNING) },
            next_pid: 100,
            memo: None,
            sent: VecDeque::new(),
            transcript: String::new(),
        }
    }

    fn id(&self, name: &str) -> InstanceId {
        let (group, program) = name.split_once(':').unwrap_or((name, name));
        let name = UnitName { group: GroupName::new(group), program: ProgramName::new(program) };
        self.world.find(&name).unwrap()
    }

    fn note(&mut self, what: &str) {
        writeln!(self.transcript, "-- {what}").unwrap();
    }

    fn add(&mut self, group: GroupSpec) {
        self.input(Input::AddGroup(Arc::new(group)));
    }

    fn input(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let mut effects = Vec::new();
            self.world.step(self.now, input, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Publish(event) => self.event(&event),
                    Effect::Spawn(id) => {
                        let command = &self.world.instance(id).unwrap().spec.command;
                        inputs.push_back(if command.line.starts_with("bad") {
                            Input::NotSpawned(id, Trouble::Fork(Errno(11)))
                        } else {
                            self.next_pid += 1;
                            Input::Spawned(id, Pid::new(self.next_pid).unwrap())
                        });
                    }
                    Effect::Signal(..)
                    | Effect::Keep(_)
                    | Effect::Prepare(_)
                    | Effect::Reshape(..)
                    | Effect::Drop(_)
                    | Effect::Finished => {}
                }
            }
        }
    }

    fn event(&mut self, event: &Event) {
        let mut orders = Vec::new();
        self.journal.observe(self.now, &self.world, event, &mut orders);
        self.pools.observe(self.now, &self.world, event, &mut orders);
        self.carry_out(orders);
    }

    fn carry_out(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Journal(line) => self.transcript.push_str(std::str::from_utf8(&line).unwrap()),
                Order::Feed(id, bytes) => {
                    let name = &self.world.instance(id).unwrap().spec.name;
                    writeln!(self.transcript, "   {name} <- {}", bytes.escape_ascii()).unwrap();
                    self.sent.push_back((id, bytes));
                }
                Order::Remember(MEMO, memo) => self.memo = Some(memo),
                Order::Remember(name, _) => panic!("remembers {name}"),
                Order::Announce(said) => panic!("announces {said:?}"),
            }
        }
    }

    fn run(&mut self, millis: u64) {
        let end = self.now.monotonic + Duration::from_millis(millis);
        for _ in 0..10_000 {
            let deadlines = [self.world.deadline(), self.journal.deadline(), self.pools.deadline()];
            let Some(at) = deadlines.into_iter().flatten().min().filter(|at| *at <= end) else {
                self.set_clock(end);
                return;
            };
            self.set_clock(at.max(self.now.monotonic));
            let mut orders = Vec::new();
            self.journal.wake(self.now, &self.world, &mut orders);
            self.pools.wake(self.now, &self.world, &mut orders);
            self.carry_out(orders);
            self.input(Input::Tick);
        }
        panic!("something wants to be woken again and again");
    }

    fn set_clock(&mut self, at: Instant) {
        let passed = at.since(self.now.monotonic);
        self.now.monotonic = at;
        self.now.wall.0 += i64::try_from(passed.as_micros()).unwrap();
    }

    fn says(&mut self, name: &str, text: &str) {
        self.output(self.id(name), Channel::Stdout, text.as_bytes());
    }

    fn output(&mut self, id: InstanceId, channel: Channel, bytes: &[u8]) {
        let Some(pid) = self.world.instance(id).unwrap().facts.pid() else { return };
        self.event(&Event::Output(Output { id, pid, channel, bytes: bytes.to_vec() }));
    }

    fn exits(&mut self, name: &str, status: ExitStatus) {
        self.input(Input::Exited(self.id(name), status));
    }

    /// The mind is killed; the next one has the memo.
    fn kill_mind(&mut self) {
        self.note("the mind is killed");
        self.pools = pools(&self.words, self.memo.as_deref());
        self.journal = Journal::new(self.words.clone());
    }

    fn check(self, name: &str) {
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, self.transcript);
        });
    }
}

fn program(name: &str) -> ProgramSpec {
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
            words: Ok(Vec::new()),
            search: Arc::default(),
            choice: Choice::First,
        },
        directory: None,
        environment: Vec::new(),
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 999,
        startup: Startup::Automatic,
        restart: RestartPolicy::OnUnexpectedExit,
        expected_exits: ExpectedExits(vec![0]),
        readiness: Readiness::StaysUp(Duration::from_secs(1)),
        backoff: Backoff { retries: 1, step: Duration::from_secs(1), shortage: Shortage::Counts },
        stop: StopPolicy {
            signal: Signal::TERM,
            grace: Duration::from_secs(5),
            reach: Reach::Process,
            kill_reach: Reach::Group,
        },
        stdin: StdinSource::Pipe,
        stdout: output.clone(),
        stderr: ErrorOutput::Own(output),
        notices: Arc::default(),
    }
}

fn group(name: &str, programs: Vec<ProgramSpec>) -> GroupSpec {
    let programs = programs.into_iter().map(Arc::new).collect();
    GroupSpec { name: GroupName::new(name), priority: 999, programs, subscription: None, socket: None }
}

fn listeners(name: &str, members: &[&str], topics: &[&str], backlog: u32) -> GroupSpec {
    let listener = |name: &&str| {
        let mut spec = program(name);
        spec.stdout.publish = Publish::Dialogue;
        spec
    };
    let topics = topics.iter().map(|topic| (*topic).into()).collect();
    let subscription = Some(Subscription { topics, backlog, judge: "".into() });
    let programs = members.iter().map(listener).collect();
    GroupSpec { priority: -1, subscription, ..group(name, programs) }
}

const KILLED: ExitStatus = ExitStatus::Signal { signal: Signal::KILL, core: CoreDump::None };

fn announce(stage: &mut Stage, body: &str) {
    stage.event(&Event::Announced(Announcement { topic: "t".into(), body: body.into() }));
}

#[test]
fn a_day_in_the_main_log() {
    let mut stage = Stage::new(LogLevel::Info);
    let mut slow = program("kg");
    slow.stop.grace = Duration::from_secs(3);
    stage.add(group("kg", vec![slow]));
    stage.add(group("w", vec![program("w"), program("bad")]));
    stage.add(group("x", vec![program("x")]));
    stage.note("supervision begins");
    stage.input(Input::Begin);
    stage.run(1500);
    stage.note("a program dies young, and again");
    stage.add(group("y", vec![program("y")]));
    stage.exits("y", ExitStatus::Code(1));
    stage.run(1001);
    stage.exits("y", ExitStatus::Code(1));
    stage.note("x ends well, and kg is to stop");
    stage.exits("x", ExitStatus::Code(0));
    stage.input(Input::Stop(stage.id("kg"), None));
    stage.run(3500);
    stage.exits("kg", KILLED);
    stage.note("w crashes");
    stage.exits("w:w", ExitStatus::Signal { signal: Signal(11), core: CoreDump::Written });
    stage.run(1500);
    stage.note("everything is to stop");
    stage.event(&Event::Asked(Signal::TERM));
    stage.input(Input::Shutdown);
    stage.run(4000);
    stage.event(&Event::Asked(Signal(1)));
    stage.exits("w:w", ExitStatus::Signal { signal: Signal::TERM, core: CoreDump::None });
    stage.run(9000);
    stage.event(&Event::OrphanReaped { pid: Pid::new(77).unwrap(), status: ExitStatus::Code(3) });
    stage.event(&Event::Asked(Signal(12)));
    stage.check("a_day_in_the_main_log");
}

#[test]
fn the_debug_level_shows_what_programs_say() {
    let mut stage = Stage::new(LogLevel::Blather);
    stage.add(group("it's", vec![program("it's")]));
    stage.add(listeners("lis", &["lis"], &["SUPERVISOR_STATE_CHANGE"], 10));
    stage.input(Input::Begin);
    let id = stage.id("it's");
    stage.output(id, Channel::Stdout, "héllo\n".as_bytes());
    stage.output(id, Channel::Stderr, b"\xff\n");
    stage.run(1200);
    stage.says("lis", "READY\n");
    stage.says("lis", "RESULT 2\nOKREADY\n");
    let pid = Pid::new(101).unwrap();
    stage.event(&Event::Captured(Output { id, pid, channel: Channel::Stdout, bytes: b"x".to_vec() }));
    stage.input(Input::Shutdown);
    stage.run(100);
    stage.check("the_debug_level_shows_what_programs_say");
}

#[test]
fn events_as_the_original_sends_them() {
    let mut stage = Stage::new(LogLevel::Debug);
    stage.add(listeners("lis", &["lis"], &["EVENT"], 100));
    stage.input(Input::Begin);
    stage.run(1100);
    let mut quick = program("quick");
    quick.stdout.publish = Publish::Chunks;
    stage.add(group("quick", vec![quick]));
    let id = stage.id("quick");
    stage.output(id, Channel::Stdout, b"hello\n");
    stage.output(id, Channel::Stdout, b"\xff'");
    stage.output(id, Channel::Stderr, b"nobody is told of this");
    let pid = Pid::new(102).unwrap();
    stage.event(&Event::Captured(Output { id, pid, channel: Channel::Stderr, bytes: b"cap".to_vec() }));
    stage.exits("quick", ExitStatus::Code(3));
    stage.run(1100);
    stage.run(1100);
    stage.exits("quick", ExitStatus::Code(4));
    announce(&mut stage, "é€");
    stage.run(5000);
    stage.input(Input::Shutdown);
    stage.says("lis", "READY\n");
    stage.transcript.clear();
    stage.world = Supervision::new();
    let mut stage = replay(&stage);
    stage.run(1);
    stage.check("events_as_the_original_sends_them");
}

/// All that waits, from the memo: one listener that takes everything.
fn replay(old: &Stage) -> Stage {
    let mut stage = Stage { now: old.now, ..Stage::new(LogLevel::Critical) };
    stage.pools = pools(&stage.words, old.memo.as_deref());
    stage.add_quietly(listeners("lis", &["lis"], &["EVENT"], 100));
    stage.run(0);
    for _ in 0..60 {
        stage.says("lis", "READY\n");
        stage.says("lis", "RESULT 2\nOK");
    }
    stage
}

impl Stage {
    /// A group whose programs run already, as a later mind finds it; its pool keeps what the memo says.
    fn add_quietly(&mut self, spec: GroupSpec) {
        let now = self.now;
        let mut effects = Vec::new();
        self.world.step(now, Input::AddGroup(Arc::new(spec)), &mut effects);
        self.world.step(now, Input::Begin, &mut effects);
        for (number, id) in (900..).zip(self.world.instances().map(|(id, _)| id).collect::<Vec<_>>()) {
            self.world.step(now, Input::Spawned(id, Pid::new(number).unwrap()), &mut effects);
        }
        self.set_clock(now.monotonic + Duration::from_secs(2));
        self.world.step(self.now, Input::Tick, &mut effects);
    }
}

/// What a listener of Supervisor 4.3.0 got while `quick` (`sleep 0.2; exit 3`) came and went and `say` spoke and was
/// stopped: header, then payload as Python shows it.
const RECORDED: &str = r#"
ver:3.0 server:idx serial:0 pool:lis poolserial:0 eventname:PROCESS_GROUP_ADDED len:14 | 'groupname:lis\n'
ver:3.0 server:idx serial:1 pool:lis poolserial:1 eventname:PROCESS_GROUP_ADDED len:16 | 'groupname:quick\n'
ver:3.0 server:idx serial:2 pool:lis poolserial:2 eventname:PROCESS_GROUP_ADDED len:14 | 'groupname:say\n'
ver:3.0 server:idx serial:3 pool:lis poolserial:3 eventname:SUPERVISOR_STATE_CHANGE_RUNNING len:0 | ''
ver:3.0 server:idx serial:4 pool:lis poolserial:4 eventname:PROCESS_STATE_STARTING len:56 | 'processname:lis groupname:lis from_state:STOPPED tries:0'
ver:3.0 server:idx serial:5 pool:lis poolserial:5 eventname:PROCESS_STATE_STARTING len:60 | 'processname:quick groupname:quick from_state:STOPPED tries:0'
ver:3.0 server:idx serial:6 pool:lis poolserial:6 eventname:PROCESS_STATE_STARTING len:56 | 'processname:say groupname:say from_state:STOPPED tries:0'
ver:3.0 server:idx serial:7 pool:lis poolserial:7 eventname:PROCESS_LOG_STDOUT len:82 | "processname:say groupname:say pid:25063 channel:stdout\nUndecodable: b'hello\\n\\xff'"
ver:3.0 server:idx serial:8 pool:lis poolserial:8 eventname:PROCESS_STATE_BACKOFF len:61 | 'processname:quick groupname:quick from_state:STARTING tries:1'
ver:3.0 server:idx serial:9 pool:lis poolserial:9 eventname:PROCESS_STATE_RUNNING len:59 | 'processname:lis groupname:lis from_state:STARTING pid:25061'
ver:3.0 server:idx serial:10 pool:lis poolserial:10 eventname:PROCESS_STATE_STARTING len:60 | 'processname:quick groupname:quick from_state:BACKOFF tries:1'
ver:3.0 server:idx serial:11 pool:lis poolserial:11 eventname:PROCESS_STATE_RUNNING len:63 | 'processname:quick groupname:quick from_state:STARTING pid:25065'
ver:3.0 server:idx serial:12 pool:lis poolserial:12 eventname:PROCESS_STATE_RUNNING len:59 | 'processname:say groupname:say from_state:STARTING pid:25063'
ver:3.0 server:idx serial:13 pool:lis poolserial:13 eventname:PROCESS_STATE_EXITED len:73 | 'processname:quick groupname:quick from_state:RUNNING expected:0 pid:25065'
ver:3.0 server:idx serial:14 pool:lis poolserial:14 eventname:PROCESS_STATE_STARTING len:59 | 'processname:quick groupname:quick from_state:EXITED tries:0'
ver:3.0 server:idx serial:15 pool:lis poolserial:15 eventname:PROCESS_STATE_RUNNING len:63 | 'processname:quick groupname:quick from_state:STARTING pid:25100'
ver:3.0 server:idx serial:16 pool:lis poolserial:16 eventname:PROCESS_STATE_EXITED len:73 | 'processname:quick groupname:quick from_state:RUNNING expected:0 pid:25100'
ver:3.0 server:idx serial:17 pool:lis poolserial:17 eventname:PROCESS_STATE_STARTING len:59 | 'processname:quick groupname:quick from_state:EXITED tries:0'
ver:3.0 server:idx serial:18 pool:lis poolserial:18 eventname:PROCESS_STATE_STOPPING len:58 | 'processname:say groupname:say from_state:RUNNING pid:25063'
ver:3.0 server:idx serial:19 pool:lis poolserial:19 eventname:PROCESS_STATE_STOPPED len:59 | 'processname:say groupname:say from_state:STOPPING pid:25063'
ver:3.0 server:idx serial:20 pool:lis poolserial:20 eventname:PROCESS_STATE_BACKOFF len:61 | 'processname:quick groupname:quick from_state:STARTING tries:1'
ver:3.0 server:idx serial:21 pool:lis poolserial:21 eventname:SUPERVISOR_STATE_CHANGE_STOPPING len:0 | ''
"#;

#[test]
fn the_recorded_events_of_the_original_come_out_again() {
    let mut stage = Stage { next_pid: 25_060, ..Stage::new(LogLevel::Critical) };
    let topics =
        ["PROCESS_STATE", "PROCESS_GROUP", "SUPERVISOR_STATE_CHANGE", "PROCESS_LOG", "REMOTE_COMMUNICATION"];
    stage.add(listeners("lis", &["lis"], &topics, 100));
    stage.add(group("quick", vec![program("quick")]));
    let mut say = program("say");
    say.stdout.publish = Publish::Chunks;
    say.readiness = Readiness::StaysUp(Duration::from_secs(3));
    stage.add(group("say", vec![say]));
    stage.input(Input::Begin);
    stage.output(stage.id("say"), Channel::Stdout, b"hello\n\xff");
    stage.run(300);
    let failed = ExitStatus::Code(3);
    stage.exits("quick", failed);
    stage.run(2900);
    stage.exits("quick", failed);
    stage.run(1100);
    stage.exits("quick", failed);
    stage.input(Input::Stop(stage.id("say"), None));
    stage.exits("say", ExitStatus::Signal { signal: Signal::TERM, core: CoreDump::None });
    stage.exits("quick", failed);
    stage.event(&Event::StopBegan);
    let mut ours = String::new();
    for _ in 0..22 {
        stage.says("lis", "READY\n");
        let (_, sent) = stage.sent.pop_front().unwrap();
        let sent = String::from_utf8(sent).unwrap();
        let (header, payload) = sent.split_once('\n').unwrap();
        let payload = payload.replace('\\', "\\\\").replace('\n', "\\n");
        let quote = if payload.contains('\'') { '"' } else { '\'' };
        writeln!(ours, "{header} | {quote}{payload}{quote}").unwrap();
        stage.says("lis", "RESULT 2\nOK");
    }
    assert_eq!(without_pids(&ours), without_pids(RECORDED.trim_start()));
}

/// Process ids of five digits, made equal.
fn without_pids(text: &str) -> String {
    let words = text.split_inclusive([' ', '\n', '\'']);
    words.map(|word| if word.starts_with("pid:") { &word[9..] } else { word }).collect()
}

/// A pool of one listener that is ready, with nothing waiting.
fn one_ready(level: LogLevel, backlog: u32) -> Stage {
    let mut stage = Stage::new(level);
    stage.add(listeners("lis", &["lis"], &["remote_communication"], backlog));
    stage.input(Input::Begin);
    stage.run(1100);
    stage.says("lis", "REA");
    stage.says("lis", "DY\n");
    stage.transcript.clear();
    stage
}

#[test]
fn words_may_come_in_pieces_or_together() {
    let mut stage = one_ready(LogLevel::Debug, 3);
    for body in ["a", "b", "c"] {
        announce(&mut stage, body);
    }
    for piece in ["RES", "ULT 2", "\nO", "KREADY\n", "RE"] {
        stage.says("lis", piece);
    }
    stage.kill_mind();
    stage.says("lis", "SULT 0\nREADY\n");
    stage.says("lis", "RESULT 4\nFAILREADY\n");
    stage.run(1000);
    stage.says("lis", "whatever 2\nOKREADY\n");
    stage.says("lis", "RESULT two\n");
    stage.says("lis", "READY\n");
    stage.check("words_may_come_in_pieces_or_together");
}

#[test]
fn the_oldest_is_dropped_when_too_many_wait() {
    let mut stage = one_ready(LogLevel::Debug, 2);
    for body in ["a", "b", "c", "d"] {
        announce(&mut stage, body);
    }
    stage.note("the listener dies with a in its hand");
    stage.exits("lis", KILLED);
    stage.run(1100);
    stage.says("lis", "READY\n");
    stage.note("and does not read any more");
    stage.event(&Event::StdinBroken { id: stage.id("lis") });
    stage.says("lis", "too much");
    stage.check("the_oldest_is_dropped_when_too_many_wait");
}

#[test]
fn a_listener_that_only_refuses_is_asked_ever_more_slowly() {
    let mut stage = one_ready(LogLevel::Error, 2);
    announce(&mut stage, "a");
    let mut asked = Vec::new();
    for _ in 0..12 {
        stage.sent.clear();
        stage.says("lis", "RESULT 4\nFAILREADY\n");
        let refused = stage.now.monotonic;
        for _ in 0..200 {
            if stage.sent.is_empty() {
                stage.run(100);
            }
        }
        asked.push(stage.now.monotonic.since(refused).as_millis());
    }
    assert_eq!(asked, [0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
    stage.says("lis", "RESULT 2\nOKREADY\n");
    announce(&mut stage, "b");
    stage.says("lis", "RESULT 4\nFAILREADY\n");
    assert_eq!(stage.sent.len(), 3, "an accepted event makes up for all refusals");
}

#[test]
fn ticks_come_when_the_clock_crosses_their_mark() {
    let mut stage = Stage::new(LogLevel::Error);
    stage.add(listeners("lis", &["lis"], &["TICK_5", "TICK_60"], 10));
    assert_eq!(stage.pools.deadline().map(|at| at > stage.now.monotonic), Some(true));
    stage.input(Input::Begin);
    stage.run(1_100);
    for _ in 0..3 {
        stage.says("lis", "READY\n");
        stage.run(5_000);
        stage.says("lis", "RESULT 2\nOK");
    }
    stage.kill_mind();
    stage.says("lis", "READY\n");
    stage.run(10_000);
    stage.check("ticks_come_when_the_clock_crosses_their_mark");
}

#[test]
fn nobody_is_woken_for_ticks_that_nobody_wants() {
    let mut stage = one_ready(LogLevel::Error, 10);
    assert_eq!(stage.pools.deadline(), None);
    announce(&mut stage, "a");
    assert_eq!(stage.pools.deadline(), None);
    assert_eq!(stage.journal.deadline(), None);
}

#[derive(Clone, Debug)]
enum Act {
    Announce,
    Answer(u8),
    Die(u8),
    Pass(u16),
    KillMind,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Announce),
        8 => any::<u8>().prop_map(Act::Answer),
        2 => any::<u8>().prop_map(Act::Die),
        2 => (0..3000_u16).prop_map(Act::Pass),
        1 => Just(Act::KillMind),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Whatever happens to listeners and the mind, each event is accepted exactly once in each of two pools.
    #[test]
    fn no_event_is_lost_or_accepted_twice(acts in proptest::collection::vec(act(), 1..80)) {
        let mut stage = Stage::new(LogLevel::Critical);
        let names = ["p:a", "p:b", "q:c"];
        stage.add(listeners("p", &["a", "b"], &["REMOTE_COMMUNICATION"], 1000));
        stage.add(listeners("q", &["c"], &["EVENT", "REMOTE_COMMUNICATION"], 1000));
        stage.input(Input::Begin);
        stage.run(1200);
        names.iter().for_each(|name| stage.says(name, "READY\n"));
        let (mut told, mut accepted) = (0_usize, Vec::new());
        let settle = [Act::Pass(3000), Act::Answer(1)].into_iter().cycle().take(600);
        for act in acts.into_iter().chain(settle) {
            match act {
                Act::Announce => {
                    announce(&mut stage, &format!("<{told}>"));
                    told += 1;
                }
                Act::Answer(how) => {
                    if let Some((id, bytes)) = stage.sent.pop_front() {
                        let text = String::from_utf8(bytes).unwrap();
                        let refuses = how % 3 == 0;
                        if let (Some(at), false) = (text.find('<'), refuses) {
                            accepted.push((text.contains("pool:q"), text[at..].to_owned()));
                        }
                        let answer: &[u8] = if refuses { b"RESULT 4\nFAILREADY\n" } else { b"RESULT 2\nOKREADY\n" };
                        stage.output(id, Channel::Stdout, answer);
                    }
                }
                Act::Die(which) => {
                    let id = stage.id(names[usize::from(which) % names.len()]);
                    stage.sent.retain(|(listener, _)| *listener != id);
                    if stage.world.instance(id).unwrap().facts.pid().is_some() {
                        stage.input(Input::Exited(id, KILLED));
                        stage.input(Input::Start(id));
                    }
                }
                Act::Pass(millis) => {
                    let before: Vec<_> = names.iter().map(|name| stage.pid(name)).collect();
                    stage.run(millis.into());
                    for (name, before) in names.iter().zip(before) {
                        if stage.pid(name) != before {
                            stage.input(Input::Start(stage.id(name)));
                        }
                    }
                }
                Act::KillMind => stage.kill_mind(),
            }
            stage.greet(&names);
        }
        let mut wanted: Vec<_> = (0..told).flat_map(|n| [(false, format!("<{n}>")), (true, format!("<{n}>"))]).collect();
        wanted.sort();
        accepted.sort();
        prop_assert_eq!(accepted, wanted);
    }

    /// A listener may say anything: nobody panics, and what is remembered of it stays small.
    #[test]
    fn babble_does_no_harm(
        chunks in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..300),
                Just(b"READY\n".to_vec()),
                Just(b"RESULT 2\nOK".to_vec()),
                Just(b"RESULT 99999999999\n".to_vec()),
                Just(vec![b'x'; 5000]),
            ],
            0..40,
        ),
    ) {
        let mut stage = one_ready(LogLevel::Critical, 3);
        let id = stage.id("lis");
        for chunk in chunks {
            announce(&mut stage, "a");
            stage.output(id, Channel::Stdout, &chunk);
            stage.run(50);
            prop_assert!(stage.memo.as_ref().unwrap().len() < 6000);
        }
    }
}

impl Stage {
    fn pid(&self, name: &str) -> Option<Pid> {
        self.world.instance(self.id(name)).unwrap().facts.pid()
    }

    /// Each new process says that it is ready, once.
    fn greet(&mut self, names: &[&str]) {
        for name in names {
            let id = self.id(name);
            let Some(pid) = self.pid(name) else { continue };
            let mark = format!("greeted {} {pid}\n", id.0);
            if self.next_pid > 103 && pid.get() > 103 && !self.transcript.contains(&mark) {
                self.transcript.push_str(&mark);
                self.says(name, "READY\n");
            }
        }
    }
}
