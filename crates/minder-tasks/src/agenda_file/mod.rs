//! The agenda as a file, which the beat and the workers read.
//!
//! It is named after its content, so that a command line that names it says all that a program of it does, and a reload
//! restarts those whose agenda is another one.

mod from_wire;
mod to_wire;
mod wire;

use std::path::PathBuf;
use std::{fmt, io};

use minder_core::agenda::{Agenda, AgendaProblem};

use crate::state_dir::{self, StateDir};

/// How many agendas stay: a worker that is restarted while another one is accepted may still ask for the one before.
const KEPT: usize = 8;

/// Why an agenda could not be read or written.
#[derive(Debug)]
pub enum AgendaFileError {
    /// The system refused.
    Io(PathBuf, io::Error),
    /// No agenda has been accepted here.
    None(PathBuf),
    /// It is no JSON of ours.
    Text(PathBuf, serde_json::Error),
    /// It was written by another version of minder: which it says, and which we read.
    Version(PathBuf, u64),
    /// Its content is not what its name says.
    Changed(PathBuf),
    /// Its tasks and workers do not fit together.
    Problems(PathBuf, Vec<AgendaProblem>),
}

impl fmt::Display for AgendaFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::None(path) => write!(f, "{}: no tasks have been accepted here yet", path.display()),
            Self::Text(path, error) => write!(f, "{}: this is no agenda: {error}", path.display()),
            Self::Version(path, found) => write!(
                f,
                "{}: this agenda is of version {found}, expected {}; it was written by another minder",
                path.display(),
                wire::VERSION
            ),
            Self::Changed(path) => {
                write!(f, "{}: this agenda was changed after it was written", path.display())
            }
            Self::Problems(path, problems) => {
                write!(f, "{}: this agenda does not fit together: {problems:?}", path.display())
            }
        }
    }
}

impl std::error::Error for AgendaFileError {}

/// Writes an agenda, and says that it holds. Gives its hash.
///
/// # Errors
/// When the system refuses; then the agenda that held before still does.
pub fn accept(state: &StateDir, agenda: &Agenda) -> Result<String, AgendaFileError> {
    let failed = |path: PathBuf| move |error| AgendaFileError::Io(path, error);
    state.make().map_err(failed(state.path().to_owned()))?;
    let text = to_json(agenda);
    let hash = hash_of(&text);
    let path = state.agenda(&hash);
    if std::fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
        state_dir::write_whole(&path, text.as_bytes()).map_err(failed(path))?;
    }
    let pointer = state.agenda_pointer();
    state_dir::write_whole(&pointer, format!("{hash}\n").as_bytes()).map_err(failed(pointer))?;
    forget_old(state, &hash);
    Ok(hash)
}

/// The hash that an agenda is named by: 16 hexadecimal digits.
pub fn hash(agenda: &Agenda) -> String {
    hash_of(&to_json(agenda))
}

/// Reads the agenda of this hash.
///
/// # Errors
/// When it is not there, or is not what it says.
pub fn read(state: &StateDir, hash: &str) -> Result<Agenda, AgendaFileError> {
    let path = state.agenda(hash);
    let text = std::fs::read_to_string(&path).map_err(|error| AgendaFileError::Io(path.clone(), error))?;
    if hash_of(&text) != hash {
        return Err(AgendaFileError::Changed(path));
    }
    from_json(&text, &path)
}

/// Reads the agenda that holds; gives its hash too.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn newest(state: &StateDir) -> Result<(String, Agenda), AgendaFileError> {
    let pointer = state.agenda_pointer();
    let hash = match std::fs::read_to_string(&pointer) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(AgendaFileError::None(state.path().to_owned()));
        }
        Err(error) => return Err(AgendaFileError::Io(pointer, error)),
    };
    Ok((hash.clone(), read(state, &hash)?))
}

fn to_json(agenda: &Agenda) -> String {
    let wire = to_wire::agenda(agenda);
    let mut text = serde_json::to_string_pretty(&wire).unwrap_or_default();
    text.push('\n');
    text
}

fn from_json(text: &str, path: &std::path::Path) -> Result<Agenda, AgendaFileError> {
    let misread = |error| AgendaFileError::Text(path.to_owned(), error);
    let version = serde_json::from_str::<wire::Versioned>(text).map_err(misread)?.version;
    if version != wire::VERSION {
        return Err(AgendaFileError::Version(path.to_owned(), version));
    }
    let wire: wire::Agenda = serde_json::from_str(text).map_err(misread)?;
    from_wire::agenda(wire).map_err(|problems| AgendaFileError::Problems(path.to_owned(), problems))
}

fn hash_of(text: &str) -> String {
    let mut hash = sha1_smol::Sha1::from(text).digest().to_string();
    hash.truncate(16);
    hash
}

/// A file that stays too long does no harm, so nothing is said when one does not go.
fn forget_old(state: &StateDir, holds: &str) {
    let Ok(entries) = std::fs::read_dir(state.path()) else { return };
    let current = state.agenda(holds);
    let mut old: Vec<_> = entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("agenda-") && name.ends_with(".json") && entry.path() != current
        })
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    old.sort();
    for (_, path) in old.iter().rev().skip(KEPT - 1) {
        let _ = std::fs::remove_file(path);
    }
}

#[cfg(test)]
mod tests;
