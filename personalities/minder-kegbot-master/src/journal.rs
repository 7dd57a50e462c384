//! What a mind that runs the file says: a line for each start, exit and restart, in the form of Kegbot's logs.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use minder_core::control::{Observer, Order};
use minder_core::event::{Event, Moved};
use minder_core::ids::{CoreDump, Errno, ExitStatus, InstanceId, Pid};
use minder_core::instance::{Phase, Trouble, UnbornStep};
use minder_core::program::CommandProblem;
use minder_core::supervision::Supervision;
use minder_core::time::{Instant, Now};

use minder_kegbot_app::log::{self, Level};
use minder_kegbot_app::shared_flags::LOGFORMAT;

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// As it should be.
    Info,
    /// Not as it should be, but minder sees to it.
    Warning,
    /// Somebody should see to it.
    Error,
}

/// The log.
#[derive(Clone, Debug)]
pub struct Journal {
    zone: TimeZone,
}

impl Journal {
    /// In the machine's own time zone.
    #[must_use]
    pub fn here() -> Self {
        Self::new(TimeZone::system())
    }

    /// In this time zone.
    #[must_use]
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }

    /// A line with its line feed. A text of several lines stays as it is.
    #[must_use]
    pub fn line(&self, now: Now, weight: Weight, text: &str) -> Vec<u8> {
        let level = match weight {
            Weight::Info => Level::Info,
            Weight::Warning => Level::Warning,
            Weight::Error => Level::Error,
        };
        // Beyond jiff's range (year 9999) the clock is broken, and the text matters more than the time.
        let at = Timestamp::from_microsecond(now.wall.0).unwrap_or(Timestamp::UNIX_EPOCH);
        let at: Zoned = at.to_zoned(self.zone.clone());
        log::line(LOGFORMAT.default, &at, level, "master", text).into_bytes()
    }

    /// A line of no weight.
    #[must_use]
    pub fn info(&self, now: Now, text: &str) -> Vec<u8> {
        self.line(now, Weight::Info, text)
    }

    fn text(now: Now, world: &Supervision, event: &Event) -> Option<(Weight, String)> {
        match event {
            Event::Began => Some((Weight::Info, "Starting apps".to_owned())),
            Event::StopBegan => Some((Weight::Info, "Stopping apps".to_owned())),
            Event::Moved(moved) => movement(now, &name(world, moved.id), moved),
            Event::StopSignalled { id, signal, .. } => {
                Some((Weight::Info, format!("Sending app {} signal {}", name(world, *id), signal.0)))
            }
            Event::Trouble(text) => Some((Weight::Warning, text.to_string())),
            // Of these nobody who reads this log has to know.
            Event::RelativeSignalled { .. }
            | Event::Output(_)
            | Event::Captured(_)
            | Event::StdinBroken { .. }
            | Event::GroupAdded(_)
            | Event::GroupRemoved(_)
            | Event::SocketOpened(..)
            | Event::SocketClosed(..)
            | Event::OrphanReaped { .. }
            | Event::Announced(_)
            | Event::Asked(_)
            | Event::LogReopenBegan => None,
        }
    }
}

impl Observer for Journal {
    fn observe(&mut self, now: Now, world: &Supervision, event: &Event, orders: &mut Vec<Order>) {
        if let Some((weight, text)) = Self::text(now, world, event) {
            orders.push(Order::Journal(self.line(now, weight, &text)));
        }
    }
}

fn name(world: &Supervision, id: InstanceId) -> String {
    world.instance(id).map_or_else(|| "?".to_owned(), |instance| instance.spec.name.to_string())
}

