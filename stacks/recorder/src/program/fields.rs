//! The fields of acoupi's programs, and of `minder`, in the order in which acoupi writes them.

use serde_json::{Value, json};

use super::schema::{Field, FieldKind, Group, Need, Node, Nullable, Prompt, Surroundings};
use super::{Prey, ProgramKind};
use crate::capture::{CHANNELS_MAX, DURATION_MAX, SAMPLERATE_MAX};
use crate::files::template;

#[expect(clippy::cast_possible_wrap, reason = "it is an hour")]
const RECORDING_MAX: i64 = DURATION_MAX.as_secs() as i64;
const SECONDS_MAX: i64 = 31_536_000;
const MINUTES: FieldKind = FieldKind::Integer(0, 1440);
const SECONDS: FieldKind = FieldKind::Integer(1, SECONDS_MAX);
const SCORE: FieldKind = FieldKind::Number(0.0, 1.0);

pub(super) fn of(kind: ProgramKind, surroundings: &Surroundings) -> Group {
    let nodes = match kind {
        ProgramKind::Test => {
            vec![field("name", FieldKind::Text, json!("test_program"), "Name of the program.")]
        }
        ProgramKind::Default => {
            let mut nodes = basic(kind, surroundings);
            nodes.push(Node::Group(saving("18:00:00")));
            nodes
        }
        ProgramKind::Connected => {
            let mut nodes = basic(kind, surroundings);
            nodes.push(Node::Group(messaging(surroundings)));
            nodes.push(Node::Group(saving("18:30:00")));
            nodes
        }
        ProgramKind::Detection(prey) => {
            let mut nodes = basic(kind, surroundings);
            nodes.push(Node::Group(messaging(surroundings)));
            nodes.extend(detection(prey));
            nodes
        }
    };
    let mut nodes = nodes;
    if kind != ProgramKind::Test {
        nodes.push(Node::Group(minder()));
    }
    group("", "", Need::Required, nodes)
}

fn basic(kind: ProgramKind, surroundings: &Surroundings) -> Vec<Node> {
    vec![
        field(
            "timezone",
            FieldKind::Zone,
            json!("Europe/London"),
            "Time zone of the place where the device will be.",
        ),
        Node::Group(microphone()),
        Node::Group(recording(kind)),
        Node::Group(paths(surroundings)),
    ]
}

fn microphone() -> Group {
    group(
        "microphone",
        "The microphone.",
        Need::Required,
        vec![
            required("device_name", FieldKind::Text, "Name of the microphone."),
            field(
                "samplerate",
                FieldKind::Integer(1, i64::from(SAMPLERATE_MAX)),
                json!(48_000),
                "Samples a second (Hz).",
            ),
            field(
                "audio_channels",
                FieldKind::Integer(1, i64::from(CHANNELS_MAX)),
                json!(1),
                "Number of channels.",
            ),
            field(
                "time_expansion",
                FieldKind::Number(f64::MIN_POSITIVE, 1e6),
                json!(1.0),
                "How many times slower the sound is played than it was recorded.",
            ),
        ],
    )
}

fn recording(kind: ProgramKind) -> Group {
    let (start, end) = match kind {
        ProgramKind::Detection(Prey::Bats) => ("19:00:00", "07:00:00"),
        ProgramKind::Detection(Prey::Birds) => ("04:00:00", "23:00:00"),
        ProgramKind::Test | ProgramKind::Default | ProgramKind::Connected => ("06:00:00", "22:30:00"),
    };
    group(
        "recording",
        "When and how long is recorded.",
        Need::Defaulted,
        vec![
            field(
                "duration",
                FieldKind::Integer(1, RECORDING_MAX),
                json!(3),
                "Length of a recording, in seconds.",
            ),
            field("interval", SECONDS, json!(10), "Time from one recording to the next, in seconds."),
            silent("chunksize", FieldKind::Integer(1, 1 << 24), json!(8192), "Frames read at a time."),
            field(
                "schedule_start",
                FieldKind::Time,
                json!(start),
                "Time of the day at which recording begins.",
            ),
            field("schedule_end", FieldKind::Time, json!(end), "Time of the day at which recording ends."),
        ],
    )
}

