//! The words that a file may use, and what to say about others.
//!
//! The original ignores sections and keys that it does not know, so a misspelt one has no effect and nobody is told. A check
//! tells.

use super::ini::{Section, Tree};
use super::sections::limits;
use minder_config::{Problem, nearest::nearest};

/// The event types that a listener may ask for.
pub const EVENTS: [&str; 27] = [
    "EVENT",
    "PROCESS_STATE",
    "PROCESS_STATE_STOPPED",
    "PROCESS_STATE_EXITED",
    "PROCESS_STATE_STARTING",
    "PROCESS_STATE_STOPPING",
    "PROCESS_STATE_BACKOFF",
    "PROCESS_STATE_FATAL",
    "PROCESS_STATE_RUNNING",
    "PROCESS_STATE_UNKNOWN",
    "PROCESS_COMMUNICATION",
    "PROCESS_COMMUNICATION_STDOUT",
    "PROCESS_COMMUNICATION_STDERR",
    "PROCESS_LOG",
    "PROCESS_LOG_STDOUT",
    "PROCESS_LOG_STDERR",
    "REMOTE_COMMUNICATION",
    "SUPERVISOR_STATE_CHANGE",
    "SUPERVISOR_STATE_CHANGE_RUNNING",
    "SUPERVISOR_STATE_CHANGE_STOPPING",
    "TICK",
    "TICK_5",
    "TICK_60",
    "TICK_3600",
    "PROCESS_GROUP",
    "PROCESS_GROUP_ADDED",
    "PROCESS_GROUP_REMOVED",
];

const SUPERVISORD: &[&str] = &[
    "logfile",
    "logfile_maxbytes",
    "logfile_backups",
    "loglevel",
    "pidfile",
    "umask",
    "nodaemon",
    "silent",
    "minfds",
    "minprocs",
    "nocleanup",
    "strip_ansi",
    "childlogdir",
    "user",
    "directory",
    "environment",
    "identifier",
];

const SUPERVISORCTL: &[&str] = &["serverurl", "username", "password", "prompt", "history_file"];

const PROGRAM: &[&str] = &[
    "command",
    "process_name",
    "numprocs",
    "numprocs_start",
    "priority",
    "autostart",
    "autorestart",
    "startsecs",
    "startretries",
    "exitcodes",
    "stopsignal",
    "stopwaitsecs",
    "stopasgroup",
    "killasgroup",
    "user",
    "umask",
    "directory",
    "redirect_stderr",
    "stdout_logfile",
    "stdout_logfile_maxbytes",
    "stdout_logfile_backups",
    "stdout_capture_maxbytes",
    "stdout_events_enabled",
    "stdout_syslog",
    "stderr_logfile",
    "stderr_logfile_maxbytes",
    "stderr_logfile_backups",
    "stderr_capture_maxbytes",
    "stderr_events_enabled",
    "stderr_syslog",
    "environment",
    "serverurl",
];

/// The names of [`bounds::ALL`](minder_config::native::bounds::ALL), as they are written here.
const LIMITS: &[&str] = &["connections", "followers", "head_bytes", "body_bytes", "depth", "idle"];
const LISTENER: &[&str] = &["events", "buffer_size", "result_handler"];
const FCGI: &[&str] = &["socket", "socket_owner", "socket_mode", "socket_backlog"];

