//! The list of topics in columns, as Python's `cmd` module lays it out.

/// How wide a line may become, in characters.
const WIDTH: usize = 79;

/// A heading, a rule of `=` under it, and the topics in as few rows as fit.
pub(super) fn listing(heading: &str, topics: &[&str]) -> String {
    let mut text = format!("{heading}\n{}\n", "=".repeat(heading.len()));
    for row in rows(topics) {
        text.push_str(&row);
        text.push('\n');
    }
    text
}

fn rows(topics: &[&str]) -> Vec<String> {
    let (height, widths) = (1..=topics.len())
        .map(|height| (height, column_widths(topics, height)))
        .find(|(height, widths)| {
            *height == topics.len() || widths.iter().sum::<usize>() + 2 * (widths.len() - 1) <= WIDTH
        })
        .unwrap_or_default();
    (0..height).map(|row| row_text(topics, row, height, &widths)).collect()
}

fn column_widths(topics: &[&str], height: usize) -> Vec<usize> {
    topics.chunks(height).map(|column| column.iter().map(|topic| topic.len()).max().unwrap_or(0)).collect()
}

fn row_text(topics: &[&str], row: usize, height: usize, widths: &[usize]) -> String {
    let cells: Vec<String> = topics
        .chunks(height)
        .zip(widths)
        .filter_map(|(column, width)| column.get(row).map(|topic| format!("{topic:<width$}")))
        .collect();
    cells.join("  ")
}

#[cfg(test)]
mod tests {
    use super::listing;

    /// Captured from Python 3.11.
    #[test]
    fn topics_stand_in_columns() {
        let topics = [
            "add", "avail", "clear", "exit", "fg", "help", "maintail", "open", "pid", "quit", "reload",
            "remove", "reread", "restart", "shutdown", "signal",
        ];
        assert_eq!(
            listing("h:", &topics),
            "h:\n==\nadd    clear  fg    maintail  pid   reload  reread   shutdown\n\
             avail  exit   help  open      quit  remove  restart  signal  \n"
        );
    }
}
