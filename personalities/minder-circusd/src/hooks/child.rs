//! A process that hooks run in: in a group of its own, waited for without SIGCHLD, killed with all its group.
//!
//! ```text
//!  a thread: waits for the end and reaps nothing ─▶ a task on the daemon's thread: reaps, and tells who waits
//! ```
//!
//! The mind has no handler for SIGCHLD, because its programs are the keeper's children. The process is reaped on the
//! thread that kills it, so its number is its own for as long as anybody may kill it; and it is reaped at once, so an
//! interpreter that dies while nobody calls it leaves no zombie.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use tokio::sync::{oneshot, watch};

/// The variable by which minder's own processes know what they are; nobody else is to have it.
const ROLE_VARIABLE: &str = "MINDER_ROLE";
/// Bytes. The thread that waits does nothing else.
const STACK: usize = 64 << 10;

/// A process that is killed when this is dropped, and reaped whenever it ends.
#[derive(Debug)]
pub(super) struct HookProcess {
    group: Pid,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl HookProcess {
    /// Starts it, and gives the ends of those pipes that the command asks for.
    pub(super) fn spawn(
        command: &mut Command,
    ) -> io::Result<(Self, Option<ChildStdin>, Option<ChildStdout>)> {
        let mut child = command.process_group(0).env_remove(ROLE_VARIABLE).spawn()?;
        let group = Pid::from_child(&child);
        let end = match end_of(&child) {
            Ok(end) => end,
            Err(error) => {
                // It has hardly begun, and nobody could wait for it.
                child.kill()?;
                child.wait()?;
                return Err(error);
            }
        };
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (tell, ended) = watch::channel(None);
        tokio::spawn(async move {
            // An error means that the thread is gone, and the daemon with it.
            if end.await.is_ok()
                && let Ok(status) = child.wait()
            {
                // Whoever asked for the process may be gone.
                let _ = tell.send(Some(status));
            }
        });
        Ok((Self { group, ended }, stdin, stdout))
    }

    /// Waits for its end. `None`: how it ended cannot be known.
    pub(super) async fn ended(&mut self) -> Option<ExitStatus> {
        self.ended.wait_for(Option::is_some).await.ok().and_then(|status| *status)
    }

    /// Whether it has not been reaped yet.
    pub(super) fn is_alive(&self) -> bool {
        self.ended.borrow().is_none() && self.ended.has_changed().is_ok()
    }
}

impl Drop for HookProcess {
    fn drop(&mut self) {
        if self.is_alive() {
            // Its leader may have ended a moment ago, but what it started may not.
            let _ = rustix::process::kill_process_group(self.group, Signal::KILL);
        }
    }
}

/// Comes true when the process has ended. It stays a zombie.
fn end_of(child: &Child) -> io::Result<oneshot::Receiver<()>> {
    let pid = Pid::from_child(child);
    let (tell, end) = oneshot::channel();
    let wait = move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(rustix::io::Errno::INTR) = rustix::process::waitid(WaitId::Pid(pid), options) {}
        let _ = tell.send(());
    };
    std::thread::Builder::new().name("hook".to_owned()).stack_size(STACK).spawn(wait)?;
    Ok(end)
}
