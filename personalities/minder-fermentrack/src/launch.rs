//! The daemon's start: whether there is one already, the environment that the script gives it, and the executable under
//! the daemon's name.
//!
//! ```text
//!  lock free? ─▶ nobody at the endpoint? ─▶ circusd --daemon circus.ini, which inherits the lock
//! ```

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use minder_zmtp::{Endpoint, EndpointError};

use crate::layout::Layout;
use crate::lock::Lock;
use crate::manager::{self, Answer, AskError};

/// Where programs are looked for when the environment does not say it.
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// What came of a start.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The daemon is in the background.
    Started,
    /// There is one already.
    Running,
    /// Somebody holds the lock, but nobody listens yet: another start is at work, or the daemon listens elsewhere.
    Held,
    /// Somebody listens and does not answer. A second daemon could not listen there.
    Silent,
    /// It said why not, and ended.
    Refused,
}

/// Why it could not be tried.
#[derive(Debug)]
pub(crate) enum LaunchError {
    /// The configuration names an endpoint that is none.
    Endpoint(EndpointError),
    /// Nobody could be asked whether there is a daemon.
    Ask(AskError),
    /// The lock cannot be taken.
    Lock(PathBuf, io::Error),
    /// The executable cannot be run.
    Circusd(PathBuf, io::Error),
}

impl fmt::Display for LaunchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Endpoint(error) => error.fmt(f),
            Self::Ask(error) => error.fmt(f),
            Self::Lock(path, error) => write!(f, "cannot lock {}: {error}", path.display()),
            Self::Circusd(path, error) => write!(f, "cannot run {}: {error}", path.display()),
        }
    }
}

/// Starts the daemon, if there is none, and waits until it has left for the background.
pub(crate) fn start(
    circusd: &Path,
    layout: &Layout,
    endpoint: Result<Endpoint, EndpointError>,
) -> Result<Outcome, LaunchError> {
    let endpoint = endpoint.map_err(LaunchError::Endpoint)?;
    let lock = Lock::take(&layout.lock()).map_err(|error| LaunchError::Lock(layout.lock(), error))?;
    match (lock, manager::ask(&endpoint, "status").map_err(LaunchError::Ask)?) {
        (_, Answer::Reply(_)) => Ok(Outcome::Running),
        (_, Answer::Silent) => Ok(Outcome::Silent),
        (None, Answer::Absent) => Ok(Outcome::Held),
        (Some(lock), Answer::Absent) => {
            let status = run(circusd, layout, &lock);
            let status = status.map_err(|error| LaunchError::Circusd(circusd.to_owned(), error))?;
            Ok(if status.success() { Outcome::Started } else { Outcome::Refused })
        }
    }
}

/// What the daemon says before it leaves goes where the script's own words go. Afterwards it keeps neither the terminal
/// nor a pipe, so cron does not wait for it.
fn run(circusd: &Path, layout: &Layout, lock: &Lock) -> io::Result<ExitStatus> {
    lock.bequeath()?;
    let own = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let path = own("PATH").unwrap_or_else(|| PATH_DEFAULT.into());
    let python_path = match own("PYTHONPATH") {
        Some(before) => joined(&before, layout.application().as_os_str()),
        None => layout.application().into(),
    };
    let mut command = Command::new(circusd);
    command.arg0("circusd").arg("--daemon").arg(layout.configuration()).stdin(Stdio::null());
    // What sourcing the virtual environment does to a shell, and the script itself.
    command.env("VIRTUAL_ENV", layout.virtualenv());
    command.env("PATH", joined(layout.virtualenv().join("bin").as_os_str(), &path));
    command.env_remove("PYTHONHOME").env("PYTHONPATH", python_path);
    command.status()
}

fn joined(first: &OsStr, second: &OsStr) -> OsString {
    let mut path = first.to_owned();
    path.push(":");
    path.push(second);
    path
}
