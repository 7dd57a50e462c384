//! A run from its claim to its end.

use std::time::Duration;

use tokio::sync::watch;

use super::patience::Order;
use super::slot::Slot;
use super::{Context, STORE_PAUSE, WorkerError};
use crate::clock::wall;
use crate::jetstream::Delivery;
use crate::log::log;
use crate::run::{Aftermath, Outcome, Run, Verdict};
use crate::store::Follow;

/// Does a run and records how it ended.
pub(super) async fn serve(
    slot: &mut Slot,
    context: &Context,
    run: &Run,
    delivery: Option<Delivery>,
    orders: watch::Receiver<Order>,
) -> Result<(), WorkerError> {
    log(&format!("{} {}: begins, attempt {}", run.task, run.id.short(), run.attempt));
    match delivery {
        None => {
            let outcome = slot.perform(context, run, orders.clone()).await;
            let aftermath = record(context, run, &outcome, Follow::Here, orders).await?;
            tell(run, &outcome, aftermath.retry.is_some());
            Ok(())
        }
        Some(delivery) => remote(slot, context, run, &delivery, orders).await,
    }
}

/// The order is what makes it at least once: what follows is with the server before the end is recorded here, and only then
/// does the server forget the run. Whatever is repeated for a death in between, the server knows from its message id.
async fn remote(
    slot: &mut Slot,
    context: &Context,
    run: &Run,
    delivery: &Delivery,
    orders: watch::Receiver<Order>,
) -> Result<(), WorkerError> {
    let outcome = match delivery.too_often() {
        Some(reason) => Outcome {
            verdict: Verdict::Failed,
            exit: None,
            duration: Duration::ZERO,
            tail: String::new(),
            reason: Some(reason),
        },
        None => {
            tokio::select! {
                outcome = slot.perform(context, run, orders.clone()) => outcome,
                never = delivery.keep_alive() => match never {},
            }
        }
    };
    if outcome.verdict == Verdict::GivenBack {
        delivery.give_back().await;
        context.store.finish(&context.agenda, run, &outcome, Follow::Elsewhere, wall())?;
        return Ok(());
    }
    let will_retry = if delivery.too_often().is_some() {
        None
    } else {
        let follow = context.queue.follow_up(&context.agenda, run, &outcome);
        tokio::select! {
            will_retry = follow => will_retry?,
            never = delivery.keep_alive() => match never {},
        }
    };
    let recorded = record(context, run, &outcome, Follow::Elsewhere, orders);
    tokio::select! {
        recorded = recorded => drop(recorded?),
        never = delivery.keep_alive() => match never {},
    }
    delivery.ack().await;
    context.queue.announce(run, &outcome, will_retry).await;
    tell(run, &outcome, will_retry.is_some());
    Ok(())
}

/// Records how a run ended, as soon as the database takes it: nothing is to be done again because a disk was full for a while.
/// Whoever is in a hurry leaves it to the worker that comes next, which does it again.
async fn record(
    context: &Context,
    run: &Run,
    outcome: &Outcome,
    follow: Follow,
    mut orders: watch::Receiver<Order>,
) -> Result<Aftermath, WorkerError> {
    let mut has_said = false;
    loop {
        match context.store.finish(&context.agenda, run, outcome, follow, wall()) {
            Err(error) if error.may_pass() => {
                if !has_said {
                    log(&format!(
                        "{} {}: cannot record its end, trying again: {error}",
                        run.task,
                        run.id.short()
                    ));
                    has_said = true;
                }
                tokio::select! {
                    () = tokio::time::sleep(STORE_PAUSE) => {}
                    Ok(_) = orders.wait_for(|order| *order == Order::GiveBack) => return Err(error.into()),
                }
            }
            recorded => return Ok(recorded?),
        }
    }
}

fn tell(run: &Run, outcome: &Outcome, will_retry: bool) {
    let word = match &outcome.verdict {
        Verdict::Done(_) => "done",
        Verdict::Failed => "failed",
        Verdict::TimedOut => "timed out",
        Verdict::Cancelled => "cancelled",
        Verdict::GivenBack => "given back",
    };
    let why = outcome.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let next = if will_retry { ", is tried again" } else { "" };
    log(&format!("{} {}: {word} after {:.3?}{why}{next}", run.task, run.id.short(), outcome.duration));
}
