//! minder alone: it becomes another program while it runs.

use crate::mind_death::{WRITER, count_lines, facts, only_the_original};
use crate::modes::mind_of;
use minder_tests::place::minder_binary;
use minder_tests::process::{Finished, finish};
use minder_tests::{Daemon, Kind, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two programs, one of which says something all the time.
fn daemon() -> Daemon {
    let daemon = Daemon::prepare(
        Kind::Minder,
        "[program:writer]\ncommand=/usr/bin/python3 -SE {dir}/writer.py\nstartsecs=0\nstdout_logfile={dir}/writer.log\n\
         stdout_logfile_maxbytes=0\n\
         [program:halted]\ncommand=/bin/sleep 100\nstartsecs=0\n",
    );
    daemon.write("writer.py", WRITER);
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    daemon.wait_state("writer", "RUNNING");
    daemon.wait_state("halted", "RUNNING");
    daemon.call("supervisor.stopProcess", &json!(["halted"])).value();
    daemon.wait_file("writer.log", "20\n");
    daemon
}

fn upgrade(daemon: &Daemon, to: &Path) -> Finished {
    let mut command = Command::new(minder_binary());
    command
        .arg("upgrade")
        .arg("--to")
        .arg(to)
        .arg("-c")
        .arg(daemon.place().path("supervisord.conf"))
        .arg("--json");
    finish(command, "")
}

/// Another file with the same program in it, as an installation would bring it.
fn copy(daemon: &Daemon) -> PathBuf {
    let to = daemon.place().path("new-minder");
    std::fs::copy(minder_binary(), &to).expect("a copy");
    to.canonicalize().expect("a path")
}

#[test]
fn programs_states_and_logs_go_on_under_the_new_program() {
    if only_the_original() {
        return;
    }
    let daemon = daemon();
    let (before, mind) = (facts(&daemon), mind_of(&daemon));
    let new = copy(&daemon);
    let said = upgrade(&daemon, &new);
    assert_eq!(said.status, "exit 0", "{said:?}\n{}", daemon.evidence());
    let told: minder_tests::Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(told["keeper"], json!(daemon.pid()), "the pid stays");
    let exe = std::fs::read_link(format!("/proc/{}/exe", daemon.pid())).expect("it lives");
    assert_eq!(exe, new);
    assert_ne!(mind_of(&daemon), mind);
    assert_eq!(facts(&daemon), before, "{}", daemon.evidence());
    let lines = count_lines(&daemon, "writer.log");
    daemon.wait_file("writer.log", &format!("\n{}\n", lines + 50));
    // And back again.
    assert_eq!(upgrade(&daemon, &minder_binary()).status, "exit 0");
    assert_eq!(facts(&daemon), before, "{}", daemon.evidence());
    daemon.call("supervisor.startProcess", &json!(["halted"])).value();
    assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
    count_lines(&daemon, "writer.log");
}

#[test]
fn what_cannot_go_on_is_refused_and_nothing_changes() {
    if only_the_original() {
        return;
    }
    let daemon = daemon();
    let (before, mind) = (facts(&daemon), mind_of(&daemon));
    let refuses = daemon.place().path("refuses");
    std::fs::write(&refuses, "#!/bin/sh\necho 'error: of another time' >&2\nexit 1\n").expect("a file");
    std::fs::set_permissions(&refuses, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    for to in [refuses, PathBuf::from("/no/such/program"), daemon.place().path("writer.py")] {
        let said = upgrade(&daemon, &to);
        assert_eq!(said.status, "exit 1", "{}: {said:?}", to.display());
        assert!(said.stdout.contains("\"error\""), "{said:?}");
        assert_eq!((facts(&daemon), mind_of(&daemon)), (before.clone(), mind), "{}", daemon.evidence());
    }
    // It says that it can, and then it is no program: the keeper goes on as it was, with another mind.
    let pretends = daemon.place().path("pretends");
    std::fs::write(&pretends, "#!/no/such/interpreter\n").expect("a file");
    std::fs::set_permissions(&pretends, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    assert_eq!(upgrade(&daemon, &pretends).status, "exit 1");
    assert_eq!(facts(&daemon), before);
    assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
}

/// A build whose keeper and mind talk by another version, and which keeps less: it takes over, and gives back.
#[test]
fn a_release_with_another_wire_goes_on() {
    let other = minder_binary().with_file_name("minder-other-wire");
    if only_the_original() || !other.exists() {
        return;
    }
    let daemon = daemon();
    let before = facts(&daemon);
    let other = other.canonicalize().expect("a path");
    for to in [&other, &minder_binary(), &other] {
        let said = upgrade(&daemon, to);
        assert_eq!(said.status, "exit 0", "{said:?}\n{}", daemon.evidence());
        assert_eq!(facts(&daemon), before, "{}", daemon.evidence());
    }
    let lines = count_lines(&daemon, "writer.log");
    daemon.wait_file("writer.log", &format!("\n{}\n", lines + 50));
    assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
}
