//! Ways to run it: in the background, as the first process of a container.

use minder_tests::place::Place;
use minder_tests::signal_pid;
use minder_tests::terminal::Terminal;
use minder_tests::{Daemon, Kind, compare_launched, json, until};
use rustix::process::Signal;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

#[test]
fn in_the_background_it_leaves_terminal_directory_and_umask_behind() {
    let config = minder_tests::daemon::USUAL.replace("user=root\n", "user=root\numask=027\ndirectory=/usr\n")
        + "[program:a]\ncommand=/bin/sh -c 'pwd > {dir}/seen; umask >> {dir}/seen; exec sleep 100'\nstartsecs=0\n";
    compare_launched(
        &config,
        |daemon| daemon.launch(&[]),
        |daemon, out| {
            let done = daemon.wait_end();
            out.finished("the process that was started", &done);
            daemon.until("it answers", || {
                matches!(daemon.call("supervisor.getState", &json!([])), minder_tests::Reply::Value(_))
                    .then_some(())
            });
            daemon.until("the pidfile", || daemon.read_pid("main.pid"));
            let pid = daemon.read_pid("main.pid").unwrap();
            out.fact("another process", pid != daemon.pid());
            out.fact("the pid it gives", daemon.call("supervisor.getPID", &json!([])).value() == pid);
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
            out.fact("a session of its own", fields[3] == pid.to_string());
            for fd in 0..3 {
                out.fact("stdio", std::fs::read_link(format!("/proc/{pid}/fd/{fd}")).unwrap().display());
            }
            out.fact("directory", std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap().display());
            daemon
                .until("the program has looked", || (daemon.read("seen").lines().count() == 2).then_some(()));
            out.text("what the program sees", &daemon.read("seen"));
            out.ctl(daemon, &["shutdown"]);
            daemon.until("it is gone", || {
                (!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(())
            });
            out.text("log", &minder_tests::trace::daemon_lines(&daemon.log()).join("\n"));
        },
    );
}

/// It goes to the background in a way of its own, because it has nothing to keep.
#[test]
fn in_the_background_the_launcher_of_kegbot_outlives_its_terminal() {
    let place = Place::new();
    let program = place.path("core.sh");
    let done = place.path("done");
    std::fs::write(&program, format!("#!/bin/sh\ntouch {}\n", done.display())).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = format!("[kegbot_core]\n_enabled = True\n_program_name = {}\n", program.display());
    std::fs::write(place.path("keg.cfg"), config).unwrap();
    let mut command = Command::new(Kind::Minder.program("kegbot_master", &place));
    command.args(["--master_config=keg.cfg", "--daemon", "start"]).current_dir(place.dir());
    command.env("PATH", "/usr/bin:/bin").env("HOME", place.dir());
    let mut terminal = Terminal::start(&command);
    assert_eq!(terminal.end(), Some(0));
    // The terminal hangs up on whoever still belongs to it.
    drop(terminal);
    until("the program has run", || done.exists().then_some(()), String::new);
}

#[test]
fn as_the_first_process_of_a_pid_namespace_it_reaps_orphans() {
    if !rustix::process::getuid().is_root() {
        return println!("left out: a pid namespace needs root");
    }
    compare_launched(
        "[program:a]\ncommand=/bin/sh {dir}/orphans.sh\nstartsecs=0\n",
        |daemon| {
            daemon.write("orphans.sh", "(sleep 0.4 & sleep 0.6 & exec true)\nexec sleep 100\n");
            let mut command = daemon.clean(Command::new("/usr/bin/unshare"));
            command
                .args(["--pid", "--fork", "--mount-proc"])
                .arg(daemon.kind().program("supervisord", daemon.place()));
            command.arg("-c").arg(daemon.place().path("supervisord.conf"));
            daemon.launch_command(command, &["-n"]);
            daemon.wait_ready();
        },
        |daemon, out| {
            daemon.wait_log_times("reaped unknown pid", 2);
            out.call(daemon, "supervisor.getPID", json!([]));
            out.fact("pidfile", daemon.read("main.pid"));
            let first = children(daemon.pid())[0];
            let zombies = || {
                let all = children(first);
                all.into_iter().filter(|pid| stat(*pid).is_some_and(|fields| fields[0] == "Z")).count()
            };
            out.fact("zombies", zombies());
            let log = daemon.log();
            let mut lines: Vec<&str> =
                log.lines().filter(|l| l.contains("reaped")).map(|line| &line[24..]).collect();
            lines.sort_unstable();
            lines.dedup_by_key(|line| line.split("pid").next().unwrap().to_owned());
            out.text("log", &lines.join("\n"));
            signal_pid(first, Signal::TERM);
            out.fact("end", daemon.wait_end().status);
        },
    );
}

/// The fields of `/proc/PID/stat` after the name: state, parent, group, session …
pub(crate) fn stat(pid: u32) -> Option<Vec<String>> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    Some(text.rsplit(')').next()?.split_whitespace().map(str::to_owned).collect())
}

/// The children of a process.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let parent = parent.to_string();
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| stat(*pid).is_some_and(|fields| fields[1] == parent)).collect()
}

/// Looks at a daemon only: kept here so that both modules of minder's own agree on what a mind is.
pub(crate) fn mind_of(daemon: &Daemon) -> Option<u32> {
    mind_below(daemon.pid())
}

/// The mind of the keeper with this pid.
pub(crate) fn mind_below(keeper: u32) -> Option<u32> {
    let program = std::fs::read_link(format!("/proc/{keeper}/exe")).ok()?;
    children(keeper)
        .into_iter()
        .find(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program))
}
