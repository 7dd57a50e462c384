//! A stream of a program.

use std::path::Path;

use minder_core::ids::ByteString;
use minder_core::program::{
    Colour, LogTarget, OutputFilter, OutputSpec, PeriodUnit, Publish, Rotation, Sink, StampLook, Syslog,
    Weekday, Zone,
};

use super::toml_text::{Entry, path_text, quoted};
use crate::native::lower::LOG;
use crate::native::words;

/// The lines of a stream's table, or the keys whose text is no UTF-8.
pub(super) fn entries(output: &OutputSpec, directory: &Path) -> Result<Vec<Entry>, Vec<&'static str>> {
    let mut writer = Writer { directory, entries: Vec::new(), refused: Vec::new() };
    writer.target(&output.log);
    writer.rotation(output.rotation);
    if output.syslog == Syslog::Lines {
        writer.say("syslog", "true".to_owned());
    }
    match &output.filter {
        OutputFilter::Raw => {}
        OutputFilter::StripAnsi => writer.say("strip-ansi", "true".to_owned()),
        OutputFilter::Stamped(stamp) => {
            writer.say("stamp", quoted(&stamp.time));
            if let StampLook::Coloured(colour) = stamp.look {
                writer.say("stamp-colour", quoted(colour_word(colour)));
            }
        }
    }
    if let Some(capture) = &output.capture {
        writer.say("capture-size", capture.limit.to_string());
        writer.text("capture-begin", &capture.begin);
        writer.text("capture-end", &capture.end);
    }
    match output.publish {
        Publish::Silent => {}
        Publish::Chunks => writer.say("publish", quoted("chunks")),
        Publish::Dialogue => writer.say("publish", quoted("dialogue")),
    }
    if writer.refused.is_empty() { Ok(writer.entries) } else { Err(writer.refused) }
}

struct Writer<'a> {
    directory: &'a Path,
    entries: Vec<Entry>,
    refused: Vec<&'static str>,
}

impl Writer<'_> {
    fn say(&mut self, key: &'static str, value: String) {
        self.entries.push(Entry::new(key, value));
    }

    fn text(&mut self, key: &'static str, bytes: &ByteString) {
        match std::str::from_utf8(bytes.as_bytes()) {
            Ok(text) => self.say(key, quoted(text)),
            Err(_) => self.refused.push(key),
        }
    }

    fn path(&mut self, key: &'static str, bytes: &ByteString) {
        match path_text(bytes, self.directory) {
            Some(path) => self.say(key, quoted(&path)),
            None => self.refused.push(key),
        }
    }

    fn target(&mut self, log: &LogTarget) {
        let keep = match log {
            LogTarget::File(path) => {
                self.path("file", path);
                return;
            }
            LogTarget::Followed(path) => {
                self.path("file", path);
                "followed"
            }
            LogTarget::Fresh { directory, prefix, suffix } => {
                self.path("fresh-in", directory);
                self.text("fresh-prefix", prefix);
                self.text("fresh-suffix", suffix);
                "fresh"
            }
            LogTarget::Nowhere => "none",
            LogTarget::Direct(Sink::Null) => "null",
            LogTarget::Direct(Sink::Own) => "own",
        };
        self.say("keep", quoted(keep));
    }

    fn rotation(&mut self, rotation: Rotation) {
        match rotation {
            Rotation::Never => self.say("rotate", quoted("never")),
            Rotation::AfterWrite { max_bytes, backups } => self.sizes(max_bytes.unwrap_or(0), backups),
            Rotation::BeforeWrite { max_bytes, backups } => {
                self.say("rotate", quoted("before"));
                self.sizes(max_bytes.get(), backups);
            }
            Rotation::Periods(periods) => {
                self.say("rotate", quoted("time"));
                self.say("period", periods.count.to_string());
                self.say("period-unit", quoted(unit_word(periods.unit)));
                if periods.zone == Zone::Utc {
                    self.say("period-zone", quoted("utc"));
                }
                self.say("backups", periods.backups.to_string());
            }
        }
    }

    fn sizes(&mut self, bytes: u64, backups: u32) {
        if bytes != LOG.0 {
            self.say("size", format!("\"{}\"", words::size_text(bytes)));
        }
        if backups != LOG.1 {
            self.say("backups", backups.to_string());
        }
    }
}

fn unit_word(unit: PeriodUnit) -> &'static str {
    match unit {
        PeriodUnit::Seconds => "seconds",
        PeriodUnit::Minutes => "minutes",
        PeriodUnit::Hours => "hours",
        PeriodUnit::Days => "days",
        PeriodUnit::Midnights => "midnights",
        PeriodUnit::Weeks(Weekday::Monday) => "monday",
        PeriodUnit::Weeks(Weekday::Tuesday) => "tuesday",
        PeriodUnit::Weeks(Weekday::Wednesday) => "wednesday",
        PeriodUnit::Weeks(Weekday::Thursday) => "thursday",
        PeriodUnit::Weeks(Weekday::Friday) => "friday",
        PeriodUnit::Weeks(Weekday::Saturday) => "saturday",
        PeriodUnit::Weeks(Weekday::Sunday) => "sunday",
    }
}

fn colour_word(colour: Colour) -> &'static str {
    match colour {
        Colour::Red => "red",
        Colour::Green => "green",
        Colour::Yellow => "yellow",
        Colour::Blue => "blue",
        Colour::Magenta => "magenta",
        Colour::Cyan => "cyan",
        Colour::White => "white",
    }
}
