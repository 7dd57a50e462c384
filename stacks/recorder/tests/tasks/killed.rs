//! A process that looks after files, killed at any moment.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use minder_recorder::program::ProgramKind;
use serde_json::json;

use super::place::{Place, sounds};

#[test]
fn who_is_killed_while_files_are_moved_leaves_each_recording_once_and_whole() {
    const RECORDINGS: usize = 120;
    let mut place = Place::of(ProgramKind::Default, &json!({"minder": {"disk_free_mb": 0}}));
    let recordings: Vec<_> = (0..RECORDINGS).map(|_| place.record()).collect();
    let configuration = place.path("program.json");
    std::fs::write(&configuration, place.configuration()).unwrap();
    let built = std::env::current_exe().unwrap();
    let built = built.parent().and_then(std::path::Path::parent).unwrap().join("examples/recorder_resident");
    let mut kills = 0;
    while !sounds(&place.path("tmp")).is_empty() {
        let mut command = Command::new(&built);
        command
            .arg("default")
            .arg(&configuration)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut resident = command.spawn().unwrap();
        let mut questions = resident.stdin.take().unwrap();
        let _ = writeln!(questions, r#"{{"run":"a","task":"file_management_task"}}"#);
        // Another moment each time, from before it has begun to some way into it.
        let before = sounds(&place.path("tmp")).len();
        let some = 1 + kills % 7;
        while sounds(&place.path("tmp")).len() + some > before && before > 10 {
            assert!(resident.try_wait().unwrap().is_none(), "the resident has ended by itself");
            std::thread::sleep(Duration::from_micros(200));
        }
        if before > 10 {
            resident.kill().unwrap();
            kills += 1;
        }
        drop(questions);
        resident.wait().unwrap();
    }
    assert!(kills > 10, "{kills}");
    for recording in &recordings {
        let path = place.row(recording).path.unwrap();
        assert!(path.starts_with(place.path("kept")) && path.exists(), "{}", path.display());
    }
    assert_eq!(sounds(&place.path("kept")).len(), RECORDINGS);
    assert!(place.told().iter().all(|(kind, _)| *kind != "lost" && *kind != "found"), "{:?}", place.told());
    // What was left behind by the last one that was killed is under way no longer.
    place.manage();
    assert_eq!(place.station().events.pending().unwrap(), []);
}
