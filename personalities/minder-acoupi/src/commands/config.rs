//! `acoupi config get` and `acoupi config set`.

use minder_recorder::program::ProgramKind;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::Acoupi;
use crate::click::Failure;
use crate::click::parse::{Command, Option_, Others, Parsed};
use crate::click::style::{Colour, coloured};
use crate::commands::{help, setup};
use crate::configuration::{self, LoadError, Loaded, invalid};

pub(crate) const GET: Command = Command {
    path: "acoupi config get",
    usage: "[OPTIONS]",
    help: help::GET,
    options: &[
        Option_::Value("--field", ""),
        Option_::Switch("--color", "--no-color"),
        Option_::Value("--indent", "-i"),
    ],
    arguments: &[],
    others: Others::Refused,
};

pub(crate) const SET: Command = Command {
    path: "acoupi config set",
    usage: "[OPTIONS] VALUE",
    help: help::SET,
    options: &[Option_::Value("--field", "")],
    arguments: &["VALUE"],
    others: Others::Refused,
};

/// The configuration, or in acoupi's words why there is none.
pub(crate) fn load(acoupi: &mut Acoupi) -> Result<Loaded, Failure> {
    Loaded::read(&acoupi.settings).map_err(|error| {
        let (what, why) = match &error {
            LoadError::Unknown(name) => ("We couldn't find the program", name.clone()),
            LoadError::Invalid(..) => ("The configuration file is invalid", error.to_string()),
            LoadError::File(..) => ("The configuration file cannot be read", error.to_string()),
        };
        acoupi.terminal.echo(&coloured(&format!("{what}\n\nError: {why}"), Colour::Red));
        Failure::Abort
    })
}

pub(crate) fn get(acoupi: &mut Acoupi, parsed: &Parsed, loaded: &Loaded) -> Result<(), Failure> {
    // Python indents by nothing when it is to be less than that.
    let indent = match parsed.value("--indent") {
        None => 2,
        Some(text) => {
            text.trim().parse::<i32>().map(|columns| usize::try_from(columns).unwrap_or(0)).map_err(|_| {
                GET.wrong_value("--indent' / '-i", &format!("'{text}' is not a valid integer."))
            })?
        }
    };
    let path = parsed.value("--field").unwrap_or_default();
    let value = configuration::get(&loaded.value, path).map_err(Failure::Error)?;
    let text = json(&value, indent)?;
    match parsed.switch("--color") {
        Some(false) => acoupi.terminal.echo(&text),
        // The original's colours end with a line of their own.
        Some(true) | None => acoupi.terminal.echo(&format!("{}\n", highlighted(&text))),
    }
    Ok(())
}

pub(crate) fn set(acoupi: &mut Acoupi, parsed: &Parsed, loaded: &Loaded) -> Result<(), Failure> {
    let text = parsed.arguments.first().map_or("", String::as_str);
    let path = parsed.value("--field").unwrap_or_default();
    let changed = configuration::set(loaded.kind, &loaded.value, path, text)
        .and_then(|value| accepted(loaded.kind, &value))
        .map_err(|problems| SET.wrong(format!("Invalid field or value. \n{}", invalid(&problems))))?;
    setup::write_program(acoupi, &changed).map_err(|error| Failure::Error(error.to_string()))
}

fn accepted(kind: ProgramKind, value: &Value) -> Result<Loaded, Vec<minder_recorder::program::Problem>> {
    Loaded::of(kind, value)
}

fn json(value: &Value, indent: usize) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let blanks = vec![b' '; indent.min(80)];
    let mut serializer = Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(&blanks));
    serde::Serialize::serialize(value, &mut serializer).map_err(|error| Failure::Error(error.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// JSON with the colours that the original's library gives it on a terminal: names, texts, numbers and blanks each have one.
fn highlighted(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = token(rest, first);
        let (word, behind) = rest.split_at(length);
        let colour = match first {
            '"' if behind.starts_with(':') => Some("94"),
            '"' => Some("33"),
            '-' | '0'..='9' => Some("34"),
            ' ' => Some("37"),
            'a'..='z' => Some("94"),
            _ => None,
        };
        match (first, colour) {
            ('\n', _) => shown.push_str("\x1b[37m\x1b[39;49;00m\n"),
            (_, Some(colour)) => shown.push_str(&format!("\x1b[{colour}m{word}\x1b[39;49;00m")),
            (_, None) => shown.push_str(word),
        }
        rest = behind;
    }
    shown.push_str("\x1b[37m\x1b[39;49;00m");
    shown
}

/// How long the word is that begins a text.
fn token(text: &str, first: char) -> usize {
    let until = |stop: fn(char) -> bool| text.find(stop).unwrap_or(text.len());
    match first {
        '"' => {
            let mut escaped = false;
            for (at, letter) in text.char_indices().skip(1) {
                match letter {
                    '"' if !escaped => return at + 1,
                    '\\' => escaped = !escaped,
                    _ => escaped = false,
                }
            }
            text.len()
        }
        '-' | '0'..='9' => until(|letter| !matches!(letter, '-' | '+' | '.' | 'e' | 'E' | '0'..='9')),
        ' ' => until(|letter| letter != ' '),
        'a'..='z' => until(|letter| !letter.is_ascii_lowercase()),
        other => other.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use super::{highlighted, json};
    use serde_json::json;

    #[test]
    fn colours_are_those_of_the_original() {
        let text = json(&json!({"a": "b\"c", "n": 1.5}), 2).expect("JSON");
        let expected = "{\x1b[37m\x1b[39;49;00m\n\x1b[37m  \x1b[39;49;00m\x1b[94m\"a\"\x1b[39;49;00m:\
                        \x1b[37m \x1b[39;49;00m\x1b[33m\"b\\\"c\"\x1b[39;49;00m,\x1b[37m\x1b[39;49;00m\n\
                        \x1b[37m  \x1b[39;49;00m\x1b[94m\"n\"\x1b[39;49;00m:\x1b[37m \x1b[39;49;00m\
                        \x1b[34m1.5\x1b[39;49;00m\x1b[37m\x1b[39;49;00m\n}\x1b[37m\x1b[39;49;00m";
        assert_eq!(highlighted(&text), expected);
    }
}
