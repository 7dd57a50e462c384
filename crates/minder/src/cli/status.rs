//! `minder status`: what runs, what does not, and what to do about it.

use clap::Args;
use minder_supervisord::rpc::dispatch::TROUBLES;
use minder_supervisord::xmlrpc::Value;
use serde_json::json;

use super::ended::{Complaint, Ended, Form};
use super::programs::{self, Health, Program, span_of};
use super::server::{Server, Which};
use super::table::{Cell, Table};
use super::terminal::{self, Colour, coloured};

/// Show the programs, and what is wrong with those that are not well.
///
/// Exit status 1 says that a program that should run does not: FATAL, BACKOFF, UNKNOWN, or EXITED with a status other
/// than 0.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Programs or groups; `*` and `?` as in a shell. All without any.
    names: Vec<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let server = arguments.which.server(Form::of(arguments.json))?;
    let programs = match arguments.names.as_slice() {
        [] => programs::all(&server)?,
        names => programs::named(&server, names)?,
    };
    match server.form() {
        Form::Text => terminal::say(&text(&server, &programs)),
        Form::Json => {
            let state = server.call("supervisor.getState", &[])?;
            let state = state.member("statename").and_then(Value::as_str).unwrap_or_default().to_owned();
            let list: Vec<_> = programs.iter().map(Program::json).collect();
            let troubles = troubles(&server);
            let all =
                json!({ "server": server.url(), "state": state, "programs": list, "troubles": troubles });
            terminal::say(&format!("{all:#}\n"));
        }
    }
    let ill = programs.iter().any(|program| program.health() == Health::Ill);
    Ok(if ill { Ended::Failed } else { Ended::Well })
}

/// What is wrong that no program is to blame for. Supervisor itself knows of no such thing.
fn troubles(server: &Server) -> Vec<String> {
    let answer = server.call(TROUBLES, &[]).ok();
    let all = answer.as_ref().and_then(Value::as_array).unwrap_or_default();
    all.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn text(server: &Server, programs: &[Program]) -> String {
    let paint = terminal::paint();
    if programs.is_empty() {
        return format!("no programs at {}\n", server.url());
    }
    let mut text = table(programs).render("", paint);
    let up = programs.iter().filter(|program| program.health() == Health::Up).count();
    text.push_str(&coloured(&format!("\n{up} of {} running\n", programs.len()), Colour::Dim, paint));
    for trouble in troubles(server) {
        text.push_str(&format!("{} {trouble}\n", coloured("trouble:", Colour::Red, paint)));
    }
    let options = server.options();
    for advice in programs.iter().filter_map(|program| program.advice(&options)) {
        text.push_str(&format!("{} {advice}\n", coloured("hint:", Colour::Cyan, paint)));
    }
    text
}

/// The table, without what surrounds it.
pub(crate) fn table(programs: &[Program]) -> Table {
    let mut table = Table::with_heading(&["NAME", "STATE", "PID", "UP", ""]);
    for program in programs {
        table.push(vec![
            Cell::plain(program.name()),
            Cell::painted(program.state.as_str(), program.colour()),
            Cell::plain(program.pid.map(|pid| pid.to_string()).unwrap_or_default()),
            Cell::plain(program.uptime().map(span_of).unwrap_or_default()),
            Cell::painted(
                program.remark(),
                if program.health() == Health::Ill { Colour::Red } else { Colour::Dim },
            ),
        ]);
    }
    table
}
