//! Where a configuration is looked for if the command line names none.

use super::machine::Machine;
use super::paths::{directory_of, join};

/// The paths that are tried, in order. The first two depend on where the program is: `argv0` as it was called, so a program
/// found through `PATH` by an absolute path has its prefix, and one called by its bare name has the current directory.
#[must_use]
pub fn candidates(argv0: &str) -> Vec<String> {
    let prefix = directory_of(directory_of(argv0));
    vec![
        join(prefix, "etc/supervisord.conf"),
        join(prefix, "supervisord.conf"),
        "supervisord.conf".to_owned(),
        "etc/supervisord.conf".to_owned(),
        "/etc/supervisord.conf".to_owned(),
        "/etc/supervisor/supervisord.conf".to_owned(),
    ]
}

/// The first candidate that exists.
///
/// # Errors
///
/// If none does: the text with which supervisord refuses to start. supervisorctl goes on with its defaults instead.
pub fn find(argv0: &str, machine: &dyn Machine) -> Result<String, String> {
    let candidates = candidates(argv0);
    match candidates.iter().find(|path| machine.exists(path)) {
        Some(path) => Ok(path.clone()),
        None => Err(format!(
            "No config file found at default paths ({}); use the -c option to specify a config file at a different path",
            candidates.join(", ")
        )),
    }
}

/// What supervisord prints as a warning if root starts it without naming a configuration.
pub const ROOT_SEARCHES: &str = "Supervisord is running as root and it is searching for its configuration file in default \
    locations (including its current working directory); you probably want to specify a \"-c\" argument specifying an \
    absolute path to a configuration file for improved security.";
