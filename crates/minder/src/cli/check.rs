//! `minder check`: every problem of a configuration, not only the first.

use std::path::{Path, PathBuf};

use clap::Args;
use minder_config::{Problem, Severity, Sources, render_json, render_text};
use minder_supervisord::conf;
use minder_supervisord::conf::bare::Stay;
use serde_json::json;

use super::dialect::Dialect;
use super::ended::{Complaint, Ended, Form};
use super::terminal::{self, Colour, coloured};
use crate::assemble::native::Origin;

/// Show every problem of a configuration at once, with its place and what to do.
///
/// The file is a minder.toml, a supervisord.conf, a circus.ini or a kegbot.cfg. Nothing is started and no file is
/// written. Variables (`%(ENV_X)s`, `$(circus.env.X)`) are taken from the environment of this command. Exit status 1 says
/// that the program it is for would refuse the file.
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
    let checked = Checked::new(file, Dialect::of_file(&arguments.file));
    let count = Count::of(&checked);
    match form {
        Form::Text => terminal::say(&text(file, &checked, &count)),
        Form::Json => terminal::say(&format!("{:#}\n", json(file, &checked, &count))),
    }
    Ok(if count.errors == 0 { Ended::Well } else { Ended::Failed })
}

/// A configuration, looked through.
struct Checked {
    dialect: Dialect,
    sources: Sources,
    /// As they stand in the files, errors and warnings mixed. Those without a place come first.
    problems: Vec<Problem>,
    /// What would run: names, and under each the names of its processes.
    groups: Vec<(String, Vec<String>)>,
}

impl Checked {
    fn new(file: &str, dialect: Dialect) -> Self {
        let mut checked = match dialect {
            Dialect::Supervisor => Self::supervisor(file),
            Dialect::Circus => Self::circus(file),
            Dialect::KegbotMaster => Self::kegbot(file),
            Dialect::Native => Self::native(file),
        };
        checked.problems.sort_by_key(|problem| problem.at.map(|at| (at.file, at.start)));
        checked
    }

    fn supervisor(file: &str) -> Self {
        let request = conf::Request { file: file.to_owned(), ..conf::Request::default() };
        let reading = conf::read(&request, &conf::RealMachine);
        let problems = reading.problems().into_iter().cloned().collect();
        let groups = reading.settings.groups.iter().map(|group| {
            let names = group.processes.iter().map(|process| process.name.clone());
            (group.name.clone(), names.collect())
        });
        let groups = groups.collect();
        Self { dialect: Dialect::Supervisor, sources: reading.sources, problems, groups }
    }

    fn circus(file: &str) -> Self {
        let checked = minder_circusd::daemon::checking::check(file);
        let numbered =
            |(name, count): (String, u32)| (name, (1..=count).map(|wid| wid.to_string()).collect());
        let groups = checked.watchers.into_iter().map(numbered).collect();
        Self { dialect: Dialect::Circus, sources: checked.sources, problems: checked.problems, groups }
    }

    fn kegbot(file: &str) -> Self {
        let (sources, problems) = minder_kegbot_master::check(Path::new(file));
        let plan = minder_kegbot_master::station::Origin::new(Path::new(file), None).read().reading;
        let groups = plan.iter().flat_map(|reading| reading.plan.groups()).map(|group| {
            let names = group.programs.iter().map(|program| program.name.to_string());
            (group.name.to_string(), names.collect())
        });
        let groups = groups.collect();
        Self { dialect: Dialect::KegbotMaster, sources, problems, groups }
    }
}

impl Checked {
    fn native(file: &str) -> Self {
        let draft = Origin::new(Path::new(file), Stay::Foreground).read();
        let plan = draft.native.iter().flat_map(|native| native.plan.groups());
        let groups = plan
            .map(|group| {
                let names = group.programs.iter().map(|program| program.name.to_string());
                (group.name.to_string(), names.collect())
            })
            .collect();
        Self { dialect: Dialect::Native, sources: draft.sources, problems: draft.problems, groups }
    }
}

struct Count {
    errors: usize,
    warnings: usize,
    groups: usize,
    processes: usize,
}

impl Count {
    fn of(checked: &Checked) -> Count {
        let errors = checked.problems.iter().filter(|problem| problem.severity == Severity::Error).count();
        Count {
            errors,
            warnings: checked.problems.len() - errors,
            groups: checked.groups.len(),
            processes: checked.groups.iter().map(|(_, processes)| processes.len()).sum(),
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

fn text(file: &str, checked: &Checked, count: &Count) -> String {
    let paint = terminal::paint();
    let mut text = String::new();
    for problem in &checked.problems {
        text.push_str(&render_text(problem, &checked.sources, paint));
        text.push('\n');
    }
    let problems = count.problems();
    let summary = if count.errors == 0 {
        let colour = if count.warnings == 0 { Colour::Green } else { Colour::Yellow };
        let groups = plural(count.groups, checked.dialect.group_word());
        let content = format!("{} in {groups}", plural(count.processes, "process"));
        format!("{file}: {}, {content}", coloured(&problems, colour, paint))
    } else {
        let program = checked.dialect.program();
        format!("{file}: {}, {program} would refuse it", coloured(&problems, Colour::Red, paint))
    };
    text.push_str(&summary);
    text.push('\n');
    text
}

fn json(file: &str, checked: &Checked, count: &Count) -> serde_json::Value {
    let problems: Vec<serde_json::Value> = checked
        .problems
        .iter()
        .filter_map(|problem| serde_json::from_str(&render_json(problem, &checked.sources)).ok())
        .collect();
    let groups: Vec<serde_json::Value> = checked
        .groups
        .iter()
        .map(|(name, processes)| json!({ "name": name, "processes": processes }))
        .collect();
    json!({
        "file": file,
        "for": checked.dialect.program(),
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
