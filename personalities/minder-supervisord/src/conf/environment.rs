//! `environment=KEY=value,KEY2="value"`: variables, cut by a shell-like lexer.
//!
//! The lexer is that of Python's `shlex` in its non-POSIX mode with `/.+-():` added to the letters of a word, surprises
//! included: what stands between two pairs is skipped whatever it is, and a comment in the middle of a word joins the word to
//! the start of the next line.

use super::python::strip;
use std::fmt;

/// Variables in the order in which they were first given. A repeated one keeps its place and takes the last value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment(Vec<(String, String)>);

impl Environment {
    /// Sets a variable, in place of an earlier value.
    pub fn set(&mut self, name: &str, value: &str) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => value.clone_into(known),
            None => self.0.push((name.to_owned(), value.to_owned())),
        }
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The variables with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// These variables with those of the other on top.
    #[must_use]
    pub fn overlaid(&self, over: &Self) -> Self {
        let mut all = self.clone();
        for (name, value) in over.iter() {
            all.set(name, value);
        }
        all
    }
}

/// Why a text is no list of variables. It displays as the original's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnvironmentError {
    /// A quote is not closed.
    NoClosingQuotation,
    /// Where a `KEY=value` should be is something else.
    UnexpectedEnd {
        /// The whole text.
        text: String,
    },
}

impl fmt::Display for EnvironmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoClosingQuotation => f.write_str("No closing quotation"),
            Self::UnexpectedEnd { text } => write!(f, "Unexpected end of key/value pairs in value '{text}'"),
        }
    }
}

/// Reads a list of variables.
///
/// # Errors
///
/// If a quote stays open, or if a key is not followed by `=` and a value.
pub fn parse(text: &str) -> Result<Environment, EnvironmentError> {
    let mut environment = Environment::default();
    let tokens = tokens(text)?;
    // Three tokens are a pair; the fourth, meant to be the comma, is not looked at.
    for pair in tokens.chunks(4) {
        match pair {
            [key, equals, value, ..] if equals == "=" => {
                environment.set(key, value.trim_matches(['\'', '"']));
            }
            _ => return Err(EnvironmentError::UnexpectedEnd { text: text.to_owned() }),
        }
    }
    Ok(environment)
}

enum State {
    Between,
    Word,
    Quoted(char),
}

fn tokens(text: &str) -> Result<Vec<String>, EnvironmentError> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut state = State::Between;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (&state, c) {
            (State::Quoted(quote), c) => {
                token.push(c);
                if c == *quote {
                    tokens.push(std::mem::take(&mut token));
                    state = State::Between;
                }
            }
            (State::Between, ' ' | '\t' | '\r' | '\n') => {}
            (State::Between | State::Word, '#') => {
                // Only the comment goes: a word before it is not ended.
                chars.find(|c| *c == '\n');
            }
            (State::Between, '\'' | '"') => {
                token.push(c);
                state = State::Quoted(c);
            }
            (State::Between, c) if is_word(c) => {
                token.push(c);
                state = State::Word;
            }
            (State::Between, c) => tokens.push(c.to_string()),
            (State::Word, ' ' | '\t' | '\r' | '\n') => {
                tokens.push(std::mem::take(&mut token));
                state = State::Between;
            }
            (State::Word, c) if is_word(c) || matches!(c, '\'' | '"') => token.push(c),
            (State::Word, c) => {
                tokens.push(std::mem::take(&mut token));
                tokens.push(c.to_string());
                state = State::Between;
            }
        }
    }
    match state {
        State::Quoted(_) => return Err(EnvironmentError::NoClosingQuotation),
        State::Word => tokens.push(token),
        State::Between => {}
    }
    Ok(tokens)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_/.+-():".contains(c)
}

/// How a value has to be written so that it comes out as it is; `None` if it cannot be, because it holds both quotes or
/// begins or ends with one.
#[must_use]
pub fn quoted(value: &str) -> Option<String> {
    if value.starts_with(['\'', '"']) || value.ends_with(['\'', '"']) || value != strip(value) {
        return None;
    }
    let quote = if value.contains('"') { '\'' } else { '"' };
    (!value.contains(quote)).then(|| format!("{quote}{value}{quote}"))
}
