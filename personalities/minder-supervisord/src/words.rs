//! Our facts in Supervisor's words: states, texts of troubles, descriptions, signals.
//!
//! Everything here is a function of the core's facts; the only other input is the time zone of the machine, because
//! Supervisor tells stop times in local time. Faces (XML-RPC, web pages, main log, events) all take their words from
//! here, so that they cannot disagree.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minder_core::control::Report;
use minder_core::ids::{ByteString, CoreDump, Errno, ExitStatus, Signal};
use minder_core::instance::{Facts, Phase, Rest, Trouble};
use minder_core::plan::SocketAddress;

use crate::conf::python::repr;
use minder_core::program::{CommandProblem, ProgramSpec};
use minder_core::time::{Now, WallTime};

mod numbers;

pub use numbers::{errno_name, parse_signal, signal_name};

/// A state of a process, as Supervisor counts them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// 0: not started yet, or stopped because somebody asked.
    Stopped,
    /// 10: it runs, but not yet for `startsecs`.
    Starting,
    /// 20: it runs.
    Running,
    /// 30: it ended too quickly; the next attempt is due soon.
    Backoff,
    /// 40: it was asked to end and has not yet.
    Stopping,
    /// 100: it ended by itself.
    Exited,
    /// 200: too many attempts failed.
    Fatal,
    /// 1000: it cannot be signalled.
    Unknown,
}

impl State {
    /// What Supervisor would call these facts.
    #[must_use]
    pub fn of(facts: &Facts) -> State {
        match facts.phase {
            Phase::Down(Rest::Fresh | Rest::Asked) => State::Stopped,
            Phase::Down(Rest::Ended) => State::Exited,
            Phase::Down(Rest::GaveUp) => State::Fatal,
            Phase::Spawning | Phase::Starting { .. } => State::Starting,
            Phase::Up { .. } => State::Running,
            Phase::Stopping { .. } => State::Stopping,
            Phase::Waiting { .. } => State::Backoff,
            Phase::Lost { .. } => State::Unknown,
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            State::Stopped => 0,
            State::Starting => 10,
            State::Running => 20,
            State::Backoff => 30,
            State::Stopping => 40,
            State::Exited => 100,
            State::Fatal => 200,
            State::Unknown => 1000,
        }
    }

    /// The name on the wire, in capitals.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            State::Stopped => "STOPPED",
            State::Starting => "STARTING",
            State::Running => "RUNNING",
            State::Backoff => "BACKOFF",
            State::Stopping => "STOPPING",
            State::Exited => "EXITED",
            State::Fatal => "FATAL",
            State::Unknown => "UNKNOWN",
        }
    }

    /// Whether a start has nothing to do and a stop has something.
    #[must_use]
    pub const fn is_running(self) -> bool {
        match self {
            State::Starting | State::Running | State::Backoff => true,
            State::Stopped | State::Stopping | State::Exited | State::Fatal | State::Unknown => false,
        }
    }

    /// Whether nothing is left to stop.
    #[must_use]
    pub const fn is_stopped(self) -> bool {
        match self {
            State::Stopped | State::Exited | State::Fatal | State::Unknown => true,
            State::Starting | State::Running | State::Backoff | State::Stopping => false,
        }
    }

    /// Whether there is a process that a signal can be sent to.
    #[must_use]
    pub const fn is_signallable(self) -> bool {
        match self {
            State::Starting | State::Running | State::Stopping => true,
            State::Stopped | State::Backoff | State::Exited | State::Fatal | State::Unknown => false,
        }
    }
}

/// Why a command cannot be executed, as Supervisor says it. `line` is the command as it was written.
#[must_use]
pub fn command_problem(problem: &CommandProblem, line: &str) -> String {
    match problem {
        CommandProblem::Unsplittable(why) => format!("can't parse command {}: {why}", Quoted(line)),
        CommandProblem::Empty => "command is empty".to_owned(),
        CommandProblem::NotFound(word) => format!("can't find command {}", Quoted(&lossy(word))),
        CommandProblem::IsDirectory(path) => format!("command at {} is a directory", Quoted(&lossy(path))),
        CommandProblem::NotExecutable(path) => {
            format!("command at {} is not executable", Quoted(&lossy(path)))
        }
        CommandProblem::NotPermitted(path) => {
            format!("no permission to run command {}", Quoted(&lossy(path)))
        }
    }
}

