//! `circus.plugins.command_reloader.CommandReloader`: restarts a watcher when the file that its command names was changed.
//!
//! The *whole* command is taken for a path, so a watcher whose `cmd` has arguments is never restarted. The original, met by
//! such a watcher, no longer looks at the ones behind it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::config::{self, Config, ConfigError};
use super::period::Period;
use super::plugin::{Answer, Errand, Footprint, Orders, Outcome, Plugin, Request};
use crate::companion::log::Level;

/// The plugin.
#[derive(Debug)]
pub(super) struct CommandReloader {
    period: Period,
    /// What the file of each watcher was like at the last pass.
    files: BTreeMap<String, Footprint>,
    /// Questions and errands of this pass that are still out. The next pass waits for them.
    outstanding: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Watchers,
    CommandOf(String),
}

impl CommandReloader {
    pub(super) fn new(config: &Config) -> Result<CommandReloader, ConfigError> {
        let seconds = config.convert("loop_rate", config::integer)?.unwrap_or(1);
        let every =
            u64::try_from(seconds).ok().filter(|seconds| *seconds > 0).ok_or_else(|| ConfigError {
                key: "loop_rate".to_owned(),
                problem: "Periodic callback must have a positive callback_time".to_owned(),
            })?;
        let period = Period::new(Duration::from_secs(every));
        Ok(CommandReloader { period, files: BTreeMap::new(), outstanding: 0 })
    }
}

impl Plugin for CommandReloader {
    type Question = Question;

    fn begin(&mut self, now: Instant) {
        self.period.begin(now);
    }

    fn answered(&mut self, _now: Instant, question: Question, answer: Answer, orders: &mut Orders<Question>) {
        self.outstanding = self.outstanding.saturating_sub(1);
        let Ok(answer) = answer else { return };
        match question {
            Question::Watchers => {
                let names = answer.get("watchers").and_then(Value::as_array).into_iter().flatten();
                let names = names.filter_map(Value::as_str).filter(|name| !name.starts_with("plugin:"));
                let names: Vec<&str> = names.collect();
                self.files.retain(|name, _| names.contains(&name.as_str()));
                for name in names {
                    self.outstanding += 1;
                    let request = Request::about("get", name).with("keys", vec!["cmd"]);
                    orders.ask(Question::CommandOf(name.to_owned()), request);
                }
            }
            Question::CommandOf(watcher) => {
                let command =
                    answer.get("options").and_then(|options| options.get("cmd")).and_then(Value::as_str);
                if let Some(command) = command {
                    self.outstanding += 1;
                    orders.run(Errand::Inspect { watcher, command: command.to_owned() });
                }
            }
        }
    }

    fn returned(&mut self, outcome: Outcome, orders: &mut Orders<Question>) {
        self.outstanding = self.outstanding.saturating_sub(1);
        // A file that is gone may be on its way to being replaced: what it was like is kept.
        let Outcome::Inspected { watcher, found: Some(found) } = outcome else { return };
        if self.files.get(&watcher).is_some_and(|before| *before != found) {
            orders.say(Level::Info, format!("{} modified. Restarting.", found.path.display()));
            orders.command(Request::about("restart", &watcher));
        }
        self.files.insert(watcher, found);
    }

    fn wake_at(&self) -> Option<Instant> {
        self.period.next()
    }

    fn woken(&mut self, now: Instant, orders: &mut Orders<Question>) {
        if self.period.is_due(now) && self.outstanding == 0 {
            self.outstanding = 1;
            orders.ask(Question::Watchers, Request::new("list"));
        }
    }
}
