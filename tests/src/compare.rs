//! Running a scenario on both sides at once and comparing what was seen.

use crate::daemon::{Daemon, Kind};
use crate::normal::Normal;
use crate::process::Finished;
use crate::xmlrpc::Reply;
use crate::{deviations, http, trace, wait};
use serde_json::Value;
use std::time::Duration;

/// Who plays on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Side {
    /// Whose supervisord.
    pub daemon: Kind,
    /// Whose supervisorctl.
    pub ctl: Kind,
}

/// The reference first, then what is compared with it.
const BOTH: [Side; 2] =
    [Side { daemon: Kind::Original, ctl: Kind::Original }, Side { daemon: Kind::Minder, ctl: Kind::Minder }];

/// All four pairs of daemon and supervisorctl.
const MIXED: [Side; 4] = [
    Side { daemon: Kind::Original, ctl: Kind::Original },
    Side { daemon: Kind::Minder, ctl: Kind::Minder },
    Side { daemon: Kind::Minder, ctl: Kind::Original },
    Side { daemon: Kind::Original, ctl: Kind::Minder },
];

/// What was seen on one side, in normal form.
#[derive(Debug)]
pub struct Transcript {
    lines: Vec<String>,
    normal: Normal,
}

impl Transcript {
    /// An empty one for a daemon.
    pub fn new(daemon: &Daemon) -> Transcript {
        Transcript { lines: Vec::new(), normal: daemon.normal() }
    }

    /// Writes a text, line by line, under a heading.
    pub fn text(&mut self, heading: &str, text: &str) {
        let (heading, text) = (self.normal.text(heading), self.normal.text(text));
        self.lines.push(format!("== {heading}"));
        // Line ends show, because a missing one at the end of a file matters.
        self.lines.extend(text.split_inclusive('\n').map(|line| line.replace('\n', "⏎")));
    }

    /// Writes a fact.
    pub fn fact(&mut self, name: &str, value: impl std::fmt::Display) {
        let value = self.normal.text(&value.to_string());
        self.lines.push(format!("{name} = {value}"));
    }

    /// Calls, and writes the call and what came back.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a scenario's lines end in json!(…) without a sign before it"
    )]
    pub fn call(&mut self, daemon: &Daemon, method: &str, params: Value) -> Reply {
        let reply = daemon.call(method, &params);
        self.reply(&format!("{method}{params}"), &reply);
        if method.contains(".start") {
            // What was started is to be itself before the next line sends it a signal.
            daemon.wait_execs();
        }
        reply
    }

    /// Writes what came back from something.
    pub fn reply(&mut self, name: &str, reply: &Reply) {
        let name = self.normal.text(name);
        match reply {
            Reply::Value(Value::Array(items)) if items.iter().any(Value::is_object) => {
                self.lines.push(format!("{name} = ["));
                let items: Vec<String> =
                    items.iter().map(|item| format!("  {}", self.normal.value(item))).collect();
                self.lines.extend(items);
                self.lines.push("]".into());
            }
            Reply::Value(value) => self.lines.push(format!("{name} = {}", self.normal.value(value))),
            Reply::Fault(code, text) => {
                let text = self.normal.text(text);
                self.lines.push(format!("{name} = fault {code} {text:?}"));
            }
            Reply::Http(status) => self.lines.push(format!("{name} = http {status}")),
            Reply::Broken(why) => self.lines.push(format!("{name} = broken: {why}")),
        }
    }

    /// Runs supervisorctl, and writes its exit status and all it printed.
    pub fn ctl(&mut self, daemon: &Daemon, args: &[&str]) -> Finished {
        let done = daemon.ctl(args);
        self.finished(&format!("supervisorctl {}", args.join(" ")), &done);
        done
    }

    /// Writes how a command ended.
    pub fn finished(&mut self, name: &str, done: &Finished) {
        self.text(&format!("{name} [{}]", done.status), &done.stdout);
        if !done.stderr.is_empty() {
            self.text("stderr", &done.stderr);
        }
    }

    /// Writes an HTTP answer: status, headers (without the date), body.
    pub fn response(&mut self, name: &str, response: &std::io::Result<http::Response>) {
        match response {
            Ok(response) => {
                self.text(&format!("{name}: {}", response.status_line), &response.text());
                for (header, value) in &response.headers {
                    if !matches!(header.as_str(), "date" | "last-modified") {
                        let value = self.normal.text(value);
                        // `Keep-Alive` and `keep-alive` are one word to HTTP.
                        let value = if header == "connection" { value.to_lowercase() } else { value };
                        self.lines.push(format!("{header}: {value}"));
                    }
                }
            }
            Err(error) => self.lines.push(format!("{name}: no answer: {}", error.kind())),
        }
    }

    /// Writes what happened to every program so far.
    pub fn trace(&mut self, daemon: &Daemon) {
        self.text("trace", &trace::of(daemon));
    }

    /// Writes the main log's lines, each program's together, for runs that end without the recorder.
    pub fn trace_log(&mut self, daemon: &Daemon) {
        let log = daemon.log();
        self.text("the daemon's lines", &trace::daemon_lines(&log).join("\n"));
        let mut lines: Vec<(String, &str)> =
            log.lines().filter_map(|line| Some((trace::program_of(line)?, line))).collect();
        lines.sort_by(|one, other| one.0.cmp(&other.0));
        let lines: Vec<&str> = lines.into_iter().map(|(_, line)| line).collect();
        self.text("the programs' lines", &lines.join("\n"));
    }

    /// Stops the daemon and writes how it ended and what outlived it.
    pub fn end(&mut self, daemon: &Daemon) {
        let done = daemon.stop();
        self.fact("end", done.status);
        self.fact("left over", format!("{:?}", daemon.leftovers()));
        self.fact("socket left", daemon.place().path("supervisor.sock").exists());
        self.fact("pidfile left", daemon.place().path("main.pid").exists());
    }
}

