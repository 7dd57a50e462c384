//! Those who asked for a start or a stop and wait for what comes of it.

use minder_core::control::{Refusal, Reply, Until, start_outcome, stop_outcome};
use minder_core::ids::InstanceId;
use minder_core::instance::Facts;
use tokio::sync::oneshot;

/// Where an answer goes.
pub type ReplyTo = oneshot::Sender<Result<Reply, Refusal>>;

/// What somebody waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Awaited {
    /// What comes of a start.
    Start(Until),
    /// What comes of a stop.
    Stop(Until),
}

/// All who wait.
#[derive(Debug, Default)]
pub struct Waiters(Vec<(InstanceId, Awaited, ReplyTo)>);

impl Waiters {
    /// Answers at once if the outcome is known, else when it is.
    pub fn add(&mut self, id: InstanceId, awaited: Awaited, facts: &Facts, reply: ReplyTo) {
        match outcome(awaited, facts) {
            Some(outcome) => answer(reply, outcome),
            None => self.0.push((id, awaited, reply)),
        }
    }

    /// Answers those whose outcome is known now that the facts of a slot have changed.
    pub fn moved(&mut self, id: InstanceId, facts: &Facts) {
        self.settle(|waiting, awaited| if waiting == id { outcome(awaited, facts) } else { None });
    }

    /// Answers all who wait for a slot that is gone.
    pub fn dropped(&mut self, id: InstanceId) {
        self.settle(|waiting, _| (waiting == id).then_some(Err(Refusal::NoSuchProgram)));
    }

    fn settle(&mut self, outcome: impl Fn(InstanceId, Awaited) -> Option<Result<(), Refusal>>) {
        let mut i = 0;
        while let Some(&(id, awaited, _)) = self.0.get(i) {
            match outcome(id, awaited) {
                // The order of the others is the order of their answers.
                Some(outcome) => answer(self.0.remove(i).2, outcome),
                None => i += 1,
            }
        }
    }
}

fn outcome(awaited: Awaited, facts: &Facts) -> Option<Result<(), Refusal>> {
    match awaited {
        Awaited::Start(until) => start_outcome(facts, until),
        Awaited::Stop(until) => stop_outcome(facts, until),
    }
}

fn answer(reply: ReplyTo, outcome: Result<(), Refusal>) {
    // Whoever asked may have gone; what was asked is done all the same.
    let _ = reply.send(outcome.map(|()| Reply::Done));
}
