//! `kegbot_core`: meters, tokens and thermometers become drinks and temperatures on a server.
//!
//! ```text
//!  daemons ◀─ eventhub-thread ◀───────── Effect ◀─┐
//!     └─────▶ net-thread ─────▶ Input ─▶ service-thread ─▶ outbox ─▶ heartbeat-thread ─▶ server
//!                                 ▲                 └─ whose token? how warm? ─▶ two more ─┘
//!                                 └─────────────────────── answers ────────────────────────┘
//! ```
//!
//! `watchdog-thread` ends the core when one of these has ended that should not.

mod delivery;
mod inquiry;
pub(super) mod places;
mod service;

use std::ffi::OsString;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use minder_kegbot_app::flags::Defaults;
use minder_kegbot_app::threads::{Failure, Threads};
use minder_kegbot_app::{Application, Definition, Kind, Logger, Module, Program, signals};

use crate::api::{Api, ApiError, Tap};
use crate::core::{Core, Input, MIN_VOLUME_TO_RECORD, Now};
use crate::flags;
use crate::kegnet::{Address, Broadcast, Event, Server, Stopper};
use crate::outbox::Outbox;
use delivery::Job;

const DEBUG_EVENTS: Definition =
    Definition::new("debug_events", Kind::Switch, "false", "Log every event; with --verbose.");
const RETRY_INTERVAL: Definition = Definition::new(
    "retry_interval",
    Kind::Positive,
    "10",
    "How long to wait before a drink is told again, seconds.",
);
const MAXIMUM_EVENT_RETRIES: Definition = Definition::new(
    "maximum_event_retries",
    Kind::Count,
    "3",
    "How often a drink is told again that the server has refused. One that did not reach it is told for ever.",
);
const OUTBOX: Definition = Definition::new(
    "outbox",
    Kind::Text,
    "",
    "The file of drinks that the server does not know of yet; one below ~/.local/state/kegbot unless it is given.",
);

/// What is known of the command line.
pub const PROGRAM: Program = Program {
    name: "kegbot_core",
    root: "main",
    about: "The heart of a Kegbot: makes drinks of what meters and tokens tell.\n",
    own: &[],
    modules: &[
        flags::API,
        Module {
            name: "kegbot.pycore.kegbot",
            flags: &[DEBUG_EVENTS, flags::CORE_BIND_ADDR, flags::TAP_NAME],
        },
        Module { name: "kegbot.pycore.backend", flags: &[MAXIMUM_EVENT_RETRIES, OUTBOX, RETRY_INTERVAL] },
        flags::KEGNET,
    ],
};

/// How often the server is asked whether its taps have changed.
const SYNC: Duration = Duration::from_secs(60);

/// Runs the program, and returns its exit status.
#[must_use]
pub fn run(arguments: &[OsString]) -> u8 {
    let application = match Application::begin(&PROGRAM, arguments, environment()) {
        Ok(application) => application,
        Err(status) => return status,
    };
    let log = application.main_logger();
    log.info("Kegbot is starting up.");
    match work(&application, &log) {
        Ok(status) => status,
        Err(Refusal(lines)) => {
            lines.iter().for_each(|line| log.error(line));
            1
        }
    }
}

/// What the environment says in the place of flags.
fn environment() -> Defaults {
    let named = [("KEGBOT_API_URL", flags::API_URL.name), ("KEGBOT_API_KEY", flags::API_KEY.name)];
    named.into_iter().filter_map(|(name, flag)| Some((flag, std::env::var(name).ok()?))).collect()
}

/// Why the core does not start; each line is logged as an error.
struct Refusal(Vec<String>);

fn work(application: &Application, log: &Logger) -> Result<u8, Refusal> {
    let flags = &application.flags;
    let address: Address = flags
        .text(&flags::CORE_BIND_ADDR)
        .parse()
        .map_err(|error| Refusal(vec![format!("--{}: {error}", flags::CORE_BIND_ADDR.name)]))?;
    let url = flags.text(&flags::API_URL);
    let timeout = Duration::from_secs_f64(flags.number(&flags::API_TIMEOUT).clamp(0.1, 3600.0));
    let api = Api::new(url, flags.text(&flags::API_KEY), timeout);
    let taps = alive(&api, url, log)?;
    let outbox = open_outbox(application, &address)?;
    let Ok(_pidfile) = application.pidfile(log) else { return Ok(1) };
    let (quit, asked) = channel();
    let signalled = quit.clone();
    let watch = signals::watch(log.clone(), move || {
        let _ = signalled.send(Quit::Asked);
    });
    watch.map_err(|error| Refusal(vec![format!("no signal can be caught: {error}")]))?;
    let parts = Parts { application, address, api, outbox, quit, asked };
    Ok(parts.run(taps, log))
}

