//! What fuzzing has found, and the examples that it began with, once more: on every compiler, with every test run.

use std::path::{Path, PathBuf};

use minder_fuzz::TARGETS;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Attacks a target with its corpus, and with what once broke a promise.
fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target of this name");
    let [corpus, regressions] = ["corpus", "regressions"].map(|kind| fuzz().join(kind).join(name));
    assert!(names_in(&corpus).len() > 1, "{} holds too little to prove anything", corpus.display());
    for folder in [corpus, regressions] {
        // Most targets have broken no promise yet.
        for file in if folder.is_dir() { names_in(&folder) } else { Vec::new() } {
            let bytes = std::fs::read(folder.join(&file)).expect("a file");
            // Told before, because a target that never comes back says nothing.
            println!("{}", folder.join(file).display());
            (target.run)(&bytes);
        }
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_replayed_has_a_corpus_and_can_be_fuzzed() {
            let mut replayed = vec![$(stringify!($name).to_owned()),*];
            replayed.sort();
            let mut targets: Vec<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
            targets.sort();
            assert_eq!(replayed, targets);
            assert_eq!(names_in(&fuzz().join("corpus")), targets);
            let sources = targets.iter().map(|name| format!("{name}.rs")).collect::<Vec<_>>();
            assert_eq!(names_in(&fuzz().join("fuzz_targets")), sources);
            let manifest = std::fs::read_to_string(fuzz().join("Cargo.toml")).expect("a manifest");
            for name in targets {
                assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in fuzz/Cargo.toml");
            }
        }
    };
}

replays! {
    brewpi_lines
    kbsp_line
    keg_server_answer
    kegnet_stream
    circus_command
    circus_ini
    circus_reply
    circus_values
    command_lines
    detector_lines
    http_server
    keeper_wire
    kegbot_config
    listener_dialogue
    minder_toml
    runtime_memory
    supervisord_conf
    supervisord_values
    wav_file
    xmlrpc_call
    xmlrpc_response
    zmtp_connection
    zmtp_decoder
}
