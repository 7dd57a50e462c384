//! The main log: events in, lines in the original's words out.
//!
//! ```text
//!  Event ──▶ Journal ──▶ Order::Journal(line)
//!  time ───▶    │  reminders: "waiting for … to stop" (2 s), "waiting for … to die" (3 s)
//! ```
//!
//! The original reports a slow stop only while somebody waits for it. Nobody tells us of those who wait; a stop
//! outside a shutdown is asked for by clients that wait nearly always, so each such stop is reported.

mod line;
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use minder_core::backoff::Verdict;
use minder_core::control::{Observer, Order, Overhears};
use minder_core::event::{Channel, Event, Moved, Output, Urgency};
use minder_core::ids::{InstanceId, Pid, Signal};
use minder_core::instance::{Phase, Rest};
use minder_core::program::{ErrorOutput, ProgramSpec, Publish, Readiness};
use minder_core::stop::Reach;
use minder_core::supervision::{Instance, Mode, Supervision};
use minder_core::time::{Instant, Now};

use crate::conf::types::LogLevel;
use crate::text::{bytes_repr, decoded};
use crate::words::{Quoted, State, exit_phrase, signal_name, trouble};

pub use line::{JournalWords, level_name, line};

/// How often a slow stop is reported.
const STOP_REPORT_PAUSE: Duration = Duration::from_secs(2);
/// How often what is left is reported while everything stops.
const DEATH_REPORT_PAUSE: Duration = Duration::from_secs(3);

/// Writes the main log.
#[derive(Debug)]
pub struct Journal {
    words: JournalWords,
    /// When each slow stop is reported next.
    stops: BTreeMap<InstanceId, Instant>,
    /// When what is left is reported next; only while everything stops.
    deaths: Option<Instant>,
    past: Past,
    asked_again: AskedAgain,
}

/// Whether the world has been looked at since this journal was made. An earlier mind may have begun a stop.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Past {
    Unknown,
    Known,
}

/// Whether the signal that began the way down asked for a restart, or nothing of the sort is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum AskedAgain {
    No,
    Yes,
}

impl Journal {
    /// Begins to write.
    #[must_use]
    pub fn new(words: JournalWords) -> Self {
        Self { words, stops: BTreeMap::new(), deaths: None, past: Past::Unknown, asked_again: AskedAgain::No }
    }
}

