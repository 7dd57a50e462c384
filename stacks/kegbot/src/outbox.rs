//! Drinks that the server does not know of yet, on the disk.
//!
//! ```text
//!  open flow ─▶ pending ─▶ (in doubt, while it is being told) ─▶ delivered
//!                  ▲──────────────── refused ◀─┘    └─▶ dropped, with the reason
//! ```
//!
//! A drink is written down before the first attempt to tell it. It is in doubt from just before an attempt until the server's
//! word: whoever finds it in doubt asks the server for its drinks first, so that a drink is told once even when the power fails
//! between the server's doing and its word. What was dropped stays here, to be told again by `kegbot outbox retry`.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use rustix::fs::FlockOperation;

use crate::api::Pour;
use crate::core::flow::Flow;

/// The layout that this version writes.
const VERSION: i64 = 1;

/// So many drinks that were told are remembered.
const DELIVERED_KEPT: i64 = 1000;

const TABLES: &str = "
CREATE TABLE drink (
    id INTEGER PRIMARY KEY,
    flow_id INTEGER NOT NULL,
    meter_name TEXT NOT NULL,
    ticks INTEGER NOT NULL,
    username TEXT NOT NULL,
    volume_ml REAL NOT NULL,
    pour_time INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'doubtful', 'delivered', 'dropped')),
    attempts INTEGER NOT NULL DEFAULT 0,
    drink_id INTEGER,
    reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX drink_by_state ON drink (state, id);
CREATE TABLE open_flow (
    flow_id INTEGER PRIMARY KEY,
    meter_name TEXT NOT NULL,
    ticks INTEGER NOT NULL,
    username TEXT NOT NULL,
    volume_ml REAL NOT NULL,
    pour_time INTEGER NOT NULL,
    duration INTEGER NOT NULL
) STRICT;
";

/// Where a drink is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is to be told.
    Pending,
    /// It was being told, and no word has come back.
    Doubtful,
    /// The server has it.
    Delivered,
    /// The server will not have it.
    Dropped,
}

impl State {
    /// Its word in the database.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Doubtful => "doubtful",
            Self::Delivered => "delivered",
            Self::Dropped => "dropped",
        }
    }

    fn of(word: &str) -> Self {
        let all = [Self::Pending, Self::Doubtful, Self::Delivered];
        all.into_iter().find(|state| state.word() == word).unwrap_or(Self::Dropped)
    }
}

/// A drink in the outbox.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its number here.
    pub id: i64,
    /// The flow that it was.
    pub flow_id: i64,
    /// Where it came from.
    pub meter_name: String,
    /// What was counted.
    pub ticks: i64,
    /// Who had it; empty for nobody in particular.
    pub username: String,
    /// How much it was, mL.
    pub volume_ml: f64,
    /// When, Unix seconds by this machine's clock then.
    pub pour_time: i64,
    /// How long it took, s.
    pub duration: i64,
    /// Where it is on its way.
    pub state: State,
    /// How often the server has refused it.
    pub attempts: i64,
    /// The server's number for it.
    pub drink_id: Option<i64>,
    /// Why it was refused.
    pub reason: String,
}

impl Kept {
    /// As the server is told of it, by a clock that says `now`, Unix seconds.
    #[must_use]
    pub fn pour(&self, now: i64) -> Pour {
        Pour {
            meter_name: self.meter_name.clone(),
            ticks: self.ticks,
            username: (!self.username.is_empty()).then(|| self.username.clone()),
            pour_time: self.pour_time,
            now,
            duration: self.duration,
        }
    }
}

/// What is wrong with the outbox.
#[derive(Debug)]
pub enum OutboxError {
    /// The directory cannot be made, or the lock not be opened.
    Io(PathBuf, std::io::Error),
    /// Another core has it.
    InUse(PathBuf),
    /// A later version wrote it.
    Newer(PathBuf, i64),
    /// The database refuses.
    Sqlite(PathBuf, rusqlite::Error),
}