/// Runs `scenario` against both daemons, started with `config`, stops them, and compares.
///
/// # Panics
/// When the transcripts differ, with the difference.
pub fn compare(config: &str, scenario: impl Fn(&Daemon, &mut Transcript) + Sync) {
    compare_deviating(&[], config, scenario);
}

/// The same where minder differs on purpose: each side's transcript is rewritten by the named [`deviations`].
///
/// # Panics
/// As [`compare`].
pub fn compare_deviating(names: &[&str], config: &str, scenario: impl Fn(&Daemon, &mut Transcript) + Sync) {
    run(&BOTH, names, |side| {
        let daemon = Daemon::start(side.daemon, config).with_ctl(side.ctl);
        let mut transcript = Transcript::new(&daemon);
        scenario(&daemon, &mut transcript);
        transcript.end(&daemon);
        transcript.lines
    });
}

/// The same for daemons that are started by `launch` instead of plainly in the foreground.
///
/// # Panics
/// As [`compare`].
pub fn compare_launched(
    config: &str,
    launch: impl Fn(&Daemon) + Sync,
    scenario: impl Fn(&Daemon, &mut Transcript) + Sync,
) {
    run(&BOTH, &[], |side| {
        let daemon = Daemon::prepare(side.daemon, config).with_ctl(side.ctl);
        launch(&daemon);
        let mut transcript = Transcript::new(&daemon);
        scenario(&daemon, &mut transcript);
        transcript.end(&daemon);
        transcript.lines
    });
}

/// The same without starting anything: for programs that are no daemons.
///
/// # Panics
/// As [`compare`].
pub fn compare_prepared(config: &str, scenario: impl Fn(&Daemon, &mut Transcript) + Sync) {
    run(&BOTH, &[], |side| {
        let daemon = Daemon::prepare(side.daemon, config).with_ctl(side.ctl);
        let mut transcript = Transcript::new(&daemon);
        scenario(&daemon, &mut transcript);
        transcript.lines
    });
}

/// The same with all four pairs of daemon and supervisorctl.
///
/// # Panics
/// As [`compare`].
pub fn compare_mixed(config: &str, scenario: impl Fn(&Daemon, &mut Transcript) + Sync) {
    run(&MIXED, &[], |side| {
        let daemon = Daemon::start(side.daemon, config).with_ctl(side.ctl);
        let mut transcript = Transcript::new(&daemon);
        scenario(&daemon, &mut transcript);
        transcript.end(&daemon);
        transcript.lines
    });
}

