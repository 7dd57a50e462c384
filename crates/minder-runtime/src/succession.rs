//! The keeper was killed, and this process becomes the next one.
//!
//! ```text
//!  keeper ✗        mind ─Boot::exec: children, pipes, held descriptors─▶ keeper ─▶ the next mind
//! ```
//!
//! Nothing is handed from process to process: the mind *is* the next keeper, and what it held as a mind it holds as a
//! keeper. The mind after it begins as every mind does. The children have another parent from then on, so the keeper
//! watches them by their pidfds.

use std::io;

use minder_keeper::wire::{ChildFds, ChildState, ToKeeper};
use minder_keeper::{Boot, KeptChild, Succession};
use rustix::process::{Pid, Signal, kill_process_group, pidfd_send_signal};

use crate::mind::Mind;

impl Mind {
    /// Makes sense of what was on its way when the keeper was killed. Only a kill ends a keeper before its mind.
    pub(crate) fn keeper_is_gone(&mut self) {
        self.trouble(format!(
            "process {} was killed, the parent of all programs; process {} takes its place",
            self.keeper,
            std::process::id()
        ));
        // They run, and whether they came as far as their program nobody will tell any more.
        for (child, (pid, fds)) in self.processes.take_all_announced() {
            self.spawned(child, pid, None, fds);
        }
        self.settle();
    }

    /// Becomes the keeper. Returns only when that was not possible.
    #[must_use]
    pub fn succeed(mut self) -> io::Error {
        let mut children = Vec::new();
        let all: Vec<_> = self.children.iter().map(|(&child, &id)| (child, id)).collect();
        for (child, id) in all {
            // One that was ordered and never came to be is ordered again by the next mind.
            let Some(process) = self.processes.take(child) else { continue };
            let pipes = self.slots.get_mut(&id).map(|slot| slot.give_up_pipes()).unwrap_or_default();
            let fds = ChildFds { pidfd: process.pidfd, ..pipes };
            let signals = self.slots.get(&id).map_or(0, |slot| slot.signals);
            let (pid, failure) = (process.pid, process.failure);
            let state = self.untold_end(child).map_or(ChildState::Alive, ChildState::Exited);
            children.push(KeptChild { child, pid, state, failure, signals, fds });
        }
        let (held, unsent) = self.link.bequeath();
        for message in &unsent {
            send_instead(message, &children);
        }
        let succession = Succession { lives: self.lives + 1, children };
        let argv: Vec<_> = std::env::args_os().collect();
        let environment: Vec<_> = std::env::vars_os().collect();
        Boot { held, succession: Some(succession) }.exec(&argv, &environment)
    }
}

/// A signal that the keeper was to send and did not even hear of.
fn send_instead(message: &ToKeeper, children: &[KeptChild]) {
    let &ToKeeper::Signal { child, signal, reach } = message else { return };
    let Some(kept) = children.iter().find(|kept| kept.child == child) else { return };
    let Some(signal) = Signal::from_named_raw(signal) else { return };
    let sent = kept.fds.pidfd.as_ref().map(|pidfd| pidfd_send_signal(pidfd, signal));
    // While it lives its number is its own.
    if let (Some(Ok(())), minder_keeper::wire::Reach::Group) = (sent, reach)
        && let Some(pid) = Pid::from_raw(kept.pid.cast_signed())
    {
        let _ = kill_process_group(pid, signal);
    }
}
