//! Command lines by the rules of Python's `argparse`: options cut short, `--option=value`, options between words, a command
//! that takes all the rest.
//!
//! A word's kind is settled first, for all words, because an ambiguous option is an error wherever it stands; then they are
//! taken one after the other.

use serde_json::{Map, Value};

use crate::options::python;

/// An option of one name, which begins with two dashes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Switch {
    pub(super) name: &'static str,
    pub(super) takes: Takes,
    /// What it is for, in one line.
    pub(super) help: &'static str,
}

/// What an option takes, and so what stands for it when it is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    /// Nothing: it is true or false.
    Nothing,
    /// A text, by default this one or none.
    Text(Option<&'static str>),
    /// A whole number, by default this one.
    Whole(i64),
    /// Nothing: whatever follows is of no interest any more.
    Leave(Leave),
}

/// Something to do instead of everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leave {
    Help,
    Version,
}

impl Takes {
    fn default(self) -> Option<Value> {
        match self {
            Takes::Nothing => Some(false.into()),
            Takes::Text(text) => Some(text.into()),
            Takes::Whole(number) => Some(number.into()),
            Takes::Leave(_) => None,
        }
    }
}

/// Which words may stand by themselves.
#[derive(Clone, Copy, Debug)]
pub(super) enum Words<'a> {
    /// None.
    Unwanted,
    /// Any number, in one row.
    Any,
    /// One of these, and all that stands behind it.
    Command(&'a [&'static str]),
}

/// Why a command line leads to no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    Leave(Leave),
    /// With the original's text.
    Wrong(String),
}

/// A command line that was understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    /// All options in the order of their declaration, with their defaults if need be.
    pub(super) switches: Map<String, Value>,
    /// The words by themselves. With [`Words::Command`] the command, and what follows as it was written.
    pub(super) words: Vec<String>,
    /// What nobody wants.
    pub(super) extras: Vec<String>,
}

#[derive(Clone, Debug)]
enum Kind<'a> {
    Word,
    /// The first `--`; behind it all are words.
    Dashes,
    Unknown,
    Option(&'a Switch, Option<String>),
}

/// The short name that an option of `Leave::Help` has in a command.
const HELP_LETTER: &str = "-h";

/// Reads words. `-h` stands for a switch named `help` that leaves.
pub(super) fn parse(switches: &[Switch], wanted: Words<'_>, words: &[String]) -> Result<Parsed, Stop> {
    let kinds = kinds(switches, words)?;
    let mut parsed = Parsed::default();
    for switch in switches {
        if let Some(value) = switch.takes.default() {
            parsed.switches.insert(switch.name.to_owned(), value);
        }
    }
    let mut words_are_taken = false;
    let mut at = 0;
    while let Some(kind) = kinds.get(at) {
        match kind {
            Kind::Unknown => {
                parsed.extras.push(words[at].clone());
                at += 1;
            }
            Kind::Option(switch, inline) => {
                let next = matches!(kinds.get(at + 1), Some(Kind::Word)).then(|| &words[at + 1]);
                at += 1 + usize::from(inline.is_none() && takes_word(switch.takes));
                let value = value_of(switch, inline.as_ref(), next)?;
                parsed.switches.insert(switch.name.to_owned(), value);
            }
            Kind::Word | Kind::Dashes => {
                let is_word = |kind: &&Kind<'_>| matches!(kind, Kind::Word | Kind::Dashes);
                let row = kinds[at..].iter().take_while(is_word).count();
                let end = match wanted {
                    _ if words_are_taken => at,
                    Words::Unwanted => at,
                    Words::Any => at + row,
                    Words::Command(_) if row == 1 && matches!(kind, Kind::Dashes) => at,
                    Words::Command(known) => {
                        expect_command(known, &words[at])?;
                        words.len()
                    }
                };
                words_are_taken |= end > at;
                parsed.words.extend(without_dashes(wanted, &words[at..end]));
                let row_end = end.max(at + row);
                parsed.extras.extend(words[end..row_end].iter().cloned());
                at = row_end;
            }
        }
    }
    Ok(parsed)
}

/// The first `--` among ordinary words only says that words follow.
fn without_dashes<'a>(wanted: Words<'_>, words: &'a [String]) -> impl Iterator<Item = String> + 'a {
    let dashes = match wanted {
        Words::Any => words.iter().position(|word| word == "--"),
        Words::Unwanted | Words::Command(_) => None,
    };
    words.iter().enumerate().filter(move |(n, _)| Some(*n) != dashes).map(|(_, word)| word.clone())
}

fn expect_command(known: &[&str], word: &str) -> Result<(), Stop> {
    if known.contains(&word) {
        return Ok(());
    }
    let choices: Vec<String> = known.iter().map(|name| format!("'{name}'")).collect();
    let word = python::repr_text(word);
    let choices = choices.join(", ");
    Err(Stop::Wrong(format!("argument command: invalid choice: {word} (choose from {choices})")))
}

const fn takes_word(takes: Takes) -> bool {
    match takes {
        Takes::Text(_) | Takes::Whole(_) => true,
        Takes::Nothing | Takes::Leave(_) => false,
    }
}

fn value_of(switch: &Switch, inline: Option<&String>, next: Option<&String>) -> Result<Value, Stop> {
    let wrong = |problem: String| {
        let letter = if switch.takes == Takes::Leave(Leave::Help) { "-h/" } else { "" };
        Stop::Wrong(format!("argument {letter}--{}: {problem}", switch.name))
    };
    let value = || inline.or(next).ok_or_else(|| wrong("expected one argument".to_owned()));
    match (switch.takes, inline) {
        (Takes::Nothing | Takes::Leave(_), Some(text)) => {
            Err(wrong(format!("ignored explicit argument {}", python::repr_text(text))))
        }
        (Takes::Nothing, None) => Ok(true.into()),
        (Takes::Leave(leave), None) => Err(Stop::Leave(leave)),
        (Takes::Text(_), _) => Ok(value()?.as_str().into()),
        (Takes::Whole(_), _) => {
            let text = value()?;
            let number = python::int(text, 10);
            let number =
                number.map_err(|_| wrong(format!("invalid int value: {}", python::repr_text(text))))?;
            Ok(number.into())
        }
    }
}

