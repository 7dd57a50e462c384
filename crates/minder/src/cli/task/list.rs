//! `minder task list`.

use std::time::Duration;

use clap::Args;
use minder_core::agenda::{DayTime, Due, Moment, Phase, SunEvent, TaskSpec};
use minder_core::ids::TaskName;
use minder_core::time::WallTime;
use minder_schedule::text::duration_text;
use minder_tasks::clock::wall;
use minder_tasks::run::{Run, RunState};
use minder_tasks::store::Filter;
use minder_tasks::upcoming::next_due;
use serde_json::json;

use crate::cli::ended::{Complaint, Ended, Form};
use crate::cli::table::{Cell, Table};
use crate::cli::tasks::{Tasks, Whose, clock, colour, json_of, seconds};
use crate::cli::terminal::{self, Colour};

/// Show the tasks: when each is due, how it last ended, and which runs wait or work.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    whose: Whose,
}

/// A task, and how it stands.
struct Row<'a> {
    task: &'a TaskSpec,
    next: Option<WallTime>,
    waiting: usize,
    working: usize,
    last: Option<Run>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let tasks = arguments.whose.tasks(Form::of(arguments.json))?;
    let open = tasks.ask(tasks.queue.open_runs())?;
    let rows = rows(&tasks, &open)?;
    match tasks.form {
        Form::Text => terminal::say(&text(&rows, &open)),
        Form::Json => {
            let list: Vec<_> = rows.iter().map(Row::json).collect();
            let open: Vec<_> = open.iter().map(json_of).collect();
            terminal::say(&format!("{:#}\n", json!({ "agenda": tasks.hash, "tasks": list, "open": open })));
        }
    }
    Ok(Ended::Well)
}

fn rows<'a>(tasks: &'a Tasks, open: &[Run]) -> Result<Vec<Row<'a>>, Complaint> {
    let store = tasks.queue.store();
    let failed = |error| tasks.complaint(error);
    let marks = store.marks().map_err(failed)?;
    let ended =
        [RunState::Done, RunState::Failed, RunState::TimedOut, RunState::Cancelled, RunState::Dropped];
    let row = |task: &'a TaskSpec| {
        let filter = Filter { task: Some(task.name.clone()), states: ended.to_vec(), limit: Some(1) };
        let is = |run: &&Run, state| run.task == task.name && run.state == state;
        Ok(Row {
            task,
            next: next_due(&tasks.agenda, task, marks.get(&task.name), wall()),
            waiting: open.iter().filter(|run| is(run, RunState::Waiting)).count(),
            working: open.iter().filter(|run| is(run, RunState::Claimed)).count(),
            last: store.runs(&filter).map_err(failed)?.into_iter().next(),
        })
    };
    tasks.agenda.tasks().iter().map(row).collect()
}

impl Row<'_> {
    fn json(&self) -> serde_json::Value {
        json!({
            "task": self.task.name.as_str(),
            "worker": self.task.worker.as_str(),
            "due": words(&self.task.due),
            "next": self.next.map(seconds),
            "waiting": self.waiting,
            "working": self.working,
            "then": self.task.then.iter().map(TaskName::as_str).collect::<Vec<_>>(),
            "last": self.last.as_ref().map(json_of),
        })
    }
}

fn text(rows: &[Row<'_>], open: &[Run]) -> String {
    if rows.is_empty() {
        return "no tasks\n".to_owned();
    }
    let paint = terminal::paint();
    let mut table = Table::with_heading(&["TASK", "DUE", "NEXT", "WORKER", "WAIT", "WORK", "LAST"]);
    for row in rows {
        let last = row.last.as_ref();
        table.push(vec![
            Cell::plain(row.task.name.as_str()),
            Cell::plain(words(&row.task.due)),
            Cell::plain(row.next.map(clock).unwrap_or_default()),
            Cell::plain(row.task.worker.as_str()),
            Cell::plain(row.waiting.to_string()),
            Cell::plain(row.working.to_string()),
            Cell::painted(
                last.map(|run| run.state.word()).unwrap_or_default(),
                last.map_or(Colour::Dim, |run| colour(run.state)),
            ),
            Cell::plain(last.and_then(|run| run.end).map(clock).unwrap_or_default()),
        ]);
    }
    let mut text = table.render("", paint);
    if !open.is_empty() {
        let mut table = Table::with_heading(&["RUN", "TASK", "STATE", "SINCE", "ATTEMPT"]);
        for run in open {
            table.push(vec![
                Cell::plain(run.id.short()),
                Cell::plain(run.task.as_str()),
                Cell::painted(run.state.word(), colour(run.state)),
                Cell::plain(clock(run.begin.unwrap_or(run.asked))),
                Cell::plain(run.attempt.to_string()),
            ]);
        }
        text.push('\n');
        text.push_str(&table.render("", paint));
    }
    text
}

/// When a task is due, shortly.
fn words(due: &Due) -> String {
    match due {
        Due::OnDemand => "on demand".to_owned(),
        Due::Every { interval, phase: Phase::Free } => format!("every {}", duration_text(*interval)),
        Due::Every { interval, phase: Phase::Aligned(later) } if later.is_zero() => {
            format!("every {}, aligned", duration_text(*interval))
        }
        Due::Every { interval, phase: Phase::Aligned(later) } => {
            format!("every {}, aligned + {}", duration_text(*interval), duration_text(*later))
        }
        Due::Cron(expression) => format!("cron {expression}"),
        Due::At(moments) => {
            let moments: Vec<String> = moments.iter().map(moment).collect();
            format!("at {}", moments.join(", "))
        }
    }
}

fn moment(moment: &Moment) -> String {
    match moment {
        Moment::Once(text) => text.to_string(),
        Moment::Daily(DayTime::Clock(seconds)) => {
            let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            match seconds {
                0 => format!("{hours:02}:{minutes:02}"),
                seconds => format!("{hours:02}:{minutes:02}:{seconds:02}"),
            }
        }
        Moment::Daily(DayTime::Sun { event, offset }) => {
            let event = match event {
                SunEvent::Sunrise => "sunrise",
                SunEvent::Sunset => "sunset",
                SunEvent::Dawn => "dawn",
                SunEvent::Dusk => "dusk",
                SunEvent::Noon => "noon",
            };
            let span = duration_text(Duration::from_secs(u64::from(offset.unsigned_abs())));
            match offset {
                0 => event.to_owned(),
                1.. => format!("{event}+{span}"),
                ..0 => format!("{event}-{span}"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::words;
    use minder_core::agenda::{DayTime, Due, Moment, Phase, SunEvent};
    use std::time::Duration;

    #[test]
    fn due_times_are_told_shortly() {
        let interval = Duration::from_secs(10);
        for (due, expected) in [
            (Due::OnDemand, "on demand"),
            (Due::Every { interval, phase: Phase::Free }, "every 10s"),
            (Due::Every { interval: interval * 540, phase: Phase::Free }, "every 1h30m"),
            (Due::Every { interval, phase: Phase::Aligned(Duration::ZERO) }, "every 10s, aligned"),
            (Due::Cron("0 2 * * *".into()), "cron 0 2 * * *"),
            (
                Due::At(vec![
                    Moment::Daily(DayTime::Clock(79_200)),
                    Moment::Daily(DayTime::Sun { event: SunEvent::Dusk, offset: -600 }),
                    Moment::Once("2027-03-01T06:30:00".into()),
                ]),
                "at 22:00, dusk-10m, 2027-03-01T06:30:00",
            ),
        ] {
            assert_eq!(words(&due), expected);
        }
    }
}
