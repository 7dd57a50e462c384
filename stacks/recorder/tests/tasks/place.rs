//! Where tasks are done.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use minder_recorder::capture::Clock;
use minder_recorder::detect::{DetectError, Detection, Detector, Kind, Subject, Tag};
use minder_recorder::machine::Machine;
use minder_recorder::program::{Prey, Program, ProgramKind, RecorderProgram, Surroundings};
use minder_recorder::recording::Recording;
use minder_recorder::station::Station;
use minder_recorder::store::events::{Event, EventKind};
use minder_recorder::tasks;
use serde_json::{Value, json};
use uuid::Uuid;

/// A machine with a clock that goes on when somebody waits, and a disk of so many files.
pub(crate) struct Hardware {
    passed: Mutex<Duration>,
    directory: PathBuf,
    /// Kept recordings that there is room for.
    pub(crate) room: AtomicU64,
}

pub(crate) const FREE: u64 = 1_000_000_000;

impl Clock for Hardware {
    fn now(&self) -> Timestamp {
        let began: Timestamp = "2024-06-01T22:00:00Z".parse().unwrap();
        began.checked_add(SignedDuration::try_from(self.elapsed()).unwrap()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        *self.passed.lock().unwrap()
    }

    fn wait_until(&self, then: Duration) {
        let mut passed = self.passed.lock().unwrap();
        *passed = (*passed).max(then);
    }
}

/// The clock and the machine are one; a machine gives its clock away.
#[derive(Clone)]
pub(crate) struct Computer(pub(crate) Arc<Hardware>);

impl Machine for Computer {
    fn clock(&self) -> Arc<dyn Clock> {
        self.0.clone()
    }

    fn boot(&self) -> String {
        "boot".into()
    }

    fn uptime(&self) -> Duration {
        self.0.elapsed()
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        if path.ends_with("tmp") {
            return Ok(FREE);
        }
        let kept = u64::try_from(sounds(&self.0.directory.join("kept")).len()).unwrap();
        Ok(if kept < self.0.room.load(Ordering::Relaxed) { FREE } else { 0 })
    }

    fn used(&self, _: &Path) -> io::Result<u64> {
        Ok(0)
    }
}

/// Says these scores, one for each recording, and fails where there is none.
pub(crate) struct Script(pub(crate) Vec<Option<f64>>);

impl Detector for Script {
    fn name(&self) -> &'static str {
        "script"
    }

    fn detect(&mut self, subject: &Subject<'_>) -> Result<Vec<Detection>, DetectError> {
        let failed = DetectError::Failed(subject.path.to_owned(), "no".into());
        let score = if self.0.is_empty() { None } else { self.0.remove(0) };
        let score = score.ok_or(failed)?;
        let tags = vec![Tag { key: "species".into(), value: "Myotis".into(), score }];
        Ok(vec![Detection { kind: Kind::Event, region: None, score, tags }])
    }
}

pub(crate) struct Place {
    pub(crate) directory: tempfile::TempDir,
    pub(crate) computer: Computer,
    pub(crate) station: Option<Station>,
    kind: ProgramKind,
    value: Value,
}

impl Place {
    pub(crate) fn of(kind: ProgramKind, more: &Value) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut value = json!({
            "timezone": "UTC",
            "microphone": {"device_name": "simulated", "samplerate": 2000},
            "recording": {"duration": 1, "schedule_start": "00:00", "schedule_end": "23:59:59"},
            "paths": {"tmp_audio": path("tmp"), "recordings": path("kept"), "db_metadata": path("metadata.db")},
            "minder": {"disk_free_mb": 1},
        });
        if kind != ProgramKind::Default {
            value["messaging"] = json!({"messages_db": path("messages.db")});
        }
        for (name, fields) in more.as_object().unwrap() {
            match (value.get_mut(name), fields) {
                (Some(Value::Object(there)), Value::Object(fields)) => there.extend(fields.clone()),
                _ => value[name] = fields.clone(),
            }
        }
        let computer = Computer(Arc::new(Hardware {
            passed: Mutex::default(),
            directory: directory.path().to_owned(),
            room: AtomicU64::new(u64::MAX),
        }));
        let mut place = Self { directory, computer, station: None, kind, value };
        place.station = Some(place.open());
        place
    }

    pub(crate) fn program(&self) -> RecorderProgram {
        let surroundings = Surroundings {
            home: self.directory.path().to_owned(),
            temporary: self.directory.path().to_owned(),
        };
        match Program::from_json(self.kind, &self.value, &surroundings) {
            Ok(Program::Recorder(program)) => *program,
            other => panic!("{other:?}"),
        }
    }

    /// As a file has it.
    pub(crate) fn configuration(&self) -> String {
        self.value.to_string()
    }

    fn open(&self) -> Station {
        let station = Station::open(self.program(), Arc::new(self.computer.clone())).unwrap();
        station.unread()
    }

    pub(crate) fn bats(more: &Value, script: Vec<Option<f64>>) -> Self {
        let mut place = Self::of(ProgramKind::Detection(Prey::Bats), more);
        place.station = place.station.map(|station| station.with_detector(Box::new(Script(script))));
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn station(&self) -> &Station {
        self.station.as_ref().unwrap()
    }

    pub(crate) fn run(&mut self, task: &str, input: &Value) -> Result<Value, String> {
        let done = tasks::run(self.station.as_mut().unwrap(), task, Uuid::new_v4(), input);
        done.map_err(|error| error.to_string())
    }

    /// Records, ten seconds after the last one.
    pub(crate) fn record(&mut self) -> Recording {
        let value = self.run("recording_task", &Value::Null).unwrap();
        self.pass(10);
        serde_json::from_value(value).unwrap()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        let clock = &self.computer.0;
        clock.wait_until(clock.elapsed() + Duration::from_secs(seconds));
    }

    /// Looks after the files: how many were kept and deleted, and how many remain.
    pub(crate) fn manage(&mut self) -> (u64, u64, u64) {
        let output = self.run("file_management_task", &Value::Null).unwrap();
        let count = |name: &str| output[name].as_u64().unwrap();
        (count("kept"), count("deleted"), count("remaining"))
    }

    pub(crate) fn row(&self, recording: &Recording) -> Recording {
        self.station().store.recording(recording.id).unwrap().unwrap()
    }

    /// What happened, apart from what is under way: word and how often.
    pub(crate) fn told(&self) -> Vec<(&'static str, u64)> {
        self.events().iter().map(|event| (event.kind.word(), event.count)).collect()
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        let events = self.station().events.between(Timestamp::MIN, Timestamp::MAX).unwrap();
        events.into_iter().filter(|event| event.kind != EventKind::Idle).collect()
    }
}

/// All files of sound below a directory.
pub(crate) fn sounds(directory: &Path) -> Vec<PathBuf> {
    let mut sounds = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sounds.extend(self::sounds(&path));
        } else if path.extension().is_some_and(|extension| extension == "wav") {
            sounds.push(path);
        }
    }
    sounds.sort();
    sounds
}
