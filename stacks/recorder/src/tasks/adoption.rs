//! After a power cut: recordings that were lost with the memory they were in, and files that nobody has stored.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use uuid::Uuid;

use crate::moment;
use crate::recording::Recording;
use crate::station::{Company, Station};
use crate::store::StoreError;
use crate::store::events::{Event, EventKind, Pending};
use crate::wav::Wav;

const PART: &str = "file_management";

/// A file that is younger belongs to somebody who is about to store it.
const AGE: Duration = Duration::from_secs(60);

impl Station {
    /// Marks recordings as lost that nobody has looked at and whose files are gone: they are nowhere any more, and an event says
    /// so.
    pub(super) fn mark_lost(&self, pending: &[Pending]) -> Result<(), StoreError> {
        for pending in pending.iter().filter(|pending| !pending.path.exists()) {
            let row = self.store.recording(pending.id)?;
            let moved = row.as_ref().is_some_and(|row| row.path.as_ref() != Some(&pending.path));
            if moved {
                self.events.end(pending.id, None)?;
                continue;
            }
            self.log.error(PART, format_args!("the recording {} was lost", pending.path.display()));
            self.store.move_recording(pending.id, None)?;
            let event = Event::now(EventKind::Lost, pending.created_on, pending.path.to_string_lossy());
            self.events.end(pending.id, Some(&event.of(pending.id)))?;
        }
        Ok(())
    }

    /// The recording of a file that the store does not know, which it knows from now on. `None`: it is none of ours, or too young
    /// to say so.
    pub(super) fn adopt(&self, path: &Path, pending: &[Pending]) -> Result<Option<Recording>, StoreError> {
        let known = pending.iter().find(|pending| pending.path == path);
        if known.is_none() && !self.is_abandoned(path) {
            return Ok(None);
        }
        let Ok(wav) = Wav::open(path) else { return Ok(None) };
        let Some(guano) = wav.guano().filter(|guano| guano.get("Make") == Some("acoupi")) else {
            return Ok(None);
        };
        let said = guano.get("Timestamp").and_then(|text| text.parse::<Timestamp>().ok());
        let Some(created_on) = known.map(|pending| pending.created_on).or(said) else { return Ok(None) };
        let created_on = moment::whole_microseconds(created_on);
        if let Some(other) = self.store.recording_of(created_on)?.filter(|_| known.is_none()) {
            return self.clear_leftover(path, &other);
        }
        if let Some(other) = known.map(|pending| self.store.recording(pending.id)).transpose()?.flatten()
            && other.path.as_ref().is_some_and(|other| other != path && other.exists())
        {
            // Whoever was killed had moved it, and not yet taken the first name away.
            return self.clear_leftover(path, &other);
        }
        let time_expansion = guano.get("TE").and_then(|text| text.parse().ok()).unwrap_or(1.0);
        let number = |key| guano.get(key).and_then(|text| text.parse().ok());
        let recording = Recording {
            created_on,
            duration: wav.seconds() / time_expansion,
            samplerate: number("Samplerate").unwrap_or(wav.format().samplerate),
            deployment: self.store.current_deployment_or_new(self.now())?,
            path: Some(path.to_owned()),
            audio_channels: wav.format().channels,
            time_expansion,
            id: known.map_or_else(Uuid::new_v4, |pending| pending.id),
        };
        self.log.warning(PART, format_args!("{} was not stored, and is now", path.display()));
        let recording = self.keep_row(recording)?;
        if known.is_none() {
            let (id, path) = (recording.id, path.to_owned());
            let pending = Pending { id, path, created_on: recording.created_on, failures: 0 };
            self.events.adopt(&pending)?;
        }
        let event = Event::now(EventKind::Found, recording.created_on, path.to_string_lossy());
        self.tell(&event.of(recording.id));
        Ok(Some(recording))
    }

    /// A file whose recording is elsewhere, whole: what a power cut left of its way there.
    fn clear_leftover(&self, path: &Path, other: &Recording) -> Result<Option<Recording>, StoreError> {
        let elsewhere = other.path.as_ref().filter(|other| *other != path && other.exists());
        let length = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.len()).ok();
        if elsewhere.is_some_and(|elsewhere| length(elsewhere) == length(path)) {
            let _ = std::fs::remove_file(path);
        }
        Ok(None)
    }

    /// Whether nobody is about to store a file: there is nobody else, it is old, or of a time that is still to come.
    fn is_abandoned(&self, path: &Path) -> bool {
        if self.company == Company::Nobody {
            return true;
        }
        let Ok(changed) = std::fs::metadata(path).and_then(|metadata| metadata.modified()) else {
            return false;
        };
        let now = SystemTime::from(self.machine.clock().now());
        now.duration_since(changed).map_or(true, |age| age > AGE)
    }
}

/// The files of sound in a directory, in the order of their names.
pub(super) fn sounds(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut sounds = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden && path.extension().is_some_and(|extension| extension == "wav") {
            sounds.push(path);
        }
    }
    sounds.sort();
    Ok(sounds)
}
