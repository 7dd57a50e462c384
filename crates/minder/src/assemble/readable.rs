//! Whether this program could go on with what another minder has kept: tried on the very files, before anything is replaced.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use minder_core::control::Reader;
use minder_keeper::TABLE_VERSION;
use minder_runtime::faces::MEMO_PREFIX;
use minder_runtime::ledger::{self, Ledger};
use minder_runtime::memo::{self, Memo};
use minder_runtime::roster::{self, READING_PREFIX, Roster};
use minder_runtime::shelf::Shelf;

use super::{FIRST_READING, KIND, Kind};

/// Why it could not.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The keeper would hand over a table of another version.
    Table {
        theirs: u32,
    },
    /// This is not there.
    Missing(&'static str),
    /// This cannot be understood; with the reason, if there is more than that.
    Garbled(String, String),
    Io(io::Error),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table { theirs } => {
                write!(
                    f,
                    "it hands over by version {theirs}, and this program takes over by version {TABLE_VERSION}"
                )
            }
            Self::Missing(name) => write!(f, "it has kept no {name}"),
            Self::Garbled(name, reason) if reason.is_empty() => {
                write!(f, "this program cannot read its {name}")
            }
            Self::Garbled(name, reason) => write!(f, "this program cannot read its {name}: {reason}"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl From<io::Error> for Unreadable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Tries to read everything that lies in a directory. `table` is the version of the table by which its keeper hands over.
pub(crate) fn try_all(directory: &Path, table: u32) -> Result<(), Unreadable> {
    if table != TABLE_VERSION {
        return Err(Unreadable::Table { theirs: table });
    }
    let files = Shelf::look_into(directory)?.files()?;
    let file = |name: &'static str| find(&files, name).ok_or(Unreadable::Missing(name));
    let kind = memo::contents(file(KIND)?.as_fd())?;
    let kind = std::str::from_utf8(&kind).ok().and_then(Kind::of_word);
    let kind = kind.ok_or_else(|| Unreadable::Garbled(KIND.to_owned(), String::new()))?;
    let first = memo::contents(file(FIRST_READING)?.as_fd())?;
    let reader =
        reader(kind, &first).map_err(|reason| Unreadable::Garbled(FIRST_READING.to_owned(), reason))?;
    for (name, fd) in files.iter().filter(|(name, _)| name.starts_with(READING_PREFIX)) {
        let snapshot = memo::contents(fd.as_fd())?;
        reader.restore(&snapshot).map_err(|error| Unreadable::Garbled(name.clone(), error))?;
    }
    let (_, kept) = Roster::recalled(file(roster::NAME)?.try_clone()?, BTreeSet::new())?;
    let kept = kept.ok_or_else(|| Unreadable::Garbled(roster::NAME.to_owned(), String::new()))?;
    let ledger = Ledger::recalled(file(ledger::NAME)?.try_clone()?);
    if let Some(id) = kept.groups.iter().flat_map(|(_, _, ids)| ids).find(|id| ledger.read(**id).is_none()) {
        return Err(Unreadable::Garbled(ledger::NAME.to_owned(), format!("slot {}", id.0)));
    }
    for (_, fd) in files.iter().filter(|(name, _)| name.starts_with(MEMO_PREFIX)) {
        Memo::recalled(fd.try_clone()?)?;
    }
    Ok(())
}

fn find<'a>(files: &'a [(String, OwnedFd)], name: &str) -> Option<&'a OwnedFd> {
    files.iter().find(|(known, _)| known == name).map(|(_, fd)| fd)
}

fn reader(kind: Kind, first: &[u8]) -> Result<Box<dyn Reader>, String> {
    match kind {
        Kind::Supervisord => {
            let station = minder_supervisord::daemon::station::Station::read(first, first);
            station.map(|(station, _)| station.reader()).map_err(|error| error.to_string())
        }
        Kind::Circusd => {
            let station = minder_circusd::daemon::station::Station::read(first, None, 1, std::process::id());
            station.map(|station| station.reader()).map_err(|error| error.to_string())
        }
        Kind::KegbotMaster => {
            let station = minder_kegbot_master::station::Station::read(first);
            station.map(|(station, _)| station.reader()).map_err(|error| error.to_string())
        }
        Kind::Native => super::native::reader(first),
    }
}
