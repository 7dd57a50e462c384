//! The kinds of values: numbers, switches, sizes, signals, names, addresses, users and paths.
//!
//! Each function takes the text of a value and gives the value or a [`TypeError`], which displays as the original's text and
//! knows what would have been accepted.

use super::machine::{Machine, User};
use super::paths::{directory_of, with_home};
use super::python::{self, NotInteger, repr, strip};
use std::fmt;

/// Why a text is no value of its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    /// The original's text.
    text: String,
    /// What would be accepted, in words that fit behind "expected".
    expected: &'static str,
}

impl TypeError {
    fn new(text: impl Into<String>, expected: &'static str) -> Self {
        Self { text: text.into(), expected }
    }

    /// What would be accepted, in words that fit behind "expected".
    #[must_use]
    pub fn expected(&self) -> &'static str {
        self.expected
    }

    /// The same with another text: what the original says where it does not pass its own reason on.
    #[must_use]
    pub fn saying(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self }
    }
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

type Result<T> = std::result::Result<T, TypeError>;

/// A whole number. What does not fit becomes the nearest that does: the original has numbers without end.
///
/// # Errors
///
/// If the text is no whole number in decimal digits.
pub fn integer(text: &str) -> Result<i64> {
    const EXPECTED: &str = "a whole number such as 5";
    python::decimal(text).map(clamp).map_err(|error| integer_error(&error, EXPECTED))
}

fn integer_error(error: &NotInteger, expected: &'static str) -> TypeError {
    TypeError::new(error.to_string(), expected)
}

