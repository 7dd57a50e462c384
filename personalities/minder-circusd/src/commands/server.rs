//! The control endpoint: messages in, replies out.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;

use minder_zmtp::{Peer, Replies, Router};
use serde_json::Value;
use tokio::sync::Semaphore;

use super::message::{Message, NoMessage, Wanted};
use super::reply::{self, Failure};
use super::{Command, Outcome, is_on};
use crate::arbiter::log::Level;
use crate::arbiter::{Arbiter, Failed};
use crate::python_json;

/// How many commands may be under way beside the others because they ask a hook or look at processes. Whoever comes then
/// waits, and so do all others.
const BESIDE_MAX: usize = 64;

/// Answers clients for as long as the daemon lives.
pub async fn serve(mut router: Router, arbiter: Rc<Arbiter>) {
    let replies = router.replies();
    let beside = Arc::new(Semaphore::new(BESIDE_MAX));
    loop {
        let (peer, frames) = router.recv().await;
        let [message] = &frames[..] else {
            arbiter.say(Level::Warning, &format!("got unexpected message of {} frames", frames.len()));
            continue;
        };
        let client =
            Client { peer, replies: replies.clone(), arbiter: arbiter.clone(), raw: message.to_vec() };
        client.serve(&beside).await;
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

/// What a reply is for.
struct Question {
    id: Value,
    reply: Wanted,
    waits: Waits,
}

/// Whether somebody waits for the end of what a command begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Waits {
    ForTheEnd,
    No,
}

impl Client {
    /// What a command does at once is done when this returns, so that the next message finds it done. What takes longer
    /// goes on beside.
    async fn serve(self, beside: &Arc<Semaphore>) {
        let message = match Message::read(&self.raw) {
            Ok(message) => message,
            Err(NoMessage { failure, id, reply }) => return self.refuse(&failure, &id, reply),
        };
        let Message { command, properties, id, reply } = message;
        let Some(known) = Command::named(&command) else {
            return self.refuse(&Failure::Unknown(command), &id, reply);
        };
        let waits = if is_on(&properties, "waiting") { Waits::ForTheEnd } else { Waits::No };
        let question = Question { id, reply, waits };
        let arbiter = self.arbiter.clone();
        let mut execution = Box::pin(async move { known.execute(&arbiter, &properties).await });
        match first_step(execution.as_mut()).await {
            Poll::Ready(outcome) => self.settle(outcome, question).await,
            Poll::Pending => {
                // It is never closed.
                let Ok(permit) = beside.clone().acquire_owned().await else { return };
                tokio::task::spawn_local(async move {
                    let outcome = execution.await;
                    drop(permit);
                    self.settle(outcome, question).await;
                });
            }
        }
    }

    async fn settle(self, outcome: Result<Outcome, Failure>, question: Question) {
        let Question { id, reply, waits } = question;
        match (outcome, waits) {
            (Ok(Outcome::Now(fields)), _) => self.answer(fields, id, reply),
            (Ok(Outcome::Later(work)), waits) => self.begin(work, Question { id, reply, waits }).await,
            (Err(failure), _) => self.refuse(&failure, &id, reply),
        }
    }

    /// Begins what takes long, and answers now or at its end.
    async fn begin(self, mut work: super::Work, question: Question) {
        let first = first_step(work.as_mut()).await;
        if question.waits == Waits::No {
            self.answer(super::Fields::new(), question.id.clone(), question.reply);
        }
        match first {
            Poll::Ready(done) => self.end(done, question),
            Poll::Pending => {
                tokio::task::spawn_local(async move {
                    let done = work.await;
                    self.end(done, question);
                });
            }
        }
    }

    /// What was begun is over. Who did not wait has been answered, and does not hear of a failure.
    fn end(&self, done: Result<super::Fields, Failed>, question: Question) {
        let Question { id, reply, waits } = question;
        match (done, waits) {
            (Ok(fields), Waits::ForTheEnd) => self.answer(fields, id, reply),
            (Ok(_), Waits::No) => {}
            (Err(failed), waits) => {
                self.arbiter.say(Level::Error, &failed.0);
                if waits == Waits::ForTheEnd {
                    self.refuse(&Failure::Server, &id, reply);
                }
            }
        }
    }

    fn answer(&self, fields: super::Fields, id: Value, wanted: Wanted) {
        let reply = reply::ok(self.arbiter.wall_seconds(), fields, id);
        self.send(&reply, wanted);
    }

    fn refuse(&self, failure: &Failure, id: &Value, wanted: Wanted) {
        let reply = failure.reply(&self.raw, self.arbiter.wall_seconds(), id);
        self.send(&reply, wanted);
    }

    fn send(&self, reply: &Value, wanted: Wanted) {
        if wanted == Wanted::Yes {
            // Whoever asked may have gone.
            let _ = self.replies.send(&self.peer, &[python_json::to_string(reply)]);
        }
    }
}

/// What of a future can be done at once.
async fn first_step<F: Future + ?Sized>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await
}
