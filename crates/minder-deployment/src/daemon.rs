//! A daemon that keeps its process id in a file: whether it runs, and how it is ended.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{FlockOperation, flock};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A daemon, by the file with its process id and by a word of its command line. After a power cut another process may have its
/// number, but no other one has both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Daemon {
    /// The file with its process id.
    pub pidfile: PathBuf,
    /// What it was told to run.
    pub word: PathBuf,
}

impl Daemon {
    /// Its process, if it runs.
    pub fn pid(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(&self.pidfile).ok()?;
        let pid = Pid::from_raw(text.trim().parse().ok()?)?;
        self.is(pid).then_some(pid)
    }

    /// Asks it to end, and waits until it has. Gives whether it ran.
    ///
    /// # Errors
    /// When we may not, or it takes longer than `limit`.
    pub fn stop(&self, limit: Duration) -> Result<bool, String> {
        let Some((pid, process)) = self.hold()? else { return Ok(false) };
        let number = pid.as_raw_nonzero();
        match pidfd_send_signal(&process, Signal::TERM) {
            Ok(()) | Err(rustix::io::Errno::SRCH) => {}
            Err(error) => return Err(format!("process {number} cannot be ended: {error}")),
        }
        let end = Instant::now() + limit;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(format!("process {number} did not end within {} s", limit.as_secs()));
            }
            match is_readable(&process, left) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) => return Err(format!("process {number} cannot be waited for: {error}")),
            }
        }
    }

    /// Whoever it is that we hold, it stays that one.
    fn hold(&self) -> Result<Option<(Pid, OwnedFd)>, String> {
        let Some(pid) = self.pid() else { return Ok(None) };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(process) if self.is(pid) => Ok(Some((pid, process))),
            Ok(_) | Err(rustix::io::Errno::SRCH) => Ok(None),
            Err(error) => Err(format!("process {}: {error}", pid.as_raw_nonzero())),
        }
    }

    fn is(&self, pid: Pid) -> bool {
        let line = std::fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == self.word.as_os_str().as_bytes())
    }
}

fn is_readable(process: &OwnedFd, limit: Duration) -> io::Result<bool> {
    let timeout = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
    let mut set = [PollFd::from_borrowed_fd(process.as_fd(), PollFlags::IN)];
    match poll(&mut set, Some(&timeout)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Held by the one command that begins or ends deployments here; the kernel lets go of it when the process ends.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "to be open is all that it is for")] File);

impl Alone {
    /// Takes the lock of a folder, which is made if it is not there.
    ///
    /// # Errors
    /// When somebody else has it, or the system refuses.
    pub fn take(folder: &Path) -> Result<Self, String> {
        let path = folder.join("deployment.lock");
        let shown = |error: io::Error| format!("{}: {error}", path.display());
        std::fs::create_dir_all(folder).map_err(shown)?;
        let file = File::create(&path).map_err(shown)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(rustix::io::Errno::WOULDBLOCK) => {
                Err("another command begins or ends a deployment here".to_owned())
            }
            Err(error) => Err(shown(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Alone, Daemon};
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_daemon_is_ended_and_a_stranger_with_its_number_is_not() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let daemon = Daemon { pidfile: dir.path().join("pid"), word: dir.path().join("file") };
        assert_eq!(daemon.stop(Duration::from_secs(60)), Ok(false));
        let mut own = Command::new("sh");
        own.args(["-c", "sleep 600; :"]).arg("sh").arg(&daemon.word);
        let mut own = own.spawn().expect("started");
        std::fs::write(&daemon.pidfile, format!("{}\n", own.id())).expect("written");
        let end = std::time::Instant::now() + Duration::from_secs(60);
        while daemon.pid().is_none() && std::time::Instant::now() < end {
            std::thread::yield_now();
        }
        assert_eq!(daemon.stop(Duration::from_secs(60)), Ok(true));
        own.wait().expect("ended");
        let mut stranger = Command::new("sleep").arg("600").spawn().expect("started");
        std::fs::write(&daemon.pidfile, format!("{}\n", stranger.id())).expect("written");
        assert_eq!(daemon.stop(Duration::from_secs(60)), Ok(false));
        stranger.kill().expect("it runs still");
        stranger.wait().expect("ended");
    }

    #[test]
    fn only_one_is_alone() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let held = Alone::take(dir.path()).expect("the first");
        assert!(Alone::take(dir.path()).is_err());
        drop(held);
        assert!(Alone::take(dir.path()).is_ok());
    }
}
