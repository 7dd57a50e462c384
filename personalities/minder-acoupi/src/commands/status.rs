//! `acoupi deployment status`: services, workers, program and deployment.

use minder_deployment::boot::{Boot, BootUnit, ServiceState};
use minder_deployment::record::Deployment;
use minder_deployment::tail::last_lines;
use minder_tasks::store::Standing;

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Others, Parsed};
use crate::click::style::{Colour, bold, coloured};
use crate::commands::{help, workers};
use crate::configuration::Loaded;
use crate::machinery::{self, Workers};
use crate::{health, units};

pub(crate) const COMMAND: Command = Command {
    path: "acoupi deployment status",
    usage: "[OPTIONS]",
    help: help::STATUS,
    options: &[],
    arguments: &[],
    others: Others::Refused,
};

/// How many lines of a log are shown when something has failed.
const LINES: usize = 5;
/// Where notes begin: below the values of fields.
const INDENT: &str = "               ";

/// What the program's own check says.
enum ProgramState {
    Well,
    Unhealthy,
    Error(String),
}

pub(crate) fn run(acoupi: &mut Acoupi, _: &Parsed) -> Result<(), Failure> {
    let loaded = Loaded::read(&acoupi.settings);
    // What a check says comes before the screen is cleared, as in the original.
    let program = match &loaded {
        Ok(loaded) if health::look(acoupi, loaded).is_well() => ProgramState::Well,
        Ok(_) => ProgramState::Unhealthy,
        Err(error) => ProgramState::Error(error.to_string()),
    };
    let units = units::units(&acoupi.settings);
    let boot = Boot::find(&acoupi.outside, &acoupi.settings.units, &acoupi.settings.service);
    let states = services(acoupi, &boot, &units);
    let names = loaded.as_ref().map(|loaded| workers::names(&loaded.program)).unwrap_or_default();
    let working = machinery::workers(&acoupi.settings, &names, workers::now(acoupi));
    let record = Deployment::read(&acoupi.settings.deployment_file);
    acoupi.terminal.clear();
    acoupi.terminal.echo("Acoupi status:");
    show_services(acoupi, &boot, &units, states);
    show_workers(acoupi, &working);
    show_program(acoupi, &program);
    match record {
        Ok(record) => show_deployment(acoupi, record.as_ref(), states),
        Err(error) => show_broken_record(acoupi, &error.to_string()),
    }
    Ok(())
}

/// What the two services do.
fn services(acoupi: &Acoupi, boot: &Boot, units: &[BootUnit; 2]) -> [ServiceState; 2] {
    let settings = &acoupi.settings;
    match boot {
        Boot::Systemd(_) => {
            if units.iter().any(|unit| !settings.units.join(&unit.name).exists()) {
                return [ServiceState::Uninstalled; 2];
            }
            units.each_ref().map(|unit| boot.state(unit).unwrap_or(ServiceState::Unknown))
        }
        Boot::Cron(_) | Boot::Nothing(_) => {
            let is_deployed = Deployment::read(&settings.deployment_file)
                .is_ok_and(|record| record.is_some_and(|record| record.is_active()));
            let state = |runs| match (runs, is_deployed) {
                (true, _) => ServiceState::Active,
                (false, true) => ServiceState::Failed,
                (false, false) => ServiceState::Inactive,
            };
            [state(machinery::is_active(settings)), state(machinery::beats(settings))]
        }
    }
}

fn show_services(acoupi: &mut Acoupi, boot: &Boot, units: &[BootUnit; 2], states: [ServiceState; 2]) {
    let bullet = if states.contains(&ServiceState::Uninstalled) {
        Colour::Yellow
    } else if states.contains(&ServiceState::Failed) {
        Colour::Red
    } else {
        Colour::Green
    };
    header(acoupi, bullet, "System Services");
    for (name, state) in ["acoupi", "beat"].into_iter().zip(states) {
        let colour = match state {
            ServiceState::Active => Colour::Green,
            ServiceState::Inactive => Colour::Blue,
            ServiceState::Failed => Colour::Red,
            ServiceState::Reloading
            | ServiceState::Activating
            | ServiceState::Deactivating
            | ServiceState::Unknown
            | ServiceState::Uninstalled => Colour::White,
        };
        field(acoupi, name, state.word(), colour);
    }
    let failed = units.iter().zip(states).zip([Service::Workers, Service::Beat]);
    for ((unit, _), service) in failed.filter(|((_, state), _)| *state == ServiceState::Failed) {
        show_failure(acoupi, boot, unit, service);
    }
}

/// Which of the two services.
#[derive(Clone, Copy)]
enum Service {
    Workers,
    Beat,
}

/// The last lines of the journal, and of the logs of what the service runs.
fn show_failure(acoupi: &mut Acoupi, boot: &Boot, unit: &BootUnit, service: Service) {
    acoupi.terminal.echo(&format!("\n{INDENT}{} has failed:", unit.name));
    for line in boot.journal(unit, LINES) {
        acoupi.terminal.echo(&format!("{INDENT}{line}"));
    }
    let logs: Vec<String> = match service {
        Service::Beat => vec!["beat".into()],
        Service::Workers => {
            let names = Loaded::read(&acoupi.settings).map(|loaded| workers::names(&loaded.program));
            names.unwrap_or_default().into_iter().chain(["minder"]).map(str::to_owned).collect()
        }
    };
    for name in logs {
        let path = acoupi.settings.log(&name);
        let lines = last_lines(&path, LINES).unwrap_or_default();
        if lines.is_empty() {
            continue;
        }
        acoupi.terminal.echo(&format!("{INDENT}{}:", path.display()));
        for line in lines {
            acoupi.terminal.echo(&format!("{INDENT}  {line}"));
        }
    }
}

