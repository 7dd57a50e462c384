//! The INI dialect: bytes to a tree of sections and keys that know their spans.
//!
//! Files are parsed one after the other into the same [`Tree`], as includes demand. The first value of a key wins. The
//! rules are the original's, oddities included: a line that begins with space continues the key above, without comments
//! being cut from it; `;` ends a value only behind white space, and only the first `;` of a line is looked at. Time is linear
//! in the input.

use super::fault::Fault;
use crate::options::exception::{Class, Exception};
use crate::options::python::{is_space, repr_text, strip};
use minder_config::{FileId, Problem, Sources, Span};
use std::collections::HashMap;

/// The section whose keys all others inherit.
const DEFAULTS: &str = "DEFAULT";

/// The key under which the original keeps a section's title among its keys. It is no key of ours, but no file can set it.
const TITLE: &str = "__name__";

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key as it is written: case counts.
    pub key: String,
    /// Where the key stands.
    pub key_at: Span,
    /// The value: its lines without indentation, joined by `\n`.
    pub value: String,
    /// From the first to the last character of the value.
    pub value_at: Span,
}

/// A section with its own keys, in the order in which they first appeared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The text between the brackets.
    pub name: String,
    /// Where the name first stands.
    pub at: Span,
    entries: Vec<Entry>,
    by_key: HashMap<String, usize>,
}

impl Section {
    fn new(name: &str, at: Span) -> Self {
        Self { name: name.to_owned(), at, entries: Vec::new(), by_key: HashMap::new() }
    }

    /// The keys that the section itself holds.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key, if the section itself holds it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.by_key.get(key).map(|index| &self.entries[*index])
    }
}

/// All sections of all files read so far.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tree {
    sections: Vec<Section>,
    by_name: HashMap<String, usize>,
    defaults: Option<Section>,
    /// Values that had no effect, because the key had one already.
    repeated: Vec<(Entry, Span)>,
}

impl Tree {
    /// The sections in the order in which they first appeared, without `[DEFAULT]`.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section with exactly this name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.by_name.get(name).map(|index| &self.sections[*index])
    }

    /// A key of a section, or the inherited one of `[DEFAULT]`.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> Option<&Entry> {
        let own = self.section(section)?.get(key);
        own.or_else(|| self.defaults.as_ref()?.get(key))
    }

    /// All keys that a section has: first those of `[DEFAULT]`, with the section's own value if it has one, then its others.
    #[must_use]
    pub fn items<'t>(&'t self, section: &'t Section) -> Vec<&'t Entry> {
        let inherited = || self.defaults.iter().flat_map(Section::entries);
        let first = inherited().map(|entry| section.get(&entry.key).unwrap_or(entry));
        let defaults = self.defaults.as_ref();
        let own = section
            .entries
            .iter()
            .filter(|entry| defaults.is_none_or(|defaults| defaults.get(&entry.key).is_none()));
        first.chain(own).collect()
    }

    /// The values that had no effect because an earlier one of the same key won, each with the place of the winner.
    #[must_use]
    pub fn repeated(&self) -> &[(Entry, Span)] {
        &self.repeated
    }

    /// Parses one more file on top of what is there. `path` is what the original calls the file in messages. The first line
    /// that cannot be understood carries the text about all such lines, each further one its own.
    pub fn read(&mut self, sources: &Sources, file: FileId) -> Vec<Fault> {
        Lines { tree: self, sources, file, section: None, entry: None }.read()
    }
}

#[derive(Clone, Copy)]
enum Place {
    Defaults,
    Section(usize),
}

/// Which key the next indented line continues.
#[derive(Clone, Copy)]
enum Continued {
    Entry(usize),
    /// The title, or a key that another file has set: nothing can be added to it.
    Closed,
}

struct Lines<'a> {
    tree: &'a mut Tree,
    sources: &'a Sources,
    file: FileId,
    section: Option<Place>,
    entry: Option<Continued>,
}

/// One line with its line end as `\n` if it has one.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    text: &'a str,
    start: usize,
    ended: bool,
}

impl Line<'_> {
    fn quoted(&self) -> String {
        if self.ended { repr_text(&format!("{}\n", self.text)) } else { repr_text(self.text) }
    }
}

/// What a line that is not understood means for the rest.
enum Refusal {
    /// The other lines are still read, and reported together.
    Line(Box<Problem>),
    /// Nothing behind this line is looked at.
    File(Box<Fault>),
}

