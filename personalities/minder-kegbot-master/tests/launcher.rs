//! The launcher as a program, with small shell scripts in the place of Kegbot's daemons. They
//! are real processes; a keg that goes kills what its pidfiles name.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// A daemon like Kegbot's: it checks its flags, forks, writes the pidfile when it is up, and removes it at the end. The pidfile
/// is named by the flag; a fifo beside the scripts makes the caller wait until the pidfile is there.
const DAEMON: &str = r#"#!/bin/sh
for word in "$@"; do
  case "$word" in --pidfile=*) pidfile=${word#--pidfile=};; esac
done
echo "$0 $*" >> "$(dirname "$0")/calls"
pipe="$pidfile.up"; mkfifo "$pipe"
(
  exec </dev/null >/dev/null 2>&1
  trap 'rm -f "$pidfile"; exit' TERM
  self=$(exec sh -c 'echo $PPID'); echo $self > "$pidfile"; echo up > "$pipe"
  sleep 1000 & trap 'rm -f "$pidfile"; kill $!; exit' TERM
  wait
) &
read up < "$pipe"; rm "$pipe"
"#;

struct Keg {
    place: tempfile::TempDir,
}

impl Keg {
    fn new(config: &str) -> Self {
        let keg = Self { place: tempfile::tempdir().unwrap() };
        fs::write(keg.path("keg.cfg"), config).unwrap();
        let built = std::env::current_exe().unwrap();
        let built = built.parent().and_then(Path::parent).unwrap().join("examples/kegbot_master");
        std::os::unix::fs::symlink(built, keg.path("kegbot_master.py")).unwrap();
        for name in ["kegbot_core.py", "kegboard_daemon.py"] {
            keg.script(name, DAEMON);
        }
        keg
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn script(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run_with(&self, words: &[&str]) -> Output {
        Command::new(self.path("kegbot_master.py"))
            .args(words)
            .current_dir(self.place.path())
            .env_remove("VERBOSE")
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Exit status and standard output, with the directory as `KEG`, pids as `PID` and without the times of lines.
    fn run(&self, command: &str) -> (Option<i32>, String) {
        let directory = self.place.path().display();
        let (pidfiles, logfiles) =
            (format!("--pidfile_dir={directory}"), format!("--logfile_dir={directory}"));
        let output = self.run_with(&["--master_config=keg.cfg", &pidfiles, &logfiles, command]);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        (output.status.code(), self.plain(&String::from_utf8_lossy(&output.stdout)))
    }

    fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.place.path().display().to_string(), "KEG");
        let lines = text.lines().map(|line| match line.split_once(" (master) ") {
            Some((head, text)) => format!("{} {text}\n", head.split_whitespace().nth(2).unwrap()),
            None => format!("{line}\n"),
        });
        let mut text: String = lines.collect();
        for name in ["kegbot_core", "kegboard_daemon", "child"] {
            if let Some(pid) = self.pid(name) {
                text = text.replace(&format!("({pid})"), "(PID)");
            }
        }
        text
    }

    fn pid(&self, name: &str) -> Option<i32> {
        self.text(&format!("{name}.pid")).trim().parse().ok()
    }
}

impl Drop for Keg {
    fn drop(&mut self) {
        for name in ["kegbot_core", "kegboard_daemon", "child"] {
            if let Some(pid) = self.pid(name).and_then(Pid::from_raw) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

const TWO: &str =
    "[kegbot_core]\n_enabled = True\napi_key = 'a  b'\n\n[kegboard_daemon]\n_enabled: yes\n[lcd_daemon]\n";

#[test]
fn programs_start_show_that_they_run_and_stop() {
    let keg = Keg::new(TWO);
    let nothing = "Status:\n             kegbot_core : stopped\n         kegboard_daemon : stopped\n";
    assert_eq!(keg.run("status"), (Some(0), nothing.to_owned()));
    let (status, log) = keg.run("start");
    assert_eq!(status, Some(0), "{log}");
    insta::assert_snapshot!(log);
    let running =
        "Status:\n             kegbot_core : running (PID)\n         kegboard_daemon : running (PID)\n";
    assert_eq!(keg.run("status"), (Some(0), running.to_owned()));
    let (status, log) = keg.run("stop");
    assert_eq!(status, Some(0));
    insta::assert_snapshot!(log);
    assert_eq!(keg.run("status"), (Some(0), nothing.to_owned()));
    assert!(keg.text("calls").contains("--api_key=a  b "), "the shell takes the quotes off");
}

#[test]
fn the_first_program_that_fails_ends_the_start() {
    let keg = Keg::new(TWO);
    keg.script("kegbot_core.py", "#!/bin/sh\necho one; echo two >&2; exit 3\n");
    let (status, log) = keg.run("start");
    assert_eq!(status, Some(1));
    insta::assert_snapshot!(log);
    assert_eq!(keg.pid("kegboard_daemon"), None);
}

#[test]
fn a_program_that_is_not_there_is_told_by_the_shell() {
    let keg = Keg::new("[no_such_program]\n_enabled = 1\n");
    let (status, log) = keg.run("start");
    assert_eq!(status, Some(1));
    assert!(log.contains(
        "ERROR Error starting no_such_program: 32512\nERROR Output was:\nERROR <no_such_program>  "
    ));
}

#[test]
fn a_program_that_keeps_its_output_open_does_not_hold_the_start_up() {
    let keg = Keg::new("[child]\n_enabled = 1\n_program_name = ./child.sh\n");
    keg.script("child.sh", "#!/bin/sh\nsleep 1000 &\necho $! > child.pid\n");
    let (status, log) = keg.run("start");
    assert_eq!(status, Some(0));
    assert!(log.ends_with("INFO Started child OK\n"));
}

#[test]
fn stale_and_broken_pidfiles_are_told_apart_and_left_alone() {
    let keg = Keg::new("[gone]\n_enabled=1\n[odd]\n_enabled=1\n[zero]\n_enabled=1\n[all]\n_enabled=1\n");
    let mut ended = Command::new("true").spawn().unwrap();
    let pid = ended.id();
    ended.wait().unwrap();
    for (name, text) in
        [("gone", format!("{pid}\n")), ("odd", "x1".into()), ("zero", "0".into()), ("all", "-1".into())]
    {
        fs::write(keg.path(&format!("{name}.pid")), text).unwrap();
    }
    let (status, text) = keg.run("status");
    assert_eq!(status, Some(0));
    let expected = format!(
        "Status:\n{:>24} : died ({pid})\n{:>24} : unknown\n{:>24} : unknown\n{:>24} : unknown\n",
        "gone", "odd", "zero", "all"
    );
    assert_eq!(text, expected);
    let (status, log) = keg.run("stop");
    assert_eq!(status, Some(1));
    insta::assert_snapshot!(log);
    assert_eq!(keg.text("gone.pid"), format!("{pid}\n"));
}

#[test]
fn a_program_that_bears_the_request_is_killed() {
    let keg = Keg::new("[child]\n_enabled = 1\n");
    let mut child = Command::new("/bin/sh")
        .args(["-c", "trap '' TERM; echo up; exec sleep 1000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut output, &mut line).unwrap();
    fs::write(keg.path("child.pid"), child.id().to_string()).unwrap();
    let (status, log) = keg.run("stop");
    child.wait().unwrap();
    assert_eq!(status, Some(0));
    insta::assert_snapshot!(log);
}

#[test]
fn a_process_that_nobody_reaps_counts_as_dead() {
    let keg = Keg::new("[child]\n_enabled = 1\n");
    let mut child = Command::new("true").spawn().unwrap();
    let process = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).unwrap();
    poll(&mut [PollFd::new(&process, PollFlags::IN)], None).unwrap();
    fs::write(keg.path("child.pid"), child.id().to_string()).unwrap();
    assert_eq!(keg.run("status").1, "Status:\n                   child : died (PID)\n");
    child.wait().unwrap();
}

#[test]
fn configtest_shows_the_commands_of_the_sample() {
    let config = include_str!("sample.cfg");
    let keg = Keg::new(config);
    let output = keg.run_with(&["--master_config=keg.cfg", "configtest"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(String::from_utf8_lossy(&output.stdout));
}

#[test]
fn a_bad_file_is_refused_by_every_command_and_nothing_is_done() {
    let keg = Keg::new(
        "[kegbot_core]\n_enabled = maybe\nprice = 5%\n[kegboard_daemon]\n_enabled = True\nx = %(nme)s\n",
    );
    for command in ["start", "stop", "status", "configtest"] {
        let output = keg.run_with(&["--master_config=keg.cfg", command]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        let text = String::from_utf8_lossy(&output.stderr);
        for place in ["keg.cfg:2:12: ", "keg.cfg:3:10: ", "keg.cfg:6:5: "] {
            assert!(text.contains(place), "{text}");
        }
    }
}

#[test]
fn a_missing_file_has_no_programs_and_is_told() {
    let keg = Keg::new("");
    let output = keg.run_with(&["--master_config=none.cfg", "status"]);
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(0), &b"Status:\n"[..]));
    assert!(String::from_utf8_lossy(&output.stderr).contains("none.cfg"));
}

#[test]
fn the_usage_is_for_everything_but_one_known_word() {
    let keg = Keg::new(TWO);
    for words in [&[][..], &["restart"], &["status", "--master_config=keg.cfg"], &["start", "stop"]] {
        let output = keg.run_with(words);
        assert_eq!(output.status.code(), Some(1));
        let usage =
            format!("Usage: {} <start|stop|status|configtest>\n", keg.path("kegbot_master.py").display());
        assert_eq!(String::from_utf8_lossy(&output.stderr), usage);
    }
}

#[test]
fn help_and_mistakes_list_the_flags() {
    let keg = Keg::new(TWO);
    let help = keg.run_with(&["--help"]);
    assert_eq!(help.status.code(), Some(1));
    insta::assert_snapshot!(String::from_utf8_lossy(&help.stdout));
    let mistake = keg.run_with(&["--nosuch", "status"]);
    assert_eq!((mistake.status.code(), mistake.stderr.len()), (Some(1), 0));
    let text = keg.plain(&String::from_utf8_lossy(&mistake.stdout));
    assert!(text.starts_with("Usage: KEG/kegbot_master.py ARGS\n"), "{text}");
    assert!(text.ends_with("\n\nError: Unknown command line flag 'nosuch'\n"), "{text}");
    let xml = keg.run_with(&["--helpxml"]);
    assert_eq!(xml.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&xml.stdout).ends_with("</AllFlags>\n"));
}

#[test]
fn the_launcher_keeps_a_log_and_a_pidfile_if_told_to() {
    let keg = Keg::new("");
    let words = ["--master_config=keg.cfg", "--log_to_file", "--nolog_to_stdout", "--pidfile=own.pid"];
    let output = keg.run_with(&[&words[..], &["start"]].concat());
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    let log = keg.text("kegbot_master.log");
    assert!(
        log.contains(") to file own.pid\n") && log.ends_with("INFO     (master) Starting apps\n"),
        "{log}"
    );
    assert!(!keg.path("own.pid").exists());
    fs::write(keg.path("own.pid"), std::process::id().to_string()).unwrap();
    let output = keg.run_with(&[&words[..], &["start"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(keg.text("kegbot_master.log").contains("is still alive, aborting"));
    assert!(keg.path("own.pid").exists());
}

#[test]
fn a_log_of_an_earlier_day_is_put_aside_and_only_the_newest_are_kept() {
    let keg = Keg::new("");
    let log = fs::File::create(keg.path("kegbot_master.log")).unwrap();
    // Noon in Greenwich, which is the same day nearly everywhere.
    let noon = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_340_280_000);
    log.set_modified(noon).unwrap();
    for name in ["kegbot_master.log.2012-06-01", "kegbot_master.log.2012-06-02", "kegbot_master.log.notes"] {
        fs::write(keg.path(name), "old").unwrap();
    }
    let words = [
        "--master_config=keg.cfg",
        "--log_to_file",
        "--maximum_log_files=2",
        "--logformat=%(levelname)6s|%(message)s %(x)s",
    ];
    assert_eq!(keg.run_with(&[&words[..], &["start"]].concat()).status.code(), Some(0));
    assert_eq!(keg.text("kegbot_master.log"), "  INFO|Starting apps %(x)s\n");
    let left = ["2012-06-01", "2012-06-02", "2012-06-21", "notes"]
        .map(|end| keg.path(&format!("kegbot_master.log.{end}")).exists());
    assert_eq!(left, [false, true, true, true]);
}

#[test]
fn in_the_background_it_does_the_same() {
    let keg = Keg::new("[child]\n_enabled = 1\n_program_name = ./child.sh\n");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        keg.path("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    keg.script("child.sh", "#!/bin/sh\necho \"done ${MINDER_KEGBOT_BACKGROUND-unset}\" > pipe\n");
    let output = keg.run_with(&["--master_config=keg.cfg", "--daemon", "start"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert_eq!(keg.text("pipe"), "done unset\n");
}
