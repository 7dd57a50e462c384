//! The control endpoint: messages in, replies out.

use std::rc::Rc;

use minder_zmtp::{Peer, Replies, Router};
use serde_json::Value;

use super::message::{Message, NoMessage, Wanted};
use super::reply::{self, Failure};
use super::{Command, Outcome, is_on};
use crate::arbiter::Arbiter;
use crate::arbiter::log::Level;
use crate::python_json;

/// Answers clients for as long as the daemon lives.
pub async fn serve(mut router: Router, arbiter: Rc<Arbiter>) {
    let replies = router.replies();
    loop {
        let (peer, frames) = router.recv().await;
        let [message] = &frames[..] else {
            arbiter.say(Level::Warning, &format!("got unexpected message of {} frames", frames.len()));
            continue;
        };
        let client =
            Client { peer, replies: replies.clone(), arbiter: arbiter.clone(), raw: message.to_vec() };
        // One after the other: who sends two messages has them executed in their order. What takes long goes on beside.
        client.serve().await;
    }
}

/// Where one reply goes.
#[derive(Clone)]
struct Client {
    peer: Peer,
    replies: Replies,
    arbiter: Rc<Arbiter>,
    /// The message as it was sent.
    raw: Vec<u8>,
}

impl Client {
    async fn serve(self) {
        let message = match Message::read(&self.raw) {
            Ok(message) => message,
            Err(NoMessage { failure, id, reply }) => return self.refuse(&failure, id, reply),
        };
        let Message { command, properties, id, reply } = message;
        let Some(known) = Command::named(&command) else {
            return self.refuse(&Failure::Unknown(command), id, reply);
        };
        match known.execute(&self.arbiter, &properties).await {
            Ok(Outcome::Now(fields)) => self.answer(fields, id, reply),
            Ok(Outcome::Later(work)) if is_on(&properties, "waiting") => {
                tokio::task::spawn_local(async move {
                    match work.await {
                        Ok(fields) => self.answer(fields, id, reply),
                        Err(failed) => {
                            self.arbiter.say(Level::Error, &failed.0);
                            self.refuse(&Failure::Server, id, reply);
                        }
                    }
                });
            }
            Ok(Outcome::Later(work)) => self.answer_and_go_on(work, id, reply).await,
            Err(failure) => self.refuse(&failure, id, reply),
        }
    }

    /// What a command does at once is done before the answer, so that the next message finds it done.
    async fn answer_and_go_on(self, mut work: super::Work, id: Value, reply: Wanted) {
        let first = std::future::poll_fn(|context| std::task::Poll::Ready(work.as_mut().poll(context))).await;
        let arbiter = self.arbiter.clone();
        self.answer(super::Fields::new(), id, reply);
        let log = move |failed: crate::arbiter::Failed| arbiter.say(Level::Error, &failed.0);
        match first {
            std::task::Poll::Ready(done) => drop(done.map_err(log)),
            std::task::Poll::Pending => {
                tokio::task::spawn_local(async move { drop(work.await.map_err(log)) });
            }
        }
    }

    fn answer(&self, fields: super::Fields, id: Value, wanted: Wanted) {
        let reply = reply::ok(self.arbiter.wall_seconds(), fields, id);
        self.send(&reply, wanted);
    }

    fn refuse(&self, failure: &Failure, id: Value, wanted: Wanted) {
        let reply = failure.reply(&self.raw, self.arbiter.wall_seconds(), &id);
        self.send(&reply, wanted);
    }

    fn send(&self, reply: &Value, wanted: Wanted) {
        if wanted == Wanted::Yes {
            // Whoever asked may have gone.
            let _ = self.replies.send(&self.peer, &[python_json::to_string(reply)]);
        }
    }
}
