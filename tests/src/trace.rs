//! The trace of a run: what happened to each program, from the recorder's events and the main log.
//!
//! Between programs the order is the poll's whim, so a trace is told program by program; inside one program the order
//! is exact.

use crate::daemon::Daemon;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// All programs' traces as text, one paragraph a program, without the recorder itself.
pub fn of(daemon: &Daemon) -> String {
    settle(daemon);
    let mut programs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for event in daemon.events() {
        let program = event.program();
        if program.is_empty() || program == "recorder:recorder" {
            continue;
        }
        let line = format!("event {} {:?}", event.name(), event.payload);
        programs.entry(event.field("processname").to_owned()).or_default().push(line);
    }
    // What a program says may come before or after its state is known: states first.
    programs
        .values_mut()
        .for_each(|lines| lines.sort_by_key(|line| !line.starts_with("event PROCESS_STATE")));
    let mut log: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in daemon.log().lines() {
        if let Some(program) = program_of(line)
            && program != "recorder"
        {
            log.entry(program).or_default().push(line.to_owned());
        }
    }
    let mut text = String::new();
    let names: std::collections::BTreeSet<&String> = programs.keys().chain(log.keys()).collect();
    for name in names {
        text.push_str(&format!("# {name}\n"));
        for line in programs.get(name).into_iter().flatten().chain(log.get(name).into_iter().flatten()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Waits until the recorder has heard of every program's present state.
pub fn settle(daemon: &Daemon) {
    daemon.until("the recorder has heard of all states", || {
        let all = daemon.call("supervisor.getAllProcessInfo", &json!([])).value();
        let events = daemon.events();
        let heard = |info: &Value| {
            let name =
                format!("{}:{}", info["group"].as_str().unwrap_or(""), info["name"].as_str().unwrap_or(""));
            let last = events.iter().rev().find(|event| event.program() == name && event.state().is_some());
            let state = info["statename"].as_str();
            last.map_or_else(|| state == Some("STOPPED"), |event| event.state() == state)
        };
        all.as_array().is_some_and(|all| all.iter().all(heard)).then_some(())
    });
}

/// The program that a line of the main log is about.
pub fn program_of(line: &str) -> Option<String> {
    static PATTERN: OnceLock<Regex> = OnceLock::new();
    let pattern = PATTERN.get_or_init(|| {
        Regex::new(concat!(
            r"^\S+ \S+ \S+ (?:(?:spawned: '|killing '|killing |stopped: |exited: |success: |gave up: ",
            r"|unknown problem killing )([^' ]+)|.* (?:process|spawn|program) '([^']+)')"
        ))
        .expect("a pattern")
    });
    let found = pattern.captures(line)?;
    found.get(1).or_else(|| found.get(2)).map(|name| name.as_str().to_owned())
}

/// The lines of the main log about no program in particular, in order. Lines that come with a clock are left out.
pub fn daemon_lines(log: &str) -> Vec<String> {
    log.lines()
        .filter(|line| {
            program_of(line).is_none()
                && !line.contains(" waiting for ")
                && !line.contains(" reaped unknown pid ")
                && !line.contains("RLIMIT_")
        })
        .map(str::to_owned)
        .collect()
}