/// Whether the server answers, and its taps.
fn alive(api: &Api, url: &str, log: &Logger) -> Result<Vec<Tap>, Refusal> {
    log.info("Querying backend liveness.");
    let taps = api.taps().map_err(|error| {
        let what = match &error {
            ApiError::Unreachable(_) | ApiError::NoAnswer(_) => {
                format!("Kegbot backend was unreachable due to socket error: {error}")
            }
            ApiError::NotJson { .. } | ApiError::Shape { .. } | ApiError::Refused { .. } => {
                format!("Kegbot API backend returned a server error: {error}")
            }
        };
        Refusal(vec![what, format!("Is --api_url correct? (current={url})")])
    })?;
    log.info("Backend appears to be alive.");
    let taps_found = if taps.len() == 1 { "1 tap".to_owned() } else { format!("{} taps", taps.len()) };
    log.info(&format!("Found {taps_found}, adding to tap manager."));
    Ok(taps)
}

/// The outbox that the flags name. Where the usual one cannot be made, drinks are kept in memory, which is said.
fn open_outbox(application: &Application, address: &Address) -> Result<Outbox, Refusal> {
    let flags = &application.flags;
    let log = application.log.logger("drink-manager");
    let refused = |error| Refusal(vec![format!("The outbox cannot be opened: {error}")]);
    if flags.is_given(&OUTBOX) && !flags.text(&OUTBOX).is_empty() {
        return Outbox::open(flags.text(&OUTBOX).as_ref()).map_err(refused);
    }
    let path = places::outbox(flags.text(&flags::API_URL), address);
    match Outbox::open(&path) {
        Ok(outbox) => Ok(outbox),
        Err(error) => {
            log.warning(&format!("Drinks that wait for the server will not survive a power cut: {error}"));
            log.warning("Name a file that can be written with --outbox.");
            Outbox::in_memory().map_err(refused)
        }
    }
}

/// Why the core ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quit {
    /// Somebody wants it.
    Asked,
    /// A thread has ended that should not have.
    Died,
}

/// What a running core is made of.
struct Parts<'a> {
    application: &'a Application,
    address: Address,
    api: Api,
    outbox: Outbox,
    quit: Sender<Quit>,
    asked: Receiver<Quit>,
}

/// How the server of kegnet is stopped, once there is one.
type StopperSlot = Arc<Mutex<Option<Stopper>>>;

