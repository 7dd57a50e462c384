//! The programs as the server tells of them, and the names by which they are asked for.

use std::time::Duration;

use glob::Pattern;
use minder_config::nearest::nearest;
use minder_supervisord::xmlrpc::Value;
use serde_json::json;

use super::ended::{Complaint, Ended};
use super::server::Server;
use super::terminal::Colour;

/// How a program is, in the order in which one would like to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It runs.
    Up,
    /// It is on its way up or down.
    Changing,
    /// It does not run, and nobody wants it to.
    Down,
    /// It should run and does not.
    Ill,
}

/// One process, as `getProcessInfo` tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) group: String,
    pub(crate) process: String,
    /// `STOPPED` … `FATAL`.
    pub(crate) state: String,
    /// `None` when it does not run.
    pub(crate) pid: Option<i64>,
    /// The server's line about it.
    pub(crate) description: String,
    /// What went wrong last; empty if nothing did.
    trouble: String,
    /// The code of its last exit; -1 after a signal.
    exit_status: i64,
    /// Seconds since 1970; zero if that never happened.
    started: i64,
    stopped: i64,
    now: i64,
    stdout_log: String,
    stderr_log: String,
}

impl Program {
    fn parse(info: &Value) -> Option<Program> {
        let text = |name: &str| info.member(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| info.member(name).and_then(Value::as_int);
        Some(Program {
            group: text("group")?,
            process: text("name")?,
            state: text("statename")?,
            pid: number("pid").filter(|pid| *pid > 0),
            description: text("description").unwrap_or_default(),
            trouble: text("spawnerr").unwrap_or_default(),
            exit_status: number("exitstatus").unwrap_or(0),
            started: number("start").unwrap_or(0),
            stopped: number("stop").unwrap_or(0),
            now: number("now").unwrap_or(0),
            stdout_log: text("stdout_logfile").unwrap_or_default(),
            stderr_log: text("stderr_logfile").unwrap_or_default(),
        })
    }

    /// As it is shown: a process named like its group needs no group.
    pub(crate) fn name(&self) -> String {
        full_name(&self.group, &self.process)
    }

    /// As every method of the server takes it.
    pub(crate) fn address(&self) -> String {
        format!("{}:{}", self.group, self.process)
    }

    pub(crate) fn health(&self) -> Health {
        match self.state.as_str() {
            "RUNNING" => Health::Up,
            "STARTING" | "STOPPING" => Health::Changing,
            // The server does not tell whether an exit was expected; a code other than zero is worth a look.
            "EXITED" if self.exit_status == 0 => Health::Down,
            "STOPPED" => Health::Down,
            _ => Health::Ill,
        }
    }

    pub(crate) fn colour(&self) -> Colour {
        match self.health() {
            Health::Up => Colour::Green,
            Health::Changing => Colour::Yellow,
            Health::Down => Colour::Dim,
            Health::Ill => Colour::Red,
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state.as_str(), "RUNNING" | "STARTING" | "BACKOFF")
    }

    /// How long it has run.
    pub(crate) fn uptime(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.now - self.started).ok()?;
        (self.state == "RUNNING").then(|| Duration::from_secs(seconds))
    }

    /// How long it has been down; `None` if it runs or never ran.
    pub(crate) fn downtime(&self) -> Option<Duration> {
        let seconds = u64::try_from(self.now - self.stopped).ok()?;
        (self.pid.is_none() && self.stopped > 0).then(|| Duration::from_secs(seconds))
    }

    /// One remark for a person: why it is not up.
    pub(crate) fn remark(&self) -> String {
        let ago = self.downtime().map(|time| format!(", {} ago", span_of(time))).unwrap_or_default();
        match self.state.as_str() {
            "RUNNING" | "STARTING" | "STOPPING" => String::new(),
            "STOPPED" if self.stopped > 0 => format!("as asked{ago}"),
            "STOPPED" => "not started".to_owned(),
            "EXITED" if self.exit_status < 0 => format!("ended by a signal{ago}"),
            "EXITED" => format!("exit status {}{ago}", self.exit_status),
            _ if !self.trouble.is_empty() => self.trouble.clone(),
            _ => self.description.clone(),
        }
    }

    /// What to do about one that is ill.
    pub(crate) fn advice(&self, options: &str) -> Option<String> {
        if self.health() != Health::Ill {
            return None;
        }
        let channel = if self.stderr_log.is_empty() { "" } else { " --stderr" };
        let name = self.name();
        Some(if self.state == "EXITED" || self.trouble.starts_with("Exited") || self.trouble.is_empty() {
            format!(
                "{name}: read `minder logs{channel}{options} {name}`, then `minder start{options} {name}`"
            )
        } else {
            format!("{name}: mend that, then `minder start{options} {name}`")
        })
    }

    /// For `--json`. Times are seconds since 1970, and null is "never" or "not now".
    pub(crate) fn json(&self) -> serde_json::Value {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        json!({
            "name": self.name(),
            "group": self.group,
            "process": self.process,
            "state": self.state,
            "pid": self.pid,
            "uptime_seconds": self.uptime().map(|time| time.as_secs()),
            "started_at": (self.started > 0).then_some(self.started),
            "stopped_at": (self.stopped > 0).then_some(self.stopped),
            "exit_status": (self.stopped > 0).then_some(self.exit_status),
            "trouble": some(&self.trouble),
            "stdout_log": some(&self.stdout_log),
            "stderr_log": some(&self.stderr_log),
        })
    }
}

