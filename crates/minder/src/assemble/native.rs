//! A `minder.toml`: its programs, and the beat and the workers of its tasks.
//!
//! ```text
//!  minder.toml ─read─▶ Native ─┬─ plan, agenda ─▶ Plan (with `workers` and `beat`)
//!                              └─ [minder] ─────▶ Face: the socket on which it answers, as a supervisord does; its log
//! ```

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;

use minder_config::native::{self, Native};
use minder_config::{Paint, Problem, Severity, Sources, render_text};
use minder_core::control::{Control, Observer, Reader, Reading};
use minder_core::plan::{JournalSpec, Plan, PlanProblem};
use minder_core::program::{LogTarget, Rotation};
use minder_core::socket::SocketSpec;
use minder_core::time::Now;
use minder_keeper::{RESTART_VARIABLE, hold_signals};
use minder_runtime::mind::Mind;
use minder_runtime::recovery::Heritage;
use minder_runtime::{daemonise, listeners, remains};
use minder_supervisord::conf::Settings;
use minder_supervisord::conf::bare::{Bare, Stay};
use minder_supervisord::conf::types::LogLevel;
use minder_supervisord::daemon::face::Face;
use minder_supervisord::daemon::opening::Opening;
use minder_supervisord::daemon::servers;
use minder_tasks::agenda_file;
use minder_tasks::state_dir::StateDir;
use serde_json::{Value, json};
use tokio::task::AbortHandle;

use super::surroundings::ThisMachine;
use super::workers::{self, Around, Beat};
use super::{Beginning, Kind, Station, become_keeper, fail};

/// The form of snapshots. Another one is not understood.
const SNAPSHOT_VERSION: u64 = 1;
/// What the daemon is called in its log.
const CALLED: &str = "minder";

/// Where a reading comes from, and what it is not to ask again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    /// The file, from the root.
    file: PathBuf,
    /// This executable, which workers are.
    program: PathBuf,
    machine: ThisMachine,
    stay: Stay,
}

/// A reading of the file, before it is known whether it can be used.
pub(crate) struct Draft {
    /// For the places in `problems`.
    pub(crate) sources: Sources,
    /// All that is wrong, in the order of lines.
    pub(crate) problems: Vec<Problem>,
    /// What it says. `None`: there is an error among the problems.
    pub(crate) native: Option<Native>,
}

impl Origin {
    /// The file, in the surroundings of this process.
    pub(crate) fn new(file: &Path, stay: Stay) -> Self {
        Self {
            file: std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
            program: own_program(),
            machine: ThisMachine::now(),
            stay,
        }
    }

    /// Reads the file.
    pub(crate) fn read(&self) -> Draft {
        match std::fs::read(&self.file) {
            Ok(bytes) => self.understand(&bytes),
            Err(error) => {
                let problem = Problem::error(format!("cannot read {}: {error}", self.file.display()));
                Draft { sources: Sources::new(), problems: vec![problem], native: None }
            }
        }
    }

    fn understand(&self, bytes: &[u8]) -> Draft {
        let mut sources = Sources::new();
        let id = sources.add(self.file.display().to_string(), bytes);
        let (native, problems) = native::read(&sources, id, &self.file, &self.machine);
        Draft { sources, problems, native }
    }

    /// One line of JSON, then the file as it was.
    fn pack(&self, bytes: &[u8]) -> Vec<u8> {
        use minder_config::native::Surroundings as _;
        let head = json!({
            "version": SNAPSHOT_VERSION,
            "file": self.file.to_string_lossy(),
            "program": self.program.to_string_lossy(),
            "environment": self.machine.environment(),
            "background": self.stay == Stay::Background,
        });
        let mut snapshot = head.to_string().into_bytes();
        snapshot.push(b'\n');
        snapshot.extend(bytes);
        snapshot
    }

    fn unpack(snapshot: &[u8]) -> Option<(Self, &[u8])> {
        let end = snapshot.iter().position(|&byte| byte == b'\n')?;
        let head: Value = serde_json::from_slice(&snapshot[..end]).ok()?;
        if head["version"].as_u64() != Some(SNAPSHOT_VERSION) {
            return None;
        }
        let environment: BTreeMap<String, String> =
            serde_json::from_value(head["environment"].clone()).ok()?;
        let origin = Self {
            file: PathBuf::from(head["file"].as_str()?),
            program: PathBuf::from(head["program"].as_str()?),
            machine: ThisMachine::with(environment),
            stay: if head["background"].as_bool()? { Stay::Background } else { Stay::Foreground },
        };
        Some((origin, &snapshot[end + 1..]))
    }

    fn restore(snapshot: &[u8]) -> Result<(Self, Native), String> {
        let (origin, bytes) = Self::unpack(snapshot).ok_or("not a snapshot of a minder.toml")?;
        let native = accepted(origin.understand(bytes))?;
        Ok((origin, native))
    }

