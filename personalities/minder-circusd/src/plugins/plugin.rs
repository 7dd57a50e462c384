//! What a plugin is: a machine that is told what happened and orders what should be done. It has no clock, no socket and no
//! file; `runner` does what it orders, and a test can play a day in a moment.
//!
//! ```text
//!  begin · event · answer · datagram · outcome of an errand · its own time has come
//!      └──▶ Plugin ──▶ Orders: ask · command · count · say · run ──▶ runner ──▶ circusd, statsd, a server
//! ```

use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Map, Value};

use super::{http, redis};
pub(super) use crate::companion::link::Failure;
use crate::companion::log::Level;

/// An event of circusd: `watcher.NAME.ACTION`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Event<'a> {
    /// The name as events have it: in lower case, blanks replaced.
    pub(super) watcher: &'a str,
    pub(super) action: &'a str,
    pub(super) payload: &'a Map<String, Value>,
}

impl<'a> Event<'a> {
    /// The parts of a topic. A name may hold dots, which confuses the original.
    pub(super) fn new(topic: &'a str, payload: &'a Map<String, Value>) -> Option<Event<'a>> {
        let (watcher, action) = topic.strip_prefix("watcher.")?.rsplit_once('.')?;
        Some(Event { watcher, action, payload })
    }

    /// The process that it is about, if it is about one.
    pub(super) fn pid(&self) -> Option<u64> {
        self.payload.get("process_pid")?.as_u64()
    }
}

/// Whom a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// A watcher, by a name that circusd itself gave.
    Exact(String),
    /// A watcher, by the name in its events: circusd has to be asked what its real name is, if there may be a difference.
    FromEvent(String),
}

/// A request to circusd.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Request {
    pub(super) command: &'static str,
    /// Becomes the property `name`.
    pub(super) name: Option<Name>,
    pub(super) properties: Map<String, Value>,
}

impl Request {
    pub(super) fn new(command: &'static str) -> Request {
        Request { command, name: None, properties: Map::new() }
    }

    pub(super) fn about(command: &'static str, watcher: &str) -> Request {
        Request { name: Some(Name::Exact(watcher.to_owned())), ..Request::new(command) }
    }

    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Request {
        self.properties.insert(key.to_owned(), value.into());
        self
    }
}

/// What circusd answered.
pub(super) type Answer = Result<Map<String, Value>, Failure>;

/// Something slow that is not circusd's business.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Errand {
    /// Look at the file that a watcher's command names.
    Inspect { watcher: String, command: String },
    /// Ask a web server for a page.
    Fetch(http::Check),
    /// Ask a Redis server how it is.
    Info(redis::Server),
}

/// A file, told apart from what it was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Footprint {
    /// Without symbolic links.
    pub(super) path: PathBuf,
    pub(super) modified: SystemTime,
}

/// What came of an errand.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Outcome {
    /// `None` if there is no such file.
    Inspected { watcher: String, found: Option<Footprint> },
    /// How long it took, or the code of the original: an HTTP status, or 599 where there is none.
    Fetched(Result<Duration, u16>),
    /// The lines of `INFO`, or what went wrong.
    Info(Result<Vec<(String, String)>, String>),
}

/// What a plugin wants done. `Q` is its word for a question.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order<Q> {
    /// Ask circusd; the answer comes back together with the question.
    Ask(Q, Request),
    /// Have circusd do something; asked again while it is busy with something else.
    Command(Request),
    /// Send a datagram to statsd.
    Count(String),
    /// Write a line into the log.
    Say(Level, String),
    /// Start an errand. The runner does one after the other.
    Run(Errand),
}

/// Orders, in their order.
#[derive(Debug)]
pub(super) struct Orders<Q>(pub(super) Vec<Order<Q>>);

impl<Q> Orders<Q> {
    pub(super) const fn new() -> Orders<Q> {
        Orders(Vec::new())
    }

    pub(super) fn ask(&mut self, question: Q, request: Request) {
        self.0.push(Order::Ask(question, request));
    }

    pub(super) fn command(&mut self, request: Request) {
        self.0.push(Order::Command(request));
    }

    pub(super) fn count(&mut self, datagram: String) {
        self.0.push(Order::Count(datagram));
    }

    pub(super) fn say(&mut self, level: Level, text: impl Into<String>) {
        self.0.push(Order::Say(level, text.into()));
    }

    pub(super) fn run(&mut self, errand: Errand) {
        self.0.push(Order::Run(errand));
    }
}

/// A plugin. What it has no use for it leaves out.
pub(super) trait Plugin {
    /// What it asked circusd, so that it knows what an answer is about.
    type Question;

    /// circusd is connected.
    fn begin(&mut self, now: Instant);

    /// circusd published something.
    fn happened(&mut self, _now: Instant, _event: &Event<'_>, _orders: &mut Orders<Self::Question>) {}

    /// circusd answered, or will not.
    fn answered(
        &mut self,
        now: Instant,
        question: Self::Question,
        answer: Answer,
        orders: &mut Orders<Self::Question>,
    );

    /// An errand is done.
    fn returned(&mut self, _outcome: Outcome, _orders: &mut Orders<Self::Question>) {}

    /// Somebody sent a datagram.
    fn heard(&mut self, _now: Instant, _datagram: &[u8], _orders: &mut Orders<Self::Question>) {}

    /// When it wants to be woken next, whatever else happens.
    fn wake_at(&self) -> Option<Instant> {
        None
    }

    /// That time has come.
    fn woken(&mut self, _now: Instant, _orders: &mut Orders<Self::Question>) {}
}
