//! Recordings from microphones: from one that counts, from ones that die, stall and lie, and from simulated ones.

mod device;
mod files;
mod simulated;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use minder_recorder::capture::{
    CaptureError, CaptureEvent, CaptureOptions, Errand, LeapingClock, Microphone, MicrophoneSettings, Rhythm,
    Take,
};
use minder_recorder::guano::Inscription;
use minder_recorder::wav::Wav;
use tempfile::TempDir;

/// A place for recordings, and who hears of everything.
struct Studio {
    folder: TempDir,
    events: Arc<Mutex<Vec<CaptureEvent>>>,
}

impl Studio {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a directory"), events: Arc::default() }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// With the program that counts in place of arecord.
    fn options(&self) -> CaptureOptions {
        let events = Arc::clone(&self.events);
        CaptureOptions {
            program: PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/capture/arecord.py")),
            listener: Arc::new(move |event| events.lock().expect("no panic").push(event.clone())),
            silence_max: Duration::from_secs(20),
            ..CaptureOptions::default()
        }
    }

    fn events(&self) -> Vec<CaptureEvent> {
        self.events.lock().expect("no panic").clone()
    }

    fn microphone(&self, device: &str, rhythm: Rhythm) -> Microphone {
        open(&settings(device), rhythm, self.options())
    }

    fn record(&self, microphone: &mut Microphone, duration: Duration) -> Result<Take, CaptureError> {
        let inscription = Inscription { deployment_name: "a wood".into(), ..Inscription::default() };
        microphone.record(&Errand {
            duration,
            directory: &self.path().join("takes"),
            inscription: &inscription,
        })
    }

    /// What lies in the directory of the recordings.
    fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path().join("takes")).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

/// As slow as counting in Python is fast.
fn settings(device: &str) -> MicrophoneSettings {
    MicrophoneSettings { samplerate: 8000, ..MicrophoneSettings::of(device) }
}

fn open(settings: &MicrophoneSettings, rhythm: Rhythm, options: CaptureOptions) -> Microphone {
    Microphone::open(settings, rhythm, options).expect("settings that a microphone can have")
}

fn every(interval: Duration, duration: Duration) -> Rhythm {
    Rhythm { duration, interval }
}

fn leaping() -> Arc<LeapingClock> {
    Arc::new(LeapingClock::begin(at("2027-03-01T22:00:00Z")))
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn samples(path: &Path) -> Vec<i16> {
    Wav::open(path).expect("a WAV file").read(0, usize::MAX).expect("samples")
}

/// Waits for something, for a minute.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..6000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("waited in vain until {what}");
}
