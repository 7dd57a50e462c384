//! The machine as this dialect sees it: a list of questions.
//!
//! Reading a file and making a watcher of it are pure functions of bytes and answers, so tests invent a machine.

use crate::options::bytes::{decode, encode};
use crate::options::environment::Environment;
use nix::unistd;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
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
}

/// What may be asked. Paths are text as in the configuration.
pub trait Machine {
    /// The environment of this process, in its order, each variable once.
    fn environment(&self) -> Environment;
    /// The absolute path of the current directory.
    fn current_directory(&self) -> String;
    /// Whether something is at the path, links followed.
    fn exists(&self, path: &str) -> bool;
    /// The content of a file.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    fn read_file(&self, path: &str) -> std::io::Result<Vec<u8>>;
    /// The names in a directory, sorted; none if it cannot be read.
    fn list(&self, directory: &str) -> Vec<String>;
    /// The paths that match a shell pattern, sorted. `*` does not match a leading dot.
    fn glob(&self, pattern: &str) -> Vec<String>;
    /// The user of that name.
    fn user_by_name(&self, name: &str) -> Option<User>;
    /// The user of that id.
    fn user_by_id(&self, uid: u32) -> Option<User>;
    /// The id of the group of that name.
    fn group_by_name(&self, name: &str) -> Option<u32>;
    /// Whether a group of that id exists.
    fn group_exists(&self, gid: u32) -> bool;
}

/// Variables by which minder's own processes know what they are. The user has not set them, so no worker may see them.
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
    fn environment(&self) -> Environment {
        std::env::vars_os()
            .map(|(name, value)| (decode(name.as_bytes()), decode(value.as_bytes())))
            .filter(|(name, _)| !OURS.contains(&name.as_str()))
            .collect()
    }

    fn current_directory(&self) -> String {
        std::env::current_dir().map_or_else(|_| "/".to_owned(), |path| decode(path.as_os_str().as_bytes()))
    }

    fn exists(&self, text: &str) -> bool {
        path(text).is_some_and(|path| path.exists())
    }

    fn read_file(&self, text: &str) -> std::io::Result<Vec<u8>> {
        std::fs::read(path(text).ok_or(std::io::ErrorKind::NotFound)?)
    }

    fn list(&self, directory: &str) -> Vec<String> {
        let Some(entries) = path(directory).and_then(|path| std::fs::read_dir(path).ok()) else {
            return Vec::new();
        };
        let mut names: Vec<String> =
            entries.filter_map(Result::ok).map(|entry| decode(entry.file_name().as_bytes())).collect();
        names.sort();
        names
    }

    fn glob(&self, pattern: &str) -> Vec<String> {
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let Ok(paths) = glob::glob_with(pattern, options) else { return Vec::new() };
        paths.filter_map(Result::ok).map(|path| decode(path.as_os_str().as_bytes())).collect()
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
}

fn user(user: unistd::User) -> User {
    User { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }
}
