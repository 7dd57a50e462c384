//! Processes begin and end: what the keeper tells of them becomes inputs of the supervision, after what they have said has
//! been read.

use minder_core::event::{Channel, Event};
use minder_core::ids::{Errno, ExitStatus, GroupName, InstanceId, Pid};
use minder_core::input::Input;
use minder_core::instance::{Trouble, UnbornStep};
use minder_core::program::{StdinSource, Unborn};
use minder_keeper::wire::{ChildFds, ChildId, SpawnStep, Stage, StageFailure, ToKeeper};

use crate::logs::Pumped;
use crate::mind::Mind;

/// How much of a dead process's output is read before its exit is told: what a pipe can hold, many times over.
/// It may have children that hold the pipe and never stop writing.
const LAST_WORDS_PUMPS_MAX: usize = 64;

impl Mind {
    pub(crate) fn spawned(
        &mut self,
        child: ChildId,
        pid: u32,
        failure: Option<StageFailure>,
        mut fds: ChildFds,
    ) {
        let Some((&id, pid)) = self.children.get(&child).zip(Pid::new(pid)) else { return };
        self.processes.began(child, pid.get(), failure, &mut fds);
        if let Some(failure) = failure
            && self.counts_as_not_made(id)
        {
            self.unborn.insert(child, failure);
            return;
        }
        let Some(slot) = self.slots.get_mut(&id) else { return };
        if let Err(error) = slot.attach(fds, pid.get(), &self.pipes) {
            self.trouble(format!("cannot watch the output of process {pid}: {error}"));
        }
        self.inputs.push_back(Input::Spawned(id, pid));
        if let Some(failure) = failure {
            // The process is told of before what it says.
            self.settle();
            self.note_failure(id, failure);
        }
    }

    fn counts_as_not_made(&self, id: InstanceId) -> bool {
        self.world.instance(id).is_some_and(|instance| instance.spec.surroundings.unborn == Unborn::NotMade)
    }

    /// Says in the program's own log where its process gave up.
    fn note_failure(&mut self, id: InstanceId, failure: StageFailure) {
        let Some(instance) = self.world.instance(id) else { return };
        let notices = &instance.spec.notices;
        let notice = match failure.stage {
            Stage::Credentials(_) => &notices.identity,
            Stage::Directory => &notices.directory,
            Stage::Exec | Stage::Group | Stage::Descriptors | Stage::Limits => &notices.exec,
        };
        let text = crate::status::notice_text(notice, Errno(failure.errno));
        let mut told = Vec::new();
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let channel = slot.note(&text, &mut told);
        self.pass_on(id, channel, told);
    }

    pub(crate) fn not_spawned(&mut self, child: ChildId, step: SpawnStep, errno: Errno) {
        let Some(id) = self.children.remove(&child) else { return };
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.child = None;
        }
        let trouble = match step {
            SpawnStep::Request | SpawnStep::Pipes => Trouble::Pipes(errno),
            SpawnStep::Clone => Trouble::Fork(errno),
        };
        self.inputs.push_back(Input::NotSpawned(id, trouble));
        self.close_idle_socket(id);
    }

    /// A process has ended and left nothing, or nothing that concerns anybody: its last words first, then the exit, then the keeper may forget it.
    pub(crate) fn exited(&mut self, child: ChildId, status: ExitStatus) {
        if let Some(failure) = self.unborn.remove(&child) {
            if let Some(id) = self.children.remove(&child) {
                if let Some(slot) = self.slots.get_mut(&id) {
                    slot.child = None;
                }
                self.inputs.push_back(Input::NotSpawned(id, unborn(failure)));
                self.settle();
            }
        } else if let Some(id) = self.children.remove(&child) {
            for channel in [Channel::Stdout, Channel::Stderr] {
                self.hear_last_words(id, channel);
            }
            if let Some(slot) = self.slots.get_mut(&id) {
                slot.child = None;
            }
            self.inputs.push_back(Input::Exited(id, status));
            // The exit is in the ledger before the keeper forgets it.
            self.settle();
            self.close_idle_socket(id);
        }
        self.processes.ended(child);
        self.link.send(ToKeeper::Acknowledge { child });
    }

    fn hear_last_words(&mut self, id: InstanceId, channel: Channel) {
        for _ in 0..LAST_WORDS_PUMPS_MAX {
            if self.slots.get(&id).is_none_or(|slot| slot.is_silent(channel)) {
                break;
            }
            match self.pump(id, channel) {
                Pumped::More => {}
                // Whoever reads the log is slow; the pipe is about to go, so this once he is waited for.
                Pumped::Held if self.slots.get(&id).is_some_and(|slot| slot.wait_for_target(channel)) => {}
                Pumped::Held | Pumped::Empty | Pumped::Ended => break,
            }
        }
        let mut told = Vec::new();
        if let Some(slot) = self.slots.get_mut(&id) {
            slot.detach(channel, &self.pipes, &mut told);
        }
        self.pass_on(id, channel, told);
    }

    /// Closes the socket of a slot's group when none of its programs has a process.
    fn close_idle_socket(&mut self, id: InstanceId) {
        let Some(instance) = self.world.instance(id) else { return };
        if instance.spec.stdin != StdinSource::GroupSocket {
            return;
        }
        let name: GroupName = instance.group.clone();
        let Some(group) = self.world.group(&name) else { return };
        let used = |id: &InstanceId| self.slots.get(id).is_some_and(|slot| slot.child.is_some());
        if group.members.iter().any(used) {
            return;
        }
        if let Some(address) = self.sockets.close(&name) {
            self.link.release(crate::launch::socket_name(name.as_str()));
            self.events.push_back(Event::SocketClosed(name, address));
        }
    }
}

fn unborn(failure: StageFailure) -> Trouble {
    let step = match failure.stage {
        Stage::Group => UnbornStep::Lead,
        Stage::Descriptors => UnbornStep::Descriptors,
        Stage::Limits => UnbornStep::Limits,
        Stage::Credentials(_) => UnbornStep::Identity,
        Stage::Directory => UnbornStep::Directory,
        Stage::Exec => UnbornStep::Exec,
    };
    Trouble::Unborn(step, Errno(failure.errno))
}
