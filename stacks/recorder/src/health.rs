//! Whether a program can do what it is set to: what acoupi checks, in its order and words, and what it does not.
//!
//! A deployment has the microphone, so that nobody else can open it: then it is judged by its recordings.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::capture::{CaptureOptions, health};
use crate::detect::{DetectorProgram, ProgramDetector};
use crate::files::guard::{Guard, GuardError, Room};
use crate::machine::{Machine, device_id};
use crate::messages::{CheckError, Lock, messenger};
use crate::program::{Program, ProgramKind, RecorderProgram, TestProgram};
use crate::recording::Deployment;
use crate::station::{Station, StationError, microphone_settings};
use crate::store::StoreError;
use crate::store::events::EventKind;
use crate::tasks::recording::is_open;

/// Whether somebody has the microphone.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Standing<'a> {
    /// Nobody.
    Idle,
    /// This deployment, which goes on.
    Deployed(&'a Deployment),
}

/// What is not as it should be.
#[derive(Debug)]
pub enum Unhealthy {
    /// The program `test` is called otherwise.
    Name,
    /// The detector cannot be started.
    Detector(crate::detect::DetectError),
    /// Nobody takes messages.
    Messenger(CheckError),
    /// A directory cannot be written to.
    Unwritable(std::path::PathBuf, std::io::Error),
    /// There is no station to be had.
    Station(StationError),
    /// There is no room for recordings.
    Full {
        /// Where.
        path: std::path::PathBuf,
        /// Bytes.
        free: u64,
        /// Bytes.
        needed: u64,
    },
    /// Nobody knows whether there is room.
    Guard(GuardError),
    /// Nobody knows what was recorded.
    Store(StoreError),
    /// Recording does not work.
    Recorder(health::HealthProblem),
}

impl std::fmt::Display for Unhealthy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Name => f.write_str("name is not test_program"),
            Self::Detector(error) => write!(f, "{error}"),
            Self::Messenger(error) => write!(f, "{error}"),
            Self::Unwritable(path, error) => write!(f, "{} cannot be written to: {error}", path.display()),
            Self::Station(error) => write!(f, "{error}"),
            Self::Full { path, free, needed } => write!(
                f,
                "{} MB are free at {}, {} MB are needed. Delete something, or set minder.disk_free_mb.",
                free / 1_000_000,
                path.display(),
                needed.div_ceil(1_000_000)
            ),
            Self::Guard(error) => write!(f, "{error}"),
            Self::Store(error) => write!(f, "{error}"),
            Self::Recorder(problem) => write!(f, "{problem}"),
        }
    }
}

impl std::error::Error for Unhealthy {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Name | Self::Full { .. } => None,
            Self::Detector(error) => Some(error),
            Self::Messenger(error) => Some(error),
            Self::Unwritable(_, error) => Some(error),
            Self::Station(error) => Some(error),
            Self::Guard(error) => Some(error),
            Self::Store(error) => Some(error),
            Self::Recorder(problem) => Some(problem),
        }
    }
}

/// Looks at a program: its detector, who takes its messages, its storages, its room, its microphone.
///
/// # Errors
/// With the first thing that is not as it should be.
pub fn check(
    program: &Program,
    machine: std::sync::Arc<dyn Machine>,
    standing: Standing<'_>,
) -> Result<(), Unhealthy> {
    problems(program, machine, standing).into_iter().next().map_or(Ok(()), Err)
}

/// The same, with everything that is not as it should be.
pub fn problems(
    program: &Program,
    machine: std::sync::Arc<dyn Machine>,
    standing: Standing<'_>,
) -> Vec<Unhealthy> {
    match program {
        Program::Test(TestProgram { name }) if name == "test_program" => Vec::new(),
        Program::Test(_) => vec![Unhealthy::Name],
        Program::Recorder(program) => problems_of_recorder(program, machine, standing),
    }
}

