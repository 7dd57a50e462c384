//! By what a process is known from all others that ever had its pid.

use std::io;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// A process of this machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProcessIdentity {
    /// Its pid.
    pub pid: u32,
    /// When it was started, in the kernel's ticks since boot.
    pub birth: u64,
    /// Of which boot: the kernel's random id of it.
    pub boot: String,
}

impl ProcessIdentity {
    /// The process that asks.
    ///
    /// # Errors
    /// When there is no `/proc`.
    pub fn own() -> io::Result<Self> {
        let pid = std::process::id();
        Ok(Self { pid, birth: birth(pid)?, boot: boot()? })
    }

    /// Whether it lives still. A zombie does not.
    pub fn is_alive(&self) -> bool {
        boot().is_ok_and(|boot| boot == self.boot) && birth(self.pid).is_ok_and(|birth| birth == self.birth)
    }

    /// Sends it a signal, and never to another process that has its pid now. Gives whether it was alive.
    ///
    /// # Errors
    /// When we may not.
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else { return Ok(false) };
        let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(rustix::io::Errno::SRCH) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        // Whoever it is that we hold now, it stays that one.
        if !self.is_alive() {
            return Ok(false);
        }
        match pidfd_send_signal(&pidfd, signal) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

fn boot() -> io::Result<String> {
    Ok(std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Field 22 of `stat`, if field 3 does not say that it has ended.
fn birth(pid: u32) -> io::Result<u64> {
    let stat = std::fs::read(format!("/proc/{pid}/stat"))?;
    let read = || {
        let behind = stat.iter().rposition(|byte| *byte == b')')? + 1;
        let mut fields = std::str::from_utf8(&stat[behind..]).ok()?.split_ascii_whitespace();
        let state = fields.next()?;
        if matches!(state, "Z" | "X" | "x") {
            return None;
        }
        fields.nth(18)?.parse().ok()
    };
    read().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
}

#[cfg(test)]
mod tests {
    use super::ProcessIdentity;
    use rustix::process::Signal;

    #[test]
    fn a_process_is_known_from_another_one_with_its_pid() {
        let own = ProcessIdentity::own().expect("a /proc");
        assert!(own.is_alive());
        let later = ProcessIdentity { birth: own.birth + 1, ..own.clone() };
        assert!(!later.is_alive());
        let before = ProcessIdentity { boot: "another".into(), ..own };
        assert!(!before.is_alive());
        // It would end this test if it went to whoever has the pid.
        assert!(!before.signal(Signal::KILL).expect("nothing to refuse"));
    }
}
