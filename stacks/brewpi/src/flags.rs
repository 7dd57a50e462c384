//! The command line of the script, as it has always been.

use std::path::PathBuf;

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// `-h`.
    Help,
    /// `-L`: which devices there are.
    List,
    /// To run.
    Run(Run),
    /// An option that there is not.
    Unknown(String),
    /// Two options that exclude each other.
    Clash(&'static str),
    /// An option without its value.
    Incomplete(String),
}

/// How to run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    /// `-w NAME`.
    pub(crate) device: Option<String>,
    /// `--pidfiledir`.
    pub(crate) pidfiles: PathBuf,
    /// `-l`: logs go to files.
    pub(crate) log: To,
    /// `--checkstartuponly`.
    pub(crate) check: Check,
}

/// Where the logs go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum To {
    Streams,
    Files,
}

/// Whether the script is only to say if it could start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Check {
    No,
    StartOnly,
}

/// Long names, short ones, and whether a value follows.
const OPTIONS: [(&str, Option<char>, bool); 13] = [
    ("help", Some('h'), false),
    ("status", Some('s'), false),
    ("quit", Some('q'), false),
    ("kill", Some('k'), false),
    ("force", Some('f'), false),
    ("log", Some('l'), false),
    ("dontrunfile", Some('d'), false),
    ("dblist", Some('L'), false),
    ("checkstartuponly", None, false),
    ("dbcfg", Some('w'), true),
    ("name", None, true),
    ("pidfiledir", None, true),
    ("config", Some('c'), true),
];

/// What the help lists.
pub(crate) const OPTIONS_HELP: &str = "\
  -h, --help              show this
  -w, --dbcfg NAME        run the script of the device of this name
  -L, --dblist            list the devices of the database
  -l, --log               write stdout.txt and stderr.txt in the directory of logs instead
      --pidfiledir DIR    where the file is that keeps a second script out (/tmp)
      --checkstartuponly  end with 1 if the script could start
  -d, --dontrunfile; -s, -q, -k, -f: taken, without effect
";

/// Reads what stands behind the program's name.
pub(crate) fn read(arguments: &[String]) -> Asked {
    let mut run = Run { device: None, pidfiles: PathBuf::from("/tmp"), log: To::Streams, check: Check::No };
    let mut named = false;
    let mut list = false;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let (name, given) = match option(word) {
            Some(found) => found,
            None => return Asked::Unknown(word.clone()),
        };
        let takes = OPTIONS.iter().any(|(known, _, takes)| *known == name && *takes);
        let value = match (takes, given) {
            (true, Some(value)) => value,
            (true, None) => match words.next() {
                Some(value) => value.clone(),
                None => return Asked::Incomplete(word.clone()),
            },
            (false, _) => String::new(),
        };
        match name {
            "help" => return Asked::Help,
            "dblist" => list = true,
            "log" => run.log = To::Files,
            "checkstartuponly" => run.check = Check::StartOnly,
            "dbcfg" => run.device = Some(value),
            "pidfiledir" => run.pidfiles = PathBuf::from(value),
            "name" => named = true,
            _ => {}
        }
    }
    match (list, named && run.device.is_some()) {
        (true, _) => Asked::List,
        (false, true) => Asked::Clash("--name cannot be used together with --dbcfg"),
        (false, false) => Asked::Run(run),
    }
}

/// The long name of an option, and the value that stands in the same word.
fn option(word: &str) -> Option<(&'static str, Option<String>)> {
    if let Some(long) = word.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (long, None),
        };
        // As getopt has it, the beginning of a name is enough if there is no other like it.
        let exact = OPTIONS.iter().find(|(known, _, _)| *known == name);
        let mut alike = OPTIONS.iter().filter(|(known, _, _)| known.starts_with(name));
        let found = exact.or_else(|| alike.next().filter(|_| alike.next().is_none() && !name.is_empty()))?;
        return Some((found.0, value));
    }
    let mut letters = word.strip_prefix('-')?.chars();
    let letter = letters.next()?;
    let (name, _, takes) = OPTIONS.iter().find(|(_, short, _)| *short == Some(letter))?;
    let rest = letters.as_str();
    match (rest.is_empty(), takes) {
        (true, _) => Some((name, None)),
        (false, true) => Some((name, Some(rest.to_owned()))),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Asked {
        read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_device_may_be_given_in_every_way_of_getopt() {
        for words in
            [&["-w", "a b"][..], &["-wa b"], &["--dbcfg", "a b"], &["--dbcfg=a b"], &["--dbc", "a b"]]
        {
            let Asked::Run(run) = asked(words) else { panic!("{words:?}") };
            assert_eq!(run.device.as_deref(), Some("a b"), "{words:?}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_told_apart() {
        assert_eq!(asked(&["--colour"]), Asked::Unknown("--colour".to_owned()));
        assert_eq!(asked(&["-w"]), Asked::Incomplete("-w".to_owned()));
        assert!(matches!(asked(&["--name", "x", "-w", "y"]), Asked::Clash(_)));
        assert_eq!(asked(&["-L", "-w", "y"]), Asked::List);
    }
}
