//! `minder task history`.

use clap::Args;
use minder_tasks::run::{Run, RunState};
use minder_tasks::store::Filter;
use serde_json::json;

use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::table::{Cell, Table};
use crate::cli::tasks::{Tasks, Whose, clock, colour, json_of};
use crate::cli::terminal::{self, Colour, coloured};

/// Show runs that have ended, the last ones first.
///
/// With a queue of NATS these are the runs that were done on this machine.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Only this task.
    name: Option<String>,
    /// How many.
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 20)]
    limit: u32,
    /// Everything about the last attempt at one run: its id, or the end of that.
    #[arg(long, value_name = "RUN", conflicts_with_all = ["name", "limit"])]
    run: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let tasks = arguments.whose.tasks(Form::of(arguments.json))?;
    if let Some(text) = &arguments.run {
        return one(&tasks, text);
    }
    let task = match &arguments.name {
        Some(name) => Some(tasks.task(name)?.name.clone()),
        None => None,
    };
    let states = RunState::ALL.into_iter().filter(|state| state.has_ended()).collect();
    let filter = Filter { task, states, limit: Some(arguments.limit) };
    let runs = tasks.queue.store().runs(&filter).map_err(|error| tasks.complaint(error))?;
    match tasks.form {
        Form::Text if runs.is_empty() => terminal::say("nothing has ended yet\n"),
        Form::Text => terminal::say(&table(&runs).render("", terminal::paint())),
        Form::Json => {
            let runs: Vec<_> = runs.iter().map(json_of).collect();
            terminal::say(&format!("{:#}\n", json!({ "runs": runs })));
        }
    }
    Ok(Ended::Well)
}

fn table(runs: &[Run]) -> Table {
    let mut table = Table::with_heading(&["RUN", "TASK", "STATE", "ENDED", "TOOK", "ATTEMPT", "EXIT", ""]);
    for run in runs {
        table.push(vec![
            Cell::plain(run.id.short()),
            Cell::plain(run.task.as_str()),
            Cell::painted(run.state.word(), colour(run.state)),
            Cell::plain(run.end.map(clock).unwrap_or_default()),
            Cell::plain(run.duration.map(|took| format!("{took:.2?}")).unwrap_or_default()),
            Cell::plain(run.attempt.to_string()),
            Cell::plain(run.exit.map(|exit| exit.to_string()).unwrap_or_default()),
            Cell::plain(run.reason.clone().unwrap_or_default()),
        ]);
    }
    table
}

fn one(tasks: &Tasks, text: &str) -> Result<Ended, Complaint> {
    let id = tasks.run_id(text)?;
    let run = tasks.queue.store().run(&id).map_err(|error| tasks.complaint(error))?;
    let run = run.ok_or_else(|| {
        Complaint::failed(format!("run {id} is not on this machine, or has not begun")).in_form(tasks.form)
    })?;
    match tasks.form {
        Form::Json => terminal::say(&format!("{:#}\n", json_of(&run))),
        Form::Text => terminal::say(&story(&run)),
    }
    Ok(Ended::Well)
}

/// A line for each thing that is known.
fn story(run: &Run) -> String {
    let paint = terminal::paint();
    let mut text = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("{} {value}\n", coloured(&format!("{name:<8}"), Colour::Dim, paint)));
        }
    };
    line("run", Some(run.id.to_string()));
    line("task", Some(run.task.to_string()));
    line("worker", Some(run.worker.to_string()));
    line("state", Some(coloured(run.state.word(), colour(run.state), paint)));
    line("reason", run.reason.clone());
    line("attempt", Some(run.attempt.to_string()));
    line("after", run.after.as_ref().map(ToString::to_string));
    line("due", Some(clock(run.due)));
    line("began", run.begin.map(clock));
    line("ended", run.end.map(clock));
    line("took", run.duration.map(|took| format!("{took:.3?}")));
    line("exit", run.exit.map(|exit| exit.to_string()));
    line("input", run.input.as_ref().map(|record| record.as_str().to_owned()));
    line("output", run.output.as_ref().map(|record| record.as_str().to_owned()));
    if !run.tail.is_empty() {
        text.push_str(&format!("\n{}\n", run.tail.trim_end_matches('\n')));
    }
    text
}
