//! What happens in a season, and what must be true of it afterwards.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use minder_recorder::capture::{CaptureError, CaptureOptions, Errand, Microphone, Rhythm, Take};
use minder_recorder::machine::Machine;
use minder_recorder::program::{Program, ProgramKind, RecorderProgram, Surroundings};
use minder_recorder::recording::Recording;
use minder_recorder::station::{Capture, Station, microphone_settings};
use minder_recorder::store::events::{Event, EventKind};
use minder_recorder::tasks;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::machine::{PowerCut, Simulated};

/// From one run to the next.
const INTERVAL: Duration = Duration::from_secs(600);

/// The same each time for the same seed.
pub(crate) struct Chance(Option<u64>);

impl Chance {
    pub(crate) fn of(seed: u64) -> Self {
        Self(Some(seed))
    }

    /// Nothing ever happens.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    fn next(&mut self, bound: u64) -> u64 {
        let Some(state) = self.0.as_mut() else { return bound - 1 };
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % bound
    }

    /// Once in so many times.
    fn once_in(&mut self, many: u64) -> bool {
        self.0.is_some() && self.next(many) == 0
    }
}

#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) recorded: usize,
    pub(crate) power_cuts: usize,
    pub(crate) blown: usize,
    pub(crate) jumps: usize,
    pub(crate) device: usize,
    pub(crate) disk: usize,
    pub(crate) lost: usize,
}

/// A microphone whose plug can be pulled.
struct Plugged {
    microphone: Microphone,
    pulled: Arc<AtomicBool>,
}

impl Capture for Plugged {
    fn record(&mut self, errand: &Errand<'_>) -> Result<Take, CaptureError> {
        if self.pulled.load(Ordering::Relaxed) {
            return Err(CaptureError::NotFound { device: "usb".into(), available: vec![] });
        }
        Microphone::record(&mut self.microphone, errand)
    }
}

pub(crate) struct World {
    chance: Chance,
    directory: tempfile::TempDir,
    machine: Simulated,
    station: Option<Station>,
    pulled: Arc<AtomicBool>,
    /// Runs until what is in trouble is well again.
    deaf: u64,
    full: u64,
    /// The clock of a machine without one of its own is set so many runs after a boot.
    unset: Option<(u64, SignedDuration)>,
    recorded: BTreeMap<Uuid, Recording>,
    /// Moments by the clock on the wall at which there was no recording, and what must say why.
    absences: Vec<(Timestamp, &'static [EventKind])>,
    ticks: u64,
    tally: Tally,
}

const OFF: &[EventKind] = &[EventKind::PowerCut, EventKind::ClockJump, EventKind::Idle, EventKind::Torn];
const JUMPED: &[EventKind] = &[EventKind::ClockJump, EventKind::PowerCut];
const REFUSED: &[EventKind] = &[EventKind::OutsideWindow, EventKind::DiskFull, EventKind::Device];

impl World {
    pub(crate) fn begin(chance: Chance) -> Self {
        // Where there is memory to be had as a disk, nobody waits for one.
        let memory = Path::new("/dev/shm");
        let directory = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let directory = directory.unwrap();
        let machine = Simulated::begin("2024-06-01T12:00:00Z".parse().unwrap());
        let mut world = Self {
            chance,
            directory,
            machine,
            station: None,
            pulled: Arc::default(),
            deaf: 0,
            full: 0,
            unset: None,
            recorded: BTreeMap::new(),
            absences: Vec::new(),
            ticks: 0,
            tally: Tally::default(),
        };
        world.boot();
        world
    }

    /// Ten minutes.
    pub(crate) fn tick(&mut self) {
        self.ticks += 1;
        self.machine.state().passed = INTERVAL * u32::try_from(self.ticks).unwrap();
        self.trouble();
        let before = self.machine.wall();
        match self.attempt("recording_task") {
            None => self.absences.push((before, OFF)),
            Some(Ok(Value::Null)) => self.absences.push((before, REFUSED)),
            Some(Ok(value)) => {
                let recording: Recording = serde_json::from_value(value).unwrap();
                self.recorded.insert(recording.id, recording);
            }
            Some(Err(_)) => {
                self.tally.device += 1;
                self.absences.push((before, REFUSED));
            }
        }
        if self.ticks.is_multiple_of(2) {
            self.attempt("file_management_task").map(Result::unwrap);
        }
    }

