//! `metadata.db`: deployments, recordings and what was found in them, as acoupi 0.5 and later keep them.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::{StoreError, former, make_room_for, open, outputs, path_text};
use crate::moment;
use crate::output::{ModelOutput, PredictedTag};
use crate::recording::{Deployment, Recording};

/// The version of the schema, which acoupi has had since 0.5.
pub const VERSION: i64 = 1;

/// `metadata.db`.
#[derive(Clone, Debug)]
pub struct MetadataStore {
    path: PathBuf,
}

impl MetadataStore {
    /// Opens it, makes it if it is not there, and brings one that acoupi made before 0.5 to the form of today; a copy of that
    /// stays beside it, as `metadata.db.before-0.5`. Times in that are of the zone that is given.
    ///
    /// # Errors
    /// When it cannot be opened, is no such database, or is newer than this program.
    pub fn open(path: &Path, former_zone: &TimeZone) -> Result<Self, StoreError> {
        make_room_for(path)?;
        let mut connection = open(path)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version > VERSION {
            return Err(StoreError::Newer(version));
        }
        former::bring_up(&mut connection, path, former_zone)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(SCHEMA)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(Self { path: path.to_owned() })
    }

    /// The deployment that began last.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn current_deployment(&self) -> Result<Option<Deployment>, StoreError> {
        let connection = open(&self.path)?;
        current_deployment(&connection)
    }

    /// The deployment that began last; when there is none, one that begins now.
    ///
    /// # Errors
    /// When the database cannot be read or written.
    pub fn current_deployment_or_new(&self, now: Timestamp) -> Result<Deployment, StoreError> {
        let mut connection = open(&self.path)?;
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        if let Some(deployment) = current_deployment(&transaction)? {
            return Ok(deployment);
        }
        let now = moment::whole_microseconds(now);
        let deployment = Deployment {
            id: Uuid::new_v4(),
            name: now.strftime("Deployment %Y-%m-%d %H:%M:%S").to_string(),
            latitude: None,
            longitude: None,
            started_on: now,
            ended_on: None,
        };
        insert_deployment(&transaction, &deployment)?;
        transaction.commit()?;
        Ok(deployment)
    }

    /// Stores a deployment, unless it is there.
    ///
    /// # Errors
    /// When the database cannot be written, or another deployment began at the same moment.
    pub fn store_deployment(&self, deployment: &Deployment) -> Result<(), StoreError> {
        insert_deployment(&open(&self.path)?, deployment)
    }

    /// Stores the name, place and end of a deployment that is there.
    ///
    /// # Errors
    /// When it is not there, or the database cannot be written.
    pub fn update_deployment(&self, deployment: &Deployment) -> Result<(), StoreError> {
        let changed = open(&self.path)?.execute(
            "UPDATE deployment SET name = ?2, latitude = ?3, longitude = ?4, ended_on = ?5 WHERE id = ?1",
            params![
                deployment.id,
                deployment.name,
                deployment.latitude,
                deployment.longitude,
                deployment.ended_on.map(moment::iso)
            ],
        )?;
        if changed == 0 { Err(StoreError::UnknownDeployment) } else { Ok(()) }
    }

    /// Forgets a deployment that did not begin after all. One that has recordings stays.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn forget_deployment(&self, id: Uuid) -> Result<(), StoreError> {
        open(&self.path)?.execute(
            "DELETE FROM deployment WHERE id = ?1 \
             AND NOT EXISTS (SELECT 1 FROM recording WHERE deployment_id = ?1)",
            [id],
        )?;
        Ok(())
    }

    /// Stores a recording, and its deployment if that is not there. Nothing happens to one that is there.
    ///
    /// # Errors
    /// When the database cannot be written, or another recording has its path or its moment.
    pub fn store_recording(&self, recording: &Recording) -> Result<(), StoreError> {
        let mut connection = open(&self.path)?;
        let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
        let known: bool = transaction.query_row(
            "SELECT EXISTS (SELECT 1 FROM recording WHERE id = ?1)",
            [recording.id],
            |row| row.get(0),
        )?;
        if known {
            return Ok(());
        }
        insert_deployment(&transaction, &recording.deployment)?;
        transaction.execute(
            "INSERT INTO recording (id, path, datetime, duration_s, samplerate_hz, audio_channels, deployment_id) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                recording.id,
                recording.path.as_deref().map(path_text),
                moment::iso(recording.created_on),
                recording.duration,
                recording.samplerate,
                recording.audio_channels,
                recording.deployment.id
            ],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// The recording that is at this path.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn recording_at(&self, path: &Path) -> Result<Option<Recording>, StoreError> {
        let connection = open(&self.path)?;
        one_recording(&connection, "r.path = ?1", params![path_text(path)])
    }

    /// The recording of this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn recording(&self, id: Uuid) -> Result<Option<Recording>, StoreError> {
        one_recording(&open(&self.path)?, "r.id = ?1", params![id])
    }

    /// The recording that began at this moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn recording_of(&self, moment: Timestamp) -> Result<Option<Recording>, StoreError> {
        one_recording(&open(&self.path)?, "r.datetime = ?1", params![moment::iso(moment)])
    }

    /// Stores where a recording is; `None` when it is nowhere any more.
    ///
    /// # Errors
    /// When the database cannot be written, or another recording is there.
    pub fn move_recording(&self, id: Uuid, path: Option<&Path>) -> Result<(), StoreError> {
        open(&self.path)?
            .execute("UPDATE recording SET path = ?2 WHERE id = ?1", params![id, path.map(path_text)])?;
        Ok(())
    }

    /// Up to `limit` recordings in a directory, in the order in which they should be given up.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn recordings_in(
        &self,
        directory: &Path,
        order: Sacrifice,
        limit: u32,
    ) -> Result<Vec<(Uuid, PathBuf)>, StoreError> {
        let order = match order {
            Sacrifice::Oldest => "datetime",
            Sacrifice::LeastSure => {
                "(SELECT coalesce(max(d.detection_score), 0) FROM model_output mo JOIN detection d \
                 ON d.model_output_id = mo.id WHERE mo.recording_id = recording.id), datetime"
            }
        };
        let below = format!("{}/", path_text(directory).trim_end_matches('/'));
        // `0` is the character after `/`: the bounds of all paths that begin so, which the index of paths finds.
        let beyond = format!("{}0", below.trim_end_matches('/'));
        let connection = open(&self.path)?;
        let mut statement = connection.prepare(&format!(
            "SELECT id, path FROM recording WHERE path >= ?1 AND path < ?2 ORDER BY {order} LIMIT ?3"
        ))?;
        let rows = statement.query_map(params![below, beyond, limit], |row| {
            Ok((row.get(0)?, PathBuf::from(row.get::<_, String>(1)?)))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Stores what was found. An output that is there is left as it is.
    ///
    /// # Errors
    /// When its recording is not there, or the database cannot be written.
    pub fn store_output(&self, output: &ModelOutput) -> Result<(), StoreError> {
        outputs::store(&mut open(&self.path)?, output)
    }

    /// Everything that was found in a recording.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn outputs_of(&self, recording: &Recording) -> Result<Vec<ModelOutput>, StoreError> {
        outputs::of(&open(&self.path)?, recording)
    }

    /// Whether a detector has looked at a recording.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn has_output(&self, recording: Uuid) -> Result<bool, StoreError> {
        let found = open(&self.path)?.query_row(
            "SELECT EXISTS (SELECT 1 FROM model_output WHERE recording_id = ?1)",
            [recording],
            |row| row.get(0),
        )?;
        Ok(found)
    }

    /// When the last recording began.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_recording(&self) -> Result<Option<Timestamp>, StoreError> {
        let text: Option<String> =
            open(&self.path)?.query_row("SELECT max(datetime) FROM recording", [], |row| row.get(0))?;
        text.map(|text| stored_moment("recording.datetime", &text)).transpose()
    }

    /// The tags of all outputs from one moment to another, both included.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn tags_between(&self, after: Timestamp, before: Timestamp) -> Result<Vec<PredictedTag>, StoreError> {
        outputs::tags_between(&open(&self.path)?, after, before)
    }
}

