//! minder alone: the machine fails it (a full disk, a directory or a file that is gone, no descriptors, no processes, a mind
//! that hangs). Programs go on, it is told once, and all is as before when the cause is gone.

use crate::mind_death::only_the_original;
use crate::modes::mind_of;
use minder_tests::process::finish;
use minder_tests::{Daemon, Finished, Kind, signal_pid};
use rustix::process::Signal;
use serde_json::json;
use std::path::Path;
use std::process::Command;

/// Says a line of two thousand bytes and then, in a file of its own, how many it has said.
const TALKER: &str = "import time\nn = 0\nwhile True:\n    print('x' * 2000, flush=True)\n    n += 1\n    \
                      open('beat', 'w').write(str(n))\n    time.sleep(0.005)\n";

/// How many lines the talker has said.
fn beat(daemon: &Daemon) -> u64 {
    daemon.read("beat").trim().parse().unwrap_or(0)
}

/// Waits until the talker has said so many lines more.
fn talks_on(daemon: &Daemon, more: u64) {
    let before = beat(daemon);
    daemon.until("the program goes on", || (beat(daemon) >= before + more).then_some(()));
}

/// How often the main log says this.
fn said(daemon: &Daemon, text: &str) -> usize {
    daemon.log().matches(text).count()
}

/// A small file system that is gone with the test.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    /// `None`, with a word why, where nothing may be mounted.
    fn mount(at: &'a Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).expect("a directory");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", size, "none"]).arg(at);
        let done = finish(command, "");
        if done.status == "exit 0" {
            return Some(Self(at));
        }
        eprintln!("skipped: a full disk needs the right to mount a tmpfs: {}", done.stderr.trim());
        None
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let mut command = Command::new("umount");
        command.arg("--lazy").arg(self.0);
        let _ = finish(command, "");
    }
}

/// Changes a soft limit of a running process, with the rights of that process's user. Without a number it is the hard limit.
fn limit(pid: u32, which: &str, soft: Option<u64>) -> Finished {
    let name = match which {
        "nofile" => "Max open files",
        "fsize" => "Max file size",
        _ => "Max processes",
    };
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("limits");
    let line = limits.lines().find(|line| line.starts_with(name)).expect("a limit");
    let hard = line.split_whitespace().rev().nth(1).expect("a hard limit").to_owned();
    let soft = soft.map_or_else(|| hard.clone(), |soft| soft.to_string());
    let mut command = Command::new("prlimit");
    command.arg("--pid").arg(pid.to_string()).arg(format!("--{which}={soft}:{hard}"));
    finish(command, "")
}

fn open_files(pid: u32) -> u64 {
    std::fs::read_dir(format!("/proc/{pid}/fd")).expect("descriptors").count() as u64
}

fn talking(log: &str) -> Daemon {
    let config = format!(
        "[program:talker]\ncommand=/usr/bin/python3 -SE {{dir}}/talker.py\ndirectory={{dir}}\nstartsecs=0\n\
         stdout_logfile={{dir}}/{log}\nstdout_logfile_maxbytes=0\n"
    );
    let daemon = Daemon::prepare(Kind::Minder, &config);
    daemon.write("talker.py", TALKER);
    daemon
}

