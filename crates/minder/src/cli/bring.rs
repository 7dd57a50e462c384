//! What start, stop and restart share: which calls bring the programs where they should be, and what came of it.
//!
//! A whole group is asked for with one call, and everything with one call: then the server works in parallel and keeps
//! to the priorities. Other programs are asked for one after the other.

use minder_supervisord::client::ClientError;
use minder_supervisord::xmlrpc::Value;
use serde_json::json;

use super::ended::{Complaint, Ended, Form};
use super::programs::{self, Health, Program};
use super::server::Server;
use super::table::{Cell, Table};
use super::terminal::{self, Colour, coloured};

/// The fault code that means success in the answers about several programs.
const SUCCESS: i64 = 80;
const ALREADY_STARTED: i64 = 60;
const NOT_RUNNING: i64 = 70;

/// Where programs are to be brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Up,
    Down,
}

/// What came of one program.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    /// It was there already.
    Idle,
    /// The server's reason.
    Failed(String),
}

/// What came of all of them.
#[derive(Debug)]
pub(crate) struct Report {
    rows: Vec<(Program, Goal, Outcome)>,
}

/// Brings programs where they should be and waits until they are there, or cannot be.
pub(crate) fn bring(server: &Server, programs: &[Program], goal: Goal) -> Result<Report, Complaint> {
    let moving: Vec<&Program> =
        programs.iter().filter(|program| program.is_up() != (goal == Goal::Up)).collect();
    let everything = programs::all(server)?;
    let mut failures = Vec::new();
    for call in calls(&everything, &moving, goal) {
        match server.try_call(&call.method, &call.params) {
            Ok(Value::Array(results)) => failures.extend(results.iter().filter_map(failure_of)),
            Ok(_) => {}
            Err(ClientError::Fault(fault)) => match call.program {
                // It got there by itself between the question and the order.
                Some(_) if matches!(i64::from(fault.code), ALREADY_STARTED | NOT_RUNNING) => {}
                Some(address) => failures.push((address, fault.text)),
                None => return Err(server.complaint(&ClientError::Fault(fault))),
            },
            Err(error) => return Err(server.complaint(&error)),
        }
    }
    let after = programs::all(server)?;
    let rows = programs.iter().map(|program| {
        let address = program.address();
        let outcome = match failures.iter().find(|(failed, _)| *failed == address) {
            Some((_, reason)) => Outcome::Failed(reason.clone()),
            // It is tried again and again without having been asked for now; it does not run all the same.
            None if goal == Goal::Up && program.health() == Health::Ill && program.is_up() => {
                Outcome::Failed(program.remark())
            }
            None if moving.iter().any(|moved| moved.address() == address) => Outcome::Done,
            None => Outcome::Idle,
        };
        let now = after.iter().find(|now| now.address() == address).unwrap_or(program);
        (now.clone(), goal, outcome)
    });
    Ok(Report { rows: rows.collect() })
}

struct Call {
    method: String,
    params: Vec<Value>,
    /// The address of the one program that it is about.
    program: Option<String>,
}

fn calls(everything: &[Program], moving: &[&Program], goal: Goal) -> Vec<Call> {
    let verb = match goal {
        Goal::Up => "start",
        Goal::Down => "stop",
    };
    let candidates = |group: Option<&str>| {
        let wanted = |program: &&Program| {
            program.is_up() != (goal == Goal::Up) && group.is_none_or(|group| program.group == group)
        };
        everything.iter().filter(wanted).count()
    };
    let wait = Value::Bool(true);
    if moving.len() > 1 && moving.len() == candidates(None) {
        let method = format!("supervisor.{verb}AllProcesses");
        return vec![Call { method, params: vec![wait], program: None }];
    }
    let mut calls: Vec<Call> = Vec::new();
    let mut groups: Vec<&str> = moving.iter().map(|program| program.group.as_str()).collect();
    groups.dedup();
    for group in groups {
        let members: Vec<&&Program> = moving.iter().filter(|program| program.group == group).collect();
        if members.len() > 1 && members.len() == candidates(Some(group)) {
            let method = format!("supervisor.{verb}ProcessGroup");
            calls.push(Call { method, params: vec![group.into(), wait.clone()], program: None });
            continue;
        }
        for member in members {
            let address = member.address();
            let params = vec![address.as_str().into(), wait.clone()];
            calls.push(Call { method: format!("supervisor.{verb}Process"), params, program: Some(address) });
        }
    }
    calls
}

/// Who failed in a call about several programs, and why.
fn failure_of(result: &Value) -> Option<(String, String)> {
    let text = |name: &str| result.member(name).and_then(Value::as_str).unwrap_or_default();
    match result.member("status").and_then(Value::as_int) {
        Some(SUCCESS | ALREADY_STARTED | NOT_RUNNING) | None => None,
        Some(_) => Some((format!("{}:{}", text("group"), text("name")), text("description").to_owned())),
    }
}

impl Report {
    /// Shows what came of it.
    pub(crate) fn tell(&self, server: &Server) -> Ended {
        match server.form() {
            Form::Text => terminal::say(&self.text(&server.options())),
            Form::Json => {
                let results = self.rows.iter().map(|(program, goal, outcome)| {
                    json!({
                        "name": program.name(),
                        "outcome": word(*goal, outcome),
                        "ok": !matches!(outcome, Outcome::Failed(_)),
                        "reason": if let Outcome::Failed(reason) = outcome { Some(reason) } else { None },
                        "state": program.state,
                        "pid": program.pid,
                    })
                });
                let all = json!({ "server": server.url(), "results": results.collect::<Vec<_>>() });
                terminal::say(&format!("{all:#}\n"));
            }
        }
        let failed = self.rows.iter().any(|(_, _, outcome)| matches!(outcome, Outcome::Failed(_)));
        if failed { Ended::Failed } else { Ended::Well }
    }

    fn text(&self, options: &str) -> String {
        let paint = terminal::paint();
        let mut table = Table::default();
        let mut hints = Vec::new();
        for (program, goal, outcome) in &self.rows {
            let (colour, remark) = match outcome {
                Outcome::Done => {
                    (Colour::Green, program.pid.map(|pid| format!("pid {pid}")).unwrap_or_default())
                }
                Outcome::Idle => {
                    (Colour::Dim, program.pid.map(|pid| format!("pid {pid}")).unwrap_or_default())
                }
                Outcome::Failed(reason) => {
                    hints.extend(program.advice(options));
                    let remark = program.remark();
                    (Colour::Red, if remark.is_empty() { reason.clone() } else { remark })
                }
            };
            table.push(vec![
                Cell::plain(program.name()),
                Cell::painted(word(*goal, outcome), colour),
                Cell::plain(remark),
            ]);
        }
        let mut text = table.render("", paint);
        for hint in hints {
            text.push_str(&format!("{} {hint}\n", coloured("hint:", Colour::Cyan, paint)));
        }
        text
    }
}

fn word(goal: Goal, outcome: &Outcome) -> &'static str {
    match (goal, outcome) {
        (Goal::Up, Outcome::Done) => "started",
        (Goal::Up, Outcome::Idle) => "already running",
        (Goal::Up, Outcome::Failed(_)) => "not started",
        (Goal::Down, Outcome::Done) => "stopped",
        (Goal::Down, Outcome::Idle) => "not running",
        (Goal::Down, Outcome::Failed(_)) => "not stopped",
    }
}
