//! From a watcher to what the mind runs: a group with a program for each process.
//!
//! ```text
//!  WatcherOptions + wid + Lowering ─program─▶ ProgramSpec ─┐
//!                                                          ├─group─▶ Plan of one group, and its snapshot
//!  (a killed mind's successor) snapshot ─restore───────────┘
//! ```
//!
//! Long because each setting of a watcher has its counterpart here.
//!
//! The mind knows nothing of watchers. It never starts or restarts these programs by itself: the arbiter does, since Circus
//! decides that for a watcher as a whole.

use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};
use std::sync::Arc;
use std::time::Duration;

use minder_core::backoff::{Backoff, Shortage};
use minder_core::ids::{BytePath, ByteString, Errno, GroupName, ProgramName, Signal, SocketName};
use minder_core::instance::{Trouble, UnbornStep};
use minder_core::plan::{GroupSpec, Plan};
use minder_core::program::{
    Announce, Ceiling, Choice, Colour, Command, CommandProblem, EnvironmentBase, ErrorOutput, Identity,
    InheritedSocket, Leads, LogTarget, OutputFilter, OutputSpec, PeriodUnit, Periods, ProgramSpec, Publish,
    Readiness, ResourceLimit, Rotation, SocketSource, Stamp, StampLook, Startup, StdinSource, Surroundings,
    Syslog, Unborn, Weekday, Zone,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::socket::Sharing;
use minder_core::stop::{Reach, StopPolicy};
use serde_json::{Value, json};

use crate::chance;
use crate::ini::RealMachine;
use crate::options::stream::RotateWhen;
use crate::options::{Args, Exception, Sink, SpawnContext, StreamOptions, WatcherOptions, bytes};
use crate::sockets::{self, Socket};

/// What a process is made of beside its watcher.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Lowering {
    /// The sockets by their names.
    pub sockets: BTreeMap<String, Socket>,
}

/// What is put before a watcher's command when minder itself is what it runs.
pub const OWN_EXECUTABLE: &str = "minder:";

impl Lowering {
    /// One process of a watcher.
    ///
    /// # Errors
    /// Why it cannot be started: the text behind `error in 'NAME': `.
    pub fn program(&self, options: &WatcherOptions, wid: u32) -> Result<ProgramSpec, Exception> {
        let machine = &RealMachine;
        let numbers: Vec<(String, i32)> =
            self.sockets.iter().map(|(name, socket)| (name.clone(), socket.descriptor)).collect();
        let context = SpawnContext { wid, sockets: &numbers, machine };
        let words = options.command(&context)?.words;
        options.stdin_socket(&context)?;
        let identity = identity(options)?;
        let environment = options.environment();
        let sockets = self.inherited(options);
        Ok(ProgramSpec {
            name: ProgramName::new(wid.to_string()),
            command: command(options, &words, environment.get("PATH")),
            directory: Some(path(&options.working_dir)),
            environment: environment.iter().map(|(name, value)| (text(name), text(value))).collect(),
            surroundings: Surroundings {
                environment: EnvironmentBase::Empty,
                leads: Leads::Session,
                limits: limits(options)?,
                announce: announce(&sockets),
                sockets,
                unborn: Unborn::NotMade,
            },
            identity,
            umask: None,
            priority: 0,
            startup: Startup::OnRequest,
            restart: RestartPolicy::Never,
            expected_exits: ExpectedExits(vec![0]),
            readiness: Readiness::StaysUp(Duration::ZERO),
            backoff: Backoff { retries: 0, step: Duration::ZERO, shortage: Shortage::Counts },
            stop: stop(options),
            stdin: stdin(options),
            stdout: output(&options.stdout_stream, options.close_child_stdout),
            stderr: ErrorOutput::Own(output(&options.stderr_stream, options.close_child_stderr)),
            notices: Arc::default(),
        })
    }

