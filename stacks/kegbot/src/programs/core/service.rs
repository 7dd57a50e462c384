//! `service-thread`: the judgement in its thread, and the effects on their way.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minder_kegbot_app::Log;
use minder_kegbot_app::threads::Failure;

use super::Clocks;
use super::delivery::Job;
use super::inquiry::Inquiries;
use crate::core::{Core, Effect, Input};
use crate::kegnet::Event;
use crate::outbox::Outbox;

/// The outbox, for the thread that fills it and the one that empties it.
#[derive(Clone)]
pub(super) struct SharedOutbox(Arc<Mutex<Outbox>>);

impl From<Outbox> for SharedOutbox {
    fn from(outbox: Outbox) -> Self {
        Self(Arc::new(Mutex::new(outbox)))
    }
}

impl SharedOutbox {
    /// For one look or one change; never while the server is asked something.
    pub(super) fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread is made of.
pub(super) struct Service {
    pub(super) core: Core,
    pub(super) clocks: Clocks,
    pub(super) log: Log,
    pub(super) debug: bool,
    pub(super) events: Sender<Event>,
    pub(super) outbox: SharedOutbox,
    pub(super) jobs: Sender<Job>,
    pub(super) inquiries: Inquiries,
}

/// Logs what there is to log.
pub(super) fn say(log: &Log, effects: &[Effect]) {
    for effect in effects {
        if let Effect::Say(part, level, text) = effect {
            log.logger(part.as_str()).say(*level, text);
        }
    }
}

impl Service {
    /// Until the core is to end.
    pub(super) fn run(mut self, heard: &Receiver<Input>) -> Result<(), Failure> {
        let log = self.log.logger("service-thread");
        loop {
            let input = match self.core.next_beat() {
                None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(beat) => heard.recv_timeout(beat.saturating_sub(self.clocks.read().up)),
            };
            let input = match input {
                Ok(input) => input,
                Err(RecvTimeoutError::Timeout) => Input::Beat,
                Err(RecvTimeoutError::Disconnected) => Input::Quit,
            };
            let over = input == Input::Quit;
            if self.debug && input != Input::Beat {
                self.log.logger("eventhub").debug(&format!("Processing event: {input:?}"));
            }
            let effects = self.core.step(self.clocks.read(), input);
            for effect in effects {
                self.perform(effect);
            }
            if over {
                log.info("got quit event, quitting");
                let _ = self.jobs.send(Job::Quit);
                return Ok(());
            }
        }
    }

    fn perform(&self, effect: Effect) {
        match effect {
            Effect::Say(part, level, text) => self.log.logger(part).say(level, &text),
            Effect::Tell(event) => {
                if self.debug {
                    self.log.logger("eventhub").debug(&format!("Publishing event: {event}"));
                }
                // Nobody publishes when the core ends.
                let _ = self.events.send(event);
            }
            Effect::LookUp { tap, token } => self.inquiries.whose(tap, token),
            Effect::Record { sensor, degrees } => self.inquiries.record(sensor, degrees),
            Effect::Save(flow) => self.kept(self.outbox.lock().save(&flow)),
            Effect::Forget(flow) => self.kept(self.outbox.lock().forget(flow)),
            Effect::Keep(flow) => {
                let kept = self.outbox.lock().keep(&flow);
                match kept {
                    Ok(id) => {
                        let _ =
                            self.jobs.send(Job::Deliver { id, poured: flow.last.up, clocks: self.clocks });
                    }
                    Err(error) => {
                        let log = self.log.logger("drink-manager");
                        log.error(&format!("The drink cannot be kept, so it is told at once, and held in memory until then: {error}"));
                        let _ = self.jobs.send(Job::DeliverUnkept(flow));
                    }
                }
            }
        }
    }

    fn kept(&self, kept: Result<(), crate::outbox::OutboxError>) {
        if let Err(error) = kept {
            self.log.logger("drink-manager").warning(&format!("The open flow cannot be kept: {error}"));
        }
    }
}
