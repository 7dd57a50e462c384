//! Whom the daemon runs as, and what the system lets it have.

use rustix::process::{Gid, Resource, Rlimit, Uid, getrlimit, getuid, setrlimit};

use super::opening::Opening;
use crate::conf::machine::User;
use crate::conf::settings::DaemonSection;
use crate::conf::types::LogLevel;

const RUNS_AS_ROOT: &str = "Supervisor is running as root.  Privileges were not dropped because no user is \
    specified in the config file.  If you intend to run as root, you can set user=root in the config file to avoid \
    this message.";

/// Becomes the user of the configuration.
///
/// # Errors
/// The original's text, to be printed behind `Error: `.
pub(super) fn drop_privileges(user: Option<&User>, opening: &mut Opening) -> Result<(), String> {
    let Some(user) = user else {
        if getuid().is_root() {
            opening.say(LogLevel::Critical, RUNS_AS_ROOT);
        }
        return Ok(());
    };
    if getuid().as_raw() != user.uid {
        if !getuid().is_root() {
            return Err("Can't drop privilege as nonroot user".to_owned());
        }
        let groups: Vec<Gid> = user.groups.iter().map(|&gid| Gid::from_raw(gid)).collect();
        rustix::thread::set_thread_groups(&groups)
            .map_err(|_| "Could not set groups of effective user".to_owned())?;
        rustix::thread::set_thread_gid(Gid::from_raw(user.gid))
            .map_err(|_| "Could not set group id of effective user".to_owned())?;
        // The front has one thread, so this is the whole process.
        rustix::thread::set_thread_uid(Uid::from_raw(user.uid))
            .map_err(|error| format!("Could not set user id of effective user: {error}"))?;
    }
    opening.say(LogLevel::Info, format!("Set uid to user {} succeeded", user.uid));
    Ok(())
}

/// Raises the limits on descriptors and processes to what the configuration needs.
///
/// # Errors
/// The original's text, to be printed behind `Error: `.
pub(super) fn raise_limits(section: &DaemonSection, opening: &mut Opening) -> Result<(), String> {
    raise(Resource::Nofile, "RLIMIT_NOFILE", section.minfds, opening).map_err(|hard| {
        format!(
            "The minimum number of file descriptors required to run this process is {} as per the \"minfds\" \
             command-line argument or config file setting. The current environment will only allow you to open {hard} \
             file descriptors.  Either raise the number of usable file descriptors in your environment (see \
             README.rst) or lower the minfds setting in the config file to allow the process to start.",
            section.minfds
        )
    })?;
    raise(Resource::Nproc, "RLIMIT_NPROC", section.minprocs, opening).map_err(|hard| {
        format!(
            "The minimum number of available processes required to run this program is {} as per the \"minprocs\" \
             command-line argument or config file setting. The current environment will only allow you to open {hard} \
             processes.  Either raise the number of usable processes in your environment (see README.rst) or lower \
             the minprocs setting in the config file to allow the program to start.",
            section.minprocs
        )
    })
}

/// The error is what is said to be allowed: the original has raised that number before it tries, and prints it so.
fn raise(resource: Resource, name: &str, least: i64, opening: &mut Opening) -> Result<(), i64> {
    let limit = getrlimit(resource);
    let Ok(wanted) = u64::try_from(least) else { return Ok(()) };
    if limit.current.is_none_or(|soft| soft >= wanted) {
        return Ok(());
    }
    let hard = limit.maximum.map(|hard| hard.max(wanted));
    setrlimit(resource, Rlimit { current: Some(wanted), maximum: hard })
        .map_err(|_| hard.map_or(-1, |hard| i64::try_from(hard).unwrap_or(i64::MAX)))?;
    opening.say(LogLevel::Info, format!("Increased {name} limit to {wanted}"));
    Ok(())
}
