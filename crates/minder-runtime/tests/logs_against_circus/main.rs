//! Log policies against the stream classes of the real Circus: both are given the same bytes at the same times, and the
//! files that are there afterwards are compared.
//!
//! Times are handed in, so nothing waits. The C library asks `TZ` once a process, so each test of periods starts this
//! program again, with a zone whose clocks change.

mod original;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::num::{NonZeroU32, NonZeroU64};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use minder_core::program::{
    Colour, LogTarget, OutputFilter, OutputSpec, PeriodUnit, Periods, Publish, Rotation, Stamp, StampLook,
    Syslog, Weekday, Zone,
};
use minder_core::time::WallTime;
use minder_runtime::logs::{Audience, ChannelLog, Pumped};
use proptest::prelude::{Just, ProptestConfig, Strategy, TestCaseError, any, prop_oneof};
use proptest::test_runner::TestRunner;
use rustix::pipe::PipeFlags;

use original::{Ended, Original};

/// What the reference says its process is.
const PID: u32 = 4711;
/// The zone that a test of periods is run in, as `TZ`.
const ZONE: &str = "LOGS_AGAINST_CIRCUS_ZONE";

/// What happens to a log, or to its file.
#[derive(Clone, Debug)]
enum Step {
    /// The program says this much at once, at this second.
    Says(i64, Vec<u8>),
    /// Somebody moves the file away.
    Moved,
    /// Somebody removes it.
    Removed,
}

/// One stream, in the original's words and in ours.
struct Case<'a> {
    class: &'a str,
    settings: &'a [(&'a str, String)],
    spec: OutputSpec,
    audience: Audience,
    /// What is in the directory before, with the second it was last changed.
    before: &'a [(&'a str, &'a [u8], i64)],
    steps: &'a [Step],
}

type Files = BTreeMap<String, Vec<u8>>;

impl Case<'_> {
    /// What the original leaves behind, and what we do. Where the original has lost something it is not asked, and all
    /// that was said has to be there, unless we were to remove old files.
    fn run(&self, original: &mut Original) -> (Files, Files) {
        let theirs = tempfile::tempdir().unwrap();
        let ours = tempfile::tempdir().unwrap();
        for (name, content, modified) in self.before {
            for directory in [&theirs, &ours] {
                let file = fs::File::create(directory.path().join(name)).unwrap();
                (&file).write_all(content).unwrap();
                file.set_modified(second(*modified)).unwrap();
            }
        }
        let ended = self.run_theirs(original, theirs.path());
        self.run_ours(ours.path());
        let ours = files(ours.path());
        match ended {
            Ended::Well => (files(theirs.path()), ours),
            Ended::WithALoss => {
                if matches!(self.spec.rotation, Rotation::Periods(Periods { backups: 0, .. })) {
                    assert_eq!(total(&ours), self.brought());
                }
                (ours.clone(), ours)
            }
        }
    }

    /// How many bytes there were before, and were said.
    fn brought(&self) -> usize {
        let said = self.steps.iter().map(|step| match step {
            Step::Says(_, bytes) => bytes.len(),
            Step::Moved | Step::Removed => 0,
        });
        said.sum::<usize>() + self.before.iter().map(|(_, content, _)| content.len()).sum::<usize>()
    }

    fn run_theirs(&self, original: &mut Original, directory: &Path) -> Ended {
        let path = directory.join("web.log").display().to_string();
        let mut new = format!("new\t{}", self.class);
        let target = if self.class == "FancyStdoutStream" { "out" } else { "filename" };
        for (key, value) in self.settings.iter().chain([&(target, path.clone())]) {
            new.push_str(&format!("\t{key}={value}"));
        }
        original.tell(&new);
        for (number, step) in self.steps.iter().enumerate() {
            original.tell(&match step {
                Step::Says(second, bytes) => {
                    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                    format!("write\t{}\t{hex}", micros(*second).0)
                }
                Step::Moved => format!("move\t{path}\t{path}-moved-{number}"),
                Step::Removed => format!("remove\t{path}"),
            });
        }
        original.end()
    }

    fn run_ours(&self, directory: &Path) {
        let path = directory.join("web.log");
        let bytes = path.as_os_str().as_bytes().into();
        let log = match self.spec.log {
            LogTarget::Followed(_) => LogTarget::Followed(bytes),
            _ => LogTarget::File(bytes),
        };
        let mut log = ChannelLog::new(&OutputSpec { log, ..self.spec.clone() }, "web", self.audience);
        log.open().unwrap();
        log.process_began(PID);
        let (pipe, program): (OwnedFd, OwnedFd) =
            rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        let mut told = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            match step {
                Step::Says(second, bytes) => {
                    assert_eq!(rustix::io::write(&program, bytes), Ok(bytes.len()));
                    while log.pump(pipe.as_fd(), micros(*second), &mut told) != Pumped::Empty {}
                }
                Step::Moved => {
                    fs::rename(&path, format!("{}-moved-{number}", path.display())).unwrap();
                }
                Step::Removed => fs::remove_file(&path).unwrap(),
            }
        }
        if self.audience == Audience::None {
            assert_eq!(told, []);
        }
    }
}

