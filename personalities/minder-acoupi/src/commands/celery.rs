//! `acoupi celery`: what people ask Celery for, answered for minder's queue and workers.

use minder_recorder::program::Program;
use minder_tasks::store::Standing;
use serde_json::{Map, json};

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Others, Parsed};
use crate::commands::{help, workers};
use crate::configuration::Loaded;
use crate::machinery::{self, Workers};

pub(crate) const COMMAND: Command = Command {
    path: "acoupi celery",
    usage: "[OPTIONS] [ARGS]...",
    help: help::CELERY,
    options: &[],
    arguments: &[],
    others: Others::ArgumentsKept,
};

pub(crate) fn run(acoupi: &mut Acoupi, parsed: &Parsed) -> Result<(), Failure> {
    acoupi.need_setup()?;
    let loaded = Loaded::read(&acoupi.settings).map_err(|error| Failure::Error(error.to_string()))?;
    let is_json = parsed.arguments.iter().any(|word| matches!(word.as_str(), "--json" | "-j"));
    let words: Vec<&str> =
        parsed.arguments.iter().map(String::as_str).filter(|word| !word.starts_with('-')).collect();
    match words.as_slice() {
        ["status", ..] | ["inspect", "ping", ..] => status(acoupi, &loaded.program, is_json),
        ["inspect", "registered", ..] => registered(acoupi, &loaded.program, is_json),
        ["inspect", "active", ..] => active(acoupi, &loaded.program, is_json),
        ["purge", ..] => purge(acoupi),
        [] => {
            acoupi.terminal.show(&COMMAND.help_text());
            Ok(())
        }
        _ => Err(COMMAND.wrong(format!("minder has no `celery {}`.", words.join(" ")))),
    }
}

/// The nodes that answer. As in the original, the exit status says nothing.
fn nodes(acoupi: &mut Acoupi, program: &Program) -> Option<Vec<String>> {
    let names = workers::names(program);
    let answering = match machinery::workers(&acoupi.settings, &names, workers::now(acoupi)) {
        Workers::Available(all) => all
            .into_iter()
            .filter(|(_, standing)| *standing != Standing::Absent)
            .map(|(name, _)| name)
            .collect(),
        Workers::Unavailable => Vec::new(),
        Workers::Unknown(why) => {
            acoupi.terminal.complain(&format!("Error: {why}\n"));
            return None;
        }
    };
    if answering.is_empty() {
        acoupi.terminal.complain("Error: No nodes replied within time constraint\n");
        return None;
    }
    let host = workers::host();
    Some(answering.into_iter().map(|name: String| format!("{name}@{host}")).collect())
}

fn status(acoupi: &mut Acoupi, program: &Program, is_json: bool) -> Result<(), Failure> {
    let Some(nodes) = nodes(acoupi, program) else { return Ok(()) };
    if is_json {
        let map: Map<_, _> = nodes.into_iter().map(|node| (node, json!({"ok": "pong"}))).collect();
        acoupi.terminal.echo(&json!(map).to_string());
        return Ok(());
    }
    for node in &nodes {
        acoupi.terminal.echo(&format!("->  {node}: OK"));
    }
    let count = nodes.len();
    acoupi.terminal.echo(&format!("\n{count} node{} online.", if count == 1 { "" } else { "s" }));
    Ok(())
}

fn registered(acoupi: &mut Acoupi, program: &Program, is_json: bool) -> Result<(), Failure> {
    let Some(nodes) = nodes(acoupi, program) else { return Ok(()) };
    let tasks: Vec<&str> = program.tasks().iter().map(|task| task.name).collect();
    if is_json {
        let map: Map<_, _> = nodes.into_iter().map(|node| (node, json!(tasks))).collect();
        acoupi.terminal.echo(&json!(map).to_string());
        return Ok(());
    }
    for node in nodes {
        acoupi.terminal.echo(&format!("->  {node}: OK"));
        for task in &tasks {
            acoupi.terminal.echo(&format!("    * {task}"));
        }
    }
    Ok(())
}

fn active(acoupi: &mut Acoupi, program: &Program, is_json: bool) -> Result<(), Failure> {
    let Some(nodes) = nodes(acoupi, program) else { return Ok(()) };
    let working = machinery::working(&acoupi.settings).map_err(Failure::Error)?;
    let of = |node: &str| {
        let name = node.split('@').next().unwrap_or_default();
        working.get(name).cloned().unwrap_or_default()
    };
    if is_json {
        let map: Map<_, _> = nodes.iter().map(|node| (node.clone(), json!(of(node)))).collect();
        acoupi.terminal.echo(&json!(map).to_string());
        return Ok(());
    }
    for node in nodes {
        acoupi.terminal.echo(&format!("->  {node}: OK"));
        let tasks = of(&node);
        if tasks.is_empty() {
            acoupi.terminal.echo("    - empty -");
        }
        for task in tasks {
            acoupi.terminal.echo(&format!("    * {task}"));
        }
    }
    Ok(())
}

fn purge(acoupi: &mut Acoupi) -> Result<(), Failure> {
    let now = workers::now(acoupi);
    let count = machinery::purge(&acoupi.settings, now).map_err(Failure::Error)?;
    acoupi.terminal.echo(&match count {
        0 => "No messages purged.".to_owned(),
        1 => "Purged 1 message.".to_owned(),
        count => format!("Purged {count} messages."),
    });
    Ok(())
}
