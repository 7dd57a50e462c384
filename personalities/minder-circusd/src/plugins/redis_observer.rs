//! `circus.plugins.redis_observer.RedisObserver`: tells statsd how a Redis server is, and restarts a watcher when it does
//! not answer.

use std::time::Instant;

use super::config::{Config, ConfigError, integer, number};
use super::period::Period;
use super::plugin::{Answer, Errand, Orders, Outcome, Plugin, Request};
use super::redis::Server;
use super::statsd::{Nothing, Statsd, python_float};
use crate::companion::log::Level;

/// The lines of `INFO` that are told, in the original's order.
const OBSERVED: [&str; 22] = [
    "pubsub_channels",
    "connected_slaves",
    "lru_clock",
    "connected_clients",
    "keyspace_misses",
    "used_memory",
    "used_memory_peak",
    "total_commands_processed",
    "used_memory_rss",
    "total_connections_received",
    "pubsub_patterns",
    "used_cpu_sys",
    "used_cpu_sys_children",
    "blocked_clients",
    "used_cpu_user",
    "client_biggest_input_buf",
    "mem_fragmentation_ratio",
    "expired_keys",
    "evicted_keys",
    "client_longest_output_list",
    "uptime_in_seconds",
    "keyspace_hits",
];

/// The plugin.
#[derive(Debug)]
pub(super) struct RedisObserver {
    statsd: Statsd,
    period: Period,
    server: Server,
    restart: Option<String>,
    is_asking: bool,
}

impl RedisObserver {
    pub(super) fn new(config: &Config) -> Result<RedisObserver, ConfigError> {
        let url = config.text_or("redis_url", "redis://localhost:6379/0");
        let timeout = config.period("timeout", 5.0)?;
        let server = Server::parse(url, timeout)
            .map_err(|problem| ConfigError { key: "redis_url".to_owned(), problem })?;
        Ok(RedisObserver {
            statsd: Statsd::new(config, "redis_observer")?,
            period: Period::new(config.period("loop_rate", 60.0)?),
            server,
            restart: config.text("restart_on_timeout").map(str::to_owned),
            is_asking: false,
        })
    }
}

/// A value as Python's client reads it and Python then writes it.
fn as_python_shows(value: &str) -> String {
    let converted = if value.contains('.') {
        number(value).map(python_float)
    } else {
        integer(value).map(|number| number.to_string())
    };
    converted.unwrap_or_else(|_| value.to_owned())
}

impl Plugin for RedisObserver {
    type Question = Nothing;

    fn begin(&mut self, now: Instant) {
        self.period.begin(now);
    }

    fn answered(&mut self, _now: Instant, question: Nothing, _answer: Answer, _orders: &mut Orders<Nothing>) {
        match question {}
    }

    fn returned(&mut self, outcome: Outcome, orders: &mut Orders<Nothing>) {
        self.is_asking = false;
        match outcome {
            Outcome::Info(Ok(lines)) => {
                // A line that this version of Redis does not have is left out; the original gives up at it.
                for key in OBSERVED {
                    if let Some((_, value)) = lines.iter().find(|(name, _)| name == key) {
                        orders
                            .count(self.statsd.gauge(&format!("redis_stats.{key}"), &as_python_shows(value)));
                    }
                }
            }
            Outcome::Info(Err(problem)) => {
                orders.say(Level::Warning, format!("{}: {problem}", self.server));
                orders.count(self.statsd.increment("redis_stats.error"));
                if let Some(watcher) = &self.restart {
                    orders.command(Request::about("restart", watcher));
                    orders.count(self.statsd.increment("redis_stats.restart_on_error"));
                }
            }
            Outcome::Inspected { .. } | Outcome::Fetched(_) => {}
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.period.next()
    }

    fn woken(&mut self, now: Instant, orders: &mut Orders<Nothing>) {
        if self.period.is_due(now) && !std::mem::replace(&mut self.is_asking, true) {
            orders.run(Errand::Info(self.server.clone()));
        }
    }
}