impl Observer for Journal {
    fn observe(&mut self, now: Now, world: &Supervision, event: &Event, orders: &mut Vec<Order>) {
        let mut page = Page { words: &self.words, now, orders };
        recall(&mut self.past, &mut self.stops, &mut self.deaths, now, world);
        report_deaths(&mut self.deaths, world, &mut page);
        match event {
            Event::StopBegan => {
                // At once, as in the original: whoever ends quickly is named, too.
                self.deaths = Some(now.monotonic);
                report_deaths(&mut self.deaths, world, &mut page);
            }
            Event::Moved(moved) => {
                if let Some(instance) = world.instance(moved.id) {
                    page.moved(moved, instance);
                }
                if !matches!(moved.after.phase, Phase::Stopping { .. }) {
                    self.stops.remove(&moved.id);
                }
            }
            Event::StopSignalled { id, pid, signal, reach, urgency } => {
                let Some(instance) = world.instance(*id) else { return };
                page.signalled(instance.spec.name.as_str(), *pid, *signal, *reach, *urgency);
                if *urgency == Urgency::Asked && world.mode() != Mode::Stopping {
                    page.waiting_for(instance);
                    self.stops.insert(*id, now.monotonic + STOP_REPORT_PAUSE);
                }
            }
            Event::Asked(signal) => {
                page.asked(*signal, world.mode(), self.asked_again);
                if *signal == SIGHUP && world.mode() != Mode::Stopping {
                    self.asked_again = AskedAgain::Yes;
                }
            }
            Event::Output(output) => page.output(output, world),
            Event::Captured(output) => page.captured(output, world),
            Event::SocketOpened(_, address) => {
                page.info(&format!("Creating socket {}", crate::words::socket_url(address)));
            }
            Event::SocketClosed(_, address) => {
                page.info(&format!("Closing socket {}", crate::words::socket_url(address)));
            }
            Event::OrphanReaped { pid, status } => {
                page.info(&format!("reaped unknown pid {pid} ({})", exit_phrase(*status)));
            }
            Event::LogReopenBegan => page.info("supervisord logreopen"),
            Event::Trouble(text) => page.say(LogLevel::Warn, text),
            // The original says nothing of these, or the daemon has said it before the loop began.
            Event::Began
            | Event::StdinBroken { .. }
            | Event::RelativeSignalled { .. }
            | Event::GroupAdded(_)
            | Event::GroupRemoved(_)
            | Event::Announced(_) => {}
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self.past {
            Past::Unknown => Some(Instant(0)),
            Past::Known => self.stops.values().copied().chain(self.deaths).min(),
        }
    }

    fn wake(&mut self, now: Now, world: &Supervision, orders: &mut Vec<Order>) {
        let mut page = Page { words: &self.words, now, orders };
        recall(&mut self.past, &mut self.stops, &mut self.deaths, now, world);
        report_deaths(&mut self.deaths, world, &mut page);
        self.stops.retain(|id, at| {
            let Some(instance) = world.instance(*id) else { return false };
            if State::of(&instance.facts) != State::Stopping {
                return false;
            }
            if *at <= now.monotonic {
                page.waiting_for(instance);
                *at = now.monotonic + STOP_REPORT_PAUSE;
            }
            true
        });
    }

    fn overhears(&self) -> Overhears {
        if self.words.keeps(LogLevel::Debug) { Overhears::Everything } else { Overhears::Nothing }
    }
}

/// Goes on where an earlier mind stopped: its reports are due after the usual pause.
fn recall(
    past: &mut Past,
    stops: &mut BTreeMap<InstanceId, Instant>,
    deaths: &mut Option<Instant>,
    now: Now,
    world: &Supervision,
) {
    if *past == Past::Known {
        return;
    }
    *past = Past::Known;
    match world.mode() {
        Mode::Stopping => *deaths = Some(now.monotonic + DEATH_REPORT_PAUSE),
        Mode::Resting | Mode::Running | Mode::Stopped => {
            let slow = world.instances().filter(|(_, one)| State::of(&one.facts) == State::Stopping);
            stops.extend(slow.map(|(id, _)| (id, now.monotonic + STOP_REPORT_PAUSE)));
        }
    }
}

fn report_deaths(deaths: &mut Option<Instant>, world: &Supervision, page: &mut Page<'_>) {
    let Some(due) = *deaths else { return };
    if due > page.now.monotonic {
        return;
    }
    let left = world::not_at_rest(world);
    if left.is_empty() || world.mode() != Mode::Stopping {
        *deaths = None;
        return;
    }
    let names: Vec<&str> = left.iter().map(|instance| instance.spec.name.as_str()).collect();
    page.info(&format!("waiting for {} to die", names.join(", ")));
    for instance in left {
        let state = State::of(&instance.facts).name();
        page.say(LogLevel::Blather, &format!("{} state: {state}", instance.spec.name));
    }
    *deaths = Some(page.now.monotonic + DEATH_REPORT_PAUSE);
}

const SIGHUP: Signal = Signal(1);
const SIGINT: Signal = Signal(2);
const SIGQUIT: Signal = Signal(3);
const SIGUSR2: Signal = Signal(12);
const SIGCHLD: Signal = Signal(17);

/// Where the lines of one moment go.
struct Page<'a> {
    words: &'a JournalWords,
    now: Now,
    orders: &'a mut Vec<Order>,
}

