//! One process comes to be: a slot for it, hooks before and after, and as many attempts as the watcher allows.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use minder_core::control::{Reading, Refusal, Reply, Request, Selection, Until};
use minder_core::ids::{GroupName, ProgramName};
use minder_core::program::ProgramSpec;
use serde_json::json;

use super::announce::object;
use super::hook::{Consent, Moment};
use super::log::Level;
use super::watcher::{Life, Process, Slot};
use super::{Arbiter, Failed, Status};
use crate::lower::{self, Shape};

/// What came of an attempt to have one process more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Spawned {
    /// It is there.
    Started,
    /// It is not, and the watcher is to stop.
    Refused,
    /// It is not; the next look tries again.
    Later,
}

/// Why an attempt brought no process.
enum Miss {
    /// The machine was short of memory, descriptors or processes. The watcher is not to blame.
    Shortage(String),
    /// Anything else.
    Failure(String),
}

impl From<&str> for Miss {
    fn from(why: &str) -> Self {
        Self::Failure(why.to_owned())
    }
}

/// Whether there is a slot for a process.
enum SlotFor {
    /// There is.
    Now,
    /// There will be when the group has those for these.
    ToShape(BTreeSet<u32>),
}

/// How often a watcher without a bound is tried at once. The original goes on for ever, and does nothing else meanwhile.
const ATTEMPTS_WITHOUT_BOUND: u32 = 5;

impl Arbiter {
    /// Makes ready the slots for as many processes as a watcher lacks, so that the mind need not be asked for each.
    ///
    /// # Errors
    /// When the mind refuses.
    pub(crate) async fn make_room(&self, group: &GroupName, more: usize) -> Result<(), Failed> {
        let wids = self.with(group, |watcher| {
            let mut wids: BTreeSet<u32> = watcher.processes.iter().map(|process| process.wid).collect();
            let free: Vec<u32> = (1..).filter(|wid| !wids.contains(wid)).take(more).collect();
            wids.extend(free);
            // Each attempt looks at its own slot, so that nothing has to be looked at here if all are there.
            (!wids.iter().eq(watcher.slots.keys())).then_some(wids)
        });
        match wids.flatten() {
            Some(wids) => self.shape(group, wids).await,
            None => Ok(()),
        }
    }

    /// Gives the watcher's group slots for these `wid`s and no others, each as the watcher's options have it now. What
    /// cannot be lowered gets no slot: an attempt to start it says why.
    pub(crate) async fn shape(&self, group: &GroupName, wids: BTreeSet<u32>) -> Result<(), Failed> {
        let Some(Some(shape)) = self.shape_of(group, wids) else { return Ok(()) };
        let (plan, snapshot) = lower::plan(&[shape]);
        self.ask(Request::Shape(Reading { plan, snapshot })).await?;
        self.learn_slots(group).await
    }

    /// What the group is to be, unless it is that already.
    pub(super) fn shape_of(&self, group: &GroupName, wids: BTreeSet<u32>) -> Option<Option<Shape>> {
        let mut state = self.state.borrow_mut();
        let super::State { watchers, lowering, .. } = &mut *state;
        let watcher = watchers.iter_mut().find(|watcher| watcher.group == *group)?;
        let programs: BTreeMap<u32, Arc<ProgramSpec>> = wids
            .into_iter()
            .filter_map(|wid| match lowering.program(&watcher.options, wid) {
                Ok(spec) => Some((wid, Arc::new(spec))),
                // One that lives keeps its slot as it was.
                Err(_) => watcher.slots.get(&wid).map(|slot| (wid, slot.spec.clone())),
            })
            .collect();
        let same = programs.len() == watcher.slots.len()
            && programs
                .iter()
                .all(|(wid, spec)| watcher.slots.get(wid).is_some_and(|slot| slot.spec == *spec));
        if same {
            return Some(None);
        }
        Some(Some(Shape::new(&watcher.group, &watcher.options, lowering, programs)))
    }

