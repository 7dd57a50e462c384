//! Where memory files lie, so that whoever is started next finds them even if keeper and mind have been killed both.
//!
//! ```text
//!  /run/minder/supervisord-3f2a…/   lock · boot · ledger · roster · reading%3A1 · memo%3A…
//! ```
//!
//! A directory on a memory file system, for each file of configuration one. Whoever holds the lock owns it: keeper and mind
//! share one descriptor of it, so it is free when both are gone, and only then. What was written before the machine was
//! started last is worth nothing, which `boot` tells. Where there can be no such directory memory files have no name, and
//! what one of the two holds is lost with both.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{AtFlags, CWD, FileType, FlockOperation, MemfdFlags, Mode, OFlags};
use rustix::io::Errno;

use crate::memo::checksum;

/// What the directory is called among the descriptors that the keeper holds.
pub const NAME: &str = "shelf";
/// What its lock is called there.
pub const LOCK_NAME: &str = "shelf-lock";

/// The socket beside the files by which the daemon can be asked what only minder understands.
pub const DOOR: &str = "door";

/// How long the lock of those who were killed may outlive them.
const LAST_MOMENTS: Duration = Duration::from_millis(200);
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(5);

const LOCK: &str = "lock";
const BOOT: &str = "boot";
/// To be raised with every change of what lies on a shelf.
const VERSION: u32 = 1;
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A place for memory files.
#[derive(Debug)]
pub enum Shelf {
    /// They are files of this directory.
    Directory(OwnedFd),
    /// They have no name.
    Nameless,
}

/// What came of asking for a directory.
#[derive(Debug)]
pub enum Claim {
    /// There is nothing in it.
    Empty(Shelf, OwnedFd),
    /// Somebody has left something, since the machine was started.
    Left(Shelf, OwnedFd),
    /// A daemon of the same file runs, or there can be no directory.
    None,
}

/// Takes the directory of a daemon of this kind and file of configuration, with its lock.
pub fn claim(kind: &str, file: &[u8]) -> Claim {
    root().and_then(|root| claim_below(&root, kind, file)).unwrap_or(Claim::None)
}

/// The directories of all daemons of this user, whether one runs or has left something.
pub fn all() -> Vec<PathBuf> {
    let entries = root().and_then(std::fs::read_dir).into_iter().flatten().flatten();
    let mut all: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    all.sort();
    all
}

fn claim_below(root: &Path, kind: &str, file: &[u8]) -> io::Result<Claim> {
    let path = root.join(format!("{kind}-{:016x}", checksum(file)));
    let directory = private_directory(&path)?;
    let flags = OFlags::CREATE | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let lock = rustix::fs::openat(&directory, LOCK, flags, Mode::RUSR | Mode::WUSR)?;
    if !lock_soon(&lock)? {
        return Ok(Claim::None);
    }
    let shelf = Shelf::Directory(directory);
    let boot = format!("{VERSION} {}", std::fs::read_to_string(BOOT_ID)?);
    let mut found = String::new();
    let known = shelf.open(BOOT).and_then(|mut file| file.read_to_string(&mut found)).is_ok();
    if known && found == boot {
        return Ok(Claim::Left(shelf, lock));
    }
    shelf.clear();
    shelf.file(BOOT)?.write_all(boot.as_bytes())?;
    Ok(Claim::Empty(shelf, lock))
}

