//! Whatever instant the power fails at, what is found afterwards can be read, and is the queue as it was after some change.

mod world;

use std::path::Path;
use std::time::Duration;

use minder_core::agenda::{Agenda, AgendaSettings, Overlap, Retry};
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use minder_tasks::run::{Ask, Outcome, Record, Run, Verdict};
use minder_tasks::state_dir::StateDir;
use minder_tasks::store::{Claimed, Filter, Follow, Store};
use world::{Dice, shell, task, worker};

/// What a disk holds of a database.
#[derive(Clone, PartialEq, Eq)]
struct Disk {
    database: Vec<u8>,
    log: Vec<u8>,
}

impl Disk {
    fn of(state: &StateDir) -> Self {
        let log = state.path().join("queue.db-wal");
        Self {
            database: std::fs::read(state.database()).expect("a database"),
            log: std::fs::read(log).unwrap_or_default(),
        }
    }

    /// Opens what was on it.
    fn runs(&self) -> Vec<Run> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let state = StateDir::new(dir.path());
        std::fs::write(state.database(), &self.database).expect("a file");
        std::fs::write(dir.path().join("queue.db-wal"), &self.log).expect("a file");
        let store = Store::open(&state).expect("a readable database");
        check(&state.database());
        store.runs(&Filter::default()).expect("a readable database")
    }
}

fn check(database: &Path) {
    let database = rusqlite::Connection::open(database).expect("a database");
    let found: String =
        database.pragma_query_value(None, "integrity_check", |row| row.get(0)).expect("a readable database");
    assert_eq!(found, "ok");
}

#[test]
fn a_power_cut_leaves_the_queue_as_it_was_before_or_after_a_change() {
    let mut first = task("job", shell(""));
    first.then = vec![TaskName::new("follower")];
    first.retry = Retry { times: 1, ..Retry::default() };
    let agenda = Agenda::new(
        vec![first, task("follower", shell(""))],
        vec![worker("default", 1)],
        vec![],
        AgendaSettings::default(),
    );
    let agenda = agenda.expect("a valid agenda");
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path());
    let store = Store::open(&state).expect("a database");
    let mut dice = Dice::new();
    let name = WorkerName::new("default");
    let mut before = (Disk::of(&state), store.runs(&Filter::default()).expect("a database"));
    for round in 0..120 {
        let now = WallTime(1_800_000_000_000_000 + round);
        match dice.roll(3) {
            0 => {
                let input = Record::parse(format!("\"{}\"", "x".repeat(6000)).as_bytes()).expect("JSON");
                let task = TaskName::new("job");
                let ask = Ask { id: None, task, due: now, not_before: now, input, overlap: Overlap::Queue };
                store.offer(&agenda, &[ask], &[], now).expect("a database");
            }
            1 => drop(store.give_back(&name, now)),
            _ => {
                if let Claimed::Run(run) = store.claim(&agenda, &name, 0, now).unwrap_or(Claimed::None(None))
                {
                    let verdict = match dice.roll(2) {
                        0 => Verdict::Done(Record::parse(b"[1]").expect("JSON")),
                        _ => Verdict::Failed,
                    };
                    let (duration, tail) = (Duration::ZERO, "t".repeat(4096));
                    let outcome = Outcome { verdict, exit: None, duration, tail, reason: None };
                    if dice.roll(2) == 0 {
                        before = (Disk::of(&state), store.runs(&Filter::default()).expect("a database"));
                        store.finish(&agenda, &run, &outcome, Follow::Here, now).expect("a database");
                    }
                }
            }
        }
        let after = (Disk::of(&state), store.runs(&Filter::default()).expect("a database"));
        // Everything that was said to be done is there.
        assert_eq!(after.0.runs(), after.1, "after round {round}");
        // While it is being done, the log grows; some of that has come to the disk.
        if after.0.database == before.0.database && after.0.log.len() > before.0.log.len() {
            let mut torn = after.0.clone();
            let grown = u64::try_from(after.0.log.len() - before.0.log.len()).expect("a length");
            let reached = before.0.log.len() + usize::try_from(dice.roll(grown)).expect("a length");
            torn.log.truncate(reached);
            let found = torn.runs();
            let is_known = found == before.1 || found == after.1 || is_between(&before.1, &found, &after.1);
            assert!(is_known, "round {round}: neither before nor after");
            // The disk may also have made room for what had not come yet.
            torn.log.resize(after.0.log.len(), 0);
            assert_eq!(torn.runs(), found, "round {round}");
        }
        before = after;
    }
}

/// A round that claims and finishes has a state between.
fn is_between(before: &[Run], found: &[Run], after: &[Run]) -> bool {
    let ids = |runs: &[Run]| {
        runs.iter().map(|run| (run.id.clone(), run.attempt)).collect::<std::collections::BTreeSet<_>>()
    };
    ids(before).is_subset(&ids(found)) && ids(found).is_subset(&ids(after))
}

#[test]
fn a_database_that_is_made_new_is_there_whole_or_not_at_all() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path());
    let store = Store::open(&state).expect("a database");
    let whole = Disk::of(&state);
    drop(store);
    let mut dice = Dice::new();
    for _ in 0..20 {
        let mut torn = whole.clone();
        torn.log.truncate(
            usize::try_from(dice.roll(u64::try_from(whole.log.len().max(1)).expect("a length")))
                .expect("a length"),
        );
        assert_eq!(torn.runs(), []);
    }
}
