//! `minder check` over configurations that are wrong in many ways: what a person reads, and what a program does.
//!
//! Each file in `check/` is a configuration; what is said of it stands in `snapshots/`.

mod minder;

use std::path::Path;

use minder::{Said, minder};

fn check(file: &str, options: &[&str]) -> Said {
    let mut command = minder();
    command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check"));
    Said::of(command.arg("check").arg(file).args(options))
}

#[test]
fn every_problem_is_told_with_its_place_and_what_to_do() {
    for (file, status) in [
        ("typing", 1),
        ("names", 1),
        ("processes", 1),
        ("percent", 1),
        ("syntax", 1),
        ("servers", 1),
        ("no_section", 1),
        ("warnings", 0),
        ("good", 0),
    ] {
        let said = check(&format!("{file}.conf"), &[]);
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check");
        insta::assert_snapshot!(file, said.out.replace(here, "HERE"));
        assert_eq!((said.status, said.err.as_str()), (Some(status), ""), "{file}");
    }
}

#[test]
fn a_program_reads_the_same_as_json() {
    let said = check("typing.conf", &["--json"]);
    let all: serde_json::Value = serde_json::from_str(&said.out).expect("one JSON value");
    assert_eq!(said.status, Some(1));
    assert_eq!(all["accepted"], false);
    let problems = all["problems"].as_array().expect("a list");
    assert_eq!(all["errors"], problems.len());
    assert!(
        problems.iter().all(|problem| problem["line"].is_u64() && problem["message"].is_string()),
        "{all:#}"
    );

    let said = check("good.conf", &["--json"]);
    let all: serde_json::Value = serde_json::from_str(&said.out).expect("one JSON value");
    assert_eq!((said.status, &all["accepted"]), (Some(0), &true.into()));
    assert_eq!(all["groups"][1]["processes"].as_array().map(Vec::len), Some(4), "{all:#}");
}

#[test]
fn a_file_that_is_not_there_is_a_wrong_command_line() {
    let said = check("absent.conf", &[]);
    assert_eq!(said.status, Some(2));
    assert_eq!(said.err, "error: cannot check absent.conf: there is no such file\n");
}
