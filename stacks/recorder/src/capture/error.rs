//! Why nothing was recorded, in the words that acoupi has where it has any.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::wav::WavError;

/// Why nothing was recorded.
#[derive(Debug)]
pub enum CaptureError {
    /// A value that no microphone can have.
    Settings(String),
    /// There is no such device, or it has gone.
    NotFound {
        /// What was asked for.
        device: String,
        /// What there is.
        available: Vec<String>,
    },
    /// The device does not have this rate.
    Samplerate,
    /// The device does not have this number of channels.
    Channels,
    /// The device says, or its pace shows, that it has another rate than it was asked for.
    WrongRate {
        /// Hz.
        expected: u32,
        /// Hz.
        got: u32,
    },
    /// The device has another number of channels than it was asked for.
    WrongChannels {
        /// What was asked for.
        expected: u16,
        /// What came.
        got: u16,
    },
    /// The program that reads the device could not be started.
    Program(PathBuf, std::io::Error),
    /// The program that reads the device has ended.
    Ended {
        /// What was asked for.
        device: String,
        /// The last thing it said.
        said: String,
    },
    /// Nothing came for this long.
    Stalled {
        /// What was asked for.
        device: String,
        /// How long.
        silent: Duration,
    },
    /// The disk was slower than the microphone for longer than memory lasts.
    Overrun {
        /// How many frames are lost.
        lost: u64,
    },
    /// The device was not there just now, and it is too early to look again.
    Waiting {
        /// What it was.
        because: String,
        /// How long.
        retry_in: Duration,
    },
    /// The file could not be written.
    File(WavError),
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let incompatible = |f: &mut fmt::Formatter<'_>, what: &str| {
            write!(
                f,
                "The audio recorder is not compatible with the selected {what}. Check the configurations."
            )
        };
        match self {
            Self::Settings(what) => write!(f, "{what}"),
            Self::NotFound { device, available } => {
                let available = available.join(", ");
                write!(f, "Audio device with name '{device}' not found. Available devices: {available}")
            }
            Self::Samplerate => incompatible(f, "samplerate"),
            Self::Channels => incompatible(f, "number of channels"),
            Self::WrongRate { expected, got } => write!(
                f,
                "Recorded audio samplerate does not match the configured samplerate. \
                 Expected {expected} Hz, got {got} Hz."
            ),
            Self::WrongChannels { expected, got } => write!(
                f,
                "Recorded audio channel count does not match the configured number of channels. \
                 Expected {expected}, got {got}."
            ),
            Self::Program(program, error) => write!(f, "cannot start {}: {error}", program.display()),
            Self::Ended { device, said } => write!(f, "audio device '{device}' was lost: {said}"),
            Self::Stalled { device, silent } => {
                write!(f, "audio device '{device}' has delivered nothing for {} s", silent.as_secs_f64())
            }
            Self::Overrun { lost } => write!(f, "{lost} frames were lost because the disk was too slow"),
            Self::Waiting { because, retry_in } => {
                write!(f, "{because} (it is tried again in {:.1} s)", retry_in.as_secs_f64())
            }
            Self::File(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for CaptureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Program(_, error) => Some(error),
            Self::File(error) => Some(error),
            Self::Settings(_)
            | Self::NotFound { .. }
            | Self::Samplerate
            | Self::Channels
            | Self::WrongRate { .. }
            | Self::WrongChannels { .. }
            | Self::Ended { .. }
            | Self::Stalled { .. }
            | Self::Overrun { .. }
            | Self::Waiting { .. } => None,
        }
    }
}

impl From<WavError> for CaptureError {
    fn from(error: WavError) -> Self {
        Self::File(error)
    }
}
