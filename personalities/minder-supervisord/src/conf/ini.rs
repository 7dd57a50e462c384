//! The INI dialect of `supervisord.conf`: bytes to a tree of sections and keys that know their spans.
//!
//! The rules are those of Python's `configparser` as the original sets it up: `;` and `#` comments also behind a value,
//! repeated sections and keys, values that go on in deeper indented lines, and a `[DEFAULT]` section that all others inherit.
//! Files are parsed one after the other into the same [`Tree`], as includes demand. Time is linear in the input.

use super::fault::Fault;
use super::python::{decode_file, is_space, repr, strip, strip_end};
use minder_config::{FileId, Problem, Sources, Span};
use std::collections::HashMap;

/// The name of the section whose keys all others inherit.
const DEFAULTS: &str = "DEFAULT";

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key in lower case.
    pub key: String,
    /// Where the key stands that won, if it was given more than once.
    pub key_at: Span,
    /// The value: its lines without comments and indentation, joined by `\n`.
    pub value: String,
    /// From the first to the last character of the value; comments between its lines are inside.
    pub value_at: Span,
}

/// A section with its own keys, in the order in which they first appeared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The text between the brackets.
    pub name: String,
    /// Where the name first stands.
    pub at: Span,
    /// The file that first opened the section, if an included one did.
    pub included_from: Option<String>,
    entries: Vec<Entry>,
    by_key: HashMap<String, usize>,
}

impl Section {
    fn new(name: &str, at: Span) -> Self {
        Self { name: name.to_owned(), at, included_from: None, entries: Vec::new(), by_key: HashMap::new() }
    }

    /// The keys that the section itself holds.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key, given in lower case, if the section itself holds it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.by_key.get(key).map(|index| &self.entries[*index])
    }

    fn put(&mut self, entry: Entry) -> usize {
        if let Some(index) = self.by_key.get(&entry.key) {
            self.entries[*index] = entry;
            return *index;
        }
        self.by_key.insert(entry.key.clone(), self.entries.len());
        self.entries.push(entry);
        self.entries.len() - 1
    }
}

/// All sections of all files read so far.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Tree {
    sections: Vec<Section>,
    by_name: HashMap<String, usize>,
    defaults: Option<Section>,
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

    /// The `[DEFAULT]` section, if a file had one.
    #[must_use]
    pub fn defaults(&self) -> Option<&Section> {
        self.defaults.as_ref()
    }

    /// A key of a section, or the inherited one of `[DEFAULT]`.
    #[must_use]
    pub fn get(&self, section: &str, key: &str) -> Option<&Entry> {
        let own = self.section(section)?.get(key);
        own.or_else(|| self.defaults.as_ref()?.get(key))
    }

    /// All keys that a section has, the inherited ones behind its own.
    #[must_use]
    pub fn keys(&self, section: &str) -> Vec<String> {
        let Some(section) = self.section(section) else { return Vec::new() };
        let inherited =
            self.defaults.iter().flat_map(Section::entries).filter(|entry| section.get(&entry.key).is_none());
        section.entries.iter().chain(inherited).map(|entry| entry.key.clone()).collect()
    }

    /// Replaces the literal text `%(here)s` by a directory in every value that a section has by now. An inherited value that
    /// holds it becomes the section's own, so a later change of `[DEFAULT]` does not reach it any more: the original does so.
    pub fn settle_here(&mut self, here: &str) {
        const HERE: &str = "%(here)s";
        for section in &mut self.sections {
            let inherited: Vec<Entry> = self
                .defaults
                .iter()
                .flat_map(Section::entries)
                .filter(|entry| entry.value.contains(HERE) && section.get(&entry.key).is_none())
                .cloned()
                .collect();
            for entry in inherited {
                section.put(entry);
            }
            for entry in &mut section.entries {
                if entry.value.contains(HERE) {
                    entry.value = entry.value.replace(HERE, here);
                }
            }
        }
    }

    /// Parses one more file on top of what is there. `included` says whether sections that the file opens belong to it in
    /// messages. The faults come in the original's order; the first line that cannot be understood carries
    /// the text about all such lines, each further one its own.
    pub fn read(&mut self, sources: &Sources, file: FileId, included: Included) -> Vec<Fault> {
        let known = self.sections.len();
        let mut faults = Lines { tree: self, sources, file, cursor: Cursor::default() }.read();
        if faults.is_empty() && included == Included::Yes {
            for section in &mut self.sections[known..] {
                section.included_from = Some(sources.name(file).to_owned());
            }
        }
        faults.shrink_to_fit();
        faults
    }
}

