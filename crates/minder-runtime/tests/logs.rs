//! The log path with real pipes and real files.
//!
//! Long because each promise of the log path has its own pipe, file and fault, and they share their helpers.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use minder_core::ids::BytePath;
use minder_core::plan::{Echo, JournalSpec};
use minder_core::program::{Capture, LogTarget, OutputFilter, OutputSpec, Publish, Rotation, Syslog};
use minder_core::time::WallTime;
use minder_runtime::logs::{Audience, ChannelLog, FreshNames, Journal, LogError, Pumped, Told, clean_fresh};
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, prop_oneof, proptest};
use proptest::strategy::Just;
use rustix::pipe::PipeFlags;

const BEGIN: &str = "<!--XSUPERVISOR:BEGIN-->";
const END: &str = "<!--XSUPERVISOR:END-->";

/// What time it is does not matter to any of these.
const NOW: WallTime = WallTime(0);

/// A program's output: what is written into it, and the log that it ends in.
struct Stream {
    program: fs::File,
    pipe: OwnedFd,
    log: ChannelLog,
    told: Vec<Told>,
}

impl Stream {
    fn new(spec: &OutputSpec, audience: Audience) -> Self {
        let (pipe, program) = rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).unwrap();
        let log = ChannelLog::new(spec, "web", audience);
        Self { program: program.into(), pipe, log, told: Vec::new() }
    }

    fn says(&mut self, bytes: impl AsRef<[u8]>) -> Pumped {
        self.program.write_all(bytes.as_ref()).unwrap();
        self.pump()
    }

    fn pump(&mut self) -> Pumped {
        self.log.pump(self.pipe.as_fd(), NOW, &mut self.told)
    }

    fn ends(mut self) -> Vec<Told> {
        drop(self.program);
        assert_eq!(self.log.pump(self.pipe.as_fd(), NOW, &mut self.told), Pumped::Ended);
        self.log.process_ended(NOW, &mut self.told);
        self.told
    }
}

fn plain(path: &Path) -> OutputSpec {
    OutputSpec {
        log: LogTarget::File(bytes(path)),
        rotation: Rotation::Never,
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    }
}

fn rotated(path: &Path, max_bytes: u64, backups: u32) -> OutputSpec {
    OutputSpec { rotation: Rotation::AfterWrite { max_bytes: Some(max_bytes), backups }, ..plain(path) }
}

fn capturing(path: &Path, limit: u64) -> OutputSpec {
    let capture = Capture { limit, begin: BEGIN.as_bytes().into(), end: END.as_bytes().into() };
    OutputSpec { capture: Some(Box::new(capture)), ..plain(path) }
}

fn bytes(path: &Path) -> BytePath {
    path.as_os_str().as_bytes().into()
}

fn numbered(path: &Path, number: usize) -> PathBuf {
    PathBuf::from(format!("{}.{number}", path.display()))
}

fn chunk(text: &[u8]) -> Told {
    Told::Chunk(text.to_vec())
}

/// The file and its old ones, newest first, until one is missing.
fn generations(path: &Path) -> Vec<Vec<u8>> {
    let mut found = vec![fs::read(path).unwrap()];
    while let Ok(old) = fs::read(numbered(path, found.len())) {
        found.push(old);
    }
    found
}

/// The rule of the specification, on vectors.
fn rotation_model(chunks: &[Vec<u8>], max_bytes: u64, backups: usize) -> Vec<Vec<u8>> {
    let mut files = vec![Vec::new()];
    for chunk in chunks {
        files[0].extend_from_slice(chunk);
        if files[0].len() as u64 >= max_bytes {
            files.insert(0, Vec::new());
            files.truncate(backups + 1);
        }
    }
    files
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn files_are_replaced_as_the_model_says(
        sizes in proptest::collection::vec(1_usize..3000, 1..20),
        max_bytes in 1_u64..5000,
        backups in 0_u32..4,
        audience in prop_oneof![Just(Audience::None), Just(Audience::Chunks)],
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.log");
        let mut stream = Stream::new(&rotated(&path, max_bytes, backups), audience);
        let chunks: Vec<_> = (b'a'..).zip(sizes).map(|(letter, size)| vec![letter; size]).collect();
        for chunk in &chunks {
            prop_assert_eq!(stream.says(chunk), Pumped::Empty);
        }
        let model = rotation_model(&chunks, max_bytes, backups as usize);
        prop_assert_eq!(generations(&path), model);
        prop_assert_eq!(fs::read_dir(directory.path()).unwrap().count(), generations(&path).len());
    }

    #[test]
    fn marks_are_found_however_reads_cut_the_stream(
        words in proptest::collection::vec(
            prop_oneof![
                Just(BEGIN.to_owned()), Just(END.to_owned()), Just("<!--XSUPERVISOR:".to_owned()),
                Just("<".to_owned()), "[a-z]{0,30}",
            ],
            0..12,
        ),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
    ) {
        let text = words.concat();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.log");
        let mut stream = Stream::new(&capturing(&path, 1 << 20), Audience::None);
        stream.log.open().unwrap();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.sort_unstable();
        let mut from = 0;
        for to in cuts.into_iter().chain([text.len()]) {
            stream.says(&text[from..to]);
            from = to;
        }
        let (kept, captured) = capture_model(&text);
        prop_assert_eq!(stream.ends(), captured);
        prop_assert_eq!(fs::read_to_string(&path).unwrap(), kept);
    }
}

