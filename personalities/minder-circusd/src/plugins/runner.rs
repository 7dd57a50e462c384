//! Runs one plugin: does what it orders, and tells it what happened. One thread, and it sleeps while nothing does.
//!
//! ```text
//! SUB ─ events ───────┐                     ┌─▶ speaker ─▶ DEALER (one request at a time, in their order)
//! UDP ─ signs of life ┼─▶ Plugin ─ orders ──┼─▶ statsd, log
//! answers, outcomes ──┘                     └─▶ errands (one at a time)
//! ```

use std::collections::VecDeque;
use std::time::Instant;

use minder_zmtp::{Message, Subscriber};
use serde_json::Value;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

use super::errand;
use super::plugin::{Answer, Errand, Event, Order, Orders, Outcome, Plugin, Request};
use super::speaker::{Speaker, Wish};
use super::statsd_socket::StatsdSocket;
use super::watchdog::DATAGRAM_MAX;
use crate::companion::log::{Level, Log};

/// Requests that wait for the one before them. Beyond it they are dropped, and the log says so.
const REQUESTS_MAX: usize = 16_384;

/// Errands that wait for the one before them, bounded in the same way.
const ERRANDS_MAX: usize = 16_384;

/// What a plugin is run with.
#[derive(Debug)]
pub(super) struct Surroundings {
    pub(super) log: Log,
    pub(super) speaker: Speaker,
    pub(super) events: Subscriber,
    /// Where datagrams go to, if the plugin sends any.
    pub(super) statsd: Option<StatsdSocket>,
    /// Where signs of life come in, if the plugin wants any.
    pub(super) signs: Option<UdpSocket>,
}

/// What wakes a plugin.
enum Wake {
    Event(Message),
    Answer(Answer),
    Outcome(Outcome),
    Sign(usize),
    Time,
    Interrupt,
}

struct Runner<P: Plugin> {
    plugin: P,
    surroundings: Surroundings,
    /// The first of them is with the speaker if `is_asking`. A command has no question.
    requests: VecDeque<(Option<P::Question>, Request)>,
    is_asking: bool,
    errands: VecDeque<Errand>,
    is_errand_out: bool,
}

/// Runs a plugin until the program is interrupted. Must be called on a `LocalSet`.
pub(super) async fn run<P: Plugin>(
    plugin: P,
    surroundings: Surroundings,
    interrupted: impl Future<Output = ()>,
) {
    let mut runner = Runner {
        plugin,
        surroundings,
        requests: VecDeque::new(),
        is_asking: false,
        errands: VecDeque::new(),
        is_errand_out: false,
    };
    let (outcome_sender, mut outcomes) = mpsc::channel(1);
    let mut interrupted = std::pin::pin!(interrupted);
    let mut datagram = [0; DATAGRAM_MAX];
    runner.plugin.begin(Instant::now());
    loop {
        runner.go_on(&outcome_sender);
        let wake_at = runner.plugin.wake_at();
        let (events, speaker) = (&mut runner.surroundings.events, &mut runner.surroundings.speaker);
        let wake = tokio::select! {
            () = &mut interrupted => Wake::Interrupt,
            message = events.recv() => Wake::Event(message),
            answer = speaker.answer() => Wake::Answer(answer),
            Some(outcome) = outcomes.recv() => Wake::Outcome(outcome),
            length = sign(runner.surroundings.signs.as_ref(), &mut datagram) => Wake::Sign(length),
            () = at(wake_at) => Wake::Time,
        };
        let mut orders = Orders::new();
        match wake {
            Wake::Interrupt => return,
            Wake::Event(message) => runner.happened(&message, &mut orders),
            Wake::Answer(answer) => runner.answered(answer, &mut orders),
            Wake::Outcome(outcome) => {
                runner.is_errand_out = false;
                runner.plugin.returned(outcome, &mut orders);
            }
            Wake::Sign(length) => {
                let datagram = datagram.get(..length).unwrap_or_default();
                runner.plugin.heard(Instant::now(), datagram, &mut orders);
            }
            Wake::Time => runner.plugin.woken(Instant::now(), &mut orders),
        }
        runner.obey(orders).await;
    }
}

impl<P: Plugin> Runner<P> {
    fn happened(&mut self, message: &Message, orders: &mut Orders<P::Question>) {
        let [topic, payload, ..] = message.as_slice() else { return };
        let payload = match serde_json::from_slice::<Value>(payload) {
            Ok(Value::Object(payload)) => payload,
            Ok(_) | Err(_) => {
                let text = format!("Error while decoding json for message: {}", payload.escape_ascii());
                orders.say(Level::Error, text);
                return;
            }
        };
        if let Some(event) = std::str::from_utf8(topic).ok().and_then(|topic| Event::new(topic, &payload)) {
            self.plugin.happened(Instant::now(), &event, orders);
        }
    }

    fn answered(&mut self, answer: Answer, orders: &mut Orders<P::Question>) {
        self.is_asking = false;
        let Some((question, request)) = self.requests.pop_front() else { return };
        if let Err(failure) = &answer {
            orders.say(Level::Warning, format!("{}: {failure}", request.command));
        }
        if let Some(question) = question {
            self.plugin.answered(Instant::now(), question, answer, orders);
        }
    }

    /// Starts the next request and the next errand, when the one before is over.
    fn go_on(&mut self, outcomes: &mpsc::Sender<Outcome>) {
        if let (false, Some((question, request))) = (self.is_asking, self.requests.front()) {
            let wish = if question.is_some() { Wish::Know } else { Wish::Have };
            self.surroundings.speaker.say(wish, request.clone());
            self.is_asking = true;
        }
        if let (false, Some(errand)) = (self.is_errand_out, self.errands.pop_front()) {
            let outcomes = outcomes.clone();
            tokio::task::spawn_local(async move {
                // Nobody waits for it once the plugin has ended.
                let _ = outcomes.send(errand::run(errand).await).await;
            });
            self.is_errand_out = true;
        }
    }

    async fn obey(&mut self, orders: Orders<P::Question>) {
        for order in orders.0 {
            match order {
                Order::Ask(question, request) => self.queue(Some(question), request),
                Order::Command(request) => self.queue(None, request),
                Order::Say(level, text) => self.surroundings.log.say(level, &text),
                Order::Count(datagram) => {
                    let Some(statsd) = &mut self.surroundings.statsd else { continue };
                    if let Err(error) = statsd.send(&datagram).await {
                        self.surroundings.log.say(Level::Error, &format!("cannot send to statsd: {error}"));
                    }
                }
                Order::Run(errand) if self.errands.len() < ERRANDS_MAX => self.errands.push_back(errand),
                Order::Run(errand) => {
                    self.surroundings.log.say(Level::Error, &format!("too much to do, left out: {errand:?}"));
                }
            }
        }
    }

    fn queue(&mut self, question: Option<P::Question>, request: Request) {
        if self.requests.len() < REQUESTS_MAX {
            self.requests.push_back((question, request));
        } else {
            let text = format!("circusd is too slow, left out: {}", request.command);
            self.surroundings.log.say(Level::Error, &text);
        }
    }
}

/// The length of the next datagram.
async fn sign(socket: Option<&UdpSocket>, datagram: &mut [u8]) -> usize {
    let Some(socket) = socket else { return std::future::pending().await };
    loop {
        // An error is about a datagram that did not come, such as one with a wrong checksum.
        if let Ok((length, _)) = socket.recv_from(datagram).await {
            return length;
        }
    }
}

/// At a time, or never.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}