    /// Everything that was promised is there, or explained.
    pub(crate) fn end(mut self) -> Tally {
        self.machine.state().fuse = None;
        self.machine.state().free = u64::MAX / 2;
        if self.station.is_none() {
            self.boot();
        }
        // Who comes back explains what was before; then all that is left is kept.
        self.attempt("recording_task");
        self.attempt("file_management_task").unwrap().unwrap();
        let station = self.station.as_ref().unwrap();
        let events = station.events.between(Timestamp::MIN, Timestamp::MAX).unwrap();
        for (at, kinds) in &self.absences {
            assert!(
                explained(&events, *at, kinds),
                "nobody says why there is no recording of {at}; around it: {:#?}",
                around(&events, *at)
            );
        }
        for recording in self.recorded.values() {
            self.tally.lost += usize::from(!self.is_there(recording, &events));
        }
        self.tally.recorded = self.recorded.len();
        self.tally.disk = events.iter().filter(|event| event.kind == EventKind::DiskFull).count();
        self.nothing_is_left_over();
        self.tally
    }

    /// `true` if its file is there or it was not wanted, `false` if it was lost and that is known.
    fn is_there(&self, recording: &Recording, events: &[Event]) -> bool {
        let station = self.station.as_ref().unwrap();
        let row = station.store.recording(recording.id).unwrap().expect("a row of each recording");
        let lost =
            events.iter().any(|event| event.recording == Some(row.id) && event.kind == EventKind::Lost);
        match &row.path {
            Some(path) if path.exists() => true,
            // Another recording has had its name since.
            Some(_) | None if explained(events, row.created_on, &[EventKind::Discarded]) && !lost => true,
            other => {
                assert!(lost, "nobody says what became of {other:?} of {}", row.created_on);
                assert_eq!(row.path, None, "what is lost is nowhere");
                false
            }
        }
    }