/// A little after this second, so that microseconds can be seen.
fn micros(second: i64) -> WallTime {
    WallTime(second * 1_000_000 + 1234)
}

fn second(second: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(second).unwrap())
}

fn files(directory: &Path) -> Files {
    let entries = fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries.map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap())).collect()
}

fn total(files: &Files) -> usize {
    files.values().map(Vec::len).sum()
}

fn spec(rotation: Rotation, filter: OutputFilter) -> OutputSpec {
    OutputSpec {
        log: LogTarget::Nowhere,
        rotation,
        syslog: Syslog::Off,
        filter,
        capture: None,
        publish: Publish::Silent,
    }
}

/// Runs a property against one reference, since to start one takes longer than a case.
fn check<S: Strategy>(cases: u32, inputs: &S, property: impl Fn(&mut Original, S::Value) -> (Files, Files)) {
    let original = RefCell::new(Original::start());
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    TestRunner::new(config)
        .run(inputs, |input| {
            let (theirs, ours) = property(&mut original.borrow_mut(), input);
            if theirs == ours {
                return Ok(());
            }
            Err(TestCaseError::fail(format!("theirs {}\nours {}", shown(&theirs), shown(&ours))))
        })
        .unwrap();
}

fn shown(files: &Files) -> String {
    let file = |(name, bytes): (&String, &Vec<u8>)| {
        format!(
            "\n  {name} ({}): {:.200}",
            bytes.len(),
            String::from_utf8_lossy(bytes).escape_debug().to_string()
        )
    };
    files.iter().map(file).collect()
}

fn audiences() -> impl Strategy<Value = Audience> {
    prop_oneof![Just(Audience::None), Just(Audience::Chunks)]
}

/// Letters that tell one write from the next.
fn lettered(sizes: &[usize]) -> Vec<Step> {
    (b'a'..=b'z').cycle().zip(sizes).map(|(letter, size)| Step::Says(0, vec![letter; *size])).collect()
}

#[test]
fn files_are_replaced_before_the_write_that_would_fill_them() {
    let inputs = (
        proptest::collection::vec(prop_oneof![1_usize..3000, Just(1024), 1_usize..60_000], 1..12),
        prop_oneof![1_u64..6000, Just(1024), Just(1025), Just(2048), Just(2049), Just(50_000)],
        0_u32..4,
        audiences(),
        prop_oneof![0_usize..3000, Just(1023), Just(1024)],
        any::<[bool; 3]>(),
    );
    check(150, &inputs, |original, (sizes, max_bytes, backups, audience, there, old)| {
        let there = vec![b'-'; there];
        let mut before = vec![("web.log", &there[..], 0)];
        let names = ["web.log.1", "web.log.2", "web.log.3"];
        before
            .extend(names.into_iter().zip(old).filter(|(_, is)| *is).map(|(name, _)| (name, &b"old"[..], 0)));
        let rotation = Rotation::BeforeWrite { max_bytes: NonZeroU64::new(max_bytes).unwrap(), backups };
        Case {
            class: "FileStream",
            settings: &[("max_bytes", max_bytes.to_string()), ("backup_count", backups.to_string())],
            spec: spec(rotation, OutputFilter::Raw),
            audience,
            before: &before,
            steps: &lettered(&sizes),
        }
        .run(original)
    });
}

/// Texts with many line ends, and now and then one that is longer than a write.
fn texts() -> impl Strategy<Value = Vec<Step>> {
    let text = prop_oneof!["[a-zé\\n ]{1,40}", "\\n{1,5}", "[a-z]{0,1500}\\n[a-z\\n]{0,1500}",];
    proptest::collection::vec((1_700_000_000_i64..1_800_000_000, text), 1..8).prop_map(|steps| {
        steps
            .into_iter()
            .map(|(second, text)| Step::Says(second, text.into_bytes()))
            .filter(is_not_empty)
            .collect()
    })
}

