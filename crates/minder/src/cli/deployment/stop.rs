//! `minder deployment stop`.

use std::time::{Duration, Instant};

use clap::Args;
use minder_core::agenda::{Job, TaskSpec};
use minder_core::ids::TaskName;
use minder_deployment::beginning::switch_off;
use minder_deployment::daemon::Alone;
use minder_deployment::drain::{self, DrainEnd, Drained, Progress};
use minder_deployment::errand::{Errand, Log, Resident, by_command};
use minder_deployment::interruption::Interruption;
use serde_json::{Value, json};

use super::site::{Site, Which};
use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::terminal::{self, Colour, coloured};

/// So often somebody who waits is told how much is left.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// End the deployment: stop what runs, now and after every boot, and do once more what must not be left.
///
/// Only `minder deployment start` brings it back. Exit status 1 says that something is left.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Leave what is left.
    #[arg(long)]
    no_drain: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let site = arguments.which.site(Form::of(arguments.json))?;
    let _alone = Alone::take(&site.native.minder.state).map_err(|why| site.failed(why))?;
    let interruption = Interruption::listen(|_| {});
    interruption.hold();
    let boot = site.boot();
    let off = switch_off(&boot, std::slice::from_ref(&site.unit), terminal::tell);
    let ended = site.end_daemon();
    off.map_err(|why| site.failed(why))?;
    ended.map_err(|why| site.failed(why))?;
    let active = site.book.active().map_err(|error| site.failed(error.to_string()))?;
    let Some(mut record) = active else {
        return Err(site
            .failed("there is no deployment that could end")
            .with_hint("what ran without one was stopped, and does not start at the next boot"));
    };
    let now = site.clock.now();
    site.book.end(&mut record, now).map_err(|error| site.failed(error.to_string()))?;
    let drained = if arguments.no_drain { Vec::new() } else { drain_all(&site, &interruption) };
    let is_done = drained.iter().all(Drained::is_done);
    match site.form {
        Form::Text => {
            terminal::say(&format!("the deployment `{}` has ended\n", record.name));
            for drained in drained.iter().filter(|drained| !drained.is_done()) {
                let warning = coloured("warning:", Colour::Yellow, terminal::paint());
                terminal::say(&format!("{warning} {}: {}\n", drained.task, left(&drained.end)));
            }
        }
        Form::Json => {
            let tasks: Vec<Value> = drained
                .iter()
                .map(|drained| json!({ "task": drained.task, "done": drained.is_done(), "left": left(&drained.end) }))
                .collect();
            let whole = json!({ "deployment": record.to_json(), "drained": tasks });
            terminal::say(&format!("{whole:#}\n"));
        }
    }
    Ok(if is_done { Ended::Well } else { Ended::Failed })
}

fn left(end: &DrainEnd) -> String {
    match end {
        DrainEnd::Done => "nothing is left".to_owned(),
        DrainEnd::Stuck(count) => format!("{count} are left, and no round made them fewer"),
        DrainEnd::OutOfTime(Some(count)) => format!("{count} are left, and the time is over"),
        DrainEnd::OutOfTime(None) => "the time was over before it began".to_owned(),
        DrainEnd::Failed(why) => format!("it failed: {why}"),
    }
}

/// Each task of the drain, here and one run at a time.
fn drain_all(site: &Site, interruption: &Interruption) -> Vec<Drained> {
    let drain = &site.native.deployment.drain;
    let until = Instant::now() + drain.timeout;
    let mut resident: Option<(String, Resident)> = None;
    let mut told = Instant::now();
    let run = |name: &str, until: Instant| {
        interruption.check()?;
        let task = site.native.agenda.task(&TaskName::new(name)).ok_or("there is no such task")?;
        run_once(site, task, until, &mut resident)
    };
    let watch = |progress: &Progress<'_>| {
        let due = told.elapsed() >= TOLD_EVERY;
        match progress {
            Progress::Begins(task, 1) if site.form == Form::Text => {
                terminal::tell(&format!("{task}: once more\n"));
            }
            Progress::Left(task, count) if *count > 0 && due && site.form == Form::Text => {
                told = Instant::now();
                terminal::tell(&format!("  {task}: {count} left\n"));
            }
            Progress::Begins(..) | Progress::Left(..) => {}
        }
    };
    drain::run(drain, until, run, watch)
}

/// A resident stays for the rounds that follow.
fn run_once(
    site: &Site,
    task: &TaskSpec,
    until: Instant,
    resident: &mut Option<(String, Resident)>,
) -> Result<Value, String> {
    let left = until.saturating_duration_since(Instant::now());
    let limit = task.timeout.hard.or(task.timeout.soft).map_or(left, |limit| limit.min(left));
    let errand =
        Errand { task: task.name.as_str().to_owned(), due: site.clock.now(), input: Value::Null, limit };
    let name = match &task.job {
        Job::Command(command) => return by_command(command, &errand),
        Job::Resident(name) => name,
    };
    if resident.as_ref().is_none_or(|(known, _)| known != name.as_str()) {
        let spec = site.native.agenda.resident(name).ok_or("there is no such resident")?;
        let started = Resident::start(&spec.command, Log::Shown).map_err(|error| error.to_string())?;
        *resident = Some((name.as_str().to_owned(), started));
    }
    let result = resident.as_mut().map_or(Ok(Value::Null), |(_, resident)| resident.run(&errand));
    if result.is_err() {
        // It may have been killed for it; the next one begins anew.
        *resident = None;
    }
    result
}
