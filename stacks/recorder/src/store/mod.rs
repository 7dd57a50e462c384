//! Databases, as acoupi has them: each operation opens one, does what it does in one transaction, and closes it, so that other
//! programs can look in at any time and a power cut leaves all of it or nothing.

pub mod events;
mod former;
mod former_messages;
pub mod messages;
pub mod metadata;
mod outputs;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

pub use events::EventStore;
pub use messages::MessageStore;
pub use metadata::MetadataStore;

/// How long another program may be in the middle of something.
const BUSY: Duration = Duration::from_secs(5);

/// Why a database did not do what it should.
#[derive(Debug)]
pub enum StoreError {
    /// SQLite says no.
    Database(rusqlite::Error),
    /// The directory that it should be in cannot be made.
    Directory(std::io::Error),
    /// A column holds what it cannot hold.
    Content(&'static str, String),
    /// It was made by a program that is newer than this one.
    Newer(i64),
    /// Outputs are of recordings that it does not have: `id=…, path=…` of each.
    UnknownRecordings(String),
    /// An answer is to a message that it does not have.
    UnknownMessage(uuid::Uuid),
    /// A deployment that it does not have was to be changed.
    UnknownDeployment,
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Database(error) => write!(f, "{error}"),
            Self::Directory(error) => write!(f, "cannot make the directory of a database: {error}"),
            Self::Content(column, text) => write!(f, "{column} holds {text:?}"),
            Self::Newer(version) => write!(
                f,
                "the database is of version {version}, which is newer than this program; use the program that made it"
            ),
            Self::UnknownRecordings(recordings) => write!(
                f,
                "Cannot store model outputs because the following recordings are not present in the metadata store: \
                 {recordings}. Store the recordings first with store_recording()."
            ),
            Self::UnknownMessage(id) => write!(f, "Cannot store response for unknown message {id}."),
            Self::UnknownDeployment => f.write_str("No deployment found"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Database(error) => Some(error),
            Self::Directory(error) => Some(error),
            Self::Content(..)
            | Self::Newer(_)
            | Self::UnknownRecordings(_)
            | Self::UnknownMessage(_)
            | Self::UnknownDeployment => None,
        }
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl StoreError {
    /// Whether there was no room for it.
    pub fn is_for_want_of_room(&self) -> bool {
        match self {
            Self::Database(error) => error.sqlite_error_code() == Some(rusqlite::ErrorCode::DiskFull),
            Self::Directory(error) => error.kind() == std::io::ErrorKind::StorageFull,
            Self::Content(..)
            | Self::Newer(_)
            | Self::UnknownRecordings(_)
            | Self::UnknownMessage(_)
            | Self::UnknownDeployment => false,
        }
    }
}

/// Opens a database, and makes it if it is not there.
pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// Makes the directory of a database.
pub(crate) fn make_room_for(path: &Path) -> Result<(), StoreError> {
    match path.parent() {
        Some(directory) => std::fs::create_dir_all(directory).map_err(StoreError::Directory),
        None => Ok(()),
    }
}

/// The names of a table's columns and the kinds that they were declared with; none if there is no such table.
pub(crate) fn columns(connection: &Connection, table: &str) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare("SELECT name, type FROM pragma_table_info(?1)")?;
    let rows = statement.query_map([table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A path as text, as acoupi stores it. What is no UTF-8 in it is lost, as such a path cannot be in its databases.
pub(crate) fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
