//! The example of a recorder, by the one command that its README names, where there is no sound card.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn the_recorder_leaves_sound_a_database_and_a_picture() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/recorder");
    for name in ["run.sh", "minder.toml", "program.json"] {
        std::fs::copy(example.join(name), dir.path().join(name)).expect("a file of the example");
    }
    let mut run = Command::new(dir.path().join("run.sh"));
    // Three recordings of three seconds each, the last of which may not be whole.
    run.arg("10").env("MINDER", env!("CARGO_BIN_EXE_minder")).env("HOME", dir.path());
    let output = run.output().expect("it runs");
    let told = format!("{output:?}");
    assert!(output.status.success(), "{told}");
    let state = dir.path().join("state");
    let sounds = sounds(&state.join("storages/recordings"));
    assert!(!sounds.is_empty(), "{told}");
    for sound in &sounds {
        let bytes = std::fs::read(sound).expect("readable");
        assert!(bytes.starts_with(b"RIFF") && bytes.windows(6).any(|part| part == b"GUANO|"), "{sound:?}");
    }
    let database = rusqlite::Connection::open(state.join("storages/metadata.db")).expect("a database");
    let count = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        database.query_row(&count, [], |row| row.get::<_, u32>(0)).expect("a table")
    };
    let kept = u32::try_from(sounds.len()).expect("few");
    assert!(count("recording") >= kept && count("model_output") >= kept, "{told}");
    let picture = std::fs::read(state.join("spectrogram.png")).expect("a picture");
    assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n") && picture.len() > 10_000, "{told}");
    assert!(!state.join("minder.pid").exists(), "nothing runs any more");
}

/// All files of sound below a directory.
fn sounds(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let here = files.into_iter().filter(|path| path.extension().is_some_and(|it| it == "wav"));
    here.chain(folders.iter().flat_map(|folder| sounds(folder))).collect()
}
