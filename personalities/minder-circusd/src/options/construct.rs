//! A watcher made of keywords, as the original's constructor makes it.
//!
//! An exception here drops the one watcher (the daemon logs `Failed to create watcher` and goes on) or ends the one `add`; it
//! never ends the daemon.

use super::environment::Environment;
use super::exception::{Class, Exception};
use super::python;
use super::signal::to_signum;
use super::stream::StreamOptions;
use super::virtualenv;
use super::watcher::{Account, Args, Hook, Number, WatcherOptions};
use crate::ini::machine::Machine;
use serde_json::{Map, Value, json};

/// Keywords that the original's constructor takes and that mean nothing to us: a Python function, an event loop, and a program
/// name that it throws away.
const WITHOUT_EFFECT: [&str; 3] = ["prereload_fn", "loop", "executable"];

/// Keywords that are taken out one by one; what is left over are free options.
struct Keywords(Map<String, Value>);

impl Keywords {
    fn take(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    fn flag(&mut self, key: &str, default: Default) -> bool {
        self.take(key).as_ref().map_or(default == Default::On, python::truth)
    }

    fn whole(&mut self, key: &str, default: i64) -> Result<i64, Exception> {
        self.take(key).as_ref().map_or(Ok(default), python::int_of)
    }

    /// A text; null and the empty text are none.
    fn text(&mut self, key: &str) -> Option<String> {
        self.take(key).filter(python::truth).as_ref().map(python::text)
    }

    fn stream(&mut self, key: &str, machine: &dyn Machine) -> Result<StreamOptions, Exception> {
        let stream = self.take(key).as_ref().map_or(Ok(StreamOptions::ABSENT), StreamOptions::new)?;
        stream.check(machine)?;
        Ok(stream)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Default {
    On,
    Off,
}

impl WatcherOptions {
    /// The watcher of that name that the keywords describe; the command is the keyword `cmd`. `env` is taken as it is: a file's
    /// environment is to be given with its references replaced.
    ///
    /// # Errors
    ///
    /// The first of what the original raises.
    pub fn construct(
        name: &str,
        keywords: Map<String, Value>,
        machine: &dyn Machine,
    ) -> Result<Self, Exception> {
        let mut given = Keywords(keywords);
        for key in WITHOUT_EFFECT {
            given.take(key);
        }
        let cmd = given.take("cmd").unwrap_or(Value::Null);
        let args = given.take("args").unwrap_or(Value::Null);
        let numprocesses = given.whole("numprocesses", 1)?;
        let graceful_timeout = given.take("graceful_timeout").as_ref().map_or(Ok(30.0), python::float_of)?;
        let stdout_stream = given.stream("stdout_stream", machine)?;
        let stderr_stream = given.stream("stderr_stream", machine)?;
        let max_retry = given.whole("max_retry", 5)?;
        let max_age = given.whole("max_age", 0)?;
        let max_age_variance = given.whole("max_age_variance", 30)?;
        let singleton = given.flag("singleton", Default::Off);
        if singleton && !matches!(numprocesses, 0 | 1) {
            let text = format!("Cannot have {numprocesses} processes with a singleton  watcher");
            return Err(Exception::value(text));
        }
        let working_dir = given.text("working_dir").unwrap_or_else(|| machine.current_directory());
        let (copy_env, copy_path) =
            (given.flag("copy_env", Default::Off), given.flag("copy_path", Default::Off));
        let env = environment(given.take("env").unwrap_or(Value::Null), copy_env, copy_path, machine)?;
        let mut watcher = Self {
            name: name.to_owned(),
            cmd: command(&cmd)?,
            args: arguments(&args)?,
            numprocesses,
            warmup_delay: given.take("warmup_delay").as_ref().map_or(Ok(Number::Real(0.0)), number)?,
            working_dir,
            shell: given.flag("shell", Default::Off),
            shell_args: arguments(&given.take("shell_args").unwrap_or(Value::Null))?,
            uid: given.take("uid").as_ref().map_or(Ok(None), account)?,
            gid: given.take("gid").as_ref().map_or(Ok(None), account)?,
            copy_env,
            copy_path,
            env,
            virtualenv: given.text("virtualenv"),
            virtualenv_py_ver: given.text("virtualenv_py_ver"),
            rlimits: limits(&given.take("rlimits").unwrap_or(Value::Null))?,
            stdout_stream,
            stderr_stream,
            close_child_stdin: given.flag("close_child_stdin", Default::On),
            close_child_stdout: given.flag("close_child_stdout", Default::Off),
            close_child_stderr: given.flag("close_child_stderr", Default::Off),
            stdin_socket: given
                .take("stdin_socket")
                .filter(|name| !name.is_null())
                .as_ref()
                .map(python::text),
            use_sockets: given.flag("use_sockets", Default::Off),
            send_hup: given.flag("send_hup", Default::Off),
            stop_signal: given.take("stop_signal").as_ref().map_or(Ok(15), to_signum)?,
            stop_children: given.flag("stop_children", Default::Off),
            graceful_timeout,
            max_retry,
            max_age,
            max_age_variance,
            priority: given.whole("priority", 0)?,
            singleton,
            respawn: given.flag("respawn", Default::On),
            autostart: given.flag("autostart", Default::On),
            on_demand: given.flag("on_demand", Default::Off),
            hooks: Vec::new(),
            free: Map::new(),
        };
        let hooks = given.take("hooks").unwrap_or(Value::Null);
        watcher.free = given.0;
        virtualenv::load(&mut watcher, machine)?;
        watcher.hooks = self::hooks(&hooks)?;
        Ok(watcher)
    }

    /// The watcher that `add` asks for, with validated options.
    ///
    /// # Errors
    ///
    /// The first of what the original raises; errno 5.
    pub fn from_add(
        name: &str,
        cmd: &Value,
        args: &Value,
        options: &Map<String, Value>,
        machine: &dyn Machine,
    ) -> Result<Self, Exception> {
        if options.contains_key("args") {
            let text = "circus.arbiter.Arbiter.add_watcher() got multiple values for keyword argument 'args'";
            return Err(Exception::of_type(text));
        }
        if options.contains_key("cmd") {
            return Err(Exception::of_type("Arbiter.add_watcher() got multiple values for argument 'cmd'"));
        }
        let mut keywords = Map::new();
        let mut limits = Map::new();
        keywords.insert("cmd".to_owned(), cmd.clone());
        keywords.insert("args".to_owned(), args.clone());
        for (key, value) in options {
            match key.strip_prefix("rlimit_") {
                Some(limit) => {
                    limits.insert(limit.to_owned(), if value.is_null() { json!(-1) } else { value.clone() });
                }
                None => {
                    keywords.insert(key.clone(), value.clone());
                }
            }
        }
        if !limits.is_empty() {
            keywords.insert("rlimits".to_owned(), Value::Object(limits));
        }
        Self::construct(name, keywords, machine)
    }
}

/// The environment of the watcher: what was given, on top of the daemon's if that is to be copied.
fn environment(
    given: Value,
    copy_env: bool,
    copy_path: bool,
    machine: &dyn Machine,
) -> Result<Option<Environment>, Exception> {
    let given = match given {
        Value::Null => None,
        given => match Environment::from_json(&given) {
            Some(environment) => Some(environment),
            None => {
                return Err(Exception::of_type(
                    "expected str, bytes or os.PathLike object, not a value of env",
                ));
            }
        },
    };
    if !copy_env {
        if copy_path {
            return Err(Exception::value("copy_env and copy_path must have the same value"));
        }
        return Ok(given);
    }
    let mut environment = machine.environment();
    if let Some(given) = given {
        environment.update(&given);
    }
    Ok(Some(environment))
}

pub(super) fn command(value: &Value) -> Result<String, Exception> {
    match value {
        Value::String(text) => Ok(text.clone()),
        value => Err(no_text(value)),
    }
}

fn no_text(value: &Value) -> Exception {
    Exception::of_type(format!("expected string or bytes-like object, got '{}'", python::type_name(value)))
}

pub(super) fn arguments(value: &Value) -> Result<Args, Exception> {
    match value {
        Value::Null => Ok(Args::None),
        Value::String(text) => Ok(Args::Text(text.clone())),
        Value::Array(words) => words.iter().map(command).collect::<Result<_, _>>().map(Args::List),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => {
            Err(Exception::of_type(format!("'{}' object is not iterable", python::type_name(value))))
        }
    }
}

pub(super) fn number(value: &Value) -> Result<Number, Exception> {
    match value.as_i64() {
        Some(whole) => Ok(Number::Whole(whole)),
        None => python::float_of(value).map(Number::Real),
    }
}

fn account(value: &Value) -> Result<Option<Account>, Exception> {
    match value {
        Value::Null => Ok(None),
        Value::String(name) => Ok(Some(Account::Name(name.clone()))),
        value => Ok(Some(Account::Id(python::int_of(value)?))),
    }
}

fn limits(value: &Value) -> Result<Vec<(String, i64)>, Exception> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(limits) => {
            limits.iter().map(|(name, value)| Ok((name.clone(), python::int_of(value)?))).collect()
        }
        value => Err(no_items(value)),
    }
}

fn no_items(value: &Value) -> Exception {
    Exception::new(
        Class::Attribute,
        format!("'{}' object has no attribute 'items'", python::type_name(value)),
    )
}

/// Hooks are pairs of a name and a truth.
fn hooks(value: &Value) -> Result<Vec<(String, Hook)>, Exception> {
    let hooks = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Object(hooks) => hooks,
        value => return Err(no_items(value)),
    };
    hooks
        .iter()
        .map(|(moment, pair)| {
            let (callable, ignore_failure) = pair_of(pair)?;
            Ok((
                moment.clone(),
                Hook { callable: command(&callable)?, ignore_failure: python::truth(&ignore_failure) },
            ))
        })
        .collect()
}

/// The two items of a list, or the two characters of a text: Python unpacks both.
fn pair_of(value: &Value) -> Result<(Value, Value), Exception> {
    let items: Vec<Value> = match value {
        Value::Array(items) => items.clone(),
        Value::String(text) => text.chars().take(3).map(|c| json!(c.to_string())).collect(),
        Value::Object(items) => items.keys().map(|key| json!(key)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            let text = format!("cannot unpack non-iterable {} object", python::type_name(value));
            return Err(Exception::of_type(text));
        }
    };
    let count = items.len();
    match <[Value; 2]>::try_from(items) {
        Ok([first, second]) => Ok((first, second)),
        Err(_) if count > 2 => Err(Exception::value("too many values to unpack (expected 2)")),
        Err(_) => Err(Exception::value(format!("not enough values to unpack (expected 2, got {count})"))),
    }
}
