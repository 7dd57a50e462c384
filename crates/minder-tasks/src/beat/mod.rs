//! The beat: puts what is due into the queue. The only process that knows the time.
//!
//! ```text
//!  clocks ─▶ Planner::step ─▶ offers, marks ─▶ Held ─▶ queue (one transaction)
//!               ▲                               │ full, and to wait
//!               └── timers: wall, monotonic     └──▶ the bell: again
//! ```

mod held;
mod timer;

use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

use minder_core::agenda::Agenda;
use minder_core::ids::TaskName;
use minder_core::time::{Now, WallTime};
use minder_schedule::zone;
use tokio::signal::unix::{SignalKind, signal};

use crate::agenda_file::{self, AgendaFileError};
use crate::bell::Ear;
use crate::clock::now;
use crate::log::log;
use crate::planner::{self, Count, Mark, Missing, Note, Planner, PlannerProblem};
use crate::queue::{Queue, QueueError};
use crate::run::{Ask, Offered};
use crate::state_dir::StateDir;
use crate::worker::rfc_3339;
use held::Held;
use timer::Timer;

/// How long to wait when the disk is full, or the server of a distributed queue does not answer, and how often. Then the beat
/// ends, and whoever started it starts it again.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
const TRIES: u32 = 60;

/// A wall clock that differs from the monotonic one by so much more than before was set in between.
const SET_AT_LEAST: Duration = Duration::from_secs(1);

/// What tells this machine from others.
const MACHINE_ID: &str = "/etc/machine-id";

/// Why the beat could not go on.
#[derive(Debug)]
pub enum BeatError {
    /// It has no agenda.
    Agenda(AgendaFileError),
    /// It cannot know when tasks are due.
    Planner(Vec<PlannerProblem>),
    /// There is one already.
    Busy(PathBuf),
    /// The system refused.
    Io(PathBuf, io::Error),
    /// The queue refused.
    Queue(QueueError),
}

impl fmt::Display for BeatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agenda(error) => error.fmt(f),
            Self::Planner(problems) => write!(f, "it is not clear when tasks are due: {problems:?}"),
            Self::Busy(state) => write!(f, "{}: another beat is running here", state.display()),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Queue(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for BeatError {}

/// Is the beat of this state, until SIGTERM or SIGINT. In an event loop of one thread.
///
/// # Errors
/// When there is one already, or it cannot begin or go on. Nothing is lost then: what was due meanwhile is noticed by the next.
pub async fn run(state: &StateDir, agenda_hash: &str) -> Result<(), BeatError> {
    let io = |error| BeatError::Io(state.path().to_owned(), error);
    let agenda = agenda_file::read(state, agenda_hash).map_err(BeatError::Agenda)?;
    let _lock = state.lock_of_beat().map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => BeatError::Busy(state.path().to_owned()),
        _ => io(error),
    })?;
    let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
    let queue = Queue::open(state, &agenda).await.map_err(BeatError::Queue)?;
    let marks = queue.store().marks().map_err(|error| BeatError::Queue(error.into()))?;
    let planner = Planner::new(&agenda, &zone::machine(), &marks, chance(state), now());
    let planner = planner.map_err(BeatError::Planner)?;
    log(&format!("beat: {} tasks, agenda {agenda_hash}", agenda.tasks().len()));
    let ear = Ear::new(&state.bell()).map_err(io)?;
    let beat = Beat { agenda, queue, planner, held: Held::default(), ear };
    tokio::select! {
        error = beat.go_on(state) => error,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    }
}

/// What jitters are drawn from: another number on each machine and for each state, and the same after each restart.
fn chance(state: &StateDir) -> u64 {
    // Without it those of all machines whose state is in the same place are the same, which does little harm.
    let machine = std::fs::read(MACHINE_ID).unwrap_or_default();
    planner::seed(&[&machine, state.path().as_os_str().as_encoded_bytes()])
}

struct Beat {
    agenda: Agenda,
    queue: Queue,
    planner: Planner,
    held: Held,
    ear: Ear,
}

impl Beat {
    async fn go_on(mut self, state: &StateDir) -> Result<(), BeatError> {
        let io = |error| BeatError::Io(state.path().to_owned(), error);
        let (wall, monotonic) = (Timer::wall().map_err(io)?, Timer::monotonic().map_err(io)?);
        loop {
            let stepped = now();
            self.step(stepped).await?;
            let wake = self.planner.wake();
            wall.set_wall(wake.wall).map_err(io)?;
            monotonic.set_monotonic(wake.monotonic).map_err(io)?;
            // Before the timer was set nobody would have said it.
            if was_set(stepped, now()) {
                continue;
            }
            tokio::select! {
                come = wall.comes() => come.map_err(io)?,
                come = monotonic.comes() => come.map_err(io)?,
                heard = self.ear.heard(), if !self.held.is_empty() => heard.map_err(io)?,
            }
        }
    }