fn paths(surroundings: &Surroundings) -> Group {
    let home = |path: &str| json!(surroundings.home.join(path));
    group(
        "paths",
        "Where recordings and databases are.",
        Need::Defaulted,
        vec![
            field(
                "tmp_audio",
                FieldKind::Path,
                json!(surroundings.temporary),
                "Directory of new recordings.",
            ),
            field(
                "recordings",
                FieldKind::Path,
                home("storages/recordings"),
                "Directory of kept recordings.",
            ),
            field("db_metadata", FieldKind::Path, home("storages/metadata.db"), "Database of recordings."),
        ],
    )
}

fn saving(start: &str) -> Group {
    group(
        "recording_saving",
        "Which recordings are kept.",
        Need::Optional,
        windows([start, "20:00:00"], [10, 10, 5, 30]),
    )
}

fn windows([start, end]: [&str; 2], [before, after, duration, interval]: [u32; 4]) -> Vec<Node> {
    vec![
        field("starttime", FieldKind::Time, json!(start), "Recordings are kept from this time of the day."),
        field("endtime", FieldKind::Time, json!(end), "Recordings are kept until this time of the day."),
        field(
            "before_dawndusk_duration",
            MINUTES,
            json!(before),
            "Minutes before dawn and dusk that are kept.",
        ),
        field("after_dawndusk_duration", MINUTES, json!(after), "Minutes after dawn and dusk that are kept."),
        field(
            "frequency_duration",
            MINUTES,
            json!(duration),
            "Minutes that are kept of each frequency_interval.",
        ),
        field("frequency_interval", MINUTES, json!(interval), "Minutes from one such begin to the next."),
    ]
}

fn messaging(surroundings: &Surroundings) -> Group {
    let database = json!(surroundings.home.join("storages/messages.db"));
    group(
        "messaging",
        "What is sent, and where to.",
        Need::Required,
        vec![
            field("messages_db", FieldKind::Path, database, "Database of messages."),
            field("message_send_interval", SECONDS, json!(120), "Time between attempts to send, in seconds."),
            nullable(
                "max_messages",
                FieldKind::Integer(1, i64::from(u32::MAX)),
                "Messages sent at a time; all if none.",
            ),
            field(
                "message_order",
                FieldKind::Choice(&["oldest_first", "newest_first"]),
                json!("oldest_first"),
                "Which messages are sent first.",
            ),
            field("heartbeat_interval", SECONDS, json!(3600), "Time between heartbeats, in seconds."),
            Node::Group(group(
                "http",
                "A server that takes messages by HTTP.",
                Need::Optional,
                vec![
                    required("base_url", FieldKind::Text, "Where messages are posted to."),
                    field(
                        "content_type",
                        FieldKind::Text,
                        json!("application/json"),
                        "Content type of messages.",
                    ),
                    field("timeout", FieldKind::Integer(1, 3600), json!(5), "Seconds to wait for an answer."),
                ],
            )),
            Node::Group(mqtt()),
        ],
    )
}

fn mqtt() -> Group {
    group(
        "mqtt",
        "A broker that takes messages by MQTT.",
        Need::Optional,
        vec![
            required("host", FieldKind::Text, "Name or address of the broker."),
            required("username", FieldKind::Text, "User name at the broker."),
            nullable("password", FieldKind::Secret, "Password at the broker."),
            field("topic", FieldKind::Text, json!("acoupi"), "Topic of messages."),
            field("port", FieldKind::Integer(1, 65_535), json!(1884), "Port of the broker."),
            field(
                "timeout",
                FieldKind::Integer(1, 3600),
                json!(5),
                "Seconds to wait for an acknowledgement.",
            ),
            field("use_tls", FieldKind::Boolean, json!(false), "Whether the connection is encrypted."),
            field(
                "transport",
                FieldKind::Choice(&["tcp", "websockets", "unix"]),
                json!("tcp"),
                "How the broker is reached.",
            ),
            field(
                "use_message_type",
                FieldKind::Boolean,
                json!(false),
                "Whether the kind of message ends the topic.",
            ),
        ],
    )
}

