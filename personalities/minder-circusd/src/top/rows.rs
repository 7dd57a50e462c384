//! The lines of the view, top to bottom, whoever prints them.

use super::board::{Board, Figures};

/// Processes of one watcher that are shown, those first that use the processor most. The original's.
const PROCESSES_MAX: usize = 10;

/// The headings above [`Row::cells`].
pub(super) const HEADINGS: [&str; 4] = ["PID", "CPU (%)", "MEMORY (%)", "AGE (s)"];

/// What kind of line it is, which decides how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A watcher and the figures of all its processes; or what stands above the sockets.
    Head,
    /// A process, a socket.
    Part,
    /// Something on what is not there.
    Remark,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub(super) kind: Kind,
    pub(super) cells: [String; 4],
    /// Percent of one processor, for a bar.
    pub(super) cpu: Option<f64>,
}

impl Row {
    fn remark(text: String) -> Row {
        Row { kind: Kind::Remark, cells: [text, String::new(), String::new(), String::new()], cpu: None }
    }
}

/// What there is to see.
pub(super) fn rows(board: &Board) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, watcher) in board.shown() {
        let [cpu, mem, age] = cells(&watcher.all);
        let cells =
            [name.to_owned(), format!("{cpu} (avg)"), format!("{mem} (sum)"), format!("{age} (older)")];
        rows.push(Row { kind: Kind::Head, cells, cpu: None });
        let mut processes: Vec<_> = watcher.processes.values().collect();
        // What hides its share comes last; the order of equals does not change from one look to the next.
        processes.sort_by(|a, b| {
            let share = |cpu: Option<f64>| cpu.unwrap_or(-1.0);
            share(b.figures.cpu).total_cmp(&share(a.figures.cpu)).then(a.pid.cmp(&b.pid))
        });
        for process in processes.iter().take(PROCESSES_MAX) {
            let [cpu, mem, age] = self::cells(&process.figures);
            let who = match &process.name {
                Some(name) => format!("  {} ({name})", process.pid),
                None => format!("  {}", process.pid),
            };
            rows.push(Row { kind: Kind::Part, cells: [who, cpu, mem, age], cpu: process.figures.cpu });
        }
        match processes.len().saturating_sub(PROCESSES_MAX) {
            0 => {}
            more => rows.push(Row::remark(format!("  and {more} more"))),
        }
    }
    if !board.sockets.is_empty() {
        let all: u64 = board.sockets.values().map(|socket| socket.hits).fold(0, u64::saturating_add);
        let cells = ["sockets".to_owned(), format!("{all} HITS (sum)"), String::new(), String::new()];
        rows.push(Row { kind: Kind::Head, cells, cpu: None });
        let mut sockets: Vec<_> = board.sockets.values().collect();
        sockets.sort_by(|a, b| b.hits.cmp(&a.hits).then_with(|| a.address.cmp(&b.address)));
        for socket in sockets {
            let cells =
                [format!("  {}", socket.address), socket.hits.to_string(), String::new(), String::new()];
            rows.push(Row { kind: Kind::Part, cells, cpu: None });
        }
    }
    rows
}

fn cells(figures: &Figures) -> [String; 3] {
    [figures.cpu, figures.mem, figures.age]
        .map(|figure| figure.map_or_else(|| "N/A".to_owned(), |figure| format!("{figure:.2}")))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Kind, rows};
    use crate::top::board::Board;

    #[test]
    fn the_busiest_are_shown_and_the_others_counted() {
        let mut board = Board::new(Duration::from_secs(3));
        for pid in 1..=12 {
            let payload = format!(r#"{{"pid": {pid}, "cpu": {pid}.5, "mem": 1, "age": "N/A"}}"#);
            board.hear(format!("stat.web.{pid}").as_bytes(), payload.as_bytes(), Instant::now());
        }
        let rows = rows(&board);
        let firsts: Vec<&str> = rows.iter().map(|row| row.cells[0].trim()).collect();
        assert_eq!(firsts, ["web", "12", "11", "10", "9", "8", "7", "6", "5", "4", "3", "and 2 more"]);
        assert_eq!(rows[1].cells, ["  12", "12.50", "1.00", "N/A"]);
        assert_eq!(rows.iter().filter(|row| row.kind == Kind::Remark).count(), 1);
    }
}
