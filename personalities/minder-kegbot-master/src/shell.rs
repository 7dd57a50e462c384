//! A command line that needs no shell: plain words and quotes.

/// What a line is to a shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    /// Words, without anything else that a shell would see to.
    Words(Vec<String>),
    /// Something that only a shell can do: a variable, a pattern, several commands.
    Script,
    /// A quote that is never closed.
    Open(char),
}

/// What a shell would do with this one.
pub(crate) fn understand(line: &str) -> Line {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' | '\t' => words.extend(word.take()),
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        None => return Line::Open(letter),
                        Some(inner) if inner == letter => break,
                        Some('$' | '`' | '\\') if letter == '"' => return Line::Script,
                        Some(inner) => word.push(inner),
                    }
                }
            }
            '\\' => match letters.next() {
                Some('\n') | None => return Line::Script,
                Some(escaped) => word.get_or_insert_default().push(escaped),
            },
            // `=` before the command's name is an assignment, `~` a home directory, `#` a comment, each only somewhere.
            '=' if words.is_empty() => return Line::Script,
            '\n' | '$' | '`' | ';' | '&' | '|' | '<' | '>' | '(' | ')' | '*' | '?' | '[' | '{' | '}'
            | '~' | '#' | '!' => {
                return Line::Script;
            }
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Line::Words(words)
}

/// A line for the shell that becomes its command instead of waiting for it, so that signals reach the program. What may be
/// several commands stays as it is.
pub(crate) fn becoming(line: &str) -> String {
    if line.contains([';', '&', '|', '\n', '(', ')', '{', '}', '`', '#', '!']) {
        return line.to_owned();
    }
    let first = line.split_ascii_whitespace().next().unwrap_or_default();
    if first.contains('=') { format!("exec env {line}") } else { format!("exec {line}") }
}
