//! Text into sections, as Python 2.7's `SafeConfigParser` reads it, with a span for everything.
//!
//! ```text
//! bytes ─▶ lines ─▶ comment │ continuation │ [section] │ name = value
//! ```

use std::collections::BTreeMap;

use minder_config::{FileId, Problem, Sources, Span};

/// What Python counts as white space in a byte string.
pub(crate) const SPACE: [char; 6] = [' ', '\t', '\n', '\r', '\x0b', '\x0c'];

/// A file, taken apart.
#[derive(Debug, Default)]
pub(crate) struct Ini {
    /// What holds for all sections.
    pub(crate) defaults: BTreeMap<String, Entry>,
    /// In the order in which they first appear.
    pub(crate) sections: Vec<Section>,
}

/// A section; its later appearances are merged into the first.
#[derive(Debug)]
pub(crate) struct Section {
    /// As written.
    pub(crate) name: String,
    /// The name in the first header.
    pub(crate) at: Span,
    /// By name.
    pub(crate) entries: BTreeMap<String, Entry>,
}

/// One `name = value`.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The value; continuation lines follow behind line feeds.
    pub(crate) value: String,
    /// The name in its line.
    pub(crate) name_at: Span,
    /// The value in its first line.
    pub(crate) value_at: Span,
}

/// Takes a file apart. What cannot be read is a problem, and the rest is read all the same.
pub(crate) fn parse(sources: &Sources, file: FileId) -> (Ini, Vec<Problem>) {
    let mut parser =
        Parser { file, ini: Ini::default(), problems: Vec::new(), place: Place::Nowhere, last: None };
    let mut start = 0;
    for line in sources.bytes(file).split(|&byte| byte == b'\n') {
        parser.line(line, start);
        start += line.len() + 1;
    }
    (parser.ini, parser.problems)
}

/// Whose entries follow.
#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    /// Before the first header, after this was told.
    NowhereTold,
    Defaults,
    Section(usize),
}

struct Parser {
    file: FileId,
    ini: Ini,
    problems: Vec<Problem>,
    place: Place,
    /// The entry that an indented line continues.
    last: Option<String>,
}

impl Parser {
    fn span(&self, start: usize, length: usize) -> Span {
        Span { file: self.file, start, end: start + length }
    }

    fn line(&mut self, line: &[u8], start: usize) {
        if is_comment(line) {
            return;
        }
        let blank_before = line.len() - trimmed_start(line).len();
        if blank_before > 0 && self.last.is_some() {
            return self.continuation(trimmed(line), start + blank_before);
        }
        if let Some(name) = header(line) {
            return self.section(name, start + 1);
        }
        if matches!(self.place, Place::Nowhere | Place::NowhereTold) {
            return self.homeless(line, start);
        }
        match assignment(line) {
            Some((name, value, offset)) => self.entry(name, value, start, start + offset),
            None => self.nonsense(line, start),
        }
    }

    fn section(&mut self, name: &[u8], start: usize) {
        let at = self.span(start, name.len());
        let name = self.text(name, at);
        self.last = None;
        if name == "DEFAULT" {
            self.place = Place::Defaults;
            return;
        }
        let known = self.ini.sections.iter().position(|section| section.name == name);
        let index = known.unwrap_or_else(|| {
            self.ini.sections.push(Section { name, at, entries: BTreeMap::new() });
            self.ini.sections.len() - 1
        });
        self.place = Place::Section(index);
    }

    fn entries(&mut self) -> Option<&mut BTreeMap<String, Entry>> {
        match self.place {
            Place::Nowhere | Place::NowhereTold => None,
            Place::Defaults => Some(&mut self.ini.defaults),
            Place::Section(index) => self.ini.sections.get_mut(index).map(|section| &mut section.entries),
        }
    }

    fn entry(&mut self, name: &[u8], value: &[u8], start: usize, value_start: usize) {
        let (name_at, value_at) = (self.span(start, name.len()), self.span(value_start, value.len()));
        let name = self.text(name, name_at).to_ascii_lowercase();
        let value = self.text(value, value_at);
        let value = if value == "\"\"" { String::new() } else { value };
        self.last = Some(name.clone());
        let Some(entries) = self.entries() else { return };
        if let Some(earlier) = entries.insert(name.clone(), Entry { value, name_at, value_at }) {
            let problem = Problem::warning("set before in this section; the later value holds")
                .with_place(Some(name_at))
                .with_subject(name)
                .with_note(Some(earlier.name_at), "the earlier value")
                .with_hint(Some("remove one of the two lines".to_owned()));
            self.problems.push(problem);
        }
    }

