//! Carrying out what the supervision orders.

use std::sync::Arc;

use minder_core::control::Overhears;
use minder_core::effect::Effect;
use minder_core::event::{Channel, Event};
use minder_core::ids::{Errno, GroupName, InstanceId, Signal};
use minder_core::input::Input;
use minder_core::instance::Trouble;
use minder_core::program::{ErrorOutput, LogTarget, OutputSpec, ProgramSpec, StdinSource};
use minder_core::stop::Reach;
use minder_core::supervision::Mode;
use minder_keeper::wire::{self, ChildId, ToKeeper};
use rustix::process::{Resource, getrlimit};

use crate::kinship::{self, Kin};
use crate::ledger::Record;
use crate::mark::Mark;
use crate::mind::Mind;
use crate::slot::Slot;
use crate::{group_sockets, launch};

/// The most descriptors that a program takes here: its pidfd, three pipes and two logs.
const FDS_OF_A_PROGRAM_MAX: u64 = 6;
/// How many are left for everything else: connections, files that are read, what the keeper holds.
const FDS_LEFT: u64 = 48;

impl Mind {
    pub(crate) fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Spawn(id) => self.spawn(id),
            Effect::Signal(id, signal, reach) => self.signal(id, signal, reach),
            Effect::Publish(event) => self.publish(event),
            Effect::Keep(id) => self.keep(id),
            Effect::Prepare(group) => self.prepare(&group),
            Effect::Reshape(group, before) => self.take_shape(&group, &before),
            Effect::Drop(id) => self.drop_slot(id),
            Effect::Finished => self.finished = true,
        }
    }

    fn drop_slot(&mut self, id: InstanceId) {
        // One that is lost may still have a process, whose pipes nobody would serve any more.
        if let Some(mut slot) = self.slots.remove(&id) {
            // Its end concerns nobody any more, least of all whoever gets the slot's number next.
            if let Some(child) = slot.child {
                self.children.remove(&child);
                self.unborn.remove(&child);
                self.processes.ended(child);
            }
            self.aftermaths.remove(&id);
            for channel in [Channel::Stdout, Channel::Stderr] {
                slot.detach(channel, &self.pipes, &mut Vec::new());
            }
        }
        self.waiters.dropped(id);
        self.gone.push(id);
    }

    /// Keeps the roster, and only then forgets what is gone: a later mind looks up all that the roster names.
    pub(crate) fn keep_roster(&mut self) {
        // Without memory left the old one stays, which is right but for the last change.
        if self.roster.keep(&self.world).is_ok() {
            for id in self.gone.drain(..) {
                self.ledger.forget(id);
            }
        }
    }

    fn publish(&mut self, event: Event) {
        match &event {
            // Until everything begins the next mind would bring everything into service all the same.
            Event::GroupAdded(_) if self.world.mode() == Mode::Resting => {}
            Event::GroupAdded(_) | Event::Began | Event::StopBegan => self.keep_roster(),
            Event::GroupRemoved(group) => {
                self.roster.removed(group, &mut self.link);
                self.keep_roster();
            }
            Event::Moved(_)
            | Event::StopSignalled { .. }
            | Event::RelativeSignalled { .. }
            | Event::Output(_)
            | Event::Captured(_)
            | Event::StdinBroken { .. }
            | Event::SocketOpened(..)
            | Event::SocketClosed(..)
            | Event::OrphanReaped { .. }
            | Event::Announced(_)
            | Event::Asked(_)
            | Event::LogReopenBegan
            | Event::Trouble(_) => {}
        }
        self.events.push_back(event);
    }

    /// Orders a process from the keeper.
    pub(crate) fn spawn(&mut self, id: InstanceId) {
        let Some(instance) = self.world.instance(id) else { return };
        let (spec, group) = (instance.spec.clone(), instance.group.clone());
        let program = match launch::executable(&spec.command, spec.identity.as_ref()) {
            Ok(program) => program,
            Err(problem) => return self.not_launched(id, Trouble::Command(problem)),
        };
        if spec.stdin == StdinSource::GroupSocket
            && let Err(trouble) = self.open_socket(&group)
        {
            return self.not_launched(id, trouble);
        }
        if !self.has_room_for(&spec) {
            return self.not_launched(id, Trouble::Pipes(Errno(libc::EMFILE)));
        }
        let inherited = match self.inherited_sockets(id, &spec) {
            Ok(inherited) => inherited,
            Err(trouble) => return self.not_launched(id, trouble),
        };
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let opened = slot.open_logs();
        let child = ChildId(self.next_child);
        self.next_child = self.next_child.wrapping_add(1).max(1);
        slot.child = Some(child);
        let limit = launch::mark(&spec, self.marks.of(child));
        slot.mark = limit.map(|limit| Mark(limit.soft));
        (slot.signals, slot.owed) = (0, None);
        self.children.insert(child, id);
        if let Err(error) = opened {
            self.trouble(error.to_string());
        }
        // A later mind must know which of the keeper's processes this one is before the keeper does.
        self.keep(id);
        let mut request =
            launch::request(&spec, group.as_str(), &program, &self.environment, inherited.clone());
        request.limits.extend(limit);
        self.link.send(ToKeeper::Spawn { child, request: Box::new(request) });
        self.release_own_sockets(&inherited);
    }

    /// Whether there are descriptors enough for one program more. Without that a mind could come to be that has
    /// started so many that none after it can take them over. Reckoned and not counted: the pipes of those that were
    /// ordered just now are still on their way.
    fn has_room_for(&self, spec: &ProgramSpec) -> bool {
        let Some(limit) = getrlimit(Resource::Nofile).current else { return true };
        let room = limit.saturating_sub(FDS_LEFT);
        if (self.children.len() as u64 + 1) * FDS_OF_A_PROGRAM_MAX <= room {
            return true;
        }
        let others = self.children.values().filter_map(|id| self.world.instance(*id));
        others.map(|instance| fds_of(&instance.spec)).sum::<u64>() + fds_of(spec) <= room
    }

    fn not_launched(&mut self, id: InstanceId, trouble: Trouble) {
        self.inputs.push_back(Input::NotSpawned(id, trouble));
    }

    fn open_socket(&mut self, name: &GroupName) -> Result<(), Trouble> {
        if self.sockets.is_open(name) {
            return Ok(());
        }
        let group = self.world.group(name).and_then(|group| group.spec.socket.clone());
        let Some(socket) = group else { return Ok(()) };
        let fd = group_sockets::listen(&socket).map_err(Trouble::Socket)?;
        let own =
            fd.try_clone().map_err(|error| Trouble::Socket(Errno(error.raw_os_error().unwrap_or(0))))?;
        self.link.hold(launch::socket_name(name.as_str()), fd);
        self.sockets.opened(name.clone(), socket.address.clone(), own);
        self.events.push_back(Event::SocketOpened(name.clone(), socket.address));
        Ok(())
    }

    /// Sends a signal to a slot's process, or nothing if it has none.
    pub(crate) fn signal(&mut self, id: InstanceId, signal: Signal, reach: Reach) {
        let Some(child) = self.slots.get(&id).and_then(|slot| slot.child) else { return };
        if self.aftermaths.contains_key(&id) {
            return self.signal_leftovers(id, signal);
        }
        let (to_itself, kin) = match reach {
            Reach::Process => (Some(wire::Reach::Process), None),
            Reach::Group => (Some(wire::Reach::Group), None),
            Reach::Family => (Some(wire::Reach::Process), Some(Kin::Children)),
            Reach::Tree => (Some(wire::Reach::Process), Some(Kin::Descendants)),
            Reach::Children => (None, Some(Kin::Children)),
            Reach::Descendants => (None, Some(Kin::Descendants)),
            Reach::Descendant(pid) => (None, Some(Kin::One(pid))),
        };
        let pid = self.world.instance(id).and_then(|instance| instance.facts.pid());
        // Looked up first: once their parent has died they are nobody's children any more.
        let relatives = kin.zip(pid).map(|(kin, pid)| kinship::relatives(pid, kin)).unwrap_or_default();
        if let Some(reach) = to_itself {
            self.link.send(ToKeeper::Signal { child, signal: i32::from(signal.0), reach });
            self.slots.entry(id).and_modify(|slot| slot.signals += 1);
        }
        for relative in relatives {
            if let Some(pid) = relative.signal(signal) {
                self.events.push_back(Event::RelativeSignalled { id, pid, signal });
            }
        }
    }

    /// Keeps what is known of a slot where a later mind finds it.
    pub(crate) fn keep(&mut self, id: InstanceId) {
        let (Some(instance), Some(slot)) = (self.world.instance(id), self.slots.get(&id)) else { return };
        let record = Record {
            facts: instance.facts.clone(),
            child: slot.child.map_or(0, |child| child.0),
            birthmark: slot.child.and_then(|child| self.processes.birthmark(child)),
            mark: slot.mark,
            owed: self.owed(id, instance.facts.phase),
            stdout_log: chosen(&instance.spec, Channel::Stdout)
                .then(|| slot.log_path(Channel::Stdout).cloned())
                .flatten(),
            stderr_log: chosen(&instance.spec, Channel::Stderr)
                .then(|| slot.log_path(Channel::Stderr).cloned())
                .flatten(),
        };
        // Without memory left the old line stays; it matters only if the mind is killed as well.
        let _ = self.ledger.write(id, &record);
    }

    /// Makes the slots of a new group, with their logs.
    fn prepare(&mut self, name: &GroupName) {
        self.roster.added(name);
        let overhears = self.faces.overhears();
        let Some(group) = self.world.group(name).cloned() else { return };
        for (&id, spec) in group.members.iter().zip(&group.spec.programs) {
            self.make_slot(id, spec, overhears);
        }
    }

    fn make_slot(&mut self, id: InstanceId, spec: &ProgramSpec, overhears: Overhears) {
        let mut slot = Slot::new(id, spec, overhears);
        if let Err(error) = slot.choose_logs(None, None) {
            self.trouble(error.to_string());
        }
        self.slots.insert(id, Box::new(slot));
        self.keep(id);
    }

    /// Makes the slots that a group has gained, and keeps that it has them.
    fn take_shape(&mut self, name: &GroupName, before: &[(InstanceId, Arc<ProgramSpec>)]) {
        let overhears = self.faces.overhears();
        let Some(group) = self.world.group(name).cloned() else { return };
        for (&id, spec) in group.members.iter().zip(&group.spec.programs) {
            if !self.slots.contains_key(&id) {
                self.make_slot(id, spec, overhears);
            }
        }
        for (id, before) in before {
            self.exchange_outputs(*id, before, overhears);
        }
        self.roster.added(name);
        self.keep_roster();
    }

    fn exchange_outputs(&mut self, id: InstanceId, before: &ProgramSpec, overhears: Overhears) {
        let (Some(slot), Some(instance)) = (self.slots.get_mut(&id), self.world.instance(id)) else { return };
        for (channel, told) in slot.set_outputs(before, &instance.spec.clone(), overhears, &self.pipes) {
            self.pass_on(id, channel, vec![told]);
        }
        self.keep(id);
    }
}

/// How many descriptors a program takes here.
fn fds_of(spec: &ProgramSpec) -> u64 {
    let stdin = match spec.stdin {
        StdinSource::Pipe | StdinSource::GroupSocket => 1,
        StdinSource::Null | StdinSource::Own | StdinSource::Socket(_) => 0,
    };
    let stream = |output: &OutputSpec| match output.log {
        LogTarget::Direct(_) => 0,
        LogTarget::Nowhere => 1,
        LogTarget::File(_) | LogTarget::Followed(_) | LogTarget::Fresh { .. } => 2,
    };
    let stderr = match &spec.stderr {
        ErrorOutput::Own(output) => stream(output),
        ErrorOutput::WithStdout => 0,
    };
    1 + stdin + stream(&spec.stdout) + stderr
}

/// Whether minder chose the name of this log.
fn chosen(spec: &ProgramSpec, channel: Channel) -> bool {
    let output = match (channel, &spec.stderr) {
        (Channel::Stdout, _) => &spec.stdout,
        (Channel::Stderr, ErrorOutput::Own(output)) => output,
        (Channel::Stderr, ErrorOutput::WithStdout) => return false,
    };
    matches!(output.log, LogTarget::Fresh { .. })
}
