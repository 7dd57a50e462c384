//! That the device is alive.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::{Message, MessageKind};
use crate::machine::Machine;

/// A heartbeat.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Heartbeat {
    /// When.
    #[serde(with = "crate::moment::json")]
    pub sent_on: Timestamp,
    /// Of whom.
    pub device_id: String,
    /// Always `OK`: who can say so is.
    pub status: &'static str,
    /// What more there is to say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<Metric>,
}

/// A number about the machine.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Metric {
    /// What.
    pub name: String,
    /// How much.
    pub value: f64,
    /// When it was looked at.
    #[serde(with = "crate::moment::json")]
    pub captured_on: Timestamp,
    /// Of what.
    pub unit: &'static str,
}

impl Heartbeat {
    /// A heartbeat of now.
    #[must_use]
    pub fn now(at: Timestamp, device_id: &str, metrics: Vec<Metric>) -> Self {
        Self { sent_on: at, device_id: device_id.to_owned(), status: "OK", metrics }
    }

    /// The message that it is. It is never stored.
    ///
    /// # Errors
    /// When a number in it is none.
    pub fn message(&self) -> Result<Message, serde_json::Error> {
        Ok(Message {
            id: Uuid::new_v4(),
            content: serde_json::to_vec(self)?,
            created_on: self.sent_on,
            kind: Some(MessageKind::Heartbeat),
        })
    }
}

/// The metrics of these names, as far as the machine tells.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "bytes are told to a person")]
pub fn metrics(names: &[String], machine: &dyn Machine, storage: &Path) -> Vec<Metric> {
    let captured_on = machine.clock().now();
    let measured = |name: &String| {
        let (value, unit) = match name.as_str() {
            "remaining_storage" => (machine.free(storage).ok()? as f64, "bytes"),
            "used_storage" => (machine.used(storage).ok()? as f64, "bytes"),
            "free_memory" => (kilobytes("/proc/meminfo", "MemAvailable:")? as f64 * 1024.0, "bytes"),
            "consumed_memory" => (kilobytes("/proc/self/status", "VmRSS:")? as f64 * 1024.0, "bytes"),
            "cpu_usage" => (processor_share()?, "percent"),
            _ => return None,
        };
        Some(Metric { name: name.clone(), value, captured_on, unit })
    };
    names.iter().filter_map(measured).collect()
}

fn kilobytes(file: &str, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How much of a processor this process has used since it began, in hundredths.
fn processor_share() -> Option<f64> {
    let time = |clock| Duration::try_from(rustix::time::clock_gettime(clock)).ok();
    let used = time(rustix::time::ClockId::ProcessCPUTime)?;
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The 22nd field, counted from the one behind the name, which may have spaces: ticks since the boot.
    let begin: f64 = stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()?;
    let ticks = rustix::param::clock_ticks_per_second();
    #[expect(clippy::cast_precision_loss, reason = "it is 100 or 1000")]
    let age = time(rustix::time::ClockId::Boottime)?.as_secs_f64() - begin / ticks as f64;
    (age > 0.0).then(|| 100.0 * used.as_secs_f64() / age)
}
