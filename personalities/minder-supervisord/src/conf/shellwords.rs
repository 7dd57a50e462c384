//! The words of a `command`: Python's `shlex.split`, which follows the POSIX shell in quotes and backslashes and in nothing
//! else. No variable, glob, comment or operator is looked at.

use std::fmt;

/// Why a command has no words. It displays as Python's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordError {
    /// A quote is not closed.
    NoClosingQuotation,
    /// The text ends behind a backslash.
    NoEscapedCharacter,
}

impl fmt::Display for WordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoClosingQuotation => "No closing quotation",
            Self::NoEscapedCharacter => "No escaped character",
        })
    }
}

/// Splits a command into its words.
///
/// # Errors
///
/// If a quote stays open or a backslash has nothing to escape.
pub fn split(text: &str) -> Result<Vec<String>, WordError> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or(WordError::NoClosingQuotation)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next().ok_or(WordError::NoEscapedCharacter)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Up to the closing quote. A backslash escapes only a quote and itself; before anything else it stays.
fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), WordError> {
    loop {
        match chars.next().ok_or(WordError::NoClosingQuotation)? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or(WordError::NoEscapedCharacter)? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}
