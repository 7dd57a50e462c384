//! The begin of a deployment: all of it, or nothing.

use std::fs::File;
use std::path::Path;

use minder_deployment::boot::{Boot, BootError};
use minder_deployment::interruption::Interruption;
use minder_deployment::record::{Deployment, Position};
use minder_deployment::storages::make_directory;
use minder_deployment::undo::Undo;
use minder_deployment::write_whole;
use minder_recorder::program::{Program, RecorderProgram};
use minder_recorder::recording;
use minder_recorder::store::{EventStore, MessageStore, MetadataStore};
use rustix::fs::{FlockOperation, flock};
use uuid::Uuid;

use super::{Caution, boot};
use crate::Acoupi;
use crate::click::Failure;
use crate::commands::setup;
use crate::configuration::Loaded;
use crate::minder_toml::Beat;
use crate::{files, health, machinery, text, units};

/// Begins. When a part of it fails, what was done before is undone, and that is told.
pub(super) fn begin(
    acoupi: &mut Acoupi,
    loaded: &Loaded,
    name: &str,
    place: Position,
    caution: Caution,
    interruption: &Interruption,
) -> Result<(), Failure> {
    let _alone = alone(acoupi)?;
    let current = Deployment::read(&acoupi.settings.deployment_file)
        .map_err(|error| failed(format!("{}: {error}", acoupi.settings.deployment_file.display())))?;
    if current.is_some_and(|record| record.is_active()) {
        return Err(failed(text::ALREADY_DEPLOYED));
    }
    let record = Deployment::begin(name, place, acoupi.clock.now())
        .map_err(|error| failed(format!("there are no random numbers for an id: {error}")))?;
    let mut undo = Undo::new();
    let result = steps(acoupi, loaded, &record, caution, interruption, &mut undo);
    let Err(why) = result else { return Ok(()) };
    let undone = undo.undo();
    acoupi.terminal.complain("The start failed, and what was done for it is undone:\n");
    if undone.is_empty() {
        acoupi.terminal.complain("  nothing was done yet\n");
    }
    for deed in undone {
        acoupi.terminal.complain(&format!("  {deed}\n"));
    }
    Err(failed(why))
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
    go_on(interruption)?;
    write_record(&acoupi.settings.deployment_file, record, undo)?;
    if let Program::Recorder(program) = &loaded.program {
        write_row(program, record, undo)?;
    }
    switch_on(acoupi, &boot, interruption, undo)
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

fn storages(program: &RecorderProgram, undo: &mut Undo) -> Result<(), String> {
    let paths = &program.paths;
    let messages = program.messaging.as_ref().map(|messaging| messaging.messages_db.as_path());
    let parents =
        [Some(paths.db_metadata.as_path()), messages].into_iter().flatten().filter_map(Path::parent);
    for folder in [paths.tmp_audio.as_path(), paths.recordings.as_path()].into_iter().chain(parents) {
        make_directory(folder, undo).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let zone = jiff::tz::TimeZone::try_system().unwrap_or(jiff::tz::TimeZone::UTC);
    let wrong = |path: &Path| {
        let shown = path.display().to_string();
        move |error: minder_recorder::store::StoreError| format!("{shown}: {error}")
    };
    note_file(&paths.db_metadata, undo);
    MetadataStore::open(&paths.db_metadata, &zone).map_err(wrong(&paths.db_metadata))?;
    note_file(&paths.events(), undo);
    EventStore::open(&paths.events()).map_err(wrong(&paths.events()))?;
    if let Some(path) = messages {
        note_file(path, undo);
        MessageStore::open(path, &zone).map_err(wrong(path))?;
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

/// The last thing that is written before anything is switched on: what is booted goes on with it.
fn write_record(path: &Path, record: &Deployment, undo: &mut Undo) -> Result<(), String> {
    let before = std::fs::read_to_string(path).ok();
    record.write(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let (file, shown) = (path.to_owned(), path.display());
    match before {
        Some(before) => undo.note(format!("restored {shown}"), move || {
            write_whole(&file, &before, 0o644).map_err(|error| error.to_string())
        }),
        None => undo.note(format!("removed {shown}"), move || {
            std::fs::remove_file(&file).map_err(|error| error.to_string())
        }),
    }
    Ok(())
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

fn switch_on(
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
    for unit in &units {
        let printed = boot.enable(unit, undo).map_err(said)?;
        acoupi.terminal.complain(&printed);
        go_on(interruption)?;
    }
    for unit in &units {
        let printed = boot.start(unit, undo).map_err(said)?;
        acoupi.terminal.complain(&printed);
        go_on(interruption)?;
    }
    Ok(())
}

/// Two starts at a time would each undo what the other has done.
fn alone(acoupi: &Acoupi) -> Result<File, Failure> {
    let folder = &acoupi.settings.run_dir;
    files::make(folder).map_err(|error| failed(error.to_string()))?;
    let path = folder.join("deployment.lock");
    let file = File::create(&path).map_err(|error| failed(format!("{}: {error}", path.display())))?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| failed("Another `acoupi deployment start` is at work."))?;
    Ok(file)
}

fn go_on(interruption: &Interruption) -> Result<(), String> {
    if interruption.is_noted() { Err("it was interrupted".into()) } else { Ok(()) }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
fn said(error: BootError) -> String {
    error.to_string()
}

fn failed(why: impl Into<String>) -> Failure {
    Failure::Error(why.into())
}
