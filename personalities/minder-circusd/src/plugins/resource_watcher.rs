//! `circus.plugins.resource_watcher.ResourceWatcher`: restarts a watcher whose processes use too much, or too little, for
//! too long.

use std::collections::BTreeMap;
use std::time::Instant;

use serde_json::Value;

use super::config::{self, Config, ConfigError};
use super::figures::{Figures, processes};
use super::period::Period;
use super::plugin::{Answer, Orders, Plugin, Request};
use super::statsd::Statsd;
use crate::stats::sizes::ByteSize;

/// A limit of memory: percent of the machine's, or a size.
#[derive(Clone, Copy, Debug, PartialEq)]
enum MemoryLimit {
    Percent(f64),
    Size(ByteSize),
}

fn memory_limit(text: &str) -> Result<MemoryLimit, String> {
    config::number(text).map(MemoryLimit::Percent).or_else(|_| {
        text.parse().map(MemoryLimit::Size).map_err(|error: crate::stats::sizes::NotASize| error.to_string())
    })
}

/// The most and the least that several processes use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Range {
    cpu: (f64, f64),
    mem: (f64, f64),
    resident: (ByteSize, ByteSize),
}

impl Range {
    /// Nothing is used where nothing runs. Who hides figures is taken to use all, as in the original, but no memory.
    fn of(figures: impl Iterator<Item = Figures>) -> Range {
        let with = |range: Option<Range>, figures: Figures| {
            let (cpu, mem) = (figures.cpu.unwrap_or(100.0), figures.mem.unwrap_or(100.0));
            let size = figures.resident.unwrap_or_default();
            let range = range.unwrap_or(Range { cpu: (cpu, cpu), mem: (mem, mem), resident: (size, size) });
            Some(Range {
                cpu: (range.cpu.0.min(cpu), range.cpu.1.max(cpu)),
                mem: (range.mem.0.min(mem), range.mem.1.max(mem)),
                resident: (range.resident.0.min(size), range.resident.1.max(size)),
            })
        };
        figures.fold(None, with).unwrap_or_default()
    }
}

/// How many passes in a row each limit was broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    over_cpu: i64,
    under_cpu: i64,
    over_memory: i64,
    under_memory: i64,
    over_health: i64,
}

/// The plugin.
#[derive(Debug)]
pub(super) struct ResourceWatcher {
    statsd: Statsd,
    period: Period,
    watcher: String,
    max_cpu: f64,
    min_cpu: Option<f64>,
    max_mem: MemoryLimit,
    min_mem: Option<MemoryLimit>,
    health_threshold: f64,
    max_count: i64,
    /// The signal that children get, if they are looked at.
    child_signal: Option<i64>,
    workers: Counts,
    /// By the pid of the child.
    children: BTreeMap<u64, Counts>,
}

/// What the watcher uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stats;

impl ResourceWatcher {
    pub(super) fn new(config: &Config) -> Result<ResourceWatcher, ConfigError> {
        let watcher = config.text("watcher").or_else(|| config.text("service"));
        let watcher = watcher.ok_or_else(|| ConfigError {
            key: "watcher".to_owned(),
            problem: "watcher is mandatory for now.".to_owned(),
        })?;
        let child_signal = config.integer("child_signal", 15)?;
        Ok(ResourceWatcher {
            statsd: Statsd::new(config, "app")?,
            period: Period::new(config.period("loop_rate", 60.0)?),
            watcher: watcher.to_owned(),
            max_cpu: config.number("max_cpu", 90.0)?,
            min_cpu: config.convert("min_cpu", config::number)?,
            max_mem: config.convert("max_mem", memory_limit)?.unwrap_or(MemoryLimit::Percent(90.0)),
            // The original takes a size for percent here, so that everything is always under it.
            min_mem: config.convert("min_mem", memory_limit)?,
            health_threshold: config.number("health_threshold", 75.0)?,
            max_count: config.integer("max_count", 3)?,
            child_signal: config.truth("process_children", "0")?.then_some(child_signal),
            workers: Counts::default(),
            children: BTreeMap::new(),
        })
    }

