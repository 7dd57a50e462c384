//! `circus.plugins.statsd.FullStats`: tells statsd what each watcher's processes use.

use std::time::Instant;

use serde_json::{Map, Value};

use super::config::{Config, ConfigError};
use super::figures::{Figures, processes};
use super::period::Period;
use super::plugin::{Answer, Orders, Plugin, Request};
use super::statsd::{Statsd, python_float};

/// The plugin.
#[derive(Debug)]
pub(super) struct FullStats {
    statsd: Statsd,
    period: Period,
}

/// What everybody uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stats;

impl FullStats {
    pub(super) fn new(config: &Config) -> Result<FullStats, ConfigError> {
        let period = Period::new(config.period("loop_rate", 60.0)?);
        Ok(FullStats { statsd: Statsd::new(config, "app")?, period })
    }

    fn tell(&self, infos: &Map<String, Value>, orders: &mut Orders<Stats>) {
        for (name, watcher) in infos.iter().filter(|(name, _)| !name.starts_with("plugin:")) {
            // Older daemons tell this beside the processes.
            if let Some(spawned) = watcher.get("spawn_count") {
                orders.count(self.statsd.gauge(&format!("_stats.{name}.spawn_count"), &spawned.to_string()));
            }
            let figures: Vec<Figures> = processes(watcher).map(|(_, process)| Figures::of(process)).collect();
            let mut gauge = |what: &str, value: &str| {
                orders.count(self.statsd.gauge(&format!("_stats.{name}.{what}"), value));
            };
            gauge("watchers_num", &figures.len().to_string());
            let cpus: Vec<f64> = figures.iter().filter_map(|figures| figures.cpu).collect();
            let mems: Vec<f64> = figures.iter().filter_map(|figures| figures.mem).collect();
            let sizes: Vec<u64> = figures.iter().filter_map(|figures| Some(figures.resident?.0)).collect();
            // The original gives up here when a process hides its figures.
            for (what, values) in [("cpu", &cpus), ("mem_pct", &mems)] {
                if let Some(max) = values.iter().copied().reduce(f64::max) {
                    gauge(&format!("{what}_max"), &python_float(max));
                    gauge(&format!("{what}_sum"), &python_float(values.iter().sum()));
                }
            }
            if let Some(max) = sizes.iter().max() {
                gauge("mem_max", &max.to_string());
                gauge("mem_sum", &sizes.iter().copied().fold(0, u64::saturating_add).to_string());
            }
        }
    }
}

impl Plugin for FullStats {
    type Question = Stats;

    fn begin(&mut self, now: Instant) {
        self.period.begin(now);
    }

    fn answered(&mut self, _now: Instant, _question: Stats, answer: Answer, orders: &mut Orders<Stats>) {
        match answer.ok().and_then(|mut answer| answer.remove("infos")) {
            Some(Value::Object(infos)) => self.tell(&infos, orders),
            Some(_) | None => orders.count(self.statsd.increment("_stats.error")),
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.period.next()
    }

    fn woken(&mut self, now: Instant, orders: &mut Orders<Stats>) {
        if self.period.is_due(now) {
            orders.ask(Stats, Request::new("stats"));
        }
    }
}
