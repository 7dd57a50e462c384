//! Profiles in the table: kept, changed, removed, and begun.

use rusqlite::{OptionalExtension as _, Row, params};

use super::{Table, TableError, rows};
use crate::firmware::constants::Unit;
use crate::profile::{Point, Profile};

/// In `status`: it can be used.
const USABLE: i64 = 1;
/// In `status`: it goes as soon as no device follows it.
const LEAVING: i64 = 2;

/// A profile, as the table has it.
#[derive(Clone, PartialEq, Debug)]
pub struct KeptProfile {
    /// The row.
    pub id: i64,
    /// As it was typed.
    pub name: String,
    /// In which unit its points were entered.
    pub unit: Unit,
    /// `None`: it has no points yet.
    pub profile: Option<Profile>,
    /// The names of the devices that follow it.
    pub followers: Vec<String>,
    /// Whether it can be used.
    pub stay: Stay,
}

/// Whether a profile stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stay {
    /// It does.
    Kept,
    /// It goes as soon as no device follows it.
    Leaving,
}

/// What came of removing a profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Removed {
    /// It is gone.
    Now,
    /// A device follows it; it goes when that is over.
    Later,
}

impl Table {
    /// All profiles, by name.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn profiles(&self) -> Result<Vec<KeptProfile>, TableError> {
        let read = || {
            let mut statement = self
                .connection
                .prepare("SELECT id, name, status FROM app_fermentationprofile ORDER BY name, id")?;
            statement.query_map([], named)?.collect::<Result<Vec<_>, _>>()
        };
        let found = read().map_err(self.failed())?;
        found.into_iter().map(|profile| self.completed(profile)).collect()
    }

    /// One of them, with all that is known of it. `None`: there is none of this row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn kept_profile(&self, id: i64) -> Result<Option<KeptProfile>, TableError> {
        let found = self
            .connection
            .query_row("SELECT id, name, status FROM app_fermentationprofile WHERE id = ?1", [id], named)
            .optional()
            .map_err(self.failed())?;
        found.map(|profile| self.completed(profile)).transpose()
    }

    fn completed(&self, mut profile: KeptProfile) -> Result<KeptProfile, TableError> {
        let read = || {
            let mut followers = self.connection.prepare(
                "SELECT device_name FROM app_brewpidevice WHERE active_profile_id = ?1 ORDER BY device_name",
            )?;
            let followers: Vec<String> =
                followers.query_map([profile.id], |row| row.get(0))?.collect::<Result<_, _>>()?;
            let format: Option<String> = self
                .connection
                .query_row(
                    "SELECT temp_format FROM app_fermentationprofilepoint WHERE profile_id = ?1 LIMIT 1",
                    [profile.id],
                    |row| row.get(0),
                )
                .optional()?;
            Ok((followers, rows::unit(format.as_deref())))
        };
        (profile.followers, profile.unit) = read().map_err(self.failed())?;
        profile.profile = self.profile(profile.id)?;
        Ok(profile)
    }

    /// Keeps a new profile, and says in which row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn add_profile(&self, name: &str, unit: Unit, points: &[Point]) -> Result<i64, TableError> {
        let write = || {
            let change = self.connection.unchecked_transaction()?;
            change.execute(
                "INSERT INTO app_fermentationprofile (name, status, profile_type) VALUES (?1, ?2, 'Standard Profile')",
                params![name, USABLE],
            )?;
            let id = change.last_insert_rowid();
            put_points(&change, id, unit, points)?;
            change.commit()?;
            Ok(id)
        };
        write().map_err(self.failed())
    }

    /// Gives a profile this name and these points. False: there is none of this row.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn change_profile(
        &self,
        id: i64,
        name: &str,
        unit: Unit,
        points: &[Point],
    ) -> Result<bool, TableError> {
        let write = || {
            let change = self.connection.unchecked_transaction()?;
            let sql = "UPDATE app_fermentationprofile SET name = ?2 WHERE id = ?1";
            if change.execute(sql, params![id, name])? == 0 {
                return Ok(false);
            }
            change.execute("DELETE FROM app_fermentationprofilepoint WHERE profile_id = ?1", [id])?;
            put_points(&change, id, unit, points)?;
            change.commit()?;
            Ok(true)
        };
        write().map_err(self.failed())
    }

    /// Removes a profile: at once, or when no device follows it any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn remove_profile(&self, id: i64) -> Result<Removed, TableError> {
        let write = || {
            let sql = "UPDATE app_fermentationprofile SET status = ?2 WHERE id = ?1";
            self.connection.execute(sql, params![id, LEAVING])?;
            self.connection.query_row(
                "SELECT EXISTS (SELECT 1 FROM app_brewpidevice WHERE active_profile_id = ?1)",
                [id],
                |row| row.get::<_, bool>(0),
            )
        };
        let followed = write().map_err(self.failed())?;
        self.sweep_profiles()?;
        Ok(if followed { Removed::Later } else { Removed::Now })
    }

    /// Removes the profiles that were to go, and that no device follows any more.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn sweep_profiles(&self) -> Result<(), TableError> {
        const GOING: &str = "SELECT id FROM app_fermentationprofile WHERE status = 2 AND id NOT IN \
                             (SELECT active_profile_id FROM app_brewpidevice WHERE active_profile_id IS NOT NULL)";
        let write = || {
            let change = self.connection.unchecked_transaction()?;
            change.execute(
                &format!("DELETE FROM app_fermentationprofilepoint WHERE profile_id IN ({GOING})"),
                [],
            )?;
            change.execute(&format!("DELETE FROM app_fermentationprofile WHERE id IN ({GOING})"), [])?;
            change.commit()
        };
        write().map_err(self.failed())
    }

    /// A device follows a profile from this time on: `YYYY-MM-DD HH:MM:SS`, UTC. False: there is no such device.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn begin_profile(&self, device: &str, profile: i64, began: &str) -> Result<bool, TableError> {
        let sql = "UPDATE app_brewpidevice SET active_profile_id = ?1, time_profile_started = ?2 WHERE device_name = ?3";
        let changed = self.connection.execute(sql, params![profile, began, device]).map_err(self.failed())?;
        Ok(changed > 0)
    }

    /// The names of all beers that were logged with a device, the latest first.
    ///
    /// # Errors
    /// When the database refuses.
    pub fn beers_of(&self, device: i64) -> Result<Vec<String>, TableError> {
        let read = || {
            let mut statement =
                self.connection.prepare("SELECT name FROM app_beer WHERE device_id = ?1 ORDER BY id DESC")?;
            statement.query_map([device], |row| row.get(0))?.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(self.failed())
    }
}

