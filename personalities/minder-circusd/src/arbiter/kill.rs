//! One process ends: asked by a signal, killed with all its descendants when its grace is over.

use std::rc::Rc;
use std::time::Duration;

use minder_core::control::{Refusal, Request, Until};
use minder_core::ids::{ExitStatus, GroupName, InstanceId, Signal};
use minder_core::stop::{Reach, StopOrder};
use serde_json::{Value, json};

use super::announce::object;
use super::hook::{Consent, Moment};
use super::watcher::{EndedBy, Life, Process};
use super::{Arbiter, Failed};

/// How one stop differs from the watcher's own way. What is `None` does not.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct KillOrder {
    /// The signal.
    pub signal: Option<i64>,
    /// Seconds until `SIGKILL`.
    pub grace: Option<f64>,
}

/// Whether it was this call that ended the process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Killed {
    /// It was.
    Yes,
    /// Somebody else is at it, or it had ended before.
    No,
}

/// Whether hooks hear of signals.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ToldOfSignals {
    Yes,
    No,
}

/// Of which ends notice is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    /// Of those that nobody ordered.
    ByThemselves,
    /// Of all.
    ByAnybody,
}

impl Arbiter {
    /// Ends a process, and waits until it has ended.
    ///
    /// # Errors
    /// When the number is not a signal's.
    pub(crate) async fn kill_process(
        &self,
        group: &GroupName,
        pid: u32,
        order: Option<KillOrder>,
    ) -> Result<Killed, Failed> {
        let begun = self.with(group, |watcher| {
            let options = &watcher.options;
            let order = order.unwrap_or_default();
            let wanted = (
                order.signal.unwrap_or(options.stop_signal),
                order.grace.unwrap_or(options.graceful_timeout),
            );
            let process = watcher.processes.iter_mut().find(|process| process.pid.get() == pid)?;
            if process.life != Life::Running {
                return None;
            }
            process.life = Life::Stopping;
            Some((process.id, wanted))
        });
        let Some(Some((id, (signal, grace)))) = begun else { return Ok(Killed::No) };
        let Some(number) = u8::try_from(signal).ok().filter(|number| *number <= 64) else {
            self.with(group, |watcher| {
                watcher.processes.iter_mut().filter(|process| process.id == id).for_each(|process| {
                    process.life = Life::Running;
                });
            });
            return Err(Failed("[Errno 22] Invalid argument".into()));
        };
        let told = self.told_of_signals(group);
        if told == ToldOfSignals::Yes {
            self.state.borrow_mut().held_back.insert(id, Vec::new());
        }
        let signal = self.permitted(group, pid, Signal(number)).await;
        let order = StopOrder { signal, grace: Duration::try_from_secs_f64(grace).unwrap_or(Duration::ZERO) };
        let asked = self.ask(Request::StopBy(id, order, Until::Ordered)).await;
        if told == ToldOfSignals::Yes {
            self.consult(group, Moment::AfterSignal, json!({"pid": pid, "signum": number})).await;
            self.announce_kills(group, id);
        }
        let killed = match asked {
            Ok(_) => {
                self.wait_for_the_end_of(group, id).await;
                Ok(Killed::Yes)
            }
            Err(Refusal::NotRunning | Refusal::NoSuchProgram | Refusal::Interrupted) => Ok(Killed::No),
            Err(refusal) => Err(refusal.into()),
        };
        if told == ToldOfSignals::Yes {
            self.tell_of_the_last_signal(group, pid, id).await;
        }
        killed
    }

    /// Whether a watcher's hooks hear of signals. Then kills are announced after they have.
    fn told_of_signals(&self, group: &GroupName) -> ToldOfSignals {
        let hooked = self.with(group, |watcher| {
            [Moment::BeforeSignal, Moment::AfterSignal]
                .iter()
                .any(|at| watcher.options.hook(at.word()).is_some())
        });
        if hooked == Some(true) { ToldOfSignals::Yes } else { ToldOfSignals::No }
    }

    /// Announces the kills that were held back, and goes on to hold back.
    fn announce_kills(&self, group: &GroupName, id: InstanceId) -> usize {
        let held = self.state.borrow_mut().held_back.get_mut(&id).map(std::mem::take).unwrap_or_default();
        for pid in &held {
            self.announce(group, "kill", object(json!({"process_pid": pid, "time": self.wall_seconds()})));
        }
        held.len()
    }

    /// If its grace was over, hooks hear of `SIGKILL` too, but cannot hold it up: it has been sent.
    async fn tell_of_the_last_signal(&self, group: &GroupName, pid: u32, id: InstanceId) {
        let killed = self.state.borrow().held_back.get(&id).is_some_and(|held| !held.is_empty());
        if killed {
            let extra = json!({"pid": pid, "signum": Signal::KILL.0});
            self.consult(group, Moment::BeforeSignal, extra.clone()).await;
            self.consult(group, Moment::AfterSignal, extra).await;
            self.announce_kills(group, id);
        }
        self.state.borrow_mut().held_back.remove(&id);
    }

