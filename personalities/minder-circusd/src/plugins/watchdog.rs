//! `circus.plugins.watchdog.WatchDog`: ends processes that no longer send a sign of life, a UDP datagram `PID;TIMESTAMP`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;

use super::config::{self, Config, ConfigError};
use super::period::Period;
use super::plugin::{Answer, Event, Name, Orders, Plugin, Request};
use crate::companion::log::Level;

/// Bytes of a datagram that are looked at.
pub(super) const DATAGRAM_MAX: usize = 1024;

#[derive(Debug)]
struct Watched {
    watcher: Name,
    heard: Instant,
}

/// The plugin.
#[derive(Debug)]
pub(super) struct WatchDog {
    period: Period,
    max_count: i64,
    watchers: Regex,
    message: Regex,
    signal: Option<i64>,
    grace: Option<f64>,
    /// Our own process, which sends no signs of life.
    own_pid: u64,
    is_first_pass: bool,
    /// As many as circusd has processes.
    watched: BTreeMap<u64, Watched>,
}

/// What is there?
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Watchers,
    PidsOf(String),
}

impl WatchDog {
    pub(super) fn new(config: &Config, own_pid: u64) -> Result<WatchDog, ConfigError> {
        Ok(WatchDog {
            period: Period::new(config.period("loop_rate", 60.0)?),
            max_count: config.integer("max_count", 3)?,
            watchers: pattern(config, "watchers_regex", ".*")?,
            message: pattern(config, "msg_regex", "^(?P<pid>.*);(?P<timestamp>.*)$")?,
            signal: config.convert("watchers_stop_signal", signal_number)?,
            grace: config.convert("watchers_graceful_timeout", config::number)?,
            own_pid,
            is_first_pass: true,
            watched: BTreeMap::new(),
        })
    }

    /// The pid in a datagram.
    fn sender(&self, datagram: &[u8]) -> Option<u64> {
        let text = std::str::from_utf8(datagram.get(..DATAGRAM_MAX).unwrap_or(datagram)).ok()?;
        // In Python's expressions the end is also before a last line feed.
        let found =
            self.message.captures(text).or_else(|| self.message.captures(text.strip_suffix('\n')?))?;
        let pid = found.name("pid")?.as_str();
        // The original compares texts: `+12` and `012` are not 12.
        pid.parse::<u64>().ok().filter(|number| number.to_string() == pid)
    }

    /// Begins to watch a process, and says so.
    fn watch(&mut self, now: Instant, watcher: Name, pid: u64, orders: &mut Orders<Question>) {
        if pid == self.own_pid {
            return;
        }
        let text = match &watcher {
            Name::Exact(name) => format!("discovered: {name}, pid:{pid}"),
            Name::FromEvent(name) => format!("added new monitored pid for {name}:{pid}"),
        };
        orders.say(Level::Info, text);
        self.watched.insert(pid, Watched { watcher, heard: now });
    }

    fn end_the_silent(&mut self, now: Instant, orders: &mut Orders<Question>) {
        let patience =
            self.period.every().as_secs_f64() * u32::try_from(self.max_count).map_or(0.0, f64::from);
        let patience = Duration::try_from_secs_f64(patience).unwrap_or(Duration::MAX);
        let is_silent = |watched: &Watched| now.saturating_duration_since(watched.heard) > patience;
        // Each is told once; circusd sees to the rest.
        for (pid, watched) in self.watched.extract_if(.., |_, watched| is_silent(watched)) {
            let (Name::Exact(name) | Name::FromEvent(name)) = &watched.watcher;
            orders.say(Level::Info, format!("watcher:{name}, pid:{pid} is not responding. Kill it !"));
            let mut request =
                Request { name: Some(watched.watcher), ..Request::new("kill") }.with("pid", pid);
            if let Some(signal) = self.signal {
                request = request.with("signum", signal);
            }
            if let Some(grace) = self.grace {
                request = request.with("graceful_timeout", grace);
            }
            orders.command(request);
        }
    }
}

