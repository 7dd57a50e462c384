//! The tables of `queue.db`, and how those of an older minder become them.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::StoreError;

/// `user_version` of what we write.
pub(super) const VERSION: i64 = 4;

/// From each version to the next; the first makes a new database.
const STEPS: [&str; 4] = [FIRST, RECEIPTS, ENDS, DEATHS];

/// Times are microseconds since 1970, durations microseconds.
const FIRST: &str = "
CREATE TABLE runs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    task TEXT NOT NULL,
    worker TEXT NOT NULL,
    due INTEGER NOT NULL,
    input TEXT,
    state TEXT NOT NULL,
    asked INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    alone INTEGER NOT NULL,
    deliveries INTEGER NOT NULL DEFAULT 0,
    slot INTEGER,
    stop TEXT,
    pid INTEGER,
    begin_at INTEGER,
    end_at INTEGER,
    duration INTEGER,
    exit TEXT,
    tail TEXT NOT NULL DEFAULT '',
    output TEXT,
    reason TEXT,
    UNIQUE (id, attempt)
) STRICT;
CREATE INDEX waiting ON runs (worker, seq) WHERE state = 'waiting';
CREATE INDEX open ON runs (task) WHERE state IN ('waiting', 'claimed');
CREATE UNIQUE INDEX slots ON runs (worker, slot) WHERE state = 'claimed';
CREATE INDEX ended ON runs (task, end_at) WHERE state NOT IN ('waiting', 'claimed');
CREATE TABLE marks (
    task TEXT PRIMARY KEY,
    due INTEGER NOT NULL,
    before_set_back INTEGER,
    times INTEGER NOT NULL
) STRICT;
CREATE TABLE workers (
    name TEXT PRIMARY KEY,
    pid INTEGER NOT NULL,
    birth INTEGER NOT NULL,
    boot TEXT NOT NULL,
    agenda TEXT NOT NULL,
    at_once INTEGER NOT NULL,
    since INTEGER NOT NULL,
    mode TEXT NOT NULL
) STRICT;
";

/// Whose output a run was given, and what the server of a distributed queue wants to hear when it has ended. The index finds
/// whether a run of a task works, however many wait.
const RECEIPTS: &str = "
ALTER TABLE runs ADD COLUMN after TEXT;
ALTER TABLE runs ADD COLUMN receipt TEXT;
CREATE INDEX working ON runs (task) WHERE state = 'claimed';
";

/// In which order runs ended: a clock that was set back must not have the last one be the first that is forgotten.
const ENDS: &str = "
ALTER TABLE runs ADD COLUMN ended INTEGER;
UPDATE runs SET ended = numbered.number
    FROM (SELECT seq, row_number() OVER (ORDER BY end_at, seq) AS number FROM runs
          WHERE state NOT IN ('waiting', 'claimed')) AS numbered
    WHERE runs.seq = numbered.seq;
DROP INDEX ended;
CREATE INDEX ended ON runs (task, ended) WHERE state NOT IN ('waiting', 'claimed');
CREATE INDEX ends ON runs (ended);
";

/// When a process of a worker last died.
const DEATHS: &str = "ALTER TABLE workers ADD COLUMN died INTEGER";

/// Brings a database to [`VERSION`], or leaves it as it was.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::Sqlite(path.to_owned(), error);
    if version(connection).map_err(failed)? == VERSION {
        return Ok(());
    }
    let transaction =
        Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have been faster.
    let found = version(&transaction).map_err(failed)?;
    let done = usize::try_from(found).ok().filter(|done| *done <= STEPS.len());
    let Some(done) = done else {
        return Err(StoreError::Newer { path: path.to_owned(), found });
    };
    for step in &STEPS[done..] {
        transaction.execute_batch(step).map_err(failed)?;
    }
    transaction.pragma_update(None, "user_version", VERSION).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}