impl Lines<'_> {
    fn read(mut self) -> Vec<Fault> {
        let sources = self.sources;
        let text = match std::str::from_utf8(sources.bytes(self.file)) {
            Ok(text) => text,
            Err(error) => return vec![not_utf8(sources.bytes(self.file), self.file, error)],
        };
        let mut bad: Vec<(Line<'_>, Problem)> = Vec::new();
        for line in lines(text) {
            match self.line(line) {
                Ok(()) => {}
                Err(Refusal::Line(problem)) => bad.push((line, *problem)),
                Err(Refusal::File(fault)) => return vec![*fault],
            }
        }
        let quoted: Vec<String> =
            bad.iter().map(|(line, _)| format!("[line {:2}]: {}", line.number, line.quoted())).collect();
        let mut all = format!("Source contains parsing errors: {}", repr_text(sources.name(self.file)));
        for line in &quoted {
            all.push_str("\n\t");
            all.push_str(line);
        }
        // Only the first text is ever printed: a copy for each line would grow with the square of a bad file.
        let texts = std::iter::once(all).chain(quoted.into_iter().skip(1));
        bad.into_iter()
            .zip(texts)
            .map(|((_, problem), text)| Fault::new(Exception::new(Class::Parsing, text), problem))
            .collect()
    }

    fn line(&mut self, line: Line<'_>) -> Result<(), Refusal> {
        if is_comment(line.text) {
            return Ok(());
        }
        let indented = line.text.starts_with(is_space);
        if let (true, Some(place), Some(continued)) = (indented, self.section, self.entry) {
            self.carry_on(place, continued, line);
            return Ok(());
        }
        if let Some(name) = section_name(line.text) {
            let at = Span { file: self.file, start: line.start + 1, end: line.start + 1 + name.len() };
            self.open(name, at);
            return Ok(());
        }
        match self.section {
            Some(place) => self.option(place, line),
            None => Err(self.no_section(line)),
        }
    }

    fn carry_on(&mut self, place: Place, continued: Continued, line: Line<'_>) {
        let Continued::Entry(index) = continued else { return };
        let (value, offset) = stripped(line.text);
        let start = line.start + offset;
        let at = Span { file: self.file, start, end: start + value.len() };
        let entry = &mut self.place(place).entries[index];
        entry.value.push('\n');
        entry.value.push_str(value);
        entry.value_at = entry.value_at.to(at);
    }

    fn option(&mut self, place: Place, line: Line<'_>) -> Result<(), Refusal> {
        let whole = Span { file: self.file, start: line.start, end: line.start + line.text.len() };
        let Some(delimiter) = line.text.find(['=', ':']) else {
            let hint = format!(
                "write `{0} = VALUE`, or indent the line if it belongs to the value above",
                strip(line.text)
            );
            let problem = Problem::error("neither a section, nor a key with `=` and a value");
            return Err(Refusal::Line(Box::new(problem.with_place(Some(whole)).with_hint(Some(hint)))));
        };
        let key = line.text[..delimiter].trim_end_matches(is_space);
        let (value, offset) = cut_comment(&line.text[delimiter + 1..]);
        let start = line.start + delimiter + 1 + offset;
        let entry = Entry {
            key: key.to_owned(),
            key_at: Span { end: line.start + key.len(), ..whole },
            value: if value == "\"\"" { String::new() } else { value.to_owned() },
            value_at: Span { start, end: start + value.len(), ..whole },
        };
        self.put(place, entry);
        Ok(())
    }

    fn put(&mut self, place: Place, entry: Entry) {
        let file = self.file;
        // An empty key is a key, but what is indented below it is not its continuation.
        let unnamed = entry.key.is_empty();
        if entry.key == TITLE && matches!(place, Place::Section(_)) {
            self.entry = Some(Continued::Closed);
            return;
        }
        let section = self.place(place);
        let continued = match section.by_key.get(&entry.key) {
            Some(&index) => {
                let winner = section.entries[index].key_at;
                self.tree.repeated.push((entry, winner));
                if winner.file == file { Continued::Entry(index) } else { Continued::Closed }
            }
            None => {
                let index = section.entries.len();
                section.by_key.insert(entry.key.clone(), index);
                section.entries.push(entry);
                Continued::Entry(index)
            }
        };
        self.entry = (!unnamed).then_some(continued);
    }

    fn open(&mut self, name: &str, at: Span) {
        self.entry = None;
        if name == DEFAULTS {
            self.tree.defaults.get_or_insert_with(|| Section::new(name, at));
            self.section = Some(Place::Defaults);
            return;
        }
        let tree = &mut *self.tree;
        let index = *tree.by_name.entry(name.to_owned()).or_insert_with(|| {
            tree.sections.push(Section::new(name, at));
            tree.sections.len() - 1
        });
        self.section = Some(Place::Section(index));
    }

    fn place(&mut self, place: Place) -> &mut Section {
        match place {
            Place::Section(index) => &mut self.tree.sections[index],
            Place::Defaults => {
                let at = Span { file: self.file, start: 0, end: 0 };
                self.tree.defaults.get_or_insert_with(|| Section::new(DEFAULTS, at))
            }
        }
    }

    fn no_section(&self, line: Line<'_>) -> Refusal {
        let name = repr_text(self.sources.name(self.file));
        let text = format!(
            "File contains no section headers.\nfile: {name}, line: {}\n{}",
            line.number,
            line.quoted()
        );
        let at = Span { file: self.file, start: line.start, end: line.start + line.text.len() };
        let hint = "begin the file with a section such as [circus]".to_owned();
        let problem =
            Problem::error("text before the first section").with_place(Some(at)).with_hint(Some(hint));
        Refusal::File(Box::new(Fault::new(Exception::new(Class::MissingSectionHeader, text), problem)))
    }
}

