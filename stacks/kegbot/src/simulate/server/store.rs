//! What the server knows: taps, kegs, people, their tokens and drinks, and how warm it is.
//!
//! Long because each question to the one database has its query beside it.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// The layout that this version writes.
const VERSION: i64 = 1;

/// Drinks that lie no further apart are of one session, s.
const SESSION_SECONDS: i64 = 3 * 3600;

/// What a pint's keg of 50 L holds, mL.
const FULL_ML: f64 = 58_673.9;

const TABLES: &str = "
CREATE TABLE keg (
    id INTEGER PRIMARY KEY, beer TEXT NOT NULL, brewer TEXT NOT NULL, style TEXT NOT NULL, full_ml REAL NOT NULL,
    served_ml REAL NOT NULL DEFAULT 0, spilled_ml REAL NOT NULL DEFAULT 0) STRICT;
CREATE TABLE tap (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, meter_name TEXT NOT NULL UNIQUE, ml_per_tick REAL NOT NULL,
    relay_name TEXT NOT NULL, keg_id INTEGER REFERENCES keg, sensor TEXT NOT NULL DEFAULT '') STRICT;
CREATE TABLE user (name TEXT PRIMARY KEY) STRICT;
CREATE TABLE token (
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, value TEXT NOT NULL, username TEXT REFERENCES user,
    enabled INTEGER NOT NULL, created INTEGER NOT NULL, UNIQUE (device, value)) STRICT;
CREATE TABLE session (id INTEGER PRIMARY KEY, began INTEGER NOT NULL, ended INTEGER NOT NULL) STRICT;
CREATE TABLE drink (
    id INTEGER PRIMARY KEY, ticks INTEGER NOT NULL, volume_ml REAL NOT NULL, time INTEGER NOT NULL,
    duration INTEGER NOT NULL, tap_id INTEGER NOT NULL REFERENCES tap, keg_id INTEGER REFERENCES keg,
    username TEXT REFERENCES user, session_id INTEGER NOT NULL REFERENCES session, valid INTEGER NOT NULL DEFAULT 1)
    STRICT;
CREATE TABLE sensor (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE temperature (
    id INTEGER PRIMARY KEY, sensor_id INTEGER NOT NULL REFERENCES sensor, minute INTEGER NOT NULL, degrees REAL NOT NULL,
    UNIQUE (sensor_id, minute)) STRICT;
CREATE TABLE controller (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
";

/// A bar to begin with: two taps of the usual board, two people with a token each, and a token that nobody has.
const FIRST: &str = "
INSERT INTO keg (id, beer, brewer, style, full_ml) VALUES
    (1, 'Cellar Lager', 'Brewed at home', 'Helles', ?1), (2, 'Old Copper', 'Brewed at home', 'Pale ale', ?1);
INSERT INTO tap VALUES
    (1, 'Left tap', 'kegboard.flow0', ?2, 'kegboard.relay0', 1, 'kegboard.thermo-f800080012345610'),
    (2, 'Right tap', 'kegboard.flow1', ?2, '', 2, 'kegboard.thermo-43000004d8f5d228');
INSERT INTO user VALUES ('anna'), ('mikey');
INSERT INTO token (device, value, username, enabled, created) VALUES
    ('core.rfid', '680096068f', 'mikey', 1, ?3), ('core.onewire', '6000000012345601', 'anna', 1, ?3),
    ('core.rfid', '0000000bad', NULL, 1, ?3), ('core.rfid', '0000000off', 'anna', 0, ?3);
";

/// What is wrong with the server's database.
#[derive(Debug)]
pub enum StoreError {
    /// It refuses.
    Sqlite(PathBuf, rusqlite::Error),
    /// A later version wrote it.
    Newer(PathBuf, i64),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Newer(path, found) => {
                write!(f, "{} has layout {found}, and this version knows up to {VERSION}", path.display())
            }
        }
    }
}

impl std::error::Error for StoreError {}

/// A keg.
#[derive(Clone, Debug, PartialEq)]
pub struct Keg {
    /// Its number.
    pub id: i64,
    /// What is in it.
    pub beer: String,
    /// Who made that.
    pub brewer: String,
    /// What kind of beer it is.
    pub style: String,
    /// What it held, mL.
    pub full_ml: f64,
    /// What has been drunk or spilled of it, mL.
    pub gone_ml: f64,
}

impl Keg {
    /// What is left, mL.
    #[must_use]
    pub fn left_ml(&self) -> f64 {
        (self.full_ml - self.gone_ml).max(0.0)
    }

    /// The same in percent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.full_ml > 0.0 { 100.0 * self.left_ml() / self.full_ml } else { 0.0 }
    }
}