fn named(row: &Row<'_>) -> rusqlite::Result<KeptProfile> {
    Ok(KeptProfile {
        id: row.get(0)?,
        name: row.get(1)?,
        unit: Unit::Celsius,
        profile: None,
        followers: Vec::new(),
        stay: if row.get::<_, i64>(2)? == LEAVING { Stay::Leaving } else { Stay::Kept },
    })
}

fn put_points(
    connection: &rusqlite::Connection,
    profile: i64,
    unit: Unit,
    points: &[Point],
) -> rusqlite::Result<()> {
    let format = unit.letter().to_string();
    for point in points {
        // Django keeps durations as microseconds, and settings with two digits.
        let micros = i64::try_from(point.after.as_micros()).unwrap_or(i64::MAX);
        let told = (unit.outside(point.degrees) * 100.0).round() / 100.0;
        connection.execute(
            "INSERT INTO app_fermentationprofilepoint (profile_id, ttl, temperature_setting, temp_format) \
             VALUES (?1, ?2, ?3, ?4)",
            params![profile, micros, told, format],
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn points(all: &[(u64, f64)]) -> Vec<Point> {
        all.iter()
            .map(|&(hours, degrees)| Point { after: Duration::from_secs(hours * 3600), degrees })
            .collect()
    }

    fn table() -> (tempfile::TempDir, Table) {
        let dir = tempfile::tempdir().expect("a directory");
        let table = Table::make(&dir.path().join("brewpi.db")).expect("a table");
        let sql = "INSERT INTO app_brewpidevice (device_name) VALUES ('cellar')";
        table.connection.execute(sql, []).expect("a device");
        (dir, table)
    }

    #[test]
    fn a_profile_is_kept_in_the_unit_in_which_it_was_entered() {
        let (_dir, table) = table();
        let id =
            table.add_profile("ale", Unit::Fahrenheit, &points(&[(0, 20.0), (24, 10.0)])).expect("a row");
        let kept = table.kept_profile(id).expect("read").expect("it is there");
        assert_eq!((kept.name.as_str(), kept.unit), ("ale", Unit::Fahrenheit));
        let read = kept.profile.expect("points");
        assert!(
            read.points().iter().zip([20.0, 10.0]).all(|(point, told)| (point.degrees - told).abs() < 0.01)
        );
        assert!(table.change_profile(id, "lager", Unit::Celsius, &points(&[(0, 9.0)])).expect("changed"));
        let kept = table.kept_profile(id).expect("read").expect("it is there");
        assert_eq!(
            (kept.name.as_str(), kept.unit, kept.profile.map(|p| p.points().len())),
            ("lager", Unit::Celsius, Some(1))
        );
        assert!(!table.change_profile(99, "none", Unit::Celsius, &[]).expect("no row"));
    }

    #[test]
    fn a_profile_that_is_followed_goes_when_that_is_over() {
        let (_dir, table) = table();
        let id = table.add_profile("ale", Unit::Celsius, &points(&[(0, 20.0)])).expect("a row");
        assert!(table.begin_profile("cellar", id, "2026-01-01 00:00:00").expect("begun"));
        assert!(!table.begin_profile("attic", id, "2026-01-01 00:00:00").expect("no device"));
        assert_eq!(table.remove_profile(id).expect("removed"), Removed::Later);
        let all = table.profiles().expect("read");
        assert_eq!((all[0].stay, all[0].followers.as_slice()), (Stay::Leaving, &["cellar".to_owned()][..]));
        table.end_profile(1).expect("ended");
        table.sweep_profiles().expect("swept");
        assert!(table.profiles().expect("read").is_empty());
        let id = table.add_profile("ale", Unit::Celsius, &points(&[(0, 20.0)])).expect("a row");
        assert_eq!(table.remove_profile(id).expect("removed"), Removed::Now);
    }
}
