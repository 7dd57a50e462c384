//! The pass: what has ended is told and replaced, what is too old is ended, what is too much as well.
//!
//! The original makes a pass each `check_delay` seconds, and notices nothing in between. Here a pass happens at the same
//! multiples of the delay, but only when there is something to do; and at once for a process that ended after it had lived
//! for longer than the delay, since waiting is there to slow down those that end again and again.

use std::rc::Rc;
use std::time::Duration;

use minder_core::ids::{GroupName, SocketName};
use minder_core::socket::Sharing;
use minder_core::time::Instant;

use super::kill::Ended;
use super::log::Level;
use super::watcher::{EndedBy, Life};
use super::{Arbiter, Change, Connection, Course, Failed, Status, Watcher};
use crate::chance;

impl Arbiter {
    /// Something has changed: there may be something to manage, or to wait for.
    pub(crate) fn look_again(&self) {
        self.look.notify_one();
        self.listen.notify_one();
    }

    /// Makes passes for as long as the daemon lives.
    pub async fn look_after(self: Rc<Self>) {
        loop {
            let woken = self.look.notified();
            match self.next_pass() {
                None => woken.await,
                Some(at) => {
                    let wait = at.since(self.now().monotonic);
                    tokio::select! {
                        // Whatever it is may make the next pass come sooner.
                        () = woken, if !wait.is_zero() => continue,
                        () = tokio::time::sleep(wait) => {}
                    }
                    self.pass().await;
                }
            }
        }
    }

    /// When the next pass has something to do.
    fn next_pass(&self) -> Option<Instant> {
        let state = self.state.borrow();
        let delay = state.check_delay()?;
        if !matches!(state.course, Course::Running) {
            return None;
        }
        let now = self.now().monotonic;
        let next = |after: Instant| next_multiple(state.began, delay, after);
        state.watchers.iter().filter_map(|watcher| due(watcher, delay, now, &next)).min()
    }

    /// One pass over all watchers.
    async fn pass(self: &Rc<Self>) {
        // Whoever is at it now leaves everything as it should be, or wakes us again.
        let Ok(turn) = self.wait_for_turn(Change::Manage).await else { return };
        if self.state.borrow().course != Course::Running {
            return;
        }
        for group in self.by_priority() {
            if self.status(&group) != Status::Stopped {
                self.reap_ended(&group, Ended::ByThemselves).await;
            }
        }
        let passes: Vec<_> = self
            .by_priority()
            .into_iter()
            .map(|group| {
                let arbiter = self.clone();
                tokio::task::spawn_local(async move {
                    if let Err(error) = arbiter.manage_now(&group).await {
                        arbiter.say(Level::Error, &error.0);
                    }
                })
            })
            .collect();
        for pass in passes {
            // A pass that panicked has said so.
            let _ = pass.await;
        }
        drop(turn);
        self.remember_if_stale().await;
    }

