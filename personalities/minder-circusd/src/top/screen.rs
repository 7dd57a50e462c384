//! The live view on a terminal.
//!
//! It is painted anew when something was told, and some milliseconds later, because circusd-stats tells of everybody at once.

use std::io;
use std::time::{Duration, Instant};

use minder_zmtp::{Message, Subscriber};
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout};
use ratatui::style::{Color, Style, Stylize as _};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row as TableRow, Table};
use ratatui::{DefaultTerminal, Frame};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant as Deadline;

use super::board::Board;
use super::rows::{HEADINGS, Kind, Row, rows};

/// How long more is waited for before painting.
const GATHER: Duration = Duration::from_millis(50);

/// The longest bar, in cells: one processor, or more.
const BAR_MAX: usize = 10;

/// Lines at a Page Up or Page Down.
const PAGE: usize = 10;

/// What somebody does with the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    End,
    Up(usize),
    Down(usize),
    Top,
    /// The window has another size.
    Repaint,
}

/// Shows what is told until somebody ends it.
///
/// # Errors
/// When the terminal cannot be used.
pub(super) async fn show(told: Subscriber, board: Board, endpoint: &str) -> io::Result<()> {
    let mut terminal = ratatui::try_init()?;
    let ended = watch(&mut terminal, told, View { board, endpoint, scrolled: 0 }).await;
    ratatui::try_restore().and(ended)
}

/// What is painted.
struct View<'a> {
    board: Board,
    endpoint: &'a str,
    /// Lines that are above the first one shown.
    scrolled: usize,
}

async fn watch(terminal: &mut DefaultTerminal, mut told: Subscriber, mut view: View<'_>) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut wishes = wishes();
    terminal.draw(|frame| view.paint(frame))?;
    loop {
        // Without news, what is old goes.
        let mut due = Deadline::now() + view.board.timeout().max(GATHER);
        loop {
            tokio::select! {
                message = told.recv() => {
                    view.hear(&message);
                    due = due.min(Deadline::now() + GATHER);
                }
                wish = wishes.recv() => match wish {
                    Some(Wish::End) | None => return Ok(()),
                    Some(wish) => {
                        view.scroll(wish);
                        break;
                    }
                },
                _ = terminate.recv() => return Ok(()),
                _ = hangup.recv() => return Ok(()),
                () = tokio::time::sleep_until(due) => break,
            }
        }
        view.board.forget(Instant::now());
        terminal.draw(|frame| view.paint(frame))?;
    }
}

/// Reads keys on a thread of its own, which blocks in the terminal and ends with the program.
fn wishes() -> mpsc::UnboundedReceiver<Wish> {
    let (tell, wishes) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        // A terminal that cannot be read is gone; the channel closes with this thread.
        while let Ok(event) = event::read() {
            let wish = match event {
                Event::Key(key) => wish_of(key),
                Event::Resize(..) => Some(Wish::Repaint),
                _ => None,
            };
            if wish.is_some_and(|wish| tell.send(wish).is_err()) {
                return;
            }
        }
    });
    wishes
}

fn wish_of(key: KeyEvent) -> Option<Wish> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Wish::End),
        KeyCode::Char('q') | KeyCode::Esc => Some(Wish::End),
        KeyCode::Up | KeyCode::Char('k') => Some(Wish::Up(1)),
        KeyCode::Down | KeyCode::Char('j') => Some(Wish::Down(1)),
        KeyCode::PageUp => Some(Wish::Up(PAGE)),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(Wish::Down(PAGE)),
        KeyCode::Home => Some(Wish::Top),
        _ => None,
    }
}

impl View<'_> {
    fn hear(&mut self, message: &Message) {
        if let [topic, payload, ..] = message.as_slice() {
            self.board.hear(topic, payload, Instant::now());
        }
    }

    fn scroll(&mut self, wish: Wish) {
        self.scrolled = match wish {
            Wish::Up(lines) => self.scrolled.saturating_sub(lines),
            Wish::Down(lines) => self.scrolled.saturating_add(lines),
            Wish::Top => 0,
            Wish::End | Wish::Repaint => self.scrolled,
        };
    }

    fn paint(&mut self, frame: &mut Frame<'_>) {
        let areas = Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]);
        let [head, body, foot] = areas.areas(frame.area());
        let rows = rows(&self.board);
        let fitting = usize::from(body.height).saturating_sub(1);
        self.scrolled = self.scrolled.min(rows.len().saturating_sub(fitting));
        frame.render_widget(self.title(), head);
        if rows.is_empty() {
            frame.render_widget(Line::from("*** Waiting for data ***").dim(), body);
        } else {
            let shown = rows.iter().skip(self.scrolled).map(painted);
            let widths = [
                Constraint::Fill(1),
                Constraint::Length(14),
                Constraint::Length(u16::try_from(BAR_MAX).unwrap_or(u16::MAX)),
                Constraint::Length(14),
                Constraint::Length(18),
            ];
            let [who, cpu, mem, age] = HEADINGS;
            let heading = TableRow::new([who, cpu, "", mem, age]).style(Style::new().dim());
            frame.render_widget(Table::new(shown, widths).header(heading).column_spacing(1), body);
        }
        frame.render_widget(Line::from("q quit   ↑ ↓ scroll").dim(), foot);
    }

    fn title(&self) -> Line<'static> {
        let watchers = self.board.shown().count();
        let processes: usize = self.board.shown().map(|(_, watcher)| watcher.processes.len()).sum();
        Line::from(vec![
            Span::from("Circus Top").bold(),
            Span::from(format!("  {}  ", self.endpoint)).dim(),
            Span::from(format!("{watchers} watchers, {processes} processes")),
        ])
    }
}

fn painted(row: &Row) -> TableRow<'static> {
    let [who, cpu, mem, age] = row.cells.clone();
    let bar = row.cpu.map(bar).unwrap_or_default();
    let painted =
        TableRow::new([Cell::from(who), Cell::from(cpu), Cell::from(bar), Cell::from(mem), Cell::from(age)]);
    match row.kind {
        Kind::Head => painted.style(Style::new().bold()),
        Kind::Part => painted,
        Kind::Remark => painted.style(Style::new().dim()),
    }
}

/// A tenth of a processor is a cell; red from three quarters of one on.
fn bar(percent: f64) -> Line<'static> {
    let colour = match percent {
        high if high >= 75.0 => Color::Red,
        some if some >= 25.0 => Color::Yellow,
        _ => Color::Green,
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and BAR_MAX")]
    let cells = (percent / 10.0).ceil().clamp(0.0, BAR_MAX as f64) as usize;
    Line::from("▇".repeat(cells)).style(colour)
}