/// Whether a file is the one that was asked for or one that it includes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Included {
    /// The main file.
    No,
    /// A file named by `[include]`.
    Yes,
}

/// Parses one file alone.
#[must_use]
pub fn parse(sources: &Sources, file: FileId) -> (Tree, Vec<Problem>) {
    let mut tree = Tree::default();
    let faults = tree.read(sources, file, Included::No);
    (tree, faults.into_iter().map(|fault| fault.problem).collect())
}

/// Which section and which key the next line may continue.
#[derive(Default)]
struct Cursor {
    section: Option<Place>,
    /// `None` also for the empty key, which cannot be continued.
    entry: Option<usize>,
    indent: usize,
}

#[derive(Clone, Copy)]
enum Place {
    Defaults,
    Section(usize),
}

struct Lines<'a> {
    tree: &'a mut Tree,
    sources: &'a Sources,
    file: FileId,
    cursor: Cursor,
}

/// One line: its text without line end, where it starts, and whether a line end follows.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    text: &'a str,
    start: usize,
    ended: bool,
}

impl Line<'_> {
    /// The line as the original quotes it in messages, where every line end is `\n`.
    fn quoted(&self) -> String {
        if self.ended { repr(&format!("{}\n", self.text)) } else { repr(self.text) }
    }
}

impl Lines<'_> {
    fn read(mut self) -> Vec<Fault> {
        let sources = self.sources;
        let decoded = decode_file(sources.bytes(self.file));
        let mut bad: Vec<(Line<'_>, Problem)> = Vec::new();
        let mut touched: Vec<(Place, usize)> = Vec::new();
        for line in lines(decoded.text) {
            if !line.ended && decoded.error.is_some() {
                break;
            }
            match self.line(line, &mut touched) {
                Ok(()) => {}
                Err(Refusal::Line(problem)) => bad.push((line, *problem)),
                Err(Refusal::File(fault)) => return vec![*fault],
            }
        }
        for (place, entry) in touched {
            let value = &mut self.section(place).entries[entry].value;
            value.truncate(strip_end(value).len());
        }
        if let Some((at, text)) = decoded.error {
            let at = Span { file: self.file, start: at, end: at + 1 };
            let hint = "save the file as UTF-8".to_owned();
            let problem = Problem::error("not valid UTF-8").with_place(Some(at)).with_hint(Some(hint));
            return vec![Fault::new(text, problem)];
        }
        let mut text = format!("Source contains parsing errors: {}", repr(sources.name(self.file)));
        let quoted: Vec<String> =
            bad.iter().map(|(line, _)| format!("[line {:2}]: {}", line.number, line.quoted())).collect();
        for line in &quoted {
            text.push_str("\n\t");
            text.push_str(line);
        }
        // Only the first text is ever printed: a copy for each line would grow with the square of a bad file.
        let texts = std::iter::once(text).chain(quoted.into_iter().skip(1));
        bad.into_iter().zip(texts).map(|((_, problem), text)| Fault::new(text, problem)).collect()
    }

    fn line(&mut self, line: Line<'_>, touched: &mut Vec<(Place, usize)>) -> Result<(), Refusal> {
        let comment = comment_start(line.text);
        let (value, offset) = stripped(&line.text[..comment.unwrap_or(line.text.len())]);
        if value.is_empty() {
            if comment.is_none()
                && let (Some(place), Some(entry)) = (self.cursor.section, self.cursor.entry)
            {
                self.section(place).entries[entry].value.push('\n');
            }
            return Ok(());
        }
        let at = Span { file: self.file, start: line.start + offset, end: line.start + offset + value.len() };
        let indent = line.text.chars().take_while(|c| is_space(*c)).count();
        if let (Some(place), Some(entry)) = (self.cursor.section, self.cursor.entry)
            && indent > self.cursor.indent
        {
            let entry = &mut self.section(place).entries[entry];
            entry.value.push('\n');
            entry.value.push_str(value);
            entry.value_at = entry.value_at.to(at);
            return Ok(());
        }
        self.cursor.indent = indent;
        if let Some(name) = section_name(value) {
            self.open(name, Span { start: at.start + 1, end: at.start + 1 + name.len(), ..at });
            return Ok(());
        }
        let Some(place) = self.cursor.section else { return Err(self.no_section(line, at)) };
        self.option(place, value, at, touched)
    }

    fn option(
        &mut self,
        place: Place,
        text: &str,
        at: Span,
        touched: &mut Vec<(Place, usize)>,
    ) -> Result<(), Refusal> {
        let Some(delimiter) = text.find(['=', ':']) else {
            let hint = format!("write `{text} = VALUE`, or indent the line if it belongs to the value above");
            let problem = Problem::error("neither a section, nor a key with `=` and a value");
            return Err(Refusal::Line(Box::new(problem.with_place(Some(at)).with_hint(Some(hint)))));
        };
        let key = strip_end(&text[..delimiter]);
        let (value, offset) = stripped(&text[delimiter + 1..]);
        let start = at.start + delimiter + 1 + offset;
        let entry = Entry {
            key: key.to_lowercase(),
            key_at: Span { end: at.start + key.len(), ..at },
            value: value.to_owned(),
            value_at: Span { start, end: start + value.len(), ..at },
        };
        let index = self.section(place).put(entry);
        touched.push((place, index));
        self.cursor.entry = (!key.is_empty()).then_some(index);
        if key.is_empty() {
            let hint = "write the name of the setting before the `=`".to_owned();
            let problem = Problem::error("a value without a key").with_place(Some(at)).with_hint(Some(hint));
            return Err(Refusal::Line(Box::new(problem)));
        }
        Ok(())
    }

    fn open(&mut self, name: &str, at: Span) {
        self.cursor.entry = None;
        // A section called like the defaults can exist only if it was there before, which cannot be: hence the order.
        if name == DEFAULTS {
            self.tree.defaults.get_or_insert_with(|| Section::new(name, at));
            self.cursor.section = Some(Place::Defaults);
            return;
        }
        let tree = &mut *self.tree;
        let index = *tree.by_name.entry(name.to_owned()).or_insert_with(|| {
            tree.sections.push(Section::new(name, at));
            tree.sections.len() - 1
        });
        self.cursor.section = Some(Place::Section(index));
    }

    fn section(&mut self, place: Place) -> &mut Section {
        match place {
            Place::Section(index) => &mut self.tree.sections[index],
            Place::Defaults => {
                let at = Span { file: self.file, start: 0, end: 0 };
                self.tree.defaults.get_or_insert_with(|| Section::new(DEFAULTS, at))
            }
        }
    }

    fn no_section(&self, line: Line<'_>, at: Span) -> Refusal {
        let name = repr(self.sources.name(self.file));
        let text = format!(
            "File contains no section headers.\nfile: {name}, line: {}\n{}",
            line.number,
            line.quoted()
        );
        let hint = "begin the file with a section such as [supervisord]".to_owned();
        let problem =
            Problem::error("text before the first section").with_place(Some(at)).with_hint(Some(hint));
        Refusal::File(Box::new(Fault::new(text, problem)))
    }
}

