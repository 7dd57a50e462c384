//! `events.db`: what happened, above all why a recording is not there, and what is under way. It is minder's own and lies beside
//! `metadata.db`, so that acoupi's databases stay acoupi's.
//!
//! Of the same event again and again on one day there is one row, from its first time to its last, with how often it was. A
//! recording between them, or another reason for there being none, begins a new one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::metadata::stored_moment;
use super::{StoreError, make_room_for, open, path_text};
use crate::moment;

/// The version of the schema.
pub const VERSION: i64 = 1;

/// So many events are kept; older ones go.
pub const EVENTS_MAX: i64 = 100_000;

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EventKind {
    /// It was asked for a recording at a time at which there is to be none.
    OutsideWindow,
    /// There was no room for a recording, or for keeping one.
    DiskFull,
    /// The microphone was not there or did not work.
    Device,
    /// A recording failed for another reason.
    Failed,
    /// The machine was off. What was to be recorded meanwhile was not.
    PowerCut,
    /// The machine was on, and nobody asked for recordings.
    Idle,
    /// The clock was set. What was to be recorded in a time that was left out was not.
    ClockJump,
    /// The machine went off within a recording.
    Torn,
    /// A recording was lost before anybody looked at it, as by a reboot with recordings in memory.
    Lost,
    /// A file was there that nobody knew, from before a power cut, and is known now.
    Found,
    /// No filter wanted a recording, and it was deleted.
    Discarded,
    /// No place was made for a recording, and it was deleted.
    Unplaced,
    /// A kept recording was deleted to make room.
    Sacrificed,
}

impl EventKind {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::OutsideWindow,
        Self::DiskFull,
        Self::Device,
        Self::Failed,
        Self::PowerCut,
        Self::Idle,
        Self::ClockJump,
        Self::Torn,
        Self::Lost,
        Self::Found,
        Self::Discarded,
        Self::Unplaced,
        Self::Sacrificed,
    ];

    /// Its word in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OutsideWindow => "outside_window",
            Self::DiskFull => "disk_full",
            Self::Device => "device",
            Self::Failed => "failed",
            Self::PowerCut => "power_cut",
            Self::Idle => "idle",
            Self::ClockJump => "clock_jump",
            Self::Torn => "torn",
            Self::Lost => "lost",
            Self::Found => "found",
            Self::Discarded => "discarded",
            Self::Unplaced => "unplaced",
            Self::Sacrificed => "sacrificed",
        }
    }

    /// Whether it is a reason for a recording not being made at its time, told each time.
    pub(crate) fn is_absence(self) -> bool {
        match self {
            Self::OutsideWindow | Self::DiskFull | Self::Device | Self::Failed => true,
            Self::PowerCut
            | Self::Idle
            | Self::ClockJump
            | Self::Torn
            | Self::Lost
            | Self::Found
            | Self::Discarded
            | Self::Unplaced
            | Self::Sacrificed => false,
        }
    }

    /// The one of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Something that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// The first time, or the begin of what it lasted.
    pub since: Timestamp,
    /// The last time, or its end.
    pub until: Timestamp,
    /// How often.
    pub count: u64,
    /// Which recording. `None`: many, or none.
    pub recording: Option<Uuid>,
    /// What more there is to say.
    pub detail: String,
}

impl Event {
    /// Something that happens now.
    #[must_use]
    pub fn now(kind: EventKind, at: Timestamp, detail: impl Into<String>) -> Self {
        Self { kind, since: at, until: at, count: 1, recording: None, detail: detail.into() }
    }

    /// With the recording that it is about.
    #[must_use]
    pub fn of(self, recording: Uuid) -> Self {
        Self { recording: Some(recording), ..self }
    }
}

/// A recording that nobody has looked at yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pending {
    /// Its id.
    pub id: Uuid,
    /// Where it is.
    pub path: PathBuf,
    /// When it began.
    pub created_on: Timestamp,
    /// How often a detector has failed on it.
    pub failures: u32,
}

/// When the recorder was last seen, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sight {
    /// By the clock on the wall.
    pub wall: Timestamp,
    /// In which boot of the machine.
    pub boot: String,
    /// How long after that.
    pub uptime: Duration,
    /// What it was at.
    pub doing: Doing,
}

