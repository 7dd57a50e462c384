//! How well detectors find what there is, and what becomes of programs that are no detectors.

mod accuracy;
mod programs;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use minder_recorder::capture::{
    CaptureOptions, Errand, LeapingClock, Microphone, MicrophoneSettings, Rhythm,
};
use minder_recorder::detect::Subject;
use minder_recorder::guano::Inscription;

/// Records a simulated microphone in no time.
fn record(device: &str, samplerate: u32, duration: Duration, directory: &Path) -> PathBuf {
    let clock = Arc::new(LeapingClock::begin(jiff::Timestamp::UNIX_EPOCH));
    let options = CaptureOptions { clock, ..CaptureOptions::default() };
    let settings = MicrophoneSettings { samplerate, ..MicrophoneSettings::of(device) };
    let rhythm = Rhythm { duration, interval: duration };
    let mut microphone = Microphone::open(&settings, rhythm, options).expect("settings");
    let errand = Errand { duration, directory, inscription: &Inscription::default() };
    microphone.record(&errand).expect("a recording").path
}

fn subject(path: &Path) -> Subject<'_> {
    Subject { path, time_expansion: 1.0, started: None, position: None }
}
