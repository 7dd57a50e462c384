//! `minder deployment start`.

use std::path::Path;

use clap::Args;
use minder_core::deployment::StorageKind;
use minder_deployment::beginning::{switch_on, write_record};
use minder_deployment::boot::Boot;
use minder_deployment::checks::place;
use minder_deployment::daemon::Alone;
use minder_deployment::interruption::Interruption;
use minder_deployment::record::{Axis, Deployment, Position};
use minder_deployment::storages::make_directory;
use minder_deployment::undo::{Undo, Undone};
use serde_json::json;

use super::site::{Site, Which};
use super::{check, question};
use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::terminal;

/// Begin a deployment: check, make the storages, and start what is configured, now and after every boot.
///
/// All or nothing: what was done before something failed is undone. Only `minder deployment stop` ends it.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// What it is called.
    #[arg(long)]
    name: Option<String>,
    /// Degrees to the north.
    #[arg(long, allow_negative_numbers = true)]
    latitude: Option<f64>,
    /// Degrees to the east.
    #[arg(long, allow_negative_numbers = true)]
    longitude: Option<f64>,
    /// Begin even if something is not as it should be.
    #[arg(long)]
    no_check: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    which: Which,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let form = Form::of(arguments.json);
    let site = arguments.which.site(form)?;
    let folder = &site.native.minder.state;
    let _alone = Alone::take(folder).map_err(|why| site.failed(why))?;
    let active = site.book.active().map_err(|error| site.failed(error.to_string()))?;
    if let Some(active) = active {
        return Err(site
            .failed(format!("the deployment `{}` goes on since {:.0}", active.name, active.started_on))
            .with_hint("end it with `minder deployment stop`"));
    }
    let (name, position) = asked(arguments, &site).map_err(|complaint| complaint.in_form(form))?;
    let boot = site.boot();
    if !arguments.no_check {
        let report = site.check(&boot);
        if let Boot::Nothing(why) = &boot {
            return Err(site
                .failed(format!("nothing would start it again after a boot: {why}"))
                .with_hint("`--no-check` starts it until the next boot"));
        }
        if !report.is_well() {
            return Err(refused(&site, &report));
        }
    }
    let record = Deployment::begin(&name, position, site.clock.now())
        .map_err(|error| site.failed(format!("there are no random numbers for an id: {error}")))?;
    begin(&site, &boot, &record)?;
    match form {
        Form::Text => terminal::say(&format!("the deployment `{name}` has begun: {}\n", record.id)),
        Form::Json => terminal::say(&format!("{:#}\n", json!({ "deployment": record.to_json() }))),
    }
    Ok(Ended::Well)
}

/// What it is called, and where it is: as it was given, as the configuration says, or as somebody answers.
fn asked(arguments: &Arguments, site: &Site) -> Result<(String, Position), Complaint> {
    let given = arguments.name.as_deref().or(site.native.deployment_name.as_deref());
    let configured = site.native.agenda.settings().place;
    let degrees = |millionths: i32| f64::from(millionths) / 1e6;
    let latitude = arguments.latitude.or(configured.map(|place| degrees(place.latitude)));
    let longitude = arguments.longitude.or(configured.map(|place| degrees(place.longitude)));
    // What is given wrongly is said before anything is asked.
    for (given, axis) in [(latitude, Axis::Latitude), (longitude, Axis::Longitude)] {
        given.map(|given| question::degrees(Some(given), axis)).transpose()?;
    }
    let name = question::name(given)?;
    let latitude = Some(question::degrees(latitude, Axis::Latitude)?);
    let longitude = Some(question::degrees(longitude, Axis::Longitude)?);
    Ok((name, Position { latitude, longitude }))
}

fn refused(site: &Site, report: &minder_deployment::checks::Report) -> Complaint {
    match site.form {
        Form::Text => {
            terminal::say(&check::text(report));
            Complaint::failed("nothing was started")
        }
        Form::Json => {
            let mut complaint = Complaint::failed("checks do not hold, and nothing was started");
            for finding in report.failures() {
                let why = finding.complaint().unwrap_or_default();
                let hint = finding.hint.as_deref().unwrap_or_default();
                complaint = complaint.with_hint(format!("{}: {why} {hint}", finding.name).trim_end());
            }
            complaint.in_form(Form::Json)
        }
    }
}

fn begin(site: &Site, boot: &Boot, record: &Deployment) -> Result<(), Complaint> {
    // Ctrl-C is no reason to leave half of it behind.
    let interruption = Interruption::listen(|_| {});
    interruption.hold();
    let mut undo = Undo::new();
    let result = steps(site, boot, record, &interruption, &mut undo);
    result.map_err(|why| {
        let undone = undo.undo();
        let mut complaint = site.failed(why);
        let told = undone.iter().map(Undone::to_string).collect::<Vec<_>>().join(", ");
        if !undone.is_empty() {
            complaint = complaint.with_hint(format!("what was done before is undone: {told}"));
        }
        complaint
    })
}

fn steps(
    site: &Site,
    boot: &Boot,
    record: &Deployment,
    interruption: &Interruption,
    undo: &mut Undo,
) -> Result<(), String> {
    for storage in site.storages() {
        let path = place(&storage.path);
        let folder = match storage.kind {
            StorageKind::Directory => path.as_path(),
            StorageKind::File => path.parent().unwrap_or(Path::new("/")),
        };
        make_directory(folder, undo).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let unit = std::slice::from_ref(&site.unit);
    boot.install(unit, undo).map_err(|error| error.to_string())?;
    if !matches!(boot, Boot::Systemd(_)) {
        site.write_scripts(undo)?;
    }
    interruption.check()?;
    let path = site.book.folder().join(format!("{}.json", record.id));
    write_record(&path, record, undo)?;
    if let (Boot::Nothing(_), Some(cron)) = (boot, &site.unit.cron) {
        return run_once(site, &cron.start, undo);
    }
    switch_on(boot, unit, interruption, undo, terminal::tell)
}

/// Where nobody starts anything after a boot, it is started now and that is all.
fn run_once(site: &Site, script: &Path, undo: &mut Undo) -> Result<(), String> {
    let daemon = site.daemon();
    undo.note("stopped minder", move || daemon.stop(std::time::Duration::from_secs(660)).map(|_| ()));
    let limit = std::time::Duration::from_secs(60);
    let answer = site.outside.ask(&script.display().to_string(), &[""; 0], limit);
    let answer = answer.map_err(|silence| silence.to_string())?;
    if answer.is_well() { Ok(()) } else { Err(answer.last_words()) }
}