fn is_not_empty(step: &Step) -> bool {
    !matches!(step, Step::Says(_, bytes) if bytes.is_empty())
}

fn formats() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just("%Y-%m-%d %H:%M:%S"),
        Just("%Y/%m/%d | %H:%M:%S"),
        Just("%d %b %Y %H.%M.%S,%f"),
        Just("%c %x %X %p %%%z%Z|%j %U %W %a %A %B %I %y"),
        Just("%G-%V-%u %D %e %F %T %R %r %h %k %l %P %s %C %g %n%t %-d %_H %^a %5Y %Q %é"),
        Just(""),
        Just("no time at all"),
    ]
}

#[test]
fn every_line_of_a_write_is_stamped() {
    let inputs = (texts(), formats(), 1_u64..4000, 0_u32..3, audiences());
    check(100, &inputs, |original, (steps, format, max_bytes, backups, audience)| {
        let rotation = Rotation::BeforeWrite { max_bytes: NonZeroU64::new(max_bytes).unwrap(), backups };
        let stamp = Stamp { time: format.into(), look: StampLook::Plain };
        Case {
            class: "FileStream",
            settings: &[
                ("max_bytes", max_bytes.to_string()),
                ("backup_count", backups.to_string()),
                ("time_format", format.into()),
            ],
            spec: spec(rotation, OutputFilter::Stamped(stamp)),
            audience,
            before: &[],
            steps: &steps,
        }
        .run(original)
    });
}

#[test]
fn every_line_that_is_not_empty_is_coloured() {
    let colours = prop_oneof![
        Just(("red", Colour::Red)),
        Just(("green", Colour::Green)),
        Just(("yellow", Colour::Yellow)),
        Just(("blue", Colour::Blue)),
        Just(("magenta", Colour::Magenta)),
        Just(("cyan", Colour::Cyan)),
        Just(("white", Colour::White)),
    ];
    // The original takes an empty format for none.
    let formats = formats().prop_filter("not empty", |format| !format.is_empty());
    check(60, &(texts(), formats, colours), |original, (steps, format, (name, colour))| {
        let stamp = Stamp { time: format.into(), look: StampLook::Coloured(colour) };
        Case {
            class: "FancyStdoutStream",
            settings: &[("color", name.into()), ("time_format", format.into())],
            spec: spec(Rotation::Never, OutputFilter::Stamped(stamp)),
            audience: Audience::None,
            before: &[],
            steps: &steps,
        }
        .run(original)
    });
}

#[test]
fn a_name_is_followed_to_the_file_that_has_it() {
    // Only a file that is there can be moved, and it is there again when something was written.
    let away = prop_oneof![Just(None), Just(Some(Step::Moved)), Just(Some(Step::Removed))];
    let inputs = (proptest::collection::vec((1_usize..3000, away), 1..8), audiences());
    check(60, &inputs, |original, (turns, audience)| {
        let steps: Vec<_> = turns
            .into_iter()
            .zip(b'a'..)
            .flat_map(|((size, away), letter)| [Some(Step::Says(0, vec![letter; size])), away])
            .flatten()
            .collect();
        Case {
            class: "WatchedFileStream",
            settings: &[],
            spec: OutputSpec {
                log: LogTarget::Followed(Path::new("").as_os_str().as_bytes().into()),
                ..spec(Rotation::Never, OutputFilter::Raw)
            },
            audience,
            before: &[("web.log", b"before", 0)],
            steps: &steps,
        }
        .run(original)
    });
}

fn units() -> impl Strategy<Value = (&'static str, PeriodUnit)> {
    prop_oneof![
        Just(("S", PeriodUnit::Seconds)),
        Just(("M", PeriodUnit::Minutes)),
        Just(("H", PeriodUnit::Hours)),
        Just(("D", PeriodUnit::Days)),
        Just(("MIDNIGHT", PeriodUnit::Midnights)),
        Just(("W0", PeriodUnit::Weeks(Weekday::Monday))),
        Just(("W1", PeriodUnit::Weeks(Weekday::Tuesday))),
        Just(("W2", PeriodUnit::Weeks(Weekday::Wednesday))),
        Just(("W3", PeriodUnit::Weeks(Weekday::Thursday))),
        Just(("W4", PeriodUnit::Weeks(Weekday::Friday))),
        Just(("W5", PeriodUnit::Weeks(Weekday::Saturday))),
        Just(("W6", PeriodUnit::Weeks(Weekday::Sunday))),
    ]
}