fn detection(prey: Prey) -> Vec<Node> {
    let (filters, threshold, managers) = match prey {
        Prey::Bats => (
            windows(["19:00:00", "07:00:00"], [0, 0, 0, 0]),
            Some(json!(0.3)),
            ["bats", "no_bats", "bat_threshold"],
        ),
        Prey::Birds => (
            windows(["17:00:00", "21:00:00"], [30, 30, 0, 0]),
            None,
            ["birds", "no_birds", "saving_threshold"],
        ),
    };
    let [true_dir, false_dir, saving_threshold] = managers;
    let least = match prey {
        Prey::Bats => 0.5,
        Prey::Birds => 0.2,
    };
    let mut filters = filters;
    filters.extend(
        threshold
            .map(|score| field("saving_threshold", SCORE, score, "Recordings with this score are kept.")),
    );
    vec![
        Node::Group(group(
            "detections",
            "What of the detector's output is looked at.",
            Need::Defaulted,
            vec![field("threshold", SCORE, json!(0.2), "Detections of a smaller score are dropped.")],
        )),
        Node::Group(group(
            "model",
            "The detector.",
            Need::Defaulted,
            vec![field("detection_threshold", SCORE, json!(0.4), "Detections of this score are told.")],
        )),
        Node::Group(group("saving_filters", "Which recordings are kept.", Need::OptionalDefaulted, filters)),
        Node::Group(group(
            "saving_managers",
            "Where recordings are kept.",
            Need::Defaulted,
            vec![
                field("true_dir", FieldKind::Text, json!(true_dir), "Directory for sure detections."),
                field("false_dir", FieldKind::Text, json!(false_dir), "Directory for uncertain detections."),
                field("timeformat", FieldKind::Text, json!("%Y%m%d_%H%M%S"), "How files are named."),
                field(saving_threshold, SCORE, json!(least), "Recordings without this score are deleted."),
            ],
        )),
        Node::Group(group(
            "summariser_config",
            "What is told from time to time.",
            Need::OptionalDefaulted,
            vec![
                optional(
                    "interval",
                    FieldKind::Number(0.0, 31_536_000.0),
                    json!(3600.0),
                    "Time between summaries, in seconds.",
                ),
                optional("low_band_threshold", SCORE, json!(0.0), "Highest low score."),
                optional("mid_band_threshold", SCORE, json!(0.0), "Highest score of the middle."),
                optional("high_band_threshold", SCORE, json!(0.0), "Not zero: bands are told."),
            ],
        )),
    ]
}

fn minder() -> Group {
    let behaviours = FieldKind::Choice(&["intended", "acoupi"]);
    let actions = FieldKind::Choice(&["stop", "discard", "delete_oldest", "delete_lowest_confidence"]);
    group(
        "minder",
        "What acoupi does not know.",
        Need::Extra,
        vec![
            silent(
                "behaviour",
                behaviours,
                json!("intended"),
                "Whether times mean what they say, or what acoupi takes them for.",
            ),
            silent("disk_action", actions, json!("stop"), "What happens when the disk is full."),
            silent(
                "disk_free_mb",
                FieldKind::Integer(0, 1 << 40),
                json!(1024),
                "Free space that is left, in MB.",
            ),
            silent(
                "mqtt_qos",
                FieldKind::Integer(0, 1),
                json!(1),
                "1: the broker says that it has a message. 0: as acoupi.",
            ),
            silent(
                "filename_template",
                FieldKind::Text,
                json!(template::DEFAULT),
                "How kept files are named.",
            ),
            silent("heartbeat_metrics", FieldKind::Texts, json!([]), "What heartbeats say of the machine."),
            silent("detector", FieldKind::Texts, json!([]), "Command of the detector, and its arguments."),
            silent(
                "detector_timeout",
                FieldKind::Integer(1, 86_400),
                json!(60),
                "Seconds a detection may take.",
            ),
        ],
    )
}

fn group(name: &'static str, help: &'static str, need: Need, nodes: Vec<Node>) -> Group {
    Group { name, help, need, nodes }
}

fn field(name: &'static str, kind: FieldKind, default: Value, help: &'static str) -> Node {
    Node::Field(Field {
        name,
        kind,
        default: Some(default),
        nullable: Nullable::No,
        help,
        prompt: Prompt::Ask,
    })
}

fn silent(name: &'static str, kind: FieldKind, default: Value, help: &'static str) -> Node {
    Node::Field(Field {
        name,
        kind,
        default: Some(default),
        nullable: Nullable::No,
        help,
        prompt: Prompt::Silent,
    })
}

fn required(name: &'static str, kind: FieldKind, help: &'static str) -> Node {
    Node::Field(Field { name, kind, default: None, nullable: Nullable::No, help, prompt: Prompt::Ask })
}

fn nullable(name: &'static str, kind: FieldKind, help: &'static str) -> Node {
    optional(name, kind, Value::Null, help)
}

fn optional(name: &'static str, kind: FieldKind, default: Value, help: &'static str) -> Node {
    Node::Field(Field {
        name,
        kind,
        default: Some(default),
        nullable: Nullable::Yes,
        help,
        prompt: Prompt::Ask,
    })
}