fn clamp(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

/// A switch.
///
/// # Errors
///
/// If the text is none of `yes true on 1 no false off 0` in any letter case.
pub fn boolean(text: &str) -> Result<bool> {
    truth(&text.to_lowercase())
        .ok_or_else(|| TypeError::new(format!("not a valid boolean value: {}", repr(text)), "true or false"))
}

fn truth(lower: &str) -> Option<bool> {
    match lower {
        "yes" | "true" | "on" | "1" => Some(true),
        "no" | "false" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// A number of bytes, with an optional `KB`, `MB` or `GB` of 1024, 1024² or 1024³ bytes.
///
/// # Errors
///
/// If what stands before the unit is no whole number.
pub fn byte_size(text: &str) -> Result<i64> {
    const EXPECTED: &str = "a number of bytes such as 1048576, or one with KB, MB or GB such as 50MB";
    let lower = text.to_lowercase();
    let units = [("kb", 1_i128 << 10), ("mb", 1 << 20), ("gb", 1 << 30)];
    let (number, unit) =
        units.iter().find_map(|(name, unit)| Some((lower.strip_suffix(name)?, *unit))).unwrap_or((&lower, 1));
    let number = python::decimal(number).map_err(|error| integer_error(&error, EXPECTED))?;
    Ok(clamp(number.saturating_mul(unit)))
}

/// A number in base 8, such as a file mode. Negative ones are accepted, as the original does.
///
/// # Errors
///
/// If the text is no number in base 8.
pub fn octal(text: &str) -> Result<i64> {
    let expected = "an octal mode such as 0700";
    python::octal(text)
        .map(clamp)
        .map_err(|_| TypeError::new(format!("{text} can not be converted to an octal type"), expected))
}

/// Names of signals with their numbers, as Linux has them on all its common machines. The names with an underscore are
/// no signals; the original takes them for such by accident, and files may name them.
pub(crate) const SIGNALS: [(&str, i32); 41] = [
    ("SIGABRT", 6),
    ("SIGALRM", 14),
    ("SIGBUS", 7),
    ("SIGCHLD", 17),
    ("SIGCLD", 17),
    ("SIGCONT", 18),
    ("SIGFPE", 8),
    ("SIGHUP", 1),
    ("SIGILL", 4),
    ("SIGINT", 2),
    ("SIGIO", 29),
    ("SIGIOT", 6),
    ("SIGKILL", 9),
    ("SIGPIPE", 13),
    ("SIGPOLL", 29),
    ("SIGPROF", 27),
    ("SIGPWR", 30),
    ("SIGQUIT", 3),
    ("SIGRTMAX", 64),
    ("SIGRTMIN", 34),
    ("SIGSEGV", 11),
    ("SIGSTKFLT", 16),
    ("SIGSTOP", 19),
    ("SIGSYS", 31),
    ("SIGTERM", 15),
    ("SIGTRAP", 5),
    ("SIGTSTP", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGURG", 23),
    ("SIGUSR1", 10),
    ("SIGUSR2", 12),
    ("SIGVTALRM", 26),
    ("SIGWINCH", 28),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIG_BLOCK", 0),
    ("SIG_DFL", 0),
    ("SIG_IGN", 1),
    ("SIG_SETMASK", 2),
    ("SIG_UNBLOCK", 1),
];

/// A signal by number or name, with or without `SIG`. Zero is accepted: it signals nothing.
///
/// # Errors
///
/// If no signal has that name or number.
pub fn signal(text: &str) -> Result<i32> {
    const EXPECTED: &str = "a signal such as TERM, HUP or 15";
    let refused =
        |what: &str| TypeError::new(format!("value {} is not a valid signal {what}", repr(text)), EXPECTED);
    if let Ok(number) = python::decimal(text) {
        let known = SIGNALS.iter().find(|(_, known)| i128::from(*known) == number);
        return known.map(|(_, number)| *number).ok_or_else(|| refused("number"));
    }
    let upper = strip(text).to_uppercase();
    let name = if upper.starts_with("SIG") { upper } else { format!("SIG{upper}") };
    SIGNALS.iter().find(|(known, _)| *known == name).map(|(_, number)| *number).ok_or_else(|| refused("name"))
}

/// A comma-separated list of texts, each without surrounding space. The empty text is the empty list.
#[must_use]
pub fn strings(text: &str) -> Vec<String> {
    if text.is_empty() { Vec::new() } else { text.split(',').map(|item| strip(item).to_owned()).collect() }
}

/// A comma-separated list of exit codes. The empty text is the empty list.
///
/// # Errors
///
/// If an item is no whole number from 0 to 255.
pub fn exit_codes(text: &str) -> Result<Vec<u8>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let code = |item: &str| u8::try_from(python::decimal(item).ok()?).ok();
    text.split(',').map(code).collect::<Option<_>>().ok_or_else(|| {
        let expected = "exit codes from 0 to 255, separated by commas, such as 0,2";
        TypeError::new(format!("not a valid list of exit codes: {}", repr(text)), expected)
    })
}

/// When an exited program is started again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutoRestart {
    /// Never.
    Never,
    /// If its exit code is not one of the expected ones, or a signal ended it.
    Unexpected,
    /// Always.
    Always,
}

/// A switch, or `unexpected`.
///
/// # Errors
///
/// If it is neither.
pub fn auto_restart(text: &str) -> Result<AutoRestart> {
    let lower = text.to_lowercase();
    match (lower.as_str(), truth(&lower)) {
        ("unexpected", _) => Ok(AutoRestart::Unexpected),
        (_, Some(true)) => Ok(AutoRestart::Always),
        (_, Some(false)) => Ok(AutoRestart::Never),
        (_, None) => {
            let text = format!("invalid 'autorestart' value {}", repr(&lower));
            Err(TypeError::new(text, "true, false or unexpected"))
        }
    }
}

/// The name of a process or group. The empty name is accepted, as in the original.
///
/// # Errors
///
/// If it holds a space, a colon or a slash.
pub fn name(text: &str) -> Result<String> {
    let name = strip(text);
    match [' ', ':', '/'].into_iter().find(|c| name.contains(*c)) {
        None => Ok(name.to_owned()),
        Some(c) => {
            let because = repr(&c.to_string());
            let text = format!("Invalid name: {} because of character: {because}", repr(text));
            Err(TypeError::new(text, "a name without spaces, colons and slashes"))
        }
    }
}

/// A path to a directory that exists; a leading `~` becomes a home.
///
/// # Errors
///
/// If there is no directory.
pub fn existing_directory(text: &str, machine: &dyn Machine) -> Result<String> {
    let path = with_home(text, machine);
    if machine.directory_exists(&path) {
        return Ok(path);
    }
    Err(TypeError::new(format!("{text} is not an existing directory"), "a directory that exists"))
}

/// A path in a directory that exists; a leading `~` becomes a home. A bare name is in the current directory.
///
/// # Errors
///
/// If the directory does not exist.
pub fn existing_parent(text: &str, machine: &dyn Machine) -> Result<String> {
    let path = with_home(text, machine);
    let directory = directory_of(&path);
    if directory.is_empty() || machine.directory_exists(directory) {
        return Ok(path);
    }
    let refused = format!("The directory named as part of the path {text} does not exist");
    Err(TypeError::new(refused, "a path in a directory that exists"))
}

/// Where the output of a program goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFile {
    /// Nowhere.
    None,
    /// To a file in `childlogdir` with a generated name.
    Auto,
    /// To the system log; a deprecated way of saying `stdout_syslog=true`.
    Syslog,
    /// To this file. The empty path means nowhere.
    Path(String),
}

/// A log file, or one of the words `none`, `off`, `auto` and `syslog`.
///
/// # Errors
///
/// If it is a path whose directory does not exist.
pub fn log_file(text: &str, machine: &dyn Machine) -> Result<LogFile> {
    match text.to_lowercase().as_str() {
        "none" | "off" => Ok(LogFile::None),
        "auto" => Ok(LogFile::Auto),
        "syslog" => Ok(LogFile::Syslog),
        _ => existing_parent(text, machine).map(LogFile::Path),
    }
}

/// How much the daemon logs about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything.
    Blather = 3,
    /// Every step.
    Trace = 5,
    /// Also what the programs print.
    Debug = 10,
    /// What happens.
    Info = 20,
    /// What is odd.
    Warn = 30,
    /// What failed.
    Error = 40,
    /// What may be fatal.
    Critical = 50,
}

