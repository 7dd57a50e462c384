//! `acoupi workers`: the workers, by hand.

use minder_core::time::WallTime;
use minder_recorder::program::Program;

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Others, Parsed};
use crate::commands::help;
use crate::configuration::Loaded;
use crate::{health, machinery};

const fn command(path: &'static str, help: &'static str) -> Command {
    Command { path, usage: "[OPTIONS]", help, options: &[], arguments: &[], others: Others::Refused }
}

pub(crate) const START: Command = command("acoupi workers start", help::START_WORKERS);
pub(crate) const STOP: Command = command("acoupi workers stop", help::STOP_WORKERS);
pub(crate) const RESTART: Command = command("acoupi workers restart", help::RESTART_WORKERS);
pub(crate) const PURGE: Command = command("acoupi workers purge", help::PURGE_WORKERS);

pub(crate) fn start(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    let loaded = load(acoupi)?;
    acoupi.terminal.echo("> Starting nodes...");
    begin(acoupi, &loaded.program)
}

pub(crate) fn stop(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    let loaded = load(acoupi)?;
    let before = machinery::pids(&acoupi.settings, &names(&loaded.program));
    let host = host();
    if before.iter().any(|(_, pid)| pid.is_some()) {
        acoupi.terminal.echo("> Stopping nodes...");
    }
    for (name, pid) in &before {
        match pid {
            Some(pid) => acoupi.terminal.echo(&format!("\t> {name}@{host}: TERM -> {pid}")),
            None => acoupi.terminal.echo(&format!("> {name}@{host}: DOWN")),
        }
    }
    machinery::stop(&acoupi.settings).map_err(Failure::Error)?;
    Ok(())
}

pub(crate) fn restart(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    let loaded = load(acoupi)?;
    if machinery::is_active(&acoupi.settings) {
        acoupi.terminal.echo("> Restarting nodes...");
        // minder stays, so that whoever watches over it sees no end; it starts again what has ended.
        for name in names(&loaded.program) {
            machinery::recycle(&acoupi.settings, name).map_err(Failure::Error)?;
        }
    } else {
        acoupi.terminal.echo("> Starting nodes...");
    }
    begin(acoupi, &loaded.program)
}

pub(crate) fn purge(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    machinery::purge(&acoupi.settings, now(acoupi)).map_err(Failure::Error)?;
    Ok(())
}

fn begin(acoupi: &mut Acoupi, program: &Program) -> Result<(), Failure> {
    let names = names(program);
    let missing = machinery::start(&acoupi.settings, &acoupi.outside, &names).map_err(Failure::Error)?;
    let host = host();
    for name in names {
        let state = if missing.iter().any(|other| other == name) { "ERROR" } else { "OK" };
        acoupi.terminal.echo(&format!("\t> {name}@{host}: {state}"));
    }
    match missing.first() {
        None => Ok(()),
        Some(name) => Err(Failure::Error(format!(
            "The worker {name} does not work; see {}.",
            acoupi.settings.log(name).display()
        ))),
    }
}

fn load(acoupi: &mut Acoupi) -> Result<Loaded, Failure> {
    let loaded = Loaded::read(&acoupi.settings).map_err(|error| Failure::Error(error.to_string()))?;
    health::announce(acoupi, &loaded);
    Ok(loaded)
}

/// The names of a program's workers.
pub(crate) fn names(program: &Program) -> Vec<&'static str> {
    program.workers().into_iter().map(|worker| worker.name).collect()
}

/// The time, as the queue has it.
pub(crate) fn now(acoupi: &Acoupi) -> WallTime {
    WallTime(acoupi.clock.now().as_microsecond())
}

/// The name of this machine, which is behind that of a node.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
