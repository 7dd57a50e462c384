//! Fermentrack from end to end: cron's script, the daemon that it starts, the web page, the spawner and its controllers.

use minder_tests::fermentrack::{ALL_ACTIVE, Fermentrack};
use minder_tests::terminal::Terminal;
use minder_tests::{Finished, Kind, until};
use std::collections::BTreeSet;
use std::io::ErrorKind;

const STARTED: &str = "Starting Fermentrack supervisor: circusd: done\n";
const RUNNING: &str = "Starting Fermentrack supervisor: circusd: already running\n";
const STOPPED: &str = "Stopping Fermentrack supervisor: circusd: ok\n";

/// A run that ends with 0 and says this on standard output, and nothing else.
fn assert_said(done: &Finished, stdout: &str) {
    assert_eq!((done.status.as_str(), done.stdout.as_str(), done.stderr.as_str()), ("exit 0", stdout, ""));
}

/// Nobody is there: what circusctl says then, and nothing where cron would look for it.
fn assert_stopped(home: &Fermentrack) {
    let done = home.cron("status");
    assert_eq!((done.status.as_str(), done.stdout.as_str()), ("exit 1", ""));
    assert!(done.stderr.starts_with("Timed out.\n"), "{}", done.stderr);
    assert_eq!(home.page().unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

/// The page is answered by both workers. Gives their pids.
fn both_workers(home: &Fermentrack) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    until(
        "both workers have answered",
        || {
            // A request waits in the socket until there is a worker, so none may fail.
            seen.insert(home.worker().unwrap());
            (seen.len() == 2).then(|| seen.clone())
        },
        String::new,
    )
}

#[test]
fn from_the_start_of_the_machine_to_the_hold() {
    let home = Fermentrack::new();
    assert_stopped(&home);
    assert_said(&home.cron("start"), STARTED);
    home.wait_all_active();
    for kind in [Kind::Original, Kind::Minder] {
        assert_said(&home.circusctl(kind, &["status"]), ALL_ACTIVE);
    }
    both_workers(&home);
    until_the_controller_has_spoken(&home, 1);
    assert_eq!(home.logs(), LOGS);
    assert!(home.read("log/fermentrack.log").contains("Serving on fd://"));
    assert_eq!(home.read("log/circusd.log"), "");

    let before = home.processes();
    assert_said(&home.cron("start"), RUNNING);
    assert_said(&home.cron("startifstopped"), "");
    assert_eq!(home.processes(), before);

    assert_said(&home.cron("stop"), STOPPED);
    home.wait_nothing_left();
    assert_stopped(&home);
    assert_said(&home.cron("startifstopped"), STARTED);
    home.wait_all_active();
    both_workers(&home);
    until_the_controller_has_spoken(&home, 2);

    assert_said(&home.cron("stop --hold"), STOPPED);
    home.wait_nothing_left();
    assert_said(&home.cron("startifstopped"), "");
    assert!(home.processes().is_empty());
    assert_said(&home.cron("start"), STARTED);
    home.wait_all_active();
}

const LOGS: [&str; 5] = [
    "circusd.log",
    "dev-brewpi1-stderr.log",
    "dev-brewpi1-stdout.log",
    "fermentrack-brewpi-spawner.log",
    "fermentrack.log",
];

/// A controller's logs go on where those of the one before it ended.
fn until_the_controller_has_spoken(home: &Fermentrack, times: usize) {
    let logs = || {
        (
            home.read("log/dev-brewpi1-stdout.log") == "the temperature of BrewPi1\n".repeat(times),
            home.read("log/dev-brewpi1-stderr.log")
                == "Notification: Script started for beer 'BrewPi1'\n".repeat(times),
        )
    };
    until("the controller has spoken", || (logs() == (true, true)).then_some(()), || format!("{:?}", logs()));
}

#[test]
fn the_page_is_served_while_its_workers_are_replaced() {
    let home = Fermentrack::new();
    assert_said(&home.cron("start"), STARTED);
    home.wait_all_active();
    let before = both_workers(&home);
    assert_said(&home.circusctl(Kind::Original, &["reload", "Fermentrack"]), "ok\n");
    let mut after = BTreeSet::new();
    until(
        "both new workers have answered",
        || {
            match home.worker() {
                Ok(pid) if !before.contains(&pid) => _ = after.insert(pid),
                Ok(_) => {}
                // A worker may end while it answers, but nobody may find the door closed.
                Err(error) => assert_ne!(error.kind(), ErrorKind::ConnectionRefused),
            }
            (after.len() == 2).then_some(())
        },
        || format!("{:?} after {before:?}", home.worker()),
    );
    assert_said(&home.cron("status"), ALL_ACTIVE);
}

#[test]
fn a_device_comes_and_goes_as_the_database_says() {
    let home = Fermentrack::new();
    assert_said(&home.cron("start"), STARTED);
    home.wait_all_active();
    let status = |expected: String| {
        until(
            "the spawner has looked",
            || (home.cron("status").stdout == expected).then_some(()),
            || format!("{:?}", home.cron("status")),
        );
    };
    std::fs::write(home.file("devices"), "BrewPi1\nCold Room\n").unwrap();
    status(format!("{ALL_ACTIVE}dev-cold room: active\n"));
    std::fs::write(home.file("devices"), "Cold Room\n").unwrap();
    status(ALL_ACTIVE.replace("dev-brewpi1", "dev-cold room"));
}

#[test]
fn of_many_calls_of_cron_one_starts() {
    let home = Fermentrack::new();
    let all: Vec<Finished> = std::thread::scope(|scope| {
        let calls: Vec<_> = ["start", "startifstopped", "start", "startifstopped"]
            .into_iter()
            .map(|action| scope.spawn(|| home.cron(action)))
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    let started = all.iter().filter(|done| done.stdout == STARTED).count();
    assert_eq!(started, 1, "{all:?}");
    assert!(all.iter().all(|done| [STARTED, RUNNING, ""].contains(&done.stdout.as_str())), "{all:?}");
    home.wait_all_active();
    // A second daemon would have found the endpoint occupied, and have said so.
    assert_eq!(home.read("log/circusd.log"), "");
}

#[test]
fn the_daemon_outlives_the_terminal_from_which_it_was_started() {
    let home = Fermentrack::new();
    let mut terminal = Terminal::start(&home.by_cron("start"));
    terminal.wait("circusd: done");
    assert_eq!(terminal.end(), Some(0));
    // The terminal hangs up on whoever still belongs to it.
    drop(terminal);
    home.wait_all_active();
    for pid in home.processes() {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        // Behind the name: state, parent, group, session, terminal.
        let terminal = stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(4));
        assert!(terminal.is_none_or(|number| number == "0"), "{stat}");
        let entries = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        for target in entries.filter_map(|entry| std::fs::read_link(entry.path()).ok()) {
            assert!(!target.starts_with("/dev/pts") && !target.starts_with("/dev/tty"), "{pid}: {target:?}");
        }
    }
}

#[test]
fn the_script_looks_after_a_circus_that_runs_until_minder_takes_its_place() {
    let home = Fermentrack::new();
    home.start_original();
    home.wait_all_active();
    until_the_controller_has_spoken(&home, 1);
    assert_eq!(home.logs(), LOGS);
    both_workers(&home);
    let before = home.processes();
    assert_said(&home.cron("start"), RUNNING);
    assert_said(&home.cron("startifstopped"), "");
    assert_eq!(home.processes(), before);
    assert_said(&home.cron("stop"), STOPPED);
    home.wait_nothing_left();

    assert_said(&home.cron("startifstopped"), STARTED);
    home.wait_all_active();
    both_workers(&home);
    until_the_controller_has_spoken(&home, 2);
    assert_eq!(home.logs(), LOGS);
}