impl fmt::Display for OutboxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::InUse(path) => write!(f, "{} is in use by another core", path.display()),
            Self::Newer(path, found) => {
                write!(f, "{} has layout {found}, and this version knows up to {VERSION}", path.display())
            }
            Self::Sqlite(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for OutboxError {}

/// The outbox.
pub struct Outbox {
    connection: Connection,
    path: PathBuf,
    /// Held as long as this is open. One in memory has none.
    _lock: Option<File>,
}

impl Outbox {
    /// Opens it, and makes it where it is not. Nobody else may have it open to deliver from it.
    ///
    /// # Errors
    /// When it cannot be made, is in use, or is of a later version.
    pub fn open(path: &Path) -> Result<Self, OutboxError> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)
                .map_err(|error| OutboxError::Io(directory.to_owned(), error))?;
        }
        let lock_path = path.with_extension("lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(|error| OutboxError::Io(lock_path, error))?;
        rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)
            .map_err(|_| OutboxError::InUse(path.to_owned()))?;
        let connection =
            Connection::open(path).map_err(|error| OutboxError::Sqlite(path.to_owned(), error))?;
        Self::prepared(connection, path, Some(lock))
    }

    /// One that lasts as long as the process.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn in_memory() -> Result<Self, OutboxError> {
        let path = PathBuf::from(":memory:");
        let connection =
            Connection::open_in_memory().map_err(|error| OutboxError::Sqlite(path.clone(), error))?;
        Self::prepared(connection, &path, None)
    }

    /// Opens one to look at or to change while a core delivers from it.
    ///
    /// # Errors
    /// When it is not there, or of a later version.
    pub fn beside(path: &Path) -> Result<Self, OutboxError> {
        std::fs::metadata(path).map_err(|error| OutboxError::Io(path.to_owned(), error))?;
        let connection =
            Connection::open(path).map_err(|error| OutboxError::Sqlite(path.to_owned(), error))?;
        Self::prepared(connection, path, None)
    }

    fn prepared(connection: Connection, path: &Path, lock: Option<File>) -> Result<Self, OutboxError> {
        let failed = |error| OutboxError::Sqlite(path.to_owned(), error);
        connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
        // A drink that was written down survives a power cut.
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(failed)?;
        let found =
            connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map_err(failed)?;
        match found {
            VERSION => {}
            0 => connection
                .execute_batch(&format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"))
                .map_err(failed)?,
            _ => return Err(OutboxError::Newer(path.to_owned(), found)),
        }
        Ok(Self { connection, path: path.to_owned(), _lock: lock })
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> OutboxError + use<> {
        let path = self.path.clone();
        move |error| OutboxError::Sqlite(path.clone(), error)
    }

    /// What is known of a flow that goes on.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn save(&self, flow: &Flow) -> Result<(), OutboxError> {
        let save = "INSERT OR REPLACE INTO open_flow VALUES (?, ?, ?, ?, ?, ?, ?)";
        let values = params![
            flow.id,
            flow.tap,
            flow.ticks,
            flow.username,
            flow.volume_ml(),
            flow.last.wall.as_second(),
            flow.seconds()
        ];
        self.connection.prepare(save).and_then(|mut save| save.execute(values)).map_err(self.failed())?;
        Ok(())
    }

    /// A flow is over, and no drink.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn forget(&self, flow_id: i64) -> Result<(), OutboxError> {
        let forgotten = self.connection.execute("DELETE FROM open_flow WHERE flow_id = ?", [flow_id]);
        forgotten.map(drop).map_err(self.failed())
    }

    /// A flow is over, and a drink. Returns its number here.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn keep(&self, flow: &Flow) -> Result<i64, OutboxError> {
        let keep = || {
            let transaction = self.connection.unchecked_transaction()?;
            transaction.execute("DELETE FROM open_flow WHERE flow_id = ?", [flow.id])?;
            transaction.execute(
                "INSERT INTO drink (flow_id, meter_name, ticks, username, volume_ml, pour_time, duration, state)
                 VALUES (?, ?, ?, ?, ?, ?, ?, 'pending')",
                params![
                    flow.id,
                    flow.tap,
                    flow.ticks,
                    flow.username,
                    flow.volume_ml(),
                    flow.last.wall.as_second(),
                    flow.seconds()
                ],
            )?;
            let id = transaction.last_insert_rowid();
            transaction.commit()?;
            Ok(id)
        };
        keep().map_err(self.failed())
    }

    /// Makes drinks of flows that a core which was killed has left open; those of at most `least_ml` are forgotten. Returns how
    /// many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn complete_open(&self, least_ml: f64) -> Result<usize, OutboxError> {
        let complete = || {
            let transaction = self.connection.unchecked_transaction()?;
            let count = transaction.execute(
                "INSERT INTO drink (flow_id, meter_name, ticks, username, volume_ml, pour_time, duration, state)
                 SELECT flow_id, meter_name, ticks, username, volume_ml, pour_time, duration, 'pending'
                 FROM open_flow WHERE volume_ml > ? ORDER BY flow_id",
                [least_ml],
            )?;
            transaction.execute("DELETE FROM open_flow", [])?;
            transaction.commit()?;
            Ok(count)
        };
        complete().map_err(self.failed())
    }

    /// What is to be told, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn waiting(&self) -> Result<Vec<Kept>, OutboxError> {
        self.select("WHERE state IN ('pending', 'doubtful') ORDER BY id")
    }

    /// All that is remembered, the oldest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn all(&self) -> Result<Vec<Kept>, OutboxError> {
        self.select("ORDER BY id")
    }

    fn select(&self, rest: &str) -> Result<Vec<Kept>, OutboxError> {
        let query = format!("SELECT * FROM drink {rest}");
        let read = || -> rusqlite::Result<Vec<Kept>> {
            let mut statement = self.connection.prepare(&query)?;
            let rows = statement.query_map([], kept)?;
            rows.collect()
        };
        read().map_err(self.failed())
    }

    /// Moves a drink on its way.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn mark(&self, id: i64, state: State) -> Result<(), OutboxError> {
        let marked =
            self.connection.execute("UPDATE drink SET state = ? WHERE id = ?", params![state.word(), id]);
        marked.map(drop).map_err(self.failed())
    }

    /// The server has refused a drink. Returns how often it has by now.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn refused(&self, id: i64, state: State, reason: &str) -> Result<i64, OutboxError> {
        let update =
            "UPDATE drink SET state = ?, reason = ?, attempts = attempts + 1 WHERE id = ? RETURNING attempts";
        let attempts = self.connection.query_row(update, params![state.word(), reason, id], |row| row.get(0));
        attempts.map_err(self.failed())
    }

    /// The server has it, under this number if it has told one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn delivered(&self, id: i64, drink_id: Option<i64>) -> Result<(), OutboxError> {
        let deliver = || {
            let transaction = self.connection.unchecked_transaction()?;
            let update = "UPDATE drink SET state = 'delivered', drink_id = ?, reason = '' WHERE id = ?";
            transaction.execute(update, params![drink_id, id])?;
            transaction.execute(
                "DELETE FROM drink WHERE state = 'delivered' AND id <= (
                     SELECT id FROM drink WHERE state = 'delivered' ORDER BY id DESC LIMIT 1 OFFSET ?)",
                [DELIVERED_KEPT],
            )?;
            transaction.commit()
        };
        deliver().map_err(self.failed())
    }

    /// Whether a drink of the server is one of those that were told before.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn knows(&self, drink_id: i64) -> Result<bool, OutboxError> {
        let find = "SELECT 1 FROM drink WHERE drink_id = ?";
        let found = self.connection.query_row(find, [drink_id], |_| Ok(())).optional();
        found.map(|found| found.is_some()).map_err(self.failed())
    }

    /// Lets what was dropped be told again. Returns how many there were.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn retry_dropped(&self) -> Result<usize, OutboxError> {
        let update = "UPDATE drink SET state = 'pending', attempts = 0 WHERE state = 'dropped'";
        self.connection.execute(update, []).map_err(self.failed())
    }

    /// Forgets a drink that the server does not have. Whether there was one.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn discard(&self, id: i64) -> Result<bool, OutboxError> {
        let delete = "DELETE FROM drink WHERE id = ? AND state IN ('pending', 'dropped')";
        self.connection.execute(delete, [id]).map(|count| count > 0).map_err(self.failed())
    }
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Kept> {
    Ok(Kept {
        id: row.get("id")?,
        flow_id: row.get("flow_id")?,
        meter_name: row.get("meter_name")?,
        ticks: row.get("ticks")?,
        username: row.get("username")?,
        volume_ml: row.get("volume_ml")?,
        pour_time: row.get("pour_time")?,
        duration: row.get("duration")?,
        state: State::of(&row.get::<_, String>("state")?),
        attempts: row.get("attempts")?,
        drink_id: row.get("drink_id")?,
        reason: row.get("reason")?,
    })
}
