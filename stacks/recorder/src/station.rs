//! All that the tasks of a program work with.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use uuid::Uuid;

use crate::capture::{
    CaptureError, CaptureEvent, CaptureOptions, Errand, Microphone, MicrophoneSettings, Rhythm, Take,
};
use crate::detect::{Detector, DetectorProgram, EnergyDetector, EnergySettings, ProgramDetector};
use crate::files::filters::Filter;
use crate::files::guard::Guard;
use crate::files::managers::Manager;
use crate::log::Log;
use crate::machine::{Machine, device_id};
use crate::messages::{CheckError, Messenger, messenger};
use crate::moment;
use crate::program::{Prey, ProgramKind, RecorderProgram};
use crate::sky::Sky;
use crate::store::{EventStore, MessageStore, MetadataStore, StoreError};
use crate::tasks::Unwritten;

/// Something that records.
pub trait Capture: Send {
    /// Records, and comes back when the file is on the disk.
    ///
    /// # Errors
    /// When there is no file. The next call tries again.
    fn record(&mut self, errand: &Errand<'_>) -> Result<Take, CaptureError>;
}

impl Capture for Microphone {
    fn record(&mut self, errand: &Errand<'_>) -> Result<Take, CaptureError> {
        Self::record(self, errand)
    }
}

/// Who else works on the same recordings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Company {
    /// Others may: a file that the store does not know may be about to be stored.
    Others,
    /// Nobody, as at the end of a deployment: such a file is known to be forgotten.
    Nobody,
}

/// All that the tasks of a program work with. Databases and directories are there; the microphone is opened, the detector started
/// and the broker connected to when they are needed.
pub struct Station {
    /// What is done, and how.
    pub program: RecorderProgram,
    /// Where.
    pub machine: Arc<dyn Machine>,
    /// The id of the device.
    pub device: String,
    /// Deployments, recordings, and what was found in them.
    pub store: MetadataStore,
    /// What happened.
    pub events: EventStore,
    /// What is to be sent. The program `default` has none.
    pub messages: Option<MessageStore>,
    /// Which recordings are kept.
    pub filters: Vec<Filter>,
    /// Where.
    pub managers: Vec<Manager>,
    /// What happens when the disk is full.
    pub guard: Guard,
    /// By which clock.
    pub sky: Sky,
    /// Who is told.
    pub log: Log,
    pub(crate) capture: Option<Box<dyn Capture>>,
    pub(crate) heard: Arc<Mutex<Vec<CaptureEvent>>>,
    pub(crate) detector: Option<Box<dyn Detector>>,
    pub(crate) messenger: Option<Box<dyn Messenger>>,
    /// Messages that were not taken the last time.
    pub(crate) postponed: BTreeSet<Uuid>,
    pub(crate) unwritten: Unwritten,
    pub(crate) company: Company,
}

/// Why there is no station.
#[derive(Debug)]
pub enum StationError {
    /// A directory cannot be made.
    Directory(std::path::PathBuf, std::io::Error),
    /// A database cannot be opened.
    Store(std::path::PathBuf, StoreError),
    /// The microphone cannot be as it is set.
    Capture(CaptureError),
    /// Who takes messages cannot be as it is set.
    Messenger(CheckError),
}

impl std::fmt::Display for StationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path, error) => write!(f, "cannot make {}: {error}", path.display()),
            Self::Store(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Capture(error) => write!(f, "{error}"),
            Self::Messenger(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for StationError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Directory(_, error) => Some(error),
            Self::Store(_, error) => Some(error),
            Self::Capture(error) => Some(error),
            Self::Messenger(error) => Some(error),
        }
    }
}

