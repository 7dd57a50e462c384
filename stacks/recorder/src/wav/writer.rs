//! Writing a file: under another name until it is whole and on the disk.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{WavError, WavFormat};

/// How the names of files end that are not whole yet. They begin with a dot, and have the id of their process before this.
const PART: &str = ".part";

/// A file that is being written. What is dropped before it is finished leaves nothing behind.
#[derive(Debug)]
pub struct WavWriter {
    file: File,
    part: Option<PathBuf>,
    path: PathBuf,
    expected: u64,
    found: u64,
    trailer: Vec<u8>,
}

impl WavWriter {
    /// Begins a file that will hold this many frames and these bytes of metadata. The directory is made if it is not there.
    ///
    /// # Errors
    /// If it does not fit into a WAV file, or the disk refuses.
    pub fn create(path: &Path, format: WavFormat, frames: u64, guano: &[u8]) -> Result<Self, WavError> {
        let expected = frames.saturating_mul(format.frame_bytes() as u64);
        let trailer = chunk(*b"guan", guano);
        let header = header(format, expected, trailer.len() as u64).ok_or(WavError::TooLong { frames })?;
        let directory = directory(path);
        fs::create_dir_all(directory).map_err(failed("make", directory))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let part = directory.join(format!(".{name}.{}{PART}", std::process::id()));
        let file = File::create(&part).map_err(failed("create", &part))?;
        let mut writer = Self { file, part: Some(part), path: path.into(), expected, found: 0, trailer };
        writer.put(&header)?;
        Ok(writer)
    }

    /// Adds samples, little-endian, channels side by side.
    ///
    /// # Errors
    /// If the disk refuses, or there are more than were promised.
    pub fn write(&mut self, samples: &[u8]) -> Result<(), WavError> {
        self.found += samples.len() as u64;
        if self.found > self.expected {
            return Err(WavError::Incomplete { expected: self.expected, found: self.found });
        }
        self.put(samples)
    }

    /// Brings it to the disk and gives it its name, which nothing has before.
    ///
    /// # Errors
    /// If samples are missing, or the disk refuses.
    pub fn finish(mut self) -> Result<PathBuf, WavError> {
        if self.found != self.expected {
            return Err(WavError::Incomplete { expected: self.expected, found: self.found });
        }
        let trailer = std::mem::take(&mut self.trailer);
        self.put(&trailer)?;
        self.file.sync_all().map_err(failed("sync", &self.path))?;
        if let Some(part) = &self.part {
            fs::rename(part, &self.path).map_err(failed("rename to", &self.path))?;
        }
        self.part = None;
        // The name is in the directory, which is a file of its own.
        let directory = directory(&self.path);
        File::open(directory).and_then(|file| file.sync_all()).map_err(failed("sync", directory))?;
        Ok(self.path.clone())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), WavError> {
        self.file.write_all(bytes).map_err(failed("write", &self.path))
    }

    /// Removes what writers left in a directory whose process ended before they did.
    pub fn sweep(directory: &Path) {
        for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let left = name.to_str().and_then(|name| name.strip_prefix('.')?.strip_suffix(PART));
            let Some((_, pid)) = left.and_then(|name| name.rsplit_once('.')) else { continue };
            if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

impl Drop for WavWriter {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            let _ = fs::remove_file(part);
        }
    }
}

/// Where a file is; a path of one word is in the working directory.
fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn failed(deed: &'static str, path: &Path) -> impl FnOnce(io::Error) -> WavError {
    let path = path.to_owned();
    move |error| WavError::File { deed, path, error }
}

/// All before the samples. `None` if sizes do not fit into their fields.
fn header(format: WavFormat, data: u64, trailer: u64) -> Option<Vec<u8>> {
    let frame = u16::try_from(format.frame_bytes()).ok()?;
    let riff = u32::try_from(4 + 24 + 8 + data + trailer).ok()?;
    let byte_rate = format.samplerate.checked_mul(u32::from(frame))?;
    let mut header = Vec::with_capacity(44);
    header.extend(b"RIFF");
    header.extend(riff.to_le_bytes());
    header.extend(b"WAVEfmt ");
    header.extend(16_u32.to_le_bytes());
    header.extend(1_u16.to_le_bytes());
    header.extend(format.channels.to_le_bytes());
    header.extend(format.samplerate.to_le_bytes());
    header.extend(byte_rate.to_le_bytes());
    header.extend(frame.to_le_bytes());
    header.extend(16_u16.to_le_bytes());
    header.extend(b"data");
    header.extend(u32::try_from(data).ok()?.to_le_bytes());
    Some(header)
}

/// A chunk with its head; nothing of nothing.
fn chunk(id: [u8; 4], bytes: &[u8]) -> Vec<u8> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let mut chunk = id.to_vec();
    chunk.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    chunk.extend(bytes);
    // Chunks begin at even places; the byte between is not counted.
    if chunk.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}
