//! What circusctl makes of the words behind `set NAME`.

use super::environment::Environment;
use super::exception::{Class, Exception};
use super::python::{self, repr_text, strip};
use super::signal::to_signum;
use super::validate::HOOKS;
use serde_json::{Map, Value, json};

/// The value of an option as circusctl sends it. `environment` is circusctl's own, for `$NAME` in a value of `env`, which the
/// original cannot convert at all.
///
/// # Errors
///
/// What the original prints: `unknown key 'x'`, or what its conversions raise.
pub fn option(key: &str, text: &str, environment: &Environment) -> Result<Value, Exception> {
    let whole = || python::int(text, 10).map(|number| json!(number));
    match key {
        "numprocesses" | "max_retry" | "max_age" | "max_age_variance" => whole(),
        "warmup_delay" | "retry_in" | "graceful_timeout" => python::float(text).map(|number| json!(number)),
        "working_dir" | "uid" | "gid" | "cmd" | "args" => Ok(json!(text)),
        "send_hup" | "stop_children" | "shell" | "copy_env" | "respawn" | "singleton"
        | "close_child_stdin" | "close_child_stdout" | "close_child_stderr" => {
            python::to_bool(&json!(text)).map(|truth| json!(truth))
        }
        "stop_signal" => to_signum(&json!(text)).map(|number| json!(number)),
        "env" => variables(text, environment),
        "hooks" => hooks(text),
        _ => {
            if key.starts_with("stderr_stream.") || key.starts_with("stdout_stream.") {
                let part = key.split_once('.').map_or("", |(_, part)| part);
                return if matches!(part, "max_bytes" | "backup_count") { whole() } else { Ok(json!(text)) };
            }
            if let Some(moment) = key.strip_prefix("hooks.") {
                return if HOOKS.contains(&moment) { Ok(json!(text)) } else { Err(argument(moment)) };
            }
            if key.starts_with("rlimit_") {
                return whole();
            }
            Err(argument(&format!("unknown key {}", repr_text(key))))
        }
    }
}

fn argument(text: &str) -> Exception {
    Exception::new(Class::Argument, text)
}

/// `A=b,C=d`
fn variables(text: &str, outer: &Environment) -> Result<Value, Exception> {
    let mut environment = Environment::new();
    for pair in text.split(',') {
        match pair.split('=').collect::<Vec<_>>()[..] {
            [name, value] => environment.set(strip(name), strip(value)),
            [_] => return Err(Exception::value("not enough values to unpack (expected 2, got 1)")),
            _ => return Err(Exception::value("too many values to unpack (expected 2)")),
        }
    }
    Ok(environment.with_references_replaced(outer).to_json())
}

/// `before_start:module.f,after_start:module.g`
fn hooks(text: &str) -> Result<Value, Exception> {
    let mut hooks = Map::new();
    for hook in text.split(',').filter(|hook| !hook.is_empty()) {
        match hook.split(':').collect::<Vec<_>>()[..] {
            [moment, callable] if HOOKS.contains(&moment) => hooks.insert(moment.to_owned(), json!(callable)),
            [moment, _] => return Err(argument(moment)),
            ref parts => return Err(argument(&python::repr(&json!(parts)))),
        };
    }
    Ok(Value::Object(hooks))
}
