//! The supervisor of a demo as a child of the demo: started, awaited, asked, stopped.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use minder_supervisord::client::{Address, Client};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::signal::unix::{self, SignalKind};
use tokio::time::Instant;

use super::Over;
use super::changes::Changes;
use super::place::Place;
use crate::cli::{Complaint, Program, programs_of, terminal};

/// How long the supervisor may take until it answers.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How much of what a broken supervisor has said is shown, in lines.
const LAST_WORDS: usize = 12;

/// Ctrl-C, `SIGTERM` and the end of the terminal.
#[derive(Debug)]
pub(super) struct Interrupts {
    interrupt: unix::Signal,
    terminate: unix::Signal,
    hang_up: unix::Signal,
}

impl Interrupts {
    /// From now on none of them ends this process by itself.
    pub(super) fn catch() -> Result<Interrupts, Complaint> {
        let catch = |kind| {
            unix::signal(kind).map_err(|error| Complaint::failed(format!("cannot catch signals: {error}")))
        };
        Ok(Interrupts {
            interrupt: catch(SignalKind::interrupt())?,
            terminate: catch(SignalKind::terminate())?,
            hang_up: catch(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// Something happened in the directories that are watched.
    Changed,
    Interrupted,
    /// The supervisor is no more.
    Ended,
    /// The deadline has passed.
    Late,
}

/// A process that can be awaited without a handler of `SIGCHLD`.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    /// Never read from; like a pipe whose writer is gone, it is readable once the process has ended.
    pidfd: Receiver,
}

impl Process {
    /// Starts it. What it says goes to a file.
    pub(super) fn start(command: &mut Command, words: &Path) -> io::Result<Process> {
        let words = File::create(words)?;
        let child = command.stdin(Stdio::null()).stdout(words.try_clone()?).stderr(words).spawn()?;
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::NONBLOCK)?;
        Ok(Process { child, pidfd: Receiver::from_owned_fd_unchecked(pidfd)? })
    }

    /// Waits for its end. Safe to be dropped.
    pub(super) async fn ended(&self) {
        // A pidfd is readable from the end of its process on, for ever.
        let _ = self.pidfd.readable().await;
    }

    pub(super) fn ask_to_end(&self) {
        // It fails only when it has ended and was reaped, which is what was asked for.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
    }

    /// Takes its exit status. To be called after [`Process::ended`], so that it does not block.
    pub(super) fn reap(&mut self) -> Option<std::process::ExitStatus> {
        self.child.wait().ok()
    }
}

/// The supervisor of a demo.
#[derive(Debug)]
pub(super) struct Station {
    process: Process,
    socket: PathBuf,
    words: PathBuf,
    log: PathBuf,
    changes: Changes,
}

impl Station {
    /// Starts minder as supervisord in the foreground, with the configuration of the place and these variables.
    pub(super) fn start(
        place: &Place,
        variables: &[(&str, String)],
        watched: &[&Path],
    ) -> Result<Station, Complaint> {
        let mut command = Command::new(place.minder());
        command.arg0("supervisord").args(["-n", "-s", "-c"]).arg(place.file("supervisord.conf"));
        Station::start_as("supervisord", "supervisor.sock", command, place, variables, watched)
    }

    /// Starts minder as circusd in the foreground, with the `circus.ini` of the place and these variables.
    pub(super) fn start_circusd(
        place: &Place,
        variables: &[(&str, String)],
        watched: &[&Path],
    ) -> Result<Station, Complaint> {
        let mut command = Command::new(place.minder());
        command.arg0("circusd").arg(place.file("circus.ini"));
        Station::start_as("circusd", "control.sock", command, place, variables, watched)
    }

    fn start_as(
        name: &str,
        socket: &str,
        mut command: Command,
        place: &Place,
        variables: &[(&str, String)],
        watched: &[&Path],
    ) -> Result<Station, Complaint> {
        let failed = |error: io::Error| Complaint::failed(format!("cannot start minder: {error}"));
        let changes = Changes::of(watched).map_err(failed)?;
        let words = place.file(&format!("{name}.out"));
        command
            .current_dir(place.directory())
            .envs(variables.iter().map(|(name, value)| (*name, value.as_str())));
        let process = Process::start(&mut command, &words).map_err(failed)?;
        let (socket, log) = (place.file(socket), place.file(&format!("{name}.log")));
        Ok(Station { process, socket, words, log, changes })
    }

    /// Waits for anything that matters, at most until the deadline.
    pub(super) async fn wait(&self, interrupts: &mut Interrupts, deadline: Option<Instant>) -> Woken {
        let late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = interrupts.next() => Woken::Interrupted,
            () = self.process.ended() => Woken::Ended,
            _ = self.changes.next() => Woken::Changed,
            () = late => Woken::Late,
        }
    }

    /// Waits until the control socket answers. The socket, the pidfile and the log are in the watched directory, so every
    /// step of the start wakes us to try.
    pub(super) async fn until_answering(&mut self, interrupts: &mut Interrupts) -> Result<(), Over> {
        let deadline = Instant::now() + ANSWER_MAX;
        while UnixStream::connect(&self.socket).await.is_err() {
            match self.wait(interrupts, Some(deadline)).await {
                Woken::Changed => {}
                Woken::Interrupted => return Err(Over::Asked),
                Woken::Ended => return Err(Over::Broken(self.broken())),
                Woken::Late => {
                    let message = format!("minder does not answer at {}", self.socket.display());
                    return Err(Over::Broken(self.with_last_words(Complaint::failed(message))));
                }
            }
        }
        Ok(())
    }

    /// Waits until no program is on its way, and gives them all. Every change of a state is a line in the main log, which
    /// wakes us to ask.
    pub(super) async fn until_settled(
        &mut self,
        interrupts: &mut Interrupts,
        patience: Duration,
    ) -> Result<Vec<Program>, Over> {
        let client = Client::new(Address::Unix(self.socket.clone()), None);
        let deadline = Instant::now() + patience;
        loop {
            let moving = |program: &Program| matches!(program.state.as_str(), "STARTING" | "BACKOFF");
            let told =
                match client.call("supervisor.getAllProcessInfo", &[]).await.map(|all| programs_of(&all)) {
                    Ok(Some(programs)) if !programs.iter().any(moving) => return Ok(programs),
                    Ok(Some(programs)) => Ok(programs),
                    Ok(None) => Err(Complaint::failed("minder tells of its programs in an unknown form")),
                    Err(error) => {
                        Err(Complaint::failed(format!("minder does not tell of its programs: {error}")))
                    }
                };
            // A Ctrl-C reaches the station as well, and may end it before we hear of it: then it tells nothing any more.
            match self.wait(interrupts, Some(deadline)).await {
                Woken::Changed => {}
                Woken::Interrupted => return Err(Over::Asked),
                Woken::Ended => return Err(Over::Broken(self.broken())),
                Woken::Late => return Ok(told?),
            }
        }
    }

    /// Asks it to end and waits for that. Programs that take their time are awaited: the supervisor knows how long.
    pub(super) async fn stop(&mut self, interrupts: &mut Interrupts) {
        self.process.ask_to_end();
        loop {
            tokio::select! {
                () = self.process.ended() => break,
                () = interrupts.next() => terminal::say("still stopping; programs that take their time get it\n"),
            }
        }
        let _ = self.process.reap();
    }

    /// That it ended by itself, with what it said last.
    pub(super) fn broken(&mut self) -> Complaint {
        let how = self.process.reap().map_or_else(|| "ended".to_owned(), |status| format!("ended: {status}"));
        self.with_last_words(Complaint::failed(format!("minder {how}")))
    }

    fn with_last_words(&self, complaint: Complaint) -> Complaint {
        let words =
            [&self.log, &self.words].map(|path| fs::read_to_string(path).unwrap_or_default()).concat();
        let lines: Vec<&str> = words.lines().filter(|line| !line.trim().is_empty()).collect();
        let last = lines.iter().skip(lines.len().saturating_sub(LAST_WORDS));
        last.fold(complaint, |complaint, line| complaint.with_hint(format!("it said: {line}")))
    }
}