/// A tap.
#[derive(Clone, Debug, PartialEq)]
pub struct TapRow {
    /// Its number.
    pub id: i64,
    /// Its name for people.
    pub name: String,
    /// Its meter.
    pub meter_name: String,
    /// How much a tick is, mL.
    pub ml_per_tick: f64,
    /// Its relay; empty if it has none.
    pub relay_name: String,
    /// Its thermometer; empty if it has none.
    pub sensor: String,
    /// What is tapped.
    pub keg: Option<Keg>,
}

/// A drink.
#[derive(Clone, Debug, PartialEq)]
pub struct DrinkRow {
    /// Its number.
    pub id: i64,
    /// What the meter counted.
    pub ticks: i64,
    /// How much it was, mL.
    pub volume_ml: f64,
    /// When, Unix seconds.
    pub time: i64,
    /// How long it took, s.
    pub duration: i64,
    /// Its session.
    pub session_id: i64,
    /// Its keg.
    pub keg_id: Option<i64>,
    /// Who had it.
    pub username: Option<String>,
    /// The name of its tap.
    pub tap_name: String,
}

/// A token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub id: i64,
    /// What reads it.
    pub device: String,
    /// What it says.
    pub value: String,
    /// Whose it is.
    pub username: Option<String>,
    /// Whether it may be used.
    pub enabled: bool,
    /// Since when it is known, Unix seconds.
    pub created: i64,
}

/// The last temperature of a sensor.
#[derive(Clone, Debug, PartialEq)]
pub struct TemperatureRow {
    /// Its number.
    pub id: i64,
    /// The sensor's number.
    pub sensor_id: i64,
    /// The sensor.
    pub sensor: String,
    /// Degrees Celsius.
    pub degrees: f64,
    /// When, Unix seconds, the minute's beginning.
    pub time: i64,
}

/// A new drink, as a device tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewDrink {
    /// What was counted.
    pub ticks: i64,
    /// How much it was, mL; from the ticks if it is not told.
    pub volume_ml: Option<f64>,
    /// When, Unix seconds of this server's clock.
    pub time: i64,
    /// How long it took, s.
    pub duration: i64,
    /// Who had it.
    pub username: Option<String>,
}