    fn continuation(&mut self, text: &[u8], start: usize) {
        let at = self.span(start, text.len());
        let text = self.text(text, at);
        let Some(name) = self.last.clone() else { return };
        if let Some(entry) = self.entries().and_then(|entries| entries.get_mut(&name)) {
            entry.value.push('\n');
            entry.value.push_str(&text);
        }
        let problem =
            Problem::warning("an indented line continues the value above, and its line end ends the command")
                .with_place(Some(at))
                .with_subject(name)
                .with_hint(Some("begin the line in the first column, or join the two lines".to_owned()));
        self.problems.push(problem);
    }

    /// Text before the first header. The original stops at it; here it is told once, and what follows is still read.
    fn homeless(&mut self, line: &[u8], start: usize) {
        if matches!(self.place, Place::NowhereTold) {
            return;
        }
        self.place = Place::NowhereTold;
        let found = trimmed(line);
        let at = self.span(start + (line.len() - trimmed_start(line).len()), found.len());
        let problem = Problem::error("File contains no section headers.")
            .with_place(Some(at))
            .with_clash(shown(found), "a section such as [kegbot_core] before the first setting")
            .with_hint(Some("write the program's name in brackets on a line above".to_owned()));
        self.problems.push(problem);
    }

    fn nonsense(&mut self, line: &[u8], start: usize) {
        let found = trimmed(line);
        let at = self.span(start + (line.len() - trimmed_start(line).len()), found.len());
        let hint = match found.first() {
            Some(b'[') => "a header ends in a bracket: [name]",
            _ => "a comment begins with # or ;",
        };
        let problem = Problem::error("File contains parsing errors.")
            .with_place(Some(at))
            .with_clash(shown(found), "a header [name] or a setting name = value")
            .with_hint(Some(hint.to_owned()));
        self.problems.push(problem);
    }

    /// Names and values become words of a command, which is no place for guessed letters.
    fn text(&mut self, bytes: &[u8], at: Span) -> String {
        let wrong = match std::str::from_utf8(bytes) {
            Err(error) => Some((error.valid_up_to(), "UTF-8", "save the file as UTF-8")),
            Ok(text) => {
                text.find('\0').map(|offset| (offset, "text without a zero byte", "remove the zero byte"))
            }
        };
        if let Some((offset, expected, hint)) = wrong {
            let at = Span { start: at.start + offset, ..at };
            let found = bytes.get(offset..).unwrap_or_default().escape_ascii().take(40).map(char::from);
            let problem = Problem::error("")
                .with_place(Some(at))
                .with_clash(found.collect::<String>(), expected)
                .with_hint(Some(hint.to_owned()));
            self.problems.push(problem);
        }
        String::from_utf8_lossy(bytes).into_owned()
    }
}

fn is_space(byte: u8) -> bool {
    SPACE.contains(&char::from(byte))
}

fn trimmed_start(line: &[u8]) -> &[u8] {
    let blank = line.iter().take_while(|byte| is_space(**byte)).count();
    &line[blank..]
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = trimmed_start(line);
    let blank = line.iter().rev().take_while(|byte| is_space(**byte)).count();
    &line[..line.len() - blank]
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Blank lines, `#`, `;`, and lines that begin with the word `rem`, which Python has from another system.
fn is_comment(line: &[u8]) -> bool {
    let word = trimmed(line).split(|byte| is_space(*byte)).next().unwrap_or_default();
    trimmed(line).is_empty()
        || matches!(line.first(), Some(b'#' | b';'))
        || (word.eq_ignore_ascii_case(b"rem") && matches!(line.first(), Some(b'r' | b'R')))
}

/// The name in `[name]`; what follows the bracket is not looked at.
fn header(line: &[u8]) -> Option<&[u8]> {
    let rest = line.strip_prefix(b"[")?;
    let end = rest.iter().position(|&byte| byte == b']')?;
    (end > 0).then(|| &rest[..end])
}

/// Name, value, and where in the line the value begins.
fn assignment(line: &[u8]) -> Option<(&[u8], &[u8], usize)> {
    let sign = line.iter().position(|byte| matches!(byte, b'=' | b':'))?;
    let name = &line[..sign];
    if name.first().is_none_or(|byte| is_space(*byte)) {
        return None;
    }
    let name = trimmed(name);
    let rest = &line[sign + 1..];
    let offset = sign + 1 + (rest.len() - trimmed_start(rest).len());
    // Only the first semicolon is looked at, and only if it stands behind a space.
    let value = trimmed_start(rest);
    let value = match value.iter().position(|&byte| byte == b';') {
        Some(at) if at > 0 && is_space(value[at - 1]) => &value[..at],
        _ => value,
    };
    Some((name, trimmed(value), offset))
}