    /// Learns what the mind calls the slots of a group.
    pub(crate) async fn learn_slots(&self, group: &GroupName) -> Result<(), Failed> {
        let Reply::Reports(reports) = self.ask(Request::Report(Selection::Group(group.clone()))).await?
        else {
            return Ok(());
        };
        self.with(group, |watcher| {
            let slots = reports.into_iter().filter_map(|report| {
                Some((wid_of(&report.spec.name)?, Slot { id: report.id, spec: report.spec }))
            });
            watcher.slots = slots.collect();
        });
        Ok(())
    }

    /// Has one process more, if the watcher is not to stand still.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn spawn_process(&self, group: &GroupName) -> Result<Spawned, Failed> {
        if self.status(group) == Status::Stopped {
            return Ok(Spawned::Started);
        }
        if self.consult(group, Moment::BeforeSpawn, json!({})).await == Consent::Refused {
            return Ok(Spawned::Refused);
        }
        let retries = self.with(group, |watcher| watcher.options.max_retry).unwrap_or(0);
        let bound = u32::try_from(retries).unwrap_or(if retries == -1 { ATTEMPTS_WITHOUT_BOUND } else { 0 });
        for _ in 0..bound {
            match self.attempt(group).await? {
                Ok(pid) => {
                    self.is_short_no_longer(group);
                    return self.spawned(group, pid).await;
                }
                Err(Miss::Shortage(why)) if self.looks_again() => {
                    self.is_short(group, &why);
                    return Ok(Spawned::Later);
                }
                Err(Miss::Failure(why) | Miss::Shortage(why)) => {
                    self.say_of(group, Level::Warning, |name| format!("error in '{name}': {why}"));
                }
            }
        }
        Ok(if retries == -1 { Spawned::Later } else { Spawned::Refused })
    }

    /// One attempt: the pid, or why there is none.
    async fn attempt(&self, group: &GroupName) -> Result<Result<u32, Miss>, Failed> {
        let Some(wid) = self.with(group, |watcher| watcher.next_wid()) else { return Ok(Err("gone".into())) };
        let Some(wid) = wid else { return Err(Failed("Process count > numproceses*2".into())) };
        match self.slot_for(group, wid) {
            Some(Ok(SlotFor::Now)) => {}
            Some(Ok(SlotFor::ToShape(wids))) => self.shape(group, wids).await?,
            Some(Err(why)) => return Ok(Err(Miss::Failure(why))),
            None => return Ok(Err("gone".into())),
        }
        let slot = self.with(group, |watcher| watcher.slots.get(&wid).cloned()).flatten();
        let Some(slot) = slot else { return Ok(Err("gone".into())) };
        match self.ask(Request::Start(slot.id, Until::Settled)).await {
            Ok(_) => Ok(self.take_in(group, wid, &slot).await.map_err(Miss::Failure)),
            Err(Refusal::NotStarted(trouble)) => {
                let why = lower::trouble_text(&trouble, &slot.spec);
                Ok(Err(if trouble.is_shortage() { Miss::Shortage(why) } else { Miss::Failure(why) }))
            }
            Err(Refusal::Command(problem)) => {
                Ok(Err(Miss::Failure(lower::command_text(&problem, &slot.spec))))
            }
            Err(refusal) => Err(refusal.into()),
        }
    }

    /// Whether what is not done now is done at the next look.
    fn looks_again(&self) -> bool {
        self.state.borrow().check_delay().is_some()
    }

    /// A shortage has begun, or goes on. It is told once, uses up no attempts, and passes: each look tries again.
    fn is_short(&self, group: &GroupName, why: &str) {
        let before = self.with(group, |watcher| watcher.short_of.replace(why.to_owned())).flatten();
        if before.is_none() {
            self.say_of(group, Level::Warning, |name| {
                format!(
                    "error in '{name}': {why}; the machine is short of something, processes that run go on, and it is \
                     tried again at each look"
                )
            });
        }
    }

    fn is_short_no_longer(&self, group: &GroupName) {
        if self.with(group, |watcher| watcher.short_of.take()).flatten().is_some() {
            self.say_of(group, Level::Warning, |name| format!("processes of '{name}' can be started again"));
        }
    }

    /// Whether the slot of a process is as the watcher's options have it now. Looks at no other slot, since a watcher may
    /// have thousands.
    fn slot_for(&self, group: &GroupName, wid: u32) -> Option<Result<SlotFor, String>> {
        let state = self.state.borrow();
        let watcher = state.watchers.iter().find(|watcher| watcher.group == *group)?;
        let lowered = state.lowering.program(&watcher.options, wid);
        Some(lowered.map_err(|error| error.text).map(|spec| match watcher.slots.get(&wid) {
            Some(slot) if *slot.spec == spec => SlotFor::Now,
            Some(_) | None => {
                SlotFor::ToShape(watcher.slots.keys().copied().chain(std::iter::once(wid)).collect())
            }
        }))
    }

    /// Puts the new process on the watcher's list. It may have ended already.
    async fn take_in(&self, group: &GroupName, wid: u32, slot: &Slot) -> Result<u32, String> {
        let known = self.with(group, |watcher| {
            watcher
                .processes
                .iter()
                .rev()
                .find(|process| process.id == slot.id && process.wid == wid)
                .map(|p| p.pid)
        });
        match known.flatten() {
            Some(pid) => Ok(pid.get()),
            None => Err("the process could not be found".into()),
        }
    }

    async fn spawned(&self, group: &GroupName, pid: u32) -> Result<Spawned, Failed> {
        self.say_of(group, Level::Debug, |name| format!("running {name} process [pid {pid}]"));
        if self.consult(group, Moment::AfterSpawn, json!({"pid": pid})).await == Consent::Refused {
            self.kill_process(group, pid, None).await?;
            self.forget(group, pid);
            return Ok(Spawned::Refused);
        }
        let started = self.with(group, |watcher| watcher.process(pid).map(Process::started_at)).flatten();
        let payload = json!({"process_pid": pid, "time": started.unwrap_or_else(|| self.wall_seconds())});
        self.announce(group, "spawn", object(payload));
        Ok(Spawned::Started)
    }

    /// Has as many processes more as the watcher lacks, with its pause after each. One that may not have one stops.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn spawn_processes(self: &Rc<Self>, group: &GroupName) -> Result<(), Failed> {
        if self.waits_for_connection(group) {
            self.set_status(group, Status::Stopped);
            // Now somebody has to listen for it again.
            self.look_again();
            return Ok(());
        }
        let missing = self.with(group, |watcher| watcher.missing()).unwrap_or(0);
        self.make_room(group, missing).await?;
        for _ in 0..missing {
            match self.spawn_process(group).await? {
                Spawned::Started => {}
                Spawned::Refused => return self.stop_now(group).await,
                Spawned::Later => return Ok(()),
            }
            let delay = self.with(group, |watcher| watcher.options.warmup()).unwrap_or_default();
            super::pause(delay).await;
        }
        Ok(())
    }

    /// Takes a process off the list without a word.
    pub(crate) fn forget(&self, group: &GroupName, pid: u32) {
        self.with(group, |watcher| watcher.processes.retain(|process| process.pid.get() != pid));
    }

    /// Says something in which a watcher's name appears.
    pub(crate) fn say_of(&self, group: &GroupName, level: Level, text: impl FnOnce(&str) -> String) {
        if let Some(name) = self.with(group, |watcher| watcher.name.clone()) {
            self.say(level, &text(&name));
        }
    }
}

/// The `wid` that a program is named after.
pub(crate) fn wid_of(name: &ProgramName) -> Option<u32> {
    name.as_str().parse().ok()
}

impl Process {
    /// One that has just begun, as the mind tells of it.
    pub(crate) fn new(
        wid: u32,
        id: minder_core::ids::InstanceId,
        pid: minder_core::ids::Pid,
        started: minder_core::time::Now,
    ) -> Self {
        Self { wid, id, pid, started, life: Life::Running }
    }
}
