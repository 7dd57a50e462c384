//! Who was heard: detectors, built in or a program of anybody's.
//!
//! In reading order: [`Detection`] is what comes out, [`Detector`] who finds it.

mod detection;

use std::path::Path;

pub use detection::{Detection, Kind, Region, Tag};

/// A recording, for a detector.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Subject<'a> {
    /// The WAV file.
    pub path: &'a Path,
    /// See [`MicrophoneSettings`](crate::capture::MicrophoneSettings): the header's rate times this is what life had.
    pub time_expansion: f64,
    /// When it began.
    pub started: Option<jiff::Timestamp>,
    /// Latitude and longitude, degrees.
    pub position: Option<(f64, f64)>,
}

/// Finds sounds in recordings.
pub trait Detector: Send {
    /// What it calls itself; acoupi's `name_model`.
    fn name(&self) -> &str;

    /// All that it hears, by time.
    ///
    /// # Errors
    /// If the recording cannot be read, or a program failed. The next recording may be tried.
    fn detect(&mut self, subject: &Subject<'_>) -> Result<Vec<Detection>, DetectError>;
}

/// Why nothing is known of a recording.
#[derive(Debug)]
pub enum DetectError {
    /// It cannot be read.
    Recording(crate::wav::WavError),
}