/// The database.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Opens it, and makes it with a small bar in it where it is not.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: &Path) -> Result<Self> {
        let failed = |error| StoreError::Sqlite(path.to_owned(), error);
        let connection = Connection::open(path).map_err(failed)?;
        let found =
            connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map_err(failed)?;
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;").map_err(failed)?;
        let store = Self { connection, path: path.to_owned() };
        match found {
            VERSION => Ok(store),
            0 => store.make().map(|()| store),
            _ => Err(StoreError::Newer(path.to_owned(), found)),
        }
    }

    fn make(&self) -> Result<()> {
        let make = || {
            let transaction = self.connection.unchecked_transaction()?;
            transaction.execute_batch(TABLES)?;
            for statement in FIRST.split_inclusive(';').filter(|text| !text.trim().is_empty()) {
                let mut statement = transaction.prepare(statement)?;
                let values: [&dyn rusqlite::ToSql; 3] =
                    [&FULL_ML, &(1000.0 / 2200.0), &Timestamp::now().as_second()];
                for (at, value) in values.iter().enumerate().take(statement.parameter_count()) {
                    statement.raw_bind_parameter(at + 1, *value)?;
                }
                statement.raw_execute()?;
            }
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()
        };
        make().map_err(self.failed())
    }

    fn failed(&self) -> impl Fn(rusqlite::Error) -> StoreError + use<> {
        let path = self.path.clone();
        move |error| StoreError::Sqlite(path.clone(), error)
    }

    fn rows<T>(
        &self,
        query: &str,
        values: impl rusqlite::Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let rows = || -> rusqlite::Result<Vec<T>> {
            let mut statement = self.connection.prepare(query)?;
            let rows = statement.query_map(values, |row| read(row))?;
            rows.collect()
        };
        rows().map_err(self.failed())
    }

    fn row<T>(
        &self,
        query: &str,
        values: impl rusqlite::Params,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.connection.query_row(query, values, |row| read(row)).optional().map_err(self.failed())
    }

    /// All taps, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn taps(&self) -> Result<Vec<TapRow>> {
        self.rows(&format!("{TAPS} ORDER BY tap.name"), [], tap_row)
    }

    /// A tap, by the name of its meter or by its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn tap(&self, name: &str) -> Result<Option<TapRow>> {
        self.row(&format!("{TAPS} WHERE tap.meter_name = ?1 OR CAST(tap.id AS TEXT) = ?1"), [name], tap_row)
    }

    /// The newest drinks, the newest first; from a number on downwards if one is given.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drinks(&self, most: i64, start: Option<i64>) -> Result<Vec<DrinkRow>> {
        let query = format!("{DRINKS} AND (?2 IS NULL OR drink.id <= ?2) ORDER BY drink.id DESC LIMIT ?1");
        self.rows(&query, params![most, start], drink_row)
    }

    /// A drink.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn drink(&self, id: i64) -> Result<Option<DrinkRow>> {
        self.row(&format!("{DRINKS} AND drink.id = ?"), [id], drink_row)
    }

    /// Whether somebody is known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn has_user(&self, name: &str) -> Result<bool> {
        let found = self.row("SELECT 1 FROM user WHERE name = ?", [name], |_| Ok(()))?;
        Ok(found.is_some())
    }

    /// All people.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn users(&self) -> Result<Vec<String>> {
        self.rows("SELECT name FROM user ORDER BY name", [], |row| row.get(0))
    }

    /// Records a drink. Returns its number.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn record(&self, tap: &TapRow, new: &NewDrink) -> Result<i64> {
        #[expect(clippy::cast_precision_loss, reason = "odometers have 32 bits")]
        let volume = new.volume_ml.unwrap_or(new.ticks as f64 * tap.ml_per_tick);
        let keg = tap.keg.as_ref().map(|keg| keg.id);
        let record = || {
            let transaction = self.connection.unchecked_transaction()?;
            let open = "UPDATE session SET ended = MAX(ended, ?1), began = MIN(began, ?1)
                        WHERE ?1 BETWEEN began - ?2 AND ended + ?2 RETURNING id";
            let open = transaction.query_row(open, [new.time, SESSION_SECONDS], |row| row.get::<_, i64>(0));
            let session = match open.optional()? {
                Some(session) => session,
                None => {
                    transaction.execute("INSERT INTO session (began, ended) VALUES (?1, ?1)", [new.time])?;
                    transaction.last_insert_rowid()
                }
            };
            transaction.execute(
                "INSERT INTO drink (ticks, volume_ml, time, duration, tap_id, keg_id, username, session_id)
                 VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                params![new.ticks, volume, new.time, new.duration, tap.id, keg, new.username, session],
            )?;
            let id = transaction.last_insert_rowid();
            transaction
                .execute("UPDATE keg SET served_ml = served_ml + ? WHERE id = ?", params![volume, keg])?;
            transaction.commit()?;
            Ok(id)
        };
        record().map_err(self.failed())
    }

    /// Takes a drink back. What it was goes back into the keg, or down the drain if it was spilled.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn cancel(&self, drink: &DrinkRow, fate: Fate) -> Result<()> {
        let back = match fate {
            Fate::NeverPoured => "UPDATE keg SET served_ml = served_ml - ?1 WHERE id = ?2",
            Fate::Spilled => {
                "UPDATE keg SET served_ml = served_ml - ?1, spilled_ml = spilled_ml + ?1 WHERE id = ?2"
            }
        };
        let cancel = || {
            let transaction = self.connection.unchecked_transaction()?;
            transaction.execute("UPDATE drink SET valid = 0 WHERE id = ?", [drink.id])?;
            transaction.execute(back, params![drink.volume_ml, drink.keg_id])?;
            transaction.commit()
        };
        cancel().map_err(self.failed())
    }

    /// A token.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn token(&self, device: &str, value: &str) -> Result<Option<TokenRow>> {
        self.row("SELECT * FROM token WHERE device = ? AND value = ?", [device, value], |row| {
            Ok(TokenRow {
                id: row.get("id")?,
                device: row.get("device")?,
                value: row.get("value")?,
                username: row.get("username")?,
                enabled: row.get("enabled")?,
                created: row.get("created")?,
            })
        })
    }

    /// Gives a token to somebody, and makes it where it is not known.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn assign(&self, device: &str, value: &str, username: &str) -> Result<()> {
        let assign = "INSERT INTO token (device, value, username, enabled, created) VALUES (?, ?, ?, 1, ?)
                      ON CONFLICT DO UPDATE SET username = excluded.username";
        let now = Timestamp::now().as_second();
        let done = self.connection.execute(assign, params![device, value, username, now]);
        done.map(drop).map_err(self.failed())
    }

    /// Records a temperature, degrees Celsius. The last one of a minute stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn warm(&self, sensor: &str, degrees: f64, now: i64) -> Result<Option<TemperatureRow>> {
        let minute = now.div_euclid(60);
        let record = || {
            let transaction = self.connection.unchecked_transaction()?;
            transaction.execute("INSERT OR IGNORE INTO sensor (name) VALUES (?)", [sensor])?;
            transaction.execute(
                "INSERT INTO temperature (sensor_id, minute, degrees)
                 SELECT id, ?, ? FROM sensor WHERE name = ? ON CONFLICT DO UPDATE SET degrees = excluded.degrees",
                params![minute, degrees, sensor],
            )?;
            transaction.commit()
        };
        record().map_err(self.failed())?;
        self.last_temperature(sensor)
    }

    /// The last temperature of a sensor.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn last_temperature(&self, sensor: &str) -> Result<Option<TemperatureRow>> {
        let query = format!("{TEMPERATURES} WHERE sensor.name = ? ORDER BY minute DESC LIMIT 1");
        self.row(&query, [sensor], temperature_row)
    }

    /// The latest 120 temperatures of a sensor, the newest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn temperatures(&self, sensor: &str) -> Result<Vec<TemperatureRow>> {
        let query = format!("{TEMPERATURES} WHERE sensor.name = ? ORDER BY minute DESC LIMIT 120");
        self.rows(&query, [sensor], temperature_row)
    }

    /// All sensors: their numbers and names.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sensors(&self) -> Result<Vec<(i64, String)>> {
        self.rows("SELECT id, name FROM sensor ORDER BY name", [], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Makes a controller. Nothing if there is one of this name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_controller(&self, name: &str) -> Result<Option<i64>> {
        let insert = "INSERT OR IGNORE INTO controller (name) VALUES (?)";
        let count = self.connection.execute(insert, [name]).map_err(self.failed())?;
        Ok((count > 0).then(|| self.connection.last_insert_rowid()))
    }

    /// The name of a controller.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn controller(&self, id: i64) -> Result<Option<String>> {
        self.row("SELECT name FROM controller WHERE id = ?", [id], |row| row.get(0))
    }

    /// Makes a tap of a meter. Nothing if there is one of this meter.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_tap(&self, name: &str, meter_name: &str, ml_per_tick: f64) -> Result<Option<i64>> {
        let insert =
            "INSERT OR IGNORE INTO tap (name, meter_name, ml_per_tick, relay_name) VALUES (?, ?, ?, '')";
        let count = self.connection.execute(insert, params![name, meter_name, ml_per_tick]);
        Ok((count.map_err(self.failed())? > 0).then(|| self.connection.last_insert_rowid()))
    }

    /// Puts a new keg on a tap.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn new_keg(&self, tap: i64, beer: &str, brewer: &str, full_ml: f64) -> Result<()> {
        let change = || {
            let transaction = self.connection.unchecked_transaction()?;
            let insert = "INSERT INTO keg (beer, brewer, style, full_ml) VALUES (?, ?, '', ?)";
            transaction.execute(insert, params![beer, brewer, full_ml])?;
            let keg = transaction.last_insert_rowid();
            transaction.execute("UPDATE tap SET keg_id = ? WHERE id = ?", [keg, tap])?;
            transaction.commit()
        };
        change().map_err(self.failed())
    }
}