/// The `spawnerr` of a trouble.
#[must_use]
pub fn trouble(trouble: &Trouble, spec: &ProgramSpec) -> Cow<'static, str> {
    const EMFILE: Errno = Errno(24);
    const EAGAIN: Errno = Errno(11);
    let name = Quoted(spec.name.as_str());
    match trouble {
        Trouble::Command(problem) => command_problem(problem, &spec.command.line).into(),
        Trouble::Pipes(EMFILE) => format!("too many open files to spawn {name}").into(),
        Trouble::Pipes(errno) => {
            format!("unknown error making dispatchers for {name}: {}", errno_name(*errno)).into()
        }
        Trouble::Fork(EAGAIN) => format!("Too many processes in process table to spawn {name}").into(),
        Trouble::Fork(errno) => {
            format!("unknown error during fork for {name}: {}", errno_name(*errno)).into()
        }
        Trouble::Socket(errno) => format!("Could not create FastCGI socket: {}", errno_name(*errno)).into(),
        // Programs of this dialect count as exited then.
        Trouble::Unborn(_, errno) => {
            format!("unknown error during fork for {name}: {}", errno_name(*errno)).into()
        }
        Trouble::DiedYoung => "Exited too quickly (process log may have details)".into(),
        Trouble::BadExit(status) => format!("Bad exit code {}", exit_code(*status)).into(),
    }
}

/// The number Supervisor gives for an exit: the code, or -1 when a signal ended the process or nobody knows.
#[must_use]
pub const fn exit_code(status: ExitStatus) -> i32 {
    match status {
        ExitStatus::Code(code) => code as i32,
        ExitStatus::Signal { .. } | ExitStatus::Unknown => -1,
    }
}

/// The `exitstatus` of a program. The original shows none for a process that ended before it counted as running.
fn exit_shown(facts: &Facts) -> i32 {
    match (&facts.trouble, facts.last_exit) {
        (Some(Trouble::DiedYoung), _) | (_, None) => 0,
        (_, Some(status)) => exit_code(status),
    }
}

/// How a process ended: `exit status 3`, `terminated by SIGSEGV (core dumped)`.
#[must_use]
pub fn exit_phrase(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("exit status {code}"),
        ExitStatus::Signal { signal, core } => {
            let core = match core {
                CoreDump::Written => " (core dumped)",
                CoreDump::None => "",
            };
            format!("terminated by {}{core}", signal_name(signal))
        }
        ExitStatus::Unknown => "unknown termination cause".to_owned(),
    }
}

/// All that `getProcessInfo` tells of one program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessInfo<'a> {
    /// The program's name.
    pub name: &'a str,
    /// Its group's name.
    pub group: &'a str,
    /// When the last attempt began, in seconds since 1970; 0 if there was none.
    pub start: i64,
    /// When the last process ended, in seconds since 1970; 0 if none has.
    pub stop: i64,
    /// The time now, in seconds since 1970.
    pub now: i64,
    /// Its state.
    pub state: State,
    /// What went wrong; empty if nothing did.
    pub spawnerr: Cow<'static, str>,
    /// How the last process ended; 0 if none has, -1 if a signal ended it.
    pub exitstatus: i32,
    /// The file of its standard output; empty if there is none.
    pub stdout_logfile: Cow<'a, str>,
    /// The file of its standard error; empty if there is none.
    pub stderr_logfile: Cow<'a, str>,
    /// The process id; 0 if there is none.
    pub pid: u32,
    /// One line for people.
    pub description: Cow<'static, str>,
}

