//! Which program a recorder is, and how it is set: the configuration of acoupi's programs, read from its `program.json`.
//!
//! ```text
//!  JSON as written ─▶ schema::complete ─▶ JSON as acoupi writes it ─▶ Program
//!                        │  coerced, defaults, problems                  what the tasks look at
//! ```
//!
//! The JSON stays what commands get and set; a [`Program`] is what is read from it. What acoupi does not know is in the group
//! `minder`, which acoupi passes over and which is not written unless somebody sets it.

pub mod complete;
mod fields;
pub mod kind;
pub mod limits;
pub mod plan;
pub mod schema;
pub mod wall_time;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

pub use complete::Problem;
pub use kind::{Prey, ProgramKind};
pub use limits::{Behaviour, GuardAction, Minder};
pub use schema::{Field, FieldKind, Group, Need, Node, Nullable, Prompt, Surroundings, schema};
pub use wall_time::WallTime;

/// Why a configuration cannot be used.
#[derive(Debug)]
pub enum ConfigurationError {
    /// The file cannot be read.
    Unreadable(PathBuf, std::io::Error),
    /// The file is no JSON.
    Malformed(PathBuf, serde_json::Error),
    /// Fields have values that they cannot have, or none.
    Invalid(Vec<Problem>),
}

impl std::fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Malformed(path, error) => write!(f, "{} is not JSON: {error}", path.display()),
            Self::Invalid(problems) => {
                let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl std::error::Error for ConfigurationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreadable(_, error) => Some(error),
            Self::Malformed(_, error) => Some(error),
            Self::Invalid(_) => None,
        }
    }
}

/// What a recorder does and how.
#[derive(Clone, PartialEq, Debug)]
pub enum Program {
    /// Only says that it is there.
    Test(TestProgram),
    /// Records, and maybe more.
    Recorder(Box<RecorderProgram>),
}

impl Program {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// When it cannot be read, is no JSON, or has values that cannot be.
    pub fn read(
        kind: ProgramKind,
        path: &Path,
        surroundings: &Surroundings,
    ) -> Result<Self, ConfigurationError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigurationError::Unreadable(path.to_owned(), error))?;
        let value = serde_json::from_str(&text)
            .map_err(|error| ConfigurationError::Malformed(path.to_owned(), error))?;
        Self::from_json(kind, &value, surroundings).map_err(ConfigurationError::Invalid)
    }

    /// Takes a configuration as it was written, by a person or by acoupi.
    ///
    /// # Errors
    /// With every field that has a value it cannot have, or none and needs one.
    pub fn from_json(
        kind: ProgramKind,
        value: &Value,
        surroundings: &Surroundings,
    ) -> Result<Self, Vec<Problem>> {
        let complete = complete::complete(&schema(kind, surroundings), value)?;
        let broken = |error: serde_json::Error| vec![Problem::new("", error.to_string())];
        if kind == ProgramKind::Test {
            return Ok(Self::Test(serde_json::from_value(complete).map_err(broken)?));
        }
        let mut program: RecorderProgram = serde_json::from_value(complete).map_err(broken)?;
        program.kind = kind;
        let problems = limits::problems(&program);
        if problems.is_empty() { Ok(Self::Recorder(Box::new(program))) } else { Err(problems) }
    }
}

/// The program `test`.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct TestProgram {
    /// Its check holds when this is `test_program`.
    pub name: String,
}

/// A program that records.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct RecorderProgram {
    /// Which of them.
    #[serde(skip, default = "kind::plain")]
    pub kind: ProgramKind,
    /// The IANA name of the time zone in which times of the day are meant.
    pub timezone: String,
    /// What is recorded from.
    pub microphone: MicrophoneSettings,
    /// When and how long is recorded.
    pub recording: RecordingSettings,
    /// Where things are.
    pub paths: Paths,
    /// What is sent, and where to. The program `default` has none.
    pub messaging: Option<Messaging>,
    /// Which recordings are kept. `None`: all. In detection programs `saving_filters`.
    #[serde(alias = "saving_filters")]
    pub recording_saving: Option<Saving>,
    /// What of a detector's output is looked at.
    pub detections: Option<Detections>,
    /// The detector.
    pub model: Option<Model>,
    /// Where recordings are kept, by what was detected.
    pub saving_managers: Option<SavingManagers>,
    /// What is told from time to time of all that was detected.
    pub summariser_config: Option<Summariser>,
    /// What acoupi does not know.
    #[serde(default)]
    pub minder: Minder,
}

/// What is recorded from.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct MicrophoneSettings {
    /// Its name, as the part of PortAudio's before `:`.
    pub device_name: String,
    /// Samples a second, 1 or more.
    pub samplerate: u32,
    /// 1 or more.
    pub audio_channels: u16,
    /// The header of a file says this many times fewer samples a second; more than zero.
    pub time_expansion: f64,
}