    /// What should run, with the beat and the workers.
    fn plan(&self, native: &Native) -> Result<Plan, String> {
        let hash = agenda_file::hash(&native.agenda);
        let around = Around {
            program: &self.program,
            state: &native.minder.state,
            logs: &native.minder.logs,
            hash: &hash,
            beat: match native.beat {
                native::Beat::Here => Beat::Ours,
                native::Beat::Elsewhere => Beat::Elsewhere,
            },
        };
        let mut groups = workers::groups(&native.agenda, around);
        groups.extend(native.plan.groups().iter().map(|group| (**group).clone()));
        Plan::new(groups).map_err(|problem| match problem {
            PlanProblem::DuplicateGroup(name) | PlanProblem::DuplicateProgram(name, _) => {
                format!("a group `{name}` is made for tasks; give the program of that name another one")
            }
        })
    }

    /// Has the tasks of this reading hold from now on.
    fn accept(native: &Native) -> Result<(), String> {
        if native.agenda.tasks().is_empty() {
            return Ok(());
        }
        let state = StateDir::new(&native.minder.state);
        agenda_file::accept(&state, &native.agenda).map(drop).map_err(|error| error.to_string())
    }

    fn face(&self, native: &Native) -> Face {
        let minder = &native.minder;
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let log = match &minder.journal.log {
            LogTarget::File(path) => String::from_utf8_lossy(path.as_bytes()).into_owned(),
            LogTarget::Nowhere | LogTarget::Direct(_) | LogTarget::Followed(_) | LogTarget::Fresh { .. } => {
                text(&minder.logs.join("minder.log"))
            }
        };
        let (log_bytes_max, log_backups) = match minder.journal.rotation {
            Rotation::AfterWrite { max_bytes, backups } => (max_bytes.unwrap_or(0), backups),
            Rotation::Never | Rotation::BeforeWrite { .. } | Rotation::Periods(_) => (0, 0),
        };
        let bare = Bare {
            identifier: minder.name.clone(),
            log,
            log_bytes_max,
            log_backups,
            log_level: level(&minder.log_level),
            pidfile: text(&minder.pidfile),
            socket: text(&minder.socket),
            socket_mode: minder.socket_mode,
            logs: text(&minder.logs),
            stay: self.stay,
            bounds: minder.bounds,
        };
        Face::new(CALLED, Settings::bare(bare))
    }
}

fn level(word: &str) -> LogLevel {
    match word {
        "critical" => LogLevel::Critical,
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "debug" => LogLevel::Debug,
        "trace" => LogLevel::Trace,
        _ => LogLevel::Info,
    }
}

/// Where this executable is. One that was replaced while it ran has its old name with a remark behind it.
fn own_program() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("minder"));
    let text = own.to_string_lossy();
    text.strip_suffix(" (deleted)").map_or_else(|| own.clone(), PathBuf::from)
}

/// What the file says, or the first error as a text.
fn accepted(draft: Draft) -> Result<Native, String> {
    draft.native.ok_or_else(|| {
        let error = draft.problems.iter().find(|problem| problem.severity == Severity::Error);
        error.map_or_else(String::new, |problem| {
            render_text(problem, &draft.sources, Paint::Plain).trim_end().to_owned()
        })
    })
}

/// Reads the file again, with the tasks that belong to it.
#[derive(Clone, Debug)]
struct Rereader {
    origin: Origin,
}

impl Reader for Rereader {
    fn reread(&mut self) -> Result<Reading, String> {
        let bytes = std::fs::read(&self.origin.file)
            .map_err(|error| format!("cannot read {}: {error}", self.origin.file.display()))?;
        let native = accepted(self.origin.understand(&bytes))?;
        let plan = self.origin.plan(&native)?;
        // Workers of this reading may start as soon as it is known, and look for their agenda.
        Origin::accept(&native)?;
        Ok(Reading { plan, snapshot: self.origin.pack(&bytes) })
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Plan, String> {
        let (origin, native) = Origin::restore(snapshot)?;
        origin.plan(&native)
    }
}

/// Reads a snapshot, for somebody who only wants to know whether it can be read.
pub(super) fn reader(snapshot: &[u8]) -> Result<Box<dyn Reader>, String> {
    let (origin, _) = Origin::restore(snapshot)?;
    Ok(Box::new(Rereader { origin }))
}

/// Runs a file; `called` is the whole command line.
pub(crate) fn run_file(file: &Path, called: &[OsString], stay: Stay) -> ExitCode {
    let origin = Origin::new(file, stay);
    let draft = origin.read();
    for problem in &draft.problems {
        eprintln!("{}", render_text(problem, &draft.sources, Paint::Plain).trim_end());
    }
    let Some(native) = draft.native else { return ExitCode::FAILURE };
    let prepared = match prepare(&origin, &native) {
        Ok(prepared) => prepared,
        Err(text) => {
            eprintln!("minder: {text}");
            return ExitCode::FAILURE;
        }
    };
    if stay == Stay::Background
        && std::env::var_os(RESTART_VARIABLE).is_none()
        && let Err(error) = daemonise::daemonise(None, 0o022)
    {
        return fail(&format!("cannot become a daemon: {error}"));
    }
    // Whoever reads the pidfile may signal that process.
    hold_signals();
    let pidfile = &native.minder.pidfile;
    if let Err(error) = std::fs::write(pidfile, format!("{}\n", std::process::id())) {
        return fail(&format!("cannot write {}: {error}", pidfile.display()));
    }
    let Prepared { snapshot, held } = prepared;
    let (file, snapshot) = (&origin.file, &snapshot[..]);
    let error = become_keeper(Beginning { kind: Kind::Native, file, snapshot, held, called });
    fail(&format!("cannot become the keeper: {error}"))
}

struct Prepared {
    snapshot: Vec<u8>,
    held: Vec<(String, OwnedFd)>,
}

/// Everything that can fail and has to be told on the terminal.
fn prepare(origin: &Origin, native: &Native) -> Result<Prepared, String> {
    let minder = &native.minder;
    for directory in [&minder.state, &minder.logs] {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|error| format!("cannot make {}: {error}", directory.display()))?;
    }
    let bytes = std::fs::read(&origin.file)
        .map_err(|error| format!("cannot read {}: {error}", origin.file.display()))?;
    origin.plan(native)?;
    Origin::accept(native)?;
    let mut held = origin.face(native).open()?;
    let left = remains::of(Kind::Native.word(), origin.file.as_os_str().as_encoded_bytes());
    let mut left: Vec<(String, OwnedFd)> = left.into_iter().flat_map(|left| left.sockets).collect();
    for spec in &native.sockets {
        let opened = open(spec, &mut left).inspect_err(|_| {
            // Nobody answers on it.
            let _ = std::fs::remove_file(&minder.socket);
        })?;
        held.extend(opened);
    }
    Ok(Prepared { snapshot: origin.pack(&bytes), held })
}

