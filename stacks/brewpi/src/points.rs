//! Data points: the files that Fermentrack's pages read, and a history in SQLite that ours do.
//!
//! Each point is a line that is appended as a whole, with the file opened for it: a power cut costs the line that was being
//! written, and no file stays open on a disk that is to be taken out.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::{Connection, params};
use serde_json::json;

use crate::device::{Beer, Device};
use crate::python::dumps;
use crate::script::Reading;

/// How long another writer of the history is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const GRAPH_HEADER: &str = "log_time,beer_temp,beer_set,fridge_temp,fridge_set,room_temp,state";
const FULL_HEADER: &str = "log_time,beer_temp,beer_set,beer_ann,fridge_temp,fridge_set,fridge_ann,room_temp,state,temp_format,associated_beer_id";

/// Where the points of all beers go.
#[derive(Debug)]
pub struct Points {
    directory: PathBuf,
    history: Option<Connection>,
}

/// Why a point was not kept everywhere.
#[derive(Debug)]
pub enum PointError {
    /// A file.
    File(PathBuf, std::io::Error),
    /// The history.
    History(rusqlite::Error),
}

impl std::fmt::Display for PointError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{}: {error}", path.display()),
            Self::History(error) => write!(f, "history.db: {error}"),
        }
    }
}

impl Points {
    /// In a directory, which is made. The history is made with its first point.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn in_directory(directory: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(directory)?;
        Ok(Self { directory: directory.to_owned(), history: None })
    }

    /// Keeps a point of a beer.
    ///
    /// # Errors
    /// What could not be kept. The rest is.
    pub fn keep(&mut self, device: &Device, beer: &Beer, reading: &Reading, wall: i64) -> Vec<PointError> {
        let stem = beer.file_stem(device.id);
        let at = Timestamp::from_second(wall).unwrap_or_default();
        let time = at.to_zoned(TimeZone::UTC).strftime("%Y/%m/%d %H:%M:%SZ").to_string();
        let mut errors = Vec::new();
        let graph = format!("{time},{}", graph(reading));
        let full = format!("{time},{},{},{}", full(reading), device.unit.letter(), beer.id);
        for (suffix, header, line) in [("_graph.csv", GRAPH_HEADER, graph), ("_full.csv", FULL_HEADER, full)]
        {
            let path = self.directory.join(format!("{stem}{suffix}"));
            if let Err(error) = append(&path, header, &line) {
                errors.push(PointError::File(path, error));
            }
        }
        for (series, short, note) in
            [("beer_temp", "B", &reading.beer_note), ("fridge_temp", "F", &reading.fridge_note)]
        {
            let Some(note) = note else { continue };
            let path = self.directory.join(format!("{stem}_annotations.almost_json"));
            let object = dumps(&json!({"series": series, "x": time, "shortText": short, "text": note}));
            if let Err(error) = annotate(&path, &object) {
                errors.push(PointError::File(path, error));
            }
        }
        if let Err(error) = self.remember(device, beer, reading, wall) {
            self.history = None;
            errors.push(PointError::History(error));
        }
        errors
    }

    fn remember(
        &mut self,
        device: &Device,
        beer: &Beer,
        reading: &Reading,
        wall: i64,
    ) -> rusqlite::Result<()> {
        let history = match &mut self.history {
            Some(history) => history,
            closed @ None => closed.insert(open_history(&self.directory.join(HISTORY))?),
        };
        let celsius = |degrees: Option<f64>| degrees.map(|degrees| device.unit.inside(degrees));
        history.execute(
            "INSERT INTO point (device, beer, at, beer_temp, beer_set, fridge_temp, fridge_set, room_temp, state, note) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
            params![
                device.name,
                beer.name,
                wall,
                celsius(reading.beer),
                celsius(reading.beer_set),
                celsius(reading.fridge),
                celsius(reading.fridge_set),
                celsius(reading.room),
                reading.state,
                reading.beer_note.as_ref().or(reading.fridge_note.as_ref()),
            ],
        )?;
        Ok(())
    }
}

/// The history's file, in the directory of points.
pub const HISTORY: &str = "history.db";

/// Opens the history, and makes it if it is not there. Temperatures are in degrees Celsius, times in seconds since 1970.
///
/// # Errors
/// When it cannot be made.
pub fn open_history(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS point (
             id INTEGER PRIMARY KEY,
             device TEXT NOT NULL,
             beer TEXT NOT NULL,
             at INTEGER NOT NULL,
             beer_temp REAL, beer_set REAL, fridge_temp REAL, fridge_set REAL, room_temp REAL,
             state INTEGER NOT NULL,
             note TEXT
         );
         CREATE INDEX IF NOT EXISTS point_of_device ON point (device, at);
         PRAGMA user_version = 1;",
    )?;
    Ok(connection)
}

/// A number as Python shows it; what is missing is 0.
fn shown(degrees: Option<f64>) -> String {
    degrees.map_or_else(|| "0".to_owned(), |degrees| json!(degrees).to_string())
}

fn graph(reading: &Reading) -> String {
    let degrees = [reading.beer, reading.beer_set, reading.fridge, reading.fridge_set, reading.room];
    format!("{},{}", degrees.map(shown).join(","), reading.state)
}

fn full(reading: &Reading) -> String {
    let note = |note: &Option<String>| match note {
        Some(note) => field(note),
        None => String::new(),
    };
    [
        shown(reading.beer),
        shown(reading.beer_set),
        note(&reading.beer_note),
        shown(reading.fridge),
        shown(reading.fridge_set),
        note(&reading.fridge_note),
        shown(reading.room),
        reading.state.to_string(),
    ]
    .join(",")
}

/// A field of a CSV file.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn append(path: &Path, header: &str, line: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let text =
        if file.metadata()?.len() == 0 { format!("{header}\r\n{line}\r\n") } else { format!("{line}\r\n") };
    file.write_all(text.as_bytes())
}

fn annotate(path: &Path, object: &str) -> std::io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    let text = if file.metadata()?.len() == 0 { format!("[\r\n{object}") } else { format!(",\r\n{object}") };
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_kept_as_it_always_was() {
        let reading = Reading {
            beer: Some(20.12),
            beer_set: Some(20.0),
            beer_note: Some("Mode set to b, in web interface".to_owned()),
            fridge: None,
            fridge_set: Some(19.0),
            room: Some(21.0),
            state: 4,
            ..Reading::default()
        };
        assert_eq!(graph(&reading), "20.12,20.0,0,19.0,21.0,4");
        assert_eq!(full(&reading), "20.12,20.0,\"Mode set to b, in web interface\",0,19.0,,21.0,4");
    }
}
