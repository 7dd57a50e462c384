//! `minder deployment status`: the service, the workers, the program and the deployment.

use std::path::PathBuf;

use clap::Args;
use minder_core::time::WallTime;
use minder_deployment::boot::{Boot, ServiceState};
use minder_deployment::checks::Report;
use minder_deployment::record::Deployment;
use minder_deployment::tail::last_lines;
use minder_tasks::state_dir::StateDir;
use minder_tasks::store::{self as worker, Store};
use serde_json::{Value, json};

use super::check;
use super::site::{Site, Which};
use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::terminal::{self, Colour, coloured};

/// How many lines of a log are shown when something has failed.
const LINES: usize = 5;

/// Show how the deployment is: its service, its workers, its program, its record.
///
/// Exit status 0 says that all is well.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

/// All four parts.
struct Standing {
    service: ServiceState,
    /// What the service said last, if it has failed.
    last_words: Vec<String>,
    workers: Workers,
    report: Report,
    record: Option<Deployment>,
}

/// What is known of the workers.
enum Workers {
    /// There are none, and need not be.
    None,
    /// minder does not run.
    Unavailable,
    /// Nobody knows, and why.
    Unknown(String),
    /// Each that is declared: its name, how it stands, its log.
    Known(Vec<(String, worker::Standing, PathBuf)>),
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let site = arguments.which.site(Form::of(arguments.json))?;
    let standing = Standing::of(&site)?;
    match site.form {
        Form::Text => terminal::say(&standing.text()),
        Form::Json => terminal::say(&format!("{:#}\n", standing.json())),
    }
    Ok(if standing.is_well() { Ended::Well } else { Ended::Failed })
}

impl Standing {
    fn of(site: &Site) -> Result<Self, Complaint> {
        let boot = site.boot();
        let record = site.book.active().map_err(|error| site.failed(error.to_string()))?;
        let service = service(site, &boot, record.is_some());
        let last_words = match service {
            ServiceState::Failed => last_words(site, &boot),
            _ => Vec::new(),
        };
        Ok(Self { service, last_words, workers: workers(site), report: site.check(&boot), record })
    }

    /// Whether the record and the service say the same.
    fn runs(&self) -> bool {
        self.record.is_some()
            && matches!(
                self.service,
                ServiceState::Active | ServiceState::Reloading | ServiceState::Activating
            )
    }

    fn is_well(&self) -> bool {
        let working = match &self.workers {
            Workers::None => true,
            Workers::Unavailable | Workers::Unknown(_) => false,
            Workers::Known(workers) => {
                workers.iter().all(|(_, standing, _)| *standing == worker::Standing::Works)
            }
        };
        self.runs() && working && self.report.is_well()
    }

    fn text(&self) -> String {
        let mut text = Text::default();
        text.line("service", self.service.word(), service_colour(self.service));
        for line in &self.last_words {
            text.note(line);
        }
        self.tell_workers(&mut text);
        if self.report.is_well() {
            text.line("program", "ok", Colour::Green);
        } else {
            text.line("program", "unhealthy", Colour::Red);
            for finding in self.report.failures() {
                text.note(&format!("{}: {}", finding.name, finding.complaint().unwrap_or_default()));
                if let Some(hint) = &finding.hint {
                    text.note(&format!("hint: {hint}"));
                }
            }
        }
        self.tell_deployment(&mut text);
        text.0
    }

    fn tell_workers(&self, text: &mut Text) {
        match &self.workers {
            Workers::None => text.line("workers", "none", Colour::Dim),
            Workers::Unavailable => text.line("workers", "unavailable", Colour::Yellow),
            Workers::Unknown(why) => {
                text.line("workers", "error", Colour::Red);
                text.note(why);
            }
            Workers::Known(workers) => {
                text.line("workers", "available", Colour::Green);
                for (name, standing, log) in workers {
                    let word = worker_word(*standing);
                    let colour = if word == "ok" { Colour::Green } else { Colour::Red };
                    text.note(&format!("{name}: {}", coloured(word, colour, terminal::paint())));
                    match standing {
                        worker::Standing::Works => {}
                        worker::Standing::Troubled(_) => {
                            text.note(&format!("hint: it died, and has begun again; see {}", log.display()));
                        }
                        worker::Standing::Absent => text.note(&format!("hint: see {}", log.display())),
                    }
                }
            }
        }
    }