fn capture_model(text: &str) -> (String, Vec<Told>) {
    let (mut kept, mut captured) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        kept.push_str(before);
        let Some((marked, after)) = after.split_once(END) else { return (kept, captured) };
        captured.push(Told::Captured(marked.into()));
        rest = after;
    }
    kept.push_str(rest);
    (kept, captured)
}

/// Recorded from Supervisor 4.3.0 with the same writes, but for the last two, which come too late for it.
#[test]
fn a_conversation_with_marks_and_colours_is_told_as_the_original_tells_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cap.log");
    let spec =
        OutputSpec { filter: OutputFilter::StripAnsi, publish: Publish::Chunks, ..capturing(&path, 40) };
    let mut stream = Stream::new(&spec, Audience::Chunks);
    for said in [
        "before<!--XSUPERVISOR:BEGIN-->0123456789abcdefghijABCDEFGHIJ<!--XSUPERVISOR:END-->after it, long enough",
        "<!--XSUPERVISOR:BEGIN-->",
        "0123456789012345678901234567890",
        "abcdefgabcdefgabcdefgabcdefg<!--XSUPERVISOR:E",
        "ND--> tail \x1b[31mred\x1b[0m and more of it here",
        "\x1b[31m\x1b[0m\x1b[31m\x1b[0m\x1b[31m\x1b[0m\x1b[31m",
        "<!--XSUPERVISOR:BEGIN--> never ended, but quite long indeed",
        END,
        "short",
    ] {
        stream.says(said);
    }
    let expected = [
        chunk(b"before"),
        chunk(b"0123456789abcdefghijABCDEFGHIJ"),
        Told::Captured(b"0123456789abcdefghijABCDEFGHIJ".to_vec()),
        chunk(b"after it, long enough"),
        chunk(b"0123456789012345678901234567890"),
        chunk(b"abcdefgabcdefgabcdefgabcdefg"),
        Told::Captured(b"890abcdefgabcdefgabcdefgabcdefg".to_vec()),
        chunk(b" tail red and more of it here"),
        chunk(b""),
        chunk(b" never ended, but quite long indeed"),
        Told::Captured(b" never ended, but quite long indeed".to_vec()),
        chunk(b"short"),
    ];
    assert_eq!(stream.ends(), expected);
    let kept = "beforeafter it, long enough tail red and more of it hereshort";
    assert_eq!(fs::read_to_string(path).unwrap(), kept);
}

#[test]
fn numbered_lines_all_arrive_through_many_rotations() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let mut stream = Stream::new(&rotated(&path, 50_000, 1000), Audience::None);
    let lines = 0..200_000_u32;
    let mut program = std::io::BufWriter::new(stream.program.try_clone().unwrap());
    rustix::io::ioctl_fionbio(&stream.program, false).unwrap();
    rustix::io::ioctl_fionbio(&stream.pipe, true).unwrap();
    let writer = std::thread::spawn({
        let lines = lines.clone();
        move || {
            for line in lines {
                writeln!(program, "{line}").unwrap();
            }
            program.flush().unwrap();
        }
    });
    stream.program = fs::File::open("/dev/null").unwrap();
    loop {
        match stream.pump() {
            Pumped::Ended => break,
            Pumped::More => {}
            Pumped::Held => panic!("a file is never full for a while"),
            Pumped::Empty => {
                let mut poll = [rustix::event::PollFd::new(&stream.pipe, rustix::event::PollFlags::IN)];
                rustix::event::poll(&mut poll, None).unwrap();
            }
        }
    }
    writer.join().unwrap();
    let files = generations(&path);
    assert!(files.len() > 3);
    assert!(files.iter().all(|file| file.len() < 50_000 + (128 << 10)));
    let kept: Vec<_> = files.into_iter().rev().flatten().collect();
    let expected: String = lines.map(|line| format!("{line}\n")).collect();
    assert!(kept == expected.into_bytes());
    assert_eq!(stream.told, []);
}