/// A socket that programs of a daemon have still that was killed as a whole, or a new one.
fn open(spec: &SocketSpec, left: &mut Vec<(String, OwnedFd)>) -> Result<Option<(String, OwnedFd)>, String> {
    if spec.sharing == minder_core::socket::Sharing::EachItsOwn {
        return Ok(None);
    }
    let name = String::from_utf8_lossy(&listeners::held_name(&spec.name)).into_owned();
    if let Some(at) = left.iter().position(|(known, _)| *known == name) {
        return Ok(Some((name, left.swap_remove(at).1)));
    }
    match listeners::open(spec) {
        Ok(socket) => Ok(Some((name, socket))),
        Err(errno) => {
            let reason = io::Error::from_raw_os_error(errno.0);
            Err(format!("the socket `{}` cannot be opened: {reason}", spec.name))
        }
    }
}

/// What the mind of a `minder.toml` is made of.
pub(super) struct NativeStation {
    origin: Origin,
    plan: Plan,
    face: Face,
    pidfile: PathBuf,
    sockets: Vec<(String, OwnedFd)>,
    recalled: Option<Vec<u8>>,
    lives: u32,
    keeper: u32,
    /// Whoever keeps the socket's file in place.
    files: Vec<AbortHandle>,
}

/// Makes it of what the keeper holds.
pub(super) fn station(first: &[u8], heritage: &mut Heritage) -> io::Result<NativeStation> {
    let latest = heritage.latest_reading().ok_or_else(|| io::Error::other("the keeper holds no reading"))?;
    let (last_origin, last) = Origin::restore(latest).map_err(io::Error::other)?;
    let plan = last_origin.plan(&last).map_err(io::Error::other)?;
    let (origin, native) = Origin::restore(first).map_err(io::Error::other)?;
    Ok(NativeStation {
        plan,
        face: origin.face(&native),
        pidfile: native.minder.pidfile,
        origin,
        sockets: heritage.take_all(servers::HELD_PREFIX),
        recalled: heritage.recall(Face::RECALLED).map(<[u8]>::to_vec),
        lives: heritage.lives(),
        keeper: heritage.keeper(),
        files: Vec::new(),
    })
}

impl Station for NativeStation {
    fn plan(&mut self) -> Plan {
        std::mem::take(&mut self.plan)
    }

    fn reader(&self) -> Box<dyn Reader> {
        Box::new(Rereader { origin: self.origin.clone() })
    }

    fn journal(&self) -> JournalSpec {
        self.face.journal()
    }

    fn first_lines(&self, now: Now) -> Vec<u8> {
        match self.lives {
            0 => self.face.opening_lines(&Opening::default(), now, self.keeper),
            lives => self.face.taken_up_line(now, lives),
        }
    }

    fn observers(&mut self, _control: &Rc<dyn Control>) -> Vec<Box<dyn Observer>> {
        self.face.observers(self.recalled.take().as_deref())
    }

    fn serve(&mut self, control: &Rc<dyn Control>) -> io::Result<()> {
        self.files = self.face.serve(std::mem::take(&mut self.sockets), control)?;
        Ok(())
    }

    fn pidfile(&self) -> Option<&Path> {
        Some(&self.pidfile)
    }

    fn clear_away(&self, mind: &mut Mind) {
        self.files.iter().for_each(AbortHandle::abort);
        mind.close_listeners();
        for file in self.face.leavings().files {
            // Somebody may have removed it before.
            let _ = std::fs::remove_file(file);
        }
    }
}