fn show_workers(acoupi: &mut Acoupi, working: &Workers) {
    header(acoupi, Colour::Green, "Celery");
    match working {
        Workers::Unavailable => field(acoupi, "status", "unavailable", Colour::Yellow),
        Workers::Unknown(why) => {
            field(acoupi, "status", "error", Colour::Red);
            note(acoupi, &[why]);
        }
        Workers::Available(workers) => {
            field(acoupi, "status", "available", Colour::Green);
            acoupi.terminal.echo(&format!("\n{}", bold(&format!("  {:>10}", "workers"))));
            for (name, standing) in workers {
                let (word, colour) = match standing {
                    Standing::Works => ("ok", Colour::Green),
                    Standing::Troubled(_) | Standing::Absent => ("notok", Colour::Red),
                };
                field(acoupi, name, word, colour);
            }
            let hints: Vec<String> =
                workers.iter().filter_map(|(name, standing)| hint(acoupi, name, *standing)).collect();
            if !hints.is_empty() {
                note(acoupi, &hints);
            }
        }
    }
}

/// What to say of a worker that is not as it should be.
fn hint(acoupi: &Acoupi, name: &str, standing: Standing) -> Option<String> {
    let what = match standing {
        Standing::Works => return None,
        Standing::Troubled(_) => "died, and has begun again",
        Standing::Absent => "does not work",
    };
    Some(format!("{name} {what}: see {}", acoupi.settings.log(name).display()))
}

fn show_program(acoupi: &mut Acoupi, state: &ProgramState) {
    let bullet = if matches!(state, ProgramState::Well) { Colour::Green } else { Colour::Red };
    header(acoupi, bullet, "Program");
    match state {
        ProgramState::Well => field(acoupi, "status", "ok", Colour::Green),
        ProgramState::Unhealthy => {
            field(acoupi, "status", "unhealthy", Colour::Red);
            note(acoupi, &["Configuration errors were found", "Run `acoupi check` for details."]);
        }
        ProgramState::Error(why) => {
            field(acoupi, "status", "error", Colour::Red);
            note(acoupi, &why.lines().collect::<Vec<_>>());
        }
    }
}

/// As in the original, what cannot be read is no deployment; here it is said why, and how to go on.
fn show_broken_record(acoupi: &mut Acoupi, why: &str) {
    header(acoupi, Colour::Yellow, "Deployment");
    field(acoupi, "status", "inactive", Colour::Blue);
    let path = acoupi.settings.deployment_file.display().to_string();
    let what = format!("{path}: {why}");
    note(acoupi, &[what, "Mend or remove it; until then nothing begins or ends.".to_owned()]);
}

fn show_deployment(acoupi: &mut Acoupi, record: Option<&Deployment>, states: [ServiceState; 2]) {
    let current = record.filter(|record| record.is_active());
    let is_down = |state: &ServiceState| match state {
        ServiceState::Inactive | ServiceState::Failed | ServiceState::Uninstalled => true,
        ServiceState::Active
        | ServiceState::Reloading
        | ServiceState::Activating
        | ServiceState::Deactivating
        | ServiceState::Unknown => false,
    };
    let works = current.is_some() && !states.iter().any(is_down);
    let (bullet, word, colour) = if works {
        (Colour::Green, "active", Colour::Green)
    } else {
        (Colour::Yellow, "inactive", Colour::Blue)
    };
    header(acoupi, bullet, "Deployment");
    field(acoupi, "status", word, colour);
    let Some(current) = current else {
        if states.contains(&ServiceState::Active) {
            note(acoupi, &["Services run without a deployment.", "Run `acoupi deployment start` or `stop`."]);
        }
        return;
    };
    if !works {
        note(
            acoupi,
            &[
                "It was started and has not ended, but its services do not run.",
                "Run `acoupi deployment stop`, then `acoupi deployment start`.",
            ],
        );
    }
    acoupi.terminal.echo(&format!("\n{}", bold(&format!("  {:>10}", "info"))));
    let begin = current.started_on.strftime("%A, %d. %B %Y %I:%M%p").to_string();
    field(acoupi, "started on", &begin, Colour::Cyan);
    field(acoupi, "name", &current.name, Colour::Cyan);
    if let Some(latitude) = current.place.latitude {
        field(acoupi, "latitude", &format!("{latitude:?}"), Colour::Cyan);
    }
    if let Some(longitude) = current.place.longitude {
        field(acoupi, "longitude", &format!("{longitude:?}"), Colour::Cyan);
    }
}

fn header(acoupi: &mut Acoupi, bullet: Colour, title: &str) {
    acoupi.terminal.echo(&format!("\n{}{}", coloured("●", bullet), bold(&format!(" {title}"))));
}

fn field(acoupi: &mut Acoupi, name: &str, value: &str, colour: Colour) {
    acoupi.terminal.echo(&format!("  {name:>10} : {}", coloured(value, colour)));
}

fn note<T: AsRef<str>>(acoupi: &mut Acoupi, lines: &[T]) {
    acoupi.terminal.echo("");
    for line in lines {
        acoupi.terminal.echo(&format!("{INDENT}{}", line.as_ref()));
    }
}
