//! What was found, in `metadata.db`.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::metadata::stored_moment;
use super::{StoreError, path_text};
use crate::moment;
use crate::output::{BoundingBox, Detection, ModelOutput, PredictedTag, PredictionType, Tag};
use crate::recording::Recording;

pub(super) fn store(connection: &mut Connection, output: &ModelOutput) -> Result<(), StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let recording = &output.recording;
    let exists = |query, id: Uuid| transaction.query_row(query, [id], |row| row.get::<_, bool>(0));
    if !exists("SELECT EXISTS (SELECT 1 FROM recording WHERE id = ?1)", recording.id)? {
        let path = recording.path.as_deref().map_or_else(|| "no path".to_owned(), path_text);
        return Err(StoreError::UnknownRecordings(format!("id={}, path={path}", recording.id)));
    }
    if exists("SELECT EXISTS (SELECT 1 FROM model_output WHERE id = ?1)", output.id)? {
        return Ok(());
    }
    transaction.execute(
        "INSERT INTO model_output (id, model_name, recording_id, created_on) VALUES (?1, ?2, ?3, ?4)",
        params![output.id, output.name_model, recording.id, moment::iso(output.created_on)],
    )?;
    for detection in &output.detections {
        store_detection(&transaction, output.id, detection)?;
    }
    transaction.commit()?;
    Ok(())
}

fn store_detection(connection: &Connection, output: Uuid, detection: &Detection) -> Result<(), StoreError> {
    let place = detection.location.as_ref();
    connection
        .prepare(
            "INSERT INTO detection (id, prediction_type, start_time_s, end_time_s, low_freq_hz, high_freq_hz, \
             detection_score, model_output_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            detection.id,
            detection.prediction_type.word(),
            place.map(|place| place.start),
            place.map(|place| place.end),
            place.map(|place| place.low),
            place.map(|place| place.high),
            detection.detection_score,
            output
        ])?;
    for tag in &detection.tags {
        connection
            .prepare(
                "INSERT INTO predicted_tag (key, value, confidence_score, detection_id) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(params![tag.tag.key, tag.tag.value, tag.confidence_score, detection.id])?;
    }
    Ok(())
}

pub(super) fn of(connection: &Connection, recording: &Recording) -> Result<Vec<ModelOutput>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT id, model_name, created_on FROM model_output WHERE recording_id = ?1 ORDER BY created_on",
    )?;
    let heads: Vec<(Uuid, String, String)> = statement
        .query_map([recording.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect::<Result<_, _>>()?;
    let whole = |(id, name_model, created_on): (Uuid, String, String)| {
        Ok(ModelOutput {
            id,
            name_model,
            recording: recording.clone(),
            detections: detections(connection, id)?,
            created_on: stored_moment("model_output.created_on", &created_on)?,
        })
    };
    heads.into_iter().map(whole).collect()
}

fn detections(connection: &Connection, output: Uuid) -> Result<Vec<Detection>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT id, prediction_type, start_time_s, low_freq_hz, end_time_s, high_freq_hz, detection_score \
         FROM detection WHERE model_output_id = ?1 ORDER BY rowid",
    )?;
    let rows = statement.query_map([output], |row| Ok(detection(row)))?;
    let mut detections = rows.map(|row| row?).collect::<Result<Vec<_>, StoreError>>()?;
    let mut statement = connection.prepare(
        "SELECT key, value, confidence_score FROM predicted_tag WHERE detection_id = ?1 ORDER BY rowid",
    )?;
    for detection in &mut detections {
        detection.tags = statement.query_map([detection.id], tag)?.collect::<Result<_, _>>()?;
    }
    Ok(detections)
}

fn detection(row: &Row<'_>) -> Result<Detection, StoreError> {
    let word: String = row.get(1)?;
    let edges: [Option<f64>; 4] = [row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
    let location = match edges {
        [Some(start), Some(low), Some(end), Some(high)] => Some(BoundingBox { start, low, end, high }),
        _ => None,
    };
    Ok(Detection {
        id: row.get(0)?,
        prediction_type: PredictionType::of(&word)
            .ok_or(StoreError::Content("detection.prediction_type", word))?,
        location,
        detection_score: row.get(6)?,
        tags: Vec::new(),
    })
}

pub(super) fn tags_between(
    connection: &Connection,
    after: Timestamp,
    before: Timestamp,
) -> Result<Vec<PredictedTag>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT t.key, t.value, t.confidence_score FROM predicted_tag t \
         JOIN detection d ON d.id = t.detection_id JOIN model_output o ON o.id = d.model_output_id \
         WHERE o.created_on >= ?1 AND o.created_on <= ?2 ORDER BY t.id",
    )?;
    let rows = statement.query_map([moment::iso(after), moment::iso(before)], tag)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn tag(row: &Row<'_>) -> rusqlite::Result<PredictedTag> {
    Ok(PredictedTag { tag: Tag { key: row.get(0)?, value: row.get(1)? }, confidence_score: row.get(2)? })
}
