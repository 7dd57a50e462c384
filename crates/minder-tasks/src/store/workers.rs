//! Who works here: each worker writes down what process it is, so that others can ask whether it lives.

use std::num::NonZeroU32;
use std::time::Duration;

use minder_core::ids::WorkerName;
use minder_core::time::WallTime;

use super::{Store, StoreError};
use crate::process_identity::ProcessIdentity;

/// What a worker does about new runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// It takes them.
    Working,
    /// It ends what it has begun, and then itself.
    Draining,
}

impl Mode {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Draining => "draining",
        }
    }
}

/// A worker as it was when it last began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerRow {
    /// Which worker.
    pub name: WorkerName,
    /// Its process.
    pub process: ProcessIdentity,
    /// The hash of the agenda that it follows.
    pub agenda: String,
    /// How many runs it does at a time.
    pub at_once: NonZeroU32,
    /// When it began.
    pub since: WallTime,
    /// What it does about new runs.
    pub mode: Mode,
    /// When a process of this worker last ended without having been asked to, as its successor saw it. `None`: none has.
    pub died: Option<WallTime>,
}

/// How a worker stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It works.
    Works,
    /// It works again, after it died at this time.
    Troubled(WallTime),
    /// It is not there.
    Absent,
}

/// So long after a death a worker is in trouble: one that dies again and again is never seen as one that works.
const TROUBLE: Duration = Duration::from_secs(15);

impl WorkerRow {
    /// How it stands now.
    pub fn standing(&self, now: WallTime) -> Standing {
        if !self.process.is_alive() {
            return Standing::Absent;
        }
        match self.died {
            Some(at) if is_recent(at, now) => Standing::Troubled(at),
            Some(_) | None => Standing::Works,
        }
    }

    /// When a process of this worker last died, for the successor of this one, which begins now in the same or a later boot.
    /// A power cut is no death.
    pub(crate) fn last_death(&self, successor: &ProcessIdentity, now: WallTime) -> Option<WallTime> {
        match self.mode {
            Mode::Working if self.process.boot == successor.boot => Some(now),
            Mode::Working | Mode::Draining => self.died,
        }
    }
}

fn is_recent(at: WallTime, now: WallTime) -> bool {
    // A clock that was put back says nothing.
    u64::try_from(now.0 - at.0).is_ok_and(|passed| Duration::from_micros(passed) < TROUBLE)
}

impl Store {
    /// Enters a worker, in place of its predecessor.
    ///
    /// # Errors
    /// When the database cannot be changed.
    pub fn enter(&self, worker: &WorkerRow) -> Result<(), StoreError> {
        let sql =
            "INSERT OR REPLACE INTO workers (name, pid, birth, boot, agenda, at_once, since, mode, died)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let process = &worker.process;
        // Its numbers are far below 2⁶³: ticks since boot.
        let birth = i64::try_from(process.birth).unwrap_or(i64::MAX);
        let values = (
            worker.name.as_str(),
            process.pid,
            birth,
            &process.boot,
            &worker.agenda,
            worker.at_once.get(),
            worker.since.0,
            worker.mode.word(),
            worker.died.map(|at| at.0),
        );
        self.connection.execute(sql, values).map_err(|error| self.failed(error))?;
        self.ring()
    }

    /// All workers that have ever been here.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn workers(&self) -> Result<Vec<WorkerRow>, StoreError> {
        self.read(|connection| {
            let sql =
                "SELECT name, pid, birth, boot, agenda, at_once, since, mode, died FROM workers ORDER BY name";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map((), |row| {
                let mode: String = row.get(7)?;
                Ok(WorkerRow {
                    name: WorkerName::new(row.get::<_, String>(0)?),
                    process: ProcessIdentity {
                        pid: row.get(1)?,
                        birth: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                        boot: row.get(3)?,
                    },
                    agenda: row.get(4)?,
                    at_once: NonZeroU32::new(row.get(5)?).unwrap_or(NonZeroU32::MIN),
                    since: WallTime(row.get(6)?),
                    mode: if mode == Mode::Draining.word() { Mode::Draining } else { Mode::Working },
                    died: row.get::<_, Option<i64>>(8)?.map(WallTime),
                })
            })?;
            rows.collect()
        })
    }

    /// The worker of this name, if one has ever been here.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn worker(&self, name: &WorkerName) -> Result<Option<WorkerRow>, StoreError> {
        Ok(self.workers()?.into_iter().find(|worker| worker.name == *name))
    }
}

#[cfg(test)]
mod tests {
    use super::{Mode, Standing, TROUBLE, WorkerRow};
    use crate::process_identity::ProcessIdentity;
    use minder_core::ids::WorkerName;
    use minder_core::time::WallTime;
    use std::num::NonZeroU32;

    fn row(process: ProcessIdentity, mode: Mode, died: Option<WallTime>) -> WorkerRow {
        let (agenda, since) = (String::new(), WallTime(0));
        WorkerRow { name: WorkerName::new("a"), process, agenda, at_once: NonZeroU32::MIN, since, mode, died }
    }

    #[test]
    fn who_died_is_in_trouble_for_a_while_after_a_successor_has_begun() {
        let own = ProcessIdentity::own().expect("a process");
        let at = WallTime(1_000_000_000);
        let later = |micros: i64| WallTime(at.0 + micros);
        let end = i64::try_from(TROUBLE.as_micros()).expect("short");
        let successor = row(own.clone(), Mode::Working, Some(at));
        for (now, standing) in [
            (at, Standing::Troubled(at)),
            (later(end - 1), Standing::Troubled(at)),
            (later(end), Standing::Works),
            (later(-1), Standing::Works),
        ] {
            assert_eq!(successor.standing(now), standing, "{now:?}");
        }
        let gone = ProcessIdentity { birth: own.birth + 1, ..own };
        assert_eq!(row(gone, Mode::Working, None).standing(at), Standing::Absent);
    }

    #[test]
    fn who_was_asked_to_end_or_lost_its_power_has_not_died() {
        let own = ProcessIdentity::own().expect("a process");
        let (before, now) = (Some(WallTime(1)), WallTime(2));
        assert_eq!(row(own.clone(), Mode::Working, None).last_death(&own, now), Some(now));
        assert_eq!(row(own.clone(), Mode::Draining, before).last_death(&own, now), before);
        let booted = ProcessIdentity { boot: "another".into(), ..own.clone() };
        assert_eq!(row(own, Mode::Working, before).last_death(&booted, now), before);
    }
}
