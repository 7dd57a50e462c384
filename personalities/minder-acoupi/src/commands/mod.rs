//! The tree of commands.

mod beat;
mod celery;
mod check;
mod config;
pub(crate) mod deployment;
mod help;
mod setup;
mod status;
mod task;
mod workers;

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Asked, Chosen, Command, Group, Parsed};

const ACOUPI: Group = Group {
    path: "acoupi",
    help: help::ACOUPI,
    commands: &["celery", "check", "config", "deployment", "setup", "task", "workers"],
};
const CONFIG: Group = Group { path: "acoupi config", help: help::CONFIG, commands: &["get", "set"] };
const DEPLOYMENT: Group =
    Group { path: "acoupi deployment", help: help::DEPLOYMENT, commands: &["start", "status", "stop"] };
const TASK: Group = Group { path: "acoupi task", help: help::TASK, commands: &["list", "profile", "run"] };
const WORKERS: Group =
    Group { path: "acoupi workers", help: help::WORKERS, commands: &["purge", "restart", "start", "stop"] };

/// Runs what was asked for.
pub(crate) fn run(acoupi: &mut Acoupi, words: &[String]) -> Result<(), Failure> {
    if words.first().is_some_and(|word| word == beat::NAME) {
        return beat::run(acoupi);
    }
    let (name, rest) = match ACOUPI.choose(words)? {
        Chosen::Help => return help(acoupi, &ACOUPI),
        Chosen::Command(name, rest) => (name, rest),
    };
    match name {
        "celery" => command(acoupi, &celery::COMMAND, rest, celery::run),
        "check" => command(acoupi, &check::COMMAND, rest, check::run),
        "setup" => command(acoupi, &setup::COMMAND, rest, setup::run),
        "config" => config(acoupi, rest),
        "deployment" => deployment(acoupi, rest),
        "task" => task(acoupi, rest),
        _ => workers(acoupi, rest),
    }
}

fn config(acoupi: &mut Acoupi, words: &[String]) -> Result<(), Failure> {
    let (name, rest) = match CONFIG.choose(words)? {
        Chosen::Help => return help(acoupi, &CONFIG),
        Chosen::Command(name, rest) => (name, rest),
    };
    acoupi.need_setup()?;
    let loaded = config::load(acoupi)?;
    match name {
        "get" => command(acoupi, &config::GET, rest, |acoupi, parsed| config::get(acoupi, parsed, &loaded)),
        _ => command(acoupi, &config::SET, rest, |acoupi, parsed| config::set(acoupi, parsed, &loaded)),
    }
}

fn deployment(acoupi: &mut Acoupi, words: &[String]) -> Result<(), Failure> {
    let (name, rest) = match DEPLOYMENT.choose(words)? {
        Chosen::Help => return help(acoupi, &DEPLOYMENT),
        Chosen::Command(name, rest) => (name, rest),
    };
    match name {
        "start" => with_setup(acoupi, &deployment::START, rest, deployment::start),
        "stop" => with_setup(acoupi, &deployment::STOP, rest, deployment::stop),
        _ => with_setup(acoupi, &status::COMMAND, rest, status::run),
    }
}

fn task(acoupi: &mut Acoupi, words: &[String]) -> Result<(), Failure> {
    let (name, rest) = match TASK.choose(words)? {
        Chosen::Help => return help(acoupi, &TASK),
        Chosen::Command(name, rest) => (name, rest),
    };
    match name {
        "list" => with_setup(acoupi, &task::LIST, rest, task::list),
        "run" => with_setup(acoupi, &task::RUN, rest, task::run),
        _ => with_setup(acoupi, &task::PROFILE, rest, task::profile),
    }
}

fn workers(acoupi: &mut Acoupi, words: &[String]) -> Result<(), Failure> {
    let (name, rest) = match WORKERS.choose(words)? {
        Chosen::Help => return help(acoupi, &WORKERS),
        Chosen::Command(name, rest) => (name, rest),
    };
    if !acoupi.settings.is_set_up() {
        return Err(WORKERS.wrong(crate::text::NOT_SET_UP.to_owned()));
    }
    match name {
        "start" => command(acoupi, &workers::START, rest, workers::start),
        "stop" => command(acoupi, &workers::STOP, rest, workers::stop),
        "restart" => command(acoupi, &workers::RESTART, rest, workers::restart),
        _ => command(acoupi, &workers::PURGE, rest, workers::purge),
    }
}

fn help(acoupi: &mut Acoupi, group: &Group) -> Result<(), Failure> {
    acoupi.terminal.show(&group.help_text());
    Ok(())
}

/// Runs a command that needs a program. The original says that there is none, and goes on until it fails; here that is the end.
fn with_setup(
    acoupi: &mut Acoupi,
    spec: &Command,
    words: &[String],
    run: impl FnOnce(&mut Acoupi, &Parsed) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let wants_help = words.iter().any(|word| word == "--help");
    if !wants_help {
        acoupi.need_setup()?;
    } else if !acoupi.settings.is_set_up() {
        acoupi.terminal.echo(crate::text::NOT_SET_UP);
    }
    command(acoupi, spec, words, run)
}

fn command(
    acoupi: &mut Acoupi,
    spec: &Command,
    words: &[String],
    run: impl FnOnce(&mut Acoupi, &Parsed) -> Result<(), Failure>,
) -> Result<(), Failure> {
    match spec.parse(words)? {
        Asked::Help => {
            acoupi.terminal.show(&spec.help_text());
            Ok(())
        }
        Asked::Command(parsed) => run(acoupi, &parsed),
    }
}
