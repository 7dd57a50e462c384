//! `circus.plugins.flapping.Flapping`: stops a watcher whose processes end too often, and starts it again later, a few times.
//!
//! Ends that somebody asked for do not count: circusd says `kill` of a process before it says `reap`. The original counts
//! them too, and its `stop` is often lost because circusd is busy when it arrives; here it is repeated until it is heard.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::config::{self, Config, ConfigError};
use super::plugin::{Answer, Event, Failure, Name, Orders, Plugin, Request};
use crate::companion::log::Level;

/// Processes that were told to end and did not yet, of all watchers. Beyond it the oldest is forgotten.
const ORDERED_MAX: usize = 4096;

/// How long a process that was told to end may take. Some never say that they did, and pids come again.
const ORDERED_FOR: Duration = Duration::from_secs(600);

/// Ends that wait for circusd to say how they count, for one watcher. Beyond it they are not counted.
const WAITING_MAX: usize = 256;

/// Without end.
const FOR_EVER: i64 = -1;

/// What counts as flapping, and what is done.
#[derive(Clone, Debug, PartialEq)]
struct Policy {
    /// How many ends.
    attempts: i64,
    /// Within how many seconds, to which circusd's `check_delay` is added.
    window: f64,
    /// Seconds until the watcher is started again.
    retry_in: f64,
    /// How often that is done. -1 is always.
    max_retry: i64,
    active: bool,
}

impl Policy {
    /// This policy with what a watcher has under `flapping.`. What is no value for its key is told and left out.
    fn overridden(&self, options: &Map<String, Value>) -> (Policy, Vec<String>) {
        let (mut policy, mut problems) = (self.clone(), Vec::new());
        for (key, value) in options {
            let Some(key) = key.strip_prefix("flapping.") else { continue };
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let read = match key {
                "attempts" => config::integer(&text).map(|value| policy.attempts = value),
                "max_retry" => config::integer(&text).map(|value| policy.max_retry = value),
                "window" => config::number(&text).map(|value| policy.window = value),
                "retry_in" => config::number(&text).map(|value| policy.retry_in = value),
                "active" => config::truth(&text).map(|value| policy.active = value),
                _ => Ok(()),
            };
            problems.extend(read.err().map(|problem| format!("flapping.{key}: {problem}")));
        }
        (policy, problems)
    }
}

/// How the policy of a watcher is known.
#[derive(Debug)]
enum Known {
    Not,
    /// circusd was asked; these ends wait for the answer.
    Asked(VecDeque<Instant>),
    Yes(Policy),
}

#[derive(Debug)]
struct Watched {
    policy: Known,
    ends: Vec<Instant>,
    tries: i64,
    start_at: Option<Instant>,
}

/// The plugin.
#[derive(Debug)]
pub(super) struct Flapping {
    policy: Policy,
    check_delay: f64,
    /// By the name in events. As many as circusd has watchers.
    watchers: BTreeMap<String, Watched>,
    /// Processes that were told to end, and when, oldest first.
    ordered: VecDeque<(u64, Instant)>,
}

/// What the options of this watcher are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options(String);

impl Flapping {
    /// `check_delay` is in seconds.
    pub(super) fn new(config: &Config, check_delay: f64) -> Result<Flapping, ConfigError> {
        Ok(Flapping {
            policy: Policy {
                attempts: config.integer("attempts", 2)?,
                window: config.number("window", 1.0)?,
                retry_in: config.number("retry_in", 7.0)?,
                max_retry: config.integer("max_retry", 5)?,
                active: true,
            },
            check_delay,
            watchers: BTreeMap::new(),
            ordered: VecDeque::new(),
        })
    }

    fn watched(&mut self, name: &str) -> &mut Watched {
        let new = || Watched { policy: Known::Not, ends: Vec::new(), tries: 0, start_at: None };
        self.watchers.entry(name.to_owned()).or_insert_with(new)
    }

    fn ask(name: &str, orders: &mut Orders<Options>) {
        orders.ask(Options(name.to_owned()), request("options", name));
    }

    /// A process ended by itself.
    fn ended(&mut self, name: &str, at: Instant, orders: &mut Orders<Options>) {
        let check_delay = self.check_delay;
        let watched = self.watched(name);
        match &mut watched.policy {
            Known::Yes(policy) => {
                let policy = policy.clone();
                watched.count(name, &policy, check_delay, at, orders);
            }
            Known::Asked(waiting) if waiting.len() < WAITING_MAX => waiting.push_back(at),
            Known::Asked(_) => {}
            Known::Not => {
                watched.policy = Known::Asked(VecDeque::from([at]));
                Flapping::ask(name, orders);
            }
        }
    }

