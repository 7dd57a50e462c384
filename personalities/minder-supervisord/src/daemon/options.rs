//! The command line of supervisord: what was written, and what it means for the configuration.

use crate::conf::machine::Machine;
use crate::conf::overrides::{Given, Overrides};
use crate::conf::python::repr;
use crate::conf::types;
use crate::ctl::getopt::{Known, Takes, getopt};

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// `-h`: how it is used.
    Help,
    /// `-v`: its version.
    Version,
    /// To run.
    Run(Box<Options>),
}

/// How to run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-c`. `None`: looked for.
    pub configuration: Option<String>,
    /// What wins over the file.
    pub overrides: Overrides,
}

const fn flag(short: char, long: &'static str) -> Known {
    Known { short, long: Some(long), takes: Takes::Nothing }
}

const fn value(short: char, long: &'static str) -> Known {
    Known { short, long: Some(long), takes: Takes::Value }
}

/// Options that have no short form get a character that nobody can type as one.
const MINPROCS: char = '\u{1}';
const PROFILE: char = '\u{2}';

const KNOWN: [Known; 21] = [
    flag('h', "help"),
    Known { short: '?', long: None, takes: Takes::Nothing },
    flag('v', "version"),
    value('c', "configuration"),
    flag('n', "nodaemon"),
    flag('s', "silent"),
    value('u', "user"),
    value('m', "umask"),
    value('d', "directory"),
    value('l', "logfile"),
    value('y', "logfile_maxbytes"),
    value('z', "logfile_backups"),
    value('e', "loglevel"),
    value('j', "pidfile"),
    value('i', "identifier"),
    value('q', "childlogdir"),
    flag('k', "nocleanup"),
    value('a', "minfds"),
    value(MINPROCS, "minprocs"),
    flag('t', "strip_ansi"),
    value(PROFILE, "profile_options"),
];

/// Reads the arguments behind the program's name.
///
/// # Errors
/// The original's text, to be printed behind `Error: `.
pub fn parse(arguments: &[String], machine: &dyn Machine) -> Result<Asked, String> {
    let (given, rest) = getopt(arguments, &KNOWN)?;
    let mut options = Options::default();
    let mut seen = Vec::new();
    for option in given {
        match option.short {
            'h' | '?' => return Ok(Asked::Help),
            'v' => return Ok(Asked::Version),
            _ => {}
        }
        if seen.contains(&option.short) {
            return Err(format!("conflicting command line option {}", repr(&option.written)));
        }
        seen.push(option.short);
        let (written, text) = (&option.written, &option.value);
        take(&mut options, option.short, text, machine)
            .map_err(|error| format!("invalid value for {written} {}: {error}", repr(text)))?;
    }
    if rest.is_empty() {
        Ok(Asked::Run(Box::new(options)))
    } else {
        let words: Vec<String> = rest.iter().map(|word| repr(word)).collect();
        Err(format!("positional arguments are not supported: [{}]", words.join(", ")))
    }
}

fn take(
    options: &mut Options,
    short: char,
    text: &str,
    machine: &dyn Machine,
) -> Result<(), types::TypeError> {
    let over = &mut options.overrides;
    match short {
        'c' => options.configuration = Some(text.to_owned()),
        'n' => over.nodaemon = Some(Given),
        's' => over.silent = Some(Given),
        'k' => over.nocleanup = Some(Given),
        't' => over.strip_ansi = Some(Given),
        'u' => over.user = Some(text.to_owned()),
        'm' => over.umask = Some(types::octal(text)?),
        'd' => over.directory = Some(types::existing_directory(text, machine)?),
        'l' => over.logfile = Some(types::existing_parent(text, machine)?),
        'y' => over.logfile_maxbytes = Some(types::byte_size(text)?),
        'z' => over.logfile_backups = Some(types::integer(text)?),
        'e' => over.loglevel = Some(types::log_level(text)?),
        'j' => over.pidfile = Some(types::existing_parent(text, machine)?),
        'i' => over.identifier = Some(text.to_owned()),
        'q' => over.childlogdir = Some(types::existing_directory(text, machine)?),
        'a' => over.minfds = Some(types::integer(text)?),
        MINPROCS => over.minprocs = Some(types::integer(text)?),
        // Profiling is of the original's own interpreter; there is none here, so nothing is profiled.
        _ => {}
    }
    Ok(())
}

/// What `-h` prints.
pub const USAGE: &str = "\
supervisord -- run a set of applications as daemons.

Usage: supervisord [options]

Options:
-c/--configuration FILENAME -- configuration file (looked for if not given)
-n/--nodaemon -- stay in the foreground
-s/--silent -- keep the log off stdout while in the foreground
-h/--help -- print this text and exit
-v/--version -- print the version and exit
-u/--user USER -- become this user (name or number)
-m/--umask UMASK -- file mode mask of the daemon (octal, default 022)
-d/--directory DIRECTORY -- where to go when becoming a daemon
-l/--logfile FILENAME -- the daemon's log
-y/--logfile_maxbytes BYTES -- size at which it is rotated (suffixes KB, MB, GB)
-z/--logfile_backups NUM -- how many rotated logs are kept
-e/--loglevel LEVEL -- critical, error, warn, info, debug, trace or blather
-j/--pidfile FILENAME -- where the daemon's process id is written
-i/--identifier STR -- the name of this instance
-q/--childlogdir DIRECTORY -- where automatic log files of programs go
-k/--nocleanup -- leave automatic log files of an earlier run alone
-a/--minfds NUM -- least number of file descriptors to start with
-t/--strip_ansi -- remove terminal escapes from the programs' logs
--minprocs NUM -- least number of processes to start with
--profile_options OPTIONS -- accepted, and without effect
";
