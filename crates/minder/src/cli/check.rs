//! `minder check`: every problem of a configuration, not only the first.

use std::path::PathBuf;

use clap::Args;
use minder_config::{Problem, Severity, render_json, render_text};
use minder_supervisord::conf::{self, Reading, RealMachine, Request};
use serde_json::json;

use super::ended::{Complaint, Ended, Form};
use super::terminal::{self, Colour, coloured};

/// Show every problem of a supervisord.conf at once, with its place and what to do.
///
/// Nothing is started and no file is written. Variables (`%(ENV_X)s`) are taken from the environment of this command.
/// Exit status 1 says that supervisord would refuse the file.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The configuration.
    file: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let form = Form::of(arguments.json);
    let Some(file) = arguments.file.to_str() else {
        return Err(Complaint::new(Ended::Misused, "the path of the file is not UTF-8").in_form(form));
    };
    if !arguments.file.is_file() {
        let why = if arguments.file.exists() { "it is no file" } else { "there is no such file" };
        return Err(Complaint::new(Ended::Misused, format!("cannot check {file}: {why}")).in_form(form));
    }
    let reading = conf::read(&Request { file: file.to_owned(), ..Request::default() }, &RealMachine);
    let count = Count::of(&reading);
    match form {
        Form::Text => terminal::say(&text(file, &reading, &count)),
        Form::Json => terminal::say(&format!("{:#}\n", json(file, &reading, &count))),
    }
    Ok(if count.errors == 0 { Ended::Well } else { Ended::Failed })
}

/// The problems as they stand in the files, errors and warnings mixed. Those without a place come first.
fn in_order(reading: &Reading) -> Vec<&Problem> {
    let mut problems = reading.problems();
    problems.sort_by_key(|problem| problem.at.map(|at| (at.file, at.start)));
    problems
}

struct Count {
    errors: usize,
    warnings: usize,
    groups: usize,
    processes: usize,
}

impl Count {
    fn of(reading: &Reading) -> Count {
        let problems = reading.problems();
        let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        Count {
            errors,
            warnings: problems.len() - errors,
            groups: reading.settings.groups.len(),
            processes: reading.settings.groups.iter().map(|group| group.processes.len()).sum(),
        }
    }

    fn problems(&self) -> String {
        match (self.errors, self.warnings) {
            (0, 0) => "no problems".to_owned(),
            (0, warnings) => plural(warnings, "warning"),
            (errors, 0) => plural(errors, "error"),
            (errors, warnings) => format!("{}, {}", plural(errors, "error"), plural(warnings, "warning")),
        }
    }
}

fn text(file: &str, reading: &Reading, count: &Count) -> String {
    let paint = terminal::paint();
    let mut text = String::new();
    for problem in in_order(reading) {
        text.push_str(&render_text(problem, &reading.sources, paint));
        text.push('\n');
    }
    let problems = count.problems();
    let summary = if count.errors == 0 {
        let colour = if count.warnings == 0 { Colour::Green } else { Colour::Yellow };
        let content = format!("{} in {}", plural(count.processes, "process"), plural(count.groups, "group"));
        format!("{file}: {}, {content}", coloured(&problems, colour, paint))
    } else {
        format!("{file}: {}, supervisord would refuse it", coloured(&problems, Colour::Red, paint))
    };
    text.push_str(&summary);
    text.push('\n');
    text
}

fn json(file: &str, reading: &Reading, count: &Count) -> serde_json::Value {
    let problems: Vec<serde_json::Value> = in_order(reading)
        .into_iter()
        .filter_map(|problem| serde_json::from_str(&render_json(problem, &reading.sources)).ok())
        .collect();
    let groups: Vec<serde_json::Value> = reading
        .settings
        .groups
        .iter()
        .map(|group| {
            let names: Vec<&str> = group.processes.iter().map(|process| process.name.as_str()).collect();
            json!({ "name": group.name, "processes": names })
        })
        .collect();
    json!({
        "file": file,
        "accepted": count.errors == 0,
        "errors": count.errors,
        "warnings": count.warnings,
        "problems": problems,
        "groups": groups,
    })
}

fn plural(number: usize, word: &str) -> String {
    let ending = match word {
        _ if number == 1 => "",
        word if word.ends_with('s') => "es",
        _ => "s",
    };
    format!("{number} {word}{ending}")
}
