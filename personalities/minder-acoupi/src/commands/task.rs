//! `acoupi task`: the tasks of the program, and one of them, run here and now.

use std::time::Instant;

use minder_recorder::program::Program;
use minder_recorder::resident::{Resident, Run};
use serde_json::Value;

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Option_, Others, Parsed};
use crate::click::style::{Colour, bold, coloured, strong};
use crate::commands::help;
use crate::configuration::Loaded;
use crate::{files, health};

pub(crate) const LIST: Command = Command {
    path: "acoupi task list",
    usage: "[OPTIONS]",
    help: help::LIST,
    options: &[],
    arguments: &[],
    others: Others::Refused,
};
pub(crate) const RUN: Command = Command {
    path: "acoupi task run",
    usage: "[OPTIONS] TASK_NAME",
    help: help::RUN,
    options: &[],
    arguments: &["TASK_NAME"],
    others: Others::Refused,
};
pub(crate) const PROFILE: Command = Command {
    path: "acoupi task profile",
    usage: "[OPTIONS] TASK_NAME",
    help: help::PROFILE,
    options: &[
        Option_::Value("--output", ""),
        Option_::Value("--quiet", ""),
        Option_::Value("--log-level", ""),
    ],
    arguments: &["TASK_NAME"],
    others: Others::Refused,
};

const LEVELS: [&str; 5] = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

pub(crate) fn list(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    let loaded = load(acoupi)?;
    let class = strong(loaded.kind.class(), Colour::Green);
    acoupi.terminal.echo(&format!("Program {class} tasks:\n"));
    for task in loaded.program.tasks() {
        acoupi.terminal.echo(&bold(&format!("  • {}", task.name)));
    }
    Ok(())
}

pub(crate) fn run(acoupi: &mut Acoupi, parsed: &Parsed) -> Result<(), Failure> {
    let loaded = load(acoupi)?;
    let name = known(&RUN, parsed, &loaded)?;
    acoupi.terminal.echo(&format!("Running task {}", coloured(name, Colour::Green)));
    once(acoupi, &loaded, name).map(|_| ())
}

pub(crate) fn profile(acoupi: &mut Acoupi, parsed: &Parsed) -> Result<(), Failure> {
    let quiet = match parsed.value("--quiet") {
        None => false,
        Some(text) => boolean(text).ok_or_else(|| {
            let known = ", 0, 1, f, false, n, no, off, on, t, true, y, yes";
            let message = format!("'{text}' is not a valid boolean. Recognized values: {known}");
            PROFILE.wrong_value("--quiet", &message)
        })?,
    };
    if let Some(level) = parsed.value("--log-level").filter(|level| !LEVELS.contains(level)) {
        let levels: Vec<String> = LEVELS.iter().map(|level| format!("'{level}'")).collect();
        let message = format!("'{level}' is not one of {}.", levels.join(", "));
        return Err(PROFILE.wrong_value("--log-level", &message));
    }
    let loaded = load(acoupi)?;
    let name = known(&PROFILE, parsed, &loaded)?;
    if !quiet {
        acoupi.terminal.echo(&format!("Profiling task {}", coloured(name, Colour::Green)));
    }
    let before = Usage::now();
    let result = once(acoupi, &loaded, name);
    let report = before.until_now(name);
    if let Some(path) = parsed.value("--output") {
        files::write(path.as_ref(), &report, 0o644).map_err(|error| Failure::Error(error.to_string()))?;
    }
    if !quiet && parsed.value("--output").is_none() {
        acoupi.terminal.show(&report);
    }
    result.map(|_| ())
}

/// Does a task here, and gives its output.
pub(crate) fn once(acoupi: &mut Acoupi, loaded: &Loaded, name: &str) -> Result<Value, Failure> {
    if let Program::Test(program) = &loaded.program {
        acoupi.terminal.echo(&format!("Configuration: name={}", program.name));
        acoupi.terminal.echo("Task executed");
        return Ok(Value::Null);
    }
    let mut resident = Resident::of(loaded.kind, loaded.program.clone())
        .map_err(|error| Failure::Error(error.to_string()))?;
    let run = Run { run: format!("here-{}", acoupi.clock.now()), task: name.to_owned(), input: Value::Null };
    resident.run(&run).map_err(|error| Failure::Error(error.to_string()))
}

fn known<'a>(command: &Command, parsed: &'a Parsed, loaded: &Loaded) -> Result<&'a str, Failure> {
    let name = parsed.arguments.first().map_or("", String::as_str);
    if loaded.program.tasks().iter().any(|task| task.name == name) {
        return Ok(name);
    }
    let red = |text| coloured(text, Colour::Red);
    Err(command.wrong(format!("{}{}{}", red("Task "), strong(name, Colour::Red), red(" not found."))))
}

fn load(acoupi: &mut Acoupi) -> Result<Loaded, Failure> {
    let loaded = Loaded::read(&acoupi.settings).map_err(|error| Failure::Error(error.to_string()))?;
    health::announce(acoupi, &loaded);
    Ok(loaded)
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "t" | "true" | "y" | "yes" | "on" => Some(true),
        "" | "0" | "f" | "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// What this process has needed so far.
struct Usage {
    at: Instant,
    /// Ticks of the processor for it, and for the kernel on its behalf.
    ticks: [u64; 2],
}

impl Usage {
    fn now() -> Self {
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let behind = stat.rsplit_once(')').map_or("", |(_, behind)| behind);
        let mut fields = behind.split_ascii_whitespace().skip(11).map(|field| field.parse().unwrap_or(0));
        let mut tick = || fields.next().unwrap_or(0);
        let ticks = [tick(), tick()];
        Self { at: Instant::now(), ticks }
    }

    fn until_now(&self, task: &str) -> String {
        let now = Self::now();
        // The kernel's ticks are hundredths of a second for whoever reads /proc.
        let hundredths = |index: usize| now.ticks[index].saturating_sub(self.ticks[index]);
        let seconds = |index: usize| format!("{}.{:02}", hundredths(index) / 100, hundredths(index) % 100);
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).map_or("", str::trim);
        format!(
            "task       {task}\nwall       {:.3} s\nprocessor  {} s\nkernel     {} s\nmemory     {peak}\n",
            now.at.duration_since(self.at).as_secs_f64(),
            seconds(0),
            seconds(1),
        )
    }
}