    /// The sockets of a process: all common ones, and one of its own for each that its command names.
    fn inherited(&self, options: &WatcherOptions) -> Vec<InheritedSocket> {
        if !options.use_sockets {
            return Vec::new();
        }
        let mut inherited: Vec<InheritedSocket> = self
            .sockets
            .values()
            .filter_map(|socket| {
                let spec = &socket.spec;
                let source = match spec.sharing {
                    Sharing::Common => SocketSource::Common(spec.name.clone()),
                    Sharing::EachItsOwn if options.names_socket(spec.name.as_str()) => {
                        SocketSource::Own(spec.clone())
                    }
                    // It is bound nowhere, so nobody could do anything with it.
                    Sharing::EachItsOwn => return None,
                };
                Some(InheritedSocket { source, descriptor: socket.descriptor })
            })
            .collect();
        inherited.sort_by_key(|socket| socket.descriptor);
        inherited
    }
}

/// Only descriptors from 3 on without a gap can be announced.
fn announce(sockets: &[InheritedSocket]) -> Announce {
    let gapless = sockets.iter().zip(3..).all(|(socket, number)| socket.descriptor == number);
    if gapless && !sockets.is_empty() { Announce::ListenFds } else { Announce::Nothing }
}

/// Where `execvp` looks when there is no `PATH`.
const DEFAULT_PATH: &str = "/bin:/usr/bin";

fn command(options: &WatcherOptions, words: &[String], search: Option<&str>) -> Command {
    let first = words.first().map_or("", String::as_str);
    // A name with a slash is looked up where the process runs, not where minder does.
    let relative = first.contains('/') && !first.starts_with('/');
    let own = first.strip_prefix(OWN_EXECUTABLE).filter(|_| is_internal(&options.name));
    let file = match (own, relative) {
        (Some(_), _) => own_executable(),
        (None, true) => Some(path(&format!("{}/{first}", options.working_dir))),
        (None, false) => None,
    };
    let first = own.unwrap_or(first);
    let words = std::iter::once(first).chain(words.iter().skip(1).map(String::as_str));
    Command {
        line: options.cmd.as_str().into(),
        file,
        words: Ok(words.map(text).collect()),
        search: search.unwrap_or(DEFAULT_PATH).split(':').map(path).collect(),
        choice: Choice::FirstPermitted,
    }
}

/// Watchers whose command is minder's own, whatever a file says.
fn is_internal(name: &str) -> bool {
    name == crate::daemon::STATS_WATCHER || name.starts_with("plugin:")
}

/// Not by a name that may lead elsewhere after an update: the very file that runs.
fn own_executable() -> Option<BytePath> {
    use std::os::unix::ffi::OsStringExt;
    let file = std::env::current_exe().ok()?;
    Some(file.into_os_string().into_vec().into())
}

fn text(text: &str) -> ByteString {
    bytes::encode(text).into()
}

fn path(text: &str) -> BytePath {
    bytes::encode(text).into()
}