/// The name of a log level.
///
/// # Errors
///
/// If there is no such level.
pub fn log_level(text: &str) -> Result<LogLevel> {
    match text.to_lowercase().as_str() {
        "blather" => Ok(LogLevel::Blather),
        "trace" => Ok(LogLevel::Trace),
        "debug" => Ok(LogLevel::Debug),
        "info" => Ok(LogLevel::Info),
        "warn" => Ok(LogLevel::Warn),
        "error" => Ok(LogLevel::Error),
        "critical" => Ok(LogLevel::Critical),
        _ => {
            let expected = "one of critical, error, warn, info, debug, trace and blather";
            Err(TypeError::new(format!("bad logging level name {}", repr(text)), expected))
        }
    }
}

const PORT: &str = "a port from 1 to 65535";

fn port(text: &str) -> Result<u16> {
    let number = python::decimal(text).map_err(|error| integer_error(&error, PORT))?;
    if number < 1 {
        return Err(TypeError::new(format!("{number} is below lower bound (1)"), PORT));
    }
    u16::try_from(number).map_err(|_| TypeError::new(format!("{number} is above upper bound (65535)"), PORT))
}

/// `port`, `:port`, `*:port` or `host:port`. The host comes in lower case, and empty if all interfaces are meant.
///
/// # Errors
///
/// If the port is missing, no number, or out of range.
pub fn inet_address(text: &str) -> Result<(String, u16)> {
    match text.rsplit_once(':') {
        None => match port(text) {
            Ok(port) => Ok((String::new(), port)),
            Err(error) => Err(error.saying(format!("not a valid port number: {} ", repr(text)))),
        },
        Some((_, "")) => Err(TypeError::new("no port number specified in ''", PORT)),
        Some((host, number)) => {
            let port = port(number)?;
            let host = host.to_lowercase();
            Ok((if host == "*" { String::new() } else { host }, port))
        }
    }
}

/// An existing user by name or number.
///
/// # Errors
///
/// If there is none.
pub fn user(text: &str, machine: &dyn Machine) -> Result<User> {
    const EXPECTED: &str = "a user of this machine, by name or number";
    match python::decimal(text) {
        Ok(number) => u32::try_from(number)
            .ok()
            .and_then(|uid| machine.user_by_id(uid))
            .ok_or_else(|| TypeError::new(format!("Invalid user id {text}"), EXPECTED)),
        Err(_) => machine
            .user_by_name(text)
            .ok_or_else(|| TypeError::new(format!("Invalid user name {text}"), EXPECTED)),
    }
}

fn group(text: &str, machine: &dyn Machine) -> Option<u32> {
    match python::decimal(text) {
        Ok(number) => u32::try_from(number).ok().filter(|gid| machine.group_exists(*gid)),
        Err(_) => machine.group_by_name(text),
    }
}

/// Who a socket file is given to. What is `None` is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The user.
    pub uid: Option<u32>,
    /// The group.
    pub gid: Option<u32>,
}

/// `user` or `user:group`, by names or numbers.
///
/// # Errors
///
/// If one of them does not exist.
pub fn owner(text: &str, machine: &dyn Machine) -> Result<Owner> {
    let expected = "user or user:group, both existing";
    let refused = || TypeError::new(format!("Invalid user:group definition {text}"), expected);
    let (name, group_name) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    let uid = Some(user(name, machine).map_err(|_| refused())?.uid);
    let gid = group_name.map(|name| group(name, machine).ok_or_else(refused)).transpose()?;
    Ok(Owner { uid, gid })
}

/// Where FastCGI programs listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FcgiAddress {
    /// A socket file at an absolute path, not yet normalised.
    Unix(String),
    /// A host in lower case and a port.
    Tcp(String, u16),
}

const FCGI: &str = "unix:///absolute/path or tcp://host:port";

/// `unix:///absolute/path` or `tcp://host:port`. The original's mistakes in two of the texts, which show a Python tuple, are
/// kept.
///
/// # Errors
///
/// If it is neither.
pub fn fcgi_address(text: &str) -> Result<FcgiAddress> {
    if let Some(path) = text.strip_prefix("unix://") {
        if path.starts_with('/') {
            return Ok(FcgiAddress::Unix(path.to_owned()));
        }
        let refused = format!("('Unix socket path %s is not an absolute path', {})", repr(path));
        return Err(TypeError::new(refused, FCGI));
    }
    let malformed = || TypeError::new(format!("('Bad socket format %s', {})", repr(text)), FCGI);
    let rest = text.strip_prefix("tcp://").ok_or_else(malformed)?;
    let rest = rest.strip_suffix('\n').unwrap_or(rest);
    let (host, number) = rest.split_once(':').ok_or_else(malformed)?;
    let digits = !number.is_empty() && number.chars().all(|c| python::digit(c).is_some());
    if host.is_empty() || host.contains(python::is_space) || !digits {
        return Err(malformed());
    }
    Ok(FcgiAddress::Tcp(host.to_lowercase(), port(number)?))
}
