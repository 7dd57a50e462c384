//! A command line, taken apart as click does it.

use std::collections::BTreeMap;

use super::Failure;
use super::close_matches::close_matches;

/// A command without commands below it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Command {
    /// `acoupi deployment start`.
    pub(crate) path: &'static str,
    /// What comes behind the path on the line that shows how it is used.
    pub(crate) usage: &'static str,
    /// What is shown below that.
    pub(crate) help: &'static str,
    /// Its options, without `--help`.
    pub(crate) options: &'static [Option_],
    /// The names of its arguments; all must be there.
    pub(crate) arguments: &'static [&'static str],
    /// What becomes of what it does not know.
    pub(crate) others: Others,
}

/// What becomes of options and arguments that a command does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Others {
    /// They are wrong.
    Refused,
    /// They are left in their order.
    Kept,
    /// Arguments are left in their order; options are wrong.
    ArgumentsKept,
}

/// An option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Option_ {
    /// One with a value: its long name, and its short one or nothing.
    Value(&'static str, &'static str),
    /// One that is said or unsaid.
    Switch(&'static str, &'static str),
}

/// What a command line says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Parsed {
    values: BTreeMap<&'static str, String>,
    switches: BTreeMap<&'static str, bool>,
    /// Arguments, and what was left.
    pub(crate) arguments: Vec<String>,
}

/// A command line that asks for nothing but help.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// The command.
    Command(Parsed),
    /// Its help.
    Help,
}

impl Parsed {
    /// The value of an option.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Whether an option was said, unsaid, or neither.
    pub(crate) fn switch(&self, name: &str) -> Option<bool> {
        self.switches.get(name).copied()
    }
}

impl Command {
    /// Takes a command line apart.
    pub(crate) fn parse(&self, words: &[String]) -> Result<Asked, Failure> {
        let mut parsed = Parsed::default();
        let mut help = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                parsed.arguments.extend(words.cloned());
                break;
            }
            if !word.starts_with('-') || word == "-" {
                parsed.arguments.push(word.clone());
                continue;
            }
            let (name, given) = match word.split_once('=').filter(|_| word.starts_with("--")) {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word.as_str(), None),
            };
            if name == "--help" {
                help = true;
                continue;
            }
            match self.option(name) {
                Some(Option_::Value(long, _)) => {
                    let value = given
                        .or_else(|| words.next().cloned())
                        .ok_or_else(|| Failure::Bare(format!("Option '{name}' requires an argument.")))?;
                    parsed.values.insert(long, value);
                }
                Some(Option_::Switch(on, _)) => {
                    if given.is_some() {
                        return Err(Failure::Bare(format!("Option '{name}' does not take a value.")));
                    }
                    parsed.switches.insert(on, name == on);
                }
                None if self.others == Others::Kept => parsed.arguments.push(word.clone()),
                None => return Err(self.wrong(no_such_option(name, &self.long_names()))),
            }
        }
        if help {
            return Ok(Asked::Help);
        }
        self.count(&parsed.arguments)?;
        Ok(Asked::Command(parsed))
    }

    fn count(&self, given: &[String]) -> Result<(), Failure> {
        if let Some(missing) = self.arguments.get(given.len()) {
            return Err(self.wrong(format!("Missing argument '{missing}'.")));
        }
        let extra = &given[self.arguments.len()..];
        match (self.others, extra) {
            (Others::Refused, [one]) => Err(self.wrong(format!("Got unexpected extra argument ({one})"))),
            (Others::Refused, [_, _, ..]) => {
                Err(self.wrong(format!("Got unexpected extra arguments ({})", extra.join(" "))))
            }
            _ => Ok(()),
        }
    }

    /// The command line is wrong.
    pub(crate) fn wrong(&self, message: String) -> Failure {
        let usage = format!("{} {}", self.path, self.usage);
        Failure::Usage { usage, command: self.path.to_owned(), message }
    }

    /// The value of an option is wrong.
    pub(crate) fn wrong_value(&self, option: &str, message: &str) -> Failure {
        self.wrong(format!("Invalid value for '{option}': {message}"))
    }

    /// Everything that help shows.
    pub(crate) fn help_text(&self) -> String {
        format!("Usage: {} {}\n\n{}", self.path, self.usage, self.help)
    }

    fn option(&self, name: &str) -> Option<Option_> {
        self.options.iter().copied().find(|option| match option {
            Option_::Value(long, short) => *long == name || (!short.is_empty() && *short == name),
            Option_::Switch(on, off) => *on == name || *off == name,
        })
    }

    fn long_names(&self) -> Vec<&'static str> {
        let names = self.options.iter().flat_map(|option| match option {
            Option_::Value(long, _) => vec![*long],
            Option_::Switch(on, off) => vec![*on, *off],
        });
        names.chain(["--help"]).collect()
    }
}

