//! Hears what happens in the mind, in its order, and notes it where the arbiter's workflows find it.

use std::rc::Rc;

use minder_core::control::{Observer, Order};
use minder_core::event::Event;
use minder_core::ids::{GroupName, InstanceId, Pid, Signal};
use minder_core::instance::Phase;
use minder_core::supervision::Supervision;
use minder_core::time::Now;
use serde_json::json;

use super::announce::object;
use super::log::Level;
use super::spawn::wid_of;
use super::watcher::{EndedBy, Life};
use super::{Arbiter, Process, Stale};

/// The arbiter's ears in the mind's loop.
pub struct Ears(Rc<Arbiter>);

impl Ears {
    /// Of this arbiter.
    pub fn new(arbiter: Rc<Arbiter>) -> Self {
        Self(arbiter)
    }
}

const HUP: Signal = Signal(1);
const INT: Signal = Signal(2);
const QUIT: Signal = Signal(3);

impl Observer for Ears {
    fn observe(&mut self, now: Now, world: &Supervision, event: &Event, orders: &mut Vec<Order>) {
        match event {
            Event::Moved(moved) => {
                let Some(instance) = world.instance(moved.id) else { return };
                let Some(wid) = wid_of(&instance.spec.name) else { return };
                match moved.after.phase {
                    Phase::Up { pid } if moved.before.pid().is_none() => {
                        let began = moved.after.started.unwrap_or(now);
                        self.0.began(&instance.group, Process::new(wid, moved.id, pid, began));
                    }
                    // Ready at once, so it was started a moment ago.
                    Phase::Starting { pid, .. } => {
                        let began = moved.after.started.unwrap_or(now);
                        self.0.began(&instance.group, Process::new(wid, moved.id, pid, began));
                    }
                    Phase::Lost { .. } => self.0.lost(&instance.group, moved.id),
                    Phase::Down(_) => self.0.ended(&instance.group, moved.id, moved.after.last_exit, now),
                    Phase::Spawning | Phase::Up { .. } | Phase::Stopping { .. } | Phase::Waiting { .. } => {}
                }
            }
            Event::StopSignalled { id, pid, .. } => self.0.killed(world, *id, *pid),
            Event::RelativeSignalled { id, pid, .. } => {
                let stopping = |id| {
                    world
                        .instance(id)
                        .is_some_and(|instance| matches!(instance.facts.phase, Phase::Stopping { .. }))
                };
                // Not for what somebody only wanted to have signalled.
                if stopping(*id) {
                    self.0.killed(world, *id, *pid);
                }
            }
            Event::Asked(signal) => self.0.asked(*signal, now, orders),
            Event::Trouble(text) => {
                orders.extend(self.0.log.line(now, Level::Warning, text).map(Order::Journal));
            }
            Event::Began
            | Event::StopBegan
            | Event::Output(_)
            | Event::Captured(_)
            | Event::StdinBroken { .. }
            | Event::GroupAdded(_)
            | Event::GroupRemoved(_)
            | Event::SocketOpened(..)
            | Event::SocketClosed(..)
            | Event::OrphanReaped { .. }
            | Event::Announced(_)
            | Event::LogReopenBegan => {}
        }
    }

    fn obeys(&self, signal: Signal) -> bool {
        matches!(signal, Signal::TERM | INT | QUIT | HUP)
    }
}

impl Arbiter {
    fn began(&self, group: &GroupName, process: Process) {
        self.with(group, |watcher| {
            if watcher.process(process.pid.get()).is_none() {
                watcher.processes.push(process);
            }
        });
    }

    fn ended(
        &self,
        group: &GroupName,
        id: InstanceId,
        status: Option<minder_core::ids::ExitStatus>,
        now: Now,
    ) {
        let status = status.unwrap_or(minder_core::ids::ExitStatus::Unknown);
        self.with(group, |watcher| {
            let alive = watcher.processes.iter_mut().find(|process| process.id == id && process.is_alive());
            if let Some(process) = alive {
                let by = match process.life {
                    Life::Stopping => EndedBy::Order,
                    Life::Running | Life::Ended { .. } => EndedBy::Itself,
                };
                let lived = now.monotonic.since(process.started.monotonic);
                process.life = Life::Ended { status, lived, by };
            }
        });
        self.ended.notify_waiters();
        self.look_again();
    }

    /// The kernel refuses to let us signal a process: nobody is to wait for its end.
    fn lost(&self, group: &GroupName, id: InstanceId) {
        self.with(group, |watcher| {
            watcher.processes.iter_mut().filter(|process| process.id == id).for_each(|process| {
                process.life = Life::Running;
            });
        });
        self.ended.notify_waiters();
    }

    /// Tells that a process was signalled on its way to its end.
    fn killed(&self, world: &Supervision, id: InstanceId, pid: Pid) {
        let Some(instance) = world.instance(id) else { return };
        if let Some(held) = self.state.borrow_mut().held_back.get_mut(&id) {
            held.push(pid.get());
            return;
        }
        let payload = json!({"process_pid": pid.get(), "time": self.wall_seconds()});
        self.announce(&instance.group, "kill", object(payload));
    }

    /// Somebody sent the daemon a signal.
    fn asked(&self, signal: Signal, now: Now, orders: &mut Vec<Order>) {
        let name = match signal {
            HUP => "HUP",
            INT => "INT",
            QUIT => "QUIT",
            Signal::TERM => "TERM",
            Signal(_) => return,
        };
        let line = self.log.line(now, Level::Info, &format!("Got signal SIG_{name}"));
        orders.extend(line.map(Order::Journal));
        let mut wishes = self.wishes.get();
        if signal == HUP {
            wishes.reload = true;
        } else {
            wishes.end = true;
        }
        self.wishes.set(wishes);
        self.stale.set(Stale::Yes);
        // Kept before the keeper may forget that we were asked.
        orders.push(self.memory());
        self.wished.notify_one();
    }
}
