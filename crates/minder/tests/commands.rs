//! minder's commands where no server runs: links, completions, manual pages, and how errors read.

mod minder;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use minder::{Said, minder};

fn say(words: &[&str], directory: &Path) -> Said {
    Said::of(minder().current_dir(directory).args(words))
}

fn place() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn links_are_made_once_and_kept() {
    let place = place();
    let said = say(&["install-links", "bin"], place.path());
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    let to = fs::read_link(place.path().join("bin/supervisord")).expect("a link");
    assert_eq!(to, Path::new(env!("CARGO_BIN_EXE_minder")));
    let again = say(&["install-links", "bin", "--json"], place.path());
    let all: serde_json::Value = serde_json::from_str(&again.out).expect("one JSON value");
    let links = all["links"].as_array().expect("a list");
    assert!(links.len() >= 4 && links.iter().all(|link| link["outcome"] == "kept"), "{all:#}");
}

#[test]
fn programs_beside_minder_get_their_names_too() {
    let place = place();
    let beside = place.path().join("opt");
    fs::create_dir(&beside).expect("a directory");
    let minder = beside.join("minder");
    fs::copy(env!("CARGO_BIN_EXE_minder"), &minder).expect("a copy");
    fs::write(beside.join("kegbot"), "").expect("a file");
    let bin = place.path().join("bin");
    let said = Said::of(std::process::Command::new(&minder).args(["install-links", "--json"]).arg(&bin));
    assert_eq!(said.status, Some(0), "{}", said.err);
    for name in ["kegbot_core", "kegbot-core.py", "kegboard-monitor", "test_flow.py"] {
        assert_eq!(fs::read_link(bin.join(name)).expect(name), beside.join("kegbot"));
    }
    assert_eq!(fs::read_link(bin.join("supervisorctl")).expect("a link"), minder);
    assert!(fs::read_link(bin.join("brewpi")).is_err(), "it is not there");
}

#[test]
fn a_link_is_called_by_its_name() {
    let place = place();
    say(&["install-links", "."], place.path());
    let said = Said::of(std::process::Command::new(place.path().join("supervisorctl")).arg("--help"));
    assert_eq!(said.status, Some(0));
    assert!(said.out.contains("supervisorctl"), "{}", said.out);
}

#[test]
fn what_is_not_ours_stays_unless_forced() {
    let place = place();
    fs::write(place.path().join("supervisord"), "mine").expect("a file");
    symlink("/old/place/minder", place.path().join("supervisorctl")).expect("a link");
    let said = say(&["install-links", "."], place.path());
    assert_eq!(said.status, Some(1));
    assert!(said.out.contains("refused") && said.out.contains("replaced"), "{}", said.out);
    insta::assert_snapshot!(said.err, @r"
    error: some names are taken by other programs, which stay as they are
      hint: choose another directory, or replace them with --force
    ");
    assert_eq!(fs::read(place.path().join("supervisord")).expect("still a file"), b"mine");

    let said = say(&["install-links", ".", "--force"], place.path());
    assert_eq!(said.status, Some(0));
    assert!(fs::read_link(place.path().join("supervisord")).is_ok());
    let names = fs::read_dir(place.path()).expect("a directory").count();
    assert_eq!(names, said.out.lines().count(), "nothing is left beside the links");
}

#[test]
fn completions_and_manual_pages_are_generated() {
    let place = place();
    for (shell, mark) in [("bash", "complete -F"), ("zsh", "#compdef minder"), ("fish", "complete -c minder")]
    {
        let said = say(&["completions", shell], place.path());
        assert!(said.status == Some(0) && said.out.contains(mark), "{shell}");
        assert!(!said.out.contains("demo-part"), "{shell} completes what is hidden");
    }
    let said = say(&["man"], place.path());
    assert!(said.status == Some(0) && said.out.contains(".TH minder 1"), "{}", said.out);
    assert_eq!(say(&["man", "man1"], place.path()).status, Some(0));
    for page in ["minder.1", "minder-status.1", "minder-install-links.1"] {
        assert!(place.path().join("man1").join(page).is_file(), "{page}");
    }
    assert!(!place.path().join("man1/minder-demo-part.1").exists());
}

#[test]
fn without_a_server_the_error_says_what_to_do() {
    let place = place();
    let said = say(&["status", "-s", "unix:///nowhere/s.sock"], place.path());
    assert_eq!(said.status, Some(4));
    insta::assert_snapshot!(said.err, @r"
    error: no server at unix:///nowhere/s.sock: no such socket
      hint: start it with `minder run FILE`
      hint: if it runs, say where: -c FILE, -s URL or MINDER_SERVER
    ");
    fs::write(place.path().join("supervisord.conf"), "[unix_http_server]\nfile=/nowhere/s.sock\n")
        .expect("a file");
    for words in [&["status"][..], &["start", "web"], &["stop", "all"], &["restart", "web"], &["logs", "web"]]
    {
        let said = say(words, place.path());
        assert_eq!(said.status, Some(4), "{words:?}");
        assert_eq!(
            said.err,
            "error: no server at unix:///nowhere/s.sock: no such socket\n  hint: start it with `minder run supervisord.conf`\n"
        );
        if words[0] != "logs" {
            let said = Said::of(minder().current_dir(place.path()).args(words).arg("--json"));
            let all: serde_json::Value = serde_json::from_str(&said.out).expect("one JSON value");
            assert_eq!((said.status, said.err.as_str()), (Some(4), ""), "{words:?}");
            assert!(all["error"].is_string() && all["hints"].is_array(), "{all:#}");
        }
    }
}

#[test]
fn the_variable_names_a_server_and_an_option_wins_over_it() {
    let place = place();
    let status = |words: &[&str]| {
        let mut command = minder();
        Said::of(
            command
                .current_dir(place.path())
                .env("MINDER_SERVER", "unix:///a.sock")
                .arg("status")
                .args(words),
        )
        .err
    };
    assert!(status(&[]).contains("unix:///a.sock"));
    assert!(status(&["-s", "unix:///b.sock"]).contains("unix:///b.sock"));
}

#[test]
fn a_wrong_command_line_is_status_2() {
    let place = place();
    fs::write(place.path().join("bad.conf"), "no section\n").expect("a file");
    for words in [
        &["nonsense"][..],
        &["start"],
        &["status", "-s", "localhost"],
        &["status", "-c", "absent.conf"],
        &["status", "-c", "bad.conf"],
        &["completions", "tcsh"],
    ] {
        let said = say(words, place.path());
        assert_eq!(said.status, Some(2), "{words:?}");
        assert!(said.err.starts_with("error: "), "{words:?}: {}", said.err);
    }
    assert_eq!(say(&["--help"], place.path()).status, Some(0));
    assert_eq!(say(&["--version"], place.path()).status, Some(0));
}
