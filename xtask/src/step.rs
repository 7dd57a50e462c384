//! Running a program as one step, with what it is and how long it took shown.

use std::collections::VecDeque;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

/// Why a command of ours failed.
#[derive(Debug)]
pub(crate) enum Problem {
    /// A program could not be started.
    NotStarted(String, std::io::Error),
    /// A program ended with a failure.
    Failed(String, String),
    /// Something is missing that we cannot provide.
    Missing(String),
    /// A file could not be read or written.
    File(String, std::io::Error),
    /// Rules that are broken, each with its place.
    Untidy(Vec<String>),
    /// Steps of a longer run that failed.
    Steps(Vec<String>),
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NotStarted(program, source) => write!(out, "cannot start {program}: {source}"),
            Problem::Failed(program, status) => write!(out, "{program}: {status}"),
            Problem::Missing(what) => write!(out, "{what}"),
            Problem::File(path, source) => write!(out, "{path}: {source}"),
            Problem::Untidy(rules) => write!(out, "{} broken rules\n{}", rules.len(), rules.join("\n")),
            Problem::Steps(steps) => write!(out, "failed: {}", steps.join(", ")),
        }
    }
}

/// Says what is done, runs it with its output shown, says how long it took.
///
/// # Errors
/// When the program cannot be started or fails.
pub(crate) fn run(what: &str, command: &mut Command) -> Result<(), Problem> {
    println!("\n▶ {what}");
    let begin = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| Problem::NotStarted(program.clone(), error))?;
    println!("{} {what}: {:.1} s", if status.success() { "✔" } else { "✘" }, begin.elapsed().as_secs_f32());
    if status.success() { Ok(()) } else { Err(Problem::Failed(what.to_owned(), status.to_string())) }
}

/// Runs as [`run`] does, and gives back the last lines of all that was printed besides.
pub(crate) fn run_remembering(
    what: &str,
    command: &mut Command,
    lines: usize,
) -> (Result<(), Problem>, Vec<String>) {
    println!("\n▶ {what}");
    let begin = Instant::now();
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = match command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => return (Err(Problem::NotStarted(program, error)), Vec::new()),
    };
    let last = Mutex::new(VecDeque::new());
    std::thread::scope(|scope| {
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
            child.stderr.take().map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        ];
        for stream in streams.into_iter().flatten() {
            scope.spawn(|| forward(stream, &last, lines));
        }
    });
    let last = last.into_inner().unwrap_or_default().into();
    let status = match child.wait() {
        Ok(status) => status,
        Err(error) => return (Err(Problem::NotStarted(program, error)), last),
    };
    println!("{} {what}: {:.1} s", if status.success() { "✔" } else { "✘" }, begin.elapsed().as_secs_f32());
    let outcome =
        if status.success() { Ok(()) } else { Err(Problem::Failed(what.to_owned(), status.to_string())) };
    (outcome, last)
}

/// Prints each line as it comes and keeps the last of them.
fn forward(stream: impl Read, last: &Mutex<VecDeque<String>>, lines: usize) {
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        println!("{line}");
        if let Ok(mut last) = last.lock() {
            last.push_back(line);
            if last.len() > lines {
                last.pop_front();
            }
        }
    }
}

/// The output of a program that must succeed.
///
/// # Errors
/// When the program cannot be started or fails.
pub(crate) fn output(command: &mut Command) -> Result<String, Problem> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Problem::NotStarted(program.clone(), error))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        Err(Problem::Failed(program, format!("{} {said}", output.status)))
    }
}

/// Whether a program runs at all.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}