#[test]
fn two_streams_share_a_file_and_somebody_may_cut_it_short() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("both.log");
    let mut out = Stream::new(&plain(&path), Audience::None);
    let mut err = Stream::new(&plain(&path), Audience::Chunks);
    out.says("one ");
    err.says("two ");
    out.says("three ");
    err.says("four");
    assert_eq!(fs::read_to_string(&path).unwrap(), "one two three four");
    fs::write(&path, "").unwrap();
    out.says("five ");
    err.says("six");
    assert_eq!(fs::read_to_string(&path).unwrap(), "five six");
}

#[test]
fn streams_that_share_a_file_share_its_rotation() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("both.log");
    let mut out = Stream::new(&rotated(&path, 10, 5), Audience::None);
    let mut err = Stream::new(&rotated(&path, 10, 5), Audience::None);
    err.says("ab");
    out.says("0123456789");
    err.says("cd");
    out.says("ef");
    err.says("gh");
    assert_eq!(generations(&path), [&b"efgh"[..], b"ab0123456789cd"]);
}

#[test]
fn a_directory_in_the_way_stops_rotation_not_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    fs::create_dir(numbered(&path, 1)).unwrap();
    let mut stream = Stream::new(&rotated(&path, 10, 1), Audience::None);
    for _ in 0..5 {
        stream.says("0123456789");
    }
    assert_eq!(fs::read(&path).unwrap().len(), 50);
    let [Told::Trouble(LogError::Rotate(unmoved, _))] = &stream.told[..] else { panic!("{:?}", stream.told) };
    assert_eq!(unmoved, &bytes(&path));
    fs::remove_dir(numbered(&path, 1)).unwrap();
    stream.says("0123456789");
    assert_eq!(generations(&path), [vec![], b"0123456789".repeat(6)]);
}

#[test]
fn a_directory_among_the_old_ones_is_moved_like_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    fs::create_dir(numbered(&path, 1)).unwrap();
    fs::write(numbered(&path, 2), "old").unwrap();
    let mut stream = Stream::new(&rotated(&path, 10, 2), Audience::None);
    stream.says("0123456789");
    assert!(numbered(&path, 2).is_dir());
    assert_eq!(fs::read(numbered(&path, 1)).unwrap(), b"0123456789");
    assert_eq!(stream.told, []);
}

#[test]
fn what_cannot_be_written_is_dropped_and_counted_and_told_once() {
    for audience in [Audience::None, Audience::Chunks] {
        let mut stream = Stream::new(&plain(Path::new("/dev/full")), audience);
        stream.log.open().unwrap();
        for _ in 0..3 {
            assert_eq!(stream.says(vec![b'x'; 60_000]), Pumped::Empty);
        }
        stream.told.retain(|told| !matches!(told, Told::Chunk(_)));
        let [Told::Trouble(LogError::Write(path, errno))] = &stream.told[..] else {
            panic!("{:?}", stream.told)
        };
        assert_eq!((path.as_bytes(), errno.0), (&b"/dev/full"[..], libc::ENOSPC));
    }
}

