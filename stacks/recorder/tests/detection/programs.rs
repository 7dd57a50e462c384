//! Detectors that are programs: the example, and ones that are none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minder_recorder::detect::{DetectError, Detector, DetectorProgram, ProgramDetector};
use tempfile::TempDir;

use super::{record, subject};

/// A shell script that is a detector.
fn script(folder: &Path, body: &str) -> ProgramDetector {
    let path = folder.join("detector.sh");
    fs::write(&path, body).expect("a file");
    let hour = Duration::from_secs(3600);
    ProgramDetector::of(DetectorProgram {
        ready_within: hour,
        answer_within: hour,
        ..DetectorProgram::of("sh", vec![path.into()])
    })
}

fn recording() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a directory");
    let path = record("simulated:birds,loudness=15", 48_000, Duration::from_secs(3), folder.path());
    (folder, path)
}

const GREETING: &str = r#"echo '{"detector":"a shell","protocol":1}'"#;

#[test]
fn the_example_in_python_finds_what_is_loud() {
    let (folder, path) = recording();
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/recorder/detector.py");
    let mut detector = ProgramDetector::of(DetectorProgram::of(example, Vec::new()));
    let found = detector.detect(&subject(&path)).expect("an answer");
    assert_eq!(detector.name(), "loudness");
    assert!(
        !found.is_empty() && found.iter().all(|detection| detection.tags[0].value == "loud"),
        "{found:?}"
    );
    // What is no recording does not come to it.
    let error = detector.detect(&subject(&folder.path().join("none.wav"))).expect_err("no recording");
    assert!(matches!(error, DetectError::Recording(_)), "{error}");
    assert_eq!(detector.detect(&subject(&path)).expect("an answer"), found);
}

#[test]
fn an_error_of_the_program_is_told_and_it_stays() {
    let (folder, path) = recording();
    let body = format!(
        "{GREETING}\nread a\necho '{{\"detect\":1,\"error\":\"no model\"}}'\nread a\necho '{{\"detect\":2,\"detections\":[]}}'\nread a"
    );
    let mut detector = script(folder.path(), &body);
    let error = detector.detect(&subject(&path)).expect_err("its error");
    assert_eq!(error.to_string(), "the detector sh failed: no model");
    assert_eq!(detector.detect(&subject(&path)).expect("an answer"), []);
}

#[test]
fn one_that_dies_is_started_again_for_the_next_recording() {
    let (folder, path) = recording();
    let mark = folder.path().join("mark");
    let body = format!(
        "{GREETING}\nread a\nif mkdir {0}; then exit 1; fi\necho '{{\"detect\":2,\"detections\":[]}}'\nread a",
        mark.display()
    );
    let mut detector = script(folder.path(), &body);
    let error = detector.detect(&subject(&path)).expect_err("it is dead");
    assert_eq!(error.to_string(), "the detector sh has ended; it is started again for the next recording");
    assert_eq!(detector.detect(&subject(&path)).expect("an answer"), []);
}

#[test]
fn nonsense_is_an_error_and_the_end_of_who_said_it() {
    let (folder, path) = recording();
    let cases = [
        ("echo hello", "found hello, expected a JSON object"),
        (r#"echo '{"detect":9,"detections":[]}'"#, "`detect`: found 9, expected 1"),
        ("head -c 5000000 /dev/zero", "a line of more than 4194304 bytes"),
        (
            r#"echo '{"detect":1,"detections":[{"score":2}]}'"#,
            "`score`: found 2, expected a number from 0 to 1",
        ),
    ];
    for (said, expected) in cases {
        let mut detector = script(folder.path(), &format!("{GREETING}\nread a\n{said}\nsleep 3600"));
        let error = detector.detect(&subject(&path)).expect_err(said);
        let text = format!("the detector sh was killed because of what it said: {expected}");
        assert_eq!(error.to_string(), text);
    }
    let mut detector = script(folder.path(), "echo '{}'\nsleep 3600");
    assert!(matches!(detector.detect(&subject(&path)), Err(DetectError::Nonsense(..))));
}

#[test]
fn one_that_never_stops_talking_is_stopped() {
    let (folder, path) = recording();
    let mut detector = script(folder.path(), &format!("{GREETING}\nyes"));
    assert!(matches!(detector.detect(&subject(&path)), Err(DetectError::Nonsense(..))));
}

#[test]
fn one_that_hangs_is_killed_with_all_that_it_started() {
    let (folder, path) = recording();
    let pid = folder.path().join("pid");
    let script = folder.path().join("detector.sh");
    fs::write(&script, format!("sleep 3600 &\necho $! > {}\n{GREETING}\nwait", pid.display()))
        .expect("a file");
    let settings = DetectorProgram::of("sh", vec![script.into()]);
    let settings = DetectorProgram { answer_within: Duration::from_millis(300), ..settings };
    let mut detector = ProgramDetector::of(settings);
    let error = detector.detect(&subject(&path)).expect_err("a time-out");
    assert_eq!(error.to_string(), "the detector sh has not answered within 0.3 s, and was killed");
    let pid = fs::read_to_string(pid).expect("a number");
    let gone = || match fs::read_to_string(format!("/proc/{}/stat", pid.trim())) {
        // Who has no living parent may be left as it is by whoever should look after it.
        Ok(stat) => stat.contains(") Z "),
        Err(_) => true,
    };
    assert!((0..6000).any(|_| gone() || {
        std::thread::sleep(Duration::from_millis(10));
        false
    }));
}

#[test]
fn one_that_cannot_be_started_or_is_never_ready_is_an_error() {
    let (_folder, path) = recording();
    let mut detector = ProgramDetector::of(DetectorProgram::of("/nonexistent/detector", Vec::new()));
    let error = detector.detect(&subject(&path)).expect_err("no program").to_string();
    assert!(error.starts_with("cannot start the detector /nonexistent/detector: "), "{error}");
    let settings = DetectorProgram::of("sleep", vec!["3600".into()]);
    let mut detector =
        ProgramDetector::of(DetectorProgram { ready_within: Duration::from_millis(100), ..settings });
    let error = detector.detect(&subject(&path)).expect_err("not ready");
    assert_eq!(error.to_string(), "the detector sleep was not ready after 0.1 s, and was killed");
}
