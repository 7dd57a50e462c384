//! The list of topics in columns, as Python's `cmd` module lays it out.

/// How wide a line may become, in characters.
const WIDTH: usize = 79;

/// A heading, a rule of `=` under it, the topics in as few rows as fit, and an empty line.
pub(super) fn listing(heading: &str, topics: &[&str]) -> String {
    let mut text = format!("{heading}\n{}\n", "=".repeat(heading.len()));
    let (height, widths) = layout(topics);
    for row in 0..height {
        let cells: Vec<String> = topics
            .chunks(height)
            .zip(&widths)
            .filter_map(|(column, width)| column.get(row).map(|topic| format!("{topic:<width$}")))
            .collect();
        text.push_str(&cells.join("  "));
        text.push('\n');
    }
    text.push('\n');
    text
}

/// How many rows there are, and how wide each column is.
fn layout(topics: &[&str]) -> (usize, Vec<usize>) {
    let widths = |height: usize| -> Vec<usize> {
        let widest = |column: &[&str]| column.iter().map(|topic| topic.len()).max().unwrap_or(0);
        topics.chunks(height).map(widest).collect()
    };
    (1..=topics.len())
        .map(|height| (height, widths(height)))
        .find(|(_, widths)| widths.iter().sum::<usize>() + 2 * widths.len().saturating_sub(1) <= WIDTH)
        .unwrap_or_else(|| (topics.len(), widths(topics.len().max(1))))
}

#[cfg(test)]
mod tests {
    use super::listing;

    /// Captured from Python 3.11.
    #[test]
    fn topics_stand_in_columns() {
        let topics = [
            "add",
            "decr",
            "dstats",
            "get",
            "globaloptions",
            "help",
            "incr",
            "ipython",
            "kill",
            "list",
            "listen",
            "listsockets",
            "numprocesses",
            "numwatchers",
            "options",
            "quit",
        ];
        assert_eq!(
            listing("h:", &topics),
            "h:\n==\nadd   dstats  globaloptions  incr     kill  listen       numprocesses  options\n\
             decr  get     help           ipython  list  listsockets  numwatchers   quit   \n\n"
        );
        assert_eq!(listing("h:", &["EOF"]), "h:\n==\nEOF\n\n");
    }
}
