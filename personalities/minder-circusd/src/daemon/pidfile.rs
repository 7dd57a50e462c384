//! The file with the daemon's pid.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Why there cannot be one: what is printed, and the status is 1.
///
/// # Errors
/// When the daemon whose pid it holds still lives, or its directory is not there.
pub fn check(file: &Path) -> Result<(), String> {
    let own = std::process::id();
    match holder(file) {
        Some(pid) if pid != own => {
            return Err(format!("pid file '{}' is stale, current pid {own}", file.display()));
        }
        Some(_) | None => {}
    }
    match file.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) if !parent.is_dir() => {
            Err(format!("{} doesn't exist. Can't create pidfile", parent.display()))
        }
        Some(_) | None => Ok(()),
    }
}

/// The living process whose pid a file holds.
fn holder(file: &Path) -> Option<u32> {
    let pid: i32 = std::fs::read_to_string(file).ok()?.trim().parse().ok()?;
    let process = rustix::process::Pid::from_raw(pid).filter(|_| pid > 0)?;
    match rustix::process::test_kill_process(process) {
        Err(rustix::io::Errno::SRCH) => None,
        // Somebody else's process lives, too.
        Ok(()) | Err(_) => u32::try_from(pid).ok(),
    }
}

/// Writes our pid.
///
/// # Errors
/// When the file cannot be written.
pub fn write(file: &Path) -> std::io::Result<()> {
    std::fs::write(file, format!("{}\n", std::process::id()))?;
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o644))
}

/// Removes it, unless it holds another pid than this by now.
pub fn remove(file: &Path, pid: u32) {
    let held = std::fs::read_to_string(file).ok().map(|text| text.trim().to_owned());
    if held.is_some_and(|held| held.parse::<u32>().map_or(true, |held| held == pid)) {
        // Somebody may have been faster.
        let _ = std::fs::remove_file(file);
    }
}
