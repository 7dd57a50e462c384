//! `detection_task`: who was heard in a recording.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use super::TaskError;
use super::files::FAILURES_MAX;
use crate::detect::{self, Subject};
use crate::messages::factory::Factory;
use crate::moment;
use crate::output::{BoundingBox, Detection, ModelOutput, PredictedTag, PredictionType, Tag};
use crate::recording::Recording;
use crate::station::Station;
use crate::store::StoreError;

const PART: &str = "detection";

/// So long recordings are looked at that have been left over, when nobody says which.
const PATIENCE: Duration = Duration::from_secs(15);

/// Looks at the recording that is given, and at one that was left over, if there is. With `null` it looks at those that were left
/// over, for a quarter of a minute. The output says how many remain.
///
/// # Errors
/// When the input is no recording, the detector failed, or a database did. A recording that is looked at again is looked at once.
pub fn run(station: &mut Station, input: &Value) -> Result<Value, TaskError> {
    let began = station.machine.clock().elapsed();
    if !input.is_null() {
        let recording: Recording = serde_json::from_value(input.clone()).map_err(TaskError::Input)?;
        look_at(station, &recording)?;
    }
    let mut left_over = left_over(station)?;
    while let Some(recording) = left_over.pop() {
        // What fails is counted, and told by the run that was given it.
        if let Err(error) = look_at(station, &recording) {
            station.log.error(PART, error);
        }
        let elapsed = station.machine.clock().elapsed().saturating_sub(began);
        if !input.is_null() || elapsed > PATIENCE {
            break;
        }
    }
    Ok(json!({"remaining": self::left_over(station)?.len()}))
}

/// The recordings that are there and nobody has looked at, the oldest last.
fn left_over(station: &Station) -> Result<Vec<Recording>, StoreError> {
    let mut left_over = Vec::new();
    for pending in station.events.pending()?.into_iter().rev() {
        if pending.failures >= FAILURES_MAX
            || !pending.path.exists()
            || station.store.has_output(pending.id)?
        {
            continue;
        }
        left_over.extend(station.store.recording(pending.id)?);
    }
    Ok(left_over)
}

fn look_at(station: &mut Station, recording: &Recording) -> Result<(), TaskError> {
    station.log.info(PART, format_args!("Starting detection process on recording {}", recording.id));
    if station.store.has_output(recording.id)? {
        return Ok(());
    }
    let (Some(path), Some(detector)) = (&recording.path, station.detector.as_mut()) else { return Ok(()) };
    station.log.info(PART, format_args!("Running model on recording: {}", path.display()));
    let subject = Subject {
        path,
        time_expansion: recording.time_expansion,
        started: Some(recording.created_on),
        position: recording.deployment.latitude.zip(recording.deployment.longitude),
    };
    let found = match detector.detect(&subject) {
        Ok(found) => found,
        Err(error) => {
            station.events.fail(recording.id)?;
            return Err(TaskError::Detect(error));
        }
    };
    let name = detector.name().to_owned();
    let threshold = station.program.detections.as_ref().map_or(0.0, |detections| detections.threshold);
    let output = output(station, recording, &name, found).cleaned(threshold);
    // Messages first: what a power cut has left of this is done again, and of the same output comes the same message.
    let factory = station.program.model.as_ref().map(|model| Factory::Sure(model.detection_threshold));
    if let (Some(messages), Some(message)) =
        (&station.messages, factory.and_then(|factory| factory.message(&output)))
    {
        station.log.info(PART, "Storing message.");
        messages.store(&message)?;
    }
    station.log.info(PART, "Storing model output.");
    station.store.store_output(&output)?;
    Ok(())
}

/// Ids are made of the recording's, so that a detector that is asked again says the same.
fn output(
    station: &Station,
    recording: &Recording,
    name: &str,
    found: Vec<detect::Detection>,
) -> ModelOutput {
    let id = Uuid::new_v5(&recording.id, name.as_bytes());
    let detections = found.into_iter().enumerate().map(|(number, found)| Detection {
        id: Uuid::new_v5(&id, number.to_string().as_bytes()),
        prediction_type: match found.kind {
            detect::Kind::Presence => PredictionType::Presence,
            detect::Kind::Sequence => PredictionType::Sequence,
            detect::Kind::Event => PredictionType::Event,
        },
        location: found.region.map(|region| BoundingBox {
            start: region.start,
            low: region.low,
            end: region.end,
            high: region.high,
        }),
        detection_score: found.score.clamp(0.0, 1.0),
        tags: found.tags.into_iter().map(tag).collect(),
    });
    ModelOutput {
        id,
        name_model: name.to_owned(),
        recording: recording.clone(),
        detections: detections.collect(),
        created_on: moment::whole_microseconds(station.now()),
    }
}

fn tag(tag: detect::Tag) -> PredictedTag {
    PredictedTag { tag: Tag { key: tag.key, value: tag.value }, confidence_score: tag.score.clamp(0.0, 1.0) }
}
