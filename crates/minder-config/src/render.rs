//! A problem as text for a terminal or as one JSON object.
//!
//! ```text
//! web.conf:14:13: `startsecs`: found "5 sec", expected a whole number of seconds such as 5
//!   startsecs = 5 sec
//!               ^^^^^
//!   hint: write `startsecs = 5`
//! ```

use crate::problem::{Problem, Severity};
use crate::source::{Sources, Span};
use std::fmt::Write as _;

/// Longest excerpt shown, in characters; a longer line is cut around the place.
const EXCERPT_MAX: usize = 100;

/// Whether the text may hold terminal colours. They repeat what the words say, so both variants read the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Letters only: for files, pipes and tests.
    Plain,
    /// With ANSI colours: for a terminal whose user did not refuse them.
    Colours,
}

/// The problem for a person, ending in a line end. Warnings say `warning:`, errors need no word.
#[must_use]
pub fn render_text(problem: &Problem, sources: &Sources, paint: Paint) -> String {
    let mut text = String::new();
    if let Some(at) = problem.at {
        let _ = write!(text, "{}: ", strong(&place(sources, at), paint));
    }
    if problem.severity == Severity::Warning {
        let _ = write!(text, "{} ", coloured("warning:", "33", paint));
    }
    let _ = writeln!(text, "{}", coloured(&sentence(problem), severity_colour(problem.severity), paint));
    if let Some(at) = problem.at {
        excerpt(&mut text, sources, at, paint);
    }
    for note in &problem.notes {
        match note.at {
            Some(at) => {
                let _ = writeln!(text, "  {}: {}", place(sources, at), note.text);
            }
            None => {
                let _ = writeln!(text, "  {}", note.text);
            }
        }
    }
    if let Some(hint) = &problem.hint {
        let _ = writeln!(text, "  {} {hint}", coloured("hint:", "36", paint));
    }
    text
}

/// The problem as one line of JSON: `severity`, `file`, `line`, `column`, `subject`, `message`, `found`, `expected`, `hint`
/// and `notes`; what is not known is left out. Every text is as in [`render_text`].
#[must_use]
pub fn render_json(problem: &Problem, sources: &Sources) -> String {
    let mut fields = vec![("severity", quoted(problem.severity.word()))];
    push_place(&mut fields, sources, problem.at);
    if let Some(subject) = &problem.subject {
        fields.push(("subject", quoted(subject)));
    }
    fields.push(("message", quoted(&sentence(problem))));
    if let Some(clash) = &problem.clash {
        fields.push(("found", quoted(&clash.found)));
        fields.push(("expected", quoted(&clash.expected)));
    }
    if let Some(hint) = &problem.hint {
        fields.push(("hint", quoted(hint)));
    }
    if !problem.notes.is_empty() {
        let notes: Vec<String> = problem
            .notes
            .iter()
            .map(|note| {
                let mut fields = vec![("message", quoted(&note.text))];
                push_place(&mut fields, sources, note.at);
                object(&fields)
            })
            .collect();
        fields.push(("notes", format!("[{}]", notes.join(","))));
    }
    object(&fields)
}

/// Subject, message and clash as one sentence.
fn sentence(problem: &Problem) -> String {
    let mut parts = Vec::new();
    if let Some(subject) = &problem.subject {
        parts.push(format!("`{}`", visible(subject)));
    }
    if !problem.message.is_empty() {
        parts.push(problem.message.clone());
    }
    if let Some(clash) = &problem.clash {
        parts.push(format!("found \"{}\", expected {}", visible(&clash.found), clash.expected));
    }
    parts.join(": ")
}

fn place(sources: &Sources, at: Span) -> String {
    let place = sources.place(at);
    format!("{}:{}:{}", sources.name(at.file), place.line, place.column)
}

