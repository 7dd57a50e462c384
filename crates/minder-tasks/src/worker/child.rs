//! A process that does runs: the first of a process group of its own, which does not outlive its worker.

#![allow(unsafe_code, reason = "what happens between fork and exec has no safe form")]

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::task::{Context, Poll};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::ready_fd::ReadyFd;
use crate::run::Exit;

/// Alive until [`Child::ended`] has said how it ended.
#[derive(Debug)]
pub(super) struct Child {
    process: std::process::Child,
    /// Its pid, which is its group's too.
    group: Pid,
    pidfd: ReadyFd,
    exit: Option<Exit>,
}

impl Child {
    /// Starts it.
    pub(super) fn spawn(command: &mut Command) -> io::Result<Self> {
        let worker = rustix::process::getpid();
        command.process_group(0);
        // SAFETY: both are system calls that are nothing else, with no memory of the worker's touched.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                // A worker that died before that will not be noticed any more.
                if rustix::process::getppid() != Some(worker) {
                    return Err(rustix::io::Errno::CHILD.into());
                }
                Ok(())
            });
        }
        let process = command.spawn()?;
        let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        let group = pid.ok_or(io::ErrorKind::InvalidData)?;
        let pidfd = ReadyFd::new(pidfd_open(group, PidfdFlags::empty())?)?;
        Ok(Self { process, group, pidfd, exit: None })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Whether it has ended already, whatever the event loop has heard of it.
    pub(super) fn has_ended(&self) -> bool {
        let mut pidfd = [PollFd::new(self.pidfd.get(), PollFlags::IN)];
        self.exit.is_some() || poll(&mut pidfd, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    }

    /// Signals it and all that it has started, as long as those stay in its group.
    pub(super) fn signal(&self, signal: Signal) {
        if self.exit.is_none() {
            // Whoever is not there any more needs no signal.
            let _ = kill_process_group(self.group, signal);
        }
    }

    /// Waits until it has ended; what is left of its group is killed then. A wait that is given up loses nothing.
    pub(super) async fn ended(&mut self) -> io::Result<Exit> {
        if let Some(exit) = self.exit {
            return Ok(exit);
        }
        self.pidfd.becomes_readable().await?;
        self.reap()
    }

    /// The same, for somebody who waits for much else.
    pub(super) fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Exit>> {
        match (self.exit, self.pidfd.poll_readable(context)) {
            (Some(exit), _) => Poll::Ready(Ok(exit)),
            (None, Poll::Ready(Ok(()))) => Poll::Ready(self.reap()),
            (None, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
            (None, Poll::Pending) => Poll::Pending,
        }
    }

    fn reap(&mut self) -> io::Result<Exit> {
        // Before it is reaped, since only then is the group's number nobody else's for certain.
        self.signal(Signal::KILL);
        let exit = Exit::of(self.process.wait()?);
        self.exit = Some(exit);
        Ok(exit)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}