    fn bucket(&self, what: &str) -> String {
        self.statsd.increment(&format!("_resource_watcher.{}.{what}", self.watcher))
    }

    /// Counts what is broken, and says whether it has been for too long. Then it is counted anew.
    fn is_too_much(&self, counts: &mut Counts, range: Range, orders: &mut Orders<Stats>) -> bool {
        let over_memory = match self.max_mem {
            MemoryLimit::Percent(limit) => range.mem.1 > limit,
            MemoryLimit::Size(limit) => range.resident.1 > limit,
        };
        let under_memory = self.min_mem.is_some_and(|limit| match limit {
            MemoryLimit::Percent(limit) => range.mem.0 < limit,
            MemoryLimit::Size(limit) => range.resident.0 < limit,
        });
        let has_limit = |limit: f64| limit != 0.0;
        let health = f64::midpoint(range.cpu.1, range.mem.1);
        let limits = [
            ("over_cpu", has_limit(self.max_cpu) && range.cpu.1 > self.max_cpu, &mut counts.over_cpu),
            ("under_cpu", self.min_cpu.is_some_and(|limit| range.cpu.0 <= limit), &mut counts.under_cpu),
            ("over_memory", over_memory, &mut counts.over_memory),
            ("under_memory", under_memory, &mut counts.under_memory),
            (
                "over_health",
                has_limit(self.health_threshold) && health > self.health_threshold,
                &mut counts.over_health,
            ),
        ];
        let mut most = 0;
        for (what, is_broken, count) in limits {
            *count = if is_broken { *count + 1 } else { 0 };
            if is_broken {
                orders.count(self.bucket(what));
            }
            most = most.max(*count);
        }
        let is_too_much = most > self.max_count;
        if is_too_much {
            orders.count(self.bucket("restarting"));
            *counts = Counts::default();
        }
        is_too_much
    }

    fn judge_children(&mut self, stats: &Value, signal: i64, orders: &mut Orders<Stats>) {
        let mut before = std::mem::take(&mut self.children);
        for (parent, process) in processes(stats) {
            for child in process.get("children").and_then(Value::as_array).into_iter().flatten() {
                let Some(child) = child.as_object() else { continue };
                let (Some(pid), Ok(parent)) =
                    (child.get("pid").and_then(Value::as_u64), parent.parse::<u64>())
                else {
                    continue;
                };
                let mut counts = before.remove(&pid).unwrap_or_default();
                let range = Range::of(std::iter::once(Figures::of(child)));
                if self.is_too_much(&mut counts, range, orders) {
                    // The original names the child by a key that circusd does not read, and everybody gets the signal.
                    let request = Request::about("signal", &self.watcher)
                        .with("signum", signal)
                        .with("pid", parent)
                        .with("childpid", pid);
                    orders.command(request);
                }
                self.children.insert(pid, counts);
            }
        }
    }
}

impl Plugin for ResourceWatcher {
    type Question = Stats;

    fn begin(&mut self, now: Instant) {
        self.period.begin(now);
    }

    fn answered(&mut self, _now: Instant, _question: Stats, answer: Answer, orders: &mut Orders<Stats>) {
        let Some(stats) = answer.ok().and_then(|mut answer| answer.remove("info")) else {
            orders.count(self.bucket("error"));
            return;
        };
        let range = Range::of(processes(&stats).map(|(_, process)| Figures::of(process)));
        let mut workers = self.workers;
        if self.is_too_much(&mut workers, range, orders) {
            orders.command(Request::about("restart", &self.watcher));
        }
        self.workers = workers;
        if let Some(signal) = self.child_signal {
            self.judge_children(&stats, signal, orders);
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        self.period.next()
    }

    fn woken(&mut self, now: Instant, orders: &mut Orders<Stats>) {
        if self.period.is_due(now) {
            orders.ask(Stats, Request::about("stats", &self.watcher));
        }
    }
}
