//! Reading parts of log files, as `readLog`, `readProcess…Log` and `tailProcess…Log` define it (spec §4.5).
//!
//! Bytes that are not UTF-8 come out as U+FFFD. The original answers HTTP 500 then, also when the range only begins in
//! the middle of a character, which for a log in any language but English is a matter of luck.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use minder_core::ids::BytePath;

use super::faults::{Code, Failure, about_file, fault};
use super::python::{self, NoInt};
use crate::xmlrpc::Value;

/// The most that one call returns. A longer range is refused with `FAILED`: it would be held in memory several times.
pub const READ_BYTES_MAX: u64 = 128 << 20;

/// From how many bytes on a range is read on another thread, so that a slow disk does not hold up everybody else.
const INLINE_BYTES_MAX: u64 = 256 << 10;

/// Whether there is such a file.
#[must_use]
pub fn exists(path: &BytePath) -> bool {
    as_path(path).exists()
}

/// A path of the core as one of the standard library.
#[must_use]
pub fn as_path(path: &BytePath) -> &Path {
    use std::os::unix::ffi::OsStrExt;
    Path::new(std::ffi::OsStr::from_bytes(path.as_bytes()))
}

/// The bytes at `offset`.
pub(super) async fn read(log: Option<&BytePath>, offset: &Value, length: &Value) -> Result<Value, Failure> {
    let Some(path) = log else { return Err(fault(Code::NoFile, None)) };
    if !exists(path) {
        return Err(about_file(Code::NoFile, path));
    }
    let offset = int_for_read(offset)?;
    let length = int_for_read(length)?;
    let path = as_path(path).to_owned();
    let bytes = off_the_loop(&path.clone(), move || read_range(&path, offset, length)).await?;
    Ok(text_of(bytes))
}

/// What the log's end holds that the caller has not seen: `[bytes, offset, overflow]`.
pub(super) async fn tail(log: Option<&BytePath>, offset: &Value, length: &Value) -> Result<Value, Failure> {
    let tailed = |bytes: Vec<u8>, offset: i64, overflow: bool| {
        Ok(Value::Array(vec![text_of(bytes), Value::Int(offset), Value::Bool(overflow)]))
    };
    let Some(path) = log.filter(|path| exists(path)) else { return tailed(Vec::new(), 0, false) };
    let offset = int_for_tail(offset)?;
    let length = int_for_tail(length)?;
    let path = as_path(path).to_owned();
    match off_the_loop(&path.clone(), move || tail_range(&path, offset, length)).await {
        Ok(Tailed { bytes, size, overflow }) => tailed(bytes, size, overflow),
        Err(_) => tailed(Vec::new(), offset, false),
    }
}

/// Why a range cannot be read.
enum Unreadable {
    Arguments,
    File,
}

impl From<io::Error> for Unreadable {
    fn from(_: io::Error) -> Unreadable {
        Unreadable::File
    }
}

impl From<Unreadable> for Failure {
    fn from(why: Unreadable) -> Failure {
        match why {
            Unreadable::Arguments => fault(Code::BadArguments, None),
            Unreadable::File => fault(Code::Failed, None),
        }
    }
}

/// Reads on this thread if the file is short, else on another.
async fn off_the_loop<T: Send + 'static>(
    path: &Path,
    read: impl FnOnce() -> Result<T, Unreadable> + Send + 'static,
) -> Result<T, Unreadable> {
    let short = path.metadata().is_ok_and(|file| file.len() <= INLINE_BYTES_MAX);
    if short {
        return read();
    }
    tokio::task::spawn_blocking(read).await.unwrap_or(Err(Unreadable::File))
}

fn read_range(path: &Path, offset: i64, length: i64) -> Result<Vec<u8>, Unreadable> {
    let mut file = open(path)?;
    match (u64::try_from(offset), u64::try_from(length)) {
        (Err(_), Ok(0)) => {
            let size = file.seek(SeekFrom::End(0))?;
            let wanted = offset.unsigned_abs();
            slice(&mut file, size.saturating_sub(wanted), wanted)
        }
        (Err(_), Ok(_) | Err(_)) => Err(Unreadable::Arguments),
        (Ok(_), Err(_)) => Err(Unreadable::Arguments),
        (Ok(offset), Ok(0)) => slice(&mut file, offset, u64::MAX),
        (Ok(offset), Ok(length)) => slice(&mut file, offset, length),
    }
}

struct Tailed {
    bytes: Vec<u8>,
    size: i64,
    overflow: bool,
}

fn tail_range(path: &Path, offset: i64, length: i64) -> Result<Tailed, Unreadable> {
    let mut file = open(path)?;
    let size = i64::try_from(file.seek(SeekFrom::End(0))?).unwrap_or(i64::MAX);
    let (mut offset, mut length) = (offset, length);
    let overflow = size > offset.saturating_add(length);
    if overflow {
        offset = size - 1;
    }
    if offset.saturating_add(length) > size {
        if offset > size - 1 {
            length = 0;
        }
        offset = size - length;
    }
    let length = u64::try_from(length).unwrap_or(0);
    let offset = u64::try_from(offset).unwrap_or(0);
    let bytes = if length == 0 { Vec::new() } else { slice(&mut file, offset, length)? };
    Ok(Tailed { bytes, size, overflow })
}

fn slice(file: &mut File, offset: u64, length: u64) -> Result<Vec<u8>, Unreadable> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length.min(READ_BYTES_MAX + 1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > READ_BYTES_MAX {
        return Err(Unreadable::File);
    }
    Ok(bytes)
}

/// A log may be a FIFO or a terminal, where an ordinary `open` would wait.
fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    std::fs::OpenOptions::new().read(true).custom_flags(flags).open(path)
}

fn text_of(bytes: Vec<u8>) -> Value {
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    };
    Value::String(text)
}

/// In `readLog` the original takes the text of a `ValueError` for the name of a fault, which it is not.
fn int_for_read(value: &Value) -> Result<i64, Failure> {
    python::int(value).map_err(|error| match error {
        NoInt::Type => fault(Code::IncorrectParameters, None),
        NoInt::Value(why) => {
            let message = format!("type object 'Faults' has no attribute '{why}'");
            Failure::crash("AttributeError", message)
        }
        NoInt::Overflow(why) => Failure::crash("OverflowError", why),
    })
}

fn int_for_tail(value: &Value) -> Result<i64, Failure> {
    python::int(value).map_err(|error| match error {
        NoInt::Type => fault(Code::IncorrectParameters, None),
        NoInt::Value(why) => Failure::crash("ValueError", why),
        NoInt::Overflow(why) => Failure::crash("OverflowError", why),
    })
}

/// Where a log is, if it is there and a stream can follow it.
pub(crate) fn followable(log: Option<&BytePath>) -> Option<PathBuf> {
    let path = as_path(log?);
    path.metadata().is_ok_and(|file| file.is_file()).then(|| path.to_owned())
}
