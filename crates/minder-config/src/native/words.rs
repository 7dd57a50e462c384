//! Texts: variables in them, words of a command, sizes.

use std::collections::BTreeMap;

use crate::problem::Problem;

/// Puts variables in: `${NAME}`. A dollar sign for itself is `$$`; any other is left alone.
pub(super) fn expand(text: &str, environment: &BTreeMap<String, String>) -> Result<String, Box<Problem>> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        if let Some(after) = behind.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some((name, after)) = behind.strip_prefix('{').and_then(|behind| behind.split_once('}'))
        {
            let value = environment.get(name).ok_or_else(|| {
                let hint =
                    format!("set it where minder is started, or write `$${{{name}}}` for the text itself");
                Box::new(Problem::error(format!("the variable `{name}` is not set")).with_hint(Some(hint)))
            })?;
            expanded.push_str(value);
            rest = after;
        } else {
            expanded.push('$');
            rest = behind;
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// A text so that [`expand`] gives it back.
pub(super) fn unexpanded(text: &str) -> String {
    if text.contains("$$") || text.contains("${") { text.replace('$', "$$") } else { text.to_owned() }
}

/// The words of a line: blanks part them, quotes and backslashes keep together, nothing is expanded.
///
/// # Errors
/// The quote that has no end.
pub(super) fn split(line: &str) -> Result<Vec<String>, char> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next() {
                        Some('\'') => break,
                        Some(c) => word.push(c),
                        None => return Err('\''),
                    }
                }
            }
            '"' => quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next().ok_or('\\')?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), char> {
    loop {
        match chars.next() {
            Some('"') => return Ok(()),
            Some('\\') => match chars.next() {
                Some(c @ ('"' | '\\')) => word.push(c),
                Some(c) => {
                    word.push('\\');
                    word.push(c);
                }
                None => return Err('"'),
            },
            Some(c) => word.push(c),
            None => return Err('"'),
        }
    }
}

/// Words as a line that people read, and that [`split`] would split again.
pub(super) fn joined(words: &[String]) -> String {
    let quoted = |word: &String| {
        let plain = |c: char| !c.is_whitespace() && !"'\"\\".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// A size: a number and B, KB, MB or GB, in powers of two.
pub(crate) fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().ok()?;
    let unit = match text[digits..].trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" | "K" | "KIB" => 1 << 10,
        "MB" | "M" | "MIB" => 1 << 20,
        "GB" | "G" | "GIB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(unit)
}

/// A size as [`size`] reads it.
pub(crate) fn size_text(bytes: u64) -> String {
    for (unit, bytes_each) in [("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10)] {
        if bytes > 0 && bytes.is_multiple_of(bytes_each) {
            return format!("{}{unit}", bytes / bytes_each);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_put_in_and_dollars_stay() {
        let environment = BTreeMap::from([("HOME".to_owned(), "/root".to_owned())]);
        assert_eq!(expand("${HOME}/x $1 $$ $", &environment).expect("set"), "/root/x $1 $ $");
        assert!(expand("${NONE}", &environment).is_err());
        for text in ["a ${B} $$ $c", "$", "$$${x}", "$$$${"] {
            assert_eq!(expand(&unexpanded(text), &environment).expect("nothing to set"), text);
        }
    }

    #[test]
    fn lines_are_split_as_a_shell_would() {
        let words = |line: &str| split(line).expect("closed quotes");
        assert_eq!(words(r#"a  'b c' "d \"e\" \f" g\ h """#), ["a", "b c", "d \"e\" \\f", "g h", ""]);
        assert_eq!(split("a 'b"), Err('\''));
        assert_eq!(split("a\\"), Err('\\'));
    }

    #[test]
    fn words_come_back_from_their_line() {
        let given = ["a", "", "b c", "it's", "\\", "\"q\""].map(str::to_owned).to_vec();
        assert_eq!(split(&joined(&given)), Ok(given));
    }

    #[test]
    fn sizes_are_powers_of_two() {
        assert_eq!(size("10MB"), Some(10 << 20));
        assert_eq!(size("1 kb"), Some(1024));
        assert_eq!(size("5"), Some(5));
        for wrong in ["", "MB", "-1", "1TBs", "99999999999999999999"] {
            assert_eq!(size(wrong), None, "{wrong}");
        }
        for bytes in [0, 1, 1024, 1025, 10 << 20, 3 << 30] {
            assert_eq!(size(&size_text(bytes)), Some(bytes));
        }
    }
}
