//! The table of devices: Fermentrack's database as it is, or one of the same form that `brewpi device` makes.
//!
//! The spawner only reads. The script writes the few fields that the original writes: a new brew, whether it is logged, the
//! unit, and the end of a profile. Profiles, and which device follows which, are written by the pages and by `brewpi profile`.

mod profiles;
mod rows;
mod schema;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use profiles::{KeptProfile, Removed, Stay};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use crate::device::{Beer, Device, Logging, Status};
use crate::firmware::constants::Unit;
use crate::profile::{Point, Profile};

/// How long another writer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why the table cannot be used.
#[derive(Debug)]
pub enum TableError {
    /// The database refuses.
    Database(PathBuf, rusqlite::Error),
    /// There is no such file, and nobody asked for one to be made.
    Missing(PathBuf),
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Missing(path) => write!(
                f,
                "{}: there is no such database; `brewpi device add` makes one, BREWPI_DATABASE names another",
                path.display()
            ),
        }
    }
}

impl std::error::Error for TableError {}

/// An open database.
#[derive(Debug)]
pub struct Table {
    path: PathBuf,
    connection: Connection,
}

impl Table {
    /// Opens a database that is there, to read and to write.
    ///
    /// # Errors
    /// When it is not there, or is no database.
    pub fn open(path: &Path) -> Result<Self, TableError> {
        Self::with(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// Opens a database that is there, only to read.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn open_to_read(path: &Path) -> Result<Self, TableError> {
        Self::with(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
    }

    /// Opens a database, and makes it and its tables where they are not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(path: &Path) -> Result<Self, TableError> {
        let failed = |error| TableError::Database(path.to_owned(), error);
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        connection.execute_batch(schema::TABLES).map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    fn with(path: &Path, flags: OpenFlags) -> Result<Self, TableError> {
        if !path.exists() {
            return Err(TableError::Missing(path.to_owned()));
        }
        let failed = |error| TableError::Database(path.to_owned(), error);
        let connection =
            Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
        connection.busy_timeout(PATIENCE).map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> TableError {
        let path = self.path.clone();
        move |error| TableError::Database(path.clone(), error)
    }

    /// All devices, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn devices(&self) -> Result<Vec<Device>, TableError> {
        let read = || {
            let mut statement =
                self.connection.prepare("SELECT * FROM app_brewpidevice ORDER BY device_name")?;
            statement.query_map([], rows::device)?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(self.failed())
    }

    /// The names of those for which scripts are to run, with what a script must be started again for.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn active(&self) -> Result<Vec<Device>, TableError> {
        Ok(self.devices()?.into_iter().filter(|device| device.status == Status::Active).collect())
    }

    /// The device of a name. `None`: there is none.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn device(&self, name: &str) -> Result<Option<Device>, TableError> {
        self.connection
            .query_row("SELECT * FROM app_brewpidevice WHERE device_name = ?1", [name], rows::device)
            .optional()
            .map_err(self.failed())
    }

    /// A beer. `None`: there is none of this row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn beer(&self, id: i64) -> Result<Option<Beer>, TableError> {
        self.connection
            .query_row("SELECT id, name, format FROM app_beer WHERE id = ?1", [id], rows::beer)
            .optional()
            .map_err(self.failed())
    }

    /// A profile. `None`: there is none of this row, or it has no points.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn profile(&self, id: i64) -> Result<Option<Profile>, TableError> {
        let read = || {
            let mut statement = self.connection.prepare(
                "SELECT ttl, temperature_setting, temp_format FROM app_fermentationprofilepoint WHERE profile_id = ?1",
            )?;
            statement.query_map([id], rows::point)?.collect::<Result<Vec<Point>, _>>()
        };
        Ok(Profile::new(read().map_err(self.failed())?))
    }

    /// Begins a brew: its beer, which is made if there is none of this name for this device, and whose points are kept.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_brew(&self, device: &Device, name: &str, now: &str) -> Result<Beer, TableError> {
        let write = || {
            // A beer that no device has would be found by nobody.
            let transaction = self.connection.unchecked_transaction()?;
            let format = device.unit.letter().to_string();
            let known: Option<i64> = transaction
                .query_row(
                    "SELECT id FROM app_beer WHERE name = ?1 AND device_id = ?2",
                    params![name, device.id],
                    |row| row.get(0),
                )
                .optional()?;
            let id = match known {
                Some(id) => id,
                None => {
                    transaction.execute(
                        "INSERT INTO app_beer (name, device_id, created, format, model_version, gravity_enabled) \
                         VALUES (?1, ?2, ?3, ?4, 2, 0)",
                        params![name, device.id, now, format],
                    )?;
                    transaction.last_insert_rowid()
                }
            };
            transaction.execute(
                "UPDATE app_brewpidevice SET active_beer_id = ?1, logging_status = 'active' WHERE id = ?2",
                params![id, device.id],
            )?;
            transaction.commit()?;
            Ok(id)
        };
        let id = write().map_err(self.failed())?;
        Ok(Beer { id, name: name.to_owned(), unit: device.unit })
    }

    /// Writes whether data points are kept. Where they are not any more there is no beer either.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_logging(&self, device: i64, logging: Logging) -> Result<(), TableError> {
        let sql = match logging {
            Logging::Stopped => {
                "UPDATE app_brewpidevice SET logging_status = ?1, active_beer_id = NULL WHERE id = ?2"
            }
            Logging::Active | Logging::Paused => {
                "UPDATE app_brewpidevice SET logging_status = ?1 WHERE id = ?2"
            }
        };
        self.connection.execute(sql, params![logging.word(), device]).map(drop).map_err(self.failed())
    }

    /// Writes in which unit the device is spoken to.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn set_unit(&self, device: i64, unit: Unit) -> Result<(), TableError> {
        let sql = "UPDATE app_brewpidevice SET temp_format = ?1 WHERE id = ?2";
        let letter = unit.letter().to_string();
        self.connection.execute(sql, params![letter, device]).map(drop).map_err(self.failed())
    }

    /// The profile is over.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn end_profile(&self, device: i64) -> Result<(), TableError> {
        let sql =
            "UPDATE app_brewpidevice SET active_profile_id = NULL, time_profile_started = NULL WHERE id = ?1";
        self.connection.execute(sql, [device]).map(drop).map_err(self.failed())
    }

    /// The connection, for the commands that make and change devices.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }
}
