//! The log path under `kill -9`: this program starts itself again and again as the one that moves bytes, and each of
//! those is killed at some moment.

use std::fs;
use std::hint::spin_loop;
use std::io::Write;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use minder_core::program::{LogTarget, OutputFilter, OutputSpec, Publish, Rotation, Syslog};
use minder_core::time::WallTime;
use minder_runtime::logs::{Audience, ChannelLog, Pumped};
use rustix::event::{PollFd, PollFlags};
use rustix::pipe::PipeFlags;
use rustix::process::{Signal, getpid, kill_process};

const LOG: &str = "LOGS_KILLED_LOG";
const WAY: &str = "LOGS_KILLED_WAY";
const SPINS: &str = "LOGS_KILLED_SPINS";
const LINES: u32 = 1_000_000;
const RUNS: u64 = 40;

/// How bytes go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    /// Moved, and the file is looked at afterwards.
    Moved,
    /// Moved, and the file is looked at before.
    MovedIfThereIsRoom,
    /// Looked at.
    Copied,
    /// Cut into writes.
    CopiedIfThereIsRoom,
}

/// Not a test by itself: moves standard input into a log until it is killed, or has moved all.
#[test]
fn mover() {
    let Some(path) = std::env::var_os(LOG) else { return };
    if let Ok(spins) = std::env::var(SPINS) {
        let spins: u64 = spins.parse().unwrap();
        std::thread::spawn(move || {
            (0..spins).for_each(|_| spin_loop());
            kill_process(getpid(), Signal::KILL).unwrap();
        });
    }
    let after = Rotation::AfterWrite { max_bytes: Some(300_000), backups: 1000 };
    let before = Rotation::BeforeWrite { max_bytes: NonZeroU64::new(300_000).unwrap(), backups: 1000 };
    let way = std::env::var(WAY).unwrap();
    let (rotation, filter) = match way.as_str() {
        "Moved" => (after, OutputFilter::Raw),
        "MovedIfThereIsRoom" => (before, OutputFilter::Raw),
        "Copied" => (after, OutputFilter::StripAnsi),
        "CopiedIfThereIsRoom" => (before, OutputFilter::StripAnsi),
        _ => panic!("{way}"),
    };
    let spec = OutputSpec {
        log: LogTarget::File(path.as_bytes().into()),
        rotation,
        syslog: Syslog::Off,
        filter,
        capture: None,
        publish: Publish::Silent,
    };
    let mut log = ChannelLog::new(&spec, "web", Audience::None);
    let mut told = Vec::new();
    let pipe = rustix::stdio::stdin();
    loop {
        match log.pump(pipe, WallTime(0), &mut told) {
            Pumped::Ended => break,
            Pumped::More | Pumped::Held => {}
            Pumped::Empty => {
                rustix::event::poll(&mut [PollFd::new(&pipe, PollFlags::IN)], None).unwrap();
            }
        }
    }
    assert_eq!(told, []);
}

/// Writes numbered lines of eight bytes through movers that die, and returns what is in the log then.
fn survivors(path: &Path, way: Way) -> Vec<u8> {
    let (pipe, program) = rustix::pipe::pipe_with(PipeFlags::CLOEXEC).unwrap();
    rustix::io::ioctl_fionbio(&pipe, true).unwrap();
    let writer = std::thread::spawn(move || {
        let mut program = std::io::BufWriter::new(fs::File::from(program));
        (0..LINES).for_each(|line| writeln!(program, "{line:07}").unwrap());
        program.flush().unwrap();
    });
    let start = |spins: Option<u64>| {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "mover"]).env(LOG, path).env(WAY, format!("{way:?}")).stdout(Stdio::null());
        if let Some(spins) = spins {
            command.env(SPINS, spins.to_string());
        }
        let input: OwnedFd = pipe.try_clone().unwrap();
        command.stdin(input).status().unwrap()
    };
    let mut random = 1_u64;
    for _ in 0..RUNS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        start(Some(random >> 46));
    }
    assert!(start(None).success());
    writer.join().unwrap();
    let mut old: Vec<Vec<u8>> = (1..=1000)
        .map(|number| format!("{}.{number}", path.display()))
        .filter_map(|name| fs::read(name).ok())
        .collect();
    old.reverse();
    old.push(fs::read(path).unwrap());
    old.concat()
}

fn is_exactly_once(way: Way) {
    let directory = tempfile::tempdir().unwrap();
    let kept = survivors(&directory.path().join("web.log"), way);
    let expected: String = (0..LINES).map(|line| format!("{line:07}\n")).collect();
    assert!(kept == expected.as_bytes());
}

fn is_at_least_once_and_in_order(way: Way) {
    let directory = tempfile::tempdir().unwrap();
    let kept = survivors(&directory.path().join("web.log"), way);
    let mut next = 0;
    for line in String::from_utf8(kept).unwrap().lines() {
        let line: u32 = line.parse().unwrap();
        assert!(line <= next, "{next} is missing: after it comes {line}");
        next = next.max(line + 1);
    }
    assert_eq!(next, LINES);
}

#[test]
fn bytes_that_nobody_looks_at_are_there_exactly_once() {
    is_exactly_once(Way::Moved);
}

#[test]
fn bytes_that_are_moved_when_there_is_room_are_there_exactly_once() {
    is_exactly_once(Way::MovedIfThereIsRoom);
}

#[test]
fn bytes_that_are_looked_at_are_there_at_least_once_and_in_order() {
    is_at_least_once_and_in_order(Way::Copied);
}

#[test]
fn bytes_that_are_cut_into_writes_are_there_at_least_once_and_in_order() {
    is_at_least_once_and_in_order(Way::CopiedIfThereIsRoom);
}