fn problems_of_recorder(
    program: &RecorderProgram,
    machine: std::sync::Arc<dyn Machine>,
    standing: Standing<'_>,
) -> Vec<Unhealthy> {
    let mut problems = Vec::new();
    problems.extend(check_detector(program).err());
    let paths = &program.paths;
    let directories =
        [Some(paths.tmp_audio.as_path()), Some(paths.recordings.as_path()), paths.db_metadata.parent()];
    problems
        .extend(directories.into_iter().flatten().filter_map(|directory| check_writable(directory).err()));
    problems.extend(check_messenger(program).err());
    match Station::open(program.clone(), machine) {
        Ok(station) => {
            problems.extend(check_room(program, &station).err());
            problems.extend(check_recording(program, &station, standing).err());
        }
        // What cannot be written to was told, and is why there is none.
        Err(_) if problems.iter().any(|problem| matches!(problem, Unhealthy::Unwritable(..))) => {}
        Err(error) => problems.push(Unhealthy::Station(error)),
    }
    problems
}

fn check_room(program: &RecorderProgram, station: &Station) -> Result<(), Unhealthy> {
    let room = Guard::of(program).room_to_look(station.machine.as_ref()).map_err(Unhealthy::Guard)?;
    match room {
        Room::None { path, free, needed } => Err(Unhealthy::Full { path, free, needed }),
        Room::Enough { .. } => Ok(()),
    }
}

fn check_recording(
    program: &RecorderProgram,
    station: &Station,
    standing: Standing<'_>,
) -> Result<(), Unhealthy> {
    let result = match standing {
        Standing::Idle => {
            let options = CaptureOptions { clock: station.machine.clock(), ..CaptureOptions::default() };
            health::check(&microphone_settings(program), options, &program.paths.tmp_audio)
        }
        Standing::Deployed(deployment) => {
            let recorded = recorded(station, deployment).map_err(Unhealthy::Store)?;
            health::check_deployed(&recorded)
        }
    };
    result.map_err(Unhealthy::Recorder)
}

/// A program is started, and says who it is. What is built in works.
fn check_detector(program: &RecorderProgram) -> Result<(), Unhealthy> {
    let detects = matches!(program.kind, ProgramKind::Detection(_));
    let Some((command, arguments)) = program.minder.detector.split_first().filter(|_| detects) else {
        return Ok(());
    };
    let settings = DetectorProgram::of(command, arguments.iter().map(Into::into).collect());
    ProgramDetector::of(settings).start().map_err(Unhealthy::Detector)
}

fn check_messenger(program: &RecorderProgram) -> Result<(), Unhealthy> {
    let Some(messaging) = &program.messaging else { return Ok(()) };
    let Some(mut messenger) = messenger(program, &device_id()).map_err(Unhealthy::Messenger)? else {
        return Ok(());
    };
    let database = &messaging.messages_db;
    database.parent().map_or(Ok(()), check_writable)?;
    // The broker knows the device by one name, under which only one can be there.
    let _alone = Lock::wait(database).map_err(|error| Unhealthy::Unwritable(database.clone(), error))?;
    messenger.check().map_err(Unhealthy::Messenger)
}

fn check_writable(directory: &Path) -> Result<(), Unhealthy> {
    let probe = directory.join(format!(".minder-check-{}", std::process::id()));
    std::fs::create_dir_all(directory)
        .and_then(|()| std::fs::write(&probe, b"is there room?"))
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|error| Unhealthy::Unwritable(directory.to_owned(), error))
}

/// What is known of the recordings of a deployment.
fn recorded(station: &Station, deployment: &Deployment) -> Result<health::Recorded, StoreError> {
    let good = station.store.last_recording()?.filter(|at| *at >= deployment.started_on);
    let trouble = [EventKind::Device, EventKind::Failed, EventKind::DiskFull];
    let failed = station.events.last(&trouble)?.filter(|event| event.until >= deployment.started_on);
    let failed = failed.map(|event| {
        let said = if event.detail.is_empty() { event.kind.word().to_owned() } else { event.detail };
        (event.until, said)
    });
    Ok(health::Recorded { good, failed, due: due(station, deployment.started_on) })
}

/// When there should have been a recording: some intervals ago, if it was time for one then and has been since.
fn due(station: &Station, started: Timestamp) -> Option<Timestamp> {
    let recording = &station.program.recording;
    let patience = u64::from(recording.interval.max(recording.duration)) * 3 + 60;
    let patience = SignedDuration::try_from(Duration::from_secs(patience)).ok()?;
    let now = station.now();
    let due = now.checked_sub(patience).ok()?;
    let begun = due.checked_sub(patience).ok()?;
    (started < begun && [begun, due, now].iter().all(|at| is_open(station, *at))).then_some(due)
}
