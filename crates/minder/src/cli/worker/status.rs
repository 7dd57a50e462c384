//! `minder worker status`.

use std::time::Duration;

use clap::Args;
use minder_core::agenda::WorkerSpec;
use minder_core::time::WallTime;
use minder_tasks::clock::wall;
use minder_tasks::run::{Run, RunState};
use minder_tasks::store::{Filter, Mode, Standing, WorkerRow};
use serde_json::json;

use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::programs::span_of;
use crate::cli::table::{Cell, Table};
use crate::cli::tasks::{Tasks, Whose, json_of, seconds};
use crate::cli::terminal::{self, Colour, coloured};

/// Show the workers: which of them work, on what, and how much waits for them.
///
/// Exit status 1 says that one of them does not run.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// A worker that the agenda declares, and how it stands.
struct Row<'a> {
    spec: &'a WorkerSpec,
    /// Its process, if that lives.
    process: Option<WorkerRow>,
    works_on: Vec<Run>,
    waiting: u32,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let tasks = arguments.whose.tasks(Form::of(arguments.json))?;
    let rows = rows(&tasks)?;
    match tasks.form {
        Form::Text => terminal::say(&text(&tasks, &rows)),
        Form::Json => {
            let list: Vec<_> = rows.iter().map(|row| row.json(&tasks)).collect();
            terminal::say(&format!("{:#}\n", json!({ "agenda": tasks.hash, "workers": list })));
        }
    }
    let all_well = rows.iter().all(|row| row.process.is_some());
    Ok(if all_well { Ended::Well } else { Ended::Failed })
}

fn rows(tasks: &Tasks) -> Result<Vec<Row<'_>>, Complaint> {
    let store = tasks.queue.store();
    let workers = store.workers().map_err(|error| tasks.complaint(error))?;
    let filter = Filter { states: vec![RunState::Claimed], ..Filter::default() };
    let works = store.runs(&filter).map_err(|error| tasks.complaint(error))?;
    let backlog = tasks.ask(tasks.queue.backlog(&tasks.agenda))?;
    let row = |spec| {
        let WorkerSpec { name, .. }: &WorkerSpec = spec;
        let process = workers.iter().find(|row| row.name == *name && row.process.is_alive()).cloned();
        let works_on = works.iter().filter(|run| run.worker == *name && process.is_some()).cloned().collect();
        let waiting = backlog.iter().filter(|entry| entry.worker == *name).map(|entry| entry.waiting).sum();
        Row { spec, process, works_on, waiting }
    };
    Ok(tasks.agenda.workers().iter().map(row).collect())
}

impl Row<'_> {
    fn word(&self) -> &'static str {
        if self.process.is_some() { "ok" } else { "notok" }
    }

    /// The command that shows what it wrote.
    fn log(&self, tasks: &Tasks) -> String {
        format!("minder logs{} workers:{}", tasks.server_options(), self.spec.name)
    }

    fn remark(&self, tasks: &Tasks) -> Option<&'static str> {
        let process = self.process.as_ref()?;
        match process.mode {
            Mode::Draining => Some("ends what it has begun"),
            Mode::Working if process.agenda != tasks.hash => Some("follows an older agenda"),
            Mode::Working if matches!(process.standing(wall()), Standing::Troubled(_)) => {
                Some("died, and has begun again")
            }
            Mode::Working => None,
        }
    }

    fn json(&self, tasks: &Tasks) -> serde_json::Value {
        let process = self.process.as_ref();
        json!({
            "worker": self.spec.name.as_str(),
            "state": self.word(),
            "pid": process.map(|row| row.process.pid),
            "since": process.map(|row| seconds(row.since)),
            "mode": process.map(|row| row.mode.word()),
            "agenda": process.map(|row| row.agenda.as_str()),
            "at_once": process.map(|row| row.at_once.get()),
            "waiting": self.waiting,
            "backlog": self.spec.backlog,
            "works_on": self.works_on.iter().map(json_of).collect::<Vec<_>>(),
            "remark": self.remark(tasks),
            "log": self.log(tasks),
        })
    }
}

fn text(tasks: &Tasks, rows: &[Row<'_>]) -> String {
    if rows.is_empty() {
        return "no workers\n".to_owned();
    }
    let paint = terminal::paint();
    let mut table = Table::with_heading(&["WORKER", "STATE", "PID", "UP", "BACKLOG", "WORKS ON", ""]);
    for row in rows {
        let process = row.process.as_ref();
        let work: Vec<String> = row.works_on.iter().map(|run| work(run, wall())).collect();
        table.push(vec![
            Cell::plain(row.spec.name.as_str()),
            Cell::painted(row.word(), if process.is_some() { Colour::Green } else { Colour::Red }),
            Cell::plain(process.map(|row| row.process.pid.to_string()).unwrap_or_default()),
            Cell::plain(process.map(|row| span_of(between(row.since, wall()))).unwrap_or_default()),
            Cell::plain(format!("{}/{}", row.waiting, row.spec.backlog)),
            Cell::plain(work.join(", ")),
            Cell::painted(row.remark(tasks).unwrap_or_default(), Colour::Dim),
        ]);
    }
    let mut text = table.render("", paint);
    for row in rows.iter().filter(|row| row.process.is_none()) {
        let hint = format!("worker {} does not run; `{}` shows its log", row.spec.name, row.log(tasks));
        text.push_str(&format!("{} {hint}\n", coloured("hint:", Colour::Cyan, paint)));
    }
    text
}

fn work(run: &Run, now: WallTime) -> String {
    let span = span_of(between(run.begin.unwrap_or(now), now));
    format!("{} {} {span}", run.task, run.id.short())
}

fn between(earlier: WallTime, later: WallTime) -> Duration {
    Duration::from_micros(u64::try_from(later.0.saturating_sub(earlier.0)).unwrap_or(0))
}
