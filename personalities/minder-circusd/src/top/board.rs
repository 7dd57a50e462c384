//! What was heard last of each watcher, process and socket.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

/// Watchers that are not shown: what tells of the others, and the original's web page.
const UNSHOWN: [&str; 2] = ["circusd-stats", "circushttpd"];

/// Shares of the machine, and an age. `None` is what circusd-stats could not see.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Percent of one processor.
    pub(super) cpu: Option<f64>,
    /// Percent of the machine's memory.
    pub(super) mem: Option<f64>,
    /// Seconds.
    pub(super) age: Option<f64>,
}

impl Figures {
    fn of(object: &Map<String, Value>) -> Figures {
        let figure = |key: &str| object.get(key).and_then(Value::as_f64);
        Figures { cpu: figure("cpu"), mem: figure("mem"), age: figure("age") }
    }

    fn to_json(self) -> Map<String, Value> {
        [("cpu", self.cpu), ("mem", self.mem), ("age", self.age)]
            .into_iter()
            .map(|(key, value)| (key.to_owned(), json!(value)))
            .collect()
    }
}

/// One process.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Process {
    pub(super) pid: u64,
    /// Only circusd's own processes have one.
    pub(super) name: Option<String>,
    pub(super) figures: Figures,
    heard: Instant,
}

/// All processes of a watcher.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Watcher {
    /// The mean of the processor shares, the sum of the memory, the age of the oldest.
    pub(super) all: Figures,
    pub(super) processes: BTreeMap<u64, Process>,
    heard: Instant,
}

/// A socket and how often somebody knocked within the last second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Socket {
    pub(super) address: String,
    pub(super) hits: u64,
}

/// What a message was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    Process,
    Socket,
    /// All of a watcher's processes, or all sockets: circusd-stats tells of a whole only after its parts.
    Whole(String),
    /// It was no figure.
    Noise,
}

/// All of it.
#[derive(Clone, Debug)]
pub(super) struct Board {
    pub(super) watchers: BTreeMap<String, Watcher>,
    /// By descriptor.
    pub(super) sockets: BTreeMap<u64, Socket>,
    /// How long something is remembered that nothing is heard of.
    timeout: Duration,
}

impl Board {
    pub(super) fn new(timeout: Duration) -> Board {
        Board { watchers: BTreeMap::new(), sockets: BTreeMap::new(), timeout }
    }

    /// How long something is remembered that nothing is heard of.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Takes a message. What it is about is told by what is in it, because a watcher's name may hold dots.
    pub(super) fn hear(&mut self, topic: &[u8], payload: &[u8], now: Instant) -> Heard {
        let name = std::str::from_utf8(topic).ok().and_then(|topic| topic.strip_prefix(super::TOPIC));
        let object = serde_json::from_slice::<Map<String, Value>>(payload).ok();
        let (Some(name), Some(object)) = (name, object) else { return Heard::Noise };
        let part = name.rsplit_once('.').and_then(|(whole, part)| Some((whole, part.parse::<u64>().ok()?)));
        match (object.get("reads").and_then(Value::as_u64), part) {
            (Some(hits), Some((_, fd))) if object.contains_key("address") => {
                let address = object.get("address").map(text).unwrap_or_default();
                self.sockets.insert(fd, Socket { address, hits });
                Heard::Socket
            }
            (Some(_), _) => Heard::Whole(name.to_owned()),
            (None, Some((whole, pid))) if object.get("pid").is_some_and(Value::is_number) => {
                let name = object.get("name").and_then(Value::as_str).map(str::to_owned);
                let process = Process { pid, name, figures: Figures::of(&object), heard: now };
                self.watcher(whole, now).processes.insert(pid, process);
                Heard::Process
            }
            (None, _) => {
                self.watcher(name, now).all = Figures::of(&object);
                Heard::Whole(name.to_owned())
            }
        }
    }

    fn watcher(&mut self, name: &str, now: Instant) -> &mut Watcher {
        let fresh = || Watcher { all: Figures::default(), processes: BTreeMap::new(), heard: now };
        let watcher = self.watchers.entry(name.to_owned()).or_insert_with(fresh);
        watcher.heard = now;
        watcher
    }

    /// Forgets what nothing was heard of for too long.
    pub(super) fn forget(&mut self, now: Instant) {
        let fresh = |heard: Instant| now.saturating_duration_since(heard) <= self.timeout;
        self.watchers.retain(|_, watcher| {
            watcher.processes.retain(|_, process| fresh(process.heard));
            fresh(watcher.heard)
        });
        if self.watchers.is_empty() {
            self.sockets.clear();
        }
    }

