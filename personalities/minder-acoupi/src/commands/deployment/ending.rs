//! The end of a deployment: everything stands still, its end is recorded, and what is left is done once more.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use minder_core::deployment::Drain;
use minder_core::ids::TaskName;
use minder_deployment::beginning::switch_off;
use minder_deployment::daemon::Alone;
use minder_deployment::drain::{self, DrainEnd, Drained, Progress};
use minder_deployment::interruption::Interruption;
use minder_deployment::record::Deployment;
use minder_recorder::program::{Program, ProgramKind, RecorderProgram};
use minder_recorder::resident::{Resident, Run};
use minder_recorder::station::Company;
use minder_recorder::store::MetadataStore;
use serde_json::Value;

use super::{beginning, boot};
use crate::Acoupi;
use crate::click::Failure;
use crate::click::style::{Colour, coloured};
use crate::commands::workers;
use crate::configuration::Loaded;
use crate::{machinery, text, units};

/// So often somebody who waits is told how much is left.
const TOLD_EVERY: Duration = Duration::from_secs(5);

/// Ends.
pub(super) fn end(acoupi: &mut Acoupi, interruption: &Interruption) -> Result<(), Failure> {
    let _alone = Alone::take(&acoupi.settings.run_dir).map_err(failed)?;
    halt(acoupi)?;
    let path = acoupi.settings.deployment_file.clone();
    let record = Deployment::read(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
    let mut record = record.ok_or_else(|| failed(text::NOT_DEPLOYED))?;
    if !record.is_active() {
        return Err(failed(text::ALREADY_ENDED));
    }
    record.ended_on = Some(acoupi.clock.now());
    record.write(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
    let loaded = Loaded::read(&acoupi.settings).map_err(|error| failed(error.to_string()))?;
    crate::health::announce(acoupi, &loaded);
    if let Program::Recorder(program) = &loaded.program {
        update_row(program, &record).map_err(failed)?;
        drain_all(acoupi, &loaded, program, interruption)?;
    }
    let now = workers::now(acoupi);
    // As in the original, queues that cannot be emptied keep nobody from ending.
    let _ = machinery::purge(&acoupi.settings, now);
    Ok(())
}

/// Stops both units, and keeps them from starting at the next boot.
fn halt(acoupi: &mut Acoupi) -> Result<(), Failure> {
    let (boot, units) = (boot(acoupi), units::units(&acoupi.settings));
    let terminal = &mut acoupi.terminal;
    let off = switch_off(&boot, &units, |printed| terminal.complain(printed));
    // Who started it may have been another one, or nobody.
    let ended = machinery::stop(&acoupi.settings).map(|_| ());
    off.and(ended).map_err(failed)
}

fn update_row(program: &RecorderProgram, record: &Deployment) -> Result<(), String> {
    let zone = jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC);
    let path = &program.paths.db_metadata;
    let wrong = |error: minder_recorder::store::StoreError| format!("{}: {error}", path.display());
    let (store, row) = (MetadataStore::open(path, &zone).map_err(wrong)?, beginning::row(record)?);
    // Somebody may have begun with another database, or removed it.
    store.store_deployment(&row).and_then(|()| store.update_deployment(&row)).map_err(wrong)
}

/// Does what must not be left: one recording at a time, in this process, for no longer than a drain may take.
fn drain_all(
    acoupi: &mut Acoupi,
    loaded: &Loaded,
    program: &RecorderProgram,
    interruption: &Interruption,
) -> Result<(), Failure> {
    let left = leftovers(program);
    if left == 0 && !program.sends() {
        return Ok(());
    }
    let until = Instant::now() + Drain::default().timeout;
    let resident = Resident::of(loaded.kind, loaded.program.clone());
    // The workers have ended.
    let mut resident = resident.map_err(|error| failed(error.to_string()))?.in_company(Company::Nobody);
    for task in loaded.program.drained() {
        if let Some(text) = announcement(task, left, program) {
            acoupi.terminal.echo(&text);
        } else {
            continue;
        }
        let drained = drain_one(acoupi, &mut resident, task, until, interruption);
        tell(acoupi, &drained);
        if task == "file_management_task" && drained.is_done() {
            tell_strangers(acoupi, program);
        }
    }
    Ok(())
}

/// How many recordings nobody has looked at yet.
fn leftovers(program: &RecorderProgram) -> usize {
    let entries = std::fs::read_dir(&program.paths.tmp_audio).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "wav")).count()
}

/// The original's words for a task. `None`: it has nothing to do.
fn announcement(task: &str, left: usize, program: &RecorderProgram) -> Option<String> {
    let detects = matches!(program.kind, ProgramKind::Detection(_));
    match (task, detects) {
        ("detection_task" | "file_management_task", _) if left == 0 => None,
        ("detection_task", _) => Some(format!("Running detection_task on remaining {left}.")),
        ("file_management_task", true) => Some("Running final file_management_task.".to_owned()),
        ("file_management_task", false) => Some(format!(
            "Running file_management_task to manage {left} remaining files in the temporary directory."
        )),
        (_, true) => Some("Ending program. Running final messaging task.".to_owned()),
        (_, false) => Some("Running messaging task to send remaining messages.".to_owned()),
    }
}

fn drain_one(
    acoupi: &mut Acoupi,
    resident: &mut Resident,
    task: &str,
    until: Instant,
    interruption: &Interruption,
) -> Drained {
    let drain = Drain { tasks: vec![TaskName::new(task)], rounds: NonZeroU32::MAX, ..Drain::default() };
    let now = acoupi.clock.now();
    let mut told = Instant::now();
    let run = |task: &str, _| {
        if interruption.is_noted() {
            return Err("it was interrupted".to_owned());
        }
        let run = Run { run: format!("drain-{task}-{now}"), task: task.to_owned(), input: Value::Null };
        resident.run(&run).map_err(|error| error.to_string())
    };
    let watch = |progress: &Progress<'_>| {
        if let Progress::Left(task, left) = progress
            && *left > 0
            && told.elapsed() >= TOLD_EVERY
        {
            told = Instant::now();
            acoupi.terminal.echo(&format!("  {task}: {left} left"));
        }
    };
    let drained = drain::run(&drain, until, run, watch);
    drained.into_iter().next().unwrap_or(Drained { task: task.to_owned(), end: DrainEnd::Done })
}

/// Files that are left though all is done are not the recorder's, or nobody can read them.
fn tell_strangers(acoupi: &mut Acoupi, program: &RecorderProgram) {
    let left = leftovers(program);
    if left > 0 {
        let place = program.paths.tmp_audio.display();
        let what = format!("{left} other files of sound are in {place}, and stay there.");
        acoupi.terminal.echo(&coloured(&format!("Warning: {what}"), Colour::Yellow));
    }
}

/// What could not be done is kept, and is done in the next deployment.
fn tell(acoupi: &mut Acoupi, drained: &Drained) {
    let task = &drained.task;
    let what = match &drained.end {
        DrainEnd::Done => return,
        DrainEnd::Stuck(left) => format!("{task} could not do {left}; they are kept."),
        DrainEnd::OutOfTime(Some(left)) => format!("{task} did not finish in time; {left} are kept."),
        DrainEnd::OutOfTime(None) => format!("{task} did not begin in time; what it had to do is kept."),
        DrainEnd::Failed(why) => format!("{task} failed: {why}. What it had to do is kept."),
    };
    acoupi.terminal.echo(&coloured(&format!("Warning: {what}"), Colour::Yellow));
}

fn failed(why: impl Into<String>) -> Failure {
    Failure::Error(why.into())
}
