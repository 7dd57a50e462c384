//! Speaks with circusd for a plugin: says one thing, and repeats it while circusd is busy with something else.

use std::time::{Duration, Instant};

use serde_json::{Map, Value};
use tokio::sync::mpsc;

use super::plugin::{Answer, Failure, Name, Request};
use crate::companion::link::Link;

/// How long something is wanted for. A stop, which makes circusd busy, may take its watcher's `graceful_timeout`, by default
/// 30 seconds.
const WANTED_FOR: Duration = Duration::from_secs(120);

/// The pause before it is said again, at first and at most.
const AGAIN_AFTER: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// What a refusal begins with that only means *not now*: another command, or a pass of the daemon, is under way.
const NOT_NOW: &str = "arbiter is ";

/// What is wanted of circusd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// An answer.
    Know,
    /// That something is done.
    Have,
}

/// Whoever speaks. One thing is said at a time: after [`Speaker::say`], wait for [`Speaker::answer`].
#[derive(Debug)]
pub(super) struct Speaker {
    wishes: mpsc::Sender<(Wish, Request)>,
    answers: mpsc::Receiver<Answer>,
}

impl Speaker {
    /// Must be called on a `LocalSet`.
    pub(super) fn new(mut link: Link) -> Speaker {
        let (wishes, mut wished) = mpsc::channel::<(Wish, Request)>(1);
        let (answer_sender, answers) = mpsc::channel(1);
        tokio::task::spawn_local(async move {
            while let Some((wish, request)) = wished.recv().await {
                if answer_sender.send(speak(&mut link, wish, request).await).await.is_err() {
                    return;
                }
            }
        });
        Speaker { wishes, answers }
    }

    /// Says something. What is said before the last answer came is lost.
    pub(super) fn say(&self, wish: Wish, request: Request) {
        // There is room, because there is nothing else to say.
        let _ = self.wishes.try_send((wish, request));
    }

    /// What came of it.
    pub(super) async fn answer(&mut self) -> Answer {
        match self.answers.recv().await {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

async fn speak(link: &mut Link, wish: Wish, request: Request) -> Answer {
    let mut properties = request.properties;
    match request.name {
        Some(Name::Exact(name)) => {
            properties.insert("name".to_owned(), name.into());
        }
        Some(Name::FromEvent(resource)) => {
            properties.insert("name".to_owned(), real_name(link, resource).await.into());
        }
        None => {}
    }
    let begin = Instant::now();
    let (mut pause, longest) = AGAIN_AFTER;
    loop {
        match link.ask(request.command, &properties).await {
            Err(Failure::Refused(reason))
                if wish == Wish::Have && reason.starts_with(NOT_NOW) && begin.elapsed() < WANTED_FOR =>
            {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(longest);
            }
            answer => return answer,
        }
    }
}

/// The name by which circusd finds a watcher, from the one in its events, where blanks became underscores.
async fn real_name(link: &mut Link, resource: String) -> String {
    if !resource.contains('_') {
        return resource;
    }
    let listed = link.ask("list", &Map::new()).await.ok().and_then(|mut answer| answer.remove("watchers"));
    let listed: Vec<Value> = match listed {
        Some(Value::Array(listed)) => listed,
        Some(_) | None => Vec::new(),
    };
    let mut names = listed.iter().filter_map(Value::as_str);
    if names.clone().any(|name| name == resource) {
        return resource;
    }
    names.find(|name| name.replace(' ', "_") == resource).map_or(resource, str::to_owned)
}
