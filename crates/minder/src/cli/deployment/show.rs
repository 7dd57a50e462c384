//! `minder deployment show`.

use clap::Args;

use super::site::Which;
use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::terminal;

/// Show one deployment: the one that goes on, or another one by its name or the begin of its id.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Its name, or the begin of its id.
    which_one: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let site = arguments.which.site(Form::of(arguments.json))?;
    let found = match &arguments.which_one {
        Some(word) => site.book.find(word),
        None => site.book.active(),
    };
    let record = found.map_err(|error| site.failed(error.to_string()))?.ok_or_else(|| {
        let what = match &arguments.which_one {
            Some(word) => format!("no deployment `{word}`"),
            None => "no deployment goes on".to_owned(),
        };
        site.failed(what).with_hint("`minder deployment list` shows all of them")
    })?;
    if site.form == Form::Json {
        terminal::say(&format!("{:#}\n", record.to_json()));
        return Ok(Ended::Well);
    }
    let mut lines = vec![
        ("id", record.id.clone()),
        ("name", record.name.clone()),
        ("state", if record.is_active() { "active" } else { "ended" }.to_owned()),
        ("started", format!("{:.0}", record.started_on)),
    ];
    lines.extend(record.ended_on.map(|end| ("ended", format!("{end:.0}"))));
    lines.extend(record.place.latitude.map(|degrees| ("latitude", degrees.to_string())));
    lines.extend(record.place.longitude.map(|degrees| ("longitude", degrees.to_string())));
    lines.push(("configuration", site.file.display().to_string()));
    lines.push(("unit", site.unit.name.clone()));
    for (name, value) in lines {
        terminal::say(&format!("{name:<13}  {value}\n"));
    }
    Ok(Ended::Well)
}
