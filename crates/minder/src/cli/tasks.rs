//! The tasks of a configuration, on the command line of every command that asks about them: where their state is, which
//! agenda holds, and the queue.

use std::future::Future;
use std::path::{Path, PathBuf};

use clap::Args;
use minder_core::agenda::{Agenda, TaskSpec};
use minder_core::ids::TaskName;
use minder_core::time::WallTime;
use minder_tasks::agenda_file::{self, AgendaFileError};
use minder_tasks::queue::{Queue, QueueError};
use minder_tasks::run::{Run, RunId, RunState};
use minder_tasks::state_dir::StateDir;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::ended::{Complaint, Ended, Form};
use super::terminal::Colour;

/// Where a configuration is looked for.
const FILE: &str = "minder.toml";

/// How much of a run's id a person must write.
const ID_CHARACTERS_MIN: usize = 4;

/// Whose tasks.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Whose {
    /// The configuration whose tasks are meant. Without this and without --state it is `minder.toml`.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The directory in which their state is, instead of a configuration.
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "config")]
    state: Option<PathBuf>,
}

/// Where the state of a configuration's tasks is: beside the file, in `.minder`.
pub(crate) fn state_of(file: &Path) -> PathBuf {
    file.parent().unwrap_or(Path::new("")).join(".minder")
}

/// Tasks that can be asked about.
#[derive(Debug)]
pub(crate) struct Tasks {
    pub(crate) state: StateDir,
    /// Of the agenda that holds.
    pub(crate) hash: String,
    pub(crate) agenda: Agenda,
    pub(crate) queue: Queue,
    pub(crate) form: Form,
    runtime: Runtime,
    options: String,
    server: String,
}

impl Whose {
    /// Opens their queue.
    pub(crate) fn tasks(&self, form: Form) -> Result<Tasks, Complaint> {
        self.open(form).map_err(|complaint| complaint.in_form(form))
    }

    fn open(&self, form: Form) -> Result<Tasks, Complaint> {
        let file = self.config.clone().unwrap_or_else(|| FILE.into());
        let path = self.state.clone().unwrap_or_else(|| state_of(&file));
        let state = StateDir::new(&path);
        let (hash, agenda) = agenda_file::newest(&state).map_err(|error| match error {
            AgendaFileError::None(_) => {
                Complaint::failed(format!("no tasks are known in {}", path.display())).with_hint(match &self
                    .state
                {
                    Some(_) => "say which directory has the state of tasks that have run".to_owned(),
                    None => format!(
                        "start them with `minder run {}`, or say where they are: -c FILE",
                        file.display()
                    ),
                })
            }
            error => Complaint::failed(error.to_string()),
        })?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime =
            runtime.map_err(|error| Complaint::failed(format!("cannot make an event loop: {error}")))?;
        let queue = runtime.block_on(Queue::open(&state, &agenda)).map_err(complaint_of)?;
        let server = self.config.as_ref().map(|file| format!(" -c {}", file.display())).unwrap_or_default();
        let options = match &self.state {
            Some(state) => format!(" --state {}", state.display()),
            None => server.clone(),
        };
        Ok(Tasks { state, hash, agenda, queue, form, runtime, options, server })
    }
}

impl Tasks {
    /// Waits for an answer of the queue.
    pub(crate) fn ask<T>(&self, answer: impl Future<Output = Result<T, QueueError>>) -> Result<T, Complaint> {
        self.runtime.block_on(answer).map_err(|error| self.complaint(error))
    }

    /// Waits for anything.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// The options with which commands that ask a server ask the one of these tasks, to be shown in advice.
    pub(crate) fn server_options(&self) -> &str {
        &self.server
    }

    pub(crate) fn complaint(&self, error: impl Into<QueueError>) -> Complaint {
        complaint_of(error.into()).in_form(self.form)
    }

    /// The task of this name, or what there is instead.
    pub(crate) fn task(&self, name: &str) -> Result<&TaskSpec, Complaint> {
        self.agenda.task(&TaskName::new(name)).ok_or_else(|| {
            let names: Vec<&str> = self.agenda.tasks().iter().map(|task| task.name.as_str()).collect();
            let known = if names.is_empty() {
                "there are none".to_owned()
            } else {
                format!("known are {}", names.join(", "))
            };
            Complaint::failed(format!("no task `{name}`")).with_hint(known).in_form(self.form)
        })
    }

    /// The one run whose id is this, or ends so.
    pub(crate) fn run_id(&self, text: &str) -> Result<RunId, Complaint> {
        let misused = |message: String| Err(Complaint::new(Ended::Misused, message).in_form(self.form));
        if text.len() < ID_CHARACTERS_MIN {
            return misused(format!(
                "`{text}` is too little of a run's id: write {ID_CHARACTERS_MIN} characters or more"
            ));
        }
        let here = self.queue.store().ids_ending(text).map_err(|error| self.complaint(error))?;
        let open = self.ask(self.queue.open_runs())?.into_iter().map(|run| run.id);
        let mut found: Vec<RunId> = open.filter(|id| id.as_str().ends_with(text)).chain(here).collect();
        found.sort();
        found.dedup();
        match found.as_slice() {
            [id] => Ok(id.clone()),
            [] => Err(Complaint::failed(format!("no run `{text}`"))
                .with_hint(format!("`minder task history{}` has their ids", self.options))
                .in_form(self.form)),
            several => misused(format!("`{text}` is the end of {} ids: write more of it", several.len())),
        }
    }
}

fn complaint_of(error: QueueError) -> Complaint {
    match error {
        QueueError::JetStream(error) => Complaint::new(Ended::Unreachable, error.to_string()),
        QueueError::Store(error) => Complaint::failed(error.to_string()),
    }
}

/// A run as JSON.
pub(crate) fn json_of(run: &Run) -> Value {
    let time = |time: Option<WallTime>| time.map(seconds);
    json!({
        "run": run.id.as_str(),
        "attempt": run.attempt,
        "task": run.task.as_str(),
        "worker": run.worker.as_str(),
        "state": run.state.word(),
        "due": seconds(run.due),
        "asked": seconds(run.asked),
        "not_before": seconds(run.not_before),
        "began": time(run.begin),
        "ended": time(run.end),
        "duration": run.duration.map(|duration| duration.as_secs_f64()),
        "deliveries": run.deliveries,
        "pid": run.pid,
        "exit": run.exit.map(|exit| exit.to_string()),
        "reason": run.reason,
        "tail": run.tail,
        "input": run.input.as_ref().map(minder_tasks::run::Record::value),
        "output": run.output.as_ref().map(minder_tasks::run::Record::value),
        "after": run.after.as_ref().map(RunId::as_str),
    })
}

/// Seconds since 1970, to the microsecond.
pub(crate) fn seconds(time: WallTime) -> f64 {
    // Exact for every time of this century: 2⁵³ microseconds are 285 years.
    #[allow(clippy::cast_precision_loss, reason = "see above")]
    let microseconds = time.0 as f64;
    microseconds / 1e6
}

/// A time as a person of this machine writes it.
pub(crate) fn clock(time: WallTime) -> String {
    jiff::Timestamp::from_microsecond(time.0)
        .map(|time| time.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}

/// The colour of a state, which repeats what its word says.
pub(crate) fn colour(state: RunState) -> Colour {
    match state {
        RunState::Done => Colour::Green,
        RunState::Claimed => Colour::Cyan,
        RunState::Failed | RunState::TimedOut => Colour::Red,
        RunState::Dropped | RunState::Skipped | RunState::Cancelled => Colour::Yellow,
        RunState::Waiting => Colour::Dim,
    }
}
