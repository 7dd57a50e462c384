//! Where the daemon listens: `endpoint` of `[circus]` in its own file.
//!
//! Of the file format only what that one key needs is known here. Files that are included are not read.

use std::net::{IpAddr, Ipv4Addr};

use minder_zmtp::{Endpoint, EndpointError, Host};

/// Where a Circus listens that was told nothing.
const DEFAULT: &str = "tcp://127.0.0.1:5555";

/// The endpoint in the text of a configuration, or the usual one. `variable` looks into the environment.
pub(crate) fn of_configuration(
    text: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Endpoint, EndpointError> {
    reachable(&substituted(written_endpoint(text).unwrap_or(DEFAULT), variable))
}

/// An endpoint to connect to: what stands for all interfaces is reached at this machine's own.
pub(crate) fn reachable(text: &str) -> Result<Endpoint, EndpointError> {
    Ok(match text.parse()? {
        Endpoint::Tcp { host: Host::Any, port } => {
            Endpoint::Tcp { host: Host::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)), port }
        }
        endpoint @ (Endpoint::Tcp { .. } | Endpoint::Ipc(_) | Endpoint::Abstract(_)) => endpoint,
    })
}

/// The first value of the key in the sections of that name: later ones do not count for Circus.
fn written_endpoint(text: &str) -> Option<&str> {
    let mut inside = false;
    for line in text.lines().filter(|line| !line.starts_with(['#', ';', ' ', '\t'])) {
        if let Some(title) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            inside = title.0 == "circus";
            continue;
        }
        match line.split_once(['=', ':']) {
            Some((key, value)) if inside && key.trim_end() == "endpoint" => return Some(uncommented(value)),
            Some(_) | None => {}
        }
    }
    None
}

/// Without what follows a `;` behind a blank, and blanks around it.
fn uncommented(value: &str) -> &str {
    let comment = value.match_indices(';').find(|(at, _)| value[..*at].ends_with([' ', '\t']));
    comment.map_or(value, |(at, _)| &value[..at]).trim()
}

/// With `$(circus.env.NAME)` and `((circus.env.NAME))` replaced; an unknown name stays as it is written.
fn substituted(value: &str, variable: impl Fn(&str) -> Option<String>) -> String {
    let mut result = String::new();
    let mut rest = value;
    let forms = [("$(circus.env.", ")"), ("((circus.env.", "))")];
    while let Some((at, (open, close))) =
        forms.iter().filter_map(|form| Some((rest.find(form.0)?, form))).min_by_key(|(at, _)| *at)
    {
        let (before, name) = (&rest[..at], &rest[at + open.len()..]);
        let replaced = name.split_once(close).and_then(|(name, after)| Some((variable(name)?, after)));
        result.push_str(before);
        let (text, after) = replaced.unwrap_or_else(|| ((*open).to_owned(), name));
        result.push_str(&text);
        rest = after;
    }
    result.push_str(rest);
    result
}

#[cfg(test)]
mod tests {
    use super::of_configuration;

    fn check(configuration: &str, expected: &str) {
        let variable = |name: &str| (name == "HOME").then(|| "/home/f".to_owned());
        let found = of_configuration(configuration, variable).map(|endpoint| endpoint.to_string());
        assert_eq!(found.as_deref(), Ok(expected), "{configuration:?}");
    }

    #[test]
    fn the_first_endpoint_of_the_daemons_own_section_counts() {
        check("", "tcp://127.0.0.1:5555");
        check("[circus]\nendpoint = tcp://h:7555\nendpoint = tcp://h:1", "tcp://h:7555");
        check("[watcher:a]\nendpoint = x\n[circus]\nstats_endpoint = y\nendpoint:ipc://z", "ipc://z");
        check("[circus]\n#endpoint = a\n;endpoint = b\n endpoint = c\n", "tcp://127.0.0.1:5555");
        check("[circus]\nendpoint = tcp://h:7555 ; not 5555", "tcp://h:7555");
    }

    #[test]
    fn the_environment_is_put_in() {
        check("[circus]\nendpoint = ipc://$(circus.env.HOME)/c", "ipc:///home/f/c");
        check(
            "[circus]\nendpoint = ipc://((circus.env.HOME))/c$(circus.env.NO)",
            "ipc:///home/f/c$(circus.env.NO)",
        );
    }

    #[test]
    fn all_interfaces_are_asked_at_this_machine() {
        check("[circus]\nendpoint = tcp://*:5555", "tcp://127.0.0.1:5555");
    }
}
