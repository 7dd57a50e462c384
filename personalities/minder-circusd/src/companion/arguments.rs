//! Command lines by the rules of Python's `argparse`, as far as circusd-stats and circus-plugin use it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// A value, in the next word or behind `=`.
    Value,
    /// Nothing.
    Nothing,
}

/// What a program accepts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grammar {
    /// `usage: …`, with `{program}` where the name stands; continued lines are indented as under the original's name.
    pub(crate) usage: &'static str,
    /// What `--help` prints below the usage.
    pub(crate) help: &'static str,
    /// Names without the two dashes.
    pub(crate) options: &'static [(&'static str, Takes)],
    /// How many words may stand by themselves.
    pub(crate) positional_max: usize,
}

/// A command line that was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    values: BTreeMap<&'static str, String>,
    pub(crate) positional: Vec<String>,
}

impl Arguments {
    /// What was given for an option; its last mention counts.
    pub(crate) fn value(&self, option: &str) -> Option<&str> {
        self.values.get(option).map(String::as_str)
    }

    /// Whether an option was mentioned.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.values.contains_key(option)
    }
}

/// Why a command line leads to no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// `--help` was asked for.
    Help,
    /// With the original's text. The status is 2.
    Wrong(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Stop::Help => f.write_str("help"),
            Stop::Wrong(text) => f.write_str(text),
        }
    }
}

/// An option where it is mentioned.
struct Mention {
    name: &'static str,
    takes: Takes,
    /// What stands behind `=`.
    inline: Option<String>,
}

impl Grammar {
    /// Reads a command line, which begins behind the name of the program. Bytes that are no UTF-8 are replaced.
    pub(crate) fn parse(&self, words: &[OsString]) -> Result<Arguments, Stop> {
        let mut arguments = Arguments::default();
        let mut unknown = Vec::new();
        let mut words = words.iter().map(|word| word.to_string_lossy().into_owned()).peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                arguments.positional.extend(words.by_ref());
            } else if !looks_like_option(&word) {
                arguments.positional.push(word);
            } else if word == "-h" {
                return Err(Stop::Help);
            } else if let Some(Mention { name, takes, inline }) = self.option(&word)? {
                let value = match (takes, inline) {
                    (Takes::Nothing, None) if name == "help" => return Err(Stop::Help),
                    (Takes::Nothing, None) => String::new(),
                    (Takes::Nothing, Some(text)) => {
                        let text = format!("argument --{name}: ignored explicit argument '{text}'");
                        return Err(Stop::Wrong(text));
                    }
                    (Takes::Value, Some(text)) => text,
                    (Takes::Value, None) => words
                        .next_if(|next| !looks_like_option(next))
                        .ok_or_else(|| Stop::Wrong(format!("argument --{name}: expected one argument")))?,
                };
                arguments.values.insert(name, value);
            } else {
                unknown.push(word);
            }
        }
        unknown.extend(arguments.positional.drain(self.positional_max.min(arguments.positional.len())..));
        if !unknown.is_empty() {
            return Err(Stop::Wrong(format!("unrecognized arguments: {}", unknown.join(" "))));
        }
        Ok(arguments)
    }

    /// Finds an option by its name, or by a beginning that only one has. `None` if there is none.
    fn option(&self, word: &str) -> Result<Option<Mention>, Stop> {
        let Some(rest) = word.strip_prefix("--") else { return Ok(None) };
        let (given, inline) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (rest, None),
        };
        let all = std::iter::once(("help", Takes::Nothing)).chain(self.options.iter().copied());
        let found: Vec<(&str, Takes)> = all.filter(|(name, _)| name.starts_with(given)).collect();
        let exact = found.iter().find(|(name, _)| *name == given);
        match (exact, found.as_slice()) {
            (Some(option), _) | (None, [option]) => {
                Ok(Some(Mention { name: option.0, takes: option.1, inline }))
            }
            (None, []) => Ok(None),
            (None, several) => {
                let names: Vec<String> = several.iter().map(|(name, _)| format!("--{name}")).collect();
                let text = format!("ambiguous option: {word} could match {}", names.join(", "));
                Err(Stop::Wrong(text))
            }
        }
    }

    /// The usage, for a program that was called by this name.
    pub(crate) fn usage(&self, program: &str) -> String {
        self.usage.replace("{program}", program)
    }
}

/// A lone dash and negative numbers are values.
fn looks_like_option(word: &str) -> bool {
    word.starts_with('-') && word != "-" && word.parse::<f64>().is_err() && !word.contains(' ')
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Grammar, Stop, Takes};

    const GRAMMAR: Grammar = Grammar {
        usage: "usage: {program}\n",
        help: "",
        options: &[("log-level", Takes::Value), ("log-output", Takes::Value), ("version", Takes::Nothing)],
        positional_max: 1,
    };

    fn parse(line: &str) -> Result<Arguments, Stop> {
        GRAMMAR.parse(&line.split_ascii_whitespace().map(Into::into).collect::<Vec<_>>())
    }

    #[test]
    fn options_may_be_cut_short_and_stand_anywhere() {
        let arguments = parse("--log-l=a x --log-o - --vers --log-level -1").expect("understood");
        assert_eq!(arguments.value("log-level"), Some("-1"));
        assert_eq!(arguments.value("log-output"), Some("-"));
        assert!(arguments.has("version"));
        assert_eq!(arguments.positional, ["x"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_original() {
        for (line, text) in [
            ("--bogus", "unrecognized arguments: --bogus"),
            ("a b", "unrecognized arguments: b"),
            ("--log x", "ambiguous option: --log could match --log-level, --log-output"),
            ("--log-level", "argument --log-level: expected one argument"),
            ("--log-level --version", "argument --log-level: expected one argument"),
            ("--version=1", "argument --version: ignored explicit argument '1'"),
            ("-- --version x", "unrecognized arguments: x"),
        ] {
            assert_eq!(parse(line), Err(Stop::Wrong(text.to_owned())), "{line}");
        }
        assert_eq!(parse("--he"), Err(Stop::Help));
        assert_eq!(parse("-h"), Err(Stop::Help));
    }
}
