//! The command line of circusctl: options for all commands, then one command and its own.

use super::argparse::{self, Leave, Parsed, Stop, Switch, Takes, Words};
use super::commands::{self, Arguments, COMMANDS, Command};
use super::help;
use crate::client::SshServer;

/// The name that stands in every usage, whatever the program is called.
const USAGE: &str = "circusctl [options] command [args]";
/// What `--version` prints, and the shell first.
pub(super) const VERSION: &str = "circusctl 0.19.0";

/// The options before the command.
const SWITCHES: [Switch; 8] = [
    Switch { name: "endpoint", takes: Takes::Text(None), help: "where circusd takes commands" },
    Switch { name: "help", takes: Takes::Nothing, help: "print this help, or that of the command" },
    Switch { name: "json", takes: Takes::Nothing, help: "print replies as JSON" },
    Switch { name: "prettify", takes: Takes::Nothing, help: "print JSON on many lines" },
    Switch { name: "ssh", takes: Takes::Text(None), help: "go through this machine, user@host:port" },
    Switch { name: "ssh_keyfile", takes: Takes::Text(None), help: "log in there with this key" },
    Switch { name: "timeout", takes: Takes::Whole(5), help: "how many seconds an answer may take" },
    Switch { name: "version", takes: Takes::Leave(Leave::Version), help: "print the version" },
];

const COMMAND_HELP: Switch =
    Switch { name: "help", takes: Takes::Leave(Leave::Help), help: "print this help" };

/// How replies are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// In the command's words.
    Text,
    /// On one line.
    Json,
    /// On many lines, sorted.
    PrettyJson,
}

/// A command line that was understood.
#[derive(Clone, Debug)]
pub(super) struct CommandLine {
    pub(super) endpoint: Option<String>,
    pub(super) ssh: Option<SshServer>,
    pub(super) timeout_seconds: i64,
    pub(super) format: Format,
    pub(super) wanted: Wanted,
}

/// What is to be done.
#[derive(Clone, Debug)]
pub(super) enum Wanted {
    /// No command: a shell.
    Shell,
    /// Help on everything.
    Help,
    /// What a command is about.
    HelpOn(&'static Command),
    Run(&'static Command, Arguments),
    /// A command's name is there, but as the value of an option.
    Nothing,
}

/// Why a command line leads to no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Text for standard output; all is well.
    Told(String),
    /// Text for standard error: usage and problem. The status is 2.
    Misused(String),
}

impl CommandLine {
    /// Reads words, behind the program's name. `program` is that name without its directory.
    pub(super) fn parse(program: &str, words: &[String]) -> Result<CommandLine, Refusal> {
        let names: Vec<&str> = COMMANDS.iter().map(|command| command.name).collect();
        let wanted = if words.iter().any(|word| names.contains(&word.as_str())) {
            Words::Command(&names)
        } else {
            Words::Unwanted
        };
        let top = argparse::parse(&SWITCHES, wanted, words).map_err(|stop| match stop {
            // `--help` is an ordinary option here.
            Stop::Leave(Leave::Version | Leave::Help) => Refusal::Told(format!("{VERSION}\n")),
            Stop::Wrong(problem) => misused(program, &problem),
        })?;
        let mut extras = top.extras.clone();
        let text = |name: &str| top.switches.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        let given = |name: &str| top.switches.get(name).and_then(serde_json::Value::as_bool) == Some(true);
        let help = given("help");
        let called = match top.words.split_first() {
            Some((name, rest)) => {
                let called = commands::named(name).map(|command| parse_command(command, rest)).transpose()?;
                called.inspect(|(_, parsed)| extras.extend(parsed.extras.iter().cloned()))
            }
            None => None,
        };
        if !extras.is_empty() {
            return Err(misused(program, &format!("unrecognized arguments: {}", extras.join(" "))));
        }
        let wanted = match (called, wanted) {
            (Some((command, _)), _) if help => Wanted::HelpOn(command),
            (Some((command, Parsed { words, switches, .. })), _) => {
                Wanted::Run(command, Arguments { words, switches })
            }
            (None, Words::Command(_)) => Wanted::Nothing,
            (None, Words::Unwanted | Words::Any) if help => Wanted::Help,
            (None, Words::Unwanted | Words::Any) => Wanted::Shell,
        };
        Ok(CommandLine {
            endpoint: text("endpoint"),
            ssh: text("ssh").map(|address| SshServer { address, key_file: text("ssh_keyfile") }),
            timeout_seconds: top.switches.get("timeout").and_then(serde_json::Value::as_i64).unwrap_or(5),
            format: match (given("json"), given("prettify")) {
                (false, _) => Format::Text,
                (true, false) => Format::Json,
                (true, true) => Format::PrettyJson,
            },
            wanted,
        })
    }
}

fn misused(program: &str, problem: &str) -> Refusal {
    Refusal::Misused(format!("usage: {USAGE}\n{program}: error: {problem}\n"))
}

fn parse_command(command: &'static Command, words: &[String]) -> Result<(&'static Command, Parsed), Refusal> {
    let switches: Vec<Switch> =
        std::iter::once(COMMAND_HELP).chain(command.switches.iter().copied()).collect();
    let parsed = argparse::parse(&switches, Words::Any, words).map_err(|stop| {
        let program = format!("{USAGE} {}", command.name);
        let width = help::width();
        let usage = help::usage(&program, &switches, width);
        match stop {
            Stop::Leave(Leave::Help | Leave::Version) => {
                let help = ("-h, --help".to_owned(), COMMAND_HELP.help);
                let entries: Vec<help::Entry> =
                    std::iter::once(help).chain(command.switches.iter().map(help::entry)).collect();
                let options = help::section("options", &entries, help::column(&entries, width), width);
                Refusal::Told(format!("{usage}\n{options}"))
            }
            Stop::Wrong(problem) => Refusal::Misused(format!("{usage}{program}: error: {problem}\n")),
        }
    })?;
    Ok((command, parsed))
}

/// What `--help` prints when no command is named.
pub(super) fn full_help() -> String {
    let width = help::width();
    let mut sorted: Vec<&Command> = COMMANDS.iter().collect();
    sorted.sort_by_key(|command| command.name);
    let commands: Vec<help::Entry> =
        sorted.iter().map(|command| (command.name.to_owned(), command.summary)).collect();
    let options: Vec<help::Entry> = SWITCHES.iter().map(help::entry).collect();
    let all: Vec<help::Entry> = commands.iter().chain(&options).cloned().collect();
    let column = help::column(&all, width);
    format!(
        "usage: {USAGE}\n\nTells a circusd what to do\n\n{}\n{}",
        help::section("Commands", &commands, column, width),
        help::section("options", &options, column, width)
    )
}