/// Starts a whole configuration with `args`, which may be refused: compares exit status, output and the first lines of
/// the log; of one that is accepted also what `getAllConfigInfo` and `getAllProcessInfo` say.
///
/// # Panics
/// As [`compare`].
pub fn compare_configuration(config: &str, args: &[&str], files: &[(&str, &str)]) {
    run(&BOTH, &["no Python to trace", "no negative durations"], |side| {
        let daemon = Daemon::prepare(side.daemon, config);
        for (name, text) in files {
            daemon.write(name, text);
        }
        let mut out = Transcript::new(&daemon);
        let mut all = vec!["-n"];
        all.extend_from_slice(args);
        daemon.launch(&all);
        let started = || daemon.read("stdout.txt").contains("supervisord started with pid");
        let accepted = daemon.until("the daemon starts or ends", || {
            if started() { Some(true) } else { daemon.try_wait().map(|_| false) }
        });
        if accepted && wait::within(Duration::from_secs(5), || daemon.get("/").ok()).is_some() {
            out.call(&daemon, "supervisor.getAllConfigInfo", serde_json::json!([]));
            out.call(&daemon, "supervisor.getIdentification", serde_json::json!([]));
        }
        let program = daemon.kind().program("supervisord", daemon.place()).display().to_string();
        let done = daemon.stop();
        out.fact("end", &done.status);
        out.text("stderr", &done.stderr.replace(&program, "supervisord"));
        let log = trace::daemon_lines(&done.stdout);
        let first = log.iter().take_while(|line| !line.contains("received SIG")).cloned().collect::<Vec<_>>();
        out.text("stdout", &first.iter().map(|line| format!("{line}\n")).collect::<String>());
        out.lines
    });
}

/// Runs all sides at once, each in a thread, and compares each with the first.
fn run(sides: &[Side], names: &[&str], play: impl Fn(Side) -> Vec<String> + Sync) {
    let twice = std::env::var("MINDER_PROOF_SUBJECT").is_ok_and(|subject| subject == "original");
    let sides: Vec<Side> = sides.iter().map(|side| if twice { BOTH[0] } else { *side }).collect();
    let results: Vec<std::thread::Result<Vec<String>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = sides.iter().map(|side| scope.spawn(|| play(*side))).collect();
        threads.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
    });
    let mut complaints = Vec::new();
    let mut transcripts = Vec::new();
    for (side, result) in sides.iter().zip(results) {
        match result {
            Ok(lines) => transcripts.push((side, lines)),
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
                // The thread's own message, with the log, stands above.
                let text = text.unwrap_or_default();
                complaints.push(format!("{side:?} failed: {}", text.lines().next().unwrap_or("")));
            }
        }
    }
    if complaints.is_empty() {
        for (side, lines) in &mut transcripts {
            names.iter().for_each(|name| deviations::apply(name, side.daemon, lines));
        }
        let (first, rest) = transcripts.split_first().expect("a reference");
        for (side, lines) in rest.iter().filter(|(_, lines)| *lines != first.1) {
            complaints.push(format!(
                "{side:?} (+) differs from the reference (-):\n{}",
                difference(&first.1, lines)
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// The lines that differ, each with the nearest heading above it.
pub(crate) fn difference(expected: &[String], found: &[String]) -> String {
    // Longest common subsequence by table: transcripts have at most a few thousand lines.
    let (rows, columns) = (expected.len(), found.len());
    let mut table = vec![vec![0u32; columns + 1]; rows + 1];
    for row in (0..rows).rev() {
        for column in (0..columns).rev() {
            table[row][column] = if expected[row] == found[column] {
                table[row + 1][column + 1] + 1
            } else {
                table[row + 1][column].max(table[row][column + 1])
            };
        }
    }
    let (mut row, mut column, mut text, mut heading) = (0, 0, String::new(), None);
    while row < rows || column < columns {
        if row < rows && column < columns && expected[row] == found[column] {
            heading = Some(&expected[row]).filter(|line| line.starts_with("==")).or(heading);
            (row, column) = (row + 1, column + 1);
            continue;
        }
        if let Some(line) = heading.take() {
            text.push_str(&format!("  {line}\n"));
        }
        if column >= columns || (row < rows && table[row + 1][column] >= table[row][column + 1]) {
            text.push_str(&format!("- {}\n", expected[row]));
            row += 1;
        } else {
            text.push_str(&format!("+ {}\n", found[column]));
            column += 1;
        }
    }
    text
}