/// Not a test by itself: compares periods when it is started with a zone.
#[test]
fn periods_in_a_zone() {
    if std::env::var_os(ZONE).is_none() {
        return;
    }
    // A year and more, so that all changes of clocks are in it, and steps around every unit.
    let gap = prop_oneof![0_i64..4, 30_i64..4000, 20_000_i64..100_000, 100_000_i64..2_000_000];
    let inputs = (
        units(),
        1_u32..4,
        prop_oneof![Just(Zone::Local), Just(Zone::Utc)],
        0_u32..4,
        1_700_000_000_i64..1_740_000_000,
        proptest::collection::vec((gap, 1_usize..2000), 1..12),
        audiences(),
    );
    check(300, &inputs, |original, ((when, unit), count, zone, backups, modified, gaps, audience)| {
        let mut at = modified;
        let steps: Vec<_> = gaps
            .into_iter()
            .zip(b'a'..)
            .map(|((gap, size), letter)| {
                at += gap;
                Step::Says(at, vec![letter; size])
            })
            .collect();
        let periods = Periods { unit, count: NonZeroU32::new(count).unwrap(), zone, backups };
        let mut settings = vec![
            ("rotate_when", when.to_owned()),
            ("rotate_interval", count.to_string()),
            ("backup_count", backups.to_string()),
        ];
        if zone == Zone::Utc {
            settings.push(("utc", "yes".to_owned()));
        }
        Case {
            class: "TimedRotatingFileStream",
            settings: &settings,
            spec: spec(Rotation::Periods(periods), OutputFilter::Raw),
            audience,
            before: &[
                ("web.log", b"before", modified),
                ("web.log.20200101", b"a day", 0),
                ("web.log.20200102", b"a day", 0),
                ("web.log.2020010203", b"an hour", 0),
                ("web.log.202001020304", b"a minute", 0),
                ("web.log.20200102030405", b"a second", 0),
                ("web.log.precious", b"not ours", 0),
                ("web.log.2020010x", b"not ours", 0),
            ],
            steps: &steps,
        }
        .run(original)
    });
}

/// Not a test by itself: lets hours pass in which clocks are set back when it is started with a zone of central Europe.
#[test]
fn hours_in_autumn() {
    if std::env::var_os(ZONE).is_none() {
        return;
    }
    let midnight = 1_729_980_000;
    let steps: Vec<_> =
        (b'a'..=b'h').zip(0..).map(|(hour, at)| Step::Says(midnight + at * 3600, vec![hour])).collect();
    let one = NonZeroU32::MIN;
    let hourly = Periods { unit: PeriodUnit::Hours, count: one, zone: Zone::Local, backups: 0 };
    let case = Case {
        class: "TimedRotatingFileStream",
        settings: &[("rotate_when", "H".into())],
        spec: spec(Rotation::Periods(hourly), OutputFilter::Raw),
        audience: Audience::None,
        before: &[("web.log", b"-", midnight - 3600)],
        steps: &steps,
    };
    let (_, ours) = case.run(&mut Original::start());
    let names: Vec<_> = ours.iter().map(|(name, kept)| (name.as_str(), kept.as_slice())).collect();
    let expected = [
        ("web.log", &b"h"[..]),
        ("web.log.2024102623", b"-"),
        ("web.log.2024102700", b"a"),
        ("web.log.2024102701", b"b"),
        ("web.log.2024102702", b"cd"),
        ("web.log.2024102703", b"e"),
        ("web.log.2024102704", b"f"),
        ("web.log.2024102705", b"g"),
    ];
    assert_eq!(names, expected);
}

fn compare_periods_in(zone: &str) {
    run_in(zone, "periods_in_a_zone");
}

fn run_in(zone: &str, test: &str) {
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env("TZ", zone)
        .env(ZONE, zone)
        .status()
        .unwrap();
    assert!(status.success());
}

#[test]
fn periods_end_where_the_original_ends_them_in_central_europe() {
    compare_periods_in("CET-1CEST,M3.5.0,M10.5.0/3");
}

#[test]
fn periods_end_where_the_original_ends_them_in_new_york() {
    compare_periods_in("EST5EDT,M3.2.0,M11.1.0");
}

#[test]
fn periods_end_where_the_original_ends_them_in_sydney() {
    compare_periods_in("AEST-10AEDT,M10.1.0,M4.1.0/3");
}

#[test]
fn periods_end_where_the_original_ends_them_in_utc() {
    compare_periods_in("UTC0");
}

#[test]
fn an_hour_that_comes_twice_is_not_lost() {
    run_in("CET-1CEST,M3.5.0,M10.5.0/3", "hours_in_autumn");
}
