//! The programs as a plan: in the foreground, started again whenever they end.
//!
//! The flags of the file are kept, save two. `daemon` would take the program away from whoever looks after it. `pidfile`
//! would keep it from starting again after a crash as soon as another process has got the old number, which in a container
//! is likely; and nobody needs the file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use minder_config::Problem;
use minder_core::backoff::{Backoff, Shortage};
use minder_core::ids::{ByteString, GroupName, ProgramName, Signal};
use minder_core::plan::{GroupSpec, Plan, PlanProblem};
use minder_core::program::{
    Choice, Command, CommandProblem, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish,
    Readiness, Rotation, Startup, StdinSource, Surroundings, Syslog,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};

use crate::settings::{App, Settings, flag_word};
use crate::shell::{self, Line};

/// A program that ends earlier than this could not do its work. A core that finds its port taken needs two seconds to
/// notice.
const SETTLED_AFTER: Duration = Duration::from_secs(5);

/// The n-th failure in a row is followed by a pause of n times this, without end: a server that is down over night is
/// asked every few minutes towards morning.
const PAUSE_STEP: Duration = Duration::from_secs(1);

/// How long a stop may take before SIGKILL.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// When the file of what a program prints begins anew, in bytes, and how many old ones are kept.
const OUTPUT_FILE: (u64, u32) = (1 << 20, 3);

/// Flags that make no sense for a program in the foreground.
const DROPPED: [&str; 2] = ["daemon", "pidfile"];

/// The plan: a group for each enabled program, in the order of the file. `search` are the directories for programs.
///
/// # Errors
/// None for settings that were read from a file, where a section of the same name is the same section.
pub fn plan(settings: &Settings, search: &[String]) -> Result<Plan, PlanProblem> {
    let search: Arc<[ByteString]> = search.iter().map(|directory| bytes(directory)).collect();
    let group = |app: &App| GroupSpec {
        name: GroupName::new(app.name.as_str()),
        priority: 0,
        programs: vec![Arc::new(program(app, &search))],
        subscription: None,
        socket: None,
    };
    Plan::new(settings.apps.iter().map(group).collect())
}

/// The command of a program in the foreground, as the shell would be given it.
#[must_use]
pub fn foreground_command(app: &App) -> String {
    let kept = app.flags.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str()));
    let mut words: Vec<String> = kept.map(|(name, setting)| flag_word(name, &setting.value)).collect();
    words.sort_unstable();
    words.insert(0, app.program.clone());
    words.join(" ")
}

fn program(app: &App, search: &Arc<[ByteString]>) -> ProgramSpec {
    let output = OutputSpec {
        log: output_file(app).map_or(LogTarget::Nowhere, |file| LogTarget::File(bytes(&file))),
        rotation: Rotation::AfterWrite { max_bytes: Some(OUTPUT_FILE.0), backups: OUTPUT_FILE.1 },
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    };
    ProgramSpec {
        name: ProgramName::new(app.name.as_str()),
        command: command(app, search),
        directory: None,
        environment: Vec::new(),
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 0,
        startup: Startup::Automatic,
        restart: RestartPolicy::Always,
        expected_exits: ExpectedExits(vec![0]),
        readiness: Readiness::StaysUp(SETTLED_AFTER),
        backoff: Backoff { retries: u32::MAX, step: PAUSE_STEP, shortage: Shortage::Passes },
        stop: StopPolicy {
            signal: Signal::TERM,
            grace: STOP_GRACE,
            reach: Reach::Group,
            kill_reach: Reach::Group,
        },
        stdin: StdinSource::Null,
        stdout: output,
        stderr: ErrorOutput::WithStdout,
        notices: Arc::default(),
    }
}

fn command(app: &App, search: &Arc<[ByteString]>) -> Command {
    let line = foreground_command(app);
    let words = match shell::understand(&line) {
        Line::Words(words) if words.is_empty() => Err(CommandProblem::Empty),
        Line::Words(words) => Ok(words.iter().map(|word| bytes(word)).collect()),
        Line::Script => Ok(["/bin/sh", "-c", &shell::becoming(&line)].into_iter().map(bytes).collect()),
        Line::Open(quote) => Err(CommandProblem::Unsplittable(no_end(quote).into())),
    };
    Command { line: line.into(), file: None, words, search: search.clone(), choice: Choice::First }
}

/// Where what a program prints is kept: beside its own log, which it may rename at midnight and therefore has alone.
fn output_file(app: &App) -> Option<String> {
    let Line::Words(words) = shell::understand(app.value("logfile")) else { return None };
    let [file] = words.as_slice() else { return None };
    Some(format!("{}.out", file.strip_suffix(".log").unwrap_or(file)))
}

fn no_end(quote: char) -> String {
    format!("the quote {quote} has no end")
}

fn bytes(text: &str) -> ByteString {
    text.as_bytes().into()
}

/// What will hardly do what its author meant, though the launcher takes it.
#[must_use]
pub fn remarks(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut pidfiles: BTreeMap<&str, &App> = BTreeMap::new();
    for app in &settings.apps {
        problems.extend(command_remark(app));
        problems.extend(pidfile_remark(app));
        problems.extend(daemon_remark(app));
        if let Some(first) = pidfiles.insert(app.value("pidfile"), app) {
            let problem = Problem::warning(format!("has the same pidfile as `{}`", first.name))
                .with_place(Some(app.flags.get("pidfile").and_then(|setting| setting.at).unwrap_or(app.at)))
                .with_subject(app.name.as_str())
                .with_note(Some(first.at), "the other program")
                .with_hint(Some("remove `pidfile`, and each has its own".to_owned()));
            problems.push(problem);
        }
    }
    problems
}

fn command_remark(app: &App) -> Option<Problem> {
    let Line::Open(quote) = shell::understand(&app.command()) else { return None };
    let setting =
        app.flags.values().find(|setting| matches!(shell::understand(&setting.value), Line::Open(_)));
    let problem = Problem::warning(format!("{}, so the shell refuses the command", no_end(quote)))
        .with_place(setting.and_then(|setting| setting.at).or(Some(app.at)))
        .with_subject(app.name.as_str())
        .with_hint(Some("put the whole value in quotes, or escape the quote by a backslash".to_owned()));
    Some(problem)
}

fn pidfile_remark(app: &App) -> Option<Problem> {
    let setting = app.flags.get("pidfile")?;
    let plain = shell::understand(&setting.value) == Line::Words(vec![setting.value.clone()]);
    if plain || setting.value.is_empty() {
        return None;
    }
    let problem =
        Problem::warning("the program gets this name from the shell, `status` and `stop` take it as it is")
            .with_place(setting.at.or(Some(app.at)))
            .with_subject("pidfile")
            .with_clash(setting.value.as_str(), "a path without quotes, spaces and other signs of the shell")
            .with_hint(Some("remove the quotes".to_owned()));
    Some(problem)
}

fn daemon_remark(app: &App) -> Option<Problem> {
    let setting = app.flags.get("daemon")?;
    if !matches!(setting.value.to_ascii_lowercase().as_str(), "false" | "f" | "0") {
        return None;
    }
    let problem = Problem::warning("`start` waits until a program in the foreground ends")
        .with_place(setting.at.or(Some(app.at)))
        .with_subject("daemon")
        .with_clash(setting.value.as_str(), "True")
        .with_hint(Some(
            "remove the line; `minder run` runs programs in the foreground in any case".to_owned(),
        ));
    Some(problem)
}
