//! Everything that makes the daemon what it is: what the front has read from the file, and later what the arbiter keeps, in
//! one form, so that the first mind and one that follows a killed one begin alike.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use minder_core::plan::{Echo, JournalSpec};
use minder_core::program::{LogTarget, Rotation};
use minder_zmtp::Bounds;
use serde_json::{Map, Value, json};

use crate::arbiter::Course;
use crate::arbiter::log::{Level, Log};
use crate::arbiter::remember::KeptWatcher;
use crate::arbiter::wishes::Wishes;
use crate::ini::{Baseline, Circus, bounds};
use crate::options::bytes;
use crate::sockets::{self, Socket};

/// A daemon, kept.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The configuration file.
    pub file: String,
    /// What it said of the daemon itself.
    pub circus: Circus,
    /// What the peers of the endpoints may take.
    pub bounds: Bounds,
    /// What later readings are compared with.
    pub baseline: Baseline,
    /// The sockets, by number.
    pub sockets: Vec<Socket>,
    /// The watchers in their order.
    pub watchers: Vec<KeptWatcher>,
    /// Where the whole stands.
    pub course: Course,
    /// What signals have asked for.
    pub wishes: Wishes,
    /// The daemon's own log.
    pub log: Logging,
    /// Where its pid is written.
    pub pidfile: Option<String>,
    /// What is to be logged at the beginning: what the file has that cannot be had.
    pub remarks: Vec<String>,
}

/// The daemon's own log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Logging {
    /// What is less than this is not logged.
    pub level: Level,
    /// `-` for standard error, the path of a file, or `syslog:` and what follows.
    pub output: String,
}

impl Logging {
    /// How its lines are made, for a daemon of this pid.
    pub fn log(&self, pid: u32) -> Log {
        Log { least: self.level, pid, zone: TimeZone::system() }
    }

    /// Where its lines go.
    pub fn journal(&self) -> JournalSpec {
        let syslog = self.output.starts_with("syslog:");
        let log = match self.output.as_str() {
            "-" | "stdout" => LogTarget::File(b"/dev/stderr".to_vec().into()),
            _ if syslog => LogTarget::Nowhere,
            // Somebody else may move it away.
            path => LogTarget::Followed(bytes::encode(path).into()),
        };
        let syslog = syslog.then(|| "circus".into());
        JournalSpec { log, rotation: Rotation::Never, echo: Echo::Off, syslog }
    }
}

const COURSES: [(Course, &str); 4] = [
    (Course::Beginning, "beginning"),
    (Course::Running, "running"),
    (Course::Quitting, "quitting"),
    (Course::Restarting, "restarting"),
];

impl Kept {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let course = COURSES.iter().find(|(course, _)| *course == self.course).map(|(_, word)| *word);
        let kept = json!({
            "version": 1,
            "file": self.file,
            "circus": self.circus.to_json(),
            "bounds": bounds::numbers(&self.bounds).iter().map(|(bound, number)| (bound.name, *number)).collect::<BTreeMap<_, _>>(),
            "baseline": self.baseline.encode(),
            "sockets": self.sockets.iter().map(sockets::encode).collect::<Vec<_>>(),
            "watchers": self.watchers.iter().map(KeptWatcher::encode).collect::<Vec<_>>(),
            "course": course,
            "end": self.wishes.end,
            "reload": self.wishes.reload,
            "log_level": self.log.level.word(),
            "log_output": self.log.output,
            "pidfile": self.pidfile,
            "remarks": self.remarks,
        });
        kept.to_string().into_bytes()
    }

    /// From bytes.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let kept: Value = serde_json::from_slice(bytes).ok()?;
        if kept.get("version")?.as_u64()? != 1 {
            return None;
        }
        let list = |key: &str| kept.get(key)?.as_array();
        let course = kept.get("course")?.as_str()?;
        Some(Self {
            file: kept.get("file")?.as_str()?.to_owned(),
            circus: circus(kept.get("circus")?.as_object()?)?,
            // One that an older minder kept has none.
            bounds: bounds::of(|bound| kept.get("bounds")?.get(bound.name)?.as_u64()),
            baseline: Baseline::decode(kept.get("baseline")?)?,
            sockets: list("sockets")?.iter().map(sockets::decode).collect::<Option<_>>()?,
            watchers: list("watchers")?.iter().map(KeptWatcher::decode).collect::<Option<_>>()?,
            course: COURSES.iter().find(|(_, word)| *word == course)?.0,
            wishes: Wishes { end: kept.get("end")?.as_bool()?, reload: kept.get("reload")?.as_bool()? },
            log: Logging {
                level: Level::of_word(kept.get("log_level")?.as_str()?)?,
                output: kept.get("log_output")?.as_str()?.to_owned(),
            },
            pidfile: kept.get("pidfile")?.as_str().map(str::to_owned),
            remarks: list("remarks")?
                .iter()
                .filter_map(|remark| remark.as_str().map(str::to_owned))
                .collect(),
        })
    }
}

/// The inverse of [`Circus::to_json`].
fn circus(values: &Map<String, Value>) -> Option<Circus> {
    let text = |key: &str| values.get(key).and_then(Value::as_str).map(str::to_owned);
    let flag = |key: &str| values.get(key).and_then(Value::as_bool);
    let whole = |key: &str| values.get(key).and_then(Value::as_i64);
    let delay = values.get("check_delay")?;
    Some(Circus {
        // What JSON has no number for is kept as a text.
        check_delay: delay.as_f64().or_else(|| delay.as_str()?.parse().ok())?,
        endpoint: text("endpoint")?,
        endpoint_owner: text("endpoint_owner"),
        pubsub_endpoint: text("pubsub_endpoint")?,
        multicast_endpoint: text("multicast_endpoint")?,
        stats_endpoint: text("stats_endpoint")?,
        statsd: flag("statsd")?,
        umask: whole("umask"),
        warmup_delay: whole("warmup_delay")?,
        httpd: flag("httpd")?,
        httpd_host: text("httpd_host")?,
        httpd_port: whole("httpd_port")?,
        debug: flag("debug")?,
        debug_gc: flag("debug_gc")?,
        pidfile: text("pidfile"),
        loglevel: text("loglevel"),
        logoutput: text("logoutput"),
        loggerconfig: text("loggerconfig"),
        fqdn_prefix: text("fqdn_prefix"),
    })
}
