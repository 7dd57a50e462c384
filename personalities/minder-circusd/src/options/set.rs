//! One option changed while the watcher lives, and what is to be done about it.

use super::construct::{arguments, command};
use super::environment::Environment;
use super::exception::{Class, Exception};
use super::identity;
use super::python;
use super::signal::to_signum;
use super::stream::StdStream;
use super::watcher::{Account, Hook, Number, WatcherOptions};
use crate::ini::machine::Machine;
use serde_json::{Value, json};

/// What follows a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The change asks for nothing. The command that made it ends with a manage pass all the same.
    Nothing,
    /// A manage pass: processes are added or taken away.
    Manage,
    /// A graceful reload, if the watcher is not stopped.
    Reload,
}

/// What a change means for the watcher.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing but the action.
    Only(Action),
    /// The output's sink is new: the old one is to be closed.
    RebuildStream {
        /// Which output.
        stream: StdStream,
        /// A reload if there was no sink before, since the processes that run have no pipe to it.
        then: Action,
    },
    /// The hook of that moment is new, and its module is to be loaded anew.
    ReloadHook {
        /// `before_start` and so on.
        moment: String,
    },
}

impl Effect {
    /// What the original would do at the end of the command.
    #[must_use]
    pub fn action(&self) -> Action {
        match self {
            Self::Only(action) | Self::RebuildStream { then: action, .. } => *action,
            Self::ReloadHook { .. } => Action::Manage,
        }
    }
}

impl WatcherOptions {
    /// Changes how many processes are wanted, as `incr`, `decr` and `set` do. Below zero is zero.
    ///
    /// # Errors
    ///
    /// `ValueError` if a singleton should have more than one.
    pub fn set_numprocesses(&mut self, wanted: i64) -> Result<(), Exception> {
        if self.singleton && wanted > 1 {
            return Err(Exception::value("Singleton watcher has a single process"));
        }
        self.numprocesses = wanted.max(0);
        Ok(())
    }

    /// Changes one option, with a validated value. Known options that the original does not change are accepted and stay.
    ///
    /// # Errors
    ///
    /// What the original raises; errno 5. Nothing is changed then, and no `updated` is to be published.
    pub fn set(&mut self, key: &str, value: &Value, machine: &dyn Machine) -> Result<Effect, Exception> {
        if let Some(free) = self.free.get_mut(key) {
            *free = value.clone();
            return Ok(Effect::Only(Action::Nothing));
        }
        let action = match key {
            "numprocesses" => {
                self.set_numprocesses(python::int_of(value)?)?;
                Action::Manage
            }
            "warmup_delay" => {
                self.warmup_delay = Number::Real(python::float_of(value)?);
                Action::Manage
            }
            "working_dir" => {
                self.working_dir = command(value)?;
                Action::Reload
            }
            "uid" => {
                self.uid = Some(Account::Id(i64::from(identity::to_uid(value, machine)?)));
                Action::Reload
            }
            "gid" => {
                self.gid = Some(Account::Id(i64::from(identity::to_gid(value, machine)?)));
                Action::Reload
            }
            "send_hup" => {
                self.send_hup = python::truth(value);
                Action::Manage
            }
            "stop_signal" => {
                self.stop_signal = to_signum(value)?;
                Action::Manage
            }
            "stop_children" => {
                self.stop_children = python::to_bool(value)?;
                Action::Manage
            }
            "shell" => {
                self.shell = python::truth(value);
                Action::Reload
            }
            "env" => {
                self.env = Environment::from_json(value);
                Action::Reload
            }
            "cmd" => {
                self.cmd = command(value)?;
                Action::Reload
            }
            "args" => {
                self.args = arguments(value)?;
                Action::Reload
            }
            "graceful_timeout" => {
                self.graceful_timeout = python::float_of(value)?;
                Action::Nothing
            }
            "max_age" => {
                self.max_age = python::int_of(value)?;
                Action::Reload
            }
            "max_age_variance" => {
                self.max_age_variance = python::int_of(value)?;
                Action::Reload
            }
            _ => return self.set_part(key, value, machine),
        };
        Ok(Effect::Only(action))
    }

    /// Options with a part of their name behind a dot, and those that stay.
    fn set_part(&mut self, key: &str, value: &Value, machine: &dyn Machine) -> Result<Effect, Exception> {
        if key.starts_with("hooks") {
            return self.set_hook(key, value);
        }
        let which = if key.starts_with("stdout_stream") {
            StdStream::Stdout
        } else if key.starts_with("stderr_stream") {
            StdStream::Stderr
        } else {
            return Ok(Effect::Only(Action::Manage));
        };
        let Some((_, part)) = key.split_once('.') else {
            return Err(Exception::new(Class::Index, "list index out of range"));
        };
        let stream = match which {
            StdStream::Stdout => &mut self.stdout_stream,
            StdStream::Stderr => &mut self.stderr_stream,
        };
        let new = stream.with(part, value)?;
        new.check(machine)?;
        let then = if stream.sink().is_some() { Action::Manage } else { Action::Reload };
        *stream = new;
        Ok(Effect::RebuildStream { stream: which, then })
    }

    fn set_hook(&mut self, key: &str, value: &Value) -> Result<Effect, Exception> {
        let Value::String(text) = value else {
            let text = format!("'{}' object has no attribute 'split'", python::type_name(value));
            return Err(Exception::new(Class::Attribute, text));
        };
        let parts: Vec<&str> = text.split(',').collect();
        let ignore_failure = match parts.as_slice() {
            [_, ignore] => python::to_bool(&json!(ignore))?,
            _ => false,
        };
        let moment = key.rsplit('.').next().unwrap_or_default().to_owned();
        // Once the failure of a moment is ignored, it stays so, whatever hook comes next.
        let ignored = self.hook(&moment).is_some_and(|hook| hook.ignore_failure);
        let callable = parts.first().copied().unwrap_or_default().to_owned();
        let hook = Hook { callable, ignore_failure: ignore_failure || ignored };
        match self.hooks.iter_mut().find(|(name, _)| *name == moment) {
            Some((_, old)) => *old = hook,
            None => self.hooks.push((moment.clone(), hook)),
        }
        Ok(Effect::ReloadHook { moment })
    }
}