/// When and how long is recorded.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct RecordingSettings {
    /// Seconds of a recording, 1 or more.
    pub duration: u32,
    /// Seconds from one begin to the next, 1 or more.
    pub interval: u32,
    /// Frames that are read at a time.
    pub chunksize: u32,
    /// The first moment of the day at which may be begun.
    pub schedule_start: WallTime,
    /// The last one; on the next day when it is before `schedule_start`.
    pub schedule_end: WallTime,
}

/// Where things are.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Paths {
    /// The directory of recordings that nobody has looked at yet, best in memory.
    pub tmp_audio: PathBuf,
    /// The directory of those that are kept.
    pub recordings: PathBuf,
    /// The database of deployments, recordings and detections.
    pub db_metadata: PathBuf,
}

impl Paths {
    /// What minder keeps beside acoupi's databases: what is under way, and why something is not there.
    pub fn events(&self) -> PathBuf {
        self.db_metadata.with_file_name("events.db")
    }
}

/// Which recordings are kept: those for which one of these says so.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Saving {
    /// The begin of a part of the day.
    pub starttime: WallTime,
    /// Its end; on the next day when it is before `starttime`.
    pub endtime: WallTime,
    /// Minutes before dawn and before dusk. 0: not looked at.
    pub before_dawndusk_duration: u32,
    /// Minutes after dawn and after dusk. 0: not looked at.
    pub after_dawndusk_duration: u32,
    /// The first minutes of each `frequency_interval`. 0: not looked at.
    pub frequency_duration: u32,
    /// Minutes. 0: not looked at.
    pub frequency_interval: u32,
    /// Any detection with this score. 0: not looked at.
    #[serde(default)]
    pub saving_threshold: f64,
}

/// What is sent, and where to.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Messaging {
    /// The database of messages and of what was answered to them.
    pub messages_db: PathBuf,
    /// Seconds from one attempt to send to the next, 1 or more.
    pub message_send_interval: u32,
    /// How many are sent at a time. `None`: all.
    pub max_messages: Option<u32>,
    /// Which first.
    pub message_order: MessageOrder,
    /// Seconds from one heartbeat to the next, 1 or more.
    pub heartbeat_interval: u32,
    /// A server that takes messages by HTTP; wins over `mqtt`.
    pub http: Option<HttpSettings>,
    /// A broker that takes messages by MQTT.
    pub mqtt: Option<MqttSettings>,
}

/// Which messages are sent first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageOrder {
    /// Those that have waited longest.
    OldestFirst,
    /// Those that say most about now.
    NewestFirst,
}

/// A server that takes messages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct HttpSettings {
    /// Where they are posted to.
    pub base_url: String,
    /// `application/json`, else messages are sent as the fields of a form.
    pub content_type: String,
    /// Seconds until an attempt has failed, 1 or more.
    pub timeout: u32,
}

/// A broker that takes messages.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct MqttSettings {
    /// Its name or address; for `unix` the path of its socket.
    pub host: String,
    /// Who sends.
    pub username: String,
    /// The password.
    pub password: Option<String>,
    /// What messages are published under.
    pub topic: String,
    /// Its port.
    pub port: u16,
    /// Seconds until an attempt has failed, 1 or more.
    pub timeout: u32,
    /// Whether the connection is encrypted.
    pub use_tls: bool,
    /// How it is reached.
    pub transport: MqttTransport,
    /// Whether the topic ends with what kind of message it is.
    pub use_message_type: bool,
}

/// How a broker is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MqttTransport {
    /// By TCP.
    Tcp,
    /// By WebSockets, at the path `/mqtt`.
    Websockets,
    /// By a socket of this machine.
    Unix,
}

/// What of a detector's output is looked at.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Detections {
    /// Detections and tags of a smaller score are dropped before anything else. 0: none.
    pub threshold: f64,
}

/// The detector.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Model {
    /// Detections of this score are told, and kept among the true ones.
    pub detection_threshold: f64,
}

/// Where recordings are kept, by what was detected.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct SavingManagers {
    /// The directory, in that of recordings, for those with a detection of the model's threshold.
    pub true_dir: String,
    /// The directory for those with a detection of `threshold`; others are deleted.
    pub false_dir: String,
    /// How files are named, as `strftime` does.
    pub timeformat: String,
    /// `bat_threshold` or `saving_threshold`.
    #[serde(alias = "bat_threshold", alias = "saving_threshold")]
    pub threshold: f64,
}

/// What is told from time to time of all that was detected.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Summariser {
    /// Seconds from one summary to the next, and that it looks back. `None` or 0: no summaries.
    pub interval: Option<f64>,
    /// Scores up to this one are low. With a zero among the three, bands are not told.
    pub low_band_threshold: Option<f64>,
    /// Higher ones, up to this one, are of the middle.
    pub mid_band_threshold: Option<f64>,
    /// Any but zero: bands are told. Its value has no other meaning, as in acoupi.
    pub high_band_threshold: Option<f64>,
}
