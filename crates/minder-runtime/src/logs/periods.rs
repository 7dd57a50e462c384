//! A log file for each period: when the present one ends, what its file is then called, and which old ones go.
//!
//! The rules are those of the original, corners included: a period of seconds to days is counted from the file's last
//! change when it was opened, or from the write that began it; midnight and the end of a week are the calendar's; a
//! file is named after one period before its end, in the hour that clocks would have shown without a change in between.
//!
//! One corner is ours: where an old file has that name, because clocks were set back, the original drops that file. Here
//! the two periods that come then share the next one.

use minder_core::ids::BytePath;
use minder_core::program::{PeriodUnit, Periods, Weekday, Zone};
use minder_core::time::WallTime;
use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;

use super::calendar::{broken_down, text};
use super::channel::Told;
use super::target::Identity;
use super::trouble::{LogError, reason};

const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// When the file that is open is to be replaced.
#[derive(Debug)]
pub(super) struct Timetable {
    periods: Periods,
    /// The end of the present period, in seconds since 1970. `None` until the first write into a file that another
    /// stream has begun.
    due: Option<i64>,
    /// The file that `due` is about.
    file: Option<Identity>,
}

impl Timetable {
    /// Without a file.
    pub(super) fn new(periods: Periods) -> Self {
        Self { periods, due: None, file: None }
    }

    /// This file is open now, and was last changed then. The one we know keeps its end, also when it was closed in
    /// between. One that has taken its place was begun a moment ago; its own times are no help there, because the
    /// kernel's clock for files is a little slow, and what has just ended would end again.
    pub(super) fn opened(&mut self, file: Identity, modified: i64) {
        match self.file.replace(file) {
            None => self.due = Some(self.end(modified)),
            Some(known) if known == file => {}
            Some(_) => self.due = None,
        }
    }

    /// Whether the period of the open file is over.
    pub(super) fn is_over(&mut self, now: WallTime) -> bool {
        match self.due {
            Some(due) => now.seconds() >= due,
            None => {
                self.skip(now);
                false
            }
        }
    }

    /// What comes behind the name of the file when it is replaced now, and the point before it.
    pub(super) fn suffix(&self, now: WallTime) -> Vec<u8> {
        let zone = self.periods.zone;
        let began = self.due.unwrap_or(now.seconds()).saturating_sub(self.length());
        let mut time = broken_down(began, zone);
        if zone == Zone::Local {
            let is_summer = broken_down(now.seconds(), zone).tm_isdst;
            if is_summer != time.tm_isdst {
                time = broken_down(began.saturating_add(if is_summer == 0 { -HOUR } else { HOUR }), zone);
            }
        }
        text(&time, self.format())
    }

    /// The file was replaced by this one.
    pub(super) fn began(&mut self, file: Identity, now: WallTime) {
        self.file = Some(file);
        self.skip(now);
    }

    /// Waits for the end of the period of this moment, whatever file is open.
    pub(super) fn skip(&mut self, now: WallTime) {
        let now = now.seconds();
        let mut due = self.end(now);
        while due <= now {
            due = due.saturating_add(self.length());
        }
        self.due = Some(due);
    }

    /// Those of the old files that are too many, oldest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub(super) fn superfluous(&self, path: &[u8]) -> Result<Vec<Vec<u8>>, Errno> {
        let kept = usize::try_from(self.periods.backups).unwrap_or(usize::MAX);
        if kept == 0 {
            return Ok(Vec::new());
        }
        let name_at = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        let (directory, name) = path.split_at(name_at);
        let directory = if directory.is_empty() { b"." } else { directory };
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut old = Vec::new();
        for entry in Dir::new(rustix::fs::open(directory, flags, Mode::empty())?)? {
            let entry = entry?;
            let suffix =
                entry.file_name().to_bytes().strip_prefix(name).and_then(|rest| rest.strip_prefix(b"."));
            if let Some(suffix) = suffix.filter(|suffix| self.is_suffix(suffix)) {
                old.push([path, b".", suffix].concat());
            }
        }
        old.sort_unstable();
        old.truncate(old.len().saturating_sub(kept));
        Ok(old)
    }

    fn is_suffix(&self, suffix: &[u8]) -> bool {
        let digits = match self.periods.unit {
            PeriodUnit::Seconds => 14,
            PeriodUnit::Minutes => 12,
            PeriodUnit::Hours => 10,
            PeriodUnit::Days | PeriodUnit::Midnights | PeriodUnit::Weeks(_) => 8,
        };
        suffix.len() == digits && suffix.iter().all(u8::is_ascii_digit)
    }

    fn format(&self) -> &'static str {
        match self.periods.unit {
            PeriodUnit::Seconds => "%Y%m%d%H%M%S",
            PeriodUnit::Minutes => "%Y%m%d%H%M",
            PeriodUnit::Hours => "%Y%m%d%H",
            PeriodUnit::Days | PeriodUnit::Midnights | PeriodUnit::Weeks(_) => "%Y%m%d",
        }
    }

    /// Of a period, in seconds.
    fn length(&self) -> i64 {
        let unit = match self.periods.unit {
            PeriodUnit::Seconds => 1,
            PeriodUnit::Minutes => 60,
            PeriodUnit::Hours => HOUR,
            PeriodUnit::Days | PeriodUnit::Midnights => DAY,
            PeriodUnit::Weeks(_) => WEEK,
        };
        unit * i64::from(self.periods.count.get())
    }

    /// When the period ends that a moment is in. Of a week it can be an end that has passed.
    fn end(&self, moment: i64) -> i64 {
        let zone = self.periods.zone;
        let last = match self.periods.unit {
            PeriodUnit::Seconds | PeriodUnit::Minutes | PeriodUnit::Hours | PeriodUnit::Days => {
                return moment.saturating_add(self.length());
            }
            PeriodUnit::Midnights => None,
            PeriodUnit::Weeks(last) => Some(last),
        };
        let time = broken_down(moment, zone);
        let passed = i64::from(time.tm_hour) * HOUR + i64::from(time.tm_min) * 60 + i64::from(time.tm_sec);
        let midnight = moment.saturating_add(DAY - passed);
        let Some(last) = last else { return midnight };
        // The C library's week begins with Sunday.
        let today = i64::from(time.tm_wday + 6) % 7;
        let days = match days_since_monday(last) - today {
            0 => 7,
            days => days,
        };
        let end = midnight + days * DAY;
        if zone == Zone::Utc || broken_down(end, zone).tm_isdst == time.tm_isdst {
            end
        } else if time.tm_isdst == 0 {
            end - HOUR
        } else {
            end + HOUR
        }
    }
}

fn days_since_monday(day: Weekday) -> i64 {
    match day {
        Weekday::Monday => 0,
        Weekday::Tuesday => 1,
        Weekday::Wednesday => 2,
        Weekday::Thursday => 3,
        Weekday::Friday => 4,
        Weekday::Saturday => 5,
        Weekday::Sunday => 6,
    }
}

/// Removes old files of periods. One that cannot be removed is told of and stays; the others go all the same.
pub(super) fn remove_superfluous(timetable: &Timetable, path: &BytePath, told: &mut Vec<Told>) {
    let failed = match timetable.superfluous(path.as_bytes()) {
        Ok(old) => old
            .into_iter()
            .filter_map(|old| {
                let errno = rustix::fs::unlink(&old[..]).err()?;
                Some(LogError::Remove(old.into(), reason(errno)))
            })
            .collect(),
        Err(errno) => vec![LogError::List(path.clone(), reason(errno))],
    };
    told.extend(failed.into_iter().map(Told::Trouble));
}
