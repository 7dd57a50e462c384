//! What a mind that runs the file is made of, from a snapshot: so that the first mind and one that follows a killed one are
//! made alike.
//!
//! ```text
//!  front: Origin ─read─▶ Draft (problems, snapshot) ──▶ keeper ──▶ mind: Station ─▶ Plan, Reader, Observer
//! ```

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use minder_config::{Paint, Problem, Sources, render_text};
use minder_core::control::{Observer, Reader, Reading};
use minder_core::plan::{Echo, JournalSpec, Plan};
use minder_core::program::{LogTarget, Rotation};
use minder_core::time::Now;
use serde_json::{Value, json};

use crate::journal::{self, Journal};
use crate::launcher;
use crate::lower;
use crate::settings::{self, Directories, Settings};

/// The form of snapshots. Another one is not understood.
const SNAPSHOT_VERSION: u64 = 1;

/// Where a plan comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The file, from the root.
    file: PathBuf,
    /// Where programs keep what the file gives no place for.
    directories: Directories,
    /// Where programs are looked for.
    search: Vec<String>,
}

/// A reading of the file, before it is known whether it can be used.
#[derive(Clone, Debug)]
pub struct Draft {
    /// For the places in `problems`.
    pub sources: Sources,
    /// All that is wrong, in the order of lines; warnings too.
    pub problems: Vec<Problem>,
    /// What should run, and from what it can be had again. `None`: there is an error among the problems.
    pub reading: Option<Reading>,
}

impl Origin {
    /// The file, by a caller of this name: programs are looked for in `PATH`, then beside the caller.
    #[must_use]
    pub fn new(file: &Path, called: Option<&OsString>) -> Self {
        let path = launcher::search_path(called);
        Self {
            file: std::path::absolute(file).unwrap_or_else(|_| file.to_owned()),
            directories: Directories::default(),
            search: path.to_string_lossy().split(':').map(str::to_owned).collect(),
        }
    }

    /// Reads the file. One that cannot be read at all is an error here, since there would be nothing to run.
    #[must_use]
    pub fn read(&self) -> Draft {
        let name = self.file.display().to_string();
        match settings::load(&self.file) {
            Ok(bytes) => self.understand(&name, &bytes),
            Err(error) => {
                let problems = vec![Problem::error(format!("cannot read {name}: {error}"))];
                Draft { sources: Sources::new(), problems, reading: None }
            }
        }
    }

    fn understand(&self, name: &str, bytes: &[u8]) -> Draft {
        let settings::Reading { sources, settings, mut problems } =
            settings::read(name, bytes, &self.directories);
        let refused = problems.iter().any(|problem| problem.severity == minder_config::Severity::Error);
        if refused {
            return Draft { sources, problems, reading: None };
        }
        match self.plan(&settings) {
            Ok(plan) => {
                Draft { sources, problems, reading: Some(Reading { plan, snapshot: self.pack(bytes) }) }
            }
            Err(text) => {
                problems.push(Problem::error(text));
                Draft { sources, problems, reading: None }
            }
        }
    }

    fn plan(&self, settings: &Settings) -> Result<Plan, String> {
        lower::plan(settings, &self.search).map_err(|problem| format!("{problem:?}"))
    }

    /// One line of JSON, then the file as it was.
    fn pack(&self, bytes: &[u8]) -> Vec<u8> {
        let head = json!({
            "version": SNAPSHOT_VERSION,
            "file": self.file.to_string_lossy(),
            "pidfiles": self.directories.pidfiles,
            "logfiles": self.directories.logfiles,
            "search": self.search,
        });
        let mut snapshot = head.to_string().into_bytes();
        snapshot.push(b'\n');
        snapshot.extend(bytes);
        snapshot
    }

    fn unpack(snapshot: &[u8]) -> Option<(Self, &[u8])> {
        let end = snapshot.iter().position(|&byte| byte == b'\n')?;
        let head: Value = serde_json::from_slice(&snapshot[..end]).ok()?;
        if head["version"].as_u64() != Some(SNAPSHOT_VERSION) {
            return None;
        }
        let text = |name: &str| head[name].as_str().map(str::to_owned);
        let search = head["search"].as_array()?.iter().map(|directory| directory.as_str().map(str::to_owned));
        let origin = Self {
            file: PathBuf::from(text("file")?),
            directories: Directories { pidfiles: text("pidfiles")?, logfiles: text("logfiles")? },
            search: search.collect::<Option<_>>()?,
        };
        Some((origin, &snapshot[end + 1..]))
    }

    fn restore(snapshot: &[u8]) -> Result<(Self, Plan), String> {
        let (origin, bytes) = Self::unpack(snapshot).ok_or("not a snapshot of a kegbot_master file")?;
        let draft = origin.understand(&origin.file.display().to_string(), bytes);
        let plan = accepted(draft)?.plan;
        Ok((origin, plan))
    }
}

/// The reading, or the first error as a text.
fn accepted(draft: Draft) -> Result<Reading, String> {
    draft.reading.ok_or_else(|| {
        let error = draft.problems.iter().find(|problem| problem.severity == minder_config::Severity::Error);
        error.map_or_else(String::new, |problem| {
            render_text(problem, &draft.sources, Paint::Plain).trim_end().to_owned()
        })
    })
}

/// A running file: what its mind needs beside the plan.
#[derive(Clone, Debug)]
pub struct Station {
    origin: Origin,
}

impl Station {
    /// From the snapshot of the last reading, and what should run by it.
    ///
    /// # Errors
    /// Why the snapshot cannot be used.
    pub fn read(snapshot: &[u8]) -> Result<(Self, Plan), String> {
        let (origin, plan) = Origin::restore(snapshot)?;
        Ok((Self { origin }, plan))
    }

    /// Reads the file again.
    #[must_use]
    pub fn reader(&self) -> Box<dyn Reader> {
        Box::new(Rereader { origin: self.origin.clone() })
    }

    /// minder's own log: lines on its standard output.
    #[must_use]
    pub fn journal(&self) -> JournalSpec {
        JournalSpec { log: LogTarget::Nowhere, rotation: Rotation::Never, echo: Echo::Stdout, syslog: None }
    }

    /// Who listens in the mind's loop.
    #[must_use]
    pub fn observers(&self) -> Vec<Box<dyn Observer>> {
        vec![Box::new(Journal::here())]
    }

    /// The first line of the log. `lives` is how many minds were there before this one.
    #[must_use]
    pub fn opening_line(&self, now: Now, lives: u32) -> Vec<u8> {
        let journal = Journal::here();
        match lives {
            0 => journal.info(now, &format!("Running the apps of {}", self.origin.file.display())),
            _ => journal.line(
                now,
                journal::Weight::Warning,
                &format!("the mind was replaced (the {lives}. time); programs were not touched"),
            ),
        }
    }
}

/// Reads the same file again for the mind.
struct Rereader {
    origin: Origin,
}

impl Reader for Rereader {
    fn reread(&mut self) -> Result<Reading, String> {
        accepted(self.origin.read())
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Plan, String> {
        Ok(Origin::restore(snapshot)?.1)
    }
}