impl<'a> ProcessInfo<'a> {
    /// Puts a report into Supervisor's words.
    #[must_use]
    pub fn new(report: &'a Report, now: Now, zone: &TimeZone) -> ProcessInfo<'a> {
        let facts = &report.facts;
        let state = State::of(facts);
        let spawnerr = match &facts.trouble {
            Some(what) => trouble(what, &report.spec),
            None => Cow::Borrowed(""),
        };
        ProcessInfo {
            name: report.spec.name.as_str(),
            group: report.group.as_str(),
            start: facts.started.map_or(0, |at| at.wall.seconds()),
            stop: facts.stopped.map_or(0, WallTime::seconds),
            now: now.wall.seconds(),
            state,
            description: description(report, state, &spawnerr, now, zone),
            spawnerr,
            exitstatus: exit_shown(facts),
            stdout_logfile: report.stdout_log.as_ref().map_or(Cow::Borrowed(""), lossy),
            stderr_logfile: report.stderr_log.as_ref().map_or(Cow::Borrowed(""), lossy),
            pid: facts.pid().map_or(0, minder_core::ids::Pid::get),
        }
    }
}

/// The line for people. The uptime is reckoned by the monotonic clock, so it stays right when the wall clock is set.
fn description(
    report: &Report,
    state: State,
    spawnerr: &str,
    now: Now,
    zone: &TimeZone,
) -> Cow<'static, str> {
    let facts = &report.facts;
    match state {
        State::Running => {
            let pid = facts.pid().map_or(0, minder_core::ids::Pid::get);
            let up = facts.started.map_or(0, |at| now.monotonic.since(at.monotonic).as_secs());
            format!("pid {pid}, uptime {}", Uptime(up)).into()
        }
        State::Backoff | State::Fatal if spawnerr.is_empty() => {
            format!("unknown error (try \"tail {}\")", report.spec.name).into()
        }
        State::Backoff | State::Fatal => Cow::Owned(spawnerr.to_owned()),
        State::Stopped | State::Exited if facts.started.is_none() => Cow::Borrowed("Not started"),
        State::Stopped | State::Exited => stop_time(facts.stopped.unwrap_or_default(), zone).into(),
        State::Starting | State::Stopping | State::Unknown => Cow::Borrowed(""),
    }
}

/// `Nov 21 06:09 AM`, in local time.
fn stop_time(at: WallTime, zone: &TimeZone) -> String {
    // Beyond jiff's range (year 9999) there is nothing to tell.
    let Ok(at) = Timestamp::from_second(at.seconds()) else { return String::new() };
    at.to_zoned(zone.clone()).strftime("%b %d %I:%M %p").to_string()
}

/// Seconds as Python writes a `timedelta`: `0:00:05`, `1 day, 0:00:05`, `2 days, 3:04:05`.
struct Uptime(u64);

impl fmt::Display for Uptime {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, rest) = (self.0 / 86_400, self.0 % 86_400);
        match days {
            0 => {}
            1 => out.write_str("1 day, ")?,
            _ => write!(out, "{days} days, ")?,
        }
        write!(out, "{}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
    }
}

/// Text in the quotes that Python's `repr` would choose: single ones, unless the text has those and no double ones.
pub struct Quoted<'a>(pub &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&repr(self.0))
    }
}

/// A group's socket as the original writes it.
#[must_use]
pub fn socket_url(address: &SocketAddress) -> String {
    match address {
        SocketAddress::Unix { path, .. } => format!("unix://{}", lossy(path)),
        SocketAddress::Tcp { host, port } => format!("tcp://{host}:{port}"),
    }
}

/// Why a group's socket is not there, as the original says it.
#[must_use]
pub fn no_group_socket(address: &SocketAddress, errno: Errno) -> String {
    let reason = std::io::Error::from_raw_os_error(errno.0).to_string();
    let reason = reason.split(" (os error").next().unwrap_or_default();
    format!("Could not create FastCGI socket {}: [Errno {}] {reason}", socket_url(address), errno.0)
}

/// Bytes as text. What is not UTF-8 becomes U+FFFD: XML and HTML have no other way to show it.
#[must_use]
pub fn lossy(bytes: &ByteString) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.as_bytes())
}

/// A signal as a request names it, checked.
#[must_use]
pub fn is_signal(signal: Signal) -> bool {
    numbers::is_known(signal)
}

#[cfg(test)]
mod tests;