    async fn step(&mut self, at: Now) -> Result<(), BeatError> {
        let turn = self.planner.step(at);
        for note in &turn.notes {
            self.tell(note, at.wall).await?;
        }
        let (asks, marks) = self.held.join(turn);
        if asks.is_empty() && marks.is_empty() {
            return Ok(());
        }
        let offered = self.offer(&asks, &marks, at.wall).await?;
        for (ask, offered) in asks.iter().zip(&offered) {
            match offered {
                Offered::Waits(id) => log(&format!("{} {}: due {}", ask.task, id.short(), rfc_3339(ask.due))),
                Offered::Skipped(_, why) => {
                    log(&format!("{}: due {}, left out: {why}", ask.task, rfc_3339(ask.due)));
                }
                Offered::Full if self.held.is_new(&ask.task) => {
                    log(&format!(
                        "{}: due {}, waits for room in its worker's backlog",
                        ask.task,
                        rfc_3339(ask.due)
                    ));
                }
                Offered::Full => {}
            }
        }
        self.held.keep(&asks, &offered, &marks);
        Ok(())
    }

    async fn offer(
        &self,
        asks: &[Ask],
        marks: &[(TaskName, Mark)],
        at: WallTime,
    ) -> Result<Vec<Offered>, BeatError> {
        with_patience(async || self.queue.offer(&self.agenda, asks, marks, at).await).await
    }

    async fn tell(&self, note: &Note, at: WallTime) -> Result<(), BeatError> {
        match note {
            Note::Missed(missing) => self.remember_missing(missing, at).await?,
            Note::ClockSet(from, to) => {
                log(&format!("beat: the clock was set from {} to {}", rfc_3339(*from), rfc_3339(*to)));
            }
            Note::ClockDoubted(time) => {
                log(&format!(
                    "beat: the clock shows {}, which has been before; not believed yet",
                    rfc_3339(*time)
                ));
            }
            Note::ClockBelieved(time) => {
                log(&format!("beat: the clock shows {}; believed now", rfc_3339(*time)));
            }
        }
        Ok(())
    }

    /// What nobody noticed is a run that was left out: one for all, since there may be many.
    async fn remember_missing(&self, missing: &Missing, at: WallTime) -> Result<(), BeatError> {
        let count = match missing.count {
            Count::Exactly(count) => count.to_string(),
            Count::MoreThan(count) => format!("more than {count}"),
        };
        let reason = format!(
            "missed: it was due {count} times from {} to {} while no beat was running; {} of them are done all the same",
            rfc_3339(missing.first),
            rfc_3339(missing.last),
            missing.caught_up
        );
        log(&format!("{}: {reason}", missing.task));
        let all_caught_up = missing.count == Count::Exactly(missing.caught_up);
        let Some(task) = self.agenda.task(&missing.task).filter(|_| !all_caught_up) else { return Ok(()) };
        let ask = Ask {
            id: None,
            task: missing.task.clone(),
            due: missing.last,
            not_before: missing.last,
            input: None,
            overlap: task.overlap,
        };
        let store = self.queue.store();
        with_patience(async || Ok(store.note_skipped(&self.agenda, &ask, &reason, at)?)).await.map(drop)
    }
}

/// Does something to the queue, again for a while if that is refused for a reason that may pass.
async fn with_patience<T>(mut change: impl AsyncFnMut() -> Result<T, QueueError>) -> Result<T, BeatError> {
    let mut tries = 0;
    loop {
        match change().await {
            Err(error) if error.may_pass() && tries < TRIES => {
                tries += 1;
                log(&format!("beat: {error}; trying again in {AFTER_FAILURE:?}"));
                tokio::time::sleep(AFTER_FAILURE).await;
            }
            result => return result.map_err(BeatError::Queue),
        }
    }
}

fn was_set(before: Now, after: Now) -> bool {
    let passed = i128::from(after.monotonic.0) - i128::from(before.monotonic.0);
    let shown = (i128::from(after.wall.0) - i128::from(before.wall.0)) * 1000;
    (passed - shown).unsigned_abs() > SET_AT_LEAST.as_nanos()
}

#[cfg(test)]
mod tests {
    use super::chance;
    use crate::state_dir::StateDir;

    #[test]
    fn a_beat_that_begins_again_draws_the_same_jitters_and_one_of_another_state_does_not() {
        let [here, there] = ["/var/lib/a", "/var/lib/b"].map(StateDir::new);
        assert_eq!(chance(&here), chance(&StateDir::new("/var/lib/a")));
        assert_ne!(chance(&here), chance(&there));
    }
}
