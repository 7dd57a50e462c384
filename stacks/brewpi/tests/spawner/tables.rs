//! Fermentrack's tables: what is written to them, which is what the original script writes, and nothing else.

use std::collections::BTreeMap;
use std::process::Command;

use minder_tests::place::free_port;
use rusqlite::types::Value;

use crate::stage::{PATIENCE, Stage, acknowledges, ask, until};

/// What a place of a table holds.
type Cells = BTreeMap<(String, i64, String), Value>;

/// All that is in the tables, and how they were made.
fn cells(stage: &Stage) -> (Cells, Vec<String>) {
    let table = stage.table();
    let column = |sql: &str| -> Vec<String> {
        let mut statement = table.prepare(sql).expect("a question");
        statement.query_map([], |row| row.get(0)).expect("rows").collect::<Result<_, _>>().expect("texts")
    };
    let made = column("SELECT coalesce(sql, name) FROM sqlite_master ORDER BY name");
    let journal = column("PRAGMA journal_mode");
    let mut cells = Cells::new();
    for name in column("SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE 'app_%'") {
        let mut statement = table.prepare(&format!("SELECT * FROM {name}")).expect("a table");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            let id = row.get("id").expect("a number");
            for column in &columns {
                let cell = row.get(column.as_str()).expect("a value");
                cells.insert((name.clone(), id, column.clone()), cell);
            }
        }
    }
    (cells, [made, journal].concat())
}

/// The columns that are not what they were; of new rows the table.
fn changed(before: &Cells, after: &Cells) -> Vec<String> {
    assert!(before.keys().all(|key| after.contains_key(key)), "no row goes");
    let mut names: Vec<String> = after
        .iter()
        .filter(|(key, value)| before.get(*key) != Some(*value))
        .map(|(key, _)| if before.contains_key(key) { key.2.clone() } else { format!("new {}", key.0) })
        .collect();
    names.sort();
    names.dedup();
    names
}

#[test]
fn a_script_writes_what_the_original_writes_and_nothing_else() {
    let mut stage = Stage::new();
    let (board, port) = (stage.board(), free_port());
    stage.device("Cellar", port, board);
    stage.device("Attic", free_port(), board);
    stage.sql(
        "INSERT INTO app_fermentationprofile VALUES (1, 'ale', 1, 'Standard Profile');
         INSERT INTO app_fermentationprofilepoint VALUES (1, 1, 0, 18, 'C'), (2, 1, 3600000000, '12.5', 'C')",
    );
    let (mut before, made) = cells(&stage);
    let mut script = Command::new(env!("CARGO_BIN_EXE_brewpi"));
    script.args(["--dbcfg", "Cellar", "--pidfiledir"]).arg(stage.place.dir());
    stage.start(script, "script.log");
    until("the script answers", PATIENCE, || acknowledges(port));
    until("the board answers", PATIENCE, || ask(port, "getMode").as_deref() == Some("o"));

    for (request, columns) in [
        ("getDashInfo", &[][..]),
        ("startNewBrew=Old Ale", &["active_beer_id", "logging_status", "new app_beer"]),
        ("pauseLogging", &["logging_status"]),
        ("resumeLogging", &["logging_status"]),
        ("setBeer=18", &[]),
        ("stopLogging", &["active_beer_id", "logging_status"]),
    ] {
        let answer = ask(port, request);
        assert!(answer.is_some(), "{request}");
        let (after, _) = cells(&stage);
        assert_eq!(changed(&before, &after), columns, "{request}: {answer:?}");
        before = after;
    }

    stage.sql(
        "UPDATE app_brewpidevice SET active_profile_id = 1, time_profile_started = '2020-01-01 00:00:00' \
         WHERE device_name = 'Cellar'",
    );
    assert_eq!(ask(port, "setActiveProfile=1").as_deref(), Some("Profile successfully updated"));
    until("the profile is over", PATIENCE, || cells(&stage).0 == before);
    assert_eq!(ask(port, "getBeer").as_deref(), Some("12.5"));
    assert!(
        stage.log("script.log").contains("Beer temperature set to constant 12.5 degrees at end of profile")
    );
    assert_eq!(ask(port, "getMode").as_deref(), Some("b"));
    assert_eq!(cells(&stage).1, made, "tables and journal are as Django has made them");
}