/// The line of the span with carets under it. A span over several lines is underlined to the end of its first line.
fn excerpt(text: &mut String, sources: &Sources, at: Span, paint: Paint) {
    let line: Vec<char> = sources.line(at).chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.iter().all(|c| c.is_whitespace()) {
        return;
    }
    let column = (sources.place(at).column - 1).min(line.len());
    let length = sources.text(at).lines().next().map_or(0, |first| first.chars().count());
    let length = length.clamp(1, (line.len() - column).max(1));
    let from = if line.len() > EXCERPT_MAX { column.saturating_sub(EXCERPT_MAX / 2) } else { 0 };
    let to = line.len().min(from + EXCERPT_MAX);
    let shown: String = line[from..to].iter().collect();
    let carets = "^".repeat(length.min(EXCERPT_MAX));
    let _ = writeln!(text, "  {}", shown.trim_end());
    let _ = writeln!(text, "  {}{}", " ".repeat(column - from), coloured(&carets, "31", paint));
}

fn push_place(fields: &mut Vec<(&'static str, String)>, sources: &Sources, at: Option<Span>) {
    if let Some(at) = at {
        let place = sources.place(at);
        fields.push(("file", quoted(sources.name(at.file))));
        fields.push(("line", place.line.to_string()));
        fields.push(("column", place.column.to_string()));
    }
}

fn object(fields: &[(&'static str, String)]) -> String {
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Line ends and control characters made visible, so that a sentence stays on its line.
fn visible(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] }).collect()
}

fn severity_colour(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "31",
        Severity::Warning => "33",
    }
}

fn strong(text: &str, paint: Paint) -> String {
    coloured(text, "1", paint)
}

fn coloured(text: &str, code: &str, paint: Paint) -> String {
    match paint {
        Paint::Plain => text.to_owned(),
        Paint::Colours => format!("\x1b[{code}m{text}\x1b[0m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> (Problem, Sources) {
        let mut sources = Sources::new();
        let file = sources.add("web.conf", "[program:web]\nstartsecs = 5 sec\n");
        let at = Span { file, start: 26, end: 31 };
        let problem = Problem::error("")
            .with_subject("startsecs")
            .with_clash("5 sec", "a whole number of seconds such as 5")
            .with_place(Some(at))
            .with_hint(Some("write `startsecs = 5`".to_owned()));
        (problem, sources)
    }

    #[test]
    fn an_error_shows_its_place_its_line_and_what_to_do() {
        let (problem, sources) = example();
        let expected = "web.conf:2:13: `startsecs`: found \"5 sec\", expected a whole number of seconds such as 5\n  \
                        startsecs = 5 sec\n              ^^^^^\n  hint: write `startsecs = 5`\n";
        assert_eq!(render_text(&problem, &sources, Paint::Plain), expected);
    }

    #[test]
    fn colours_add_nothing_but_colours() {
        let (problem, sources) = example();
        let painted = render_text(&problem, &sources, Paint::Colours);
        let mut plain = String::new();
        let mut rest = painted.as_str();
        while let Some((before, after)) = rest.split_once('\x1b') {
            plain.push_str(before);
            rest = after.split_once('m').map_or("", |(_, rest)| rest);
        }
        plain.push_str(rest);
        assert_eq!(plain, render_text(&problem, &sources, Paint::Plain));
    }

    #[test]
    fn json_holds_the_same_on_one_line() {
        let (problem, sources) = example();
        let problem = problem.with_note(None, "a \"note\"\n");
        assert_eq!(
            render_json(&problem, &sources),
            "{\"severity\":\"error\",\"file\":\"web.conf\",\"line\":2,\"column\":13,\"subject\":\"startsecs\",\
             \"message\":\"`startsecs`: found \\\"5 sec\\\", expected a whole number of seconds such as 5\",\
             \"found\":\"5 sec\",\"expected\":\"a whole number of seconds such as 5\",\
             \"hint\":\"write `startsecs = 5`\",\"notes\":[{\"message\":\"a \\\"note\\\"\\u000a\"}]}"
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let mut sources = Sources::new();
        let file = sources.add("a", "x".repeat(1000));
        let text = render_text(
            &Problem::error("bad").with_place(Some(Span { file, start: 900, end: 1000 })),
            &sources,
            Paint::Plain,
        );
        assert!(text.lines().all(|line| line.len() < 300), "{text}");
    }
}