/// Which recordings are given up first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sacrifice {
    /// The oldest.
    Oldest,
    /// Those in which the detector was least sure; of equals the oldest.
    LeastSure,
}

fn current_deployment(connection: &Connection) -> Result<Option<Deployment>, StoreError> {
    let found = connection
        .query_row(
            "SELECT id, name, latitude, longitude, started_on, ended_on FROM deployment \
             ORDER BY started_on DESC LIMIT 1",
            [],
            |row| Ok(deployment(row, 0)),
        )
        .optional()?;
    found.transpose()
}

fn insert_deployment(connection: &Connection, deployment: &Deployment) -> Result<(), StoreError> {
    connection.execute(
        "INSERT INTO deployment (id, name, started_on, ended_on, latitude, longitude) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (SELECT 1 FROM deployment WHERE id = ?1)",
        params![
            deployment.id,
            deployment.name,
            moment::iso(deployment.started_on),
            deployment.ended_on.map(moment::iso),
            deployment.latitude,
            deployment.longitude
        ],
    )?;
    Ok(())
}

fn one_recording(
    connection: &Connection,
    condition: &str,
    parameters: impl rusqlite::Params,
) -> Result<Option<Recording>, StoreError> {
    let query = format!(
        "SELECT r.id, r.path, r.datetime, r.duration_s, r.samplerate_hz, r.audio_channels, \
         d.id, d.name, d.latitude, d.longitude, d.started_on, d.ended_on \
         FROM recording r JOIN deployment d ON d.id = r.deployment_id WHERE {condition}"
    );
    connection.query_row(&query, parameters, |row| Ok(recording(row))).optional()?.transpose()
}

