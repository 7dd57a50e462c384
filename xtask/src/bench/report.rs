//! What a whole run leaves: the page `docs/benchmarks.md`, its charts, and all figures as JSON.

use super::chart::{self, Line};
use super::figures::{Better, Cell, Row, nothing, ratio};
use super::growth::Curve;
use super::peers::{MARKS, MINDER, install};
use super::place::{Pace, Place};
use crate::step::Problem;
use crate::workspace;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// minder beside the floor and the best of all others.
pub(super) fn summary(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | floor | minder | : floor | promised | | best other | |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let minder = row.cell(MINDER).map_or_else(nothing, |cell| cell.text().to_owned());
        let floor = row.floor.as_ref().map_or("", Cell::text);
        let best =
            row.best_other().map_or_else(String::new, |(name, cell, _)| format!("{name}: {}", cell.text()));
        let beaten = if row.is_beaten() { "**better**" } else { "" };
        let factor = if row.floor.is_some() { ratio(row.ratio()) } else { String::new() };
        let _ = writeln!(
            text,
            "| {} | {floor} | {minder} | {factor} | {} | {} | {best} | {beaten} |",
            row.what,
            row.budget,
            row.verdict()
        );
    }
    text
}

/// All of them in all rows that more than one takes part in.
fn everybody(rows: &[Row], place: &Place) -> String {
    let names: Vec<&str> = place.peers.iter().map(|peer| peer.name()).collect();
    let mut text = format!(
        "| what | floor | {} | dinit |\n| --- |{}\n",
        names.join(" | "),
        " --- |".repeat(names.len() + 2)
    );
    for row in rows.iter().filter(|row| row.cells.len() > 2) {
        let cells: Vec<&str> = names.iter().map(|name| row.cell(name).map_or("–", Cell::text)).collect();
        let mark = MARKS.iter().find(|(what, _)| row.what.starts_with(what)).map_or("", |(_, mark)| mark);
        let floor = row.floor.as_ref().map_or("", Cell::text);
        let _ = writeln!(text, "| {} | {floor} | {} | {mark} |", row.what, cells.join(" | "));
    }
    text
}

/// Why somebody is not in a row, each reason once.
fn blanks(rows: &[Row]) -> String {
    let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
    for row in rows {
        for (name, cell) in &row.cells {
            let Cell::Blank(reason) = cell else { continue };
            let reason = format!("{name}: {reason}");
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, rows)) => rows.push(&row.what),
                None => reasons.push((reason, vec![&row.what])),
            }
        }
    }
    let lines = reasons.into_iter().map(|(reason, rows)| format!("- {reason} ({})\n", rows.join("; ")));
    lines.collect()
}

/// Writes all of it.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn write(place: &Place, rows: &[Row], curves: &[Curve], failed: &[String]) -> Result<(), Problem> {
    let docs = workspace::root().join("docs");
    let charts = docs.join("benchmarks");
    fs::create_dir_all(&charts).map_err(|error| Problem::File(charts.display().to_string(), error))?;
    let mut text = format!("# Benchmarks\n\n{INTRODUCTION}\n\nMachine: {}.\n", machine(place));
    if busy(place) {
        text += "\n**Somebody else worked on this machine at the time: only the ratios mean something.**\n";
    }
    if place.pace == Pace::Quick {
        text += "\nThis is from a quick run: few repetitions.\n";
    }
    if !failed.is_empty() {
        let _ = write!(text, "\nCould not be measured: {}.\n", failed.join(", "));
    }
    for (name, title, svg) in drawings(rows, curves) {
        put(&charts.join(format!("{name}.svg")), &svg)?;
        let _ = write!(text, "\n![{title}](benchmarks/{name}.svg)\n");
    }
    let _ = write!(text, "\n## minder\n\n{}", summary(rows));
    let beaten: Vec<&str> = rows.iter().filter(|row| row.is_beaten()).map(|row| row.what.as_str()).collect();
    if !beaten.is_empty() {
        let _ = write!(text, "\nSomebody else is better in: {}.\n", beaten.join("; "));
    }
    let _ = write!(
        text,
        "\n## Everybody\n\n{}\n{DINIT}\n\nWho is not in a row:\n\n{}",
        everybody(rows, place),
        blanks(rows)
    );
    for absent in install::absent(place) {
        let _ = writeln!(text, "- {absent}");
    }
    text += "\n## What each was configured to do\n\n";
    for peer in &place.peers {
        let _ = writeln!(text, "- **{}**: {}.", peer.name(), peer.configured());
    }
    text += EXPLANATION;
    put(&docs.join("benchmarks.md"), &text)
}

fn put(path: &Path, text: &str) -> Result<(), Problem> {
    fs::write(path, text).map_err(|error| Problem::File(path.display().to_string(), error))?;
    println!("✔ {}", path.display());
    Ok(())
}

/// Name, title and text of each chart.
fn drawings(rows: &[Row], curves: &[Curve]) -> Vec<(&'static str, &'static str, String)> {
    let mut drawings = Vec::new();
    let start = "Starting N programs by one request";
    let lines = growing(rows, "start ", " by one request");
    if !lines.is_empty() {
        drawings.push(("start", start, chart::lines(start, ["programs", "ms"], &lines)));
    }
    let stop = "Stopping N programs";
    let lines = growing(rows, "stop ", "");
    if !lines.is_empty() {
        drawings.push(("stop", stop, chart::lines(stop, ["programs", "ms"], &lines)));
    }
    let growth = "minder: the cost of one program among N";
    let lines: Vec<Line> =
        curves.iter().map(|curve| Line { name: curve.what.into(), points: curve.points.clone() }).collect();
    if !lines.is_empty() {
        drawings.push(("growth", growth, chart::lines(growth, ["programs", "µs or KB each"], &lines)));
    }
    let groups = [
        ("log", "Log path", "log path", &["MB/s: more is better", "CPU seconds a GB: less is better"][..]),
        ("memory", "Memory", "memory (PSS)", &["MB: less is better"]),
    ];
    for (name, title, what, units) in groups {
        let bars: Vec<_> = rows
            .iter()
            .filter(|row| row.what.starts_with(what))
            .map(|row| {
                let unit = if row.better == Better::More || units.len() == 1 { units[0] } else { units[1] };
                (format!("{} ({unit})", row.what), of_all(row))
            })
            .collect();
        if !bars.is_empty() {
            drawings.push((name, title, chart::bars(title, &bars)));
        }
    }
    drawings
}

