//! The shell: one command a line, until there are no more lines.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::process::ExitCode;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{Context, Editor, Helper};

use super::command_line::{CommandLine, VERSION, Wanted};
use super::commands::{self, Arguments, COMMANDS};
use super::session::Session;
use super::{completion, leave, topics};
use crate::options::shellwords;

const PROMPT: &str = "(circusctl) ";

/// Runs it. Whatever goes wrong in a command, the shell goes on; only a line that is no command line ends it.
pub(super) fn run(session: &mut Session) -> ExitCode {
    say(VERSION);
    if let Some(status) = commands::named("status") {
        session.run(status, &Arguments::default());
    }
    let mut lines = Lines::new();
    // An empty line repeats the one before.
    let mut last = String::new();
    loop {
        let Some(line) = lines.next(session) else {
            say("");
            return ExitCode::SUCCESS;
        };
        let mut line = line.trim().to_owned();
        if line.is_empty() {
            line.clone_from(&last);
        }
        if line == "EOF" {
            say("");
            return ExitCode::SUCCESS;
        }
        last.clone_from(&line);
        if let Some(status) = obey(session, &line) {
            return status;
        }
    }
}

/// Does what a line says. The shell ends when it is no command line.
fn obey(session: &mut Session, line: &str) -> Option<ExitCode> {
    if line.is_empty() {
        return None;
    }
    let line = line.strip_prefix('?').map_or_else(|| line.to_owned(), |rest| format!("help {rest}"));
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name == "help" {
        help(rest.trim());
        return None;
    }
    if commands::named(name).is_none() {
        say(&format!("*** Unknown syntax: {line}"));
        return None;
    }
    let mut words = vec![name.to_owned()];
    match shellwords::split(rest) {
        Ok(more) => words.extend(more),
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            return None;
        }
    }
    match CommandLine::parse("circusctl", &words) {
        Ok(CommandLine { wanted: Wanted::Run(command, arguments), .. }) => {
            session.run(command, &arguments);
            None
        }
        Ok(_) => None,
        Err(refusal) => Some(leave(&refusal)),
    }
}

fn help(topic: &str) {
    if topic.is_empty() {
        let mut names: Vec<&str> = COMMANDS.iter().map(|command| command.name).chain(["help"]).collect();
        names.sort_unstable();
        let documented = topics::listing("Documented commands (type help <topic>):", &names);
        let others = topics::listing("Undocumented commands:", &["EOF"]);
        // Each listing ends with an empty line.
        let _ = write!(io::stdout(), "\n{documented}{others}");
        return;
    }
    match commands::named(topic) {
        Some(command) => say(command.description().trim_end()),
        None if topic == "help" => say("help [COMMAND]: the commands, or what one of them does"),
        None => say(&format!("*** No help on {topic}")),
    }
}

fn say(line: &str) {
    // Nobody can be told that nobody reads it.
    let _ = writeln!(io::stdout(), "{line}");
}

/// Where lines come from.
enum Lines {
    Terminal(Box<Editor<Names, DefaultHistory>>),
    Stdin,
}

impl Lines {
    fn new() -> Self {
        if !io::stdin().is_terminal() {
            return Self::Stdin;
        }
        match Editor::new() {
            Ok(mut editor) => {
                editor.set_helper(Some(Names::default()));
                Self::Terminal(Box::new(editor))
            }
            Err(_) => Self::Stdin,
        }
    }

    fn next(&mut self, session: &mut Session) -> Option<String> {
        match self {
            Self::Terminal(editor) => {
                if let Some(names) = editor.helper_mut() {
                    names.watchers = session.watchers();
                }
                match editor.readline(PROMPT) {
                    Ok(line) => {
                        // A history that takes no more is no reason to stop.
                        let _ = editor.add_history_entry(&line);
                        Some(line)
                    }
                    // Ctrl-C ends it as Ctrl-D does.
                    Err(_) => None,
                }
            }
            Self::Stdin => {
                let _ = write!(io::stdout(), "{PROMPT}").and_then(|()| io::stdout().flush());
                let mut line = String::new();
                match io::stdin().lock().read_line(&mut line) {
                    Ok(1..) => Some(line),
                    Ok(0) | Err(_) => None,
                }
            }
        }
    }
}

/// What can be completed: commands first, then watchers.
#[derive(Default)]
struct Names {
    watchers: Vec<String>,
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..at).unwrap_or(line);
        let begin = typed.rfind(' ').map_or(0, |space| space + 1);
        let word = typed.get(begin..).unwrap_or_default();
        let candidates = if begin == 0 {
            completion::commands(word).into_iter().map(str::to_owned).collect()
        } else {
            self.watchers.iter().filter(|name| name.starts_with(word)).cloned().collect()
        };
        Ok((begin, candidates))
    }
}

impl Hinter for Names {
    type Hint = String;
}

impl Highlighter for Names {}

impl Validator for Names {}

impl Helper for Names {}
