//! Hooks that are commands: `shell:TEXT`, or the absolute path of a file that can be executed. An extension of ours.
//!
//! The command learns from its environment what it is about, and what it ends with is its answer: 0 is true.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::child::HookProcess;
use super::{HookError, WatcherView};

/// A command, as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HookCommand<'a> {
    /// For `/bin/sh -c`.
    Shell(&'a str),
    /// Executed as it is.
    File(&'a Path),
}

impl<'a> HookCommand<'a> {
    /// The command that a callable is. `None`: it is for Python.
    pub(super) fn of(callable: &'a str) -> Option<Self> {
        if let Some(text) = callable.strip_prefix("shell:") {
            return Some(Self::Shell(text));
        }
        let path = Path::new(callable);
        let executable = |path: &Path| {
            path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
        };
        (path.is_absolute() && executable(path)).then_some(Self::File(path))
    }

    /// Runs it to its end, or kills it and all that it started in its group.
    pub(super) async fn run(
        self,
        hook_name: &str,
        watcher: &WatcherView,
        extra: &[(String, Value)],
        bound: Duration,
    ) -> Result<bool, HookError> {
        let mut command = match self {
            Self::Shell(text) => {
                let mut command = Command::new("/bin/sh");
                command.arg("-c").arg(text);
                command
            }
            Self::File(path) => Command::new(path),
        };
        command.stdin(Stdio::null()).stdout(io::stderr());
        // Names that no environment can hold are the watcher's affair; its processes cannot have them either.
        let sound = |(name, value): &&(String, String)| {
            !name.is_empty() && !name.contains(['=', '\0']) && !value.contains('\0')
        };
        command.envs(watcher.env.iter().filter(sound).map(|(name, value)| (name, value)));
        let pids: Vec<String> = watcher.pids.iter().map(u32::to_string).collect();
        command
            .env("CIRCUS_HOOK", hook_name)
            .env("CIRCUS_WATCHER", &watcher.name)
            .env("CIRCUS_PIDS", pids.join(" "));
        command
            .envs(extra.iter().map(|(name, value)| (format!("CIRCUS_{}", name.to_uppercase()), told(value))));
        let (mut process, ..) = HookProcess::spawn(&mut command)?;
        match tokio::time::timeout(bound, process.ended()).await {
            Ok(Some(status)) => Ok(status.success()),
            Ok(None) => Err(HookError::Died(None)),
            Err(_) => Err(HookError::TooLong(bound)),
        }
    }
}

/// Text as it is, everything else as JSON has it; nothing is the empty text.
fn told(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.replace('\0', ""),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