/// What becomes of a drink that is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is still in the keg.
    NeverPoured,
    /// It is on the floor.
    Spilled,
}

const TAPS: &str =
    "SELECT tap.*, keg.beer, keg.brewer, keg.style, keg.full_ml, keg.served_ml + keg.spilled_ml AS gone_ml
                    FROM tap LEFT JOIN keg ON keg.id = tap.keg_id";
const DRINKS: &str =
    "SELECT drink.*, tap.name AS tap_name FROM drink JOIN tap ON tap.id = drink.tap_id WHERE valid";
const TEMPERATURES: &str = "SELECT temperature.*, sensor.name AS sensor FROM temperature
                            JOIN sensor ON sensor.id = temperature.sensor_id";

fn tap_row(row: &Row<'_>) -> rusqlite::Result<TapRow> {
    let keg = match row.get::<_, Option<i64>>("keg_id")? {
        None => None,
        Some(id) => Some(Keg {
            id,
            beer: row.get("beer")?,
            brewer: row.get("brewer")?,
            style: row.get("style")?,
            full_ml: row.get("full_ml")?,
            gone_ml: row.get("gone_ml")?,
        }),
    };
    Ok(TapRow {
        id: row.get("id")?,
        name: row.get("name")?,
        meter_name: row.get("meter_name")?,
        ml_per_tick: row.get("ml_per_tick")?,
        relay_name: row.get("relay_name")?,
        sensor: row.get("sensor")?,
        keg,
    })
}

fn drink_row(row: &Row<'_>) -> rusqlite::Result<DrinkRow> {
    Ok(DrinkRow {
        id: row.get("id")?,
        ticks: row.get("ticks")?,
        volume_ml: row.get("volume_ml")?,
        time: row.get("time")?,
        duration: row.get("duration")?,
        session_id: row.get("session_id")?,
        keg_id: row.get("keg_id")?,
        username: row.get("username")?,
        tap_name: row.get("tap_name")?,
    })
}

fn temperature_row(row: &Row<'_>) -> rusqlite::Result<TemperatureRow> {
    Ok(TemperatureRow {
        id: row.get("id")?,
        sensor_id: row.get("sensor_id")?,
        sensor: row.get("sensor")?,
        degrees: row.get("degrees")?,
        time: row.get::<_, i64>("minute")? * 60,
    })
}
