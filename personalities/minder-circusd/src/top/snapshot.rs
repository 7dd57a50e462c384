//! One look, for whoever is no terminal.

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use minder_zmtp::Subscriber;
use tokio::time::timeout;

use super::Trouble;
use super::board::{Board, Heard};
use super::rows::{HEADINGS, Row, rows};

/// How long circusd-stats may take. It tells once a second, and needs a moment to see that somebody listens.
pub(super) const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Columns are so far apart.
const GAP: usize = 2;

/// Prints a table.
pub(super) async fn text(told: Subscriber, board: Board) -> Result<(), Trouble> {
    let board = filled(told, board).await?;
    print(&table(&rows(&board)))
}

/// Prints JSON.
pub(super) async fn json(told: Subscriber, board: Board) -> Result<(), Trouble> {
    let board = filled(told, board).await?;
    print(&format!("{}\n", board.to_json()))
}

fn print(text: &str) -> Result<(), Trouble> {
    let mut out = io::stdout().lock();
    Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush())?)
}

/// Listens until something is told of a second time: then everybody was told of.
async fn filled(mut told: Subscriber, mut board: Board) -> Result<Board, Trouble> {
    let mut wholes = Vec::new();
    let round = async {
        loop {
            let message = told.recv().await;
            let [topic, payload, ..] = message.as_slice() else { continue };
            if let Heard::Whole(name) = board.hear(topic, payload, Instant::now()) {
                if wholes.contains(&name) {
                    return;
                }
                wholes.push(name);
            }
        }
    };
    timeout(ANSWER_WITHIN, round).await.map_err(|_elapsed| Trouble::Silence)?;
    Ok(board)
}

/// Columns as wide as their widest cell; nothing stands behind the last word of a line.
pub(super) fn table(rows: &[Row]) -> String {
    let lines: Vec<[&str; 4]> = std::iter::once(HEADINGS)
        .chain(rows.iter().map(|row| row.cells.each_ref().map(String::as_str)))
        .collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    lines
        .iter()
        .map(|[first, rest @ ..]| {
            let mut line = format!("{first:<0$}", widths[0] + GAP);
            for (cell, width) in rest.iter().zip([widths[1], widths[2], 0]) {
                line.push_str(&format!("{cell:<0$}", width + GAP));
            }
            format!("{}\n", line.trim_end())
        })
        .collect()
}
