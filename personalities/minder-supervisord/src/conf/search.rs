//! Where a configuration is looked for if the command line names none.

use super::machine::Machine;
use super::paths::{directory_of, join};

/// The path of the program as the original would know it, to be shown in messages and searched beside. The original is a
/// script, and the kernel tells a script by which path it was found; a binary has to look that up in `PATH` itself.
#[must_use]
pub fn program(argv0: &str, machine: &dyn Machine) -> String {
    if argv0.contains('/') {
        return argv0.to_owned();
    }
    let environment = machine.environment();
    let path = environment.iter().find(|(name, _)| name == "PATH").map_or("", |(_, path)| path.as_str());
    let found = path.split(':').map(|directory| join(directory, argv0)).find(|path| machine.exists(path));
    found.unwrap_or_else(|| argv0.to_owned())
}

/// The paths that are tried, in order. The first two are beside the program: in the directory above the one that holds it.
#[must_use]
pub fn candidates(program: &str) -> Vec<String> {
    let prefix = directory_of(directory_of(program));
    vec![
        join(prefix, "etc/supervisord.conf"),
        join(prefix, "supervisord.conf"),
        "supervisord.conf".to_owned(),
        "etc/supervisord.conf".to_owned(),
        "/etc/supervisord.conf".to_owned(),
        "/etc/supervisor/supervisord.conf".to_owned(),
    ]
}

/// The first candidate that exists, for a program that was called by `argv0`.
///
/// # Errors
///
/// If none does: the text with which supervisord refuses to start. supervisorctl goes on with its defaults instead.
pub fn find(argv0: &str, machine: &dyn Machine) -> Result<String, String> {
    let candidates = candidates(&program(argv0, machine));
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

#[cfg(test)]
mod tests {
    use super::candidates;

    #[test]
    fn the_first_two_places_are_beside_the_program() {
        assert_eq!(
            candidates("/opt/x/bin/supervisord")[..2],
            ["/opt/x/etc/supervisord.conf", "/opt/x/supervisord.conf"]
        );
        assert_eq!(candidates("/supervisord")[..2], ["/etc/supervisord.conf", "/supervisord.conf"]);
        assert_eq!(candidates("./supervisord")[..2], ["etc/supervisord.conf", "supervisord.conf"]);
        assert_eq!(candidates("../bin/supervisord")[..2], ["../etc/supervisord.conf", "../supervisord.conf"]);
        assert_eq!(candidates("supervisord").len(), 6);
    }
}
