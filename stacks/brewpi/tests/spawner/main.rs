//! The spawner as a process, with Fermentrack's tables and three circusds: the original, ours, and one that only writes
//! down what it is asked.

mod stage;
mod tables;

use std::process::Command;
use std::time::Duration;

use minder_tests::place::{free_port, reference_venv};
use minder_tests::{Kind, Value, json};
use stage::{A_MOMENT, PATIENCE, Stage, acknowledges, until};

fn scripts_follow_the_table(kind: Kind) {
    let mut stage = Stage::with(kind);
    let board = stage.board();

    let [first, second] = [free_port(), free_port()];
    stage.device("Cellar", first, board);
    stage.appears("dev-cellar");
    until("the script answers", PATIENCE, || acknowledges(first));

    stage.sql(&format!("UPDATE app_brewpidevice SET socketPort = {second}"));
    until("the script answers at its other port", PATIENCE, || acknowledges(second));
    assert!(!acknowledges(first));

    stage.sql("UPDATE app_brewpidevice SET device_name = 'Attic'");
    stage.appears("dev-attic");
    assert!(!stage.watchers().contains(&"dev-cellar".to_owned()), "both went in one round");

    stage.ctl(&["stop", "--waiting", "dev-attic"]);
    let looks = stage.looks();
    stage.sql("UPDATE app_brewpidevice SET data_point_log_interval = 60");
    until("the spawner has looked", A_MOMENT, || stage.looks() > looks);
    assert!(stage.ctl(&["status", "dev-attic"]).contains("stopped"), "a stopped one counts as present");

    stage.sql("UPDATE app_brewpidevice SET status = 'disabled'");
    stage.goes("dev-attic");
    stage.sql("UPDATE app_brewpidevice SET status = 'active'");
    stage.appears("dev-attic");
    stage.sql("DELETE FROM app_brewpidevice");
    stage.goes("dev-attic");
    assert!(stage.watchers().contains(&"other".to_owned()));
}

#[test]
fn scripts_follow_the_table_through_the_original_circusd() {
    scripts_follow_the_table(Kind::Original);
}

#[test]
fn scripts_follow_the_table_through_our_circusd() {
    scripts_follow_the_table(Kind::Minder);
}

/// A circusd that writes down what it is asked.
fn witness() -> Stage {
    let mut stage = Stage::new();
    let mut witness = Command::new(reference_venv().join("bin/python"));
    witness.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/spawner/circusd.py"));
    stage.start(witness, "asked.log");
    until("the witness listens", PATIENCE, || stage.log("asked.log").contains('\n'));
    stage.circus = stage.log("asked.log").trim().parse().expect("a port");
    stage
}

impl Stage {
    /// What was asked beside `list`.
    fn asked(&self) -> Vec<Value> {
        let log = self.log("asked.log");
        let messages = log.lines().skip(1).filter_map(|line| serde_json::from_str::<Value>(line).ok());
        messages.filter(|message| message["command"] != "list").collect()
    }
}

#[test]
fn a_script_is_asked_for_as_fermentrack_asks() {
    let mut stage = witness();
    stage.spawn();
    stage.device("My \"Cellar\"", free_port(), 1);
    until("a script is asked for", A_MOMENT, || !stage.asked().is_empty());
    let stream = |which: &str| {
        let file = stage.place.path("brewpi/log").join(format!("dev-my \"cellar\"-{which}.log"));
        json!({"class": "FileStream", "filename": file, "max_bytes": 2_097_152, "backup_count": 5})
    };
    let mut asked = stage.asked();
    let cmd = asked[0]["properties"]["cmd"].take();
    assert_eq!(
        asked[0]["properties"],
        json!({
            "cmd": null, "name": "dev-my \"cellar\"", "start": true,
            "options": {"copy_env": true, "stdout_stream": stream("stdout"), "stderr_stream": stream("stderr")},
        })
    );
    assert!(cmd.as_str().is_some_and(|cmd| cmd.ends_with(" --dbcfg 'My \"Cellar\"'")), "{cmd}");
    stage.sql("DELETE FROM app_brewpidevice");
    until("it is to go", A_MOMENT, || stage.asked().len() == 2);
    assert_eq!(stage.asked()[1]["command"], "rm");
    assert_eq!(stage.asked()[1]["properties"]["name"], "dev-my \"cellar\"");
}

