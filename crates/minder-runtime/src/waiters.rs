//! Those who asked for a start or a stop and wait for what comes of it.

use std::collections::BTreeMap;

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

/// All who wait, by what they wait for; those of one slot in the order in which they came.
#[derive(Debug, Default)]
pub struct Waiters(BTreeMap<InstanceId, Vec<(Awaited, ReplyTo)>>);

impl Waiters {
    /// Answers at once if the outcome is known, else when it is.
    pub fn add(&mut self, id: InstanceId, awaited: Awaited, facts: &Facts, reply: ReplyTo) {
        match outcome(awaited, facts) {
            Some(outcome) => answer(reply, outcome),
            None => self.0.entry(id).or_default().push((awaited, reply)),
        }
    }

    /// Answers those whose outcome is known now that the facts of a slot have changed.
    pub fn moved(&mut self, id: InstanceId, facts: &Facts) {
        let Some(waiting) = self.0.remove(&id) else { return };
        let mut left = Vec::new();
        for (awaited, reply) in waiting {
            match outcome(awaited, facts) {
                Some(outcome) => answer(reply, outcome),
                None => left.push((awaited, reply)),
            }
        }
        if !left.is_empty() {
            self.0.insert(id, left);
        }
    }

    /// Answers all who wait for a slot that is gone.
    pub fn dropped(&mut self, id: InstanceId) {
        for (_, reply) in self.0.remove(&id).unwrap_or_default() {
            answer(reply, Err(Refusal::NoSuchProgram));
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