/// `None` where nothing would change: without privileges the calls for that would be refused.
fn identity(options: &WatcherOptions) -> Result<Option<Identity>, Exception> {
    let wanted = options.identity(&RealMachine)?;
    let (own_uid, own_gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    // Zero is no wish: the original tests for truth.
    let uid = wanted.uid.filter(|uid| *uid != 0).unwrap_or(own_uid);
    let gid = wanted.gid.filter(|gid| *gid != 0).unwrap_or(own_gid);
    if uid == own_uid && gid == own_gid {
        return Ok(None);
    }
    let groups = match (&wanted.username, wanted.gid) {
        (Some(name), Some(gid)) => groups_of(name, gid),
        _ => rustix::process::getgroups()
            .unwrap_or_default()
            .into_iter()
            .map(rustix::fs::Gid::as_raw)
            .collect(),
    };
    Ok(Some(Identity { uid, gid, groups }))
}

fn groups_of(user: &str, gid: u32) -> Vec<u32> {
    let found = std::ffi::CString::new(user)
        .ok()
        .and_then(|name| nix::unistd::getgrouplist(&name, nix::unistd::Gid::from_raw(gid)).ok());
    found.map_or_else(|| vec![gid], |groups| groups.into_iter().map(nix::unistd::Gid::as_raw).collect())
}

/// Resources by the names behind `RLIMIT_`, with Linux's numbers.
const RESOURCES: [(&str, i32); 16] = [
    ("CPU", 0),
    ("FSIZE", 1),
    ("DATA", 2),
    ("STACK", 3),
    ("CORE", 4),
    ("RSS", 5),
    ("NPROC", 6),
    ("NOFILE", 7),
    ("MEMLOCK", 8),
    ("AS", 9),
    ("LOCKS", 10),
    ("SIGPENDING", 11),
    ("MSGQUEUE", 12),
    ("NICE", 13),
    ("RTPRIO", 14),
    ("RTTIME", 15),
];

/// Open files have a limit in the kernel that nobody may go beyond.
const NOFILE: i32 = 7;

fn limits(options: &WatcherOptions) -> Result<Vec<ResourceLimit>, Exception> {
    let limit = |(name, value): &(String, i64)| {
        let upper = name.to_uppercase();
        let known = RESOURCES.iter().find(|(known, _)| *known == upper);
        let Some(&(_, resource)) = known else {
            return Err(Exception::value(format!("unknown rlimit \"{name}\"")));
        };
        let ceiling = match u64::try_from(*value) {
            Ok(value) => Ceiling::At(value),
            Err(_) if resource == NOFILE => Ceiling::Highest,
            Err(_) => Ceiling::Unlimited,
        };
        Ok(ResourceLimit { resource, ceiling })
    };
    options.rlimits.iter().map(limit).collect()
}

fn stop(options: &WatcherOptions) -> StopPolicy {
    StopPolicy {
        signal: u8::try_from(options.stop_signal).map_or(Signal::TERM, Signal),
        grace: options.grace(),
        reach: if options.stop_children { Reach::Family } else { Reach::Process },
        kill_reach: Reach::Tree,
    }
}

fn stdin(options: &WatcherOptions) -> StdinSource {
    match &options.stdin_socket {
        Some(name) => StdinSource::Socket(SocketName::new(name.as_str())),
        None if options.close_child_stdin => StdinSource::Null,
        None => StdinSource::Own,
    }
}

fn output(stream: &StreamOptions, closed: bool) -> OutputSpec {
    let direct = |sink| (LogTarget::Direct(sink), Rotation::Never, OutputFilter::Raw);
    let (log, rotation, filter) = match stream.sink() {
        None if closed => direct(minder_core::program::Sink::Null),
        None => direct(minder_core::program::Sink::Own),
        Some(sink) => kept(sink),
    };
    OutputSpec { log, rotation, syslog: Syslog::Off, filter, capture: None, publish: Publish::Silent }
}

/// Where the daemon's own output goes.
const STDOUT: &str = "/dev/stdout";

fn kept(sink: &Sink) -> (LogTarget, Rotation, OutputFilter) {
    match sink {
        Sink::File { filename, max_bytes, backup_count, time_format } => {
            let rotation = match u64::try_from(*max_bytes).ok().and_then(NonZeroU64::new) {
                Some(max_bytes) => Rotation::BeforeWrite { max_bytes, backups: count(*backup_count) },
                None => Rotation::Never,
            };
            (file(filename.as_deref()), rotation, stamped(time_format.as_deref()))
        }
        Sink::WatchedFile { filename, time_format } => {
            let log = match filename {
                Some(name) => LogTarget::Followed(path(name)),
                None => file(None),
            };
            (log, Rotation::Never, stamped(time_format.as_deref()))
        }
        Sink::TimedRotatingFile { filename, backup_count, time_format, when, interval, utc } => {
            let periods = Periods {
                unit: unit(*when),
                count: u32::try_from(*interval).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN),
                zone: if *utc { Zone::Utc } else { Zone::Local },
                backups: count(*backup_count),
            };
            (file(filename.as_deref()), Rotation::Periods(periods), stamped(time_format.as_deref()))
        }
        Sink::Stdout => (LogTarget::File(path(STDOUT)), Rotation::Never, OutputFilter::Raw),
        Sink::FancyStdout { colour: code, time_format } => {
            let stamp = Stamp { time: time_format.as_str().into(), look: StampLook::Coloured(colour(*code)) };
            (LogTarget::File(path(STDOUT)), Rotation::Never, OutputFilter::Stamped(stamp))
        }
        Sink::Queue => (LogTarget::Nowhere, Rotation::Never, OutputFilter::Raw),
    }
}