    async fn wait_for_the_end_of(&self, group: &GroupName, id: InstanceId) {
        loop {
            let ended = self.ended.notified();
            let stopping = self.with(group, |watcher| {
                watcher.processes.iter().any(|process| process.id == id && process.life == Life::Stopping)
            });
            if stopping != Some(true) {
                return;
            }
            ended.await;
        }
    }

    /// The signal, or the one that does nothing if a hook says no.
    async fn permitted(&self, group: &GroupName, pid: u32, signal: Signal) -> Signal {
        let consent =
            self.consult(group, Moment::BeforeSignal, json!({"pid": pid, "signum": signal.0})).await;
        match consent {
            Consent::Refused if signal != Signal::KILL => Signal(0),
            Consent::Refused | Consent::Given => signal,
        }
    }

    /// Ends several processes, all at once. Says which of them were ended here.
    ///
    /// # Errors
    /// The first error of any.
    pub(crate) async fn kill_processes(
        self: &Rc<Self>,
        group: &GroupName,
        pids: Vec<u32>,
        order: Option<KillOrder>,
    ) -> Result<Vec<u32>, Failed> {
        let ends: Vec<_> = pids
            .into_iter()
            .map(|pid| {
                let (arbiter, group) = (self.clone(), group.clone());
                tokio::task::spawn_local(async move { (pid, arbiter.kill_process(&group, pid, order).await) })
            })
            .collect();
        let (mut killed, mut failed) = (Vec::new(), None);
        for end in ends {
            match end.await {
                Ok((pid, Ok(Killed::Yes))) => killed.push(pid),
                Ok((_, Ok(Killed::No))) | Err(_) => {}
                Ok((_, Err(error))) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(killed), Err)
    }

    /// Takes notice of the end of a process: hooks and subscribers hear of it.
    pub(crate) async fn reap(&self, group: &GroupName, pid: u32) {
        let known = self.with(group, |watcher| watcher.process(pid).map(|process| process.life)).flatten();
        let Some(life) = known else { return };
        let extra = json!({"process_pid": pid, "time": self.wall_seconds()});
        self.consult(group, Moment::BeforeReap, extra).await;
        self.forget(group, pid);
        let exit_code = match life {
            Life::Ended { status, .. } => exit_code(status),
            Life::Running | Life::Stopping => Value::Null,
        };
        let mut payload =
            object(json!({"process_pid": pid, "time": self.wall_seconds(), "exit_code": exit_code}));
        self.announce(group, "reap", payload.clone());
        payload.insert("process_status".into(), Value::Null);
        self.consult(group, Moment::AfterReap, Value::Object(payload)).await;
    }

    /// Takes notice of all that have ended.
    pub(crate) async fn reap_ended(&self, group: &GroupName, ended: Ended) {
        let counts = |process: &&Process| match process.life {
            Life::Ended { by: EndedBy::Itself, .. } => true,
            Life::Ended { by: EndedBy::Order, .. } => ended == Ended::ByAnybody,
            Life::Running | Life::Stopping => false,
        };
        let ended = self.with(group, |watcher| {
            watcher.processes.iter().filter(counts).map(|process| process.pid.get()).collect::<Vec<_>>()
        });
        for pid in ended.unwrap_or_default() {
            self.reap(group, pid).await;
        }
    }

    /// Sends a signal to a process, if the hook has nothing against it.
    ///
    /// # Errors
    /// When the kernel refuses it.
    pub(crate) async fn signal_process(
        &self,
        group: &GroupName,
        pid: u32,
        signal: Signal,
    ) -> Result<(), Failed> {
        let Some(id) = self.slot_of(group, pid) else { return Ok(()) };
        if self.permitted(group, pid, signal).await == signal {
            self.send(id, signal, Reach::Process).await?;
        }
        self.consult(group, Moment::AfterSignal, json!({"pid": pid, "signum": signal.0})).await;
        Ok(())
    }

    pub(crate) fn slot_of(&self, group: &GroupName, pid: u32) -> Option<InstanceId> {
        self.with(group, |watcher| watcher.process(pid).map(|process| process.id)).flatten()
    }

    /// Sends a signal; to one that has just ended nothing is sent.
    ///
    /// # Errors
    /// When the mind refuses for another reason.
    pub(crate) async fn send(&self, id: InstanceId, signal: Signal, reach: Reach) -> Result<(), Failed> {
        match self.ask(Request::Signal(id, signal, reach)).await {
            Ok(_) | Err(Refusal::NotRunning | Refusal::NoSuchProgram) => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

/// How an end is told: the status, or the signal with a minus.
pub(crate) fn exit_code(status: ExitStatus) -> Value {
    match status {
        ExitStatus::Code(code) => code.into(),
        ExitStatus::Signal { signal, .. } => (-i64::from(signal.0)).into(),
        ExitStatus::Unknown => Value::Null,
    }
}
