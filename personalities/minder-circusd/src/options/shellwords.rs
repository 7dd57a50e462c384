//! Words of a command as Python's `shlex` cuts them, and one word quoted so that a shell takes it for one.

use super::exception::Exception;

/// Splits a text into words: `shlex.split`.
///
/// # Errors
///
/// `ValueError` if a quote stays open or a backslash has nothing to escape.
pub fn split(text: &str) -> Result<Vec<String>, Exception> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next().ok_or_else(no_closing)? {
                        '\'' => break,
                        c => word.push(c),
                    }
                }
            }
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next().ok_or_else(no_escaped)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// Up to the closing quote. A backslash escapes only a quote and itself; before anything else it stays.
fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Exception> {
    loop {
        match chars.next().ok_or_else(no_closing)? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or_else(no_escaped)? {
                c @ ('"' | '\\') => word.push(c),
                c => word.extend(['\\', c]),
            },
            c => word.push(c),
        }
    }
}

fn no_closing() -> Exception {
    Exception::value("No closing quotation")
}

fn no_escaped() -> Exception {
    Exception::value("No escaped character")
}

/// One word for a shell: `shlex.quote`.
#[must_use]
pub fn quote(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}
