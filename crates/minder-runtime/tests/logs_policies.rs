//! What log policies promise beyond what the original does: several streams are one, nothing is lost when a file cannot
//! be had, and what nobody looks at is still moved by the kernel.

use std::fs;
use std::io::{Read, Write};
use std::num::{NonZeroU32, NonZeroU64};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use minder_core::ids::BytePath;
use minder_core::program::{
    LogTarget, OutputFilter, OutputSpec, PeriodUnit, Periods, Publish, Rotation, Stamp, StampLook, Syslog,
    WRITE_BYTES_MAX, Zone,
};
use minder_core::time::WallTime;
use minder_runtime::logs::{Audience, ChannelLog, LogError, Pumped, Told};
use proptest::prelude::{Just, ProptestConfig, prop_assert, prop_assert_eq, prop_oneof, proptest};
use rustix::pipe::PipeFlags;

/// A program's output at a time that the test sets.
struct Stream {
    program: fs::File,
    pipe: OwnedFd,
    log: ChannelLog,
    now: WallTime,
    told: Vec<Told>,
}

impl Stream {
    fn new(spec: &OutputSpec, audience: Audience) -> Self {
        let (pipe, program) = rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        let mut log = ChannelLog::new(spec, "web", audience);
        log.process_began(7);
        Self { program: program.into(), pipe, log, now: WallTime(0), told: Vec::new() }
    }

    fn says(&mut self, bytes: impl AsRef<[u8]>) {
        self.program.write_all(bytes.as_ref()).unwrap();
        while self.pump() != Pumped::Empty {}
    }

    fn says_at(&mut self, second: i64, bytes: impl AsRef<[u8]>) {
        self.now = WallTime(second * 1_000_000);
        self.says(bytes);
    }

    fn pump(&mut self) -> Pumped {
        self.log.pump(self.pipe.as_fd(), self.now, &mut self.told)
    }
}

fn spec(log: LogTarget, rotation: Rotation) -> OutputSpec {
    OutputSpec {
        log,
        rotation,
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    }
}

fn file(path: &Path) -> LogTarget {
    LogTarget::File(bytes(path))
}

fn bytes(path: &Path) -> BytePath {
    path.as_os_str().as_bytes().into()
}

fn before(max_bytes: u64, backups: u32) -> Rotation {
    Rotation::BeforeWrite { max_bytes: NonZeroU64::new(max_bytes).unwrap(), backups }
}

fn every(count: u32, unit: PeriodUnit) -> Rotation {
    let count = NonZeroU32::new(count).unwrap();
    Rotation::Periods(Periods { unit, count, zone: Zone::Utc, backups: 0 })
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}.{suffix}", path.display()))
}

/// Makes a file that was last changed in this second.
fn there_since(path: &Path, content: &str, second: i64) {
    fs::write(path, content).unwrap();
    let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(second).unwrap());
    fs::File::options().write(true).open(path).unwrap().set_modified(modified).unwrap();
}

/// The file and its old ones, newest first, until one is missing.
fn generations(path: &Path) -> Vec<Vec<u8>> {
    let mut found = vec![fs::read(path).unwrap()];
    while let Ok(old) = fs::read(beside(path, &found.len().to_string())) {
        found.push(old);
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn all_files_together_are_the_end_of_what_was_said_and_no_write_is_split(
        sizes in proptest::collection::vec(1_usize..9000, 1..20),
        max_bytes in 1_u64..20_000,
        backups in 0_u32..5,
        audience in prop_oneof![Just(Audience::None), Just(Audience::Chunks)],
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.log");
        let mut stream = Stream::new(&spec(file(&path), before(max_bytes, backups)), audience);
        let (mut said, mut starts) = (Vec::new(), vec![0]);
        for size in sizes {
            let text: Vec<u8> = (said.len()..said.len() + size).map(|at| at.to_le_bytes()[at % 3]).collect();
            for write in text.chunks(WRITE_BYTES_MAX) {
                said.extend_from_slice(write);
                starts.push(said.len());
            }
            stream.says(&text);
        }
        let files = generations(&path);
        prop_assert!(files.len() <= backups as usize + 1);
        let mut end = said.len();
        for kept in &files {
            prop_assert!(backups == 0 || kept.len() <= WRITE_BYTES_MAX || (kept.len() as u64) < max_bytes);
            let begin = end - kept.len();
            prop_assert_eq!(kept, &said[begin..end]);
            prop_assert!(starts.contains(&begin));
            end = begin;
        }
        prop_assert!(files.len() == backups as usize + 1 || end == 0);
    }
}

#[test]
fn streams_that_share_a_file_replace_it_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let spec = spec(file(&path), before(10, 5));
    let mut one = Stream::new(&spec, Audience::None);
    let mut other = Stream::new(&spec, Audience::Chunks);
    one.says("aaaa");
    other.says("bbbb");
    one.says("cccc");
    other.says("dddd");
    one.says("eeee");
    other.says("ffff");
    assert_eq!(generations(&path), [b"eeeeffff", b"ccccdddd", b"aaaabbbb"]);
}

