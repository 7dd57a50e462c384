//! `messages.db`: what is to be sent, and what was answered, as acoupi 0.8 keeps it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;

use super::metadata::stored_moment;
use super::{StoreError, columns, former_messages, make_room_for, open};
use crate::messages::{Message, MessageKind, Response, ResponseStatus};
use crate::moment;
use crate::program::MessageOrder;

/// The version of the schema, which acoupi has had since 0.8.
pub const VERSION: i64 = 2;

/// `messages.db`.
#[derive(Clone, Debug)]
pub struct MessageStore {
    path: PathBuf,
}

impl MessageStore {
    /// Opens it, makes it if it is not there, and brings an earlier one to the form of today. Times without an offset in one
    /// from before 0.5 are of the zone that is given.
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
        former_messages::bring_up(&mut connection, path, former_zone)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(SCHEMA)?;
        if !columns(&transaction, "message")?.iter().any(|(name, _)| name == "message_type") {
            transaction.execute_batch("ALTER TABLE message ADD COLUMN message_type TEXT")?;
        }
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()?;
        Ok(Self { path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Stores a message, unless one of its id is there.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub fn store(&self, message: &Message) -> Result<(), StoreError> {
        open(&self.path)?.execute(
            "INSERT OR IGNORE INTO message (id, content, created_on, message_type) VALUES (?1, ?2, ?3, ?4)",
            params![
                message.id,
                message.content,
                moment::spaced(message.created_on),
                message.kind.map(MessageKind::word)
            ],
        )?;
        Ok(())
    }

    /// The ids of messages that nobody has taken, in the order in which they are sent.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn unsent(&self, order: MessageOrder) -> Result<Vec<Uuid>, StoreError> {
        let direction = match order {
            MessageOrder::OldestFirst => "ASC",
            MessageOrder::NewestFirst => "DESC",
        };
        let connection = open(&self.path)?;
        let mut statement = connection.prepare(&format!(
            "SELECT id FROM message WHERE id NOT IN (SELECT message_id FROM response WHERE status = 0) \
             ORDER BY created_on {direction}, id"
        ))?;
        Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
    }

    /// The message of this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn message(&self, id: Uuid) -> Result<Option<Message>, StoreError> {
        let row: Option<(Vec<u8>, String, Option<String>)> = open(&self.path)?
            .query_row(
                "SELECT CAST(content AS BLOB), created_on, message_type FROM message WHERE id = ?1",
                [id],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()?;
        row.map(|(content, created_on, kind)| {
            Ok(Message {
                id,
                content,
                created_on: stored_moment("message.created_on", &created_on)?,
                kind: kind.as_deref().and_then(MessageKind::of),
            })
        })
        .transpose()
    }

    /// Stores what was answered to a message. Once it has been taken, no other answer that says so is stored.
    ///
    /// # Errors
    /// When there is no such message, or the database cannot be written.
    pub fn store_response(&self, message: Uuid, response: &Response) -> Result<(), StoreError> {
        let mut connection = open(&self.path)?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let found = |query| transaction.query_row(query, [message], |row| row.get::<_, bool>(0));
        if !found("SELECT EXISTS (SELECT 1 FROM message WHERE id = ?1)")? {
            return Err(StoreError::UnknownMessage(message));
        }
        let taken = found("SELECT EXISTS (SELECT 1 FROM response WHERE message_id = ?1 AND status = 0)")?;
        if taken && response.status == ResponseStatus::Success {
            return Ok(());
        }
        transaction.execute(
            "INSERT INTO response (content, message_id, status, received_on) VALUES (?1, ?2, ?3, ?4)",
            params![
                response.content,
                message,
                response.status.number(),
                moment::spaced(response.received_on)
            ],
        )?;
        transaction.commit()?;
        Ok(())
    }

    /// How many messages nobody has taken.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn remaining(&self) -> Result<u64, StoreError> {
        let count: i64 = open(&self.path)?.query_row(
            "SELECT count(*) FROM message WHERE id NOT IN (SELECT message_id FROM response WHERE status = 0)",
            [],
            |row| row.get(0),
        )?;
        Ok(count.unsigned_abs())
    }

    /// When the last message was taken.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn last_success(&self) -> Result<Option<Timestamp>, StoreError> {
        let text: Option<String> = open(&self.path)?.query_row(
            "SELECT max(received_on) FROM response WHERE status = 0",
            [],
            |row| row.get(0),
        )?;
        text.map(|text| stored_moment("response.received_on", &text)).transpose()
    }
}

/// The tables that acoupi has, column by column.
pub(super) const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS message (
    id BLOB PRIMARY KEY,
    content BLOB NOT NULL,
    created_on TEXT NOT NULL,
    message_type TEXT
);
CREATE TABLE IF NOT EXISTS response (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    content TEXT,
    message_id BLOB NOT NULL REFERENCES message(id),
    status INTEGER NOT NULL,
    received_on TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS idx_response_message_id ON response(message_id);
CREATE INDEX IF NOT EXISTS idx_response_status ON response(status);
";
