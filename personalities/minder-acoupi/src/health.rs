//! Whether the program could work as it is set, on this machine. All that is wrong is told, not the first only.

use std::sync::Arc;

use minder_deployment::boot::Boot;
use minder_deployment::checks::{Finding, Report};
use minder_deployment::machine;
use minder_deployment::record::Deployment;
use minder_recorder::capture::health::HealthProblem;
use minder_recorder::health::{Standing, Unhealthy, problems};
use minder_recorder::machine::ThisMachine;
use minder_recorder::program::{Program, RecorderProgram};

use crate::Acoupi;
use crate::commands::deployment::row;
use crate::configuration::Loaded;

/// Looks at everything. Directories and databases that are missing are made, as in the original.
pub(crate) fn look(acoupi: &mut Acoupi, loaded: &Loaded) -> Report {
    announce(acoupi, loaded);
    if let Program::Test(_) = loaded.program {
        acoupi.terminal.echo("Checking test program configurations");
    }
    let deployment = Deployment::read(&acoupi.settings.deployment_file).ok().flatten();
    let deployed = deployment.filter(Deployment::is_active).and_then(|record| row(&record).ok());
    // The deployment has the microphone: what it recorded says whether it works.
    let standing = deployed.as_ref().map_or(Standing::Idle, Standing::Deployed);
    let problems = problems(&loaded.program, Arc::new(ThisMachine::look()), standing);
    let mut findings: Vec<Finding> = problems.iter().map(finding).collect();
    let mut zone = "";
    if let Program::Recorder(program) = &loaded.program {
        findings.extend(rhythm(program));
        zone = &program.timezone;
    }
    let boot = Boot::find(&acoupi.outside, &acoupi.settings.units, &acoupi.settings.service);
    findings.extend(machine::look(&acoupi.outside, &boot, zone, acoupi.clock));
    Report { findings }
}

/// What the program `test` of the original prints whenever it is loaded.
pub(crate) fn announce(acoupi: &mut Acoupi, loaded: &Loaded) {
    if let Program::Test(_) = loaded.program {
        acoupi.terminal.echo("Setting up test program");
    }
}

/// The recorder's words, and what to do.
fn finding(problem: &Unhealthy) -> Finding {
    let hint = match problem {
        Unhealthy::Name => "Run `acoupi config set --field name test_program`.",
        Unhealthy::Detector(_) => "Look at minder.detector in the configuration.",
        Unhealthy::Messenger(_) => "Look at messaging in the configuration, and whether the server is there.",
        Unhealthy::Unwritable(_, error) if error.kind() == std::io::ErrorKind::StorageFull => {
            "Free some space: not even what happens can be written down."
        }
        Unhealthy::Unwritable(..) | Unhealthy::Station(_) => {
            "Choose other paths by `acoupi config set --field paths.recordings`, or make these yours."
        }
        Unhealthy::Full { .. } => "Free some space, or choose another minder.disk_action.",
        Unhealthy::Guard(_) | Unhealthy::Store(_) => "Look at the file system of the storages.",
        Unhealthy::Recorder(HealthProblem::LastFailed { .. } | HealthProblem::Overdue { .. }) => {
            "Look into the log of the worker recording."
        }
        Unhealthy::Recorder(_) => "Look at microphone in the configuration, and whether it is connected.",
    };
    Finding::fails("program", problem.to_string(), hint)
}

/// Recordings that are due before the last one has ended.
fn rhythm(program: &RecorderProgram) -> Option<Finding> {
    let recording = &program.recording;
    (recording.interval < recording.duration).then(|| {
        let why = format!(
            "A recording of {} s is due every {} s: there will be fewer than that.",
            recording.duration, recording.interval
        );
        Finding::warns("rhythm", why, "Set recording.interval to recording.duration or more.")
    })
}