/// The figures of a row, minder's first.
fn of_all(row: &Row) -> Vec<(String, f64)> {
    let figures = row.cells.iter().filter_map(|(name, cell)| Some(((*name).to_owned(), cell.value()?)));
    let floor = row.floor.as_ref().and_then(|floor| Some(("floor (cat)".to_owned(), floor.value()?)));
    figures.chain(floor).collect()
}

/// A line for each peer, of the rows that differ in their number only.
fn growing(rows: &[Row], before: &str, after: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows {
        let count = row.what.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
        let Some(count) = count.and_then(|count| count.parse::<f64>().ok()) else { continue };
        let floor = row.floor.iter().map(|cell| ("floor", cell));
        for (name, cell) in row.cells.iter().map(|(name, cell)| (*name, cell)).chain(floor) {
            let Some(value) = cell.value() else { continue };
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => line.points.push((count, value)),
                None => lines.push(Line { name: name.into(), points: vec![(count, value)] }),
            }
        }
    }
    lines
}

/// All figures, for a program.
pub(super) fn json(place: &Place, rows: &[Row], curves: &[Curve]) -> Value {
    let cell = |cell: &Cell| match cell {
        Cell::Figure(text, value) => json!({"text": text, "value": value}),
        Cell::Blank(reason) => json!({"blank": reason}),
    };
    let row = |row: &Row| {
        let cells: serde_json::Map<String, Value> =
            row.cells.iter().map(|(name, figure)| ((*name).to_owned(), cell(figure))).collect();
        json!({"what": row.what, "floor": row.floor.as_ref().map(cell), "peers": cells, "budget": row.budget,
            "verdict": row.verdict()})
    };
    let curve = |curve: &Curve| json!({"what": curve.what, "points": curve.points});
    json!({"machine": machine(place), "rows": rows.iter().map(row).collect::<Vec<_>>(),
        "growth": curves.iter().map(curve).collect::<Vec<_>>()})
}

const INTRODUCTION: &str = "minder beside other supervisors on one machine, in turn, each with what its own manual says \
for the same work. Written by `cargo xtask bench`: do not edit.";

const DINIT: &str = "dinit is in no package list that this uses: its column is what it reached on another quiet machine \
with two processors.";

const EXPLANATION: &str = r"
## How it is measured

```
cargo xtask setup              # the real Supervisor and Circus, in target/reference-venv
cargo xtask setup --peers      # the other supervisors, of fixed versions: takes minutes, once
cargo xtask bench              # all of it, and this page
cargo xtask bench --quick      # few repetitions
cargo xtask bench --only NAME  # cold, start, restart, idle, logs, storm, growth or circus; prints only
```

Times are middle values, with the least and the greatest in brackets, after a warm-up. Run it on a machine that does
nothing else: on a busy one only the ratios mean something. All figures go to `target/bench.json`, too, or where `--json`
says. A figure of several processes is that of all processes of the supervisor: `runsv`, `s6-supervise` and the loggers count.

- **floor** is the least that can be done. For starts, stops, restarts and the storm it is `xtask/src/bench/floor.c`: a
  loop of `posix_spawn` with three pipes each, one of `kill` and `waitpid`, or both. For logs it is `cat > file`, one for
  each writer, without rotation.
- **start** ends with the first moment of the last program, which every program reports itself
  (`xtask/src/bench/beacon.c`, linked statically) into a named pipe; no logs. *With the supervisor itself* begins before
  the supervisor is executed.
- **stop** ends with the answer, where that comes when all have stopped, else with the end of the last program; they end
  on TERM.
- **restart** is from the signal to the first moment of the successor, among fifty programs. Whoever makes a program wait
  that lived for less than a second is given one that lived longer.
- **idle** runs `sleep 1000` with each supervisor's default for logs; context switches and processor time from `/proc`;
  memory is PSS from `smaps_rollup`, MB are 10⁶ bytes; of minder it is keeper and mind, and *later* is after the questions.
- **state of all** is the peer's own question over a kept connection, or its client's process, or its status files.
- **log path**: writers of 16 KiB at a time, together 512 MB, files rotated at 50 MB with ten old ones, as Supervisor's are by default; from the first byte
  to the last accepted one. CPU is that of the supervisor with its loggers, or of all `cat` together.
- **storm**: 200 programs that report and leave, restarted at once; restarts are counted first, then the state of all is
  asked every 10 ms.
- **growth** divides minder's costs by the number of programs: what is flat grows with nothing. Memory is what each
  program more than ten adds.
- **cold start** is with all files in the page cache.
";

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// With as much to do as there are processors, somebody else worked too.
fn busy(place: &Place) -> bool {
    place.load >= processors() as f64
}

/// Processor, how many, kernel, and how busy it was.
fn machine(place: &Place) -> String {
    let info = read("/proc/cpuinfo");
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let kernel = read("/proc/sys/kernel/osrelease");
    let count = processors();
    format!("{count} × {model}, Linux {}; load before the first measurement: {}", kernel.trim(), place.load)
}