/// A small file system of its own, where we may make one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new() -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let mounted = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(directory.path())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(directory))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_stops_the_log_until_there_is_room_again() {
    let Some(disk) = SmallDisk::new() else { return };
    for audience in [Audience::None, Audience::Chunks] {
        let path = disk.0.path().join("web.log");
        let ballast = disk.0.path().join("ballast");
        fs::write(&ballast, vec![0; 40 << 10]).unwrap();
        let mut stream = Stream::new(&plain(&path), audience);
        for _ in 0..4 {
            assert_eq!(stream.says(vec![b'x'; 20_000]), Pumped::Empty);
        }
        fs::remove_file(&ballast).unwrap();
        stream.says("there is room");
        stream.told.retain(|told| !matches!(told, Told::Chunk(_)));
        let [Told::Trouble(LogError::Write(..)), Told::Recovered { lost }] = stream.told[..] else {
            panic!("{:?}", stream.told)
        };
        let kept = fs::read(&path).unwrap();
        assert!(kept.ends_with(b"there is room"));
        assert_eq!(kept.len() as u64 + lost, 80_000 + 13);
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_reader_that_is_slow_holds_the_program_and_loses_nothing() {
    for filter in [OutputFilter::Raw, OutputFilter::StripAnsi] {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        let mut stream = Stream::new(&OutputSpec { filter, ..rotated(&path, 10, 3) }, Audience::None);
        stream.log.open().unwrap();
        let said: Vec<u8> = (0..60_000).flat_map(|line| format!("{line}\n").into_bytes()).collect();
        let mut rest = &said[..];
        let mut heard = Vec::new();
        let mut reader =
            fs::OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        let mut was_held = false;
        while heard.len() < said.len() {
            if let Ok(count) = stream.program.write(rest) {
                rest = &rest[count..];
            }
            was_held |= stream.pump() == Pumped::Held;
            if was_held {
                let mut buffer = [0; 5000];
                let count = reader.read(&mut buffer).unwrap_or(0);
                heard.extend_from_slice(&buffer[..count]);
            }
        }
        assert!(heard == said);
        assert_eq!(stream.told, []);
    }
}

#[test]
fn one_loud_program_does_not_keep_others_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let mut stream = Stream::new(&plain(&path), Audience::Chunks);
    rustix::pipe::fcntl_setpipe_size(&stream.program, 1 << 20).unwrap();
    assert_eq!(stream.says(vec![b'x'; 1 << 20]), Pumped::More);
    assert_eq!(stream.pump(), Pumped::Empty);
    assert_eq!(fs::metadata(path).unwrap().len(), 1 << 20);
}

#[test]
fn without_a_file_the_program_is_read_all_the_same() {
    let nowhere = OutputSpec { log: LogTarget::Nowhere, ..plain(Path::new("")) };
    for audience in [Audience::None, Audience::Chunks] {
        let mut stream = Stream::new(&nowhere, audience);
        stream.log.open().unwrap();
        assert_eq!(stream.says("hello"), Pumped::Empty);
        assert_eq!(stream.log.path(), None);
        let expected = match audience {
            Audience::None => vec![],
            Audience::Chunks => vec![chunk(b"hello")],
        };
        assert_eq!(stream.ends(), expected);
    }
}

#[test]
fn who_talks_with_a_program_hears_it_unfiltered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("listener.log");
    let spec = OutputSpec { filter: OutputFilter::StripAnsi, publish: Publish::Dialogue, ..plain(&path) };
    let mut stream = Stream::new(&spec, Audience::Chunks);
    stream.says("\x1b[1mREADY\n");
    assert_eq!(stream.ends(), [chunk(b"\x1b[1mREADY\n")]);
    assert_eq!(fs::read(path).unwrap(), b"READY\n");
}

#[test]
fn a_log_that_cannot_be_opened_says_why_and_is_tried_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("not-yet").join("web.log");
    let mut stream = Stream::new(&plain(&path), Audience::None);
    let error = stream.log.open().unwrap_err();
    assert_eq!(error, LogError::Open(bytes(&path), minder_core::ids::Errno(libc::ENOENT)));
    let text = error.to_string().replace(&*path.to_string_lossy(), "PATH");
    assert_eq!(text, "cannot open the log `PATH`: No such file or directory (os error 2)");
    stream.says("lost");
    fs::create_dir(directory.path().join("not-yet")).unwrap();
    stream.says("kept");
    assert_eq!(fs::read(&path).unwrap(), b"kept");
    // Whoever opened it was told, and nobody is told again.
    assert_eq!(stream.ends(), [Told::Recovered { lost: 4 }]);
}

#[test]
fn a_log_that_is_removed_is_made_again_or_drops_and_counts() {
    let directory = tempfile::tempdir().unwrap();
    let logs = directory.path().join("logs");
    let path = logs.join("web.log");
    fs::create_dir(&logs).unwrap();
    let mut stream = Stream::new(&plain(&path), Audience::None);
    stream.says("one");
    fs::remove_file(&path).unwrap();
    stream.says("two");
    assert_eq!(fs::read(&path).unwrap(), b"two");
    fs::remove_dir_all(&logs).unwrap();
    stream.says("lost");
    stream.says("lost too");
    fs::create_dir(&logs).unwrap();
    stream.says("kept");
    assert_eq!(fs::read(&path).unwrap(), b"kept");
    let gone = LogError::Gone(bytes(&path), minder_core::ids::Errno(libc::ENOENT));
    assert_eq!(stream.ends(), [Told::Trouble(gone), Told::Recovered { lost: 12 }]);
}

