//! `minder task cancel`.

use clap::Args;
use minder_tasks::clock::wall;
use minder_tasks::store::Cancelled;
use serde_json::json;

use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::tasks::Whose;
use crate::cli::terminal;

/// Take runs out of the queue, and stop those that work.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Their ids, or the ends of these.
    #[arg(required = true, value_name = "RUN")]
    runs: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let tasks = arguments.whose.tasks(Form::of(arguments.json))?;
    // If one of them means nothing, nothing is done at all.
    let ids: Vec<_> = arguments.runs.iter().map(|text| tasks.run_id(text)).collect::<Result<_, _>>()?;
    let mut ended = Ended::Well;
    let mut results = Vec::new();
    for id in ids {
        let cancelled = tasks.ask(tasks.queue.cancel(&id, "cancelled by hand", wall()))?;
        let outcome = match cancelled {
            Cancelled::Now => "cancelled".to_owned(),
            Cancelled::Told => "told to stop".to_owned(),
            Cancelled::Ended(state) => format!("has ended before: {}", state.word()),
            Cancelled::Unknown => "unknown".to_owned(),
        };
        let is_done = matches!(cancelled, Cancelled::Now | Cancelled::Told);
        if !is_done {
            ended = Ended::Failed;
        }
        if tasks.form == Form::Text {
            terminal::say(&format!("run {id}: {outcome}\n"));
        }
        results.push(json!({ "run": id.as_str(), "outcome": outcome, "ok": is_done }));
    }
    if tasks.form == Form::Json {
        terminal::say(&format!("{:#}\n", json!({ "results": results })));
    }
    Ok(ended)
}
