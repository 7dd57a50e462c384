//! The options of one watcher, and how replies show them.

use super::environment::Environment;
use super::python;
use super::stream::{StdStream, StreamOptions};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Arguments that follow the words of the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Args {
    /// Not given.
    #[default]
    None,
    /// A text, split into words as the command is.
    Text(String),
    /// One word each.
    List(Vec<String>),
}

impl Args {
    /// As a reply shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::None => Value::Null,
            Self::Text(text) => json!(text),
            Self::List(words) => json!(words),
        }
    }
}

/// A number that keeps whether it was written as a whole one, because replies show it so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A whole number.
    Whole(i64),
    /// A number with a fraction, if only `.0`.
    Real(f64),
}

impl Number {
    /// The number as a float.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "seconds beyond 2^53 make no difference")]
    pub fn as_f64(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Real(real) => real,
        }
    }

    /// As a reply shows it.
    #[must_use]
    pub fn to_json(self) -> Value {
        match self {
            Self::Whole(whole) => json!(whole),
            Self::Real(real) => json!(real),
        }
    }
}

/// A user or a group, as it was named. It is looked up when a process starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// By number.
    Id(i64),
    /// By name, or by a number in a text.
    Name(String),
}

impl Account {
    /// As a reply shows it.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Id(id) => json!(id),
            Self::Name(name) => json!(name),
        }
    }
}

/// What is asked at a moment of a watcher's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The dotted name of a Python callable.
    pub callable: String,
    /// Whether an exception of it counts as consent. See [`WatcherOptions::ignores_failure_of`].
    pub ignore_failure: bool,
}

/// The hooks whose failure never matters.
pub const FAILURES_IGNORED: [&str; 5] =
    ["before_stop", "after_stop", "before_signal", "after_signal", "extended_stats"];

/// Everything that is set about a watcher, typed.
#[derive(Clone, Debug, PartialEq)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is an option of the original that is on or off, and none excludes another"
)]
pub struct WatcherOptions {
    /// The name as it was written. Look-ups do not mind its case.
    pub name: String,
    /// The command, with what the file's environment brought in and what is known at spawn time still raw.
    pub cmd: String,
    /// What follows the command.
    pub args: Args,
    /// How many processes are wanted. Below zero is zero.
    pub numprocesses: i64,
    /// Seconds between two processes of this watcher.
    pub warmup_delay: Number,
    /// Where processes run.
    pub working_dir: String,
    /// Whether `/bin/sh -c` runs the command, with every word quoted.
    pub shell: bool,
    /// Words behind the shell's command; only with `shell`.
    pub shell_args: Args,
    /// The user to become.
    pub uid: Option<Account>,
    /// The group to become; without it, the user's.
    pub gid: Option<Account>,
    /// Whether the daemon's environment was the start of `env`.
    pub copy_env: bool,
    /// Whether the daemon's Python path should be passed on. There is none, so a `PYTHONPATH` stays as it is.
    pub copy_path: bool,
    /// The whole environment of a process; `None` as an empty one, but shown as null.
    pub env: Option<Environment>,
    /// A virtual environment, whose directories are in `env` already.
    pub virtualenv: Option<String>,
    /// The Python version whose directory in the virtual environment counts.
    pub virtualenv_py_ver: Option<String>,
    /// Limits by the name behind `RLIMIT_`, in any case; -1 is no limit.
    pub rlimits: Vec<(String, i64)>,
    /// Where standard output goes.
    pub stdout_stream: StreamOptions,
    /// Where standard error goes.
    pub stderr_stream: StreamOptions,
    /// Whether standard input is `/dev/null`.
    pub close_child_stdin: bool,
    /// Whether standard output is `/dev/null`.
    pub close_child_stdout: bool,
    /// Whether standard error is `/dev/null`.
    pub close_child_stderr: bool,
    /// The socket that becomes standard input; its name is compared to the letter.
    pub stdin_socket: Option<String>,
    /// Whether processes inherit the daemon's sockets.
    pub use_sockets: bool,
    /// Whether a reload sends `SIGHUP` instead of replacing processes.
    pub send_hup: bool,
    /// The number of the signal that asks a process to end. Not every number is a signal: then stopping fails.
    pub stop_signal: i64,
    /// Whether direct children get the stop signal too.
    pub stop_children: bool,
    /// Seconds from the stop signal to `SIGKILL`; zero or less is none.
    pub graceful_timeout: f64,
    /// How often a process that cannot be started is tried before the watcher stops; -1 is for ever.
    pub max_retry: i64,
    /// Seconds after which a process is replaced; zero is never.
    pub max_age: i64,
    /// Most seconds that chance adds to `max_age`.
    pub max_age_variance: i64,
    /// Larger is earlier.
    pub priority: i64,
    /// Whether there is at most one process.
    pub singleton: bool,
    /// Whether dead processes are replaced.
    pub respawn: bool,
    /// Whether it starts with the daemon.
    pub autostart: bool,
    /// Whether it starts with the first connection.
    pub on_demand: bool,
    /// Hooks by the moment they are for, in the order in which they were given.
    pub hooks: Vec<(String, Hook)>,
    /// Options that mean nothing to the daemon, in the order in which they were given: plugins read them.
    pub free: Map<String, Value>,
}

