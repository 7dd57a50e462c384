//! A `metadata.db` that acoupi made before 0.5, by a mapper of objects: brought to the form of today.
//!
//! Its tables have the same names. Times are those of the machine's clock, without an offset; a detection does not say what kind
//! of statement it is; and a tag can belong to all of a recording. acoupi 0.8 opens such a database, calls it version 1, and
//! fails when something is detected, so that it is known by its columns and not by its version.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;

use super::{StoreError, columns, metadata, path_text};
use crate::moment;

/// What is added to the name of the copy that is kept.
const SUFFIX: &str = ".before-0.5";

const TABLES: [&str; 5] = ["deployment", "recording", "model_output", "detection", "predicted_tag"];

pub(super) fn bring_up(connection: &mut Connection, path: &Path, zone: &TimeZone) -> Result<(), StoreError> {
    if !is_former(connection, "recording", "datetime")? {
        return Ok(());
    }
    keep_copy(connection, path)?;
    // A pragma that does nothing within a transaction; the copied rows are looked at as a whole at its end.
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    // Somebody else may have been faster.
    if is_former(&transaction, "recording", "datetime")? {
        for table in TABLES {
            transaction.execute_batch(&format!("ALTER TABLE {table} RENAME TO former_{table}"))?;
        }
        transaction.execute_batch(metadata::SCHEMA)?;
        copy_deployments(&transaction, zone)?;
        copy_recordings(&transaction, zone)?;
        copy_outputs(&transaction, zone)?;
        copy_detections(&transaction)?;
        copy_tags(&transaction)?;
        for table in TABLES.iter().rev() {
            transaction.execute_batch(&format!("DROP TABLE former_{table}"))?;
        }
    }
    transaction.commit()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

/// Whether a table is of the mapper's making: it declares times as `DATETIME`.
pub(super) fn is_former(connection: &Connection, table: &str, column: &str) -> Result<bool, StoreError> {
    let columns = columns(connection, table)?;
    Ok(columns.iter().any(|(name, kind)| name == column && kind == "DATETIME"))
}

/// Keeps a copy beside it, once.
pub(super) fn keep_copy(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(SUFFIX);
    let copy = PathBuf::from(name);
    if !copy.exists() {
        // To a name of its own first: a copy that a power cut left half-done is not taken for a whole one.
        let part = copy.with_extension("part");
        let _ = std::fs::remove_file(&part);
        connection.execute("VACUUM INTO ?1", [path_text(&part)])?;
        std::fs::rename(&part, &copy).map_err(StoreError::Directory)?;
    }
    Ok(())
}

/// A moment of the mapper's, as acoupi writes it today.
pub(super) fn renewed(column: &'static str, text: &str, zone: &TimeZone) -> Result<String, StoreError> {
    let at = moment::parse(text, zone).map_err(|_| StoreError::Content(column, text.to_owned()))?;
    Ok(moment::iso(at))
}

fn copy_deployments(transaction: &Transaction<'_>, zone: &TimeZone) -> Result<(), StoreError> {
    let mut statement = transaction
        .prepare("SELECT id, name, started_on, ended_on, latitude, longitude FROM former_deployment")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let ended: Option<String> = row.get(3)?;
        transaction.execute(
            "INSERT INTO deployment (id, name, started_on, ended_on, latitude, longitude) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                row.get::<_, Uuid>(0)?,
                row.get::<_, String>(1)?,
                renewed("deployment.started_on", &row.get::<_, String>(2)?, zone)?,
                ended.map(|text| renewed("deployment.ended_on", &text, zone)).transpose()?,
                row.get::<_, Option<f64>>(4)?,
                row.get::<_, Option<f64>>(5)?
            ],
        )?;
    }
    Ok(())
}

fn copy_recordings(transaction: &Transaction<'_>, zone: &TimeZone) -> Result<(), StoreError> {
    let mut statement = transaction.prepare("SELECT id, datetime FROM former_recording")?;
    let mut insert = transaction.prepare("INSERT INTO recording (id, path, datetime, duration_s, samplerate_hz, audio_channels, \
                 deployment_id) SELECT id, path, ?2, duration_s, samplerate_hz, audio_channels, deployment_id \
                 FROM former_recording WHERE id = ?1")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let created_on = renewed("recording.datetime", &row.get::<_, String>(1)?, zone)?;
        insert.execute(params![row.get::<_, Uuid>(0)?, created_on])?;
    }
    Ok(())
}

fn copy_outputs(transaction: &Transaction<'_>, zone: &TimeZone) -> Result<(), StoreError> {
    let mut statement =
        transaction.prepare("SELECT id, model_name, recording_id, created_on FROM former_model_output")?;
    let mut insert = transaction.prepare(
        "INSERT INTO model_output (id, model_name, recording_id, created_on) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        insert.execute(params![
            row.get::<_, Uuid>(0)?,
            row.get::<_, String>(1)?,
            row.get::<_, Uuid>(2)?,
            renewed("model_output.created_on", &row.get::<_, String>(3)?, zone)?
        ])?;
    }
    Ok(())
}

/// `presence` says least.
fn copy_detections(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(
        "INSERT INTO detection (id, prediction_type, start_time_s, end_time_s, low_freq_hz, high_freq_hz, \
         detection_score, model_output_id) SELECT id, 'presence', start_time_s, end_time_s, low_freq_hz, \
         high_freq_hz, detection_score, model_output_id FROM former_detection ORDER BY rowid",
    )?;
    Ok(())
}

/// A tag of all of a recording becomes one of a presence somewhere in it. One that belonged to nothing any more is left behind,
/// in the copy.
fn copy_tags(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction.execute_batch(
        "INSERT INTO predicted_tag (id, key, value, confidence_score, detection_id) \
         SELECT id, key, value, confidence_score, detection_id FROM former_predicted_tag \
         WHERE detection_id IS NOT NULL",
    )?;
    let mut statement = transaction.prepare(
        "SELECT id, key, value, confidence_score, model_output_id FROM former_predicted_tag \
         WHERE detection_id IS NULL AND model_output_id IS NOT NULL",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (detection, score): (Uuid, f64) = (Uuid::new_v4(), row.get(3)?);
        transaction.execute(
            "INSERT INTO detection (id, prediction_type, detection_score, model_output_id) \
             VALUES (?1, 'presence', ?2, ?3)",
            params![detection, score, row.get::<_, Uuid>(4)?],
        )?;
        transaction.execute(
            "INSERT INTO predicted_tag (id, key, value, confidence_score, detection_id) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                row.get::<_, i64>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, String>(2)?,
                score,
                detection
            ],
        )?;
    }
    Ok(())
}
