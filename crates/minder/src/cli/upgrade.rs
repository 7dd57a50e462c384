//! `minder upgrade`: a running minder becomes another program, and nothing that it looks after notices.
//!
//! ```text
//!  which daemon (door) ─▶ can the new program read what it has kept? ─▶ door: become it ─▶ wait until it answers
//! ```

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use clap::Args;
use minder_runtime::shelf::{self, DOOR};
use serde_json::{Value, json};

use super::ended::{Complaint, Ended, Form};
use super::terminal;
use crate::assemble::readable;

/// How long the new program may take until it answers.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// Between two attempts to reach it; nobody tells when a socket is there again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// Have a running minder become another program; what it looks after goes on untouched.
///
/// The new program is first asked whether it can read what the running one has kept. If it cannot, nothing is done.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The new program, a minder; this one if it is not given.
    #[arg(long, value_name = "FILE")]
    to: Option<PathBuf>,
    /// The configuration of the daemon that is meant, if several run.
    #[arg(short, long, value_name = "FILE")]
    configuration: Option<PathBuf>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// Asked of the new program: whether it can read this directory.
    #[arg(long, hide = true, value_name = "DIRECTORY", requires = "table")]
    can_read: Option<PathBuf>,
    /// By which version of the table it would be handed over.
    #[arg(long, hide = true)]
    table: Option<u32>,
}

/// A daemon that runs.
struct Daemon {
    shelf: PathBuf,
    kind: String,
    file: PathBuf,
    keeper: u64,
    mind: u64,
    version: String,
    /// The version of the table by which its keeper hands over.
    table: u64,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    if let (Some(directory), Some(table)) = (&arguments.can_read, arguments.table) {
        return readable::try_all(directory, table)
            .map(|()| Ended::Well)
            .map_err(|reason| Complaint::failed(reason.to_string()));
    }
    let form = Form::of(arguments.json);
    upgrade(arguments, form).map_err(|complaint| complaint.in_form(form))
}

fn upgrade(arguments: &Arguments, form: Form) -> Result<Ended, Complaint> {
    let program = match &arguments.to {
        Some(file) => file.clone(),
        None => std::env::current_exe()
            .map_err(|error| Complaint::failed(format!("cannot find this program: {error}")))?,
    };
    let program = program
        .canonicalize()
        .map_err(|error| Complaint::failed(format!("{}: {error}", program.display())))?;
    let daemon = the_one(arguments.configuration.as_deref())?;
    ask_whether_it_can(&program, &daemon)?;
    let begun = Instant::now();
    let answer = ask(&daemon.shelf, &json!({ "ask": "upgrade", "to": program.to_string_lossy() }))
        .map_err(|error| Complaint::failed(format!("the {} does not answer: {error}", daemon.kind)))?;
    if let Some(reason) = answer.get("error").and_then(Value::as_str) {
        return Err(Complaint::failed(format!("the {} refuses: {reason}", daemon.kind)));
    }
    let now = wait_for_the_next(&daemon, begun)?;
    let took = begun.elapsed();
    if !is_executing(now.keeper, &program) {
        let text =
            format!("the {} could not become {}, and goes on as it was", daemon.kind, program.display());
        return Err(Complaint::failed(text));
    }
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    terminal::say(&match form {
        Form::Json => format!(
            "{}\n",
            json!({
                "kind": now.kind, "configuration": now.file, "keeper": now.keeper, "program": program,
                "from": daemon.version, "to": now.version, "milliseconds": milliseconds,
            })
        ),
        Form::Text => format!(
            "the {} of {} is {} {} now (pid {}, {milliseconds} ms); nothing that it looks after was touched\n",
            now.kind,
            now.file.display(),
            program.display(),
            now.version,
            now.keeper,
        ),
    });
    Ok(Ended::Well)
}

/// The daemon of this configuration, or the only one.
fn the_one(configuration: Option<&Path>) -> Result<Daemon, Complaint> {
    let mut running: Vec<Daemon> = shelf::all().iter().filter_map(|shelf| about(shelf)).collect();
    let wanted = configuration.map(|file| std::path::absolute(file).unwrap_or_else(|_| file.to_owned()));
    if let Some(wanted) = &wanted {
        running.retain(|daemon| daemon.file == *wanted);
    }
    match (running.len(), running.pop()) {
        (1, Some(daemon)) => Ok(daemon),
        (_, Some(last)) => {
            let all = running.iter().chain([&last]);
            let complaint =
                Complaint::new(Ended::Misused, "several daemons run; say which one is meant with -c");
            Err(all.fold(complaint, |complaint, daemon| {
                complaint.with_hint(format!("-c {}", daemon.file.display()))
            }))
        }
        (_, None) => {
            let which = wanted.map_or_else(String::new, |file| format!(" with {}", file.display()));
            Err(Complaint::new(Ended::Unreachable, format!("no minder of this user runs{which}"))
                .with_hint("daemons of other users are theirs to upgrade: use sudo -u USER"))
        }
    }
}

fn about(shelf: &Path) -> Option<Daemon> {
    let answer = ask(shelf, &json!({ "ask": "about" })).ok()?;
    let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
    let number = |key: &str| answer.get(key).and_then(Value::as_u64);
    Some(Daemon {
        shelf: shelf.to_owned(),
        kind: text("kind")?,
        file: text("file")?.into(),
        keeper: number("keeper")?,
        mind: number("mind")?,
        version: text("version")?,
        table: number("table")?,
    })
}

fn ask(shelf: &Path, request: &Value) -> std::io::Result<Value> {
    let mut stream = UnixStream::connect(shelf.join(DOOR))?;
    stream.set_read_timeout(Some(ANSWER_WITHIN))?;
    stream.write_all(format!("{request}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(serde_json::from_str(&line)?)
}

fn ask_whether_it_can(program: &Path, daemon: &Daemon) -> Result<(), Complaint> {
    let mut question = Command::new(program);
    question.args(["upgrade", "--can-read"]).arg(&daemon.shelf).arg("--table").arg(daemon.table.to_string());
    let answer = question.stdin(Stdio::null()).output();
    let answer =
        answer.map_err(|error| Complaint::failed(format!("cannot run {}: {error}", program.display())))?;
    if answer.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&answer.stderr);
    let text = format!("{} could not go on where the running {} is", program.display(), daemon.kind);
    let complaint = told
        .lines()
        .take(3)
        .fold(Complaint::failed(text), |complaint, line| complaint.with_hint(line.trim()));
    Err(complaint.with_hint("nothing was changed; a restart would begin anew with it"))
}

/// Waits until another mind answers.
fn wait_for_the_next(daemon: &Daemon, begun: Instant) -> Result<Daemon, Complaint> {
    loop {
        if let Some(next) = about(&daemon.shelf).filter(|next| next.mind != daemon.mind) {
            return Ok(next);
        }
        if begun.elapsed() > ANSWER_WITHIN {
            let text =
                format!("the {} does not answer since it was asked to become another program", daemon.kind);
            return Err(Complaint::failed(text).with_hint(format!("look at process {}", daemon.keeper)));
        }
        std::thread::sleep(TRY_AGAIN_AFTER);
    }
}

fn is_executing(pid: u64, program: &Path) -> bool {
    std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program)
}
