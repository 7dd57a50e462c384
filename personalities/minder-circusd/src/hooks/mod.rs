//! The moments at which somebody else is asked: a Python callable, or a command.
//!
//! ```text
//!                    ┌─ module.function ─▶ interpreter ─JSON lines─▶ python3 interpreter.py, one for all watchers
//!  arbiter ─▶ Hooks ─┤
//!                    └─ shell:…, /a/file ─▶ command ─▶ a process for this call
//! ```
//!
//! In reading order:
//! - `view`: what a hook gets to see of a watcher. `error`: why a call has no result.
//! - `interpreter`: the Python process, its life and its protocol; its other end is `interpreter.py`.
//! - `command`: hooks that are commands.
//! - `child`: a process that is waited for with a bound.
//!
//! Invariant: no hook can stop the daemon. Each call ends within a bound, whatever the hook does; an interpreter that
//! died or had to be killed fails that one call, and the next call gets a new one. What a hook prints goes to the
//! daemon's standard error.

mod child;
mod command;
mod error;
mod interpreter;
mod view;

use std::time::Duration;

use serde_json::Value;
use tokio::sync::Mutex;

pub use error::HookError;
pub use view::WatcherView;

use command::HookCommand;
use interpreter::Interpreter;

/// How long a hook may take, its import included. Then its process is killed and the call has failed.
pub const HOOK_MAX: Duration = Duration::from_secs(30);

/// All hooks of a daemon. To be used on one thread, in a runtime with time and I/O.
#[derive(Debug)]
pub struct Hooks {
    /// Started when it is first needed. It is taken out while it works, so a call that is given up takes it along.
    interpreter: Mutex<Option<Interpreter>>,
    bound: Duration,
}

/// What came of a hook.
#[derive(Debug, Clone, PartialEq)]
pub struct HookReturn {
    /// Whether it is to go on: the truth of what Python returned, or whether a command ended with 0.
    pub truth: bool,
    /// What became of the `stats` that a Python hook was given, if it was given any.
    pub stats: Option<Value>,
}

/// What importing means when the module is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Import {
    /// It stays as it is.
    Once,
    /// Its file is read again, as Circus does when a client sets a hook.
    Again,
}

impl Default for Hooks {
    fn default() -> Self {
        Self::new()
    }
}

impl Hooks {
    /// With the usual bound, [`HOOK_MAX`]. Starts nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::with_bound(HOOK_MAX)
    }

    /// With another bound for each call.
    #[must_use]
    pub fn with_bound(bound: Duration) -> Self {
        Self { interpreter: Mutex::new(None), bound }
    }

    /// Makes sure that a callable is there. `python_path` are directories to be added to the import path, in order.
    ///
    /// # Errors
    /// With Python's own words when it cannot be imported; see [`HookError`] for the rest. A command is always there:
    /// whether it can be executed shows when it is called.
    pub async fn resolve(
        &self,
        callable: &str,
        python_path: &[String],
        import: Import,
    ) -> Result<(), HookError> {
        if HookCommand::of(callable).is_some() {
            return Ok(());
        }
        let request = interpreter::resolve_request(callable, python_path, import);
        self.ask(request).await.map(drop)
    }

    /// Calls a hook. `extra` are its further arguments: `pid`, `signum`, `stats` and so on.
    ///
    /// # Errors
    /// When the hook raised, died, took too long, or could not be called at all. Whether that counts as true is up to
    /// the caller.
    pub async fn call(
        &self,
        callable: &str,
        hook_name: &str,
        watcher: &WatcherView,
        extra: &[(String, Value)],
    ) -> Result<HookReturn, HookError> {
        if let Some(command) = HookCommand::of(callable) {
            let truth = command.run(hook_name, watcher, extra, self.bound).await?;
            return Ok(HookReturn { truth, stats: None });
        }
        let result = self.ask(interpreter::call_request(callable, hook_name, watcher, extra)).await?;
        let truth = result.get("truth").and_then(Value::as_bool).unwrap_or(false);
        let stats = result.get("stats").filter(|stats| !stats.is_null()).cloned();
        Ok(HookReturn { truth, stats })
    }

    /// One request to the interpreter, which is started if there is none.
    async fn ask(&self, request: Value) -> Result<Value, HookError> {
        let mut slot = self.interpreter.lock().await;
        let mut interpreter = match slot.take() {
            Some(interpreter) if interpreter.is_alive() => interpreter,
            Some(_) | None => Interpreter::start(self.bound)?,
        };
        let Ok(outcome) = tokio::time::timeout(self.bound, interpreter.ask(request)).await else {
            return Err(HookError::TooLong(self.bound));
        };
        if matches!(outcome, Ok(_) | Err(HookError::Raised { .. })) {
            *slot = Some(interpreter);
        }
        outcome
    }
}