/// What a line that is not understood means for the rest.
enum Refusal {
    /// The other lines are still read, and reported together.
    Line(Box<Problem>),
    /// Nothing behind this line is looked at.
    File(Box<Fault>),
}

/// The text between `[` and the last `]` of a line that starts with a bracket; what follows is ignored.
fn section_name(value: &str) -> Option<&str> {
    let rest = value.strip_prefix('[')?;
    let name = &rest[..rest.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// Where the comment of a line starts, if it has one.
///
/// `;` and `#` are searched in step, one occurrence of each at a time, and the first round in which one of them follows
/// white space ends the search. So of two comment signs the later one may win; files exist that rely on it.
fn comment_start(line: &str) -> Option<usize> {
    if strip(line).starts_with(['#', ';']) {
        return Some(0);
    }
    let mut next = [(';', Some(0)), ('#', Some(0))];
    loop {
        let mut start: Option<usize> = None;
        for (sign, from) in &mut next {
            let Some(begin) = *from else { continue };
            let found = line[begin..].find(*sign).map(|index| begin + index);
            *from = found.map(|index| index + 1);
            if let Some(index) = found
                && line[..index].chars().next_back().is_none_or(is_space)
            {
                start = Some(start.map_or(index, |other| other.min(index)));
            }
        }
        if start.is_some() || next.iter().all(|(_, from)| from.is_none()) {
            return start;
        }
    }
}

/// The text without surrounding space, and how many bytes were cut before it.
fn stripped(text: &str) -> (&str, usize) {
    let start = text.trim_start_matches(is_space);
    (strip_end(start), text.len() - start.len())
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