fn recording(row: &Row<'_>) -> Result<Recording, StoreError> {
    Ok(Recording {
        id: row.get(0)?,
        path: row.get::<_, Option<String>>(1)?.map(PathBuf::from),
        created_on: stored_moment("recording.datetime", &row.get::<_, String>(2)?)?,
        duration: row.get(3)?,
        samplerate: row.get(4)?,
        audio_channels: row.get(5)?,
        time_expansion: 1.0,
        deployment: deployment(row, 6)?,
    })
}

fn deployment(row: &Row<'_>, first: usize) -> Result<Deployment, StoreError> {
    let ended: Option<String> = row.get(first + 5)?;
    Ok(Deployment {
        id: row.get(first)?,
        name: row.get(first + 1)?,
        latitude: row.get(first + 2)?,
        longitude: row.get(first + 3)?,
        started_on: stored_moment("deployment.started_on", &row.get::<_, String>(first + 4)?)?,
        ended_on: ended.map(|text| stored_moment("deployment.ended_on", &text)).transpose()?,
    })
}

/// acoupi takes a time without an offset for one of UTC, once a database has today's form.
pub(super) fn stored_moment(column: &'static str, text: &str) -> Result<Timestamp, StoreError> {
    moment::parse(text, &TimeZone::UTC).map_err(|_| StoreError::Content(column, text.to_owned()))
}

/// The tables that acoupi has, column by column.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS deployment (
    id BLOB PRIMARY KEY,
    name TEXT NOT NULL,
    started_on TEXT NOT NULL UNIQUE,
    ended_on TEXT,
    latitude REAL,
    longitude REAL
);
CREATE TABLE IF NOT EXISTS recording (
    id BLOB PRIMARY KEY,
    path TEXT UNIQUE,
    datetime TEXT NOT NULL UNIQUE,
    duration_s REAL NOT NULL,
    samplerate_hz INTEGER NOT NULL,
    audio_channels INTEGER NOT NULL DEFAULT 1,
    deployment_id BLOB NOT NULL REFERENCES deployment(id)
);
CREATE TABLE IF NOT EXISTS model_output (
    id BLOB PRIMARY KEY,
    model_name TEXT NOT NULL,
    recording_id BLOB NOT NULL REFERENCES recording(id),
    created_on TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS detection (
    id BLOB PRIMARY KEY,
    prediction_type TEXT NOT NULL CHECK (prediction_type IN ('presence', 'sequence', 'event')),
    start_time_s REAL,
    end_time_s REAL,
    low_freq_hz REAL,
    high_freq_hz REAL,
    detection_score REAL NOT NULL,
    model_output_id BLOB NOT NULL REFERENCES model_output(id)
);
CREATE TABLE IF NOT EXISTS predicted_tag (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    confidence_score REAL NOT NULL,
    detection_id BLOB NOT NULL REFERENCES detection(id)
);
CREATE INDEX IF NOT EXISTS idx_recording_deployment_id ON recording(deployment_id);
CREATE INDEX IF NOT EXISTS idx_model_output_recording_id ON model_output(recording_id);
CREATE INDEX IF NOT EXISTS idx_model_output_created_on ON model_output(created_on);
CREATE INDEX IF NOT EXISTS idx_detection_model_output_id ON detection(model_output_id);
CREATE INDEX IF NOT EXISTS idx_predicted_tag_detection_id ON predicted_tag(detection_id);
CREATE INDEX IF NOT EXISTS idx_predicted_tag_key_value ON predicted_tag(key, value);
";
