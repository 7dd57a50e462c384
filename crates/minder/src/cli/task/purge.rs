//! `minder task purge`.

use clap::Args;
use minder_tasks::clock::wall;
use minder_tasks::store::Scope;
use serde_json::json;

use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::tasks::Whose;
use crate::cli::terminal;

/// Take all runs that wait out of the queue, or forget those that have ended.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Those of this task.
    #[arg(required_unless_present = "all")]
    name: Option<String>,
    /// Those of all tasks.
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Forget what has ended, and leave what waits.
    #[arg(long)]
    ended: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let tasks = arguments.whose.tasks(Form::of(arguments.json))?;
    let task = match &arguments.name {
        Some(name) => Some(&tasks.task(name)?.name),
        None => None,
    };
    let scope = if arguments.ended { Scope::Ended } else { Scope::Waiting };
    let count = tasks.ask(tasks.queue.purge(task, scope, wall()))?;
    let done = match scope {
        Scope::Waiting => "cancelled",
        Scope::Ended => "forgotten",
    };
    match tasks.form {
        Form::Text => terminal::say(&format!("{count} runs {done}\n")),
        Form::Json => terminal::say(&format!("{:#}\n", json!({ "count": count, "outcome": done }))),
    }
    Ok(Ended::Well)
}