/// The options that replies show of every watcher, free ones aside.
pub(super) const SHOWN: [&str; 29] = [
    "args",
    "close_child_stderr",
    "close_child_stdin",
    "close_child_stdout",
    "cmd",
    "copy_env",
    "env",
    "executable",
    "gid",
    "graceful_timeout",
    "max_age",
    "max_age_variance",
    "max_retry",
    "numprocesses",
    "on_demand",
    "priority",
    "respawn",
    "send_hup",
    "shell",
    "shell_args",
    "singleton",
    "stderr_stream_conf",
    "stdout_stream_conf",
    "stop_children",
    "stop_signal",
    "uid",
    "use_sockets",
    "warmup_delay",
    "working_dir",
];

impl WatcherOptions {
    /// The name that events use: lower case, spaces as `_`.
    #[must_use]
    pub fn resource_name(&self) -> String {
        self.name.to_lowercase().replace(' ', "_")
    }

    /// All options as the reply to `options` has them: a member each, in the order of their names.
    #[must_use]
    pub fn options(&self) -> Map<String, Value> {
        let mut names: Vec<&str> = SHOWN.to_vec();
        names.extend(self.free.keys().map(String::as_str));
        names.sort_unstable();
        names.dedup();
        names.into_iter().filter_map(|name| Some((name.to_owned(), self.get(name)?))).collect()
    }

    /// One option as the reply to `get` has it; `None` if there is no such option. A free option hides one of the daemon's.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        if let Some(value) = self.free.get(name) {
            return Some(value.clone());
        }
        let value = match name {
            "args" => self.args.to_json(),
            "close_child_stderr" => json!(self.close_child_stderr),
            "close_child_stdin" => json!(self.close_child_stdin),
            "close_child_stdout" => json!(self.close_child_stdout),
            "cmd" => json!(self.cmd),
            "copy_env" => json!(self.copy_env),
            "env" => self.env.as_ref().map_or(Value::Null, Environment::to_json),
            "executable" => Value::Null,
            "gid" => self.gid.as_ref().map_or(Value::Null, Account::to_json),
            "graceful_timeout" => json!(self.graceful_timeout),
            "max_age" => json!(self.max_age),
            "max_age_variance" => json!(self.max_age_variance),
            "max_retry" => json!(self.max_retry),
            "numprocesses" => json!(self.numprocesses),
            "on_demand" => json!(self.on_demand),
            "priority" => json!(self.priority),
            "respawn" => json!(self.respawn),
            "send_hup" => json!(self.send_hup),
            "shell" => json!(self.shell),
            "shell_args" => self.shell_args.to_json(),
            "singleton" => json!(self.singleton),
            "stderr_stream_conf" => self.stderr_stream.to_json(),
            "stdout_stream_conf" => self.stdout_stream.to_json(),
            "stop_children" => json!(self.stop_children),
            "stop_signal" => json!(self.stop_signal),
            "uid" => self.uid.as_ref().map_or(Value::Null, Account::to_json),
            "use_sockets" => json!(self.use_sockets),
            "warmup_delay" => self.warmup_delay.to_json(),
            "working_dir" => json!(self.working_dir),
            _ => return None,
        };
        Some(value)
    }

    /// The options that plugins and substitutions see beside the daemon's own, as texts.
    pub fn free_texts(&self) -> impl Iterator<Item = (&str, String)> {
        self.free.iter().map(|(name, value)| (name.as_str(), python::text(value)))
    }

    /// How many processes are wanted.
    #[must_use]
    pub fn wanted(&self) -> u32 {
        u32::try_from(self.numprocesses.max(0)).unwrap_or(u32::MAX)
    }

    /// The pause between two processes. Beyond what a duration can hold, and for what is no number, the longest or none.
    #[must_use]
    pub fn warmup(&self) -> Duration {
        seconds(self.warmup_delay.as_f64())
    }

    /// The time from the stop signal to `SIGKILL`.
    #[must_use]
    pub fn grace(&self) -> Duration {
        seconds(self.graceful_timeout)
    }

    /// The hook of a moment.
    #[must_use]
    pub fn hook(&self, moment: &str) -> Option<&Hook> {
        self.hooks.iter().find(|(name, _)| name == moment).map(|(_, hook)| hook)
    }

    /// Whether an exception of the hook counts as consent.
    #[must_use]
    pub fn ignores_failure_of(&self, moment: &str) -> bool {
        FAILURES_IGNORED.contains(&moment) || self.hook(moment).is_some_and(|hook| hook.ignore_failure)
    }

    /// Whether the command (its arguments do not count) names a socket, which the original asks to know who uses it.
    #[must_use]
    pub fn names_socket(&self, socket: &str) -> bool {
        self.cmd.contains(&format!("circus.sockets.{socket}"))
    }

    /// Where one of the two outputs goes.
    #[must_use]
    pub fn stream(&self, which: StdStream) -> &StreamOptions {
        match which {
            StdStream::Stdout => &self.stdout_stream,
            StdStream::Stderr => &self.stderr_stream,
        }
    }
}

fn seconds(seconds: f64) -> Duration {
    if seconds.is_nan() || seconds <= 0.0 {
        return Duration::ZERO;
    }
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
