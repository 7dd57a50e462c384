//! Columns of text, as wide as what stands in them.

use minder_config::Paint;

use super::terminal::{Colour, coloured};

/// What stands between two columns.
const GAP: &str = "  ";

/// One entry of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    colour: Option<Colour>,
}

impl Cell {
    pub(crate) fn plain(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), colour: None }
    }

    pub(crate) fn painted(text: impl Into<String>, colour: Colour) -> Cell {
        Cell { text: text.into(), colour: Some(colour) }
    }
}

/// Rows under a heading. A row may be shorter than the heading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// A table with this first row.
    pub(crate) fn with_heading(heading: &[&str]) -> Table {
        Table { rows: vec![heading.iter().map(|word| Cell::painted(*word, Colour::Dim)).collect()] }
    }

    pub(crate) fn push(&mut self, row: Vec<Cell>) {
        self.rows.push(row);
    }

    /// The lines, each with `indent` before it and nothing behind its last word.
    pub(crate) fn render(&self, indent: &str, paint: Paint) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| self.rows.iter().filter_map(|row| row.get(column)).map(width).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = indent.to_owned();
            let used = row.iter().rposition(|cell| !cell.text.is_empty()).map_or(0, |last| last + 1);
            for (at, cell) in row.iter().take(used).enumerate() {
                match cell.colour {
                    Some(colour) if !cell.text.is_empty() => {
                        line.push_str(&coloured(&cell.text, colour, paint));
                    }
                    Some(_) | None => line.push_str(&cell.text),
                }
                if at + 1 < used {
                    line.push_str(&" ".repeat(widths[at] - width(cell)));
                    line.push_str(GAP);
                }
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }
}

fn width(cell: &Cell) -> usize {
    cell.text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};
    use minder_config::Paint;

    #[test]
    fn columns_are_as_wide_as_their_widest_word_and_lines_end_with_a_word() {
        let mut table = Table::with_heading(&["name", "state", "note"]);
        table.push(vec![Cell::plain("a"), Cell::plain("RUNNING"), Cell::plain("")]);
        table.push(vec![Cell::plain("größer"), Cell::plain("FATAL"), Cell::plain("why")]);
        assert_eq!(
            table.render(" ", Paint::Plain),
            " name    state    note\n a       RUNNING\n größer  FATAL    why\n"
        );
    }
}