impl Station {
    /// Makes what is missing of directories and databases, and brings up old ones.
    ///
    /// # Errors
    /// When something of it cannot be made.
    pub fn open(program: RecorderProgram, machine: Arc<dyn Machine>) -> Result<Self, StationError> {
        let zone = TimeZone::try_system().unwrap_or(TimeZone::UTC);
        make_directory(&program.paths.tmp_audio)?;
        make_directory(&program.paths.recordings)?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| StationError::Store(path, error)
        };
        let metadata = &program.paths.db_metadata;
        let store = MetadataStore::open(metadata, &zone).map_err(failed(metadata))?;
        let path = program.paths.events();
        let events = EventStore::open(&path).map_err(failed(&path))?;
        let messages = match &program.messaging {
            Some(messaging) => {
                let path = &messaging.messages_db;
                Some(MessageStore::open(path, &zone).map_err(failed(path))?)
            }
            None => None,
        };
        let device = device_id();
        let messenger = messenger(&program, &device).map_err(StationError::Messenger)?;
        Ok(Self {
            filters: Filter::of(&program),
            managers: Manager::of(&program),
            guard: Guard::of(&program),
            sky: Sky::of(&program),
            log: Log::of(program.kind.class()),
            detector: detector(&program),
            capture: None,
            heard: Arc::default(),
            machine,
            device,
            store,
            events,
            messages,
            messenger,
            postponed: BTreeSet::new(),
            unwritten: Unwritten::default(),
            company: Company::Others,
            program,
        })
    }

    /// The same in this company.
    #[must_use]
    pub fn in_company(self, company: Company) -> Self {
        Self { company, ..self }
    }

    /// The same with a log that nobody looks into.
    #[must_use]
    pub fn unread(self) -> Self {
        Self { log: Log::unread(), ..self }
    }

    /// The same with another microphone.
    #[must_use]
    pub fn with_capture(self, capture: Box<dyn Capture>) -> Self {
        Self { capture: Some(capture), ..self }
    }

    /// The same with another detector.
    #[must_use]
    pub fn with_detector(self, detector: Box<dyn Detector>) -> Self {
        Self { detector: Some(detector), ..self }
    }

    /// The same with another messenger.
    #[must_use]
    pub fn with_messenger(self, messenger: Box<dyn Messenger>) -> Self {
        Self { messenger: Some(messenger), ..self }
    }

    /// What the clock on the wall shows, as far as databases hold it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        moment::whole_microseconds(self.machine.clock().now())
    }

    /// Records, by the microphone, which is taken now if it was not yet.
    pub(crate) fn record(&mut self, errand: &Errand<'_>) -> Result<Take, CaptureError> {
        let mut capture = match self.capture.take() {
            Some(capture) => capture,
            None => Box::new(self.microphone()?),
        };
        let take = capture.record(errand);
        self.capture = Some(capture);
        take
    }

    /// What happened with the microphone since somebody asked.
    pub(crate) fn heard(&self) -> Vec<CaptureEvent> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn microphone(&self) -> Result<Microphone, CaptureError> {
        let heard = Arc::clone(&self.heard);
        let options = CaptureOptions {
            clock: self.machine.clock(),
            listener: Arc::new(move |event| {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
            }),
            ..CaptureOptions::default()
        };
        Microphone::open(&microphone_settings(&self.program), rhythm(&self.program), options)
    }
}

/// How a program's microphone is set.
#[must_use]
pub fn microphone_settings(program: &RecorderProgram) -> MicrophoneSettings {
    let microphone = &program.microphone;
    MicrophoneSettings {
        device_name: microphone.device_name.clone(),
        samplerate: microphone.samplerate,
        audio_channels: microphone.audio_channels,
        time_expansion: microphone.time_expansion,
    }
}

fn rhythm(program: &RecorderProgram) -> Rhythm {
    let seconds = |seconds: u32| Duration::from_secs(u64::from(seconds));
    Rhythm { duration: seconds(program.recording.duration), interval: seconds(program.recording.interval) }
}

/// The program that is set, or the one that is built in.
pub(crate) fn detector(program: &RecorderProgram) -> Option<Box<dyn Detector>> {
    let ProgramKind::Detection(prey) = program.kind else { return None };
    if let Some((command, arguments)) = program.minder.detector.split_first() {
        let settings = DetectorProgram {
            answer_within: Duration::from_secs(u64::from(program.minder.detector_timeout)),
            ..DetectorProgram::of(command, arguments.iter().map(Into::into).collect())
        };
        return Some(Box::new(ProgramDetector::of(settings)));
    }
    let settings = match prey {
        Prey::Bats => EnergySettings::bats(),
        Prey::Birds => EnergySettings::birds(),
    };
    Some(Box::new(EnergyDetector::of(settings)))
}

fn make_directory(path: &Path) -> Result<(), StationError> {
    std::fs::create_dir_all(path).map_err(|error| StationError::Directory(path.to_owned(), error))
}
