//! A Python virtual environment, brought into the environment of a watcher when that is made.

use super::exception::Exception;
use super::python::is_space;
use super::watcher::WatcherOptions;
use crate::ini::machine::Machine;

/// Puts the virtual environment's programs into `PATH` and its packages into `PYTHONPATH`, if the watcher has one.
///
/// # Errors
///
/// `ValueError` without `copy_env`, or if there is no directory of packages.
pub(super) fn load(watcher: &mut WatcherOptions, machine: &dyn Machine) -> Result<(), Exception> {
    let Some(root) = watcher.virtualenv.clone() else { return Ok(()) };
    if !watcher.copy_env {
        return Err(Exception::value("copy_env must be True to to use virtualenv"));
    }
    let site = site_packages(&root, watcher.virtualenv_py_ver.as_deref(), machine)?;
    let environment = watcher.env.get_or_insert_default();
    let programs = join(&root, "bin");
    if machine.exists(&programs) {
        let path = environment.get("PATH").unwrap_or_default();
        environment.set("PATH", format!("{programs}:{path}"));
    }
    let given = environment.get("PYTHONPATH").filter(|path| !path.is_empty()).map(str::to_owned);
    let mut path: Vec<String> = Vec::new();
    let packages = listed_packages(&site, machine);
    let listed = !packages.is_empty();
    path.extend(packages);
    path.extend(given);
    let path = path.join(":");
    // A list that names the directory already is dropped by the original, and only what was given is kept.
    let value = match (listed, path.split(':').any(|part| part == site)) {
        (true, true) => match environment.get("PYTHONPATH").filter(|path| !path.is_empty()) {
            Some(given) => format!("{given}:{site}"),
            None => site,
        },
        _ if path.is_empty() => site,
        _ => format!("{path}:{site}"),
    };
    environment.set("PYTHONPATH", value);
    Ok(())
}

/// The directory of packages for a Python version. The original takes its own version if none is named; we have none, so we
/// take the newest that is there.
fn site_packages(root: &str, version: Option<&str>, machine: &dyn Machine) -> Result<String, Exception> {
    let library = join(root, "lib");
    let directory = |name: &str| join(&join(&library, name), "site-packages");
    let tried: Vec<String> = match version {
        Some(version) => {
            ["python", "pypy"].iter().map(|kind| directory(&format!("{kind}{version}"))).collect()
        }
        None => {
            let mut found: Vec<(Vec<u32>, String)> = machine
                .list(&library)
                .into_iter()
                .filter_map(|name| Some((version_of(&name)?, name)))
                .collect();
            found.sort_by(|a, b| b.0.cmp(&a.0));
            if found.is_empty() {
                found.push((Vec::new(), "python3".to_owned()));
            }
            found.into_iter().map(|(_, name)| directory(&name)).collect()
        }
    };
    match tried.iter().find(|directory| machine.exists(directory)) {
        Some(directory) => Ok(directory.clone()),
        None => Err(Exception::value(format!("{} does not exist", tried.join(",")))),
    }
}

/// The numbers of `python3.11` or `pypy3.9`.
fn version_of(name: &str) -> Option<Vec<u32>> {
    let numbers = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"))?;
    numbers.split('.').map(|number| number.parse().ok()).collect()
}

/// The directories that the `.pth` files of a directory of packages name, each once.
fn listed_packages(site: &str, machine: &dyn Machine) -> Vec<String> {
    let mut packages = Vec::new();
    for name in machine.list(site).iter().filter(|name| name.ends_with(".pth")) {
        let Ok(bytes) = machine.read_file(&join(site, name)) else { continue };
        for line in String::from_utf8_lossy(&bytes).lines() {
            if line.starts_with('#') || line.starts_with("import") {
                continue;
            }
            let package = normal(&join(site, line.trim_end_matches(is_space)), machine);
            if machine.exists(&package) && !packages.contains(&package) {
                packages.push(package);
            }
        }
    }
    packages
}

/// Joins as Python does: an absolute second part replaces the first.
fn join(directory: &str, name: &str) -> String {
    if name.starts_with('/') || directory.is_empty() {
        return name.to_owned();
    }
    if directory.ends_with('/') { format!("{directory}{name}") } else { format!("{directory}/{name}") }
}

/// The absolute path without `.`, `..` and repeated slashes.
fn normal(path: &str, machine: &dyn Machine) -> String {
    let absolute =
        if path.starts_with('/') { path.to_owned() } else { join(&machine.current_directory(), path) };
    let mut parts: Vec<&str> = Vec::new();
    for part in absolute.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
