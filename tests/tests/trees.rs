//! minder alone: a stop reaches the whole tree, whatever its members do, and nobody else.
//!
//! Each program here is a script that makes a family of its own kind. Every member writes down its pid, and when the stop has
//! been answered none of them lives.

use crate::mind_death::only_the_original;
use crate::modes::mind_of;
use minder_tests::{Daemon, Kind, json, signal_pid};
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::process::Command;

/// `family.py DIRECTORY NAME KIND…` makes a family and stays. A member's pid is a line of `NAME.pids`; `NAME.ready` says that
/// all are there that come at the beginning.
const FAMILY: &str = r#"
import os, signal, sys, time
directory, name, kinds = sys.argv[1], sys.argv[2], sys.argv[3:]
def note():
    fd = os.open(f"{directory}/{name}.pids", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(fd, b"%d\n" % os.getpid())
    os.close(fd)
def fork(member):
    if os.fork() == 0:
        try:
            note()
            member()
        finally:
            os._exit(0)
def twice(member):
    def between():
        os.setsid()
        fork(member)
    def first():
        if os.fork() == 0:
            between()
            os._exit(0)
    if os.fork() == 0:
        first()
        os._exit(0)
    os.wait()
def stay():
    while True:
        time.sleep(100)
def deaf():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    stay()
def bare():
    os.closerange(0, 1000)
    os.execve("/bin/sleep", ["sleep", "1000"], {})
def login():
    os.execv("/bin/sleep", ["sshd: somebody [priv]", "1000"])
def nest():
    fork(lambda: fork(stay) or stay())
    stay()
def respawn():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(3):
        fork(stay)
    for _ in range(60):
        os.wait()
        fork(deaf)
    stay()
def breed():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    def generation(left):
        while left > 0:
            left -= 1
            if os.fork() == 0:
                note()
            else:
                time.sleep(0.002)
                os._exit(0)
        stay()
    for _ in range(4):
        fork(lambda: generation(3000))
    stay()
note()
for kind in kinds:
    {"child": lambda: fork(stay), "nested": lambda: fork(nest), "double": lambda: twice(stay), "deaf": lambda: twice(deaf),
     "bare": lambda: twice(bare), "login": lambda: fork(login), "respawner": lambda: twice(respawn), "breeder": lambda: twice(breed),
     "deafchild": lambda: fork(deaf)}[kind]()
    time.sleep(0.1)
open(f"{directory}/{name}.ready", "w").close()
stay()
"#;

fn section(name: &str, kinds: &str, keys: &str) -> String {
    format!(
        "[program:{name}]\ncommand=/usr/bin/python3 -SE {{dir}}/family.py {{dir}} {name} {kinds}\nstartsecs=0\n{keys}\n"
    )
}

/// A daemon with families, all of which are there.
fn families(config: &str, names: &[&str]) -> Daemon {
    let daemon = Daemon::prepare(Kind::Minder, config);
    daemon.write("family.py", FAMILY);
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    all_there(&daemon, names);
    daemon
}

fn all_there(daemon: &Daemon, names: &[&str]) {
    for name in names {
        let ready = daemon.place().path(&format!("{name}.ready"));
        daemon.until("the family is there", || ready.exists().then_some(()));
        daemon.wait_state(name, "RUNNING");
    }
}

/// Whether a member lives: a zombie does not, and neither does one whose number is somebody else's.
fn lives(daemon: &Daemon, pid: u32) -> bool {
    let Ok(stat) = std::fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
    if stat.contains(") Z ") || stat.contains(") X ") {
        return false;
    }
    // Members are Python or, once they have closed and cleared everything, `sleep`.
    let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = String::from_utf8_lossy(&line).into_owned();
    line.contains(&daemon.place().dir().display().to_string()) || line.starts_with("sleep\0")
}

fn members(daemon: &Daemon, name: &str) -> BTreeSet<u32> {
    daemon.read(&format!("{name}.pids")).lines().filter_map(|line| line.parse().ok()).collect()
}

fn living(daemon: &Daemon, name: &str) -> BTreeSet<u32> {
    members(daemon, name).into_iter().filter(|pid| lives(daemon, *pid)).collect()
}

fn stop(daemon: &Daemon, name: &str) {
    daemon.call("supervisor.stopProcess", &json!([name])).value();
    // Not waited for: the stop is over, so all are gone.
    let left = living(daemon, name);
    assert!(left.is_empty(), "{left:?} of {name} live\n{}", daemon.evidence());
    assert_eq!(daemon.state(name), "STOPPED");
}

fn end(daemon: &Daemon) {
    assert_eq!(daemon.stop().status, "exit 0", "{}", daemon.evidence());
    assert!(daemon.leftovers().is_empty(), "{:?}\n{}", daemon.leftovers(), daemon.evidence());
}

#[test]
fn nothing_of_a_stopped_program_survives_whatever_it_has_made() {
    if only_the_original() {
        return;
    }
    let kinds = [
        ("plain", "child child", ""),
        ("nested", "nested", ""),
        ("double", "double double", ""),
        ("group", "child double", "stopasgroup=true"),
        ("bare", "bare", "stopwaitsecs=3"),
        ("deaf", "deaf deafchild", "stopwaitsecs=1"),
        ("killed", "deaf child bare", "stopsignal=KILL"),
        ("mixed", "child nested double bare deaf", "stopwaitsecs=1"),
    ];
    let config: String = kinds.iter().map(|(name, kinds, keys)| section(name, kinds, keys)).collect();
    let names: Vec<&str> = kinds.iter().map(|(name, ..)| *name).collect();
    let daemon = families(&config, &names);
    for (place, name) in names.iter().enumerate() {
        assert!(living(&daemon, name).len() > 1);
        stop(&daemon, name);
        // Those of other programs are as they were.
        for other in &names[place + 1..] {
            assert_eq!(
                living(&daemon, other),
                members(&daemon, other),
                "{name} was stopped, and not {other}"
            );
        }
    }
    // Once more, all of them at once.
    for name in &names {
        std::fs::remove_file(daemon.place().path(&format!("{name}.ready"))).unwrap();
        daemon.call("supervisor.startProcess", &json!([name])).value();
    }
    all_there(&daemon, &names);
    daemon.call("supervisor.stopAllProcesses", &json!([])).value();
    for name in &names {
        assert!(living(&daemon, name).is_empty(), "{name}\n{}", daemon.evidence());
    }
    end(&daemon);
}

/// Families that make new members whenever one ends, or all the time.
fn restless(daemon: &Daemon) {
    for name in ["respawner", "breeder"] {
        stop(daemon, name);
    }
    end(daemon);
}

fn restless_config() -> String {
    section("respawner", "respawner", "stopwaitsecs=1") + &section("breeder", "breeder", "stopwaitsecs=1")
}

#[test]
fn a_family_that_goes_on_making_members_ends_too() {
    if only_the_original() {
        return;
    }
    restless(&families(&restless_config(), &["respawner", "breeder"]));
}

/// The same where the hierarchy of cgroups is there for certain, and where there is none.
#[test]
fn with_and_without_a_hierarchy_of_cgroups() {
    if only_the_original() {
        return;
    }
    if !rustix::process::getuid().is_root() {
        return println!("left out: mounts of one's own need root");
    }
    let mount = "mkdir -p {dir}/cgroup && mount -t cgroup2 none {dir}/cgroup";
    for prepare in [mount, "umount -a -l -t cgroup2"] {
        let daemon = Daemon::prepare(Kind::Minder, &restless_config());
        daemon.write("family.py", FAMILY);
        let place = daemon.place();
        let prepare = prepare.replace("{dir}", &place.dir().display().to_string());
        let mut command = daemon.clean(Command::new("/usr/bin/unshare"));
        command.args(["--mount", "/bin/sh", "-c", &format!("{prepare}; exec \"$0\" \"$@\"")]);
        command
            .arg(daemon.kind().program("supervisord", place))
            .arg("-c")
            .arg(place.path("supervisord.conf"));
        daemon.launch_command(command, &["-n"]);
        daemon.wait_ready();
        all_there(&daemon, &["respawner", "breeder"]);
        restless(&daemon);
    }
}

#[test]
fn whoever_is_no_relative_is_not_touched() {
    if only_the_original() {
        return;
    }
    // Its standard output is that of nobody's program, and its name is that of a member.
    let mut bystander = Command::new("/bin/sleep").arg("1000").spawn().expect("sleep");
    let config =
        section("one", "child double bare", "stopwaitsecs=2") + &section("two", "child double bare", "");
    let daemon = families(&config, &["one", "two"]);
    let before = living(&daemon, "two");
    stop(&daemon, "one");
    assert_eq!(living(&daemon, "two"), before);
    assert!(bystander.try_wait().expect("our child").is_none());
    end(&daemon);
    assert!(bystander.try_wait().expect("our child").is_none());
    bystander.kill().expect("our child");
    bystander.wait().expect("our child");
}

#[test]
fn what_a_program_left_that_ended_by_itself_lives_on() {
    if only_the_original() {
        return;
    }
    let config = "[program:launcher]\ncommand=/usr/bin/python3 -SE {dir}/launcher.py\nstartsecs=0\nautorestart=false\n";
    let daemon = Daemon::prepare(Kind::Minder, config);
    let launcher =
        FAMILY.replace("sys.argv[1], sys.argv[2], sys.argv[3:]", "'{dir}', 'launcher', ['double', 'bare']");
    daemon.write("launcher.py", &launcher.replace("\").close()\nstay()", "\").close()"));
    daemon.launch(&["-n"]);
    daemon.wait_ready();
    daemon.wait_state("launcher", "EXITED");
    let daemons: Vec<u32> =
        daemon.read("launcher.pids").lines().filter_map(|line| line.parse().ok()).collect();
    assert_eq!(daemons.len(), 3);
    // Another process of the program is stopped, and it is not theirs.
    daemon.call("supervisor.startProcess", &json!(["launcher", false])).value();
    daemon.call("supervisor.stopProcess", &json!(["launcher", true]));
    let alive = |pid: &u32| {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    };
    assert!(daemons[1..].iter().all(alive), "{daemons:?}\n{}", daemon.evidence());
    assert_eq!(daemon.stop().status, "exit 0");
    assert!(daemons[1..].iter().all(alive));
    let all: BTreeSet<u32> =
        daemon.read("launcher.pids").lines().filter_map(|line| line.parse().ok()).collect();
    for pid in all.into_iter().filter(alive) {
        signal_pid(pid, Signal::KILL);
    }
}

#[test]
fn what_is_left_is_left_alone_where_that_is_wished() {
    if only_the_original() {
        return;
    }
    let config = section("lone", "child double", "environment=MINDER_LEFTOVERS=\"leave\"");
    let daemon = families(&config, &["lone"]);
    let main = daemon.pid_of("lone");
    let others: BTreeSet<u32> = members(&daemon, "lone").into_iter().filter(|pid| *pid != main).collect();
    daemon.call("supervisor.stopProcess", &json!(["lone"])).value();
    assert_eq!(living(&daemon, "lone"), others);
    assert_eq!(daemon.stop().status, "exit 0");
    for pid in others {
        signal_pid(pid, Signal::KILL);
    }
}

#[test]
fn whoever_has_logged_in_through_a_program_is_not_thrown_out() {
    if only_the_original() {
        return;
    }
    let daemon = families(&section("server", "child login", ""), &["server"]);
    let title = |pid: &u32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let is_login = |pid: &u32| title(pid).starts_with(b"sshd: ");
    let login = daemon.until("the login", || members(&daemon, "server").into_iter().find(is_login));
    stop(&daemon, "server");
    assert!(is_login(&login), "{}", daemon.evidence());
    assert_eq!(daemon.stop().status, "exit 0");
    signal_pid(login, Signal::KILL);
}

/// Whoever is killed in the midst of a stop, what is left ends, and the exit is told once.
#[test]
fn a_stop_goes_on_when_the_mind_or_the_keeper_is_killed_in_its_midst() {
    if only_the_original() {
        return;
    }
    for victim in ["mind", "keeper"] {
        let config = section("family", "deaf bare deafchild double", "stopwaitsecs=4");
        let daemon = families(&config, &["family"]);
        let main = daemon.pid_of("family");
        let first = mind_of(&daemon).expect("a mind");
        daemon.call("supervisor.stopProcess", &json!(["family", false])).value();
        daemon.until("the program itself has ended", || (!lives(&daemon, main)).then_some(()));
        assert!(!living(&daemon, "family").is_empty(), "the deaf ones have their time");
        assert_eq!(daemon.state("family"), "STOPPING");
        match victim {
            "mind" => signal_pid(first, Signal::KILL),
            _ => signal_pid(daemon.read_pid("main.pid").expect("a pidfile"), Signal::KILL),
        }
        daemon.until("another one answers", || {
            let info = daemon.call("supervisor.getProcessInfo", &json!(["family"]));
            matches!(&info, minder_tests::Reply::Value(info) if info["statename"] == "STOPPED").then_some(())
        });
        assert!(
            living(&daemon, "family").is_empty(),
            "after the death of the {victim}\n{}",
            daemon.evidence()
        );
        assert_eq!(daemon.log().matches("stopped: family").count(), 1, "{}", daemon.evidence());
        signal_pid(daemon.read_pid("main.pid").expect("a pidfile"), Signal::TERM);
        daemon.until("the pidfile is gone", || (!daemon.place().path("main.pid").exists()).then_some(()));
    }
}