/// A daemon with one program that does nothing, its mind, and the program's process.
fn with_a_sleeper() -> (Daemon, u32, u32) {
    let daemon = Daemon::start(Kind::Minder, "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    daemon.wait_state("a", "RUNNING");
    let (mind, a) = (mind_of(&daemon).expect("a mind"), daemon.pid_of("a"));
    (daemon, mind, a)
}

#[test]
fn a_full_disk_holds_up_no_program_and_is_told_once() {
    let daemon = talking("disk/out.log");
    let place = daemon.place().path("disk");
    if only_the_original() {
        return;
    }
    let Some(_disk) = SmallDisk::mount(&place, "size=64k") else { return };
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    daemon.wait_log("No space left on device");
    let pid = daemon.pid_of("talker");
    talks_on(&daemon, 200);
    assert_eq!(said(&daemon, "cannot write to the log"), 1, "{}", daemon.evidence());
    assert_eq!(said(&daemon, "can be written again"), 0, "{}", daemon.evidence());
    let troubles = || format!("{:?}", daemon.call("minder.getTroubles", &json!([])));
    assert!(troubles().contains("disk/out.log`, cannot be written;"), "{}", troubles());
    std::fs::OpenOptions::new().write(true).open(place.join("out.log")).unwrap().set_len(0).unwrap();
    daemon.wait_log("out.log` can be written again");
    assert!(!troubles().contains("cannot be written"), "{}", troubles());
    let log = daemon.log();
    let lost = log.split("can be written again; ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    // What is still in the pipe has been said, and not been lost yet.
    assert!(lost.parse::<u64>().unwrap() > 200 * 2000 - (64 << 10), "{lost}");
    assert_eq!(daemon.pid_of("talker"), pid);
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_file_that_may_grow_no_further_is_as_a_full_disk() {
    if only_the_original() {
        return;
    }
    let daemon = talking("out.log");
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    daemon.until("the log grows", || (!daemon.read("out.log").is_empty()).then_some(()));
    let (mind, pid) = (mind_of(&daemon).expect("a mind"), daemon.pid_of("talker"));
    let limited = limit(mind, "fsize", Some(256 << 10));
    if limited.status != "exit 0" {
        eprintln!("skipped: the limit of a running process cannot be changed: {}", limited.stderr.trim());
        return;
    }
    daemon.wait_log("out.log`: File too large");
    talks_on(&daemon, 100);
    assert_eq!(said(&daemon, "cannot write to the log"), 1, "{}", daemon.evidence());
    limit(mind, "fsize", None);
    daemon.wait_log("out.log` can be written again");
    assert_eq!((mind_of(&daemon), daemon.pid_of("talker")), (Some(mind), pid));
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_full_disk_under_the_main_log_tears_no_line_but_the_one_that_did_not_fit() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::prepare(
        Kind::Minder,
        "[supervisord]\nlogfile={dir}/disk/main.log\npidfile={dir}/main.pid\nchildlogdir={dir}\nuser=root\n\
         [unix_http_server]\nfile={dir}/supervisor.sock\n[rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [supervisorctl]\nserverurl=unix://{dir}/supervisor.sock\n\
         [program:a]\ncommand=/bin/sleep 100\nstartsecs=0\nautostart=false\n",
    );
    let place = daemon.place().path("disk");
    let Some(_disk) = SmallDisk::mount(&place, "size=64k") else { return };
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    let filler = place.join("filler");
    let mut file = std::fs::File::create(&filler).unwrap();
    while std::io::Write::write_all(&mut file, &[0; 4096]).is_ok() {}
    drop(file);
    daemon.until("the log is full", || {
        daemon.ctl(&["start", "a"]);
        daemon.ctl(&["stop", "a"]);
        daemon.read("stdout.txt").contains("cannot write to the log").then_some(())
    });
    std::fs::remove_file(&filler).unwrap();
    daemon.ctl(&["start", "a"]);
    daemon.until("it is told", || {
        daemon.read("disk/main.log").contains("minder's own log can be written again").then_some(())
    });
    for line in daemon.read("disk/main.log").lines().filter(|line| !line.is_empty()) {
        assert!(line.matches(" INFO ").count() + line.matches(" WARN ").count() <= 1, "{line}");
    }
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_log_that_is_removed_is_made_again_as_soon_as_its_directory_is_there() {
    if only_the_original() {
        return;
    }
    let daemon = talking("logs/out.log");
    let logs = daemon.place().path("logs");
    std::fs::create_dir(&logs).unwrap();
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    daemon.until("the log grows", || (!daemon.read("logs/out.log").is_empty()).then_some(()));
    std::fs::remove_file(logs.join("out.log")).unwrap();
    daemon.until("it is made again", || (!daemon.read("logs/out.log").is_empty()).then_some(()));
    std::fs::rename(&logs, daemon.place().path("moved")).unwrap();
    std::fs::remove_dir_all(daemon.place().path("moved")).unwrap();
    daemon.wait_log("the log was removed, and cannot be made again");
    talks_on(&daemon, 100);
    // A start in the meantime is none of the log's business, and tells nothing anew.
    let restarted = daemon.ctl(&["restart", "talker"]);
    assert!(restarted.stdout.contains("talker: started"), "{restarted:?}");
    assert_eq!(said(&daemon, "cannot be made again"), 1, "{}", daemon.evidence());
    assert_eq!(said(&daemon, "cannot open the log"), 0, "{}", daemon.evidence());
    std::fs::create_dir(&logs).unwrap();
    daemon.wait_log("out.log` can be written again");
    daemon.until("the log grows again", || (!daemon.read("logs/out.log").is_empty()).then_some(()));
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_socket_file_that_is_removed_is_made_again_by_every_mind_and_removed_at_the_end() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::start(Kind::Minder, "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n");
    let socket = daemon.place().path("supervisor.sock");
    for times in 1..=3 {
        std::fs::remove_file(&socket).unwrap();
        daemon.wait_log_times("was removed, and was made again", times);
        daemon.wait_ready();
    }
    let mind = mind_of(&daemon).expect("a mind");
    signal_pid(mind, Signal::KILL);
    daemon.until("there is another mind", || mind_of(&daemon).filter(|pid| *pid != mind));
    daemon.wait_ready();
    assert_eq!(daemon.state("a"), "RUNNING");
    assert_eq!(daemon.stop().status, "exit 0");
    assert!(!socket.exists(), "the socket's file is left");
}

#[test]
fn a_socket_file_whose_directory_is_gone_is_made_again_when_that_is_back() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::prepare(
        Kind::Minder,
        "[supervisord]\nlogfile={dir}/main.log\npidfile={dir}/main.pid\nchildlogdir={dir}\nuser=root\n\
         [unix_http_server]\nfile={dir}/run/supervisor.sock\n[rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n",
    );
    let run = daemon.place().path("run");
    std::fs::create_dir(&run).unwrap();
    daemon.launch(&["-n"]);
    let socket = run.join("supervisor.sock");
    daemon.until("there is a socket", || socket.exists().then_some(()));
    daemon.wait_log("supervisord started");
    std::fs::remove_dir_all(&run).unwrap();
    daemon.wait_log("was removed and cannot be made again: No such file or directory");
    std::fs::create_dir(&run).unwrap();
    daemon.wait_log("could be made again");
    assert!(socket.exists());
    assert_eq!(said(&daemon, "cannot be made again"), 1);
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn without_descriptors_a_program_waits_for_as_long_as_there_are_none() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::start(
        Kind::Minder,
        "[program:a]\ncommand=/bin/sleep 100\nstartsecs=0\nstartretries=0\n\
         [program:b]\ncommand=/bin/sleep 100\nstartsecs=0\n",
    );
    daemon.wait_state("a", "RUNNING");
    let (a, b, keeper) = (daemon.pid_of("a"), daemon.pid_of("b"), daemon.pid());
    let limited = limit(keeper, "nofile", Some(open_files(keeper)));
    if limited.status != "exit 0" {
        eprintln!("skipped: the limit of a running process cannot be changed: {}", limited.stderr.trim());
        return;
    }
    signal_pid(a, Signal::KILL);
    daemon.wait_log_times("spawnerr: too many open files to spawn 'a'", 3);
    assert_eq!(daemon.state("a"), "BACKOFF", "{}", daemon.evidence());
    assert_eq!(daemon.pid_of("b"), b);
    limit(keeper, "nofile", None);
    daemon.wait_state("a", "RUNNING");
    assert_eq!(said(&daemon, "gave up"), 0, "{}", daemon.evidence());
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_mind_without_descriptors_answers_again_when_there_are_some() {
    if only_the_original() {
        return;
    }
    let (daemon, mind, a) = with_a_sleeper();
    let limited = limit(mind, "nofile", Some(open_files(mind)));
    if limited.status != "exit 0" {
        eprintln!("skipped: the limit of a running process cannot be changed: {}", limited.stderr.trim());
        return;
    }
    let asking = daemon.ctl_command().arg("pid").stdout(std::process::Stdio::piped()).spawn().unwrap();
    limit(mind, "nofile", None);
    let answer = asking.wait_with_output().unwrap();
    assert!(answer.status.success(), "{answer:?}");
    assert_eq!((mind_of(&daemon), daemon.pid_of("a")), (Some(mind), a));
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_mind_that_is_stopped_and_goes_on_is_the_same_one() {
    if only_the_original() {
        return;
    }
    let (daemon, mind, a) = with_a_sleeper();
    signal_pid(mind, Signal::STOP);
    // It ends while the mind stands still, and is started again when that goes on.
    signal_pid(a, Signal::KILL);
    signal_pid(mind, Signal::CONT);
    daemon.until("another a", || (![0, a].contains(&daemon.pid_of("a"))).then_some(()));
    assert_eq!(mind_of(&daemon), Some(mind));
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn a_mind_that_stays_stopped_is_replaced_when_an_exit_waits_for_it() {
    if only_the_original() {
        return;
    }
    let (daemon, mind, a) = with_a_sleeper();
    signal_pid(mind, Signal::STOP);
    signal_pid(a, Signal::KILL);
    // The keeper's patience is half a minute, as long as that of one wait here.
    let replaced = || mind_of(&daemon).filter(|pid| *pid != mind);
    let next = minder_tests::wait::within(minder_tests::wait::PATIENCE * 2, replaced);
    assert!(next.is_some(), "the stopped mind was not replaced\n{}", daemon.evidence());
    daemon.wait_ready();
    daemon.until("another a", || (![0, a].contains(&daemon.pid_of("a"))).then_some(()));
    daemon.wait_log("the mind was replaced (the 1. time)");
    assert_eq!(daemon.stop().status, "exit 0");
}

#[test]
fn without_processes_a_program_waits_and_a_killed_mind_comes_back() {
    if only_the_original() || !rustix::process::getuid().is_root() {
        eprintln!("skipped: a limit of processes holds for others than root, and only root can become one");
        return;
    }
    let daemon = Daemon::prepare(
        Kind::Minder,
        "[supervisord]\nlogfile={dir}/main.log\npidfile={dir}/main.pid\nchildlogdir={dir}\n\
         [unix_http_server]\nfile={dir}/supervisor.sock\n[rpcinterface:supervisor]\n\
         supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface\n\
         [program:a]\ncommand=/bin/sleep 100\nstartsecs=0\nstartretries=0\n",
    );
    // A user whom no other test has, since the limit counts all of a user's processes.
    let user = ["--reuid=54317", "--regid=54317", "--clear-groups"];
    let mut command = daemon.clean(Command::new("setpriv"));
    command.args(user).arg(Kind::Minder.program("supervisord", daemon.place()));
    command.arg("-c").arg(daemon.place().path("supervisord.conf"));
    daemon.launch_command(command, &["-n"]);
    daemon.wait_ready();
    daemon.wait_state("a", "RUNNING");
    let limit_keeper = |soft: &str| {
        let mut command = Command::new("setpriv");
        command.args(user).args(["prlimit", "--pid", &daemon.pid().to_string(), &format!("--nproc={soft}:")]);
        assert_eq!(finish(command, "").status, "exit 0");
    };
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let before = limits.lines().find(|line| line.starts_with("Max processes")).unwrap();
    let before = before.split_whitespace().nth(2).unwrap().to_owned();
    limit_keeper("1");
    signal_pid(daemon.pid_of("a"), Signal::KILL);
    daemon.wait_log_times("spawnerr: Too many processes in process table to spawn 'a'", 3);
    assert_eq!(daemon.state("a"), "BACKOFF", "{}", daemon.evidence());
    signal_pid(mind_of(&daemon).expect("a mind"), Signal::KILL);
    daemon.until("there is no mind", || mind_of(&daemon).is_none().then_some(()));
    limit_keeper(&before);
    daemon.wait_ready();
    daemon.wait_state("a", "RUNNING");
    assert_eq!(daemon.stop().status, "exit 0");
}

/// A file system in a file, which can be made to answer nobody. Goes with the test, and answers before.
struct FreezingDisk<'a>(&'a Path);

impl<'a> FreezingDisk<'a> {
    fn mount(image: &Path, at: &'a Path) -> Result<Self, String> {
        std::fs::create_dir_all(at).expect("a directory");
        std::fs::File::create(image).and_then(|file| file.set_len(16 << 20)).expect("an image");
        run(Command::new("mkfs.ext4").arg("-q").arg(image))?;
        run(Command::new("mount").args(["-o", "loop"]).arg(image).arg(at))?;
        Ok(Self(at))
    }

    fn freeze(&self) -> Result<(), String> {
        run(Command::new("fsfreeze").arg("--freeze").arg(self.0))
    }

    fn thaw(&self) -> Result<(), String> {
        run(Command::new("fsfreeze").arg("--unfreeze").arg(self.0))
    }
}

impl Drop for FreezingDisk<'_> {
    fn drop(&mut self) {
        // It fails where it is not frozen.
        let _ = self.thaw();
        let _ = run(Command::new("umount").arg("--lazy").arg(self.0));
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

#[test]
fn a_disk_that_does_not_answer_for_a_while_costs_no_program_and_no_line() {
    if only_the_original() {
        return;
    }
    let daemon = Daemon::prepare(
        Kind::Minder,
        "[program:writer]\ncommand=/usr/bin/python3 -SE {dir}/writer.py\nstartsecs=0\n\
         stdout_logfile={dir}/disk/writer.log\nstdout_logfile_maxbytes=0\n\
         [program:a]\ncommand=/bin/sleep 100\nstartsecs=0\n",
    );
    daemon.write("writer.py", crate::mind_death::WRITER);
    let (image, place) = (daemon.place().path("image"), daemon.place().path("disk"));
    let disk = match FreezingDisk::mount(&image, &place) {
        Ok(disk) => disk,
        Err(why) => return eprintln!("skipped: a disk that freezes needs a loop device and ext4: {why}"),
    };
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    daemon.wait_file("disk/writer.log", "20\n");
    daemon.wait_state("a", "RUNNING");
    let (mind, writer, a) = (mind_of(&daemon).expect("a mind"), daemon.pid_of("writer"), daemon.pid_of("a"));
    if let Err(why) = disk.freeze() {
        return eprintln!("skipped: the file system cannot be frozen: {why}");
    }
    let state = || std::fs::read_to_string(format!("/proc/{mind}/stat")).unwrap_or_default();
    daemon.until("the mind waits for the disk", || state().contains(") D ").then_some(()));
    signal_pid(a, Signal::KILL);
    disk.thaw().expect("an end of the frost");
    daemon.until("another a", || (![0, a].contains(&daemon.pid_of("a"))).then_some(()));
    assert_eq!(daemon.pid_of("writer"), writer);
    assert_eq!(daemon.stop().status, "exit 0");
    assert!(crate::mind_death::count_lines(&daemon, "disk/writer.log") > 20);
}
