//! Files with automatic names: made, and removed when they are of an earlier run.

use std::hash::{BuildHasher, Hasher, RandomState};

use minder_core::ids::{BytePath, ByteString};
use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;

use super::trouble::{LogError, reason};

const CHARACTERS: &[u8; 37] = b"abcdefghijklmnopqrstuvwxyz0123456789_";
const RANDOM_LENGTH: usize = 8;
/// How many names are tried. With 37^8 of them even the second is hardly ever needed.
const TRIES_MAX: usize = 100;

/// Which files in a directory are logs with automatic names. The name of one has something, then `infix`, then
/// something without white space, then `suffix`, then anything: so old files of a rotation are among them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FreshNames {
    /// Tells whose they are, such as `---supervisor-`.
    pub infix: ByteString,
    /// Such as `.log`.
    pub suffix: ByteString,
}

impl FreshNames {
    /// Whether a file of this name, without directory, is one of them.
    pub fn matches(&self, name: &[u8]) -> bool {
        let infix = self.infix.as_bytes();
        // Something comes before the infix, and a line break is not something.
        let line = name.split(|byte| *byte == b'\n').next().unwrap_or_default();
        (1..=line.len())
            .filter(|at| name[*at..].starts_with(infix))
            .any(|at| self.ends_well(&name[at + infix.len()..]))
    }

    fn ends_well(&self, rest: &[u8]) -> bool {
        let word = rest.iter().position(|byte| is_space(*byte)).unwrap_or(rest.len());
        let suffix = self.suffix.as_bytes();
        (1..=word).any(|at| rest[at..].starts_with(suffix))
    }
}

/// White space as the original's pattern language sees it.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 0x09..=0x0d | 0x1c..=0x1f)
}

/// Removes logs with automatic names. Returns those that could not be removed.
///
/// # Errors
/// When the directory cannot be read.
pub fn clean_fresh(directory: &BytePath, names: &FreshNames) -> Result<Vec<LogError>, LogError> {
    let list = |errno| LogError::List(directory.clone(), reason(errno));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let opened = rustix::fs::open(directory.as_bytes(), flags, Mode::empty()).map_err(list)?;
    let mut old = Vec::new();
    for entry in Dir::new(opened).map_err(list)? {
        let entry = entry.map_err(list)?;
        if names.matches(entry.file_name().to_bytes()) {
            old.push(joined(directory, &[entry.file_name().to_bytes()]));
        }
    }
    let failed = old.into_iter().filter_map(|path| match rustix::fs::unlink(&path) {
        Ok(()) => None,
        Err(errno) => Some(LogError::Remove(path.into(), reason(errno))),
    });
    Ok(failed.collect())
}

/// Makes a new empty file that only its owner may read.
pub(super) fn make(
    directory: &BytePath,
    prefix: &ByteString,
    suffix: &ByteString,
) -> Result<BytePath, LogError> {
    let mut failed = Errno::EXIST;
    for _ in 0..TRIES_MAX {
        let path = joined(directory, &[prefix.as_bytes(), &random(), suffix.as_bytes()]);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::open(&path, flags, Mode::RUSR | Mode::WUSR) {
            Ok(_) => return Ok(path.into()),
            Err(Errno::EXIST) => {}
            Err(errno) => {
                failed = errno;
                break;
            }
        }
    }
    Err(LogError::Create(directory.clone(), reason(failed)))
}

fn joined(directory: &BytePath, parts: &[&[u8]]) -> Vec<u8> {
    let mut path = directory.as_bytes().to_vec();
    if path.last().is_some_and(|last| *last != b'/') {
        path.push(b'/');
    }
    parts.iter().for_each(|part| path.extend_from_slice(part));
    path
}

/// The standard library keys its hash tables with what the kernel calls random, and hashes those keys well. That a
/// name is new is the kernel's to say, not ours.
fn random() -> [u8; RANDOM_LENGTH] {
    let mut number = RandomState::new().build_hasher().finish();
    [(); RANDOM_LENGTH].map(|()| {
        let character = CHARACTERS[(number % 37) as usize];
        number /= 37;
        character
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_logs_of_this_supervisor_are_old_logs() {
        let names = FreshNames { infix: (*b"---sup-").into(), suffix: (*b".log").into() };
        let cases = [
            ("web-stdout---sup-abcd1234.log", true),
            ("web-stdout---sup-abcd1234.log.3", true),
            ("web-stdout---sup-abcd1234.logs-of-mine", true),
            ("a---sup----sup-x.log", true),
            ("---sup-abcd1234.log", false),
            ("web-stdout---other-abcd1234.log", false),
            ("web-stdout---sup-.log", false),
            ("web-stdout---sup-ab cd.log", false),
            ("web-stdout---sup-abcd1234.txt", false),
            ("web\n---sup-abcd1234.log", false),
        ];
        for (name, old) in cases {
            assert_eq!(names.matches(name.as_bytes()), old, "{name}");
        }
    }
}