/// What a recorder is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Doing {
    /// It waits for the next run.
    Waiting,
    /// It records.
    Recording,
}

/// `events.db`.
#[derive(Clone, Debug)]
pub struct EventStore {
    path: PathBuf,
}

impl EventStore {
    /// Opens it, and makes it if it is not there.
    ///
    /// # Errors
    /// When it cannot be opened, or is newer than this program.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        make_room_for(path)?;
        let connection = open(path)?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if version > VERSION {
            return Err(StoreError::Newer(version));
        }
        connection.execute_batch(SCHEMA)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        Ok(Self { path: path.to_owned() })
    }

    /// Remembers that something happened.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn tell(&self, event: &Event) -> Result<(), StoreError> {
        let mut connection = open(&self.path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        tell(&transaction, event)?;
        transaction.commit()?;
        Ok(())
    }

    /// All events from one moment to another, both included, in their order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn between(&self, after: Timestamp, before: Timestamp) -> Result<Vec<Event>, StoreError> {
        let connection = open(&self.path)?;
        let mut statement = connection.prepare(
            "SELECT kind, since, until, count, recording_id, detail FROM event \
             WHERE until >= ?1 AND since <= ?2 ORDER BY id",
        )?;
        let rows = statement.query_map([moment::iso(after), moment::iso(before)], |row| Ok(event(row)))?;
        rows.map(|row| row?).collect()
    }

    /// The last event of these kinds.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last(&self, kinds: &[EventKind]) -> Result<Option<Event>, StoreError> {
        let words: Vec<String> = kinds.iter().map(|kind| format!("'{}'", kind.word())).collect();
        let query = format!(
            "SELECT kind, since, until, count, recording_id, detail FROM event WHERE kind IN ({}) \
             ORDER BY id DESC LIMIT 1",
            words.join(", ")
        );
        open(&self.path)?.query_row(&query, [], |row| Ok(event(row))).optional()?.transpose()
    }

    /// When the recorder was last seen. `None`: never.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn sight(&self) -> Result<Option<Sight>, StoreError> {
        let found = open(&self.path)?
            .query_row("SELECT wall, boot, uptime_ms, doing FROM sight", [], |row| {
                let doing: String = row.get(3)?;
                Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, i64>(2)?, doing))
            })
            .optional()?;
        let sight = |(wall, boot, uptime, doing): (String, String, i64, String)| {
            Ok(Sight {
                wall: stored_moment("sight.wall", &wall)?,
                boot,
                uptime: Duration::from_millis(uptime.unsigned_abs()),
                doing: if doing == "recording" { Doing::Recording } else { Doing::Waiting },
            })
        };
        found.map(sight).transpose()
    }

    /// Remembers that it was seen, and what is to be said of it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn see(&self, sight: &Sight, events: &[Event]) -> Result<(), StoreError> {
        self.write(|transaction| {
            see(transaction, sight)?;
            events.iter().try_for_each(|event| tell(transaction, event))
        })
    }

    /// Remembers that a recording was made that nobody has looked at yet.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn begin(&self, pending: &Pending, sight: &Sight) -> Result<(), StoreError> {
        self.write(|transaction| {
            insert_pending(transaction, pending)?;
            close(transaction)?;
            see(transaction, sight)
        })
    }

    /// Remembers that a recording was found that nobody has looked at yet.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn adopt(&self, pending: &Pending) -> Result<(), StoreError> {
        self.write(|transaction| insert_pending(transaction, pending))
    }

    /// Remembers that a recording has been looked at, and what is to be said of it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn end(&self, recording: Uuid, event: Option<&Event>) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM pending WHERE recording_id = ?1", [recording])?;
            event.map_or(Ok(()), |event| tell(transaction, event))
        })
    }

    /// Remembers that a detector has failed on a recording.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn fail(&self, recording: Uuid) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction
                .execute("UPDATE pending SET failures = failures + 1 WHERE recording_id = ?1", [recording])?;
            Ok(())
        })
    }

    /// The recordings that nobody has looked at yet, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn pending(&self) -> Result<Vec<Pending>, StoreError> {
        let connection = open(&self.path)?;
        let mut statement = connection
            .prepare("SELECT recording_id, path, created_on, failures FROM pending ORDER BY created_on")?;
        let rows = statement.query_map([], |row| {
            Ok((row.get(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get(3)?))
        })?;
        rows.map(|row| {
            let (id, path, created_on, failures) = row?;
            let created_on = stored_moment("pending.created_on", &created_on)?;
            Ok(Pending { id, path: PathBuf::from(path), created_on, failures })
        })
        .collect()
    }

    fn write(&self, deed: impl FnOnce(&Transaction<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let mut connection = open(&self.path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        deed(&transaction)?;
        transaction.commit()?;
        Ok(())
    }
}

fn insert_pending(connection: &Connection, pending: &Pending) -> Result<(), StoreError> {
    connection.execute(
        "INSERT OR REPLACE INTO pending (recording_id, path, created_on) VALUES (?1, ?2, ?3)",
        params![pending.id, path_text(&pending.path), moment::iso(pending.created_on)],
    )?;
    Ok(())
}

fn see(connection: &Connection, sight: &Sight) -> Result<(), StoreError> {
    let doing = match sight.doing {
        Doing::Waiting => "waiting",
        Doing::Recording => "recording",
    };
    connection.execute(
        "INSERT OR REPLACE INTO sight (id, wall, boot, uptime_ms, doing) VALUES (1, ?1, ?2, ?3, ?4)",
        params![
            moment::iso(sight.wall),
            sight.boot,
            i64::try_from(sight.uptime.as_millis()).unwrap_or(i64::MAX),
            doing
        ],
    )?;
    Ok(())
}

/// One more of the last event of this kind, if it is the same; else a new one.
fn tell(connection: &Connection, event: &Event) -> Result<(), StoreError> {
    let (since, until) = (moment::iso(event.since), moment::iso(event.until));
    let count = i64::try_from(event.count).unwrap_or(i64::MAX);
    let again = connection.execute(
        "UPDATE event SET until = ?4, count = count + ?3 \
         WHERE id = (SELECT max(id) FROM event WHERE kind = ?1) AND open AND detail = ?2 \
         AND recording_id IS NULL AND ?5 AND until <= ?4 AND substr(since, 1, 10) = substr(?4, 1, 10)",
        params![event.kind.word(), event.detail, count, until, event.recording.is_none()],
    )?;
    if again > 0 {
        return Ok(());
    }
    if event.kind.is_absence() {
        close(connection)?;
    }
    connection.execute(
        "INSERT INTO event (kind, since, until, count, recording_id, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![event.kind.word(), since, until, count, event.recording, event.detail],
    )?;
    connection.execute("DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - ?1", [EVENTS_MAX])?;
    Ok(())
}

/// Ends what has lasted: the next recording that is not there is a new event.
fn close(connection: &Connection) -> Result<(), StoreError> {
    for kind in EventKind::ALL.into_iter().filter(|kind| kind.is_absence()) {
        connection.execute(
            "UPDATE event SET open = 0 WHERE id = (SELECT max(id) FROM event WHERE kind = ?1) AND open",
            [kind.word()],
        )?;
    }
    Ok(())
}

fn event(row: &rusqlite::Row<'_>) -> Result<Event, StoreError> {
    let word: String = row.get(0)?;
    Ok(Event {
        kind: EventKind::of(&word).ok_or(StoreError::Content("event.kind", word))?,
        since: stored_moment("event.since", &row.get::<_, String>(1)?)?,
        until: stored_moment("event.until", &row.get::<_, String>(2)?)?,
        count: row.get::<_, i64>(3)?.unsigned_abs(),
        recording: row.get(4)?,
        detail: row.get(5)?,
    })
}

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    count INTEGER NOT NULL,
    recording_id BLOB,
    detail TEXT NOT NULL,
    open INTEGER NOT NULL DEFAULT 1
);
CREATE INDEX IF NOT EXISTS event_until ON event(until);
CREATE INDEX IF NOT EXISTS event_kind ON event(kind, id);
CREATE TABLE IF NOT EXISTS pending (
    recording_id BLOB PRIMARY KEY,
    path TEXT NOT NULL,
    created_on TEXT NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS sight (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    wall TEXT NOT NULL,
    boot TEXT NOT NULL,
    uptime_ms INTEGER NOT NULL,
    doing TEXT NOT NULL
);
";
