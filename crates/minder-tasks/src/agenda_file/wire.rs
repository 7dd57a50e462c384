//! What stands in an agenda's file. These types are the file's alone: what they are called there must not change when
//! something is renamed in the core, without [`VERSION`] becoming another one.

use serde::{Deserialize, Serialize};

/// Of what is written below.
pub(super) const VERSION: u64 = 1;

/// What is read first.
#[derive(Deserialize)]
pub(super) struct Versioned {
    pub(super) version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Agenda {
    pub(super) version: u64,
    pub(super) settings: Settings,
    pub(super) tasks: Vec<Task>,
    pub(super) workers: Vec<Worker>,
    pub(super) residents: Vec<Resident>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) zone: String,
    pub(super) place: Option<Place>,
    pub(super) queue: Queue,
    pub(super) history: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Place {
    pub(super) latitude_millionths: i32,
    pub(super) longitude_millionths: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Queue {
    Embedded,
    Jetstream { servers: String, stream: String, credentials: Option<Text> },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Task {
    pub(super) name: String,
    pub(super) job: Job,
    pub(super) due: Due,
    pub(super) zone: Option<String>,
    pub(super) between: Option<Window>,
    pub(super) jitter_ns: u64,
    pub(super) overlap: Overlap,
    pub(super) missed: Missed,
    pub(super) timeout_soft_ns: Option<u64>,
    pub(super) timeout_hard_ns: Option<u64>,
    pub(super) retry: Retry,
    pub(super) then: Vec<String>,
    pub(super) worker: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Job {
    Command(Command),
    Resident(String),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Command {
    pub(super) argv: Vec<Text>,
    pub(super) directory: Option<Text>,
    pub(super) environment: Vec<(Text, Text)>,
}

/// Bytes, which are text nearly always.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Text {
    Utf8(String),
    Bytes(Vec<u8>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Due {
    OnDemand,
    Every {
        interval_ns: u64,
        /// Later than a multiple of the interval by the wall clock; absent when it is free.
        aligned_ns: Option<u64>,
    },
    Cron(String),
    At(Vec<Moment>),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Moment {
    Daily(DayTime),
    Once(String),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum DayTime {
    Clock { seconds: u32 },
    Sun { event: SunEvent, offset_seconds: i32 },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SunEvent {
    Sunrise,
    Sunset,
    Dawn,
    Dusk,
    Noon,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Window {
    pub(super) from: DayTime,
    pub(super) until: DayTime,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Overlap {
    Skip,
    Queue,
    Replace,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Missed {
    Skip,
    Once,
    Each(std::num::NonZeroU32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    pub(super) times: u32,
    pub(super) delay_ns: u64,
    pub(super) factor_percent: u32,
    pub(super) delay_max_ns: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Worker {
    pub(super) name: String,
    pub(super) at_once: Option<std::num::NonZeroU32>,
    pub(super) backlog: u32,
    pub(super) bound: Bound,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Bound {
    Refuse,
    DropOldest,
    Wait,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Resident {
    pub(super) name: String,
    pub(super) command: Command,
}
