//! A `Control` that holds facts, remembers what it was asked, and answers as it is told to.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use minder_core::backoff::{Backoff, Shortage};
use minder_core::change::PlanChange;
use minder_core::control::{Answer, Control, Refusal, Reply, Report, Request, Selection, Status, may_start};
use minder_core::ids::{ByteString, GroupName, InstanceId, Pid, ProgramName, Signal};
use minder_core::instance::{Facts, Phase, Rest};
use minder_core::plan::{GroupSpec, Plan};
use minder_core::program::{
    Choice, Command, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish, Readiness,
    Rotation, Startup, StdinSource, Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};
use minder_core::supervision::Mode;
use minder_core::time::{Instant, Now, WallTime};
use minder_supervisord::rpc::{Interface, Rpc, ServerFacts};
use tokio::sync::oneshot;

/// What happens to the start or stop of one program.
pub(crate) enum Outcome {
    /// It is refused at once.
    Refused(Refusal),
    /// It is answered when somebody says so.
    Later(oneshot::Receiver<Result<Reply, Refusal>>),
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) mode: Mode,
    pub(crate) now: Now,
    pub(crate) journal: Option<ByteString>,
    pub(crate) reports: Vec<Report>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) requests: Vec<Request>,
    pub(crate) outcomes: BTreeMap<String, Outcome>,
    pub(crate) reread: Option<Result<PlanChange, String>>,
}

#[derive(Clone, Default)]
pub(crate) struct Fake(pub(crate) Rc<RefCell<World>>);

impl Control for Fake {
    fn ask(&self, request: Request) -> Answer {
        let mut world = self.0.borrow_mut();
        world.requests.push(request.clone());
        let answer = world.answer(&request);
        Box::pin(async move {
            match answer {
                Ready::Now(answer) => answer,
                Ready::Later(answer) => answer.await.unwrap_or(Err(Refusal::ShuttingDown)),
            }
        })
    }
}

enum Ready {
    Now(Result<Reply, Refusal>),
    Later(oneshot::Receiver<Result<Reply, Refusal>>),
}

impl World {
    fn answer(&mut self, request: &Request) -> Ready {
        let outcome = match request {
            Request::Start(id, _)
            | Request::Stop(id, _)
            | Request::Signal(id, _, _)
            | Request::Feed(id, _)
            | Request::ClearLogs(id) => {
                let name = self.report(*id).spec.name.to_string();
                self.outcomes.remove(&name)
            }
            _ => None,
        };
        match outcome {
            Some(Outcome::Refused(refusal)) => return Ready::Now(Err(refusal)),
            Some(Outcome::Later(answer)) => return Ready::Later(answer),
            None => {}
        }
        Ready::Now(self.answer_now(request))
    }

    fn report(&self, id: InstanceId) -> &Report {
        self.reports.iter().find(|report| report.id == id).expect("only known ids are asked for")
    }

