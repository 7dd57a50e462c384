//! What acoupi does not know of a configuration, and what no field alone can say.

use serde::Deserialize;

use super::complete::Problem;
use super::{ProgramKind, RecorderProgram};
use crate::files::template::{self, Template};

/// The group `minder`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(from = "Option<Written>")]
pub struct Minder {
    /// What times mean.
    pub behaviour: Behaviour,
    /// What happens when the disk is full.
    pub disk_action: GuardAction,
    /// Bytes that are left free where recordings are kept.
    pub disk_free: u64,
    /// Whether a broker has to say that it has a message.
    pub mqtt_qos: u8,
    /// How kept files are named, where a detector does not say where they are.
    pub filename_template: String,
    /// Names of what heartbeats say of the machine.
    pub heartbeat_metrics: Vec<String>,
    /// The command of the detector, and its arguments. Empty: the one that is built in.
    pub detector: Vec<String>,
    /// Seconds a detection may take.
    pub detector_timeout: u32,
}

impl Default for Minder {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::Intended,
            disk_action: GuardAction::Stop,
            disk_free: 1024 * MEGABYTE,
            mqtt_qos: 1,
            filename_template: template::DEFAULT.to_owned(),
            heartbeat_metrics: Vec::new(),
            detector: Vec::new(),
            detector_timeout: 60,
        }
    }
}

/// As acoupi counts it: decimal.
const MEGABYTE: u64 = 1_000_000;

#[derive(Deserialize)]
struct Written {
    behaviour: Behaviour,
    disk_action: GuardAction,
    disk_free_mb: u64,
    mqtt_qos: u8,
    filename_template: String,
    heartbeat_metrics: Vec<String>,
    detector: Vec<String>,
    detector_timeout: u32,
}

impl From<Option<Written>> for Minder {
    fn from(written: Option<Written>) -> Self {
        written.map_or_else(Self::default, |written| Self {
            behaviour: written.behaviour,
            disk_action: written.disk_action,
            disk_free: written.disk_free_mb.saturating_mul(MEGABYTE),
            mqtt_qos: written.mqtt_qos,
            filename_template: written.filename_template,
            heartbeat_metrics: written.heartbeat_metrics,
            detector: written.detector,
            detector_timeout: written.detector_timeout,
        })
    }
}

/// What times of a configuration mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Behaviour {
    /// What they say: a window from its start to its end, over midnight if it has to be, by the clock of the time zone; the sun
    /// where the device is.
    Intended,
    /// What acoupi takes them for: recorded is from the start to midnight and from midnight to the end, whichever is earlier;
    /// the window of a filter is in UTC; the sun is Greenwich's.
    Acoupi,
}

/// What happens when the disk is full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GuardAction {
    /// Nothing is recorded.
    Stop,
    /// It is recorded and looked at; sound is not kept.
    Discard,
    /// The oldest recordings that were kept are deleted.
    DeleteOldest,
    /// Those are deleted in which the detector was least sure, older ones first.
    DeleteLowestConfidence,
}

/// The names that `heartbeat_metrics` can have.
pub const METRICS: [&str; 5] =
    ["remaining_storage", "used_storage", "free_memory", "consumed_memory", "cpu_usage"];

/// What fields say together that cannot be.
pub(super) fn problems(program: &RecorderProgram) -> Vec<Problem> {
    let mut problems = Vec::new();
    for metric in program.minder.heartbeat_metrics.iter().filter(|name| !METRICS.contains(&name.as_str())) {
        problems.push(Problem::new(
            "minder.heartbeat_metrics",
            format!("'{metric}' is none of {}", METRICS.join(", ")),
        ));
    }
    if program.minder.disk_action == GuardAction::DeleteLowestConfidence
        && !matches!(program.kind, ProgramKind::Detection(_))
    {
        problems.push(Problem::new(
            "minder.disk_action",
            "'delete_lowest_confidence' needs a program with a detector; use 'delete_oldest'",
        ));
    }
    if let Err(message) = Template::parse(&program.minder.filename_template) {
        problems.push(Problem::new("minder.filename_template", message));
    }
    problems
}