pub(crate) fn full_name(group: &str, process: &str) -> String {
    if group == process { process.to_owned() } else { format!("{group}:{process}") }
}

/// Asks for all programs, in the server's order.
pub(crate) fn all(server: &Server) -> Result<Vec<Program>, Complaint> {
    let answer = server.call("supervisor.getAllProcessInfo", &[])?;
    of_answer(&answer).ok_or_else(|| {
        let message = format!("the server at {} answers in a form of its own", server.url());
        Complaint::new(Ended::Unreachable, message).in_form(server.form())
    })
}

/// The programs in an answer of `getAllProcessInfo`, if it is one.
pub(crate) fn of_answer(answer: &Value) -> Option<Vec<Program>> {
    answer.as_array()?.iter().map(Program::parse).collect()
}

/// Those that the words mean, each once, in the server's order; and the words that mean none.
///
/// `all` is every program. A word without a colon is a group or a process, in whichever group; `group:process` is one
/// process, and `group:` the whole group. `*`, `?` and `[…]` stand for what they do in a shell.
pub(crate) fn matching<'p>(programs: &'p [Program], words: &[String]) -> (Vec<&'p Program>, Vec<String>) {
    let means = |word: &str, program: &Program| match word.split_once(':') {
        _ if word == "all" => true,
        Some((group, "")) => fits(group, &program.group),
        Some((group, process)) => fits(group, &program.group) && fits(process, &program.process),
        None => fits(word, &program.group) || fits(word, &program.process),
    };
    let meant = programs.iter().filter(|program| words.iter().any(|word| means(word, program))).collect();
    let idle = words.iter().filter(|word| !programs.iter().any(|program| means(word, program)));
    (meant, idle.cloned().collect())
}

/// Those that the words mean.
///
/// # Errors
/// If a word means none: nothing is done by halves because of a misspelt name.
pub(crate) fn named(server: &Server, words: &[String]) -> Result<Vec<Program>, Complaint> {
    let programs = all(server)?;
    let (meant, idle) = matching(&programs, words);
    let Some(word) = idle.first() else { return Ok(meant.into_iter().cloned().collect()) };
    let message = match idle.len() {
        1 => format!("no program is called `{word}`"),
        _ => format!(
            "no programs are called {}",
            idle.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
        ),
    };
    let names: Vec<String> = programs.iter().map(Program::name).collect();
    let known = names.iter().chain(programs.iter().map(|program| &program.group)).map(String::as_str);
    let complaint = Complaint::failed(message).in_form(server.form());
    Err(match nearest(word, known) {
        Some(meant) => complaint.with_hint(format!("did you mean `{meant}`?")),
        None => complaint.with_hint(format!("`minder status{}` lists them", server.options())),
    })
}

fn fits(word: &str, name: &str) -> bool {
    // What is no pattern, such as a lone bracket, may still be a name.
    word == name || Pattern::new(word).is_ok_and(|pattern| pattern.matches(name))
}

/// A duration in the two largest units that say something: `3d 4h`, `12m 5s`, `8s`.
pub(crate) fn span_of(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, minutes) => format!("{minutes}m {}s", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {minutes}m"),
        (days, hours, _) => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Program, matching, span_of};
    use minder_supervisord::xmlrpc::Value;

    fn program(group: &str, process: &str) -> Program {
        let info = Value::record([
            ("group", Value::String(group.to_owned())),
            ("name", Value::String(process.to_owned())),
            ("statename", Value::String("RUNNING".to_owned())),
        ]);
        Program::parse(&info).expect("enough members")
    }

    #[test]
    fn words_mean_groups_processes_and_patterns() {
        let programs = [
            program("pyapps", "gunicorn"),
            program("pyapps", "celery"),
            program("web", "web"),
            program("w", "w_1"),
        ];
        let cases: &[(&[&str], &str, &str)] = &[
            (&["web"], "web", ""),
            (&["pyapps"], "pyapps:gunicorn pyapps:celery", ""),
            (&["pyapps:"], "pyapps:gunicorn pyapps:celery", ""),
            (&["pyapps:*"], "pyapps:gunicorn pyapps:celery", ""),
            (&["celery", "pyapps:c*"], "pyapps:celery", ""),
            (&["w*"], "web w:w_1", ""),
            (&["w:w_?"], "w:w_1", ""),
            (&["all"], "pyapps:gunicorn pyapps:celery web w:w_1", ""),
            (&["web", "wbe", "["], "web", "wbe ["),
        ];
        for (words, names, unknown) in cases {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let (meant, idle) = matching(&programs, &words);
            let meant: Vec<String> = meant.into_iter().map(Program::name).collect();
            assert_eq!((meant.join(" ").as_str(), idle.join(" ").as_str()), (*names, *unknown), "{words:?}");
        }
    }

    #[test]
    fn a_time_span_has_at_most_two_units() {
        for (seconds, text) in [(0, "0s"), (59, "59s"), (61, "1m 1s"), (3_720, "1h 2m"), (90_000, "1d 1h")] {
            assert_eq!(span_of(Duration::from_secs(seconds)), text);
        }
    }
}
