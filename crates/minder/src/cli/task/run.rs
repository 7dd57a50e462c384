//! `minder task run`.

use std::time::Duration;

use clap::Args;
use minder_core::agenda::TaskSpec;
use minder_tasks::bell::Ear;
use minder_tasks::clock::wall;
use minder_tasks::jetstream::EndNotices;
use minder_tasks::run::{Ask, Offered, Record, Run, RunId, RunState};
use serde_json::{Value, json};

use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::tasks::{Tasks, Whose, colour, json_of};
use crate::cli::terminal::{self, coloured};

/// How long to wait for room where no bell tells of it.
const ROOM_PAUSE: Duration = Duration::from_secs(1);

/// Do a task now: put a run of it into the queue, wait for its end, and show what it printed.
///
/// Exit status 1 says that it did not end well, or was left out.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The task.
    name: String,
    /// What the run is given: one JSON value.
    #[arg(long, value_name = "JSON")]
    input: Option<String>,
    /// Only put it into the queue.
    #[arg(long)]
    no_wait: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// How long to stay.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stay {
    /// Until the run has ended.
    ToTheEnd,
    /// Until it is in the queue, if that can be at once.
    No,
}

/// How a run ended, wherever that was.
struct End {
    state: RunState,
    tail: String,
    took: Option<Duration>,
    reason: Option<String>,
    json: Value,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let form = Form::of(arguments.json);
    let tasks = arguments.whose.tasks(form)?;
    let task = tasks.task(&arguments.name)?;
    let text = arguments.input.as_deref().unwrap_or_default();
    let input = Record::parse(text.as_bytes()).map_err(|error| {
        Complaint::new(Ended::Misused, format!("`--input`: {error}"))
            .with_hint("write one JSON value, such as --input '{\"id\": 7}'")
            .in_form(form)
    })?;
    let stay = if arguments.no_wait { Stay::No } else { Stay::ToTheEnd };
    tasks.wait(ask(&tasks, task, input, stay))
}

async fn ask(tasks: &Tasks, task: &TaskSpec, input: Option<Record>, stay: Stay) -> Result<Ended, Complaint> {
    let ear = Ear::new(&tasks.state.bell()).map_err(|error| {
        Complaint::failed(format!("{}: {error}", tasks.state.bell().display())).in_form(tasks.form)
    })?;
    let id = RunId::new(wall());
    let ends = match stay {
        Stay::ToTheEnd => tasks.queue.ends_of(&id).await.map_err(|error| tasks.complaint(error))?,
        Stay::No => None,
    };
    match offer(tasks, task, &id, input, stay, &ear).await? {
        Offered::Waits(_) => {}
        Offered::Skipped(_, reason) => {
            return Err(
                Complaint::failed(format!("task {} was left out: {reason}", task.name)).in_form(tasks.form)
            );
        }
        Offered::Full => {
            let message = format!("the backlog of worker {} is full", task.worker);
            return Err(Complaint::failed(message)
                .with_hint("without --no-wait it waits for room")
                .in_form(tasks.form));
        }
    }
    if stay == Stay::No {
        match tasks.form {
            Form::Text => terminal::say(&format!("run {id} waits\n")),
            Form::Json => {
                terminal::say(&format!("{:#}\n", json!({ "run": id.as_str(), "state": "waiting" })));
            }
        }
        return Ok(Ended::Well);
    }
    warn_of_absence(tasks, task)?;
    let end = match ends {
        None => end_here(tasks, &id, &ear).await?,
        Some(ends) => end_anywhere(tasks, &id, ends).await?,
    };
    Ok(show(tasks, &id, &end))
}

async fn offer(
    tasks: &Tasks,
    task: &TaskSpec,
    id: &RunId,
    input: Option<Record>,
    stay: Stay,
    ear: &Ear,
) -> Result<Offered, Complaint> {
    let now = wall();
    let ask = Ask {
        id: Some(id.clone()),
        task: task.name.clone(),
        due: now,
        not_before: now,
        input,
        overlap: task.overlap,
    };
    let mut has_said = false;
    loop {
        let asks = std::slice::from_ref(&ask);
        let offered = tasks.queue.offer(&tasks.agenda, asks, &[], wall()).await;
        let offered = offered.map_err(|error| tasks.complaint(error))?.pop().unwrap_or(Offered::Full);
        if offered != Offered::Full || stay == Stay::No {
            return Ok(offered);
        }
        if !has_said {
            terminal::tell(&format!("waiting for room in the backlog of worker {}\n", task.worker));
            has_said = true;
        }
        match tasks.queue.server() {
            None => {
                ear.heard()
                    .await
                    .map_err(|error| Complaint::failed(error.to_string()).in_form(tasks.form))?;
            }
            Some(_) => tokio::time::sleep(ROOM_PAUSE).await,
        }
    }
}

/// A person who waits should know if nobody is there to do it.
fn warn_of_absence(tasks: &Tasks, task: &TaskSpec) -> Result<(), Complaint> {
    if tasks.queue.server().is_some() {
        return Ok(());
    }
    let worker = tasks.queue.store().worker(&task.worker).map_err(|error| tasks.complaint(error))?;
    if worker.is_none_or(|worker| !worker.process.is_alive()) {
        terminal::tell(&format!("worker {} is not running; waiting until it does\n", task.worker));
    }
    Ok(())
}

async fn end_here(tasks: &Tasks, id: &RunId, ear: &Ear) -> Result<End, Complaint> {
    let store = tasks.queue.store();
    loop {
        match store.run(id).map_err(|error| tasks.complaint(error))? {
            // A next attempt is there as soon as one has ended.
            Some(run) if run.state.has_ended() => return Ok(of_run(&run)),
            Some(_) => {}
            None => return Err(Complaint::failed(format!("run {id} was forgotten")).in_form(tasks.form)),
        }
        ear.heard().await.map_err(|error| Complaint::failed(error.to_string()).in_form(tasks.form))?;
    }
}

fn of_run(run: &Run) -> End {
    End {
        state: run.state,
        tail: run.tail.clone(),
        took: run.duration,
        reason: run.reason.clone(),
        json: json_of(run),
    }
}

async fn end_anywhere(tasks: &Tasks, id: &RunId, mut ends: EndNotices) -> Result<End, Complaint> {
    while let Some(end) = ends.next().await {
        if end.will_retry {
            continue;
        }
        let took = Duration::from_micros(end.duration_micros);
        let json = json!({
            "run": id.as_str(),
            "attempt": end.attempt,
            "state": end.state.word(),
            "duration": took.as_secs_f64(),
            "exit": end.exit,
            "reason": end.reason,
            "tail": end.tail,
            "output": end.output.as_ref().map(Record::value),
        });
        return Ok(End { state: end.state, tail: end.tail, took: Some(took), reason: end.reason, json });
    }
    Err(Complaint::new(Ended::Unreachable, "the connection to the NATS server was closed")
        .in_form(tasks.form))
}

fn show(tasks: &Tasks, id: &RunId, end: &End) -> Ended {
    match tasks.form {
        Form::Json => terminal::say(&format!("{:#}\n", end.json)),
        Form::Text => {
            let mut text = end.tail.clone();
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&coloured(end.state.word(), colour(end.state), terminal::paint()));
            if let Some(took) = end.took {
                text.push_str(&format!(" after {took:.2?}"));
            }
            if let Some(reason) = &end.reason {
                text.push_str(&format!(": {reason}"));
            }
            text.push_str(&format!(" (run {id})\n"));
            terminal::say(&text);
        }
    }
    if end.state == RunState::Done { Ended::Well } else { Ended::Failed }
}
