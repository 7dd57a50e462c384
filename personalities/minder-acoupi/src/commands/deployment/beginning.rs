//! The begin of a deployment: all of it, or nothing.

use std::path::{Path, PathBuf};
use std::time::Duration;

use minder_deployment::beginning::{switch_on, write_record};
use minder_deployment::boot::{Boot, BootError};
use minder_deployment::interruption::Interruption;
use minder_deployment::record::{Deployment, Position};
use minder_deployment::storages::{make_directory, note_missing};
use minder_deployment::undo::Undo;
use minder_recorder::program::{Program, RecorderProgram};
use minder_recorder::recording;
use minder_recorder::store::{EventStore, MessageStore, MetadataStore};
use uuid::Uuid;

use super::{Caution, boot};
use crate::Acoupi;
use crate::click::Failure;
use crate::commands::{setup, workers};
use crate::configuration::Loaded;
use crate::minder_toml::Beat;
use crate::{files, health, machinery, text, units};

/// How long workers are waited for.
const SETTLING: Duration = Duration::from_secs(10);

/// What somebody wants to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Intent<'a> {
    /// What it is called.
    pub(super) name: &'a str,
    /// Where.
    pub(super) place: Position,
    /// Whether it was looked at first.
    pub(super) caution: Caution,
}

/// Begins; who calls is alone. When a part of it fails, what was done before is undone, and that is told. `undo` is what was done already.
pub(super) fn begin(
    acoupi: &mut Acoupi,
    loaded: &Loaded,
    intent: Intent<'_>,
    interruption: &Interruption,
    mut undo: Undo,
) -> Result<(), Failure> {
    let result = attempt(acoupi, loaded, intent, interruption, &mut undo);
    let Err(why) = result else { return Ok(()) };
    let undone = undo.undo();
    if !undone.is_empty() {
        acoupi.terminal.complain("The start failed, and what was done for it is undone:\n");
    }
    for deed in undone {
        acoupi.terminal.complain(&format!("  {deed}\n"));
    }
    Err(failed(why))
}

fn attempt(
    acoupi: &mut Acoupi,
    loaded: &Loaded,
    intent: Intent<'_>,
    interruption: &Interruption,
    undo: &mut Undo,
) -> Result<(), String> {
    if goes_on(acoupi)? {
        return Err(text::ALREADY_DEPLOYED.to_owned());
    }
    let record = Deployment::begin(intent.name, intent.place, acoupi.clock.now())
        .map_err(|error| format!("there are no random numbers for an id: {error}"))?;
    steps(acoupi, loaded, &record, intent.caution, interruption, undo)
}

/// Whether there is a deployment already.
pub(super) fn goes_on(acoupi: &Acoupi) -> Result<bool, String> {
    let path = &acoupi.settings.deployment_file;
    let current = Deployment::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(current.is_some_and(|record| record.is_active()))
}

fn steps(
    acoupi: &mut Acoupi,
    loaded: &Loaded,
    record: &Deployment,
    caution: Caution,
    interruption: &Interruption,
    undo: &mut Undo,
) -> Result<(), String> {
    let boot = boot(acoupi);
    if let (Boot::Nothing(why), Caution::Checked) = (&boot, caution) {
        return Err(format!(
            "nothing would start it again after a boot: {why}. `--no-check` starts it until the next boot."
        ));
    }
    prepare(acoupi, loaded, &boot)?;
    health::announce(acoupi, loaded);
    if let Program::Recorder(program) = &loaded.program {
        storages(program, undo)?;
    }
    boot.install(&units::units(&acoupi.settings), undo).map_err(said)?;
    interruption.check()?;
    write_record(&acoupi.settings.deployment_file, record, undo)?;
    if let Program::Recorder(program) = &loaded.program {
        write_row(program, record, undo)?;
    }
    begin_work(acoupi, &boot, interruption, undo)?;
    // Whoever asks at once how it is shall not be told of what is about to begin. That a worker does not work is for `status`
    // to say: the deployment has begun, and what is enabled is started again and again.
    let _ = machinery::await_workers(&acoupi.settings, &workers::names(&loaded.program), SETTLING);
    Ok(())
}