/// Without a name it is a new file where temporary ones are.
fn file(name: Option<&str>) -> LogTarget {
    match name {
        Some(name) => LogTarget::File(path(name)),
        None => LogTarget::Fresh {
            directory: path(&std::env::temp_dir().to_string_lossy()),
            prefix: text("tmp"),
            suffix: text(""),
        },
    }
}

fn count(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

fn stamped(format: Option<&str>) -> OutputFilter {
    match format {
        Some(format) => OutputFilter::Stamped(Stamp { time: format.into(), look: StampLook::Plain }),
        None => OutputFilter::Raw,
    }
}

fn unit(when: RotateWhen) -> PeriodUnit {
    match when {
        RotateWhen::Second => PeriodUnit::Seconds,
        RotateWhen::Minute => PeriodUnit::Minutes,
        RotateWhen::Hour => PeriodUnit::Hours,
        RotateWhen::Day => PeriodUnit::Days,
        RotateWhen::Midnight => PeriodUnit::Midnights,
        RotateWhen::Weekday(day) => PeriodUnit::Weeks(match day {
            0 => Weekday::Monday,
            1 => Weekday::Tuesday,
            2 => Weekday::Wednesday,
            3 => Weekday::Thursday,
            4 => Weekday::Friday,
            5 => Weekday::Saturday,
            _ => Weekday::Sunday,
        }),
    }
}

/// By chance where none is given.
fn colour(code: Option<u8>) -> Colour {
    const ALL: [Colour; 7] = [
        Colour::Red,
        Colour::Green,
        Colour::Yellow,
        Colour::Blue,
        Colour::Magenta,
        Colour::Cyan,
        Colour::White,
    ];
    let place = match code {
        Some(code) => usize::from(code.saturating_sub(1)),
        None => usize::try_from(chance::up_to(6)).unwrap_or(0),
    };
    ALL[place % ALL.len()]
}

/// What a watcher's group is to be.
#[derive(Clone, Debug)]
pub struct Shape {
    group: GroupName,
    programs: BTreeMap<u32, Arc<ProgramSpec>>,
    /// What it is made of, so that it can be made again.
    made_of: Value,
}

impl Shape {
    /// These programs of a watcher.
    pub fn new(
        group: &GroupName,
        options: &WatcherOptions,
        lowering: &Lowering,
        programs: BTreeMap<u32, Arc<ProgramSpec>>,
    ) -> Self {
        let wids: Vec<u32> = programs.keys().copied().collect();
        let sockets: Vec<Value> = lowering.sockets.values().map(sockets::encode).collect();
        let made_of = json!({
            "group": group.as_str(), "options": options.encode(), "sockets": sockets, "wids": wids,
        });
        Self { group: group.clone(), programs, made_of }
    }
}

/// The plan of these groups alone, and the snapshot from which it can be had again.
pub fn plan(shapes: &[Shape]) -> (Plan, Vec<u8>) {
    let groups = shapes.iter().map(|shape| group(&shape.group, shape.programs.values().cloned().collect()));
    let snapshot = Value::Array(shapes.iter().map(|shape| shape.made_of.clone()).collect());
    // Groups of an arbiter have names of their own.
    (Plan::new(groups.collect()).unwrap_or_default(), snapshot.to_string().into_bytes())
}

fn group(name: &GroupName, programs: Vec<Arc<ProgramSpec>>) -> GroupSpec {
    GroupSpec { name: name.clone(), priority: 0, programs, subscription: None, socket: None }
}

/// The plan of a snapshot.
///
/// # Errors
/// When it is none.
pub fn restore(snapshot: &[u8]) -> Result<Plan, String> {
    let damaged = || "the snapshot of a group is damaged".to_owned();
    let Value::Array(shapes) = serde_json::from_slice(snapshot).map_err(|error| error.to_string())? else {
        // The reading of the file itself, which holds no groups.
        return Ok(Plan::default());
    };
    let groups = shapes.iter().map(restore_group).collect::<Option<Vec<_>>>().ok_or_else(damaged)?;
    Plan::new(groups).map_err(|problem| format!("{problem:?}"))
}

fn restore_group(made_of: &Value) -> Option<GroupSpec> {
    let options = WatcherOptions::decode(made_of.get("options")?)?;
    let sockets =
        made_of.get("sockets")?.as_array()?.iter().map(sockets::decode).collect::<Option<Vec<_>>>()?;
    let sockets = sockets.into_iter().map(|socket| (socket.spec.name.to_string(), socket)).collect();
    let lowering = Lowering { sockets };
    let wids = made_of
        .get("wids")?
        .as_array()?
        .iter()
        .map(|wid| wid.as_u64().and_then(|wid| u32::try_from(wid).ok()));
    let program = |wid: Option<u32>| {
        let wid = wid?;
        // What lives goes on, even where it could not be started again.
        let spec = lowering.program(&options, wid).or_else(|why| {
            let mut spec = lowering.program(&bare(&options), wid)?;
            spec.command.words = Err(CommandProblem::Unsplittable(why.to_string().into()));
            Ok::<_, Exception>(spec)
        });
        Some(Arc::new(spec.ok()?))
    };
    let programs = wids.map(program).collect::<Option<Vec<_>>>()?;
    Some(group(&GroupName::new(made_of.get("group")?.as_str()?), programs))
}

/// The same watcher without all that can be wrong about it.
fn bare(options: &WatcherOptions) -> WatcherOptions {
    WatcherOptions {
        cmd: "false".to_owned(),
        args: Args::None,
        uid: None,
        gid: None,
        rlimits: Vec::new(),
        stdin_socket: None,
        ..options.clone()
    }
}

/// Why a process could not be made, in Python's words.
pub fn trouble_text(trouble: &Trouble, spec: &ProgramSpec) -> String {
    match trouble {
        Trouble::Command(problem) => command_text(problem, spec),
        Trouble::Unborn(UnbornStep::Directory, errno) => {
            let directory = spec.directory.as_ref().map_or(&b""[..], BytePath::as_bytes);
            format!("{}: {}", os_error(*errno), quoted(directory))
        }
        Trouble::Unborn(UnbornStep::Exec, errno) => {
            format!("{}: {}", os_error(*errno), quoted(first_word(spec)))
        }
        Trouble::Unborn(UnbornStep::Limits, errno) => match errno.0 {
            1 => "not allowed to raise maximum limit".to_owned(),
            22 => "current limit exceeds maximum limit".to_owned(),
            _ => os_error(*errno),
        },
        Trouble::Unborn(UnbornStep::Lead | UnbornStep::Descriptors | UnbornStep::Identity, errno)
        | Trouble::Pipes(errno)
        | Trouble::Fork(errno)
        | Trouble::Socket(errno) => os_error(*errno),
        Trouble::DiedYoung | Trouble::BadExit(_) => "the process has ended".to_owned(),
    }
}

/// Why a command cannot be executed, in Python's words.
pub fn command_text(problem: &CommandProblem, spec: &ProgramSpec) -> String {
    match problem {
        CommandProblem::Unsplittable(why) => why.to_string(),
        CommandProblem::Empty => "list index out of range".to_owned(),
        CommandProblem::NotFound(_) => format!("{}: {}", os_error(Errno(2)), quoted(first_word(spec))),
        CommandProblem::IsDirectory(_)
        | CommandProblem::NotExecutable(_)
        | CommandProblem::NotPermitted(_) => {
            format!("{}: {}", os_error(Errno(13)), quoted(first_word(spec)))
        }
    }
}

fn first_word(spec: &ProgramSpec) -> &[u8] {
    spec.command.words.as_ref().ok().and_then(|words| words.first()).map_or(b"", ByteString::as_bytes)
}

fn quoted(bytes: &[u8]) -> String {
    crate::options::python::repr_text(&bytes::decode(bytes))
}

/// An error of the system as Python shows it.
pub fn os_error(number: Errno) -> String {
    let text = std::io::Error::from_raw_os_error(number.0).to_string();
    let text = text.split_once(" (os error").map_or(text.as_str(), |(text, _)| text);
    format!("[Errno {}] {text}", number.0)
}