#[test]
fn streams_that_share_a_period_replace_the_file_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let (morning, tomorrow) = (10 * 86_400 + 10, 11 * 86_400 + 10);
    there_since(&path, "", morning);
    let spec = spec(file(&path), every(1, PeriodUnit::Midnights));
    let [mut one, mut other, mut late] = [(); 3].map(|()| Stream::new(&spec, Audience::None));
    for stream in [&mut one, &mut other, &mut late] {
        stream.log.open().unwrap();
    }
    late.says_at(morning, "late ");
    let mut told = Vec::new();
    late.log.process_ended(WallTime(morning), &mut told);
    one.says_at(morning, "one ");
    other.says_at(morning, "other");
    one.says_at(tomorrow, "ONE ");
    other.says_at(tomorrow, "OTHER ");
    late.says_at(tomorrow, "LATE");
    assert_eq!(fs::read_to_string(beside(&path, "19700111")).unwrap(), "late one other");
    assert_eq!(fs::read_to_string(&path).unwrap(), "ONE OTHER LATE");
}

#[test]
fn a_period_ends_with_the_first_write_after_it_and_not_before() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let begun = 24 * 60 * 60;
    there_since(&path, "before ", begun);
    let mut stream = Stream::new(&spec(file(&path), every(2, PeriodUnit::Hours)), Audience::None);
    stream.log.open().unwrap();
    stream.says_at(begun + 7199, "in time");
    stream.now = WallTime((begun + 9000) * 1_000_000);
    assert_eq!(stream.pump(), Pumped::Empty);
    assert_eq!(fs::read_to_string(&path).unwrap(), "before in time");
    stream.says_at(begun + 9001, "the next");
    stream.says_at(begun + 9001 + 7199, " is as long");
    assert_eq!(fs::read_to_string(beside(&path, "1970010200")).unwrap(), "before in time");
    assert_eq!(fs::read_to_string(&path).unwrap(), "the next is as long");
    assert_eq!(stream.told, []);
}

#[test]
fn a_period_whose_name_is_taken_shares_a_file_with_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    there_since(&path, "one ", 1000);
    there_since(&beside(&path, "19700101001640"), "precious", 1000);
    let mut stream = Stream::new(&spec(file(&path), every(10, PeriodUnit::Seconds)), Audience::None);
    stream.log.open().unwrap();
    stream.says_at(1010, "two ");
    stream.says_at(1019, "three");
    stream.says_at(1020, "four");
    assert_eq!(fs::read_to_string(beside(&path, "19700101001640")).unwrap(), "precious");
    assert_eq!(fs::read_to_string(beside(&path, "19700101001650")).unwrap(), "one two three");
    assert_eq!(fs::read_to_string(&path).unwrap(), "four");
    assert_eq!(stream.told, []);
}

#[test]
fn a_file_whose_old_ones_cannot_be_moved_grows_on() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    fs::create_dir(beside(&path, "1")).unwrap();
    let mut stream = Stream::new(&spec(file(&path), before(10, 1)), Audience::None);
    for _ in 0..3 {
        stream.says("012345");
    }
    assert_eq!(fs::read(&path).unwrap().len(), 18);
    assert!(matches!(stream.told[..], [Told::Trouble(LogError::Rotate(..))]), "{:?}", stream.told);
    fs::remove_dir(beside(&path, "1")).unwrap();
    stream.says("0123456789");
    assert_eq!(generations(&path), [b"0123456789".to_vec(), b"012345".repeat(3)]);
}

