//! `minder deployment list`.

use clap::Args;
use minder_deployment::record::Deployment;
use serde_json::{Value, json};

use super::site::Which;
use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::table::{Cell, Table};
use crate::cli::terminal::{self, Colour};

/// How much of an id is shown.
const ID_SHOWN: usize = 8;

/// List the deployments of this configuration, the latest first.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Print one JSON array.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let site = arguments.which.site(Form::of(arguments.json))?;
    let pages = site.book.all().map_err(|error| site.failed(error.to_string()))?;
    match site.form {
        Form::Text if pages.records.is_empty() => terminal::say("no deployments\n"),
        Form::Text => terminal::say(&text(&pages.records)),
        Form::Json => {
            let records: Vec<Value> = pages.records.iter().map(Deployment::to_json).collect();
            terminal::say(&format!("{:#}\n", json!(records)));
        }
    }
    for (path, error) in &pages.broken {
        terminal::tell(&format!("warning: {}: {error}\n", path.display()));
    }
    Ok(if pages.broken.is_empty() { Ended::Well } else { Ended::Failed })
}

fn text(records: &[Deployment]) -> String {
    let mut table =
        Table::with_heading(&["ID", "NAME", "STATE", "STARTED", "ENDED", "LATITUDE", "LONGITUDE"]);
    for record in records {
        let (word, colour) =
            if record.is_active() { ("active", Colour::Green) } else { ("ended", Colour::Dim) };
        let degrees = |degrees: Option<f64>| degrees.map(|degrees| degrees.to_string()).unwrap_or_default();
        table.push(vec![
            Cell::plain(record.id.get(..ID_SHOWN).unwrap_or(&record.id)),
            Cell::plain(record.name.as_str()),
            Cell::painted(word, colour),
            Cell::plain(format!("{:.0}", record.started_on)),
            Cell::plain(record.ended_on.map(|end| format!("{end:.0}")).unwrap_or_default()),
            Cell::plain(degrees(record.place.latitude)),
            Cell::plain(degrees(record.place.longitude)),
        ]);
    }
    table.render("", terminal::paint())
}