    /// The pass over one watcher.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn manage_now(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        if self.status(group) == Status::Stopped {
            return Ok(());
        }
        self.with(group, |watcher| watcher.processes.retain(super::Process::is_alive));
        self.end_expired(group).await?;
        let lacking = self.with(group, |watcher| {
            let lacks = watcher.missing() > 0 && watcher.status != Status::Stopping;
            lacks.then_some((
                watcher.options.respawn || watcher.short_of.is_some(),
                watcher.processes.is_empty(),
                watcher.options.on_demand,
            ))
        });
        match lacking.flatten() {
            Some((true, _, _)) => self.spawn_processes(group).await?,
            Some((false, true, false)) => self.stop_now(group).await?,
            Some((false, ..)) | None => {}
        }
        self.end_surplus(group).await
    }

    /// Those that are older than they may get, each by a chance of its own.
    async fn end_expired(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        let now = self.now().monotonic;
        let expired = self.with(group, |watcher| {
            let (most, variance) = (watcher.options.max_age, watcher.options.max_age_variance);
            if most == 0 {
                return Vec::new();
            }
            let too_old = |process: &&super::Process| {
                let most = most.saturating_add(chance::up_to(variance));
                now.since(process.started.monotonic) > Duration::from_secs(u64::try_from(most).unwrap_or(0))
            };
            watcher.alive().filter(too_old).map(|process| process.pid.get()).collect()
        });
        for pid in self.kill_processes(group, expired.unwrap_or_default(), None).await? {
            self.forget(group, pid);
        }
        Ok(())
    }

    /// The oldest of too many.
    async fn end_surplus(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        let surplus = self.with(group, |watcher| {
            let wanted = watcher.wanted();
            let mut youngest_first: Vec<_> = watcher.processes.iter().collect();
            youngest_first.sort_by_key(|process| std::cmp::Reverse(process.started.monotonic));
            youngest_first.into_iter().skip(wanted).map(|process| process.pid.get()).collect::<Vec<_>>()
        });
        for pid in self.kill_processes(group, surplus.unwrap_or_default(), None).await? {
            self.forget(group, pid);
        }
        Ok(())
    }

    /// Starts what waits for a connection each time that somebody connects, for as long as the daemon lives.
    pub async fn wait_for_connections(self: Rc<Self>) {
        loop {
            let woken = self.listen.notified();
            let sockets = self.sockets_waited_for();
            if sockets.is_empty() {
                woken.await;
                continue;
            }
            tokio::select! {
                () = woken => {}
                connected = self.ask(minder_core::control::Request::AwaitConnection(sockets)) => {
                    if connected.is_err() {
                        return;
                    }
                    self.connected().await;
                }
            }
        }
    }

    /// All sockets, while a watcher stands still until somebody connects to any of them.
    fn sockets_waited_for(&self) -> Vec<SocketName> {
        let state = self.state.borrow();
        let waits = |watcher: &Watcher| watcher.options.on_demand && watcher.status == Status::Stopped;
        let running = matches!(state.course, Course::Running);
        if !running || state.check_delay().is_none() || !state.watchers.iter().any(waits) {
            return Vec::new();
        }
        let common = state.lowering.sockets.values().filter(|socket| socket.spec.sharing == Sharing::Common);
        common.map(|socket| socket.spec.name.clone()).collect()
    }

    async fn connected(self: &Rc<Self>) {
        let Ok(turn) = self.wait_for_turn(Change::Manage).await else { return };
        self.state.borrow_mut().connection = Connection::Pending;
        if let Err(error) = self.start_all_now(self.by_priority()).await {
            self.say(Level::Error, &error.0);
        }
        self.state.borrow_mut().connection = Connection::None;
        drop(turn);
        self.remember_if_stale().await;
    }
}

/// When something is to be done about a watcher.
fn due(
    watcher: &Watcher,
    delay: Duration,
    now: Instant,
    next: &dyn Fn(Instant) -> Instant,
) -> Option<Instant> {
    if watcher.status == Status::Stopped {
        return None;
    }
    let ended = watcher.processes.iter().filter_map(|process| match process.life {
        // One that somebody ended comes again with the next pass, as clients have seen it.
        Life::Ended { lived, by: EndedBy::Itself, .. } if lived >= delay => Some(now),
        Life::Ended { .. } => Some(next(now)),
        Life::Running | Life::Stopping => None,
    });
    let options = &watcher.options;
    let lacks = watcher.missing() > 0
        && (options.respawn
            || watcher.short_of.is_some()
            || (watcher.processes.is_empty() && !options.on_demand));
    // Too many are there when a mind ended in the middle of a reload.
    let unsettled = lacks || watcher.processes.len() > watcher.wanted();
    let unsettled = (unsettled && watcher.status == Status::Active).then(|| next(now));
    let oldest = Duration::from_secs(u64::try_from(watcher.options.max_age).unwrap_or(0));
    let expiring = watcher
        .alive()
        .filter(|process| watcher.options.max_age != 0 && process.life == Life::Running)
        .map(|process| next((process.started.monotonic + oldest).max(now)));
    ended.chain(unsettled).chain(expiring).min()
}

/// The first multiple of the delay, counted from the beginning, after a moment.
fn next_multiple(began: Instant, delay: Duration, after: Instant) -> Instant {
    let delay_nanos = delay.as_nanos().max(1);
    let passed = after.since(began).as_nanos() / delay_nanos + 1;
    began + Duration::from_nanos(u64::try_from(passed.saturating_mul(delay_nanos)).unwrap_or(u64::MAX))
}
