//! What circusd-stats does: knows who is there, and once a second says what they use, while somebody wants to know.
//!
//! ```text
//! circusd ─ list, dstats, listsockets ─▶ Census, sockets ◀─ events ─ circusd
//!                                           │
//!                    every second ─▶ Sampler ─▶ Publisher      (no second passes while nobody subscribed)
//! ```

use std::time::Duration;

use minder_core::ids::Pid;
use minder_zmtp::{Message, Publisher, Subscriber};
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::aggregate::Aggregate;
use super::census::{CIRCUS, Census};
use super::info::{Kin, Sampler, Survey};
use super::sockets::{self, Socket};
use crate::companion::link::{Failure, Link};
use crate::companion::log::{Level, Log};

/// From one look to the next.
const EVERY: Duration = Duration::from_secs(1);

/// Everything it works with.
pub(super) struct Streamer {
    log: Log,
    events: Subscriber,
    publisher: Publisher,
    census: Census,
    sampler: Sampler,
    sockets: Vec<Socket>,
}

/// What there is only while somebody is subscribed.
struct Watch {
    seconds: Interval,
    /// The tasks that count hits.
    _counting: JoinSet<()>,
}

impl Streamer {
    pub(super) fn new(log: Log, events: Subscriber, publisher: Publisher) -> Streamer {
        let (census, sampler) = (Census::default(), Sampler::new());
        Streamer { log, events, publisher, census, sampler, sockets: Vec::new() }
    }

    /// Works until the end. Must run on a `LocalSet`.
    pub(super) async fn run(mut self, mut link: Link, ended: impl Future<Output = ()>) {
        self.log.say(Level::Info, "Starting the stats streamer");
        let mut ended = std::pin::pin!(ended);
        tokio::select! {
            () = self.ask_who_is_there(&mut link) => self.watch(&mut ended).await,
            () = &mut ended => {}
        }
        self.log.say(Level::Info, "Stats streamer stopped");
    }

    async fn watch(&mut self, mut ended: impl Future<Output = ()> + Unpin) {
        let mut subscriptions = self.publisher.subscriptions();
        let mut watch = None;
        loop {
            if !self.publisher.has_subscribers() {
                watch = None;
            } else if watch.is_none() {
                watch = Some(self.begin());
            }
            tokio::select! {
                () = &mut ended => return,
                message = self.events.recv() => self.happened(&message),
                () = subscriptions.changed() => {}
                () = second(watch.as_mut()) => self.tell(),
            }
        }
    }

    /// Looks at everybody once, so that the first second has something to compare with.
    fn begin(&mut self) -> Watch {
        let survey = Survey::take(Kin::Nobody);
        let pids: Vec<Pid> =
            self.census.watchers().flat_map(|watcher| watcher.pids.iter().copied()).collect();
        for pid in pids.into_iter().chain(self.census.circus.keys().copied()) {
            // Who is gone is told of by circusd.
            let _ = self.sampler.look(&survey, pid);
        }
        self.sockets.iter().for_each(Socket::begin);
        let mut seconds = tokio::time::interval_at(Instant::now() + EVERY, EVERY);
        seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Watch { seconds, _counting: sockets::count(&self.sockets) }
    }

    /// Repeats each question until it is answered.
    async fn ask_who_is_there(&mut self, link: &mut Link) {
        let watchers = self.ask(link, "list", None).await;
        for name in listed(&watchers, "watchers").filter_map(Value::as_str) {
            let pids = self.ask(link, "list", Some(name)).await;
            self.census.list(name, listed(&pids, "pids").filter_map(pid));
        }
        let circusd = self.ask(link, "dstats", None).await;
        if let Some(pid) = circusd.get("info").and_then(|info| info.get("pid")).and_then(pid) {
            self.census.circus.insert(pid, "circusd");
        }
        self.census.circus.extend(Pid::new(std::process::id()).map(|pid| (pid, "circusd-stats")));
        let sockets = self.ask(link, "listsockets", None).await;
        self.sockets = listed(&sockets, "sockets").filter_map(Socket::of).collect();
    }

    async fn ask(&mut self, link: &mut Link, command: &str, name: Option<&str>) -> Map<String, Value> {
        let properties = name.map(|name| ("name".to_owned(), name.into())).into_iter().collect();
        loop {
            match link.ask(command, &properties).await {
                Ok(answer) => return answer,
                // A watcher that went meanwhile, or a daemon that does not know the command.
                Err(Failure::Refused(reason)) => {
                    self.log.say(Level::Debug, &format!("{command}: {reason}"));
                    return Map::new();
                }
                Err(failure @ Failure::Silent) => self.log.say(Level::Warning, &failure.to_string()),
            }
        }
    }

    fn happened(&mut self, message: &Message) {
        let [topic, payload, ..] = message.as_slice() else { return };
        let payload = serde_json::from_slice::<Value>(payload).ok();
        match (std::str::from_utf8(topic), payload.as_ref().and_then(Value::as_object)) {
            (Ok(topic), Some(payload)) => self.census.happened(topic, payload),
            _ => self.log.say(Level::Error, &format!("Failed to handle {}", topic.escape_ascii())),
        }
    }

    fn tell(&mut self) {
        let survey = Survey::take(Kin::Nobody);
        let Streamer { census, sampler, publisher, .. } = self;
        let mut tell = |topic: &str, processes: &mut dyn Iterator<Item = (Pid, Value)>| {
            let mut aggregate = Aggregate::default();
            for (pid, name) in processes {
                let Ok(info) = sampler.look(&survey, pid) else { continue };
                aggregate.add(&info);
                let mut object = info.to_json();
                object.insert("subtopic".to_owned(), pid.get().into());
                object.insert("name".to_owned(), name);
                publish(publisher, &format!("{topic}.{pid}"), &Value::Object(object));
            }
            publish(publisher, topic, &aggregate.to_json());
        };
        for watcher in census.watchers() {
            let processes = watcher.pids.iter().map(|pid| (*pid, Value::Null));
            tell(&format!("stat.{}", watcher.name), &mut processes.into_iter());
        }
        let circus = census.circus.iter().map(|(pid, name)| (*pid, json!(name)));
        tell(&format!("stat.{CIRCUS}"), &mut circus.into_iter());
        self.tell_of_sockets();
    }

    fn tell_of_sockets(&self) {
        if self.sockets.is_empty() {
            return;
        }
        let (mut addresses, mut all_hits) = (Vec::new(), 0_u64);
        for socket in &self.sockets {
            let (hits, object) = socket.take();
            all_hits = all_hits.saturating_add(hits);
            addresses.push(socket.address());
            publish(&self.publisher, &format!("stat.sockets.{}", socket.fd()), &object);
        }
        let all = json!({"addresses": addresses, "reads": all_hits});
        publish(&self.publisher, "stat.sockets", &all);
    }
}

fn publish(publisher: &Publisher, topic: &str, object: &Value) {
    publisher.publish(&[topic.as_bytes(), object.to_string().as_bytes()]);
}

/// The next second, or never.
async fn second(watch: Option<&mut Watch>) {
    match watch {
        Some(watch) => {
            watch.seconds.tick().await;
        }
        None => std::future::pending().await,
    }
}

fn listed<'a>(answer: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn pid(value: &Value) -> Option<Pid> {
    value.as_u64().and_then(|pid| u32::try_from(pid).ok()).and_then(Pid::new)
}