/// Takes the lock, unless somebody keeps it. Whoever was killed just now has it until the kernel has closed his files, which
/// nobody is told of.
fn lock_soon(lock: &OwnedFd) -> io::Result<bool> {
    let deadline = Instant::now() + LAST_MOMENTS;
    loop {
        match rustix::fs::flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(Errno::AGAIN) if Instant::now() < deadline => std::thread::sleep(TRY_AGAIN_AFTER),
            Err(Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

/// `/run/minder` for root. For others a directory of theirs that is gone with the machine's power, too.
fn root() -> io::Result<PathBuf> {
    let uid = rustix::process::geteuid();
    let runtime = || std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|path| path.is_absolute());
    let root = if uid.is_root() {
        PathBuf::from("/run/minder")
    } else {
        runtime().map_or_else(
            || PathBuf::from(format!("/dev/shm/minder-{}", uid.as_raw())),
            |path| path.join("minder"),
        )
    };
    private_directory(&root)?;
    Ok(root)
}

/// Makes a directory, or takes one that is ours alone: what lies in it says which processes are to be signalled.
fn private_directory(path: &Path) -> io::Result<OwnedFd> {
    match rustix::fs::mkdirat(CWD, path, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(CWD, path, flags, Mode::empty())?;
    let found = rustix::fs::fstat(&directory)?;
    if found.st_uid != rustix::process::geteuid().as_raw() || found.st_mode & 0o077 != 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(directory)
}

impl Shelf {
    /// Another's directory, to look into.
    ///
    /// # Errors
    /// When it is none, or not ours alone.
    pub fn look_into(path: &Path) -> io::Result<Self> {
        private_directory(path).map(Self::Directory)
    }

    /// Where it is, if it is a directory.
    pub fn path(&self) -> Option<PathBuf> {
        let Self::Directory(directory) = self else { return None };
        std::fs::read_link(format!("/proc/self/fd/{}", raw(directory.as_fd()))).ok()
    }

    /// A new empty memory file, in place of one of that name.
    ///
    /// # Errors
    /// When the system has no memory or no descriptor left.
    pub fn file(&self, name: &str) -> io::Result<File> {
        match self {
            Self::Directory(directory) => {
                let flags =
                    OFlags::CREATE | OFlags::TRUNC | OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
                let opened = rustix::fs::openat(directory, encoded(name), flags, Mode::RUSR | Mode::WUSR);
                match opened {
                    Ok(fd) => Ok(fd.into()),
                    // Somebody has taken the directory away: better a file without a name than none.
                    Err(Errno::NOENT) => Self::Nameless.file(name),
                    Err(error) => Err(error.into()),
                }
            }
            Self::Nameless => Ok(rustix::fs::memfd_create(name, MemfdFlags::CLOEXEC)?.into()),
        }
    }

    /// A memory file that holds these bytes.
    ///
    /// # Errors
    /// When the system has no memory or no descriptor left.
    pub fn filled(&self, name: &str, bytes: &[u8]) -> io::Result<OwnedFd> {
        let mut file = self.file(name)?;
        file.write_all(bytes)?;
        Ok(file.into())
    }

    /// Puts a file with these bytes in place of one of that name, as a whole.
    ///
    /// # Errors
    /// When it cannot be written. The old one stays.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let Self::Directory(directory) = self else { return Ok(()) };
        let fresh = format!("{name}-new");
        self.filled(&fresh, bytes)?;
        Ok(rustix::fs::renameat(directory, encoded(&fresh), directory, encoded(name))?)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        match self {
            Self::Directory(directory) => {
                let flags = OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOFOLLOW;
                Ok(rustix::fs::openat(directory, encoded(name), flags, Mode::empty())?.into())
            }
            Self::Nameless => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// All memory files by name.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub fn files(&self) -> io::Result<Vec<(String, OwnedFd)>> {
        let names = self.names().into_iter().filter(|name| name != LOCK && name != BOOT);
        names.map(|name| Ok((name.clone(), self.open(&name)?.into()))).collect()
    }

    fn names(&self) -> Vec<String> {
        let Self::Directory(directory) = self else { return Vec::new() };
        let entries = rustix::fs::Dir::read_from(directory).into_iter().flatten().flatten();
        let files =
            entries.filter(|entry| matches!(entry.file_type(), FileType::RegularFile | FileType::Unknown));
        files.filter_map(|entry| decoded(entry.file_name().to_bytes())).collect()
    }

    /// Takes a memory file's name away; it goes with its last descriptor.
    pub fn remove(&self, name: &str) {
        if let Self::Directory(directory) = self {
            // What has no name has none to take away.
            let _ = rustix::fs::unlinkat(directory, encoded(name), AtFlags::empty());
        }
    }

    /// Takes away all memory files' names.
    pub fn clear_files(&self) {
        let names = self.names();
        names.iter().filter(|name| *name != LOCK && *name != BOOT).for_each(|name| self.remove(name));
    }

    /// Takes away all names but the lock's.
    fn clear(&self) {
        self.names().iter().filter(|name| *name != LOCK).for_each(|name| self.remove(name));
    }

    /// Nothing is left to be found: takes away everything.
    pub fn take_down(&self) {
        self.clear();
        self.remove(LOCK);
        if let Some(path) = self.path() {
            // A socket is no memory file.
            let _ = std::fs::remove_file(path.join(DOOR));
            // Another daemon may have made a file there just now.
            let _ = std::fs::remove_dir(path);
        }
    }
}

fn raw(fd: BorrowedFd<'_>) -> i32 {
    std::os::fd::AsRawFd::as_raw_fd(&fd)
}

/// A name as that of a file: only letters, digits, dashes and dots stand for themselves.
fn encoded(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            text.push(byte.into());
        } else {
            text.push_str(&format!("%{byte:02x}"));
        }
    }
    text
}

fn decoded(name: &[u8]) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = name;
    while let Some((&first, behind)) = rest.split_first() {
        if first == b'%' {
            let digits = std::str::from_utf8(behind.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &behind[2..];
        } else if first == b'.' {
            return None;
        } else {
            bytes.push(first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_name_comes_back_and_is_one_of_a_file(name in "\\PC{1,20}") {
            let file = encoded(&name);
            prop_assert!(!file.contains('/') && !file.starts_with('.'));
            prop_assert_eq!(decoded(file.as_bytes()), Some(name));
        }
    }

    #[test]
    fn what_is_left_is_found_by_the_next_one_and_not_before() {
        let root = tempfile::tempdir().unwrap();
        let claim = || claim_below(root.path(), "test", b"/etc/a.conf").unwrap();
        let Claim::Empty(shelf, lock) = claim() else { panic!("not empty") };
        shelf.filled("reading:1", b"text").unwrap();
        assert!(matches!(claim(), Claim::None), "somebody is there");
        drop((shelf, lock));
        let Claim::Left(shelf, lock) = claim() else { panic!("nothing left") };
        let files = shelf.files().unwrap();
        assert_eq!(files.iter().map(|(name, _)| &name[..]).collect::<Vec<_>>(), ["reading:1"]);
        assert_eq!(crate::memo::contents(files[0].1.as_fd()).unwrap(), b"text");
        shelf.take_down();
        drop((shelf, lock));
        assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 0);
        assert!(matches!(claim(), Claim::Empty(..)));
    }

    #[test]
    fn what_an_earlier_start_of_the_machine_left_is_worth_nothing() {
        let root = tempfile::tempdir().unwrap();
        let claim = || claim_below(root.path(), "test", b"/etc/a.conf").unwrap();
        let Claim::Empty(shelf, _lock) = claim() else { panic!("not empty") };
        shelf.filled("ledger", b"x").unwrap();
        shelf.filled(BOOT, b"1 another start").unwrap();
        drop((shelf, _lock));
        let Claim::Empty(shelf, _lock) = claim() else { panic!("not empty") };
        assert!(shelf.files().unwrap().is_empty());
    }

    #[test]
    fn a_directory_that_others_can_enter_is_not_taken() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("open");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        assert!(private_directory(&path).is_err());
    }
}
