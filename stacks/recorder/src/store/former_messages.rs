//! A `messages.db` that acoupi made before 0.5, brought to the form of today. Those of 0.5 to 0.7 only lack a column.

use std::path::Path;

use jiff::tz::TimeZone;
use rusqlite::{Connection, Transaction, params};
use uuid::Uuid;

use super::former::{is_former, keep_copy, renewed};
use super::{StoreError, messages};

pub(super) fn bring_up(connection: &mut Connection, path: &Path, zone: &TimeZone) -> Result<(), StoreError> {
    if !is_former(connection, "message", "created_on")? {
        return Ok(());
    }
    keep_copy(connection, path)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive)?;
    if is_former(&transaction, "message", "created_on")? {
        for table in ["message", "response"] {
            transaction.execute_batch(&format!("ALTER TABLE {table} RENAME TO former_{table}"))?;
        }
        transaction.execute_batch(messages::SCHEMA)?;
        copy_messages(&transaction, zone)?;
        copy_responses(&transaction, zone)?;
        transaction.execute_batch("DROP TABLE former_response; DROP TABLE former_message")?;
    }
    transaction.commit()?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(())
}

fn copy_messages(transaction: &Transaction<'_>, zone: &TimeZone) -> Result<(), StoreError> {
    let mut statement =
        transaction.prepare("SELECT id, CAST(content AS BLOB), created_on FROM former_message")?;
    let mut insert =
        transaction.prepare("INSERT INTO message (id, content, created_on) VALUES (?1, ?2, ?3)")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let created_on = renewed("message.created_on", &row.get::<_, String>(2)?, zone)?;
        insert.execute(params![
            row.get::<_, Uuid>(0)?,
            row.get::<_, Vec<u8>>(1)?,
            created_on.replace('T', " ")
        ])?;
    }
    Ok(())
}

fn copy_responses(transaction: &Transaction<'_>, zone: &TimeZone) -> Result<(), StoreError> {
    let mut statement =
        transaction.prepare("SELECT id, content, message_id, status, received_on FROM former_response")?;
    let mut insert = transaction.prepare(
        "INSERT INTO response (id, content, message_id, status, received_on) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let received_on = renewed("response.received_on", &row.get::<_, String>(4)?, zone)?;
        insert.execute(params![
            row.get::<_, i64>(0)?,
            row.get::<_, Option<String>>(1)?,
            row.get::<_, Uuid>(2)?,
            row.get::<_, i64>(3)?,
            received_on.replace('T', " ")
        ])?;
    }
    Ok(())
}
