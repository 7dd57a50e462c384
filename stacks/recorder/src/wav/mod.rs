//! WAV files of 16-bit samples: written in one go, so that a power cut leaves all of one or nothing, and read back.
//!
//! ```text
//!  RIFF size WAVE │ fmt  16 │ data 2 × channels × frames │ guan, padded to an even length
//! ```

mod reader;
mod writer;

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use reader::Wav;
pub use writer::WavWriter;

/// What the samples of a file are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WavFormat {
    /// Samples a second of each channel as the header has it, Hz, 1 or more.
    pub samplerate: u32,
    /// 1 or more.
    pub channels: u16,
}

impl WavFormat {
    /// Bytes of one sample of every channel.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        2 * usize::from(self.channels)
    }
}

/// Why a file is not written or read.
#[derive(Debug)]
pub enum WavError {
    /// The file system refused.
    File {
        /// What was tried.
        deed: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it did not work.
        error: io::Error,
    },
    /// A WAV file holds at most 4 GiB.
    TooLong {
        /// How many frames there were to be.
        frames: u64,
    },
    /// Fewer or more frames were written than were promised in the header.
    Incomplete {
        /// How many bytes of samples were promised.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// What was read is no WAV file.
    Malformed(&'static str),
    /// It is one, but its samples are none of 16-bit PCM.
    Unsupported {
        /// The number of its encoding; 1 is PCM.
        encoding: u16,
        /// Bits of a sample.
        bits: u16,
    },
    /// Reading failed.
    Read(io::Error),
}

impl fmt::Display for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { deed, path, error } => write!(f, "cannot {deed} {}: {error}", path.display()),
            Self::TooLong { frames } => {
                write!(f, "{frames} frames do not fit into a WAV file of at most 4 GiB")
            }
            Self::Incomplete { expected, found } => {
                write!(f, "a recording has {found} bytes of samples where {expected} were expected")
            }
            Self::Malformed(what) => write!(f, "not a WAV file: {what}"),
            Self::Unsupported { encoding, bits } => {
                write!(f, "found samples of encoding {encoding} with {bits} bits, expected 16-bit PCM")
            }
            Self::Read(error) => write!(f, "cannot read a WAV file: {error}"),
        }
    }
}

impl std::error::Error for WavError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { error, .. } | Self::Read(error) => Some(error),
            Self::TooLong { .. }
            | Self::Incomplete { .. }
            | Self::Malformed(_)
            | Self::Unsupported { .. } => None,
        }
    }
}
