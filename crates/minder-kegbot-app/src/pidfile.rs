//! The program's own pidfile, if it is told to have one.

use std::path::PathBuf;

use crate::log::Logger;
use crate::standing::{self, Standing};

/// There is no pidfile, and the reason has been logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// A pidfile that goes when this does.
pub struct Pidfile(Option<PathBuf>);

impl Pidfile {
    /// Writes our pid into `path`; an empty path writes nothing.
    ///
    /// # Errors
    /// When another process holds it, or it cannot be read or written. The reason has been logged.
    pub fn write(path: &str, log: &Logger) -> Result<Self, Refused> {
        if path.is_empty() {
            return Ok(Self(None));
        }
        let pid = std::process::id();
        log.info(&format!("Logging PID ({pid}) to file {path}"));
        let standing = standing::of_pidfile(path);
        if standing != Standing::Stopped {
            log.warning("Pidfile already exists, checking liveness");
        }
        match standing {
            Standing::Stopped | Standing::Died(_) => {}
            Standing::Running(pid) => {
                log.error(&format!("Old pid {} is still alive, aborting", pid.as_raw_nonzero()));
                return Err(Refused);
            }
            Standing::Unknown => {
                log.error("Could not read pid, abort.");
                return Err(Refused);
            }
        }
        if std::fs::write(path, format!("{pid}\n")).is_err() {
            log.error(&format!("Error writing pid to {path}"));
            return Err(Refused);
        }
        Ok(Self(Some(PathBuf::from(path))))
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // Somebody else may have removed it, which is as good.
            let _ = std::fs::remove_file(path);
        }
    }
}