    fn tell_deployment(&self, text: &mut Text) {
        let (word, colour) =
            if self.runs() { ("active", Colour::Green) } else { ("inactive", Colour::Yellow) };
        text.line("deployment", word, colour);
        let Some(record) = &self.record else {
            if self.service == ServiceState::Active {
                text.note("the service runs without a deployment");
                text.note("hint: begin one with `minder deployment start`");
            }
            return;
        };
        text.note(&format!("{} since {:.0}", record.name, record.started_on));
        if let (Some(latitude), Some(longitude)) = (record.place.latitude, record.place.longitude) {
            text.note(&format!("at {latitude}, {longitude}"));
        }
        if !self.runs() {
            text.note("it has begun and has not ended, but its service does not run");
            text.note("hint: `minder deployment stop`, then `minder deployment start`");
        }
    }

    fn json(&self) -> Value {
        let workers = match &self.workers {
            Workers::None => json!({ "state": "none" }),
            Workers::Unavailable => json!({ "state": "unavailable" }),
            Workers::Unknown(why) => json!({ "state": "error", "why": why }),
            Workers::Known(workers) => {
                let list: Vec<Value> = workers
                    .iter()
                    .map(|(name, standing, log)| {
                        json!({ "worker": name, "state": worker_word(*standing), "log": log })
                    })
                    .collect();
                json!({ "state": "available", "workers": list })
            }
        };
        let program = if self.report.is_well() { "ok" } else { "unhealthy" };
        json!({
            "well": self.is_well(),
            "service": { "state": self.service.word(), "last_words": self.last_words },
            "workers": workers,
            "program": { "state": program, "checks": check::json_of(&self.report) },
            "deployment": {
                "state": if self.runs() { "active" } else { "inactive" },
                "record": self.record.as_ref().map(Deployment::to_json),
            },
        })
    }
}

/// What the service does: as systemd says, or where there is none as the process says.
fn service(site: &Site, boot: &Boot, is_deployed: bool) -> ServiceState {
    let runs = site.daemon().pid().is_some();
    match boot.state(&site.unit).filter(|_| matches!(boot, Boot::Systemd(_))) {
        Some(state) => state,
        None if runs => ServiceState::Active,
        None if is_deployed => ServiceState::Failed,
        None => ServiceState::Inactive,
    }
}

fn last_words(site: &Site, boot: &Boot) -> Vec<String> {
    let mut words = boot.journal(&site.unit, LINES);
    let log = site.native.minder.logs.join("minder.log");
    if let Ok(lines) = last_lines(&log, LINES) {
        words.push(format!("{}:", log.display()));
        words.extend(lines);
    }
    words
}

fn workers(site: &Site) -> Workers {
    let declared = site.native.agenda.workers();
    if site.native.agenda.tasks().is_empty() {
        return Workers::None;
    }
    let state = StateDir::new(&site.native.minder.state);
    if site.daemon().pid().is_none() || !state.database().exists() {
        return Workers::Unavailable;
    }
    let rows = match Store::open(&state).and_then(|store| store.workers()) {
        Ok(rows) => rows,
        Err(error) => return Workers::Unknown(error.to_string()),
    };
    let now = WallTime(site.clock.now().as_microsecond());
    let of = |name: &minder_core::ids::WorkerName| {
        let row = rows.iter().find(|row| row.name == *name);
        let standing = row.map_or(worker::Standing::Absent, |row| row.standing(now));
        (name.as_str().to_owned(), standing, site.native.minder.logs.join(format!("{name}.log")))
    };
    Workers::Known(declared.iter().map(|worker| of(&worker.name)).collect())
}

fn worker_word(standing: worker::Standing) -> &'static str {
    match standing {
        worker::Standing::Works => "ok",
        worker::Standing::Troubled(_) | worker::Standing::Absent => "notok",
    }
}

fn service_colour(state: ServiceState) -> Colour {
    match state {
        ServiceState::Active => Colour::Green,
        ServiceState::Failed => Colour::Red,
        ServiceState::Inactive | ServiceState::Uninstalled => Colour::Yellow,
        ServiceState::Reloading
        | ServiceState::Activating
        | ServiceState::Deactivating
        | ServiceState::Unknown => Colour::Dim,
    }
}

/// Lines of a part and its state, with notes below.
#[derive(Default)]
struct Text(String);

impl Text {
    fn line(&mut self, part: &str, word: &str, colour: Colour) {
        self.0.push_str(&format!("{part:<12}{}\n", coloured(word, colour, terminal::paint())));
    }

    fn note(&mut self, text: &str) {
        self.0.push_str(&format!("{:<12}{text}\n", ""));
    }
}
