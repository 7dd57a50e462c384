//! Who was heard: detectors, built in or a program of anybody's.
//!
//! In reading order: [`Detection`] is what comes out, [`Detector`] who finds it. [`EnergyDetector`] is built in (`islands` are
//! what it finds in a spectrum), [`ProgramDetector`] is a program of anybody's, and [`protocol`] what is said to it.

mod detection;
mod energy;
mod islands;
mod program;
pub mod protocol;

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub use detection::{Detection, Kind, Region, Tag};
pub use energy::{EnergyDetector, EnergySettings};
pub use program::{DetectorProgram, ProgramDetector};

use crate::wav::WavError;

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

    /// All that it hears.
    ///
    /// # Errors
    /// If the recording cannot be read, or a program failed. The next recording may be tried.
    fn detect(&mut self, subject: &Subject<'_>) -> Result<Vec<Detection>, DetectError>;
}

/// Why nothing is known of a recording.
#[derive(Debug)]
pub enum DetectError {
    /// It cannot be read.
    Recording(WavError),
    /// The program cannot be started.
    Start(PathBuf, std::io::Error),
    /// The program has ended.
    Ended(PathBuf),
    /// The program did not say who it is in time.
    NotReady(PathBuf, Duration),
    /// The program did not answer in time.
    TimedOut(PathBuf, Duration),
    /// What the program said is no answer.
    Nonsense(PathBuf, protocol::Nonsense),
    /// The program says that it failed.
    Failed(PathBuf, String),
}

impl fmt::Display for DetectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recording(error) => write!(f, "{error}"),
            Self::Start(program, error) => {
                write!(f, "cannot start the detector {}: {error}", program.display())
            }
            Self::Ended(program) => {
                write!(
                    f,
                    "the detector {} has ended; it is started again for the next recording",
                    program.display()
                )
            }
            Self::NotReady(program, after) => {
                write!(
                    f,
                    "the detector {} was not ready after {} s, and was killed",
                    program.display(),
                    after.as_secs_f64()
                )
            }
            Self::TimedOut(program, after) => {
                let after = after.as_secs_f64();
                write!(
                    f,
                    "the detector {} has not answered within {after} s, and was killed",
                    program.display()
                )
            }
            Self::Nonsense(program, what) => {
                write!(f, "the detector {} was killed because of what it said: {what}", program.display())
            }
            Self::Failed(program, said) => write!(f, "the detector {} failed: {said}", program.display()),
        }
    }
}

impl std::error::Error for DetectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Recording(error) => Some(error),
            Self::Start(_, error) => Some(error),
            Self::Nonsense(_, what) => Some(what),
            Self::Ended(_) | Self::NotReady(..) | Self::TimedOut(..) | Self::Failed(..) => None,
        }
    }
}
