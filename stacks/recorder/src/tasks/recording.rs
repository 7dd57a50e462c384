//! `recording_task`: records, if it is time and there is room.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::TaskError;
use crate::capture::{CaptureError, CaptureEvent, Errand, Take};
use crate::files::filters;
use crate::files::guard::Room;
use crate::guano::Inscription;
use crate::moment;
use crate::program::Behaviour;
use crate::recording::{Deployment, Recording};
use crate::station::Station;
use crate::store::StoreError;
use crate::store::events::{Doing, Event, EventKind, Pending};

const PART: &str = "recording";

/// Records. The output is the recording, or `null` when there is to be none now.
///
/// # Errors
/// When there should be a recording and is none.
pub fn run(station: &mut Station) -> Result<Value, TaskError> {
    station.log.info(PART, "Starting recording process.");
    let done = record(station);
    if let Err(error) = &done {
        let (kind, reason) = match error {
            TaskError::Capture(error) => (kind_of(error), reason_of(error)),
            other => (EventKind::Failed, other.to_string()),
        };
        station.see(Doing::Waiting, &[Event::now(kind, station.now(), reason)]);
    }
    done
}

fn record(station: &mut Station) -> Result<Value, TaskError> {
    let mut events = station.arrival().unwrap_or_else(|error| {
        station.log.error(PART, format_args!("what happened is not known: {error}"));
        Vec::new()
    });
    if let Some(obstacle) = obstacle(station)? {
        station.log.info(PART, "Recording conditions not met.");
        events.push(obstacle);
        station.see(Doing::Waiting, &events);
        return Ok(Value::Null);
    }
    station.see(Doing::Recording, &events);
    let deployment = station.store.current_deployment_or_new(station.now())?;
    station.log.info(PART, "Recording audio");
    let inscription = inscription(station, &deployment);
    let directory = station.program.paths.tmp_audio.clone();
    let duration = Duration::from_secs(u64::from(station.program.recording.duration));
    let errand = Errand { duration, directory: &directory, inscription: &inscription };
    let take = station.record(&errand);
    for event in station.heard() {
        match event {
            CaptureEvent::Opened | CaptureEvent::Returned(_) => station.log.info(PART, &event),
            CaptureEvent::Lost(_) | CaptureEvent::Overrun(_) | CaptureEvent::Gaps(_) => {
                station.log.warning(PART, &event);
            }
        }
    }
    match take {
        Ok(take) => {
            let recording = remember(station, take, deployment)?;
            station.log.info(PART, "Recording metadata stored");
            serde_json::to_value(recording).map_err(TaskError::Input)
        }
        Err(error) => Err(TaskError::Capture(error)),
    }
}

/// Why there is to be no recording now.
fn obstacle(station: &Station) -> Result<Option<Event>, TaskError> {
    let now = station.now();
    if !is_open(station, now) {
        return Ok(Some(Event::now(EventKind::OutsideWindow, now, "")));
    }
    match station.guard.room_to_record(station.machine.as_ref(), &station.store)? {
        Room::Enough { sacrificed: 0 } => Ok(None),
        Room::Enough { sacrificed } => {
            station.tell_sacrifice(sacrificed);
            Ok(None)
        }
        Room::None { path, free, needed } => {
            station.log.warning(
                PART,
                format_args!("{free} bytes are free at {}, {needed} are needed", path.display()),
            );
            Ok(Some(Event::now(EventKind::DiskFull, now, path.to_string_lossy())))
        }
    }
}

/// Whether it is a time at which there are recordings.
#[must_use]
pub fn is_open(station: &Station, at: Timestamp) -> bool {
    let recording = &station.program.recording;
    let (start, end) = (recording.schedule_start, recording.schedule_end);
    let zone = station.sky.zone.clone();
    match station.sky.behaviour {
        Behaviour::Intended => filters::within(start, end, at, zone),
        Behaviour::Acoupi => {
            let time = at.to_zoned(zone).time();
            let last = jiff::civil::time(23, 59, 59, 0);
            (start.time() <= time && time <= last) || time <= end.time()
        }
    }
}

fn inscription(station: &Station, deployment: &Deployment) -> Inscription {
    Inscription {
        deployment_name: deployment.name.clone(),
        firmware_version: env!("CARGO_PKG_VERSION").to_owned(),
        device_id: station.device.clone(),
        position: deployment.latitude.zip(deployment.longitude),
    }
}

/// Stores a recording: first that there is something to look after, then what it is.
fn remember(station: &Station, take: Take, deployment: Deployment) -> Result<Recording, TaskError> {
    let recording = Recording {
        created_on: moment::whole_microseconds(take.started),
        duration: take.duration.as_secs_f64(),
        samplerate: take.samplerate,
        deployment,
        path: Some(take.path.clone()),
        audio_channels: take.audio_channels,
        time_expansion: take.time_expansion,
        id: Uuid::new_v4(),
    };
    let pending =
        Pending { id: recording.id, path: take.path, created_on: recording.created_on, failures: 0 };
    station.expect(&pending);
    station.keep_row(recording).map_err(TaskError::Store)
}

impl Station {
    /// Stores a recording. One that was made in the microsecond of another, by a clock that was put back, is stored as of the
    /// next one that is free.
    pub(super) fn keep_row(&self, mut recording: Recording) -> Result<Recording, StoreError> {
        const ATTEMPTS: u32 = 1000;
        for _ in 0..ATTEMPTS {
            match self.store.recording_of(recording.created_on)? {
                Some(other) if other.id != recording.id => {
                    let next = recording.created_on.as_microsecond().saturating_add(1);
                    recording.created_on = Timestamp::from_microsecond(next).unwrap_or(recording.created_on);
                }
                Some(_) | None => break,
            }
        }
        // A clock that was put back gives a name again; who had it before is not there any more.
        if let Some(path) = &recording.path
            && let Some(other) = self.store.recording_at(path)?
            && other.id != recording.id
        {
            self.store.move_recording(other.id, None)?;
        }
        self.store.store_recording(&recording)?;
        Ok(recording)
    }

    pub(super) fn tell_sacrifice(&self, count: u64) {
        let event = Event { count, ..Event::now(EventKind::Sacrificed, self.now(), "") };
        self.log
            .warning("file_management", format_args!("{count} kept recordings were deleted to make room"));
        self.tell(&event);
    }
}

fn kind_of(error: &CaptureError) -> EventKind {
    match error {
        CaptureError::NotFound { .. }
        | CaptureError::Samplerate
        | CaptureError::Channels
        | CaptureError::WrongRate { .. }
        | CaptureError::WrongChannels { .. }
        | CaptureError::Program(..)
        | CaptureError::Ended { .. }
        | CaptureError::Stalled { .. }
        | CaptureError::Waiting { .. } => EventKind::Device,
        CaptureError::Settings(_) | CaptureError::Overrun { .. } | CaptureError::File(_) => EventKind::Failed,
    }
}

/// The same for as long as it is the same reason, so that it is one event.
fn reason_of(error: &CaptureError) -> String {
    match error {
        CaptureError::Waiting { because, .. } => because.clone(),
        other => other.to_string(),
    }
}
