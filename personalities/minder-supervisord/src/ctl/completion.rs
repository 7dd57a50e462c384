//! The Tab key: actions, then the names of processes and groups, as far as the action takes any.

use std::cell::OnceCell;

use rustyline::completion::Completer;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::actions::ACTIONS;
use super::process::ProcessInfo;
use crate::client::{BlockingClient, Client};

/// Characters at which a word begins anew, besides white space. `:`, `*` and `-` are part of names.
const DELIMITERS: &str = "`~!@#$%^&()=+[{]}\\|;'\",<>/?";

/// Completes names. Asks the server when the first name is wanted, and remembers the answer.
pub(super) struct Names {
    client: Client,
    processes: OnceCell<Vec<ProcessInfo>>,
}

impl Names {
    pub(super) fn new(client: Client) -> Names {
        Names { client, processes: OnceCell::new() }
    }

    /// A server that does not answer has no names to offer; the user will hear of it when the line is run.
    fn processes(&self) -> &[ProcessInfo] {
        self.processes.get_or_init(|| {
            let client = BlockingClient::new(self.client.clone()).ok();
            let answer = client.and_then(|client| client.call("supervisor.getAllProcessInfo", &[]).ok());
            answer.and_then(|answer| ProcessInfo::list(&answer).ok()).unwrap_or_default()
        })
    }
}

impl Completer for Names {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        let before = &line[..at];
        let start = before
            .rfind(|c: char| c.is_whitespace() || DELIMITERS.contains(c))
            .map_or(0, |place| place + before[place..].chars().next().map_or(1, char::len_utf8));
        let candidates = candidates(before, &before[start..], || self.processes());
        Ok((start, candidates.into_iter().map(|name| format!("{name} ")).collect()))
    }
}

impl Helper for Names {}
impl Highlighter for Names {}
impl Validator for Names {}

impl Hinter for Names {
    type Hint = String;
}

/// What `word`, the end of the line, can become.
fn candidates<'a>(line: &str, word: &str, processes: impl FnOnce() -> &'a [ProcessInfo]) -> Vec<String> {
    let mut words = line.split_whitespace();
    let action = words.next().unwrap_or_default();
    let on_first_word = words.next().is_none() && !line.ends_with(char::is_whitespace);
    let names = if action.is_empty() || on_first_word || action == "help" {
        ACTIONS.iter().filter(|action| !action.help.is_empty()).map(|action| action.name.to_owned()).collect()
    } else {
        match action {
            "add" | "remove" | "update" => groups(processes()),
            "clear" | "fg" | "pid" | "restart" | "signal" | "start" | "status" | "stop" | "tail" => {
                process_names(processes(), word)
            }
            _ => Vec::new(),
        }
    };
    let mut names: Vec<String> = names.into_iter().filter(|name| name.starts_with(word)).collect();
    names.sort();
    names
}

fn groups(processes: &[ProcessInfo]) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for info in processes {
        if !groups.contains(&info.group) {
            groups.push(info.group.clone());
        }
    }
    groups
}

/// Names as they are shown; with a `:` in the word also those that need none, and the wildcard of each group.
fn process_names(processes: &[ProcessInfo], word: &str) -> Vec<String> {
    let mut names = Vec::new();
    for info in processes {
        if !word.contains(':') && info.name == info.group {
            names.push(info.name.clone());
            continue;
        }
        names.push(format!("{}:{}", info.group, info.name));
        let wildcard = format!("{}:*", info.group);
        if !names.contains(&wildcard) {
            names.push(wildcard);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::candidates;
    use crate::ctl::process::ProcessInfo;

    #[test]
    fn each_word_is_completed_to_what_may_stand_there() {
        let process = |group: &str, name: &str| ProcessInfo {
            group: group.to_owned(),
            name: name.to_owned(),
            state: 20,
            state_name: String::new(),
            description: String::new(),
            pid: 1,
        };
        let all = [process("cat", "cat"), process("grp", "a"), process("grp", "b")];
        for (line, word, expected) in [
            ("re", "re", "reload remove reread restart"),
            ("help st", "st", "start status stop"),
            ("start ", "", "cat grp:* grp:a grp:b"),
            ("start cat g", "g", "grp:* grp:a grp:b"),
            ("start cat:", "cat:", "cat:* cat:cat"),
            ("update ", "", "cat grp"),
            ("avail ", "", ""),
        ] {
            assert_eq!(candidates(line, word, || &all).join(" "), expected, "{line}");
        }
    }
}