/// Python's `re.match`: from the start.
fn pattern(config: &Config, key: &str, default: &str) -> Result<Regex, ConfigError> {
    let text = config.text_or(key, default);
    Regex::new(&format!(r"\A(?:{text})")).map_err(|error| {
        let problem = format!("'{text}' is not understood: {error}");
        ConfigError { key: key.to_owned(), problem }
    })
}

/// A number, or a name with or without `SIG`, in any case, perhaps with an offset: `RTMIN+1`.
fn signal_number(text: &str) -> Result<i64, String> {
    /// Linux's, from 1. Two have a second name.
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
        "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
        "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
    ];
    if let Ok(number) = config::integer(text) {
        return Ok(number);
    }
    let invalid = || format!("signal invalid: {text}");
    let (name, offset) = text.split_once('+').unwrap_or((text, "0"));
    let name = name.to_uppercase();
    let number = match name.strip_prefix("SIG").unwrap_or(&name) {
        "RTMIN" => 34,
        "RTMAX" => 64,
        "CLD" => 17,
        "POLL" => 29,
        "IOT" => 6,
        name => NAMES.iter().position(|known| *known == name).ok_or_else(invalid)? + 1,
    };
    let number = i64::try_from(number).map_err(|_| invalid())?;
    number.checked_add(config::integer(offset).map_err(|_| invalid())?).ok_or_else(invalid)
}

impl Plugin for WatchDog {
    type Question = Question;

    fn begin(&mut self, now: Instant) {
        self.period.begin(now);
    }

    fn happened(&mut self, now: Instant, event: &Event<'_>, orders: &mut Orders<Question>) {
        if !self.watchers.is_match(event.watcher) {
            return;
        }
        match (event.action, event.pid()) {
            ("spawn", Some(pid)) => {
                self.watch(now, Name::FromEvent(event.watcher.to_owned()), pid, orders);
            }
            ("reap", Some(pid)) if self.watched.remove(&pid).is_some() => {
                orders.say(Level::Info, format!("removed monitored pid for {}:{pid}", event.watcher));
            }
            _ => {}
        }
    }

    fn answered(&mut self, now: Instant, question: Question, answer: Answer, orders: &mut Orders<Question>) {
        let Ok(answer) = answer else {
            // What could not be found out is asked again at the next pass.
            self.is_first_pass |= question == Question::Watchers;
            return;
        };
        let list = |key: &str| answer.get(key).and_then(Value::as_array).into_iter().flatten();
        match question {
            Question::Watchers => {
                for name in list("watchers").filter_map(Value::as_str) {
                    if self.watchers.is_match(name) {
                        orders.ask(Question::PidsOf(name.to_owned()), Request::about("list", name));
                    }
                }
            }
            Question::PidsOf(name) => {
                for pid in list("pids").filter_map(Value::as_u64) {
                    self.watch(now, Name::Exact(name.clone()), pid, orders);
                }
            }
        }
    }

    fn heard(&mut self, now: Instant, datagram: &[u8], orders: &mut Orders<Question>) {
        let Some(pid) = self.sender(datagram) else {
            orders.say(Level::Debug, format!("watchdog message: {:?}", String::from_utf8_lossy(datagram)));
            return;
        };
        match self.watched.get_mut(&pid) {
            Some(watched) => watched.heard = now,
            None => {
                orders.say(Level::Warning, format!("received watchdog for a non monitored process:{pid}"));
            }
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.period.next()
    }

    fn woken(&mut self, now: Instant, orders: &mut Orders<Question>) {
        if !self.period.is_due(now) {
            return;
        }
        if std::mem::take(&mut self.is_first_pass) {
            self.watched.clear();
            orders.ask(Question::Watchers, Request::new("list"));
        }
        self.end_the_silent(now, orders);
    }
}