/// The original decodes as it reads, so it counts a sequence that the end of the file cuts off from where that begins.
fn not_utf8(bytes: &[u8], file: FileId, error: std::str::Utf8Error) -> Fault {
    let at = error.valid_up_to();
    let (position, length, reason) = match error.error_len() {
        None => (0, bytes.len() - at, "unexpected end of data"),
        Some(1) if !matches!(bytes[at], 0xc2..=0xf4) => (at, 1, "invalid start byte"),
        Some(length) => (at, length, "invalid continuation byte"),
    };
    let what = match length {
        0 | 1 => format!("byte 0x{:02x} in position {position}", bytes[at]),
        length => format!("bytes in position {position}-{}", position + length - 1),
    };
    let text = format!("'utf-8' codec can't decode {what}: {reason}");
    let problem = Problem::error("not valid UTF-8")
        .with_place(Some(Span { file, start: at, end: at + length }))
        .with_hint(Some("save the file as UTF-8".to_owned()));
    Fault::new(Exception::new(Class::UnicodeDecode, text), problem)
}

/// Blank lines, lines with `#` or `;` in the first column, and those whose first word is `rem`, unless indented.
fn is_comment(line: &str) -> bool {
    let text = strip(line);
    text.is_empty()
        || line.starts_with(['#', ';'])
        || line.starts_with(['r', 'R'])
            && text.split(is_space).next().is_some_and(|word| word.eq_ignore_ascii_case("rem"))
}

/// The text between `[` in the first column and the last `]`; what follows is ignored.
fn section_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix('[')?;
    let name = &rest[..rest.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// The value of a line from behind the delimiter on, without its comment and the space around it, and how many bytes were
/// cut before it. A comment begins with the first `;` if white space is before it; before a `;` that comes first, the
/// original looks at the last character of the line instead.
fn cut_comment(text: &str) -> (&str, usize) {
    let value = text.trim_start_matches(is_space);
    let offset = text.len() - value.len();
    let value = match value.find(';') {
        Some(at) => {
            let before = value[..at].chars().next_back().or_else(|| value.chars().next_back());
            if before.is_some_and(is_space) { &value[..at] } else { value }
        }
        None => value,
    };
    (value.trim_end_matches(is_space), offset)
}

/// The text without surrounding space, and how many bytes were cut before it.
fn stripped(text: &str) -> (&str, usize) {
    let start = text.trim_start_matches(is_space);
    (start.trim_end_matches(is_space), text.len() - start.len())
}

/// The lines of a text, ended by `\n`, `\r\n` or a lone `\r`.
fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut start = 0;
    (1..).map_while(move |number| {
        let rest = text.get(start..).filter(|rest| !rest.is_empty())?;
        let end = rest.find(['\n', '\r']);
        let line = Line { number, text: &rest[..end.unwrap_or(rest.len())], start, ended: end.is_some() };
        let width = if end.is_some_and(|end| rest[end..].starts_with("\r\n")) { 2 } else { 1 };
        start += end.map_or(rest.len(), |end| end + width);
        Some(line)
    })
}
