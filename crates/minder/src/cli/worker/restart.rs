//! `minder worker restart`.

use clap::Args;
use minder_core::ids::WorkerName;
use rustix::process::Signal;
use serde_json::json;

use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::tasks::{Tasks, Whose};
use crate::cli::terminal;

/// Have workers end what they have begun and then themselves; minder starts them again.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Their names. All without any.
    names: Vec<String>,
    /// Do not wait for what they have begun: it is stopped, given back and done again.
    #[arg(long)]
    now: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// How soon.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Haste {
    /// When it has ended what it has begun.
    None,
    /// At once.
    Now,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let tasks = arguments.whose.tasks(Form::of(arguments.json))?;
    let names = names(&tasks, &arguments.names)?;
    let haste = if arguments.now { Haste::Now } else { Haste::None };
    let mut ended = Ended::Well;
    let mut results = Vec::new();
    for name in &names {
        let (outcome, is_done) = match tell(&tasks, name, haste)? {
            true => ("told to end; minder starts it again", true),
            false => ("does not run", false),
        };
        if !is_done {
            ended = Ended::Failed;
        }
        if tasks.form == Form::Text {
            terminal::say(&format!("worker {name}: {outcome}\n"));
        }
        results.push(json!({ "worker": name.as_str(), "outcome": outcome, "ok": is_done }));
    }
    if tasks.form == Form::Json {
        terminal::say(&format!("{:#}\n", json!({ "results": results })));
    }
    Ok(ended)
}

fn names(tasks: &Tasks, names: &[String]) -> Result<Vec<WorkerName>, Complaint> {
    let known = tasks.agenda.workers();
    if names.is_empty() {
        return Ok(known.iter().map(|worker| worker.name.clone()).collect());
    }
    let find = |name: &String| {
        let found = known.iter().find(|worker| worker.name.as_str() == name);
        found.map(|worker| worker.name.clone()).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|worker| worker.name.as_str()).collect();
            Complaint::failed(format!("no worker `{name}`"))
                .with_hint(format!("known are {}", names.join(", ")))
                .in_form(tasks.form)
        })
    };
    names.iter().map(find).collect()
}

/// Whether it was there to be told.
fn tell(tasks: &Tasks, name: &WorkerName, haste: Haste) -> Result<bool, Complaint> {
    let worker = tasks.queue.store().worker(name).map_err(|error| tasks.complaint(error))?;
    let Some(worker) = worker else { return Ok(false) };
    let signals: &[Signal] = match haste {
        Haste::None => &[Signal::TERM],
        // Two of a kind could arrive as one.
        Haste::Now => &[Signal::TERM, Signal::INT],
    };
    for signal in signals {
        let told = worker.process.signal(*signal).map_err(|error| {
            Complaint::failed(format!("cannot signal worker {name}, pid {}: {error}", worker.process.pid))
                .in_form(tasks.form)
        })?;
        if !told {
            return Ok(*signal != Signal::TERM);
        }
    }
    Ok(true)
}