/// How the name of a section is matched.
enum Match {
    Whole(&'static str),
    Start(&'static str),
}

/// Which keys a section may have; no list is any.
struct Kind {
    name: Match,
    keys: Option<&'static [&'static [&'static str]]>,
}

/// All kinds of sections. The servers match by their start alone, as in the original.
const KINDS: [Kind; 12] = [
    Kind { name: Match::Whole("supervisord"), keys: Some(&[SUPERVISORD]) },
    Kind { name: Match::Whole("supervisorctl"), keys: Some(&[SUPERVISORCTL]) },
    Kind { name: Match::Whole("include"), keys: Some(&[&["files"]]) },
    Kind {
        name: Match::Start("unix_http_server"),
        keys: Some(&[&["file", "chmod", "chown", "username", "password"]]),
    },
    Kind { name: Match::Start("inet_http_server"), keys: Some(&[&["port", "username", "password"]]) },
    Kind { name: Match::Start("program:"), keys: Some(&[PROGRAM]) },
    Kind { name: Match::Start("eventlistener:"), keys: Some(&[PROGRAM, LISTENER]) },
    Kind { name: Match::Start("fcgi-program:"), keys: Some(&[PROGRAM, FCGI]) },
    Kind { name: Match::Start("group:"), keys: Some(&[&["programs", "priority"]]) },
    Kind { name: Match::Start("rpcinterface:"), keys: None },
    Kind { name: Match::Start("ctlplugin:"), keys: None },
    Kind { name: Match::Whole(limits::SECTION), keys: Some(&[LIMITS]) },
];

fn kind(section: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| match kind.name {
        Match::Whole(name) => section == name,
        Match::Start(prefix) => section.starts_with(prefix),
    })
}

/// Adds a warning for each section and key that has no effect.
pub fn judge(tree: &Tree, warnings: &mut Vec<Problem>) {
    for section in tree.sections() {
        match kind(&section.name) {
            None => warnings.push(unknown_section(section)),
            Some(Kind { keys: Some(keys), .. }) => unknown_keys(section, keys, warnings),
            Some(Kind { keys: None, .. }) => {}
        }
    }
}

fn unknown_section(section: &Section) -> Problem {
    let (word, rest) =
        section.name.split_once(':').map_or((section.name.as_str(), None), |(word, rest)| (word, Some(rest)));
    let words = KINDS.iter().map(|kind| match kind.name {
        Match::Whole(name) | Match::Start(name) => name.trim_end_matches(':'),
    });
    let meant = nearest(word.trim(), words);
    let hint = meant.map(|meant| match rest {
        Some(rest) => format!("did you mean [{meant}:{rest}]?"),
        None => format!("did you mean [{meant}]?"),
    });
    let problem = Problem::warning("unknown section, it has no effect").with_subject(&*section.name);
    problem.with_place(Some(section.at)).with_hint(hint)
}

fn unknown_keys(section: &Section, keys: &[&[&'static str]], warnings: &mut Vec<Problem>) {
    for entry in section.entries() {
        let known = || keys.iter().flat_map(|keys| keys.iter().copied());
        // A value without a key is already a fault.
        if !entry.key.is_empty() && !known().any(|key| key == entry.key) {
            let hint = nearest(&entry.key, known()).map(|meant| format!("did you mean `{meant}`?"));
            let problem = Problem::warning(format!("unknown key in [{}], it has no effect", section.name));
            warnings.push(problem.with_subject(&*entry.key).with_place(Some(entry.key_at)).with_hint(hint));
        }
    }
}

/// What to write instead of a value of the wrong kind, if that can be guessed.
#[must_use]
pub fn advice(value: &str, expected: &str) -> Option<String> {
    if value.is_empty() {
        return Some("an empty value is not the default; remove the line for that".to_owned());
    }
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    if expected.starts_with("a whole number") && !digits.is_empty() {
        return Some(format!("write `{digits}`"));
    }
    let unit = value[digits.len()..].trim().to_ascii_uppercase();
    if expected.starts_with("a number of bytes") && !digits.is_empty() {
        let unit = ["KB", "MB", "GB"].into_iter().find(|known| unit.starts_with(&known[..1]))?;
        return Some(format!("write `{digits}{unit}`"));
    }
    match (expected, value.to_ascii_lowercase().as_str()) {
        ("true or false", "y" | "t" | "enabled" | "enable") => Some("write `true`".to_owned()),
        ("true or false", "n" | "f" | "disabled" | "disable") => Some("write `false`".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_limit_that_may_be_set_is_known() {
        let all: Vec<String> = minder_config::native::bounds::ALL.iter().map(|bound| bound.key()).collect();
        assert_eq!(super::LIMITS, all);
    }
}