    fn answer_now(&mut self, request: &Request) -> Result<Reply, Refusal> {
        let active = |group: &GroupName| self.reports.iter().any(|report| report.group == *group);
        match request {
            Request::Report(Selection::All) => Ok(Reply::Reports(self.reports.clone())),
            Request::Report(Selection::Group(group)) => {
                let members = self.reports.iter().filter(|report| report.group == *group);
                let members: Vec<_> = members.cloned().collect();
                if members.is_empty() { Err(Refusal::NoSuchGroup) } else { Ok(Reply::Reports(members)) }
            }
            Request::Report(Selection::Unit(unit)) => {
                let found = self
                    .reports
                    .iter()
                    .find(|report| report.group == unit.group && report.spec.name == unit.program);
                found.map(|report| Reply::Reports(vec![report.clone()])).ok_or(Refusal::NoSuchProgram)
            }
            Request::Start(id, _) => may_start(&self.report(*id).facts).map(|()| Reply::Done),
            Request::Stop(id, _) if !self.report(*id).facts.is_wanted() => Err(Refusal::NotRunning),
            Request::Signal(id, _, _) | Request::Feed(id, _) if self.report(*id).facts.pid().is_none() => {
                Err(Refusal::NotRunning)
            }
            Request::AddGroup(name) if active(name) => Err(Refusal::AlreadyActive),
            Request::AddGroup(name) if self.plan.group(name).is_none() => Err(Refusal::NoSuchGroup),
            Request::RemoveGroup(name) if !active(name) => Err(Refusal::NoSuchGroup),
            Request::RemoveGroup(name) => {
                let mut members = self.reports.iter().filter(|report| report.group == *name);
                if members.all(|report| report.facts.is_at_rest()) {
                    Ok(Reply::Done)
                } else {
                    Err(Refusal::StillRunning)
                }
            }
            Request::Reread => match self.reread.take() {
                None => Ok(Reply::Change(PlanChange::default())),
                Some(Ok(change)) => Ok(Reply::Change(change)),
                Some(Err(why)) => Err(Refusal::Config(why)),
            },
            Request::Plan => {
                let active = self.reports.iter().map(|report| report.group.clone()).collect();
                Ok(Reply::Plan(self.plan.clone(), active))
            }
            Request::Shutdown(_) => {
                self.mode = Mode::Stopping;
                Ok(Reply::Done)
            }
            Request::Troubles => Ok(Reply::Troubles(Vec::new())),
            Request::Status => Ok(Reply::Status(Status {
                pid: 4242,
                mode: self.mode,
                journal: self.journal.clone(),
                now: self.now,
            })),
            Request::Stop(..)
            | Request::Signal(..)
            | Request::Feed(..)
            | Request::ClearLogs(_)
            | Request::ClearJournal
            | Request::Journal(_)
            | Request::AddGroup(_)
            | Request::Announce(_) => Ok(Reply::Done),
            Request::StopBy(..)
            | Request::Shape(_)
            | Request::OpenSocket(_)
            | Request::CloseSocket(_)
            | Request::Sockets
            | Request::AwaitConnection(_)
            | Request::Remember(..)
            | Request::ReopenJournal => panic!("this face never asks {request:?}"),
        }
    }
}

impl Fake {
    /// With these groups: a name, a priority, and its programs.
    pub(crate) fn with(groups: Vec<(&str, i64, Vec<ProgramSpec>)>) -> Fake {
        let fake = Fake::default();
        let groups = groups.into_iter().map(|(name, priority, programs)| GroupSpec {
            name: GroupName::new(name),
            priority,
            programs: programs.into_iter().map(Arc::new).collect(),
            subscription: None,
            socket: None,
        });
        let groups: Vec<GroupSpec> = groups.collect();
        {
            let mut world = fake.0.borrow_mut();
            for group in &groups {
                for program in &group.programs {
                    let id = InstanceId(u32::try_from(world.reports.len()).unwrap());
                    world.reports.push(Report {
                        id,
                        group: group.name.clone(),
                        group_priority: group.priority,
                        spec: program.clone(),
                        facts: Facts::FRESH,
                        stdout_log: file_of(&program.stdout),
                        stderr_log: match &program.stderr {
                            ErrorOutput::Own(output) => file_of(output),
                            ErrorOutput::WithStdout => None,
                        },
                    });
                }
            }
            world.plan = Arc::new(Plan::new(groups).unwrap());
            world.mode = Mode::Running;
            world.now = at(1_795_000_000);
        }
        fake
    }

    /// The methods over it, in UTC.
    pub(crate) fn rpc(&self) -> Rpc {
        self.rpc_with(Interface::Present)
    }

    pub(crate) fn rpc_with(&self, interface: Interface) -> Rpc {
        let facts = ServerFacts {
            identifier: "golden".to_owned(),
            server_url: Some("unix:///tmp/rpcref/s.sock".to_owned()),
        };
        Rpc::new(Rc::new(self.clone()), facts, interface).in_zone(jiff::tz::TimeZone::UTC)
    }