    fn nothing_is_left_over(&self) {
        let station = self.station.as_ref().unwrap();
        assert_eq!(station.events.pending().unwrap(), []);
        let left: Vec<_> =
            std::fs::read_dir(self.temporary()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(left.is_empty(), "{left:?}");
    }

    fn trouble(&mut self) {
        if let Some((left, behind)) = self.unset {
            self.unset = Some((left.saturating_sub(1), behind));
            if left == 0 {
                self.unset = None;
                self.jump(behind);
            }
        }
        if self.chance.once_in(400) {
            let minutes = i64::try_from(self.chance.next(240)).unwrap() - 120;
            self.jump(SignedDuration::from_mins(minutes));
        }
        if self.chance.once_in(300) {
            self.cut();
        } else if self.chance.once_in(150) {
            let looks = self.chance.next(60);
            self.machine.state().fuse = Some(u32::try_from(looks).unwrap());
        }
        if self.deaf == 0 && self.chance.once_in(300) {
            self.deaf = 1 + self.chance.next(30);
        }
        self.pulled.store(self.deaf > 0, Ordering::Relaxed);
        self.deaf = self.deaf.saturating_sub(1);
        if self.full == 0 && self.chance.once_in(400) {
            self.full = 1 + self.chance.next(60);
        }
        self.machine.state().free = if self.full > 0 { 1000 } else { u64::MAX / 2 };
        self.full = self.full.saturating_sub(1);
    }

    /// The clock on the wall is set.
    fn jump(&mut self, by: SignedDuration) {
        if by.abs() < SignedDuration::from_mins(5) {
            return;
        }
        self.tally.jumps += 1;
        let before = self.machine.wall();
        self.machine.state().offset += by;
        let (after, mut left_out) = (self.machine.wall(), before);
        while let Some(next) = left_out.checked_add(INTERVAL).ok().filter(|next| *next < after) {
            self.absences.push((next, JUMPED));
            left_out = next;
        }
    }

    /// The power fails, for ten minutes to eight hours: what was in memory is gone, and a clock without a battery stands still.
    fn cut(&mut self) {
        self.tally.power_cuts += 1;
        self.station = None;
        for entry in std::fs::read_dir(self.temporary()).unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let dark = 1 + self.chance.next(48);
        let stands_still = self.chance.once_in(2);
        for _ in 0..dark {
            self.ticks += 1;
            self.machine.state().passed = INTERVAL * u32::try_from(self.ticks).unwrap();
            if !stands_still {
                self.absences.push((self.machine.wall(), OFF));
            }
        }
        if stands_still {
            // What it does not show now it leaves out when it is set.
            let behind = SignedDuration::try_from(INTERVAL * u32::try_from(dark).unwrap()).unwrap();
            self.machine.state().offset -= behind;
            let before = self.unset.map_or(SignedDuration::ZERO, |(_, behind)| behind);
            self.unset = Some((self.chance.next(4), before + behind));
        }
        self.boot();
    }

    fn boot(&mut self) {
        {
            let mut state = self.machine.state();
            state.boot += 1;
            state.booted = state.passed;
            state.fuse = None;
        }
        let program = program(self.directory.path());
        let options = CaptureOptions { clock: self.machine.clock(), ..CaptureOptions::default() };
        let rhythm = Rhythm { duration: Duration::from_secs(1), interval: INTERVAL };
        let microphone = Microphone::open(&microphone_settings(&program), rhythm, options).unwrap();
        let plugged = Plugged { microphone, pulled: Arc::clone(&self.pulled) };
        let station = Station::open(program, Arc::new(self.machine.clone())).unwrap();
        self.station = Some(station.unread().with_capture(Box::new(plugged)));
    }

    /// Does a task; `None` when the power failed within.
    fn attempt(&mut self, task: &str) -> Option<Result<Value, String>> {
        let mut station = self.station.take().expect("power");
        let run = AssertUnwindSafe(|| {
            let done = tasks::run(&mut station, task, Uuid::new_v4(), &Value::Null);
            (station, done.map_err(|error| error.to_string()))
        });
        match std::panic::catch_unwind(run) {
            Ok((station, done)) => {
                self.station = Some(station);
                Some(done)
            }
            Err(thrown) => {
                if !thrown.is::<PowerCut>() {
                    std::panic::resume_unwind(thrown);
                }
                self.tally.blown += 1;
                self.cut();
                None
            }
        }
    }

    fn temporary(&self) -> PathBuf {
        self.directory.path().join("shm")
    }
}

fn explained(events: &[Event], at: Timestamp, kinds: &[EventKind]) -> bool {
    // What is told of a moment is told within the same run.
    let near = SignedDuration::from_secs(5);
    events.iter().any(|event| {
        kinds.contains(&event.kind)
            && event.since.checked_sub(near).unwrap() <= at
            && at <= event.until.checked_add(near).unwrap()
    })
}

fn around(events: &[Event], at: Timestamp) -> Vec<&Event> {
    let near = SignedDuration::from_hours(3);
    events
        .iter()
        .filter(|event| {
            event.since.checked_sub(near).unwrap() <= at && at <= event.until.checked_add(near).unwrap()
        })
        .collect()
}

fn program(directory: &Path) -> RecorderProgram {
    let value = json!({
        "microphone": {"device_name": "simulated", "samplerate": 2000},
        "recording": {"duration": 1, "interval": INTERVAL.as_secs(), "schedule_start": "20:00", "schedule_end": "06:00"},
        "paths": {
            "tmp_audio": directory.join("shm"),
            "recordings": directory.join("recordings"),
            "db_metadata": directory.join("metadata.db"),
        },
        "recording_saving": {"starttime": "22:00", "endtime": "04:00", "frequency_duration": 0,
                             "before_dawndusk_duration": 30, "after_dawndusk_duration": 30},
        "timezone": "UTC",
    });
    let surroundings = Surroundings { home: directory.to_owned(), temporary: directory.join("shm") };
    match Program::from_json(ProgramKind::Default, &value, &surroundings) {
        Ok(Program::Recorder(program)) => *program,
        other => panic!("{other:?}"),
    }
}
