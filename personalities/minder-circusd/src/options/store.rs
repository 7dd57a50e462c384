//! Options as JSON, for keeping them where a later process finds them. [`WatcherOptions::decode`] of what
//! [`WatcherOptions::encode`] gives is the same watcher, on any machine and at any time: nothing is looked up again.

use super::environment::Environment;
use super::stream::StreamOptions;
use super::watcher::{Account, Args, Hook, Number, WatcherOptions};
use serde_json::{Map, Value, json};

impl WatcherOptions {
    /// The watcher as a JSON object.
    #[must_use]
    pub fn encode(&self) -> Value {
        let hooks: Vec<Value> =
            self.hooks.iter().map(|(name, hook)| json!([name, hook.callable, hook.ignore_failure])).collect();
        json!({
            "name": self.name,
            "cmd": self.cmd,
            "args": self.args.to_json(),
            "numprocesses": self.numprocesses,
            "warmup_delay": match self.warmup_delay {
                Number::Whole(whole) => json!(whole),
                Number::Real(real) => encode_real(real),
            },
            "working_dir": self.working_dir,
            "shell": self.shell,
            "shell_args": self.shell_args.to_json(),
            "uid": self.uid.as_ref().map(Account::to_json),
            "gid": self.gid.as_ref().map(Account::to_json),
            "copy_env": self.copy_env,
            "copy_path": self.copy_path,
            "env": self.env.as_ref().map(Environment::to_json),
            "virtualenv": self.virtualenv,
            "virtualenv_py_ver": self.virtualenv_py_ver,
            "rlimits": self.rlimits,
            "stdout_stream": self.stdout_stream.to_full_json(),
            "stderr_stream": self.stderr_stream.to_full_json(),
            "close_child_stdin": self.close_child_stdin,
            "close_child_stdout": self.close_child_stdout,
            "close_child_stderr": self.close_child_stderr,
            "stdin_socket": self.stdin_socket,
            "use_sockets": self.use_sockets,
            "send_hup": self.send_hup,
            "stop_signal": self.stop_signal,
            "stop_children": self.stop_children,
            "graceful_timeout": encode_real(self.graceful_timeout),
            "max_retry": self.max_retry,
            "max_age": self.max_age,
            "max_age_variance": self.max_age_variance,
            "priority": self.priority,
            "singleton": self.singleton,
            "respawn": self.respawn,
            "autostart": self.autostart,
            "on_demand": self.on_demand,
            "hooks": hooks,
            "free": self.free,
        })
    }

    /// The watcher that was encoded; `None` if the value is not one.
    #[must_use]
    pub fn decode(value: &Value) -> Option<Self> {
        let kept = Kept(value.as_object()?);
        Some(Self {
            name: kept.text("name")?,
            cmd: kept.text("cmd")?,
            args: kept.args("args")?,
            numprocesses: kept.whole("numprocesses")?,
            warmup_delay: match kept.0.get("warmup_delay")?.as_i64() {
                Some(whole) => Number::Whole(whole),
                None => Number::Real(kept.real("warmup_delay")?),
            },
            working_dir: kept.text("working_dir")?,
            shell: kept.flag("shell")?,
            shell_args: kept.args("shell_args")?,
            uid: kept.optional("uid", decode_account)?,
            gid: kept.optional("gid", decode_account)?,
            copy_env: kept.flag("copy_env")?,
            copy_path: kept.flag("copy_path")?,
            env: kept.optional("env", Environment::from_json)?,
            virtualenv: kept.optional("virtualenv", decode_text)?,
            virtualenv_py_ver: kept.optional("virtualenv_py_ver", decode_text)?,
            rlimits: kept.list("rlimits", decode_limit)?,
            stdout_stream: kept.stream("stdout_stream")?,
            stderr_stream: kept.stream("stderr_stream")?,
            close_child_stdin: kept.flag("close_child_stdin")?,
            close_child_stdout: kept.flag("close_child_stdout")?,
            close_child_stderr: kept.flag("close_child_stderr")?,
            stdin_socket: kept.optional("stdin_socket", decode_text)?,
            use_sockets: kept.flag("use_sockets")?,
            send_hup: kept.flag("send_hup")?,
            stop_signal: kept.whole("stop_signal")?,
            stop_children: kept.flag("stop_children")?,
            graceful_timeout: kept.real("graceful_timeout")?,
            max_retry: kept.whole("max_retry")?,
            max_age: kept.whole("max_age")?,
            max_age_variance: kept.whole("max_age_variance")?,
            priority: kept.whole("priority")?,
            singleton: kept.flag("singleton")?,
            respawn: kept.flag("respawn")?,
            autostart: kept.flag("autostart")?,
            on_demand: kept.flag("on_demand")?,
            hooks: kept.list("hooks", decode_hook)?,
            free: kept.0.get("free")?.as_object()?.clone(),
        })
    }
}

/// JSON has no infinity and no NaN, but a file may say `graceful_timeout = inf`.
fn encode_real(real: f64) -> Value {
    if real.is_finite() { json!(real) } else { json!(super::python::float_text(real)) }
}

fn decode_text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn decode_account(value: &Value) -> Option<Account> {
    match value {
        Value::String(name) => Some(Account::Name(name.clone())),
        value => value.as_i64().map(Account::Id),
    }
}

fn decode_limit(value: &Value) -> Option<(String, i64)> {
    let [name, limit] = value.as_array()?.as_slice() else { return None };
    Some((decode_text(name)?, limit.as_i64()?))
}

fn decode_hook(value: &Value) -> Option<(String, Hook)> {
    let [moment, callable, ignore_failure] = value.as_array()?.as_slice() else { return None };
    let hook = Hook { callable: decode_text(callable)?, ignore_failure: ignore_failure.as_bool()? };
    Some((decode_text(moment)?, hook))
}

struct Kept<'a>(&'a Map<String, Value>);

impl Kept<'_> {
    fn text(&self, key: &str) -> Option<String> {
        decode_text(self.0.get(key)?)
    }

    fn whole(&self, key: &str) -> Option<i64> {
        self.0.get(key)?.as_i64()
    }

    fn flag(&self, key: &str) -> Option<bool> {
        self.0.get(key)?.as_bool()
    }

    fn real(&self, key: &str) -> Option<f64> {
        super::python::float_of(self.0.get(key)?).ok()
    }

    fn args(&self, key: &str) -> Option<Args> {
        super::construct::arguments(self.0.get(key)?).ok()
    }

    fn stream(&self, key: &str) -> Option<StreamOptions> {
        StreamOptions::new(self.0.get(key)?).ok()
    }

    fn list<T>(&self, key: &str, decode: impl Fn(&Value) -> Option<T>) -> Option<Vec<T>> {
        self.0.get(key)?.as_array()?.iter().map(decode).collect()
    }

    /// `None` if the value is not what it should be, `Some(None)` for null.
    #[allow(clippy::option_option, reason = "absent and undecodable are different answers")]
    fn optional<T>(&self, key: &str, decode: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
        match self.0.get(key)? {
            Value::Null => Some(None),
            value => decode(value).map(Some),
        }
    }
}