#[test]
fn a_log_is_appended_to_reopened_and_cleared() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let moved = directory.path().join("moved");
    fs::write(&path, "before ").unwrap();
    let mut stream = Stream::new(&plain(&path), Audience::None);
    stream.says("one ");
    fs::rename(&path, &moved).unwrap();
    stream.says("two");
    stream.log.reopen().unwrap();
    stream.says("three");
    assert_eq!(fs::read(&moved).unwrap(), b"before one two");
    assert_eq!(fs::read(&path).unwrap(), b"three");
    stream.log.clear().unwrap();
    stream.says("four");
    assert_eq!(fs::read(&path).unwrap(), b"four");
    let mut told = Vec::new();
    stream.log.process_ended(NOW, &mut told);
    stream.log.clear().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(told, []);
}

#[test]
fn a_log_that_was_removed_is_there_again_when_a_process_starts() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("web.log");
    let mut stream = Stream::new(&plain(&path), Audience::None);
    stream.log.open().unwrap();
    fs::remove_file(&path).unwrap();
    stream.log.open().unwrap();
    stream.log.write(b"a note", NOW, &mut stream.told);
    assert_eq!(fs::read(&path).unwrap(), b"a note");
    assert_eq!(stream.ends(), []);
}

#[test]
fn an_automatic_name_is_private_and_remembered_and_cleaned_up() {
    let directory = tempfile::tempdir().unwrap();
    let spec = OutputSpec {
        log: LogTarget::Fresh {
            directory: bytes(directory.path()),
            prefix: (*b"web-stdout---sup-").into(),
            suffix: (*b".log").into(),
        },
        ..rotated(Path::new(""), 10, 1)
    };
    let mut stream = Stream::new(&spec, Audience::None);
    assert_eq!(stream.log.path(), None);
    stream.log.choose_path(None).unwrap();
    let name = stream.log.path().unwrap().clone();
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(name.as_bytes()));
    let file_name = path.file_name().unwrap().to_str().unwrap();
    let random = file_name.strip_prefix("web-stdout---sup-").unwrap().strip_suffix(".log").unwrap();
    assert_eq!(random.len(), 8);
    assert!(random.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    stream.says("0123456789");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);

    let mut later = Stream::new(&spec, Audience::None);
    later.log.choose_path(Some(name)).unwrap();
    later.says("more");
    assert_eq!(generations(&path), [&b"more"[..], b"0123456789"]);

    fs::write(directory.path().join("precious.log"), "").unwrap();
    let names = FreshNames { infix: (*b"---sup-").into(), suffix: (*b".log").into() };
    assert_eq!(clean_fresh(&bytes(directory.path()), &names), Ok(vec![]));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    let missing = bytes(&directory.path().join("missing"));
    assert!(matches!(clean_fresh(&missing, &names), Err(LogError::List(..))));
}

#[test]
fn the_journal_is_kept_small_reopened_and_cleared() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("minder.log");
    let spec = JournalSpec {
        log: LogTarget::File(bytes(&path)),
        rotation: Rotation::AfterWrite { max_bytes: Some(20), backups: 2 },
        echo: Echo::Off,
        syslog: None,
    };
    let mut journal = Journal::new(&spec);
    journal.open().unwrap();
    let mut told = Vec::new();
    for line in ["first line is this\n", "second\n", "third\n"] {
        journal.write(line.as_bytes());
    }
    journal.flush(&mut told);
    assert_eq!(generations(&path), [&b"third\n"[..], b"first line is this\nsecond\n"]);
    fs::rename(&path, directory.path().join("moved")).unwrap();
    journal.reopen(&mut told).unwrap();
    journal.write(b"fourth\n");
    journal.flush(&mut told);
    assert_eq!(fs::read(&path).unwrap(), b"fourth\n");
    journal.clear(&mut told).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"");
    assert_eq!(journal.path(), Some(&bytes(&path)));
    assert_eq!(told, []);
}
