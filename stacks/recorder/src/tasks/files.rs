//! `file_management_task`: keeps recordings or deletes them, and so empties the directory in which they are made.

use std::path::Path;

use serde_json::{Value, json};

use super::TaskError;
use super::adoption::sounds;
use crate::files::guard::Room;
use crate::files::moving;
use crate::messages::Lock;
use crate::output::ModelOutput;
use crate::program::GuardAction;
use crate::recording::Recording;
use crate::station::Station;
use crate::store::events::{Event, EventKind, Pending};

const PART: &str = "file_management";

/// A recording on which the detector has failed so often is kept without having been looked at.
pub const FAILURES_MAX: u32 = 3;

/// What became of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    /// It is where recordings are kept.
    Kept,
    /// It is deleted.
    Deleted,
    /// It is to be looked at again.
    Left,
    /// It is none of ours.
    Strange,
}

/// Looks after every recording that is there. The output says how many were kept and deleted, and how many remain.
///
/// # Errors
/// When the directory or a database cannot be read. What is wrong with one file is told, and left for the next time.
pub fn run(station: &mut Station) -> Result<Value, TaskError> {
    station.log.info(PART, "Starting file management process.");
    let events = station.program.paths.events();
    let _alone = Lock::wait(&events).map_err(|error| TaskError::File(events.clone(), error))?;
    let pending = station.events.pending()?;
    station.mark_lost(&pending)?;
    let directory = &station.program.paths.tmp_audio;
    let sounds = sounds(directory).map_err(|error| TaskError::File(directory.clone(), error))?;
    let (mut kept, mut deleted, mut remaining) = (0, 0, 0);
    for path in &sounds {
        let fate = manage(station, path, &pending).unwrap_or_else(|error| {
            station.log.error(PART, format_args!("{}: {error}", path.display()));
            Fate::Left
        });
        match fate {
            Fate::Kept => kept += 1,
            Fate::Deleted => deleted += 1,
            Fate::Left => remaining += 1,
            Fate::Strange => {}
        }
    }
    Ok(json!({"kept": kept, "deleted": deleted, "remaining": remaining}))
}

fn manage(station: &Station, path: &Path, pending: &[Pending]) -> Result<Fate, TaskError> {
    let row = match station.store.recording_at(path)? {
        Some(recording) => Some(recording),
        None => station.adopt(path, pending)?,
    };
    let Some(recording) = row else { return Ok(Fate::Strange) };
    let outputs = station.store.outputs_of(&recording)?;
    let given_up = pending.iter().any(|it| it.id == recording.id && it.failures >= FAILURES_MAX);
    if station.detector.is_some() && outputs.is_empty() && !given_up {
        station.log.info(
            PART,
            format_args!(
                "Recording {} does not meet condition ProcessedByRequiredModels. Skipping.",
                recording.id
            ),
        );
        return Ok(Fate::Left);
    }
    station.log.info(PART, format_args!("Managing recording: {}", path.display()));
    let filters = &station.filters;
    let wanted = || filters.iter().any(|filter| filter.wants(&recording, &outputs, &station.sky));
    if !given_up && !filters.is_empty() && !wanted() {
        station.log.info(PART, format_args!("Recording {} does not pass filters", recording.id));
        return delete(station, &recording, path, EventKind::Discarded);
    }
    if !path.exists() {
        station.log.error(PART, format_args!("Recording {} has already been deleted", recording.id));
        return Ok(Fate::Deleted);
    }
    match station.guard.room_to_keep(station.machine.as_ref(), &station.store)? {
        Room::Enough { sacrificed: 0 } => {}
        Room::Enough { sacrificed } => station.tell_sacrifice(sacrificed),
        Room::None { .. } => return crowded(station, &recording, path),
    }
    keep(station, &recording, &outputs, path)
}

/// There is no room: with `discard` the sound goes, else it waits.
fn crowded(station: &Station, recording: &Recording, path: &Path) -> Result<Fate, TaskError> {
    match station.guard.action() {
        GuardAction::Discard => delete(station, recording, path, EventKind::DiskFull),
        GuardAction::Stop | GuardAction::DeleteOldest | GuardAction::DeleteLowestConfidence => {
            station.log.warning(PART, format_args!("there is no room to keep {}", path.display()));
            Ok(Fate::Left)
        }
    }
}

/// First the second name or copy, then the row, then the first name: a power cut between leaves one whole file and a row that
/// finds it.
fn keep(
    station: &Station,
    recording: &Recording,
    outputs: &[ModelOutput],
    path: &Path,
) -> Result<Fate, TaskError> {
    let place =
        station.managers.iter().find_map(|manager| manager.place(recording, outputs, &station.device));
    let Some(place) = place else {
        station
            .log
            .warning(PART, format_args!("No file manager was able to save recording {}", recording.id));
        return delete(station, recording, path, EventKind::Unplaced);
    };
    let place = moving::put(path, &place).map_err(|error| TaskError::File(place, error))?;
    station.store.move_recording(recording.id, Some(&place))?;
    moving::delete(path).map_err(|error| TaskError::File(path.to_owned(), error))?;
    station.events.end(recording.id, None)?;
    Ok(Fate::Kept)
}

/// First that it is deleted, then so: a power cut between has it deleted again. The row keeps the path, as in acoupi.
fn delete(station: &Station, recording: &Recording, path: &Path, why: EventKind) -> Result<Fate, TaskError> {
    let event = Event::now(why, recording.created_on, "");
    station.events.end(recording.id, Some(&event))?;
    moving::delete(path).map_err(|error| TaskError::File(path.to_owned(), error))?;
    Ok(Fate::Deleted)
}
