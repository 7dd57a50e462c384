//! The commands, a file each: what they accept, what they ask for, and how they show the answer.

mod add;
mod decr;
mod dstats;
mod get;
mod globaloptions;
mod incr;
mod ipython;
mod kill;
mod list;
mod listen;
mod listsockets;
mod numprocesses;
mod numwatchers;
mod options;
mod quit;
mod reload;
mod reloadconfig;
mod restart;
mod rm;
mod set;
mod signal;
mod start;
mod stats;
mod status;
mod stop;

use serde_json::{Map, Value};

use super::argparse::{Switch, Takes};
use crate::options::exception::{Class, Exception};
use crate::options::python;

/// Fields of a request or a reply.
pub(super) type Fields = Map<String, Value>;

/// A command of circusctl.
#[derive(Debug)]
pub(super) struct Command {
    pub(super) name: &'static str,
    /// What it does, in one line.
    pub(super) summary: &'static str,
    /// How it is written, behind its name.
    pub(super) usage: &'static str,
    /// What else is worth knowing; lines without an end for the last.
    pub(super) about: &'static str,
    pub(super) switches: &'static [Switch],
    pub(super) talk: Talk,
}

/// Whom a command talks to.
#[derive(Clone, Copy, Debug)]
pub(super) enum Talk {
    /// circusd answers.
    Ask {
        /// The properties of the request. An [`Class::Argument`] is a mistake of the user.
        properties: fn(&Arguments) -> Result<Fields, Exception>,
        /// The answer in the command's words, whether it is good or bad.
        shown: fn(&Fields) -> Result<String, Exception>,
    },
    /// Events come, without end.
    Listen,
}

/// What stands behind a command: its words, and all of its switches in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Arguments {
    pub(super) words: Vec<String>,
    pub(super) switches: Fields,
}

impl Arguments {
    /// These words, if there are so many; else the original's complaint.
    fn counted(
        &self,
        allowed: impl std::ops::RangeBounds<usize>,
        complaint: &str,
    ) -> Result<&[String], Exception> {
        if allowed.contains(&self.words.len()) {
            Ok(&self.words)
        } else {
            Err(Exception::new(Class::Argument, complaint))
        }
    }

    fn switch(&self, name: &str) -> Value {
        self.switches.get(name).cloned().unwrap_or_default()
    }

    /// The first word as `name`, if there is one, then the switches.
    fn named_with_switches(&self) -> Fields {
        let mut properties = Fields::new();
        if let Some(name) = self.words.first() {
            properties.insert("name".to_owned(), name.as_str().into());
        }
        properties.extend(self.switches.clone());
        properties
    }
}

/// All of them, in the original's order.
pub(super) const COMMANDS: &[Command] = &[
    add::COMMAND,
    incr::COMMAND,
    decr::COMMAND,
    dstats::COMMAND,
    get::COMMAND,
    globaloptions::COMMAND,
    ipython::COMMAND,
    kill::COMMAND,
    list::COMMAND,
    listen::COMMAND,
    listsockets::COMMAND,
    numprocesses::COMMAND,
    numwatchers::COMMAND,
    options::COMMAND,
    quit::COMMAND,
    reload::COMMAND,
    reloadconfig::COMMAND,
    restart::COMMAND,
    rm::COMMAND,
    signal::COMMAND,
    set::COMMAND,
    start::COMMAND,
    stats::COMMAND,
    status::COMMAND,
    stop::COMMAND,
];

/// The command of a name.
pub(super) fn named(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

impl Command {
    /// What `help COMMAND` prints.
    pub(super) fn description(&self) -> String {
        let rule = "=".repeat(self.summary.len());
        let usage = format!("circusctl {} {}", self.name, self.usage);
        let about = if self.about.is_empty() { String::new() } else { format!("\n{}\n", self.about) };
        format!("{}\n{rule}\n\n    {}\n{about}", self.summary, usage.trim_end())
    }
}

const INVALID_COUNT: &str = "Invalid number of arguments";

const WAITING: Switch =
    Switch { name: "waiting", takes: Takes::Nothing, help: "answer when it is done, not when it begins" };
const MATCH: Switch = Switch {
    name: "match",
    takes: Takes::Text(Some("glob")),
    help: "how the name is compared: simple, glob or regex",
};

fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Fields {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn is_ok(reply: &Fields) -> bool {
    reply.get("status").and_then(Value::as_str) == Some("ok")
}

/// A field of a reply that must be there.
fn field<'a>(reply: &'a Fields, key: &str) -> Result<&'a Value, Exception> {
    reply.get(key).ok_or_else(|| Exception::new(Class::Key, python::repr_text(key)))
}

/// A field of a reply as Python shows it, `None` if it is not there.
fn shown_field(reply: &Fields, key: &str) -> String {
    python::text(reply.get(key).unwrap_or(&Value::Null))
}

fn failure(reply: &Fields) -> String {
    format!("error: {}", shown_field(reply, "reason"))
}

fn ok_or_failure(reply: &Fields) -> Result<String, Exception> {
    Ok(if is_ok(reply) { "ok".to_owned() } else { failure(reply) })
}

/// The members of an object in a reply; none if it is not there.
fn members<'a>(reply: &'a Fields, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    reply.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// `options` of a reply, a line each.
fn option_lines(reply: &Fields) -> String {
    let line = |(key, value): (&String, &Value)| {
        let shown = match value {
            Value::Object(variables) if key == "env" => {
                let sorted: std::collections::BTreeMap<_, _> = variables.iter().collect();
                let pairs: Vec<String> =
                    sorted.iter().map(|(name, value)| format!("{name}={}", python::text(value))).collect();
                pairs.join(",")
            }
            Value::Null => String::new(),
            value => python::text(value),
        };
        format!("{key}: {shown}")
    };
    members(reply, "options").map(line).collect::<Vec<_>>().join("\n")
}

/// One process in columns.
fn process_line(info: &Fields) -> Result<String, Exception> {
    let cell = |key: &str| field(info, key).map(python::text);
    let rest = ["cmdline", "username", "nice", "mem_info1", "mem_info2", "cpu", "mem", "ctime"];
    let rest = rest.into_iter().map(cell).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("{}  {}", cell("pid")?, rest.join(" ")))
}

/// The children of a process, a line each.
fn child_lines(info: &Fields) -> Result<Vec<String>, Exception> {
    let children = info.get("children").and_then(Value::as_array).into_iter().flatten();
    children.filter_map(Value::as_object).map(process_line).collect()
}