/// What minder runs, and by what it is started: it may have been set up by another minder, which was elsewhere.
fn prepare(acoupi: &Acoupi, loaded: &Loaded, boot: &Boot) -> Result<(), String> {
    let beat = match boot {
        Boot::Systemd(_) => Beat::Unit,
        Boot::Cron(_) | Boot::Nothing(_) => Beat::Minder,
    };
    setup::write_minder_toml(acoupi, loaded, beat).map_err(|error| error.to_string())?;
    files::write_scripts(&acoupi.settings, &acoupi.executable, acoupi.clock.now())
        .map_err(|error| error.to_string())?;
    for folder in [&acoupi.settings.run_dir, &acoupi.settings.log_dir, &acoupi.settings.state_dir] {
        files::make(folder).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Notes what of a program's storages is missing, so that it goes again.
pub(super) fn note_storages(program: &Program, undo: &mut Undo) {
    let Program::Recorder(program) = program else { return };
    for folder in folders(program) {
        note_missing(folder, undo);
    }
    for file in databases(program) {
        note_file(&file, undo);
    }
}

fn folders(program: &RecorderProgram) -> Vec<&Path> {
    let paths = &program.paths;
    let messages = program.messaging.as_ref().map(|messaging| messaging.messages_db.as_path());
    let parents =
        [Some(paths.db_metadata.as_path()), messages].into_iter().flatten().filter_map(Path::parent);
    [paths.tmp_audio.as_path(), paths.recordings.as_path()].into_iter().chain(parents).collect()
}

fn databases(program: &RecorderProgram) -> Vec<PathBuf> {
    let paths = &program.paths;
    let messages = program.messaging.as_ref().map(|messaging| messaging.messages_db.clone());
    [Some(paths.db_metadata.clone()), Some(paths.events()), messages].into_iter().flatten().collect()
}

fn storages(program: &RecorderProgram, undo: &mut Undo) -> Result<(), String> {
    for folder in folders(program) {
        make_directory(folder, undo).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    for file in databases(program) {
        note_file(&file, undo);
    }
    let paths = &program.paths;
    let zone = jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC);
    let wrong = |path: &Path| {
        let shown = path.display().to_string();
        move |error: minder_recorder::store::StoreError| format!("{shown}: {error}")
    };
    MetadataStore::open(&paths.db_metadata, &zone).map_err(wrong(&paths.db_metadata))?;
    EventStore::open(&paths.events()).map_err(wrong(&paths.events()))?;
    if let Some(messaging) = &program.messaging {
        MessageStore::open(&messaging.messages_db, &zone).map_err(wrong(&messaging.messages_db))?;
    }
    Ok(())
}

/// A file that is about to be made goes again, with those that SQLite keeps beside it.
fn note_file(path: &Path, undo: &mut Undo) {
    if path.exists() {
        return;
    }
    let file = path.to_owned();
    undo.note(format!("removed {}", path.display()), move || {
        for suffix in ["-wal", "-shm", "-journal"] {
            let mut beside = file.clone().into_os_string();
            beside.push(suffix);
            // There are none when it was closed well.
            let _ = std::fs::remove_file(beside);
        }
        match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.to_string()),
            _ => Ok(()),
        }
    });
}

fn write_row(program: &RecorderProgram, record: &Deployment, undo: &mut Undo) -> Result<(), String> {
    let zone = jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC);
    let path = &program.paths.db_metadata;
    let wrong = |error: minder_recorder::store::StoreError| format!("{}: {error}", path.display());
    let row = row(record)?;
    let store = MetadataStore::open(path, &zone).map_err(wrong)?;
    store.store_deployment(&row).map_err(wrong)?;
    undo.note(format!("removed the deployment from {}", path.display()), move || {
        store.forget_deployment(row.id).map_err(|error| error.to_string())
    });
    Ok(())
}

/// A deployment as the recorder's database has it.
pub(crate) fn row(record: &Deployment) -> Result<recording::Deployment, String> {
    Ok(recording::Deployment {
        id: Uuid::parse_str(&record.id).map_err(|error| format!("{} is no id: {error}", record.id))?,
        name: record.name.clone(),
        latitude: record.place.latitude,
        longitude: record.place.longitude,
        started_on: record.started_on,
        ended_on: record.ended_on,
    })
}

fn begin_work(
    acoupi: &mut Acoupi,
    boot: &Boot,
    interruption: &Interruption,
    undo: &mut Undo,
) -> Result<(), String> {
    let units = units::units(&acoupi.settings);
    if let Boot::Nothing(_) = boot {
        let settings = acoupi.settings.clone();
        undo.note("stopped the workers", move || machinery::stop(&settings).map(|_| ()));
        return machinery::start(&acoupi.settings, &acoupi.outside, &[]).map(|_| ());
    }
    let terminal = &mut acoupi.terminal;
    switch_on(boot, &units, interruption, undo, |printed| terminal.complain(printed))
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
fn said(error: BootError) -> String {
    error.to_string()
}

fn failed(why: impl Into<String>) -> Failure {
    Failure::Error(why.into())
}
