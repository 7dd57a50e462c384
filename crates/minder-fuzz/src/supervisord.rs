//! Supervisor's file, its values, and what its event listeners say.

use minder_supervisord::conf::expand::expand;
use minder_supervisord::conf::names::{Names, Scope};
use minder_supervisord::conf::snapshot::{Recorder, Snapshot};
use minder_supervisord::conf::{Reading, Request, environment, include, lower, read, shellwords, types};
use minder_supervisord::listener::fuzzing::{Sizes, conversation, rewritten_memo};

use crate::input::{parts, pieces};
use crate::machine::{Invented, MAIN};
use crate::spans;

/// A configuration of one file or several. Its places lie in it; read again from its snapshot it says the same; what is
/// accepted can be run.
pub fn conf(bytes: &[u8]) {
    let machine = Invented::new(&parts(bytes));
    let recorder = Recorder::new(&machine);
    let request = Request { file: MAIN.to_owned(), ..Request::default() };
    let reading = read(&request, &recorder);
    spans::check(reading.problems(), &reading.sources);
    let snapshot = recorder.snapshot(Vec::new()).encode();
    let snapshot = Snapshot::decode(&snapshot).expect("what was encoded");
    assert_eq!(told(&reading), told(&read(&request, &snapshot)));
    if let Ok(settings) = reading.accepted() {
        // Groups of one name are the original's oversight, and ours to refuse.
        let _ = lower::plan(&settings);
        let _ = lower::journal(&settings.supervisord);
    }
    let _ = Snapshot::decode(bytes);
}

fn told(reading: &Reading) -> String {
    format!("{:?} {:?} {:?}", reading.settings, reading.faults, reading.warnings)
}

/// Values alone: `%(name)s`, lists of variables, commands, and everything that has a type.
pub fn values(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut names = Names::new();
    names.set("here", "/etc");
    names.set("process_num", 7_i64);
    names.set_variable("PATH", "/bin");
    names.set("program_name", "ü'\"");
    if let Ok(expanded) = expand(&text, Scope(&[&names]), "program:x.command") {
        assert!(text.contains('%') || text == expanded);
    }
    if let Ok(environment) = environment::parse(&text) {
        for (name, value) in environment.iter() {
            let Some(quoted) = environment::quoted(value) else { continue };
            let again = environment::parse(&format!("KEY={quoted}")).expect("what was quoted");
            assert_eq!(again.get("KEY"), Some(value), "{name}");
        }
    }
    let _ = shellwords::split(&text);
    of_a_type(&text);
}

fn of_a_type(text: &str) {
    let machine = Invented::new(&[]);
    let _ = (types::integer(text), types::boolean(text), types::byte_size(text), types::octal(text));
    let _ = (types::signal(text), types::strings(text), types::exit_codes(text), types::auto_restart(text));
    let _ = (types::name(text), types::log_level(text), types::inet_address(text), types::fcgi_address(text));
    let _ = (types::existing_directory(text, &machine), types::existing_parent(text, &machine));
    let _ = (types::log_file(text, &machine), types::user(text, &machine), types::owner(text, &machine));
    let _ = include::glob(text, &Nowhere);
}

/// A disk with one directory in which names are hard to match.
struct Nowhere;

impl include::Directories for Nowhere {
    fn entries(&self, directory: &str) -> Vec<String> {
        if directory == "/" { vec!["a".repeat(60), "conf.d".to_owned(), ".x".to_owned()] } else { Vec::new() }
    }

    fn link_exists(&self, path: &str) -> bool {
        path.starts_with('/')
    }

    fn is_directory(&self, path: &str) -> bool {
        path == "/"
    }
}

/// What a listener writes means the same however it is cut; and what is remembered of the pools is remembered whole.
pub fn listener_dialogue(bytes: &[u8]) {
    if let Some(memo) = rewritten_memo(bytes) {
        assert_eq!(rewritten_memo(&memo).as_ref(), Some(&memo));
    }
    let all = pieces(bytes);
    let whole = conversation(all.iter().copied(), Sizes::Whole);
    assert_eq!(whole, conversation(all.iter().copied(), Sizes::Single));
}