/// The line for a change of phase, if a process came or went with it, or could not be made.
fn movement(now: Now, name: &str, moved: &Moved) -> Option<(Weight, String)> {
    match (process(moved.before.phase), process(moved.after.phase)) {
        (None, Some(pid)) => {
            let word = if moved.before.stopped.is_some() { "Restarted" } else { "Started" };
            Some((Weight::Info, format!("{word} {name} (pid {pid})")))
        }
        (Some(pid), None) => {
            let how = moved.after.last_exit.map_or_else(|| "is gone".to_owned(), exit);
            if matches!(moved.before.phase, Phase::Stopping { .. }) {
                return Some((Weight::Info, format!("{name} stopped. (pid {pid} {how})")));
            }
            let next = next_attempt(now, moved.after.phase).unwrap_or_else(|| "restarting it".to_owned());
            Some((Weight::Warning, format!("{name} died: pid {pid} {how}, {next}")))
        }
        (None, None) if matches!(moved.before.phase, Phase::Spawning) => {
            let why = moved.after.trouble.as_ref().map_or_else(|| "it was stopped".to_owned(), trouble);
            let next =
                next_attempt(now, moved.after.phase).map(|next| format!(", {next}")).unwrap_or_default();
            Some((Weight::Error, format!("Error starting {name}: {why}{next}")))
        }
        (None, None) | (Some(_), Some(_)) => None,
    }
}

fn process(phase: Phase) -> Option<Pid> {
    match phase {
        Phase::Starting { pid, .. }
        | Phase::Up { pid }
        | Phase::Stopping { pid, .. }
        | Phase::Lost { pid } => Some(pid),
        Phase::Down(_) | Phase::Spawning | Phase::Waiting { .. } => None,
    }
}

fn next_attempt(now: Now, phase: Phase) -> Option<String> {
    match phase {
        Phase::Waiting { until } => Some(format!("trying again in {} s", seconds(until, now.monotonic))),
        Phase::Down(_)
        | Phase::Spawning
        | Phase::Starting { .. }
        | Phase::Up { .. }
        | Phase::Stopping { .. }
        | Phase::Lost { .. } => None,
    }
}

/// Rounded up, so that nobody reads "in 0 s".
fn seconds(until: Instant, now: Instant) -> u128 {
    until.since(now).as_millis().div_ceil(1000)
}

fn exit(status: ExitStatus) -> String {
    match status {
        ExitStatus::Code(code) => format!("ended with status {code}"),
        ExitStatus::Signal { signal, core: CoreDump::None } => format!("was ended by signal {}", signal.0),
        ExitStatus::Signal { signal, core: CoreDump::Written } => {
            format!("was ended by signal {} and dumped core", signal.0)
        }
        ExitStatus::Unknown => "ended, nobody saw how".to_owned(),
    }
}

fn trouble(trouble: &Trouble) -> String {
    match trouble {
        Trouble::Command(problem) => command(problem),
        Trouble::Pipes(errno) => format!("no pipes: {}", reason(*errno)),
        Trouble::Fork(errno) => format!("no process: {}", reason(*errno)),
        Trouble::Socket(errno) => format!("no socket: {}", reason(*errno)),
        Trouble::Unborn(step, errno) => format!("{}: {}", unborn(*step), reason(*errno)),
        Trouble::DiedYoung => "it ended too soon".to_owned(),
        Trouble::BadExit(status) => format!("it {}", exit(*status)),
    }
}

fn command(problem: &CommandProblem) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match problem {
        CommandProblem::Unsplittable(reason) => format!("the command cannot be read: {reason}"),
        CommandProblem::Empty => "the command is empty".to_owned(),
        CommandProblem::NotFound(name) => format!("there is no program {}", text(name.as_bytes())),
        CommandProblem::IsDirectory(path) => format!("{} is a directory", text(path.as_bytes())),
        CommandProblem::NotExecutable(path) => format!("{} is not executable", text(path.as_bytes())),
        CommandProblem::NotPermitted(path) => format!("{} may not be executed", text(path.as_bytes())),
    }
}

fn reason(errno: Errno) -> String {
    std::io::Error::from_raw_os_error(errno.0).to_string()
}

fn unborn(step: UnbornStep) -> &'static str {
    match step {
        UnbornStep::Lead => "cannot lead a process group",
        UnbornStep::Descriptors => "cannot take over its streams",
        UnbornStep::Limits => "cannot set its limits",
        UnbornStep::Identity => "cannot become its user",
        UnbornStep::Directory => "cannot enter its directory",
        UnbornStep::Exec => "cannot be executed",
    }
}
