//! Other programs that are asked: where they are found, how long they may take, and what they said.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

/// How much of what a program prints is looked at: the last bytes.
const PRINTED_MAX: u64 = 1 << 20;

/// Where other programs are looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    path: OsString,
}

/// What a program said before it ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// The end of its standard output, at most 1 MiB.
    pub output: String,
    /// The same of its standard error.
    pub errors: String,
}

/// Why a program did not answer.
#[derive(Debug)]
pub enum Silence {
    /// There is none of this name.
    Missing(String),
    /// It did not end in this time, and was killed.
    TooSlow(String, Duration),
    /// The system does not let us.
    System(String, io::Error),
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(name) => write!(f, "there is no program `{name}`"),
            Self::TooSlow(name, time) => write!(f, "`{name}` did not end within {} s", time.as_secs_f64()),
            Self::System(name, error) => write!(f, "`{name}` cannot be run: {error}"),
        }
    }
}

impl std::error::Error for Silence {}

impl Answer {
    /// Whether it ended with status 0.
    pub fn is_well(&self) -> bool {
        self.status.success()
    }

    /// Its last words: the last line that is not empty, of its errors or else of its output.
    pub fn last_words(&self) -> String {
        let last =
            |text: &str| text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
        last(&self.errors).or_else(|| last(&self.output)).unwrap_or_else(|| self.status.to_string())
    }
}

impl Outside {
    /// As this process finds programs.
    pub fn of_this_process() -> Self {
        Self { path: std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()) }
    }

    /// Only in these directories.
    pub fn of_path(path: impl Into<OsString>) -> Self {
        Self { path: path.into() }
    }

    /// Where a program of this name is.
    pub fn find(&self, name: &str) -> Option<PathBuf> {
        if name.contains('/') {
            return Some(PathBuf::from(name)).filter(|path| is_executable(path));
        }
        std::env::split_paths(&self.path).map(|folder| folder.join(name)).find(|path| is_executable(path))
    }

    /// Runs a program to its end, with nothing to read.
    ///
    /// # Errors
    /// When there is none, it cannot be run, or it takes longer than `limit`; then it is killed with those that it started.
    pub fn ask<A: AsRef<OsStr>>(
        &self,
        name: &str,
        arguments: &[A],
        limit: Duration,
    ) -> Result<Answer, Silence> {
        self.tell(name, arguments, "", limit)
    }

    /// Runs a program to its end, with this to read.
    ///
    /// # Errors
    /// As [`Outside::ask`].
    pub fn tell<A: AsRef<OsStr>>(
        &self,
        name: &str,
        arguments: &[A],
        input: &str,
        limit: Duration,
    ) -> Result<Answer, Silence> {
        let file = self.find(name).ok_or_else(|| Silence::Missing(name.to_owned()))?;
        let mut command = Command::new(file);
        command.args(arguments);
        run(name, command, input, limit)
    }
}

/// Runs a command to its end. What it prints goes to memory and not through pipes: what it leaves running may keep them open.
///
/// # Errors
/// When it cannot be run, or takes longer than `limit`; then it is killed with those that it started.
pub fn run(name: &str, mut command: Command, input: &str, limit: Duration) -> Result<Answer, Silence> {
    let system = |error: io::Error| Silence::System(name.to_owned(), error);
    let mut read = memory().map_err(system)?;
    read.write_all(input.as_bytes()).and_then(|()| read.rewind()).map_err(system)?;
    let (mut output, mut errors) = (memory().map_err(system)?, memory().map_err(system)?);
    command.stdin(Stdio::from(read));
    command.stdout(Stdio::from(output.try_clone().map_err(system)?));
    command.stderr(Stdio::from(errors.try_clone().map_err(system)?));
    command.process_group(0);
    let mut child = command.spawn().map_err(system)?;
    let ended = wait(&mut child, limit).map_err(system)?;
    let Some(status) = ended else {
        end_all(&mut child);
        return Err(Silence::TooSlow(name.to_owned(), limit));
    };
    let output = printed(&mut output).map_err(system)?;
    Ok(Answer { status, output, errors: printed(&mut errors).map_err(system)? })
}

/// Waits for the end of a child. `None`: it has not ended in time.
///
/// # Errors
/// What the system says.
pub fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + limit;
    let descriptor = pidfd(child)?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        wait_readable(&descriptor, left)?;
    }
}

/// Waits until a descriptor can be read, or the time is over.
fn wait_readable(descriptor: &OwnedFd, limit: Duration) -> io::Result<()> {
    let timeout = Timespec::try_from(limit).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
    let mut set = [PollFd::from_borrowed_fd(descriptor.as_fd(), PollFlags::IN)];
    match poll(&mut set, Some(&timeout)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn pidfd(child: &Child) -> io::Result<OwnedFd> {
    Ok(pidfd_open(pid(child)?, PidfdFlags::empty())?)
}

fn pid(child: &Child) -> io::Result<Pid> {
    i32::try_from(child.id())
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::other("a child without a process id"))
}

/// Kills a child that leads a process group, with all of the group.
pub(crate) fn end_all(child: &mut Child) {
    if let Ok(pid) = pid(child) {
        // They may be gone already; the wait below says so.
        let _ = kill_process_group(pid, Signal::KILL);
    }
    let _ = child.wait();
}

fn memory() -> io::Result<File> {
    Ok(File::from(memfd_create("minder-answer", MemfdFlags::CLOEXEC)?))
}

fn printed(file: &mut File) -> io::Result<String> {
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(length.saturating_sub(PRINTED_MAX)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::{Outside, Silence};
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_a_program_says_is_heard() {
        let outside = Outside::of_this_process();
        let answer = outside.ask("sh", &["-c", "echo out; echo no >&2; exit 3"], LONG).expect("an answer");
        assert_eq!((answer.output.as_str(), answer.status.code()), ("out\n", Some(3)));
        assert_eq!(answer.last_words(), "no");
        let answer = outside.tell("cat", &["-"], "to read", LONG).expect("an answer");
        assert_eq!(answer.output, "to read");
    }

    #[test]
    fn a_program_that_leaves_another_behind_has_ended() {
        let outside = Outside::of_this_process();
        let answer = outside.ask("sh", &["-c", "sleep 60 & echo $!"], LONG).expect("an answer");
        let pid: i32 = answer.output.trim().parse().expect("a number");
        let pid = rustix::process::Pid::from_raw(pid).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it runs");
    }

    #[test]
    fn a_program_that_takes_too_long_is_killed() {
        let outside = Outside::of_this_process();
        let silence = outside.ask("sleep", &["600"], Duration::from_millis(10)).expect_err("no answer");
        assert!(matches!(silence, Silence::TooSlow(..)), "{silence}");
        let silence = outside.ask("no-such-program", &[""; 0], LONG).expect_err("no answer");
        assert_eq!(silence.to_string(), "there is no program `no-such-program`");
    }
}
