//! The machine as the reader of a configuration sees it: a list of questions.
//!
//! Reading is a pure function of the file's bytes and the answers. So tests invent a machine, and a reading can be repeated
//! from recorded answers ([`super::snapshot`]) when the disk has changed.

use super::include;
use super::python::{decode, encode};
use nix::unistd;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// A user of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
    /// Home directory.
    pub home: String,
    /// All groups that a process of the user has, the primary one first.
    pub groups: Vec<u32>,
}

/// Why a file could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is nothing at the path.
    Missing,
    /// There is something, but it cannot be read.
    Refused,
}

/// What a reader may ask. Paths are text as in the configuration; nothing is `~`-expanded for the caller.
pub trait Machine {
    /// The environment of this process, in its order, each variable once.
    fn environment(&self) -> Vec<(String, String)>;
    /// The absolute path of the current directory.
    fn current_directory(&self) -> String;
    /// Whether something is at the path, links followed.
    fn exists(&self, path: &str) -> bool;
    /// Whether a directory is at the path, links followed.
    fn directory_exists(&self, path: &str) -> bool;
    /// The content of a file.
    ///
    /// # Errors
    ///
    /// If it is not there or cannot be read.
    fn read_file(&self, path: &str) -> Result<Vec<u8>, Unreadable>;
    /// The paths that match a shell pattern, sorted.
    fn glob(&self, pattern: &str) -> Vec<String>;
    /// The user of that name.
    fn user_by_name(&self, name: &str) -> Option<User>;
    /// The user of that id.
    fn user_by_id(&self, uid: u32) -> Option<User>;
    /// The id of the group of that name.
    fn group_by_name(&self, name: &str) -> Option<u32>;
    /// Whether a group of that id exists.
    fn group_exists(&self, gid: u32) -> bool;
    /// The real user id of this process.
    fn user_id(&self) -> u32;
    /// The name of the machine, without domain if it has none.
    fn host_name(&self) -> String;
    /// The directory for temporary files: the first that can be written to of `TMPDIR`, `TEMP`, `TMP`, `/tmp`, `/var/tmp`,
    /// `/usr/tmp` and the current directory.
    fn temporary_directory(&self) -> String;
}

/// Variables by which minder's own processes know what they are. The user has not set them, so no file may see them.
const OURS: [&str; 2] = ["MINDER_ROLE", "MINDER_RESTART"];

/// The machine that this process runs on.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealMachine;

/// The path for the system; `None` if it holds a NUL, which no path can.
fn path(text: &str) -> Option<PathBuf> {
    let bytes = encode(text);
    (!bytes.contains(&0)).then(|| PathBuf::from(OsStr::from_bytes(&bytes)))
}

impl Machine for RealMachine {
    fn environment(&self) -> Vec<(String, String)> {
        let mut seen = std::collections::HashSet::new();
        std::env::vars_os()
            .map(|(name, value)| (decode(name.as_bytes()), decode(value.as_bytes())))
            .filter(|(name, _)| !OURS.contains(&name.as_str()) && seen.insert(name.clone()))
            .collect()
    }

    fn current_directory(&self) -> String {
        std::env::current_dir().map_or_else(|_| "/".to_owned(), |path| decode(path.as_os_str().as_bytes()))
    }

    fn exists(&self, text: &str) -> bool {
        path(text).is_some_and(|path| path.exists())
    }

    fn directory_exists(&self, text: &str) -> bool {
        path(text).is_some_and(|path| path.is_dir())
    }

    fn read_file(&self, text: &str) -> Result<Vec<u8>, Unreadable> {
        let path = path(text).ok_or(Unreadable::Missing)?;
        std::fs::read(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => Unreadable::Missing,
            _ => Unreadable::Refused,
        })
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        include::glob(pattern, &Disk)
    }

    fn user_by_name(&self, name: &str) -> Option<User> {
        unistd::User::from_name(name).ok().flatten().map(user)
    }

    fn user_by_id(&self, uid: u32) -> Option<User> {
        unistd::User::from_uid(unistd::Uid::from_raw(uid)).ok().flatten().map(user)
    }

    fn group_by_name(&self, name: &str) -> Option<u32> {
        unistd::Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
    }

    fn group_exists(&self, gid: u32) -> bool {
        unistd::Group::from_gid(unistd::Gid::from_raw(gid)).is_ok_and(|group| group.is_some())
    }

    fn user_id(&self) -> u32 {
        unistd::getuid().as_raw()
    }

    fn host_name(&self) -> String {
        decode(rustix::system::uname().nodename().to_bytes())
    }

    fn temporary_directory(&self) -> String {
        let here = self.current_directory();
        let given = ["TMPDIR", "TEMP", "TMP"]
            .into_iter()
            .filter_map(std::env::var_os)
            .map(|path| decode(path.as_bytes()));
        given
            .filter(|path| !path.is_empty())
            .chain(["/tmp", "/var/tmp", "/usr/tmp"].map(str::to_owned))
            .map(|path| super::paths::absolute(&path, self))
            .find(|text| path(text).is_some_and(|path| is_writable(&path)))
            .unwrap_or(here)
    }
}

fn is_writable(path: &std::path::Path) -> bool {
    use rustix::fs::Access;
    path.is_dir() && rustix::fs::access(path, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

fn user(user: unistd::User) -> User {
    let mut groups = vec![user.gid.as_raw()];
    let name = CString::new(user.name.clone()).unwrap_or_default();
    for group in unistd::getgrouplist(&name, user.gid).unwrap_or_default() {
        if !groups.contains(&group.as_raw()) {
            groups.push(group.as_raw());
        }
    }
    User {
        name: user.name,
        uid: user.uid.as_raw(),
        gid: user.gid.as_raw(),
        home: decode(user.dir.as_os_str().as_bytes()),
        groups,
    }
}

/// The directories of this machine, for patterns.
struct Disk;

impl include::Directories for Disk {
    fn entries(&self, directory: &str) -> Vec<String> {
        let Some(directory) = path(directory) else { return Vec::new() };
        let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
        entries.flatten().map(|entry| decode(&entry.file_name().into_vec())).collect()
    }

    fn link_exists(&self, text: &str) -> bool {
        path(text).is_some_and(|path| path.symlink_metadata().is_ok())
    }

    fn is_directory(&self, path: &str) -> bool {
        RealMachine.directory_exists(path)
    }
}