    /// Whether this process was told to end. It is forgotten with that.
    fn was_ordered(&mut self, pid: u64, now: Instant) -> bool {
        self.ordered.retain(|(_, at)| now.saturating_duration_since(*at) < ORDERED_FOR);
        let before = self.ordered.len();
        self.ordered.retain(|(ordered, _)| *ordered != pid);
        self.ordered.len() < before
    }
}

impl Watched {
    fn count(
        &mut self,
        name: &str,
        policy: &Policy,
        check_delay: f64,
        at: Instant,
        orders: &mut Orders<Options>,
    ) {
        self.ends.push(at);
        let enough = usize::try_from(policy.attempts).ok().filter(|attempts| *attempts > 0);
        let Some(enough) = enough.filter(|_| policy.active) else {
            self.ends.clear();
            return;
        };
        if self.ends.len() < enough {
            return;
        }
        let ends = std::mem::take(&mut self.ends);
        let first = ends.first().copied().unwrap_or(at);
        let took = at.saturating_duration_since(first).as_secs_f64() - check_delay;
        if took > policy.window {
            self.tries = 0;
            return;
        }
        orders.command(request("stop", name));
        if self.tries < policy.max_retry || policy.max_retry == FOR_EVER {
            self.tries += 1;
            let text = format!(
                "{name}: flapping detected: retry in {:2.0}s (attempt number {})",
                policy.retry_in.trunc(),
                self.tries
            );
            orders.say(Level::Info, text);
            let wait = Duration::try_from_secs_f64(policy.retry_in.max(0.0)).unwrap_or(Duration::MAX);
            self.start_at = at.checked_add(wait);
        } else {
            orders.say(Level::Info, format!("{name}: flapping detected: reached max retry limit"));
            self.tries = 0;
            self.start_at = None;
        }
    }
}

fn request(command: &'static str, name: &str) -> Request {
    Request { name: Some(Name::FromEvent(name.to_owned())), ..Request::new(command) }
}

impl Plugin for Flapping {
    type Question = Options;

    fn begin(&mut self, _now: Instant) {}

    fn happened(&mut self, now: Instant, event: &Event<'_>, orders: &mut Orders<Options>) {
        match (event.action, event.pid()) {
            ("reap", pid) => {
                let was_ordered = pid.is_some_and(|pid| self.was_ordered(pid, now));
                if !was_ordered {
                    self.ended(event.watcher, now, orders);
                }
            }
            ("kill", Some(pid)) => {
                self.was_ordered(pid, now);
                if self.ordered.len() >= ORDERED_MAX {
                    self.ordered.pop_front();
                }
                self.ordered.push_back((pid, now));
            }
            ("spawn", Some(pid)) => {
                self.was_ordered(pid, now);
            }
            ("updated", _) => Flapping::ask(event.watcher, orders),
            // Somebody was faster. If they stop it again, it stays stopped; the original starts it all the same.
            ("start", _) => {
                if let Some(watched) = self.watchers.get_mut(event.watcher) {
                    watched.start_at = None;
                }
            }
            ("remove", _) => {
                self.watchers.remove(event.watcher);
            }
            _ => {}
        }
    }

    fn answered(&mut self, _now: Instant, question: Options, answer: Answer, orders: &mut Orders<Options>) {
        let Options(name) = question;
        let (policy, is_final) = match &answer {
            Ok(answer) => {
                let options = answer.get("options").and_then(Value::as_object);
                let (policy, problems) = options.map_or_else(
                    || (self.policy.clone(), Vec::new()),
                    |options| self.policy.overridden(options),
                );
                for problem in problems {
                    orders.say(Level::Warning, format!("{name}: {problem}"));
                }
                (policy, true)
            }
            Err(Failure::Refused(_)) => (self.policy.clone(), true),
            // Asked again at the next end.
            Err(Failure::Silent) => (self.policy.clone(), false),
        };
        let check_delay = self.check_delay;
        let watched = self.watched(&name);
        match std::mem::replace(&mut watched.policy, Known::Not) {
            Known::Asked(waiting) => {
                for at in waiting {
                    watched.count(&name, &policy, check_delay, at, orders);
                }
            }
            Known::Yes(old) if !is_final => {
                watched.policy = Known::Yes(old);
                return;
            }
            Known::Yes(_) | Known::Not => {}
        }
        if is_final {
            watched.policy = Known::Yes(policy);
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.watchers.values().filter_map(|watched| watched.start_at).min()
    }

    fn woken(&mut self, now: Instant, orders: &mut Orders<Options>) {
        for (name, watched) in &mut self.watchers {
            if watched.start_at.take_if(|at| *at <= now).is_some() {
                orders.command(request("start", name));
            }
        }
    }
}
