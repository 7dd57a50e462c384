//! Logs that go to what minder was started with: a pipe, a socket, a file that a shell made. Each test starts this
//! program again, as the one that writes.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use minder_core::plan::{Echo, JournalSpec};
use minder_core::program::{LogTarget, OutputFilter, OutputSpec, Publish, Rotation, Syslog};
use minder_core::time::WallTime;
use minder_runtime::logs::{Audience, ChannelLog, Journal};

const WRITER: &str = "LOGS_STDOUT_WRITER";
const KEEP: &str = "keep";
const CLEAR: &str = "clear";
const WRITTEN: &str = "echo 1\nprogram 1\nother 1\necho 2\nprogram 2\nother 2\necho 3\nprogram 3\nother 3\n";

/// Not a test by itself: writes lines to standard output in three ways when it is started as the writer.
#[test]
fn writer() {
    let Ok(ending) = std::env::var(WRITER) else { return };
    // A rotation is asked for on purpose: what minder was started with is not ours to rename.
    let rotation = Rotation::AfterWrite { max_bytes: Some(5), backups: 1 };
    let mut journal =
        Journal::new(&JournalSpec { log: LogTarget::Nowhere, rotation, echo: Echo::Stdout, syslog: None });
    let spec = OutputSpec {
        log: LogTarget::File((*b"/dev/stdout").into()),
        rotation,
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    };
    let mut log = ChannelLog::new(&spec, "web", Audience::None);
    log.open().unwrap();
    let mut other = fs::File::from(rustix::io::dup(rustix::stdio::stdout()).unwrap());
    let mut told = Vec::new();
    for round in 1..=3 {
        journal.write(format!("echo {round}\n").as_bytes());
        journal.flush(&mut told);
        log.write(format!("program {round}\n").as_bytes(), WallTime(0), &mut told);
        writeln!(other, "other {round}").unwrap();
    }
    if ending == CLEAR {
        log.clear().unwrap();
    }
    assert_eq!(told, []);
}

fn start_writer(stdout: impl Into<Stdio>, ending: &str) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--nocapture"])
        .env(WRITER, ending)
        .stdout(stdout)
        .spawn()
        .unwrap()
}

#[test]
fn a_pipe_gets_every_line_in_order() {
    let mut writer = start_writer(Stdio::piped(), CLEAR);
    let mut heard = String::new();
    writer.stdout.take().unwrap().read_to_string(&mut heard).unwrap();
    assert!(writer.wait().unwrap().success());
    assert!(heard.contains(WRITTEN), "{heard}");
}

#[test]
fn a_socket_gets_every_line_in_order() {
    let (mut ours, theirs) = UnixStream::pair().unwrap();
    let mut writer = start_writer(OwnedFd::from(theirs), CLEAR);
    let mut heard = String::new();
    ours.read_to_string(&mut heard).unwrap();
    assert!(writer.wait().unwrap().success());
    assert!(heard.contains(WRITTEN), "{heard}");
}

#[test]
fn a_file_gets_every_line_in_order_and_is_emptied_when_cleared() {
    for (append, ending) in [(false, KEEP), (true, KEEP), (false, CLEAR), (true, CLEAR)] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out");
        let file = fs::OpenOptions::new().create(true).write(true).append(append).open(&path).unwrap();
        assert!(start_writer(file, ending).wait().unwrap().success());
        let left = fs::read_to_string(&path).unwrap();
        assert_eq!(left.contains(WRITTEN), ending == KEEP, "{left}");
        assert_eq!(left.contains("program"), ending == KEEP, "{left}");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