#[test]
fn a_table_that_cannot_be_read_changes_nothing() {
    let mut stage = witness();
    stage.device("cellar", free_port(), 1);
    stage.spawn();
    until("a script is asked for", A_MOMENT, || stage.asked().len() == 1);
    let errors = |stage: &Stage| stage.log("spawner.log").matches("nothing is changed").count();
    let away = stage.place.path("away");
    let whole = std::fs::read(stage.database()).expect("the table");

    std::fs::rename(stage.database(), &away).expect("moved away");
    stage.touch();
    until("a table that is away is told", A_MOMENT, || errors(&stage) == 1);
    std::fs::write(stage.database(), vec![7; 8192]).expect("a file");
    until("a table that is none is told", A_MOMENT, || errors(&stage) == 2);
    std::fs::write(stage.database(), "").expect("a file");
    until("a table without devices is told", A_MOMENT, || errors(&stage) == 3);
    let looks = stage.looks();
    std::fs::write(stage.database(), whole).expect("a file");
    until("the table is read again", A_MOMENT, || stage.looks() > looks);
    let lock = stage.table();
    lock.execute_batch("BEGIN EXCLUSIVE; UPDATE app_brewpidevice SET status = status").expect("a lock");
    stage.touch();
    until("a table that is locked is told", PATIENCE, || errors(&stage) == 4);
    lock.execute_batch("ROLLBACK").expect("no lock");
    assert_eq!(stage.asked().len(), 1, "{:?}", stage.asked());
}

impl Stage {
    /// Lets the kernel tell of a change that is none.
    fn touch(&self) {
        let journal = self.place.path("db.sqlite3-journal");
        std::fs::write(&journal, "").expect("a journal");
        std::fs::remove_file(journal).expect("no journal");
    }
}

#[test]
fn a_table_whose_directory_comes_late_is_watched_all_the_same() {
    let mut stage = witness();
    let late = stage.place.path("late");
    stage.spawn_on(&late.join("db.sqlite3"));
    until("it is told that there is none", PATIENCE, || {
        stage.log("spawner.log").contains("no such database")
    });
    stage.device("cellar", free_port(), 1);
    std::fs::create_dir(&late).expect("a directory");
    std::fs::rename(stage.database(), late.join("db.sqlite3")).expect("moved");
    until("a script is asked for", A_MOMENT, || stage.asked().len() == 1);

    let away = stage.place.path("away");
    std::fs::rename(&late, &away).expect("moved away");
    let errors = || stage.log("spawner.log").matches("no such database").count();
    until("it is told again", A_MOMENT, || errors() == 2);
    let table = rusqlite::Connection::open(away.join("db.sqlite3")).expect("a database");
    table.execute_batch("DELETE FROM app_brewpidevice").expect("a change");
    std::fs::rename(&away, &late).expect("moved back");
    until("the script is to go", A_MOMENT, || stage.asked().len() == 2);
}

#[test]
fn looking_at_a_table_with_a_log_beside_it_is_no_reason_to_look_again() {
    let mut stage = witness();
    stage.sql("PRAGMA journal_mode = WAL");
    stage.spawn();
    stage.device("cellar", free_port(), 1);
    until("a script is asked for", A_MOMENT, || stage.asked().len() == 1);
    let quiet = || {
        let before = stage.looks();
        std::thread::sleep(Duration::from_secs(1));
        stage.looks() == before
    };
    until("it is quiet", A_MOMENT, quiet);
}
