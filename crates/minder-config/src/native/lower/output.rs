//! Where a stream of a program goes.

use std::num::{NonZeroU32, NonZeroU64};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use minder_core::program::{
    Capture, Colour, LogTarget, OutputFilter, OutputSpec, PeriodUnit, Periods, Publish, Rotation, Sink,
    Stamp, StampLook, Syslog, Weekday, Zone,
};

use super::{Lowering, u32_of};
use crate::native::table::Table;

/// Size in bytes at which a log begins anew, and old ones that are kept.
pub(crate) const LOG: (u64, u32) = (10 << 20, 5);

impl Lowering<'_> {
    /// A stream that is a text: a path or a word.
    pub(super) fn short_stream(&self, text: &str) -> OutputSpec {
        let log = match text {
            "none" => LogTarget::Nowhere,
            "null" => LogTarget::Direct(Sink::Null),
            "own" => LogTarget::Direct(Sink::Own),
            path => LogTarget::File(self.path(path).as_os_str().as_bytes().into()),
        };
        OutputSpec { log, ..plain(Path::new("/")) }
    }

    /// A stream that is a table. `file` is where it is kept when it does not say.
    pub(super) fn stream(&mut self, table: &Table, file: &Path) -> OutputSpec {
        OutputSpec {
            log: self.target(table, file),
            rotation: rotation(table),
            syslog: if table.flag("syslog") == Some(true) { Syslog::Lines } else { Syslog::Off },
            filter: self.filter(table),
            capture: self.capture(table),
            publish: match table.text("publish") {
                Some("chunks") => Publish::Chunks,
                Some("dialogue") => Publish::Dialogue,
                _ => Publish::Silent,
            },
        }
    }

    fn target(&mut self, table: &Table, file: &Path) -> LogTarget {
        let file = self.path_of(table, "file").unwrap_or_else(|| file.to_owned());
        let bytes = || file.as_os_str().as_bytes().into();
        match table.text("keep") {
            Some("followed") => LogTarget::Followed(bytes()),
            Some("fresh") => {
                let Some(directory) = self.path_of(table, "fresh-in") else {
                    let hint = Some("add `fresh-in = \"DIRECTORY\"`".to_owned());
                    self.error(table.place("keep"), "keep", "a fresh file needs a directory", hint);
                    return LogTarget::Nowhere;
                };
                let text = |key: &str| table.text(key).unwrap_or_default().as_bytes().to_vec().into();
                LogTarget::Fresh {
                    directory: directory.as_os_str().as_bytes().into(),
                    prefix: text("fresh-prefix"),
                    suffix: text("fresh-suffix"),
                }
            }
            Some("none") => LogTarget::Nowhere,
            Some("null") => LogTarget::Direct(Sink::Null),
            Some("own") => LogTarget::Direct(Sink::Own),
            _ => LogTarget::File(bytes()),
        }
    }

    fn filter(&mut self, table: &Table) -> OutputFilter {
        if table.flag("strip-ansi") == Some(true) && table.has("stamp") {
            let message = "lines are either stamped or stripped of escape sequences";
            self.error(table.place("strip-ansi"), "strip-ansi", message, None);
        }
        match (table.text("stamp"), table.flag("strip-ansi")) {
            (Some(time), _) => {
                let look = table
                    .text("stamp-colour")
                    .map_or(StampLook::Plain, |word| StampLook::Coloured(colour(word)));
                OutputFilter::Stamped(Stamp { time: time.into(), look })
            }
            (None, Some(true)) => OutputFilter::StripAnsi,
            (None, _) => OutputFilter::Raw,
        }
    }

    fn capture(&mut self, table: &Table) -> Option<Box<Capture>> {
        let limit = table.size("capture-size")?;
        let (Some(begin), Some(end)) = (table.text("capture-begin"), table.text("capture-end")) else {
            let hint = Some("add `capture-begin` and `capture-end`".to_owned());
            self.error(
                table.place("capture-size"),
                "capture-size",
                "what begins and ends a marked part is missing",
                hint,
            );
            return None;
        };
        Some(Box::new(Capture { limit, begin: begin.as_bytes().into(), end: end.as_bytes().into() }))
    }
}

/// A stream that is kept in a file as it is.
pub(super) fn plain(file: &Path) -> OutputSpec {
    OutputSpec {
        log: LogTarget::File(file.as_os_str().as_bytes().into()),
        rotation: Rotation::AfterWrite { max_bytes: Some(LOG.0), backups: LOG.1 },
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    }
}

fn rotation(table: &Table) -> Rotation {
    let size = table.size("size").unwrap_or(LOG.0);
    let backups = table.whole("backups").map_or(LOG.1, u32_of);
    match (table.text("rotate"), NonZeroU64::new(size)) {
        (Some("never"), _) => Rotation::Never,
        (Some("time"), _) => Rotation::Periods(Periods {
            unit: period_unit(table.text("period-unit").unwrap_or("midnights")),
            count: NonZeroU32::new(table.whole("period").map_or(1, u32_of)).unwrap_or(NonZeroU32::MIN),
            zone: if table.text("period-zone") == Some("utc") { Zone::Utc } else { Zone::Local },
            backups,
        }),
        (Some("before"), Some(max_bytes)) => Rotation::BeforeWrite { max_bytes, backups },
        (Some("before"), None) => Rotation::Never,
        (_, max_bytes) => Rotation::AfterWrite { max_bytes: max_bytes.map(NonZeroU64::get), backups },
    }
}

fn period_unit(word: &str) -> PeriodUnit {
    match word {
        "seconds" => PeriodUnit::Seconds,
        "minutes" => PeriodUnit::Minutes,
        "hours" => PeriodUnit::Hours,
        "days" => PeriodUnit::Days,
        "monday" => PeriodUnit::Weeks(Weekday::Monday),
        "tuesday" => PeriodUnit::Weeks(Weekday::Tuesday),
        "wednesday" => PeriodUnit::Weeks(Weekday::Wednesday),
        "thursday" => PeriodUnit::Weeks(Weekday::Thursday),
        "friday" => PeriodUnit::Weeks(Weekday::Friday),
        "saturday" => PeriodUnit::Weeks(Weekday::Saturday),
        "sunday" => PeriodUnit::Weeks(Weekday::Sunday),
        _ => PeriodUnit::Midnights,
    }
}

fn colour(word: &str) -> Colour {
    match word {
        "red" => Colour::Red,
        "green" => Colour::Green,
        "yellow" => Colour::Yellow,
        "blue" => Colour::Blue,
        "magenta" => Colour::Magenta,
        "cyan" => Colour::Cyan,
        _ => Colour::White,
    }
}
