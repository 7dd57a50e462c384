//! `circus.plugins.http_observer.HttpObserver`: tells statsd how long a web server takes, and restarts a watcher when it
//! fails. The original's does not start with any Tornado of the last years; this is what it was written to do.

use std::time::Instant;

use super::config::{Config, ConfigError};
use super::http::Check;
use super::period::Period;
use super::plugin::{Answer, Errand, Orders, Outcome, Plugin, Request};
use super::statsd::{Nothing, Statsd};

/// The plugin.
#[derive(Debug)]
pub(super) struct HttpObserver {
    statsd: Statsd,
    period: Period,
    check: Check,
    restart: Option<String>,
    is_asking: bool,
}

impl HttpObserver {
    pub(super) fn new(config: &Config) -> Result<HttpObserver, ConfigError> {
        let url = config.text_or("check_url", "http://localhost/");
        let timeout = config.period("timeout", 10.0)?;
        let check = Check::parse(url, timeout)
            .map_err(|problem| ConfigError { key: "check_url".to_owned(), problem })?;
        Ok(HttpObserver {
            statsd: Statsd::new(config, "http_observer")?,
            period: Period::new(config.period("loop_rate", 60.0)?),
            check,
            restart: config.text("restart_on_error").map(str::to_owned),
            is_asking: false,
        })
    }
}

impl Plugin for HttpObserver {
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
            Outcome::Fetched(Ok(took)) => {
                orders.count(self.statsd.timed("http_stats.request_time", took.as_millis()));
            }
            Outcome::Fetched(Err(code)) => {
                orders.count(self.statsd.increment("http_stats.error"));
                orders.count(self.statsd.increment(&format!("http_stats.error.{code}")));
                if let Some(watcher) = &self.restart {
                    orders.command(Request::about("restart", watcher));
                    orders.count(self.statsd.increment("http_stats.restart_on_error"));
                }
            }
            Outcome::Inspected { .. } | Outcome::Info(_) => {}
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.period.next()
    }

    fn woken(&mut self, now: Instant, orders: &mut Orders<Nothing>) {
        if self.period.is_due(now) && !std::mem::replace(&mut self.is_asking, true) {
            orders.run(Errand::Fetch(self.check.clone()));
        }
    }
}
