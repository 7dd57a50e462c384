//! A state directory with an agenda, and real workers on it.

#![allow(dead_code, reason = "each test file uses its own part of it")]

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use minder_core::agenda::{
    Agenda, AgendaSettings, Bound, Due, Job, JobCommand, Missed, Overlap, QueueSpec, ResidentSpec, Retry,
    TaskSpec, Timeout, WorkerSpec,
};
use minder_core::ids::{ByteString, ResidentName, TaskName, WorkerName};
use minder_tasks::clock::wall;
use minder_tasks::run::{Ask, Offered, Record, Run, RunId};
use minder_tasks::state_dir::StateDir;
use minder_tasks::store::{Filter, Store};

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) struct World {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) state: StateDir,
    pub(crate) agenda: Agenda,
    pub(crate) hash: String,
}

/// A process that is stopped when it is not needed any more.
pub(crate) struct Part(pub(crate) Child);

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Part {
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, signal).expect("a living process");
    }

    /// Waits for its end; whether that was a good one.
    pub(crate) fn ends_well(&mut self) -> bool {
        until("the process ends", || self.0.try_wait().expect("a child of ours")).success()
    }
}

pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

pub(crate) fn task(name: &str, job: Job) -> TaskSpec {
    TaskSpec {
        name: TaskName::new(name),
        job,
        due: Due::OnDemand,
        zone: None,
        between: None,
        jitter: Duration::ZERO,
        overlap: Overlap::Queue,
        missed: Missed::Skip,
        timeout: Timeout::default(),
        retry: Retry::default(),
        then: Vec::new(),
        worker: WorkerName::new("default"),
    }
}

pub(crate) fn shell(script: &str) -> Job {
    Job::Command(JobCommand {
        argv: ["sh", "-c", script].iter().map(|word| ByteString::from(word.as_bytes())).collect(),
        directory: None,
        environment: vec![],
    })
}

pub(crate) fn worker(name: &str, at_once: u32) -> WorkerSpec {
    WorkerSpec {
        name: WorkerName::new(name),
        at_once: NonZeroU32::new(at_once),
        backlog: 1000,
        bound: Bound::Refuse,
    }
}

/// The example that the workers, the beat and the resident of the tests are.
pub(crate) fn part() -> PathBuf {
    let test = std::env::current_exe().expect("the test's own path");
    let target = test.parent().and_then(Path::parent).expect("deps in a profile's folder");
    target.join("examples/part")
}

pub(crate) fn resident() -> (Job, ResidentSpec) {
    let name = ResidentName::new("helper");
    let path = part();
    let argv = [path.as_os_str().as_encoded_bytes(), b"resident"];
    let argv = argv.iter().map(|word| ByteString::from(*word)).collect();
    let command = JobCommand { argv, directory: None, environment: vec![] };
    (Job::Resident(name.clone()), ResidentSpec { name, command })
}

impl World {
    pub(crate) fn new(tasks: Vec<TaskSpec>, workers: Vec<WorkerSpec>, residents: Vec<ResidentSpec>) -> Self {
        Self::with_queue(tasks, workers, residents, QueueSpec::Embedded)
    }

    pub(crate) fn with_queue(
        tasks: Vec<TaskSpec>,
        workers: Vec<WorkerSpec>,
        residents: Vec<ResidentSpec>,
        queue: QueueSpec,
    ) -> Self {
        let settings = AgendaSettings { queue, ..AgendaSettings::default() };
        let agenda = Agenda::new(tasks, workers, residents, settings).expect("a valid agenda");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let state = StateDir::new(dir.path().join("state"));
        let hash = minder_tasks::agenda_file::accept(&state, &agenda).expect("a place to write");
        Self { dir, state, agenda, hash }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn store(&self) -> Store {
        Store::open(&self.state).expect("a database")
    }

    fn start(&self, words: &[&str]) -> Part {
        let log = std::fs::File::options().create(true).append(true).open(self.path("log")).expect("a log");
        // Where files may not grow, as a test wants it, writing is to fail and not to kill.
        let part = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(part())
            .args(words)
            .arg(self.state.path())
            .arg(&self.hash)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn();
        Part(part.expect("the example `part`, which cargo builds for tests"))
    }

    /// Starts a worker, and waits until it works.
    pub(crate) fn worker(&self, name: &str) -> Part {
        let mut part = self.start(&["worker", name]);
        let store = self.store();
        until("a worker works", || {
            let ended = part.0.try_wait().expect("a child of ours");
            assert!(ended.is_none(), "it has ended: {:?}", self.lines("log").last());
            let row = store.worker(&WorkerName::new(name)).expect("a database")?;
            (row.process.pid == part.0.id()).then_some(())
        });
        part
    }

    /// Starts a worker that may not come to work.
    pub(crate) fn second_worker(&self) -> Part {
        self.start(&["worker", "default"])
    }

    pub(crate) fn beat(&self) -> Part {
        self.start(&["beat"])
    }

    pub(crate) fn ask(&self, task: &str, input: Option<serde_json::Value>) -> RunId {
        let now = wall();
        let ask = Ask {
            id: None,
            task: TaskName::new(task),
            due: now,
            not_before: now,
            input: input.and_then(|value| Record::of(&value)),
            overlap: self.agenda.task(&TaskName::new(task)).expect("a task").overlap,
        };
        match self.store().offer(&self.agenda, &[ask], &[], now).expect("a database").remove(0) {
            Offered::Waits(id) => id,
            other => panic!("it does not wait: {other:?}"),
        }
    }

    /// Waits until the last attempt at a run has ended for good.
    pub(crate) fn ended(&self, id: &RunId) -> Run {
        let store = self.store();
        until("a run ends", || {
            let run = store.run(id).expect("a database")?;
            run.state.has_ended().then_some(run)
        })
    }

    pub(crate) fn runs(&self, task: &str) -> Vec<Run> {
        let filter = Filter { task: Some(TaskName::new(task)), ..Filter::default() };
        self.store().runs(&filter).expect("a database")
    }

    /// The lines of a file in the world's folder; none while there is no file.
    pub(crate) fn lines(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.path(name)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// Numbers that are the same for the same seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new() -> Self {
        let seed = u64::from(std::process::id()) | 1;
        println!("seed {seed}");
        Self(seed)
    }

    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

pub(crate) fn is_alive(pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}