    /// Changes what is known of a program.
    pub(crate) fn set(&self, name: &str, change: impl FnOnce(&mut Report)) {
        let mut world = self.0.borrow_mut();
        let report = world.reports.iter_mut().find(|report| report.spec.name.as_str() == name);
        change(report.unwrap_or_else(|| panic!("no program {name}")));
    }

    pub(crate) fn set_phase(&self, name: &str, phase: Phase) {
        self.set(name, |report| report.facts.phase = phase);
    }

    /// Has the next order to a program end like this.
    pub(crate) fn refuse(&self, name: &str, refusal: Refusal) {
        self.0.borrow_mut().outcomes.insert(name.to_owned(), Outcome::Refused(refusal));
    }

    /// Has the next order to a program wait.
    pub(crate) fn hold(&self, name: &str) -> oneshot::Sender<Result<Reply, Refusal>> {
        let (sender, receiver) = oneshot::channel();
        self.0.borrow_mut().outcomes.insert(name.to_owned(), Outcome::Later(receiver));
        sender
    }

    /// What was asked since the last time, without questions about what is known.
    pub(crate) fn orders(&self) -> Vec<Request> {
        let requests = std::mem::take(&mut self.0.borrow_mut().requests);
        requests
            .into_iter()
            .filter(|request| !matches!(request, Request::Report(_) | Request::Status))
            .collect()
    }
}

fn file_of(output: &OutputSpec) -> Option<ByteString> {
    match &output.log {
        LogTarget::File(path) | LogTarget::Followed(path) => Some(path.clone()),
        LogTarget::Nowhere | LogTarget::Direct(_) | LogTarget::Fresh { .. } => None,
    }
}

/// Both clocks at a time that is given in seconds since 1970.
pub(crate) fn at(seconds: i64) -> Now {
    Now {
        monotonic: Instant(u64::try_from(seconds).unwrap() * 1_000_000_000),
        wall: WallTime(seconds * 1_000_000),
    }
}

pub(crate) fn up(pid: u32) -> Phase {
    Phase::Up { pid: Pid::new(pid).unwrap() }
}

pub(crate) const FATAL: Phase = Phase::Down(Rest::GaveUp);

pub(crate) fn bytes(text: &str) -> ByteString {
    ByteString::from(text.as_bytes())
}

/// A program with the original's defaults, that does not start by itself.
pub(crate) fn program(name: &str, command: &str) -> ProgramSpec {
    ProgramSpec {
        name: ProgramName::new(name),
        command: Command {
            line: command.into(),
            file: None,
            words: Ok(command.split(' ').map(bytes).collect()),
            search: Arc::default(),
            choice: Choice::First,
        },
        directory: None,
        environment: vec![(bytes("SUPERVISOR_SERVER_URL"), bytes("unix:///tmp/rpcref/s.sock"))],
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 999,
        startup: Startup::OnRequest,
        restart: RestartPolicy::OnUnexpectedExit,
        expected_exits: ExpectedExits(vec![0]),
        readiness: Readiness::StaysUp(Duration::from_secs(1)),
        backoff: Backoff { retries: 3, step: Duration::from_secs(1), shortage: Shortage::Passes },
        stop: StopPolicy {
            signal: Signal::TERM,
            grace: Duration::from_secs(10),
            reach: Reach::Process,
            kill_reach: Reach::Process,
        },
        stdin: StdinSource::Pipe,
        stdout: output(),
        stderr: ErrorOutput::Own(output()),
        notices: Arc::default(),
    }
}

pub(crate) fn output() -> OutputSpec {
    OutputSpec {
        log: LogTarget::Fresh { directory: bytes("/tmp"), prefix: bytes("x"), suffix: bytes(".log") },
        rotation: Rotation::AfterWrite { max_bytes: Some(50 << 20), backups: 10 },
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    }
}

/// Runs a future on a runtime of its own, with a place for tasks.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, future)
}