fn kinds<'a>(switches: &'a [Switch], words: &[String]) -> Result<Vec<Kind<'a>>, Stop> {
    let mut kinds = Vec::with_capacity(words.len());
    let mut only_words = false;
    for word in words {
        kinds.push(match word.as_str() {
            _ if only_words => Kind::Word,
            "--" => Kind::Dashes,
            word => kind(switches, word)?,
        });
        only_words |= word == "--";
    }
    Ok(kinds)
}

fn kind<'a>(switches: &'a [Switch], word: &str) -> Result<Kind<'a>, Stop> {
    if !word.starts_with('-') || word == "-" {
        return Ok(Kind::Word);
    }
    let help = switches.iter().find(|switch| switch.takes == Takes::Leave(Leave::Help));
    if let Some(help) = help
        && let Some(rest) = word.strip_prefix(HELP_LETTER)
    {
        // `-hh` is twice the same.
        let inline = Some(rest).filter(|rest| !rest.is_empty() && *rest != "h");
        return Ok(Kind::Option(help, inline.map(|text| text.trim_start_matches('=').to_owned())));
    }
    if let Some(rest) = word.strip_prefix("--") {
        let (given, inline) = match rest.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (rest, None),
        };
        if let Some(switch) = switches.iter().find(|switch| switch.name == given) {
            return Ok(Kind::Option(switch, inline));
        }
        let found: Vec<&Switch> = switches.iter().filter(|switch| switch.name.starts_with(given)).collect();
        match found[..] {
            [] => {}
            [switch] => return Ok(Kind::Option(switch, inline)),
            [_, ..] => {
                let names: Vec<String> = found.iter().map(|switch| format!("--{}", switch.name)).collect();
                let names = names.join(", ");
                return Err(Stop::Wrong(format!("ambiguous option: {word} could match {names}")));
            }
        }
    }
    let value = is_negative_number(word) || word.contains(' ');
    Ok(if value { Kind::Word } else { Kind::Unknown })
}

/// `-1`, `-1.5`, `-.5`, and no more than that.
fn is_negative_number(word: &str) -> bool {
    let Some(number) = word.strip_prefix('-') else { return false };
    let (whole, fraction) = number.split_once('.').unwrap_or(("", number));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && !fraction.is_empty()
}

#[cfg(test)]
mod tests {
    use super::{Leave, Parsed, Stop, Switch, Takes, Words, parse};

    const SWITCHES: [Switch; 4] = [
        Switch { name: "help", takes: Takes::Leave(Leave::Help), help: "" },
        Switch { name: "waiting", takes: Takes::Nothing, help: "" },
        Switch { name: "match", takes: Takes::Text(Some("glob")), help: "" },
        Switch { name: "matter", takes: Takes::Whole(5), help: "" },
    ];

    fn parsed(line: &str, wanted: Words<'_>) -> Result<Parsed, Stop> {
        parse(&SWITCHES, wanted, &line.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn options_and_words_may_be_mixed_but_words_stand_in_one_row() {
        for (line, words, extras, switches) in [
            ("a b --wait", "a b", "", r#"{"waiting":true,"match":"glob","matter":5}"#),
            ("--match x a --matter=-1", "a", "", r#"{"waiting":false,"match":"x","matter":-1}"#),
            ("a --waiting b", "a", "b", r#"{"waiting":true,"match":"glob","matter":5}"#),
            ("-1 -x -- -y --", "-1", "-x -- -y --", r#"{"waiting":false,"match":"glob","matter":5}"#),
            ("a -- -y --", "a -y --", "", r#"{"waiting":false,"match":"glob","matter":5}"#),
            ("--bogus=1 a", "a", "--bogus=1", r#"{"waiting":false,"match":"glob","matter":5}"#),
        ] {
            let parsed = parsed(line, Words::Any).expect(line);
            assert_eq!(parsed.words.join(" "), words, "{line}");
            assert_eq!(parsed.extras.join(" "), extras, "{line}");
            assert_eq!(serde_json::Value::Object(parsed.switches).to_string(), switches, "{line}");
        }
    }

    #[test]
    fn a_command_takes_all_the_rest() {
        let parsed = parsed("--waiting stop a --bogus -h", Words::Command(&["stop"])).expect("understood");
        assert_eq!(parsed.words, ["stop", "a", "--bogus", "-h"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_original() {
        for (line, text) in [
            ("a --mat x", "ambiguous option: --mat could match --match, --matter"),
            ("--match", "argument --match: expected one argument"),
            ("--match -- x", "argument --match: expected one argument"),
            ("--matter 1x", "argument --matter: invalid int value: '1x'"),
            ("--waiting=", "argument --waiting: ignored explicit argument ''"),
            ("-hx", "argument -h/--help: ignored explicit argument 'x'"),
            ("go", "argument command: invalid choice: 'go' (choose from 'start', 'stop')"),
        ] {
            let error = parsed(line, Words::Command(&["start", "stop"]));
            assert_eq!(error, Err(Stop::Wrong(text.to_owned())), "{line}");
        }
        assert_eq!(parsed("--bogus -h", Words::Any), Err(Stop::Leave(Leave::Help)));
    }
}
