//! What is said of a process that was started, stopped, signalled or cleared.

use super::exception::Exception;
use super::fault_codes as fault;
use super::process::Outcome;

/// What was asked for; it decides which codes have a text, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Start,
    Stop,
    Signal,
    Clear,
}

impl Deed {
    /// The word for a success.
    pub(super) fn done(self) -> &'static str {
        match self {
            Deed::Start => "started",
            Deed::Stop => "stopped",
            Deed::Signal => "signalled",
            Deed::Clear => "cleared",
        }
    }

    /// The line for one process.
    ///
    /// # Errors
    /// When the server reports something that has no text: the daemon is shutting down, for example.
    pub(super) fn line(self, outcome: &Outcome) -> Result<String, Exception> {
        let Outcome { name, code, description } = outcome;
        let known = i32::try_from(*code).unwrap_or_default();
        let error = match (self, known) {
            (_, fault::SUCCESS) => return Ok(format!("{name}: {}", self.done())),
            (Deed::Stop | Deed::Signal, fault::FAILED) => return Ok(description.clone()),
            (_, fault::BAD_NAME) => "no such process",
            (Deed::Clear, fault::FAILED) => "failed",
            (Deed::Start, fault::NO_FILE) => "no such file",
            (Deed::Start, fault::NOT_EXECUTABLE) => "file is not executable",
            (Deed::Start, fault::ALREADY_STARTED) => "already started",
            (Deed::Start, fault::SPAWN_ERROR) => "spawn error",
            (Deed::Start, fault::ABNORMAL_TERMINATION) => "abnormal termination",
            (Deed::Stop | Deed::Signal, fault::BAD_SIGNAL) => "bad signal name",
            (Deed::Stop | Deed::Signal, fault::NOT_RUNNING) => "not running",
            (_, _) => return Err(Exception::UnknownResult { code: *code, name: name.clone() }),
        };
        Ok(format!("{name}: ERROR ({error})"))
    }

    /// The exit status that a code asks for; `None` leaves it as it is.
    pub(super) fn exit_status(self, code: i64) -> Option<u8> {
        match (self, i32::try_from(code).unwrap_or_default()) {
            (_, fault::SUCCESS) => None,
            // What was wanted is so already.
            (Deed::Start, fault::ALREADY_STARTED) | (Deed::Stop, fault::NOT_RUNNING) => None,
            (_, fault::SPAWN_ERROR | fault::ABNORMAL_TERMINATION | fault::NOT_RUNNING) => {
                Some(super::controller::EXIT_NOT_RUNNING)
            }
            (_, _) => Some(super::controller::EXIT_GENERIC),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Deed;
    use crate::ctl::process::Outcome;

    #[test]
    fn every_code_has_its_text_and_its_exit_status() {
        let rows = [
            (Deed::Start, 80, Some("n: started"), None),
            (Deed::Start, 10, Some("n: ERROR (no such process)"), Some(1)),
            (Deed::Start, 20, Some("n: ERROR (no such file)"), Some(1)),
            (Deed::Start, 21, Some("n: ERROR (file is not executable)"), Some(1)),
            (Deed::Start, 60, Some("n: ERROR (already started)"), None),
            (Deed::Start, 50, Some("n: ERROR (spawn error)"), Some(7)),
            (Deed::Start, 40, Some("n: ERROR (abnormal termination)"), Some(7)),
            (Deed::Start, 6, None, Some(1)),
            (Deed::Start, 30, None, Some(1)),
            (Deed::Stop, 80, Some("n: stopped"), None),
            (Deed::Stop, 70, Some("n: ERROR (not running)"), None),
            (Deed::Stop, 30, Some("why"), Some(1)),
            (Deed::Signal, 80, Some("n: signalled"), None),
            (Deed::Signal, 11, Some("n: ERROR (bad signal name)"), Some(1)),
            (Deed::Signal, 70, Some("n: ERROR (not running)"), Some(7)),
            (Deed::Clear, 80, Some("n: cleared"), None),
            (Deed::Clear, 10, Some("n: ERROR (no such process)"), Some(1)),
            (Deed::Clear, 30, Some("n: ERROR (failed)"), Some(1)),
            (Deed::Clear, 70, None, Some(7)),
        ];
        for (deed, code, line, status) in rows {
            let outcome = Outcome { name: "n".to_owned(), code, description: "why".to_owned() };
            assert_eq!(deed.line(&outcome).ok().as_deref(), line, "{deed:?} {code}");
            assert_eq!(deed.exit_status(code), status, "{deed:?} {code}");
        }
    }
}
