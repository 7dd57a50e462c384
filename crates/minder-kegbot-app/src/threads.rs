//! The threads of a program, which all of Kegbot's programs tell of in the same words.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::log::Logger;

/// How long the end of a thread is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a thread ended that should not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind of trouble it was, such as `error` or `ValueError`.
    pub kind: String,
    /// What it says.
    pub text: String,
}

impl Failure {
    /// A failure of this kind.
    #[must_use]
    pub fn new(kind: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind: kind.into(), text: text.into() }
    }
}

struct Running {
    name: &'static str,
    thread: JoinHandle<()>,
    /// Its other end goes with the thread.
    over: Receiver<Never>,
}

enum Never {}

/// The threads that were started.
pub struct Threads {
    log: Logger,
    running: Vec<Running>,
    ends: Sender<&'static str>,
}

impl Threads {
    /// None yet, and the end on which the name of each thread comes when it has ended. `log` is the program's main logger.
    #[must_use]
    pub fn new(log: Logger) -> (Self, Receiver<&'static str>) {
        let (ends, ended) = channel();
        (Self { log, running: Vec::new(), ends }, ended)
    }

    /// Starts one. It ends when `body` does; what goes wrong in it is logged in the thread's name.
    ///
    /// # Errors
    /// When the system has no thread for it.
    pub fn start(
        &mut self,
        name: &'static str,
        body: impl FnOnce() -> Result<(), Failure> + Send + 'static,
    ) -> Result<(), Failure> {
        self.log.info(&format!("starting thread \"{name}\""));
        let (here, over) = channel();
        let (log, ends) = (self.log.named(name), self.ends.clone());
        let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _here = here;
            if let Err(failure) = body() {
                log.error(&format!("Uncaught exception in thread {name}. Stack trace:"));
                log.error(&format!("Error was: {}: {}", failure.kind, failure.text));
                log.error("Exiting thread.");
            }
            // Nobody may wait for it.
            let _ = ends.send(name);
        });
        let thread =
            thread.map_err(|error| Failure::new("error", format!("no thread for {name}: {error}")))?;
        self.running.push(Running { name, thread, over });
        Ok(())
    }

    /// Waits for each of them, for a while, and tells of it. They have been asked to end before.
    pub fn stop(self) {
        self.log.info("Stopping all service threads.");
        for one in self.running {
            if one.thread.is_finished() {
                continue;
            }
            self.log.info(&format!("stopping thread \"{}\"", one.name));
            match one.over.recv_timeout(PATIENCE) {
                Err(RecvTimeoutError::Disconnected) => {}
                Err(RecvTimeoutError::Timeout) => {
                    self.log.warning(&format!("thread \"{}\" does not end; leaving it behind", one.name));
                }
                Ok(never) => match never {},
            }
        }
        self.log.info("All service threads stopped.");
    }
}
