//! What a client may send as options of `add` and `set`. Every refusal is errno 3.

use super::exception::Exception;
use super::python::{repr, repr_text};
use serde_json::{Map, Value};

/// The moments that can have a hook.
pub const HOOKS: [&str; 11] = [
    "before_start",
    "after_start",
    "before_stop",
    "after_stop",
    "before_spawn",
    "after_spawn",
    "before_signal",
    "after_signal",
    "before_reap",
    "after_reap",
    "extended_stats",
];

/// The limits of Linux by the name behind `RLIMIT_`.
pub const LIMITS: [&str; 16] = [
    "AS",
    "CORE",
    "CPU",
    "DATA",
    "FSIZE",
    "MEMLOCK",
    "MSGQUEUE",
    "NICE",
    "NOFILE",
    "NPROC",
    "OFILE",
    "RSS",
    "RTPRIO",
    "RTTIME",
    "SIGPENDING",
    "STACK",
];

/// Checks the whole `options` property of a message.
///
/// # Errors
///
/// The text of the first option that is refused.
pub fn options(options: &Value) -> Result<&Map<String, Value>, Exception> {
    let Value::Object(options) = options else {
        return Err(Exception::message("'options' property should be an object"));
    };
    for (key, value) in options {
        option(key, value)?;
    }
    Ok(options)
}

/// Checks one option.
///
/// # Errors
///
/// Why it is refused.
pub fn option(key: &str, value: &Value) -> Result<(), Exception> {
    let refused = |what: &str| Err(Exception::message(format!("{} {what}", repr_text(key))));
    match key {
        "numprocesses" | "max_retry" | "max_age" | "max_age_variance" | "stop_signal" => {
            if !is_whole(value) {
                return refused("isn't an integer");
            }
        }
        "warmup_delay" | "retry_in" | "graceful_timeout" => {
            if !value.is_number() && !value.is_boolean() {
                return refused("isn't a number");
            }
        }
        "uid" | "gid" => {
            if !is_whole(value) && !value.is_string() {
                return refused("isn't an integer or string");
            }
        }
        "send_hup" | "shell" | "copy_env" | "respawn" | "stop_children" | "close_child_stdin"
        | "close_child_stdout" | "close_child_stderr" => {
            if !value.is_boolean() {
                return refused("isn't a valid boolean");
            }
        }
        "env" => return environment(value),
        "hooks" => return hooks(value),
        "stderr_stream" | "stdout_stream" => match value {
            Value::Object(keys) if keys.contains_key("class") => {}
            Value::Object(_) => return refused("must have a 'class' key"),
            _ => return refused("isn't a valid object"),
        },
        "working_dir" | "cmd" | "args" | "singleton" => {}
        _ => return prefixed(key, value),
    }
    Ok(())
}

/// Python's `True` is a whole number too.
fn is_whole(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.is_boolean()
}

fn environment(value: &Value) -> Result<(), Exception> {
    let Value::Object(variables) = value else {
        return Err(Exception::message("'env' isn't a valid object"));
    };
    match variables.iter().find(|(_, value)| !value.is_string()) {
        Some((name, _)) => Err(Exception::message(format!("{} isn't a string", repr_text(name)))),
        None => Ok(()),
    }
}

fn hooks(value: &Value) -> Result<(), Exception> {
    match value {
        Value::Object(hooks) if hooks.keys().all(|name| HOOKS.contains(&name.as_str())) => Ok(()),
        Value::Object(_) => Err(Exception::message(format!("Unknown hook {}", repr(value)))),
        value => Err(Exception::message(format!("{} isn't a valid hook dict", repr(value)))),
    }
}

fn prefixed(key: &str, value: &Value) -> Result<(), Exception> {
    if let Some(limit) = key.strip_prefix("rlimit_") {
        if !LIMITS.contains(&limit.to_uppercase().as_str()) {
            return Err(Exception::message(format!("{} isn't a valid rlimit setting", repr_text(key))));
        }
        if !value.is_null() && !is_whole(value) {
            return Err(Exception::message(format!("{} rlimit value isn't a valid int", repr(value))));
        }
        return Ok(());
    }
    if ["stdout_stream.", "stderr_stream.", "hooks."].iter().any(|prefix| key.starts_with(prefix)) {
        return Ok(());
    }
    Err(Exception::message(format!("unknown key {}", repr_text(key))))
}