#[test]
fn a_name_that_cannot_be_opened_keeps_the_moved_file_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("logs").join("web.log");
    let moved = directory.path().join("moved");
    fs::create_dir(path.parent().unwrap()).unwrap();
    let mut stream = Stream::new(&spec(LogTarget::Followed(bytes(&path)), Rotation::Never), Audience::None);
    stream.says("one ");
    fs::rename(path.parent().unwrap(), &moved).unwrap();
    stream.says("two ");
    stream.says("three");
    assert_eq!(fs::read_to_string(moved.join("web.log")).unwrap(), "one two three");
    assert!(matches!(stream.told[..], [Told::Trouble(LogError::Open(..))]), "{:?}", stream.told);
    fs::create_dir(path.parent().unwrap()).unwrap();
    stream.says("four");
    assert_eq!(fs::read_to_string(&path).unwrap(), "four");
}

#[test]
fn a_file_that_is_not_followed_is_written_wherever_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let mut stream = Stream::new(&spec(file(&path), Rotation::Never), Audience::None);
    stream.says("one ");
    fs::rename(&path, directory.path().join("moved")).unwrap();
    stream.says("two");
    assert_eq!(fs::read_to_string(directory.path().join("moved")).unwrap(), "one two");
    assert!(!path.exists());
}

#[test]
fn stamped_lines_for_a_slow_reader_are_all_whole_and_there_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let filter = OutputFilter::Stamped(Stamp { time: "T".into(), look: StampLook::Plain });
    let spec = OutputSpec { filter, ..spec(file(&path), Rotation::Never) };
    let mut stream = Stream::new(&spec, Audience::None);
    stream.log.open().unwrap();
    let said: Vec<u8> = (0..40_000).flat_map(|line| format!("{line:07}\n").into_bytes()).collect();
    let expected: Vec<u8> =
        (0..40_000).flat_map(|line| format!("T [7] | {line:07}\n").into_bytes()).collect();
    let mut rest = &said[..];
    let mut heard = Vec::new();
    let mut reader = fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    let mut was_held = false;
    while heard.len() < expected.len() {
        // Whole writes of the kind that lines are cut at, so that no line is.
        let whole = rest.len().min(WRITE_BYTES_MAX);
        if rustix::io::ioctl_fionread(&stream.pipe).unwrap() <= 32 << 10 && whole > 0 {
            rest = &rest[stream.program.write(&rest[..whole]).unwrap()..];
        }
        was_held |= stream.pump() == Pumped::Held;
        if was_held {
            let mut buffer = [0; 5000];
            let count = reader.read(&mut buffer).unwrap_or(0);
            heard.extend_from_slice(&buffer[..count]);
        }
    }
    assert!(heard == expected);
    assert_eq!(stream.told, []);
}

#[test]
fn what_nobody_looks_at_is_moved_by_the_kernel_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let policies = [
        (file(&path), Rotation::Never),
        (LogTarget::Followed(bytes(&path)), Rotation::Never),
        (file(&path), Rotation::AfterWrite { max_bytes: Some(100_000), backups: 2 }),
        (file(&path), before(100_000, 2)),
        (file(&path), every(1, PeriodUnit::Seconds)),
    ];
    for (log, rotation) in policies {
        let mut stream = Stream::new(&spec(log, rotation), Audience::None);
        stream.says("warm");
        let read_before = bytes_read_by_this_thread();
        for second in 0..20 {
            stream.says_at(4_000_000_000 + second, vec![b'x'; 60_000]);
        }
        let read = bytes_read_by_this_thread() - read_before;
        assert!(read < 10_000, "{rotation:?}: {read}");
    }
}

/// By `read` and the like; `splice` does not count.
fn bytes_read_by_this_thread() -> u64 {
    let io = fs::read_to_string("/proc/thread-self/io").unwrap();
    io.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}
