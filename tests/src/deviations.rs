//! Where minder differs from Supervisor on purpose. Each entry is mirrored in `docs/from-supervisor.md`.
//!
//! A scenario names the deviations it meets. Then, on each side, what that side's pattern finds in a line becomes the
//! deviation's name, so the two are equal where they differ as they should and nowhere else.

use crate::daemon::Kind;
use regex::Regex;

/// One deliberate difference.
#[derive(Debug)]
pub struct Deviation {
    /// How scenarios call it.
    pub name: &'static str,
    /// Why minder does not do the same.
    pub reason: &'static str,
    /// What the original says: a regular expression on a normalised line.
    pub original: &'static str,
    /// What minder says instead.
    pub minder: &'static str,
    /// Lines that only one of the two has.
    pub extra: &'static str,
}

/// A pattern that finds nothing.
const NOTHING: &str = "[^\\s\\S]";

/// All of them.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        name: "half a letter",
        reason: "a range of a log that cuts a multi-byte letter makes the original answer HTTP 500, so the log cannot be read \
                 there; minder puts U+FFFD for what is no text",
        original: "= http 500$",
        minder: "= (\"[^\"]*\u{FFFD}.*\"|\\[\"[^\"]*\u{FFFD}.*\\])$",
        extra: NOTHING,
    },
    Deviation {
        name: "malformed credentials",
        reason: "an Authorization header that is no base64, or holds no colon, makes the original answer HTTP 500; minder asks \
                 for a password as it does for a wrong one",
        original: "= 500$",
        minder: "= 401$",
        extra: NOTHING,
    },
    Deviation {
        name: "garbage is answered",
        reason: "a request line that is none is answered with 400 instead of silence, so that its sender knows",
        original: "^garbage: no answer: .*$",
        minder: "^== garbage: HTTP/1.1 400 Bad Request$",
        extra: "^(connection: .*|content-length: 0)$",
    },
    Deviation {
        name: "a real address in a redirect",
        reason: "over a unix socket the original redirects to `http://<unix domain socket>/`, where nobody can go",
        original: "http://<unix domain socket>/",
        minder: "http://localhost/",
        extra: NOTHING,
    },
    Deviation {
        name: "logs are plain text",
        reason: "a browser must not take a log for a page",
        original: NOTHING,
        minder: NOTHING,
        extra: "^x-content-type-options: nosniff$",
    },
    Deviation {
        // `trace::daemon_lines` leaves these lines out everywhere, because when they come is a race.
        name: "orphans come home",
        reason: "minder is the reaper of all its descendants, so it also sees what a program left behind end; the original \
                 does only as the first process of a system",
        original: NOTHING,
        minder: NOTHING,
        extra: "reaped unknown pid",
    },
    Deviation {
        name: "the whole tree stops",
        reason: "a stop is over when nothing of the program lives, so what it leaves is asked to end as well, and killed when the \
                 program's patience is over",
        original: "^grandchild of (alone|killgroup|killgroup_only) died = false$",
        minder: "^grandchild of (alone|killgroup|killgroup_only) died = true$",
        extra: NOTHING,
    },
    Deviation {
        name: "no Python to trace",
        reason: "a traceback names lines of a program that minder is not",
        original: NOTHING,
        minder: NOTHING,
        extra: "^(WARN Traceback |  File |    |TypeError: |⏎$)",
    },
    Deviation {
        name: "no negative durations",
        reason: "a negative number of seconds does the same as none, so that is what is kept and told; a negative size \
                 makes the original begin a new log with every piece, and means no limit here",
        original: "\"(startsecs|stopwaitsecs|startretries|[a-z_]+_maxbytes)\":(-[0-9]+|0\\b)",
        minder: "\"(startsecs|stopwaitsecs|startretries|[a-z_]+_maxbytes)\":0\\b",
        extra: NOTHING,
    },
];

/// Rewrites one side's lines by the deviation called `name`.
///
/// # Panics
/// When there is no such deviation.
pub fn apply(name: &str, kind: Kind, lines: &mut Vec<String>) {
    let deviation = DEVIATIONS
        .iter()
        .find(|deviation| deviation.name == name)
        .unwrap_or_else(|| panic!("no deviation is called {name:?}"));
    let pattern = |text| Regex::new(text).expect("a deviation's pattern");
    let extra = pattern(deviation.extra);
    lines.retain(|line| !extra.is_match(line));
    let said = pattern(match kind {
        Kind::Original => deviation.original,
        Kind::Minder => deviation.minder,
    });
    for line in lines {
        *line = said.replace_all(line, format!("<{name}>")).into_owned();
    }
}