impl Page<'_> {
    fn say(&mut self, level: LogLevel, text: &str) {
        self.words.say(self.now.wall, level, text, self.orders);
    }

    fn info(&mut self, text: &str) {
        self.say(LogLevel::Info, text);
    }

    fn waiting_for(&mut self, instance: &Instance) {
        self.info(&format!("waiting for {} to stop", instance.spec.name));
    }

    fn moved(&mut self, moved: &Moved, instance: &Instance) {
        let spec = &*instance.spec;
        let name = spec.name.as_str();
        match (moved.before.phase, moved.after.phase) {
            (Phase::Spawning, Phase::Starting { pid, .. }) => {
                self.info(&format!("spawned: '{name}' with pid {pid}"));
            }
            (Phase::Spawning, Phase::Waiting { .. }) => {
                if let Some(what) = &moved.after.trouble {
                    self.info(&format!("spawnerr: {}", trouble(what, spec)));
                }
            }
            (Phase::Starting { .. }, Phase::Up { .. }) => {
                let Readiness::StaysUp(needed) = spec.readiness;
                self.info(&format!(
                    "success: {name} entered RUNNING state, process has stayed up for > than {} seconds (startsecs)",
                    needed.as_secs()
                ));
            }
            (Phase::Starting { .. }, Phase::Waiting { .. }) => {
                let how = moved.after.last_exit.map_or("exit status unknown".to_owned(), exit_phrase);
                self.say(LogLevel::Warn, &format!("exited: {name} ({how}; not expected)"));
            }
            (Phase::Up { .. }, Phase::Down(_)) => self.exited(moved, spec),
            (Phase::Stopping { .. } | Phase::Lost { .. }, Phase::Down(_)) => self.stopped(moved, spec),
            (Phase::Waiting { .. }, Phase::Down(Rest::Asked)) => {
                let text = format!("Attempted to kill {name}, which is in BACKOFF state.");
                self.say(LogLevel::Debug, &text);
            }
            // A shutdown gives up what still had attempts left, and the original says nothing of it.
            (Phase::Waiting { .. }, Phase::Down(_))
                if moved.before.verdict(spec.backoff) == Verdict::GiveUp =>
            {
                let text = format!("gave up: {name} entered FATAL state, too many start retries too quickly");
                self.info(&text);
            }
            (_, Phase::Lost { pid }) => {
                let text = format!("unknown problem killing {name} ({pid}):the kernel refused the signal");
                self.say(LogLevel::Critical, &text);
            }
            (
                Phase::Down(_)
                | Phase::Spawning
                | Phase::Starting { .. }
                | Phase::Up { .. }
                | Phase::Stopping { .. }
                | Phase::Waiting { .. }
                | Phase::Lost { .. },
                Phase::Down(_)
                | Phase::Spawning
                | Phase::Starting { .. }
                | Phase::Up { .. }
                | Phase::Stopping { .. }
                | Phase::Waiting { .. },
            ) => {}
        }
    }

    fn exited(&mut self, moved: &Moved, spec: &ProgramSpec) {
        let Some(status) = moved.after.last_exit else { return };
        let (level, verdict) = match spec.expected_exits.includes(status) {
            true => (LogLevel::Info, "expected"),
            false => (LogLevel::Warn, "not expected"),
        };
        self.say(level, &format!("exited: {} ({}; {verdict})", spec.name, exit_phrase(status)));
    }

    fn stopped(&mut self, moved: &Moved, spec: &ProgramSpec) {
        let Some(status) = moved.after.last_exit else { return };
        let expected = spec.expected_exits.includes(status);
        let level = if expected { LogLevel::Info } else { LogLevel::Warn };
        self.say(level, &format!("stopped: {} ({})", spec.name, exit_phrase(status)));
    }

    fn signalled(&mut self, name: &str, pid: Pid, signal: Signal, reach: Reach, urgency: Urgency) {
        if urgency == Urgency::Overdue {
            self.say(LogLevel::Warn, &format!("killing '{name}' ({pid}) with SIGKILL"));
        }
        let group = match reach {
            // A policy of this dialect has only these two.
            Reach::Process
            | Reach::Family
            | Reach::Children
            | Reach::Tree
            | Reach::Descendants
            | Reach::Descendant(_) => "",
            Reach::Group => "process group ",
        };
        let text = format!("killing {name} (pid {pid}) {group}with signal {}", signal_name(signal));
        self.say(LogLevel::Debug, &text);
    }

    fn asked(&mut self, signal: Signal, mode: Mode, asked_again: AskedAgain) {
        let name = signal_name(signal);
        match signal {
            Signal::TERM | SIGINT | SIGQUIT => {
                self.say(LogLevel::Warn, &format!("received {name} indicating exit request"));
            }
            SIGHUP if mode == Mode::Stopping && asked_again == AskedAgain::No => {
                let text = format!("ignored {name} indicating restart request (shutdown in progress)");
                self.say(LogLevel::Warn, &text);
            }
            SIGHUP => self.say(LogLevel::Warn, &format!("received {name} indicating restart request")),
            SIGUSR2 => self.info(&format!("received {name} indicating log reopen request")),
            SIGCHLD => self.say(LogLevel::Debug, &format!("received {name} indicating a child quit")),
            _ => self.say(LogLevel::Blather, &format!("received {name} indicating nothing")),
        }
    }

    /// Mirrors what programs say. The original decodes it, but shows a listener's words as Python shows bytes.
    fn output(&mut self, output: &Output, world: &Supervision) {
        if !self.words.keeps(LogLevel::Debug) {
            return;
        }
        let Some(instance) = world.instance(output.id) else { return };
        let (channel, publish) = match output.channel {
            Channel::Stdout => ("stdout", instance.spec.stdout.publish),
            Channel::Stderr => match &instance.spec.stderr {
                ErrorOutput::Own(own) => ("stderr", own.publish),
                ErrorOutput::WithStdout => ("stderr", instance.spec.stdout.publish),
            },
        };
        let said = match publish {
            Publish::Dialogue => bytes_repr(&output.bytes).into(),
            Publish::Silent | Publish::Chunks => decoded(&output.bytes),
        };
        let name = Quoted(instance.spec.name.as_str());
        self.say(LogLevel::Debug, &format!("{name} {channel} output:\n{said}"));
    }

    fn captured(&mut self, output: &Output, world: &Supervision) {
        let Some(instance) = world.instance(output.id) else { return };
        let channel = match output.channel {
            Channel::Stdout => "stdout",
            Channel::Stderr => "stderr",
        };
        let name = Quoted(instance.spec.name.as_str());
        self.say(LogLevel::Debug, &format!("{name} {channel} emitted a comm event"));
    }
}
