//! Reading a file that anybody may have written.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use super::{WavError, WavFormat};
use crate::guano::{GUANO_BYTES_MAX, Guano};

/// How many chunks a file may have before its samples and metadata are found.
const CHUNKS_MAX: usize = 1000;

/// PCM.
const PCM: u16 = 1;

/// The encoding is further on, in the first two bytes of a GUID.
const EXTENSIBLE: u16 = 0xFFFE;

/// A file whose samples can be read from anywhere.
#[derive(Debug)]
pub struct Wav<R> {
    source: R,
    format: WavFormat,
    frames: u64,
    data: u64,
    guano: Option<Guano>,
}

impl Wav<BufReader<File>> {
    /// Opens a file.
    ///
    /// # Errors
    /// If it cannot be read, is no WAV file, or has other samples than those of 16-bit PCM.
    pub fn open(path: &Path) -> Result<Self, WavError> {
        let failed = |error| WavError::File { deed: "open", path: path.into(), error };
        Self::new(BufReader::new(File::open(path).map_err(failed)?))
    }
}

impl<R: Read + Seek> Wav<R> {
    /// Reads everything except the samples.
    ///
    /// # Errors
    /// As [`Wav::open`].
    pub fn new(mut source: R) -> Result<Self, WavError> {
        let size = source.seek(SeekFrom::End(0)).map_err(WavError::Read)?;
        source.seek(SeekFrom::Start(0)).map_err(WavError::Read)?;
        let head: [u8; 12] = take(&mut source)?.ok_or(WavError::Malformed("it is shorter than a header"))?;
        if &head[..4] != b"RIFF" || &head[8..] != b"WAVE" {
            return Err(WavError::Malformed("it does not begin with RIFF and WAVE"));
        }
        let (mut format, mut data, mut guano) = (None, None, None);
        let mut at = 12;
        for _ in 0..CHUNKS_MAX {
            source.seek(SeekFrom::Start(at)).map_err(WavError::Read)?;
            let Some([a, b, c, d, size @ ..]) = take::<8>(&mut source)? else { break };
            let length = u64::from(u32::from_le_bytes(size));
            let begin = at + 8;
            match &[a, b, c, d] {
                b"fmt " if format.is_none() => format = Some(read_format(&mut source, length)?),
                b"data" if data.is_none() => data = Some((begin, length)),
                b"guan" if guano.is_none() => guano = Some(read_guano(&mut source, length)?),
                _ => {}
            }
            at = begin + length + length % 2;
        }
        let format = format.ok_or(WavError::Malformed("it has no chunk `fmt `"))?;
        let (data, length) = data.ok_or(WavError::Malformed("it has no chunk `data`"))?;
        // A recorder that lost its power has promised more than it could keep; a pipe did not know how much there would be.
        let length = length.min(size.saturating_sub(data));
        let frames = length / format.frame_bytes() as u64;
        Ok(Self { source, format, frames, data, guano })
    }

    /// What its samples are.
    pub fn format(&self) -> WavFormat {
        self.format
    }

    /// How many frames there are.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// How long it is by its header, seconds.
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / f64::from(self.format.samplerate)
    }

    /// What it says about itself.
    pub fn guano(&self) -> Option<&Guano> {
        self.guano.as_ref()
    }

    /// Up to `count` frames from this one on, channels side by side; fewer at the end of the file.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(&mut self, from: u64, count: usize) -> Result<Vec<i16>, WavError> {
        let frame = self.format.frame_bytes();
        let count = self.frames.saturating_sub(from).min(count as u64);
        self.source
            .seek(SeekFrom::Start(self.data + from.min(self.frames) * frame as u64))
            .map_err(WavError::Read)?;
        let mut bytes = Vec::new();
        let wanted = count.saturating_mul(frame as u64);
        self.source.by_ref().take(wanted).read_to_end(&mut bytes).map_err(WavError::Read)?;
        let (samples, _) = bytes.as_chunks::<2>();
        Ok(samples.iter().map(|sample| i16::from_le_bytes(*sample)).collect())
    }

    /// As [`Wav::read`], with the mean of all channels, -1 to 1.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read_mono(&mut self, from: u64, count: usize) -> Result<Vec<f32>, WavError> {
        let channels = usize::from(self.format.channels);
        let scale = 1.0 / (32_768.0 * f32::from(self.format.channels));
        let samples = self.read(from, count)?;
        let mean = |frame: &[i16]| frame.iter().map(|&sample| f32::from(sample)).sum::<f32>() * scale;
        Ok(samples.chunks_exact(channels).map(mean).collect())
    }
}

/// The next bytes, or nothing if the file ends before them.
fn take<const N: usize>(source: &mut impl Read) -> Result<Option<[u8; N]>, WavError> {
    let mut bytes = [0; N];
    match source.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(WavError::Read(error)),
    }
}

fn read_format(source: &mut impl Read, length: u64) -> Result<WavFormat, WavError> {
    let short = WavError::Malformed("its chunk `fmt ` is too short");
    if length < 16 {
        return Err(short);
    }
    let Some(fields) = take::<16>(source)? else { return Err(short) };
    let word = |at: usize| u16::from_le_bytes([fields[at], fields[at + 1]]);
    let (mut encoding, channels, bits) = (word(0), word(2), word(14));
    let samplerate = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
    if encoding == EXTENSIBLE && length >= 26 {
        let Some(more) = take::<10>(source)? else { return Err(short) };
        encoding = u16::from_le_bytes([more[8], more[9]]);
    }
    if encoding != PCM || bits != 16 {
        return Err(WavError::Unsupported { encoding, bits });
    }
    if channels == 0 || samplerate == 0 {
        return Err(WavError::Malformed("it has no channel, or a rate of 0"));
    }
    Ok(WavFormat { samplerate, channels })
}

fn read_guano(source: &mut impl Read, length: u64) -> Result<Guano, WavError> {
    let mut bytes = Vec::new();
    source.take(length.min(GUANO_BYTES_MAX as u64)).read_to_end(&mut bytes).map_err(WavError::Read)?;
    Ok(Guano::from_bytes(&bytes))
}
