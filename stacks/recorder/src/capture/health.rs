//! Whether recording works: by a short recording, or, when a deployment has the microphone, by its last ones.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::{CaptureError, CaptureOptions, Errand, Microphone, MicrophoneSettings, Rhythm};
use crate::guano::Inscription;
use crate::wav::Wav;

/// How long the recording of a check is.
pub const CHECK_DURATION: Duration = Duration::from_millis(100);

/// How far the recording of a check may be from that, seconds.
const TOLERANCE: f64 = 0.01;

/// Why recording does not work. What acoupi checks is told in its words.
#[derive(Debug)]
pub enum HealthProblem {
    /// The microphone does not work.
    Capture(CaptureError),
    /// Nothing was written.
    NoFile,
    /// Hz.
    Samplerate {
        /// By the settings.
        expected: u32,
        /// By the file.
        got: u32,
    },
    /// Number of channels.
    Channels {
        /// By the settings.
        expected: u16,
        /// By the file.
        got: u16,
    },
    /// Seconds.
    Duration {
        /// How long it was to be.
        expected: f64,
        /// How long it is.
        got: f64,
    },
    /// The last recording of a deployment failed.
    LastFailed {
        /// When.
        at: Timestamp,
        /// Why.
        because: String,
    },
    /// There should have been a recording by now.
    Overdue {
        /// When it should have been there.
        due: Timestamp,
        /// The last one that there was.
        last: Option<Timestamp>,
    },
}

impl fmt::Display for HealthProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capture(error) => write!(f, "{error}"),
            Self::NoFile => write!(f, "No audio file was recorded during the health check."),
            Self::Samplerate { expected, got } => {
                write!(f, "{}", CaptureError::WrongRate { expected: *expected, got: *got })
            }
            Self::Channels { expected, got } => {
                write!(f, "{}", CaptureError::WrongChannels { expected: *expected, got: *got })
            }
            Self::Duration { expected, got } => write!(
                f,
                "Recorded audio duration does not match the health check duration. \
                 Expected about {expected:.2}s, got {got:.2}s."
            ),
            Self::LastFailed { at, because } => write!(f, "The last recording, at {at}, failed: {because}"),
            Self::Overdue { due, last } => {
                write!(f, "There should have been a recording by {due}. ")?;
                match last {
                    Some(last) => write!(f, "The last one was made at {last}."),
                    None => write!(f, "None was made yet."),
                }
            }
        }
    }
}

impl std::error::Error for HealthProblem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Capture(error) => Some(error),
            Self::NoFile
            | Self::Samplerate { .. }
            | Self::Channels { .. }
            | Self::Duration { .. }
            | Self::LastFailed { .. }
            | Self::Overdue { .. } => None,
        }
    }
}

/// Opens the microphone, records [`CHECK_DURATION`] into a directory of its own under `directory`, and looks at what came.
///
/// # Errors
/// With what does not work. Nothing is left behind.
pub fn check(
    settings: &MicrophoneSettings,
    options: CaptureOptions,
    directory: &Path,
) -> Result<(), HealthProblem> {
    let workplace = Workplace(directory.join(format!("health-check-{}", std::process::id())));
    // The device is closed right after.
    let rhythm = Rhythm { duration: CHECK_DURATION, interval: Duration::from_secs(3600) };
    let mut microphone = Microphone::open(settings, rhythm, options).map_err(HealthProblem::Capture)?;
    let inscription = Inscription::default();
    let errand = Errand { duration: CHECK_DURATION, directory: &workplace.0, inscription: &inscription };
    let take = microphone.record(&errand).map_err(HealthProblem::Capture)?;
    if !take.path.is_file() {
        return Err(HealthProblem::NoFile);
    }
    let wav = Wav::open(&take.path).map_err(|error| HealthProblem::Capture(error.into()))?;
    let (expected, got) = (settings.header_samplerate(), wav.format().samplerate);
    if expected != got {
        return Err(HealthProblem::Samplerate { expected, got });
    }
    let (expected, got) = (settings.audio_channels, wav.format().channels);
    if expected != got {
        return Err(HealthProblem::Channels { expected, got });
    }
    let (expected, got) = (CHECK_DURATION.as_secs_f64(), wav.seconds() / settings.time_expansion);
    if (expected - got).abs() > TOLERANCE {
        return Err(HealthProblem::Duration { expected, got });
    }
    Ok(())
}

/// What is known of the recordings of a deployment.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Recorded {
    /// When the last good one was made.
    pub good: Option<Timestamp>,
    /// When the last one failed, and why.
    pub failed: Option<(Timestamp, String)>,
    /// When the last one should have been there that is to be there by now, with everything that may delay it. `None` if
    /// there was none to be yet.
    pub due: Option<Timestamp>,
}

/// Judges by the recordings themselves, and leaves the microphone to who has it.
///
/// # Errors
/// If the last one failed, or there is none where there should be one.
pub fn check_deployed(recorded: &Recorded) -> Result<(), HealthProblem> {
    if let Some((at, because)) = &recorded.failed
        && recorded.good.is_none_or(|good| good < *at)
    {
        return Err(HealthProblem::LastFailed { at: *at, because: because.clone() });
    }
    match recorded.due {
        Some(due) if recorded.good.is_none_or(|good| good < due) => {
            Err(HealthProblem::Overdue { due, last: recorded.good })
        }
        Some(_) | None => Ok(()),
    }
}

/// A directory that goes when it is no longer needed.
struct Workplace(PathBuf);

impl Drop for Workplace {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_deployment_is_judged_by_its_last_recording() {
        let good = Some(at("2027-03-01T22:00:00Z"));
        let failed = Some((at("2027-03-01T21:00:00Z"), "no card".to_owned()));
        assert!(check_deployed(&Recorded::default()).is_ok());
        assert!(check_deployed(&Recorded { good, failed: failed.clone(), due: None }).is_ok());
        let problem = check_deployed(&Recorded { good: None, failed, due: None }).expect_err("a failure");
        assert_eq!(problem.to_string(), "The last recording, at 2027-03-01T21:00:00Z, failed: no card");
    }

    #[test]
    fn a_recording_that_should_be_there_is_missed() {
        let (good, due) = (Some(at("2027-03-01T22:00:00Z")), Some(at("2027-03-01T22:05:00Z")));
        let problem = check_deployed(&Recorded { good, failed: None, due }).expect_err("overdue");
        let expected = "There should have been a recording by 2027-03-01T22:05:00Z. \
                        The last one was made at 2027-03-01T22:00:00Z.";
        assert_eq!(problem.to_string(), expected);
    }
}
