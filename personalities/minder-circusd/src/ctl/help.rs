//! Usage and help as Python's `argparse` lays them out: wrapped to the width of the terminal, descriptions in a column.

use rustix::termios::tcgetwinsize;

use super::argparse::{Leave, Switch, Takes};

/// Columns that are left free at the right.
const MARGIN: usize = 2;
/// Where descriptions begin at the latest.
const COLUMN_MAX: usize = 24;
/// How narrow descriptions may become.
const DESCRIPTION_MIN: usize = 11;
/// How wide the screen is when nobody knows.
const COLUMNS: usize = 80;

/// A line of help: what to write, and what it does.
pub(super) type Entry = (String, &'static str);

/// How many columns a line may have: what `COLUMNS` says or the terminal has, without the margin.
pub(super) fn width() -> usize {
    let said =
        std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|columns| *columns > 0);
    let measured = || tcgetwinsize(rustix::stdio::stdout()).ok().map(|size| usize::from(size.ws_col));
    let columns = said.or_else(|| measured().filter(|columns| *columns > 0)).unwrap_or(COLUMNS);
    columns.saturating_sub(MARGIN)
}

/// How an option is written, with what it takes.
fn written(switch: &Switch) -> String {
    match switch.takes {
        Takes::Nothing | Takes::Leave(_) => format!("--{}", switch.name),
        Takes::Text(_) | Takes::Whole(_) => format!("--{} {}", switch.name, switch.name.to_uppercase()),
    }
}

/// An option's line of help.
pub(super) fn entry(switch: &Switch) -> Entry {
    (written(switch), switch.help)
}

/// The usage of a command, with the end of its last line.
pub(super) fn usage(program: &str, switches: &[Switch], width: usize) -> String {
    const PREFIX: &str = "usage: ";
    let parts: Vec<String> = switches
        .iter()
        .map(|switch| match switch.takes {
            Takes::Leave(Leave::Help) => "[-h]".to_owned(),
            Takes::Leave(Leave::Version) | Takes::Nothing | Takes::Text(_) | Takes::Whole(_) => {
                format!("[{}]", written(switch))
            }
        })
        .collect();
    let whole = format!("{PREFIX}{program} {}", parts.join(" "));
    if whole.chars().count() <= width {
        return whole + "\n";
    }
    let begin = format!("{PREFIX}{program}");
    let beside = begin.chars().count() * 4 <= width * 3;
    let indent = if beside { begin.chars().count() + 1 } else { PREFIX.len() };
    let mut lines = if beside { Vec::new() } else { vec![begin.clone()] };
    let mut line = if beside { begin } else { " ".repeat(indent - 1) };
    let mut is_empty = !beside;
    for part in parts {
        if !is_empty && line.chars().count() + 1 + part.chars().count() > width {
            lines.push(std::mem::replace(&mut line, " ".repeat(indent - 1)));
        }
        line.push(' ');
        line.push_str(&part);
        is_empty = false;
    }
    lines.push(line);
    lines.join("\n") + "\n"
}

/// A heading and its entries. All entries of a help share `column`; see [`column()`].
pub(super) fn section(heading: &str, entries: &[Entry], column: usize, width: usize) -> String {
    let mut text = format!("{heading}:\n");
    for (what, description) in entries {
        let lines = wrapped(description, width.saturating_sub(column).max(DESCRIPTION_MIN));
        let mut lines = lines.iter();
        if what.chars().count() + 4 <= column {
            let first = lines.next().map_or("", String::as_str);
            let line = format!("  {what:<wide$}{first}", wide = column - 2);
            text.push_str(line.trim_end());
        } else {
            text.push_str("  ");
            text.push_str(what);
        }
        text.push('\n');
        for line in lines {
            text.push_str(&" ".repeat(column));
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// Where the descriptions of these entries begin.
pub(super) fn column(entries: &[Entry], width: usize) -> usize {
    let longest = entries.iter().map(|(what, _)| what.chars().count() + 2).max().unwrap_or(0);
    (longest + 2).min(COLUMN_MAX.min(width.saturating_sub(20).max(4)))
}

/// The words of a text in lines of at most `width` columns; a longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        if let Some(line) = lines.last_mut()
            && line.chars().count() + 1 + word.len() <= width
        {
            line.push(' ');
            line.extend(word);
            continue;
        }
        while word.len() > width {
            lines.push(word.drain(..width).collect());
        }
        lines.push(word.into_iter().collect());
    }
    lines
}