/// A command of commands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// `acoupi deployment`.
    pub(crate) path: &'static str,
    /// What is shown below the line that shows how it is used.
    pub(crate) help: &'static str,
    /// The names of its commands.
    pub(crate) commands: &'static [&'static str],
}

/// What a group is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Chosen<'a> {
    /// One of its commands, and the rest of the line.
    Command(&'static str, &'a [String]),
    /// Its help.
    Help,
}

impl Group {
    /// Finds the command.
    pub(crate) fn choose<'a>(&self, words: &'a [String]) -> Result<Chosen<'a>, Failure> {
        let Some((first, rest)) = words.split_first() else {
            return Err(Failure::Help(self.help_text()));
        };
        if first == "--help" {
            return Ok(Chosen::Help);
        }
        if first.starts_with('-') && first != "-" {
            let name = first.split('=').next().unwrap_or_default();
            return Err(self.wrong(no_such_option(name, &["--help"])));
        }
        match self.commands.iter().find(|command| *command == first) {
            Some(command) => Ok(Chosen::Command(command, rest)),
            None => {
                let close = close_matches(first, self.commands);
                Err(self.wrong(format!("No such command '{first}'.{}", meant(&close))))
            }
        }
    }

    /// The command line is wrong.
    pub(crate) fn wrong(&self, message: String) -> Failure {
        let usage = format!("{} [OPTIONS] COMMAND [ARGS]...", self.path);
        Failure::Usage { usage, command: self.path.to_owned(), message }
    }

    /// Everything that help shows.
    pub(crate) fn help_text(&self) -> String {
        format!("Usage: {} [OPTIONS] COMMAND [ARGS]...\n\n{}", self.path, self.help)
    }
}

fn no_such_option(name: &str, long: &[&str]) -> String {
    let close = if name.starts_with("--") { close_matches(name, long) } else { Vec::new() };
    format!("No such option '{name}'.{}", meant(&close))
}

fn meant(close: &[&str]) -> String {
    match close {
        [] => String::new(),
        [one] => format!(" Did you mean '{one}'?"),
        several => {
            let quoted: Vec<String> = several.iter().map(|word| format!("'{word}'")).collect();
            format!(" (Did you mean one of: {}?)", quoted.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, Command, Option_, Others};

    const START: Command = Command {
        path: "acoupi deployment start",
        usage: "[OPTIONS]",
        help: "",
        options: &[
            Option_::Value("--name", ""),
            Option_::Value("--latitude", ""),
            Option_::Value("--longitude", "-l"),
            Option_::Switch("--check", "--no-check"),
        ],
        arguments: &[],
        others: Others::Refused,
    };

    fn parse(line: &str) -> Result<Asked, String> {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        START.parse(&words).map_err(|failure| failure.text().lines().last().unwrap_or_default().to_owned())
    }

    #[test]
    fn options_are_read_in_every_form() {
        let Ok(Asked::Command(parsed)) = parse("--name=a --latitude -3 -l 4 --no-check") else { panic!() };
        assert_eq!(parsed.value("--name"), Some("a"));
        assert_eq!(parsed.value("--latitude"), Some("-3"));
        assert_eq!(parsed.value("--longitude"), Some("4"));
        assert_eq!(parsed.switch("--check"), Some(false));
        assert_eq!(parse("--name a --help"), Ok(Asked::Help));
    }

    #[test]
    fn what_is_wrong_is_said_in_clicks_words() {
        for (line, message) in [
            ("--lat 3", "No such option '--lat'. Did you mean '--latitude'?"),
            (
                "--latitud 3",
                "No such option '--latitud'. (Did you mean one of: '--latitude', '--longitude'?)",
            ),
            ("-x", "No such option '-x'."),
            ("--latitude", "Option '--latitude' requires an argument."),
            ("--check=3", "Option '--check' does not take a value."),
            ("a", "Got unexpected extra argument (a)"),
            ("a b", "Got unexpected extra arguments (a b)"),
        ] {
            assert_eq!(parse(line), Err(format!("Error: {message}")), "{line}");
        }
    }
}
