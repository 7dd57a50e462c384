//! `minder.toml`: minder's own format.
//!
//! ```text
//!  bytes ─toml─▶ tables with spans ─table, vocabulary─▶ typed values ─lower─▶ Native: Plan, sockets, Agenda, DeploymentSpec
//!                                        │                                      ▲
//!                                        ├─▶ reference.rs, schema.rs            └── write.rs ◀─ a Plan of any format
//!                                        └─▶ hints for words that are not known
//! ```
//!
//! In reading order: [`vocabulary`] is all there may be ([`bounds`] its limits); `table` holds a file against it; `lower` says what it means, a file for
//! each kind of section; [`write`](mod@write) is the way back; [`reference`](mod@reference) and [`schema`] tell people and editors.
//!
//! Invariants: a reading is a function of bytes, the file's path and what [`Surroundings`] answers; every problem is told in one
//! reading; no bytes make it panic.

pub mod bounds;
mod limits;
mod lower;
pub mod reference;
pub mod schema;
mod table;
pub mod vocabulary;
mod words;
pub mod write;

pub use bounds::ServerBounds;
pub(crate) use words::{size, size_text};

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minder_core::agenda::Agenda;
use minder_core::deployment::DeploymentSpec;
use minder_core::plan::{JournalSpec, Plan};
use minder_core::program::Identity;
use minder_core::socket::SocketSpec;
use std::sync::Arc;
use toml::de::DeTable;

use crate::problem::{Problem, Severity};
use crate::source::{FileId, Sources, Span};

/// What a file says.
#[derive(Clone, PartialEq, Debug)]
pub struct Native {
    /// What should run all the time.
    pub plan: Plan,
    /// The sockets that programs inherit.
    pub sockets: Vec<Arc<SocketSpec>>,
    /// What is due at times.
    pub agenda: Agenda,
    /// Who puts in what is due.
    pub beat: Beat,
    /// What a deployment needs.
    pub deployment: DeploymentSpec,
    /// What a deployment is called when nobody says otherwise.
    pub deployment_name: Option<String>,
    /// minder itself.
    pub minder: MinderSettings,
}

/// Who puts in what is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Beat {
    /// minder, by a program of its own.
    #[default]
    Here,
    /// A process that somebody else runs.
    Elsewhere,
}

/// What minder itself is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MinderSettings {
    /// The directory for what outlives a restart.
    pub state: PathBuf,
    /// The directory of logs.
    pub logs: PathBuf,
    /// What it calls itself.
    pub name: String,
    /// Its own log.
    pub journal: JournalSpec,
    /// How much that says: `critical` to `trace`.
    pub log_level: String,
    /// The socket on which it answers.
    pub socket: PathBuf,
    /// Who may connect to it.
    pub socket_mode: u32,
    /// The file with its process id.
    pub pidfile: PathBuf,
    /// What whoever asks may take.
    pub bounds: ServerBounds,
}

/// What a reading asks beside the file.
pub trait Surroundings {
    /// The variables that `${NAME}` stands for, and whose `PATH` programs are looked for in.
    fn environment(&self) -> &BTreeMap<String, String>;
    /// The rights of a user, by name or number. `None`: there is none.
    fn user(&self, name: &str) -> Option<Identity>;
    /// The number of a group, by name or number. `None`: there is none.
    fn group(&self, name: &str) -> Option<u32>;
    /// Whose rights minder has.
    fn own_uid(&self) -> u32;
}

/// Reads a file that was added to `sources`. `path` is where it is, from the root. With an error among the problems there is
/// nothing that could run.
#[must_use]
pub fn read(
    sources: &Sources,
    file: FileId,
    path: &Path,
    surroundings: &dyn Surroundings,
) -> (Option<Native>, Vec<Problem>) {
    let mut problems = Vec::new();
    let bytes = sources.bytes(file);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let at = Span { file, start: error.valid_up_to(), end: error.valid_up_to() + 1 };
            problems.push(Problem::error("this is not UTF-8, which TOML is written in").with_place(Some(at)));
            return (None, problems);
        }
    };
    let (root, errors) = DeTable::parse_recoverable(text);
    problems.extend(errors.iter().map(|error| {
        let range = error.span().unwrap_or(0..0);
        let at = Span { file, start: range.start, end: range.end };
        Problem::error(error.message().trim().trim_end_matches('.').replace('\n', ", ")).with_place(Some(at))
    }));
    let native = lower::lower(root.get_ref(), text, file, path, surroundings, &mut problems);
    problems.sort_by_key(|problem| problem.at.map_or(0, |at| at.start));
    let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    (native.filter(|_| !refused), problems)
}
