//! The process that a worker keeps and tells of runs by lines of JSON.
//!
//! ```text
//! > {"run":"0193…","task":"recording_task","attempt":1,"due":"2027-03-01T22:00:00Z","input":null}
//! < {"run":"0193…","output":{"id":"…","path":"…"}}
//! ```
//!
//! It ends when nothing comes any more. It is asked to end at once by SIGTERM, which it does not catch: whatever it is at, its
//! databases have it whole or not at all, and a file has its name when it is whole.

use std::io::{BufRead, Read, Write};
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::log::Log;
use crate::machine::ThisMachine;
use crate::program::{ConfigurationError, Program, ProgramKind, Surroundings, TestProgram};
use crate::station::{Company, Station, StationError};
use crate::tasks::{self, TaskError};

/// A line that is longer is no run.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A run that is asked for.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Run {
    /// Its id; the same when it is done again.
    pub run: String,
    /// What is to be done.
    pub task: String,
    /// What with.
    #[serde(default)]
    pub input: Value,
}

/// Why a resident has ended before it was asked to.
#[derive(Debug)]
pub enum ResidentError {
    /// Its configuration cannot be used.
    Configuration(ConfigurationError),
    /// It has nothing to work with.
    Station(StationError),
    /// It cannot hear or be heard.
    Pipe(std::io::Error),
    /// What it was told is no run.
    Line(serde_json::Error),
}

impl std::fmt::Display for ResidentError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Configuration(error) => write!(f, "{error}"),
            Self::Station(error) => write!(f, "{error}"),
            Self::Pipe(error) => write!(f, "the worker cannot be heard: {error}"),
            Self::Line(error) => write!(f, "a line is no run: {error}"),
        }
    }
}

impl std::error::Error for ResidentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Configuration(error) => Some(error),
            Self::Station(error) => Some(error),
            Self::Pipe(error) => Some(error),
            Self::Line(error) => Some(error),
        }
    }
}

/// What does runs.
pub enum Resident {
    /// The program `test`.
    Test(TestProgram, Log),
    /// Any other.
    Recorder(Box<Station>),
}

/// Reads a configuration and does runs until standard input ends.
///
/// # Errors
/// When it cannot begin, or cannot go on.
pub fn main(kind: ProgramKind, configuration: &Path) -> Result<(), ResidentError> {
    let mut resident = Resident::open(kind, configuration)?;
    resident.serve(&mut std::io::stdin().lock(), &mut std::io::stdout().lock())
}

impl Resident {
    /// Reads a configuration and makes what it needs.
    ///
    /// # Errors
    /// When the configuration cannot be used, or something cannot be made.
    pub fn open(kind: ProgramKind, configuration: &Path) -> Result<Self, ResidentError> {
        let program = Program::read(kind, configuration, &Surroundings::of_this_machine())
            .map_err(ResidentError::Configuration)?;
        Self::of(kind, program).map_err(ResidentError::Station)
    }

    /// Makes what a program needs.
    ///
    /// # Errors
    /// When something cannot be made.
    pub fn of(kind: ProgramKind, program: Program) -> Result<Self, StationError> {
        match program {
            Program::Test(program) => Ok(Self::Test(program, Log::of(kind.class()))),
            Program::Recorder(program) => {
                Station::open(*program, Arc::new(ThisMachine::look())).map(|it| Self::Recorder(Box::new(it)))
            }
        }
    }

    /// The same in this company.
    #[must_use]
    pub fn in_company(self, company: Company) -> Self {
        match self {
            Self::Test(..) => self,
            Self::Recorder(station) => Self::Recorder(Box::new(station.in_company(company))),
        }
    }

    /// Does one run after another and answers each, until there are no more lines.
    ///
    /// # Errors
    /// When a line is no run, or nobody hears the answer.
    pub fn serve(&mut self, lines: &mut impl BufRead, answers: &mut impl Write) -> Result<(), ResidentError> {
        loop {
            let mut line = String::new();
            let mut bounded = (&mut *lines).take(LINE_BYTES_MAX);
            if bounded.read_line(&mut line).map_err(ResidentError::Pipe)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                continue;
            }
            let run: Run = serde_json::from_str(&line).map_err(ResidentError::Line)?;
            let answer = match self.run(&run) {
                Ok(output) => json!({"run": run.run, "output": output}),
                Err(error) => json!({"run": run.run, "error": error.to_string()}),
            };
            writeln!(answers, "{answer}").and_then(|()| answers.flush()).map_err(ResidentError::Pipe)?;
        }
    }

    /// Does a run.
    ///
    /// # Errors
    /// When it failed.
    pub fn run(&mut self, run: &Run) -> Result<Value, TaskError> {
        match self {
            Self::Test(program, log) if run.task == "test_task" => {
                log.info("test", format_args!("Configuration: name={}", program.name));
                log.info("test", "Task executed");
                Ok(Value::Null)
            }
            Self::Test(..) => Err(TaskError::Unknown(run.task.clone())),
            Self::Recorder(station) => {
                let id = Uuid::parse_str(&run.run)
                    .unwrap_or_else(|_| Uuid::new_v5(&Uuid::NAMESPACE_OID, run.run.as_bytes()));
                let done = tasks::run(station, &run.task, id, &run.input);
                done.inspect_err(|error| station.log.error(&run.task, error))
            }
        }
    }
}