    /// The watchers that are shown.
    pub(super) fn shown(&self) -> impl Iterator<Item = (&str, &Watcher)> {
        let shown = |(name, _): &(&String, &Watcher)| !UNSHOWN.contains(&name.as_str());
        self.watchers.iter().filter(shown).map(|(name, watcher)| (name.as_str(), watcher))
    }

    /// All that is shown, with every process.
    pub(super) fn to_json(&self) -> Value {
        let watchers: Map<String, Value> = self
            .shown()
            .map(|(name, watcher)| {
                let mut object = watcher.all.to_json();
                let processes = watcher.processes.values().map(|process| {
                    let mut object = Map::new();
                    object.insert("pid".to_owned(), process.pid.into());
                    object.insert("name".to_owned(), json!(process.name));
                    object.extend(process.figures.to_json());
                    Value::Object(object)
                });
                object.insert("processes".to_owned(), processes.collect());
                (name.to_owned(), Value::Object(object))
            })
            .collect();
        let sockets: Vec<Value> = self
            .sockets
            .values()
            .map(|socket| json!({"address": socket.address, "hits": socket.hits}))
            .collect();
        json!({"watchers": watchers, "sockets": sockets})
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Board, Heard};
    use proptest::prelude::*;

    const TIMEOUT: Duration = Duration::from_secs(3);

    fn board(told: &[(&str, &str)], now: Instant) -> Board {
        let mut board = Board::new(TIMEOUT);
        for (topic, payload) in told {
            assert_ne!(board.hear(topic.as_bytes(), payload.as_bytes(), now), Heard::Noise, "{topic}");
        }
        board
    }

    #[test]
    fn a_watcher_may_be_called_like_a_process_of_another() {
        let now = Instant::now();
        let process = r#"{"pid": 7, "cpu": 1.5, "mem": "N/A", "age": 2.0, "name": null, "subtopic": 7}"#;
        let whole = r#"{"pid": [7], "cpu": 1.5, "mem": 0.5, "age": 2.0}"#;
        let board = board(
            &[("stat.a.7", process), ("stat.a", whole), ("stat.a.8", whole), ("stat.circusd-stats", whole)],
            now,
        );
        assert_eq!(board.shown().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "a.8"]);
        assert_eq!(
            board.to_json().to_string(),
            r#"{"watchers":{"a":{"cpu":1.5,"mem":0.5,"age":2.0,"processes":[{"pid":7,"name":null,"cpu":1.5,"mem":null,"age":2.0}]},"a.8":{"cpu":1.5,"mem":0.5,"age":2.0,"processes":[]}},"sockets":[]}"#
        );
    }

    #[test]
    fn who_is_silent_is_forgotten() {
        let now = Instant::now();
        let mut board = board(&[("stat.a.7", r#"{"pid": 7}"#), ("stat.a", "{}"), ("stat.b", "{}")], now);
        board.hear(b"stat.a", b"{}", now + TIMEOUT);
        board.forget(now + TIMEOUT + Duration::from_millis(1));
        assert_eq!(
            board.shown().map(|(name, watcher)| (name, watcher.processes.len())).collect::<Vec<_>>(),
            [("a", 0)]
        );
    }

    #[test]
    fn sockets_are_known_by_their_hits() {
        let told = [
            ("stat.sockets.5", r#"{"fd": 5, "address": "127.0.0.1:80", "reads": 3}"#),
            ("stat.sockets", r#"{"addresses": ["127.0.0.1:80"], "reads": 3}"#),
        ];
        let board = board(&told, Instant::now());
        assert_eq!(board.to_json()["sockets"].to_string(), r#"[{"address":"127.0.0.1:80","hits":3}]"#);
        assert_eq!(board.shown().count(), 0);
    }

    proptest! {
        #[test]
        fn nothing_that_is_told_makes_it_fall(topic: Vec<u8>, name in "[a.0-9]{0,6}", payload in "\\PC{0,40}") {
            let mut board = Board::new(TIMEOUT);
            board.hear(&topic, payload.as_bytes(), Instant::now());
            board.hear(format!("stat.{name}").as_bytes(), payload.as_bytes(), Instant::now());
            board.to_json();
        }
    }
}
