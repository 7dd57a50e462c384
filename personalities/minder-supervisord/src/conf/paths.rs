//! Paths as the original's language treats them: text, joined and normalised without asking the disk.

use super::machine::Machine;

/// The part before the last slash, without trailing slashes unless it is nothing else.
pub(crate) fn directory_of(path: &str) -> &str {
    let head = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { head } else { trimmed }
}

/// The part behind the last slash.
pub(crate) fn name_of(path: &str) -> &str {
    &path[path.rfind('/').map_or(0, |slash| slash + 1)..]
}

/// `path` inside `base`; an absolute `path` is taken as it is.
pub(crate) fn join(base: &str, path: &str) -> String {
    if path.starts_with('/') || base.is_empty() {
        return path.to_owned();
    }
    if base.ends_with('/') { format!("{base}{path}") } else { format!("{base}/{path}") }
}

/// Absolute, without `.`, `..` and doubled slashes. Exactly two leading slashes stay, as POSIX allows them a meaning.
pub(crate) fn absolute(path: &str, machine: &dyn Machine) -> String {
    if path.starts_with('/') { normal(path) } else { normal(&join(&machine.current_directory(), path)) }
}

/// As [`absolute`], after a leading `~` became a home.
pub(crate) fn normalized(path: &str, machine: &dyn Machine) -> String {
    absolute(&with_home(path, machine), machine)
}

fn normal(path: &str) -> String {
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    let text = format!("{root}{}", parts.join("/"));
    if text.is_empty() { ".".to_owned() } else { text }
}

/// `~` and `~user` at the start replaced by that home; unchanged if there is none.
pub(crate) fn with_home(path: &str, machine: &dyn Machine) -> String {
    let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
    let end = rest.find('/').unwrap_or(rest.len());
    let (user, rest) = rest.split_at(end);
    let home = if user.is_empty() {
        let environment = machine.environment();
        let home = environment.into_iter().find(|(name, _)| name == "HOME").map(|(_, home)| home);
        home.or_else(|| machine.user_by_id(machine.user_id()).map(|user| user.home))
    } else {
        machine.user_by_name(user).map(|user| user.home)
    };
    let Some(home) = home else { return path.to_owned() };
    let expanded = format!("{}{rest}", home.trim_end_matches('/'));
    if expanded.is_empty() { "/".to_owned() } else { expanded }
}
