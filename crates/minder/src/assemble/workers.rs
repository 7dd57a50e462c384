//! An agenda as programs: the beat, and each worker.
//!
//! Each names the agenda by its hash on its command line, so that another agenda is another program, and a reload starts
//! again exactly those that it concerns.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use minder_core::agenda::{Agenda, Timeout, WorkerSpec};
use minder_core::backoff::{Backoff, Shortage};
use minder_core::ids::{ByteString, GroupName, ProgramName, Signal};
use minder_core::plan::GroupSpec;
use minder_core::program::{
    Choice, Command, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish, Readiness,
    Rotation, Startup, StdinSource, Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};

/// The group of the beat.
pub(crate) const BEAT: &str = "beat";
/// The group of the workers.
pub(crate) const WORKERS: &str = "workers";

/// One that dies is started again after this: acoupi's units say three seconds.
const RESTART_STEP: Duration = Duration::from_secs(3);
/// A worker that lives this long has begun to work.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// How long a worker may take to finish what it does, when no task of its says how long that can be.
const DRAIN: Duration = Duration::from_secs(60);
/// How long the kernel and a database may take beside the work itself.
const LEEWAY: Duration = Duration::from_secs(5);
/// Logs of workers: size in bytes at which a new file begins, and old files that are kept.
const LOG: (u64, u32) = (2 << 20, 5);
/// A run that outlives its soft time-out without a hard one is killed after this: as [`Timeout::hard`] says.
const HARD_AFTER_SOFT: Duration = Duration::from_secs(10);
/// Workers start before other programs that may ask them for something, and stop after them.
const PRIORITY: i64 = -1;

/// Where an agenda's programs find what they need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Around<'a> {
    /// This executable.
    pub(crate) program: &'a Path,
    /// The directory of state.
    pub(crate) state: &'a Path,
    /// The directory of logs.
    pub(crate) logs: &'a Path,
    /// The agenda's hash.
    pub(crate) hash: &'a str,
    /// Who runs the beat.
    pub(crate) beat: Beat,
}

/// Who runs the beat.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Beat {
    /// minder, beside the workers.
    Ours,
    /// Somebody else: a boot unit of its own, or another machine.
    Elsewhere,
}

/// The groups that do an agenda; none if nothing is ever due.
pub(crate) fn groups(agenda: &Agenda, around: Around<'_>) -> Vec<GroupSpec> {
    if agenda.tasks().is_empty() {
        return Vec::new();
    }
    let workers = agenda.workers().iter().map(|worker| Arc::new(worker_program(agenda, worker, around)));
    let mut groups = vec![group(WORKERS, workers.collect())];
    if around.beat == Beat::Ours {
        let words = ["beat"].map(str::to_owned).to_vec();
        groups.push(group(BEAT, vec![Arc::new(program(BEAT, &words, LEEWAY, around))]));
    }
    groups
}

fn group(name: &str, programs: Vec<Arc<ProgramSpec>>) -> GroupSpec {
    GroupSpec { name: GroupName::new(name), priority: PRIORITY, programs, subscription: None, socket: None }
}

fn worker_program(agenda: &Agenda, worker: &WorkerSpec, around: Around<'_>) -> ProgramSpec {
    let words = ["worker", "run", worker.name.as_str()].map(str::to_owned);
    program(worker.name.as_str(), &words, grace(agenda, worker), around)
}

/// How long a worker may take to finish what it has begun.
fn grace(agenda: &Agenda, worker: &WorkerSpec) -> Duration {
    let tasks = agenda.tasks().iter().filter(|task| task.worker == worker.name);
    let longest = tasks.map(|task| longest(&task.timeout)).max();
    longest.unwrap_or_default().saturating_add(LEEWAY)
}

fn longest(timeout: &Timeout) -> Duration {
    match (timeout.hard, timeout.soft) {
        (Some(hard), _) => hard,
        (None, Some(soft)) => soft.saturating_add(HARD_AFTER_SOFT),
        (None, None) => DRAIN,
    }
}

fn program(name: &str, words: &[String], grace: Duration, around: Around<'_>) -> ProgramSpec {
    let own = [around.program.as_os_str().as_bytes()].into_iter();
    let words = words.iter().map(String::as_bytes);
    let where_to = [b"--state".as_slice(), around.state.as_os_str().as_bytes(), b"--agenda"];
    let argv: Vec<ByteString> =
        own.chain(words).chain(where_to).chain([around.hash.as_bytes()]).map(ByteString::from).collect();
    let line: Vec<_> = argv.iter().map(|word| String::from_utf8_lossy(word.as_bytes())).collect();
    let line = line.join(" ");
    ProgramSpec {
        name: ProgramName::new(name),
        command: Command {
            line: line.into(),
            file: None,
            words: Ok(argv),
            search: Arc::from([]),
            choice: Choice::First,
        },
        directory: None,
        environment: Vec::new(),
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 0,
        startup: Startup::Automatic,
        restart: RestartPolicy::Always,
        expected_exits: ExpectedExits(vec![0]),
        readiness: Readiness::StaysUp(SETTLED_AFTER),
        backoff: Backoff { retries: u32::MAX, step: RESTART_STEP, shortage: Shortage::Passes },
        stop: StopPolicy { signal: Signal::TERM, grace, reach: Reach::Process, kill_reach: Reach::Group },
        stdin: StdinSource::Null,
        stdout: log(name, around.logs),
        stderr: ErrorOutput::WithStdout,
        notices: Arc::default(),
    }
}

fn log(name: &str, logs: &Path) -> OutputSpec {
    let file = logs.join(format!("{name}.log"));
    OutputSpec {
        log: LogTarget::File(file.as_os_str().as_bytes().into()),
        rotation: Rotation::AfterWrite { max_bytes: Some(LOG.0), backups: LOG.1 },
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    }
}