impl Parts<'_> {
    fn run(self, taps: Vec<Tap>, log: &Logger) -> u8 {
        let clocks = Clocks::now();
        let mut core = Core::new(clocks.read());
        let first = core.step(clocks.read(), Input::Taps(taps));
        let logs = self.application.log.clone();
        service::say(&logs, &first);
        log.info("Starting all service threads.");
        let (threads, ended) = Threads::new(log.clone());
        let (inputs, heard) = channel();
        let stopper = StopperSlot::default();
        let lines = Lines { inputs: inputs.clone(), stopper: stopper.clone(), heard };
        match self.start(threads, ended, core, clocks, lines) {
            Ok((threads, asked)) => {
                log.info("All threads started.");
                let why = asked.recv().unwrap_or(Quit::Died);
                // From now on it is as it should be that threads end.
                drop(asked);
                // The last drinks are made of what is open, and their tellers hear of the end behind them.
                let _ = inputs.send(Input::Quit);
                drop(inputs);
                if let Some(stopper) = stopper.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    stopper.stop();
                }
                log.info("Stopping any remaining threads");
                threads.stop();
                log.info("Kegbot stopped.");
                u8::from(why == Quit::Died)
            }
            Err(failure) => {
                log.error(&format!("{}: {}", failure.kind, failure.text));
                1
            }
        }
    }

    fn start(
        self,
        mut threads: Threads,
        ended: Receiver<&'static str>,
        core: Core,
        clocks: Clocks,
        lines: Lines,
    ) -> Result<(Threads, Receiver<Quit>), Failure> {
        let Self { application, address, api, outbox, quit, asked } = self;
        let logs = &application.log;
        let flags = &application.flags;
        let (events, told) = channel();
        let (jobs, given) = channel();
        let clients = Broadcast::default();
        let service = service::Service {
            core,
            clocks,
            log: logs.clone(),
            debug: flags.is_on(&DEBUG_EVENTS),
            events: events.clone(),
            outbox: outbox.into(),
            jobs: jobs.clone(),
            inquiries: inquiry::start(&api, logs, lines.inputs.clone())?,
        };
        let delivery = delivery::Delivery {
            api,
            outbox: service.outbox.clone(),
            log: logs.clone(),
            events,
            inputs: lines.inputs.clone(),
            retry_after: Duration::from_secs(u64::try_from(flags.integer(&RETRY_INTERVAL)).unwrap_or(10)),
            retries: flags.integer(&MAXIMUM_EVENT_RETRIES),
        };
        complete_open(&service, logs)?;
        let heard = lines.heard;
        threads.start("service-thread", move || service.run(&heard))?;
        let (inputs, log, stopper, told_to) =
            (lines.inputs, logs.logger("net-thread"), lines.stopper, clients.clone());
        threads.start("net-thread", move || network(&address, &log, told_to, &stopper, inputs))?;
        let (log, quit_of_watchdog) = (logs.logger("watchdog-thread"), quit);
        threads.start("watchdog-thread", move || watch(&log, &ended, &quit_of_watchdog))?;
        let log = logs.logger("eventhub-thread");
        threads.start("eventhub-thread", move || publish(&log, &told, &clients))?;
        threads.start("heartbeat-thread", move || delivery.run(&given))?;
        Ok((threads, asked))
    }
}

/// The ends of the lines between threads that more than one of them holds.
struct Lines {
    inputs: Sender<Input>,
    stopper: StopperSlot,
    heard: Receiver<Input>,
}

/// A core that was killed in a pour has left what it knew of it.
fn complete_open(service: &service::Service, logs: &minder_kegbot_app::Log) -> Result<(), Failure> {
    let completed = service.outbox.lock().complete_open(MIN_VOLUME_TO_RECORD);
    let completed = completed.map_err(|error| Failure::new("OutboxError", error.to_string()))?;
    if completed > 0 {
        let log = logs.logger("drink-manager");
        log.info(&format!("Completing {completed} flow(s) that were open when the core was killed."));
    }
    let _ = service.jobs.send(Job::Look);
    Ok(())
}

/// `net-thread`.
fn network(
    address: &Address,
    log: &Logger,
    clients: Broadcast,
    stopper: &StopperSlot,
    inputs: Sender<Input>,
) -> Result<(), Failure> {
    log.info("network thread started");
    let server = Server::bind(address, log.named("kegnet"), clients)?;
    let stop = server.stopper().map_err(|error| Failure::new("error", error.to_string()))?;
    *stopper.lock().unwrap_or_else(PoisonError::into_inner) = Some(stop);
    // A core that is ending does not hear any more.
    server.run(move |event| drop(inputs.send(Input::Heard(event))))?;
    log.info("got quit event, quitting");
    Ok(())
}

/// `eventhub-thread`.
fn publish(log: &Logger, told: &Receiver<Event>, clients: &Broadcast) -> Result<(), Failure> {
    for event in told {
        clients.tell(&event);
    }
    log.info("got quit event, quitting");
    Ok(())
}

/// `watchdog-thread`: the first thread that ends takes the core with it. When the core is ending, that is as it should be.
fn watch(log: &Logger, ended: &Receiver<&'static str>, quit: &Sender<Quit>) -> Result<(), Failure> {
    let Ok(name) = ended.recv() else { return Ok(()) };
    if quit.send(Quit::Died).is_ok() {
        log.error(&format!("Thread {name} died unexpectedly"));
        log.error("Watchdog thread exited, quitting");
    }
    Ok(())
}

/// Both clocks.
#[derive(Clone, Copy, Debug)]
struct Clocks {
    began: Instant,
}

impl Clocks {
    fn now() -> Self {
        Self { began: Instant::now() }
    }

    fn read(self) -> Now {
        Now { up: self.began.elapsed(), wall: Timestamp::now() }
    }
}
