//! One of the runs that a worker does at a time, and the residents that stay with it.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::task::Poll;

use futures_util::future::join_all;
use minder_core::agenda::{Job, ResidentSpec};
use minder_core::ids::ResidentName;
use tokio::sync::watch;

use super::patience::{Order, Patience};
use super::resident::{Fit, Resident};
use super::{Context, command, leftovers};
use crate::log::log;
use crate::run::{Outcome, Run, Verdict};

/// Free, or with a run.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) number: u32,
    residents: BTreeMap<ResidentName, Resident>,
}

impl Slot {
    pub(super) fn new(number: u32) -> Self {
        Self { number, residents: BTreeMap::new() }
    }

    /// Does a run.
    pub(super) async fn perform(
        &mut self,
        context: &Context,
        run: &Run,
        orders: watch::Receiver<Order>,
    ) -> Outcome {
        let Some(task) = context.agenda.task(&run.task) else {
            return failed("the agenda has no such task any more".into());
        };
        let mut patience = Patience::new(task.timeout, orders);
        let began = |pid| {
            if let Err(error) = context.store.note_process(run, pid) {
                log(&format!("cannot note the process of run {}: {error}", run.id));
            }
        };
        match &task.job {
            Job::Command(job) => command::perform(job, run, &context.state, &mut patience, began).await,
            Job::Resident(name) => match context.agenda.resident(name) {
                Some(spec) => self.ask(context, spec, run, &mut patience, began).await,
                None => failed("the agenda has no such resident any more".into()),
            },
        }
    }

    async fn ask(
        &mut self,
        context: &Context,
        spec: &ResidentSpec,
        run: &Run,
        patience: &mut Patience,
        began: impl FnOnce(u32),
    ) -> Outcome {
        let mut resident = match self.residents.remove(&spec.name) {
            Some(resident) if !resident.has_ended() => resident,
            Some(_) | None => {
                match Resident::start(spec, &leftovers::resident_of(&context.state, &context.worker)) {
                    Ok(resident) => resident,
                    Err(error) => return failed(format!("cannot start resident {}: {error}", spec.name)),
                }
            }
        };
        began(resident.pid());
        let (outcome, fit) = resident.perform(run, patience).await;
        match fit {
            Fit::Yes => {
                self.residents.insert(spec.name.clone(), resident);
            }
            // The next one must not begin while this one still holds what both need.
            Fit::No => resident.end().await,
        }
        outcome
    }

    /// Has all its residents end.
    pub(super) async fn end(self) {
        join_all(self.residents.into_values().map(Resident::end)).await;
    }
}

/// Looks after the residents of slots that are free. Never ends; a wait that is given up loses nothing.
pub(super) async fn idle(slots: &mut [Slot]) {
    poll_fn(|context| {
        for slot in slots.iter_mut() {
            slot.residents.retain(|_, resident| resident.poll_idle(context).is_pending());
        }
        Poll::<()>::Pending
    })
    .await;
}

fn failed(reason: String) -> Outcome {
    Outcome {
        verdict: Verdict::Failed,
        exit: None,
        duration: std::time::Duration::ZERO,
        tail: String::new(),
        reason: Some(reason),
    }
}
