//! Circus: scenarios in Python, because that is what its clients are written in. `tests/circus/stage.py` plays one on the
//! daemon that it is given, through pyzmq and the original's own client, and prints a transcript in normal form; here it is
//! played on the original's and on minder's, and the transcripts are compared.

use crate::compare::difference;
use crate::daemon::Kind;
use crate::place::{MARK, Place, reference_venv};
use crate::process::{finish, finish_within, signal_pid};
use rustix::process::Signal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a scenario may take; each wait in it has a bound of its own.
const LIMIT: Duration = Duration::from_secs(300);

/// What a transcript says of a scenario that could not be played to its end.
const FAILED: &str = "the scenario ended with";

/// The folder with the stage and the scenarios.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("circus")
}

/// Plays a scenario on both daemons, at the same time, and fails when they do not say the same.
///
/// # Panics
/// When they do not, or when one cannot be played.
pub fn compare_circus(scenario: &str) {
    let (original, minder) = std::thread::scope(|scope| {
        let original = scope.spawn(|| play(Kind::Original, Kind::Original, scenario));
        let minder = play(Kind::Minder, Kind::Original, scenario);
        (original.join().unwrap_or_default(), minder)
    });
    assert!(original == minder, "{scenario}:\n{}", difference(&original, &minder));
    // A scenario that fails alike on both sides proves nothing.
    assert!(!minder.iter().any(|line| line.starts_with(FAILED)), "{scenario}:\n{}", minder.join("\n"));
}

/// Plays a scenario with both clients on both daemons, and fails when they do not all say the same.
///
/// # Panics
/// When they do not, or when one cannot be played.
pub fn compare_circus_clients(scenario: &str) {
    let pairings =
        [Kind::Original, Kind::Minder].map(|daemon| [(daemon, Kind::Original), (daemon, Kind::Minder)]);
    let said: Vec<_> = std::thread::scope(|scope| {
        let plays = pairings.into_iter().flatten();
        let plays: Vec<_> = plays
            .map(|(daemon, ctl)| (daemon, ctl, scope.spawn(move || play(daemon, ctl, scenario))))
            .collect();
        plays.into_iter().map(|(daemon, ctl, play)| (daemon, ctl, play.join().unwrap_or_default())).collect()
    });
    let (_, _, original) = &said[0];
    for (daemon, ctl, said) in &said {
        assert!(
            said == original,
            "{scenario}, circusctl of {ctl:?} on circusd of {daemon:?}:\n{}",
            difference(original, said)
        );
    }
}

/// Plays a scenario that only minder can pass, which judges by itself: it ends with a line `passed`.
///
/// # Panics
/// When it does not.
pub fn pass_circus(scenario: &str) {
    let said = play(Kind::Minder, Kind::Minder, scenario);
    assert_eq!(said.last().map(String::as_str), Some("passed"), "{scenario}:\n{}", said.join("\n"));
}

/// The names of all scenarios.
pub fn circus_scenarios() -> Vec<String> {
    let mut command = python();
    command.arg("--list");
    finish(command, "").stdout.lines().map(str::to_owned).collect()
}

fn python() -> Command {
    let mut command = Command::new(reference_venv().join("bin/python"));
    command.arg(folder().join("stage.py")).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn play(daemon: Kind, ctl: Kind, scenario: &str) -> Vec<String> {
    let place = Place::new();
    let mut command = python();
    command.arg(scenario).arg(daemon.program("circusd", &place)).arg(place.dir());
    command.arg(ctl.program("circusctl", &place)).env(MARK, place.mark());
    // Workers may have an empty environment; they are found by where they run.
    let done = finish_within(LIMIT, command, "");
    for (pid, _) in place.processes() {
        signal_pid(pid, Signal::KILL);
    }
    for pid in place.residents() {
        signal_pid(pid, Signal::KILL);
    }
    let mut lines: Vec<String> = done.stdout.lines().map(str::to_owned).collect();
    if done.status != "exit 0" {
        lines.push(format!("{FAILED} {}", done.status));
        lines.extend(done.stderr.lines().map(str::to_owned));
    }
    lines
}
