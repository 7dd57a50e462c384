//! Files with their bytes, spans in them, and lines and columns for people.
//!
//! A reader adds each file once and afterwards passes around small [`Span`]s. Only when a problem is shown to somebody
//! does a span become a line and a column, so a clean file pays nothing for the bookkeeping.

/// Names one file of a [`Sources`]. Only the `Sources` that gave it out can resolve it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(u32);

/// A range of bytes in one file: `start` is the first byte, `end` the one behind the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file that holds the bytes.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte; equal to `start` for an empty span.
    pub end: usize,
}

impl Span {
    /// The beginning of the first file: for what is nowhere.
    pub(crate) fn nowhere() -> Self {
        Self { file: FileId(0), start: 0, end: 0 }
    }

    /// The smallest span that covers both. If they lie in different files, `self` unchanged: a range cannot cross files.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Where a span begins, in the words an editor uses. Both numbers count from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line. A line ends at `\n`, at `\r\n`, or at a lone `\r`.
    pub line: usize,
    /// The character within the line. A byte that is no valid UTF-8 counts as one character.
    pub column: usize,
}

/// The files that a reading touched, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<File>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct File {
    name: String,
    bytes: Vec<u8>,
    line_starts: Vec<usize>,
}

impl Sources {
    /// No files yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a file in. `name` is what messages call it, normally the path as the user wrote it.
    ///
    /// # Panics
    ///
    /// After 2³² files, which no machine can hold open in the meantime.
    pub fn add(&mut self, name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> FileId {
        let bytes = bytes.into();
        let line_starts = line_starts(&bytes);
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"));
        self.files.push(File { name: name.into(), bytes, line_starts });
        id
    }

    /// What messages call the file.
    #[must_use]
    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("?", |file| &file.name)
    }

    /// The whole content of the file; empty for an id of another `Sources`.
    #[must_use]
    pub fn bytes(&self, file: FileId) -> &[u8] {
        self.file(file).map_or(&[], |file| &file.bytes)
    }

    /// The files in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &str, &[u8])> {
        (0u32..)
            .zip(&self.files)
            .map(|(index, file)| (FileId(index), file.name.as_str(), file.bytes.as_slice()))
    }

    /// The bytes of the span, as text. Bytes that are no UTF-8 become U+FFFD.
    #[must_use]
    pub fn text(&self, span: Span) -> String {
        let bytes = self.bytes(span.file);
        let end = span.end.min(bytes.len());
        String::from_utf8_lossy(&bytes[span.start.min(end)..end]).into_owned()
    }

    /// The line and column at which the span begins.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        let Some(file) = self.file(span.file) else { return Place { line: 1, column: 1 } };
        let at = span.start.min(file.bytes.len());
        let line = file.line_starts.partition_point(|start| *start <= at);
        let start = file.line_starts[line - 1];
        Place { line, column: 1 + String::from_utf8_lossy(&file.bytes[start..at]).chars().count() }
    }

    /// The text of the line in which the span begins, without its line end.
    #[must_use]
    pub fn line(&self, span: Span) -> String {
        let Some(file) = self.file(span.file) else { return String::new() };
        let line = self.place(span).line;
        let start = file.line_starts[line - 1];
        let end = file.line_starts.get(line).copied().unwrap_or(file.bytes.len());
        let text = String::from_utf8_lossy(&file.bytes[start..end]);
        text.trim_end_matches(['\n', '\r']).to_owned()
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(usize::try_from(id.0).ok()?)
    }
}

/// Offsets of the first byte of each line. The empty file has one (empty) line.
fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![0];
    for (index, byte) in bytes.iter().enumerate() {
        let ends_line = match byte {
            b'\n' => true,
            b'\r' => bytes.get(index + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends_line {
            starts.push(index + 1);
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sources: &Sources, file: FileId, start: usize) -> (usize, usize) {
        let place = sources.place(Span { file, start, end: start });
        (place.line, place.column)
    }

    #[test]
    fn lines_end_at_all_three_line_ends_and_columns_count_characters() {
        let mut sources = Sources::new();
        let file = sources.add("a.conf", "añb\r\nc\rd\n".as_bytes());
        assert_eq!(at(&sources, file, 3), (1, 3));
        assert_eq!(at(&sources, file, 6), (2, 1));
        assert_eq!(at(&sources, file, 8), (3, 1));
        assert_eq!(at(&sources, file, 10), (4, 1));
        assert_eq!(sources.line(Span { file, start: 1, end: 2 }), "añb");
        assert_eq!(sources.line(Span { file, start: 8, end: 9 }), "d");
    }

    #[test]
    fn a_span_outside_the_file_is_the_end_of_the_file() {
        let mut sources = Sources::new();
        let file = sources.add("a.conf", "ab");
        assert_eq!(at(&sources, file, 99), (1, 3));
        assert_eq!(sources.text(Span { file, start: 50, end: 99 }), "");
    }

    #[test]
    fn spans_join_only_within_a_file() {
        let mut sources = Sources::new();
        let (one, two) = (sources.add("1", "abcdef"), sources.add("2", "abcdef"));
        let first = Span { file: one, start: 1, end: 2 };
        assert_eq!(first.to(Span { file: one, start: 4, end: 5 }), Span { file: one, start: 1, end: 5 });
        assert_eq!(first.to(Span { file: two, start: 4, end: 5 }), first);
    }
}
