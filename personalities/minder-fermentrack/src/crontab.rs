//! The lines in the user's crontab, read and written through the program `crontab`.
//!
//! ```text
//!  crontab -l ─▶ table ─which are missing?─▶ table + missing lines ─▶ crontab -
//! ```

use std::fmt;
use std::io::{self, Write};
use std::process::{Command, Stdio};

/// What a crontab must have for the daemon to be kept alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    /// Starts the daemon with the machine.
    Reboot,
    /// Starts it within ten minutes of its end.
    Periodic,
}

impl Entry {
    /// In the order in which they are looked at, told and added.
    pub(crate) const ALL: [Self; 2] = [Self::Reboot, Self::Periodic];

    /// What a line begins with, and how it ends behind the name of the script.
    fn ends(self) -> (&'static [u8], &'static [u8]) {
        match self {
            Self::Reboot => (b"@reboot", b"sh start"),
            Self::Periodic => (b"*/10 * * * *", b"sh startifstopped"),
        }
    }

    /// Whether this line is such an entry, by the original's expressions: `^@reboot.*updateCronCircus.sh start$` and
    /// `^\*/10 \* \* \* \*.*updateCronCircus.sh startifstopped$`. Their one dot stands for any character.
    fn is(self, line: &[u8]) -> bool {
        let (begin, end) = self.ends();
        let middle = line.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
        middle
            .and_then(|middle| middle.split_last())
            .is_some_and(|(_dot, rest)| rest.ends_with(b"updateCronCircus"))
    }

    /// The line for a script at this place.
    fn line(self, script: &[u8]) -> Vec<u8> {
        let (when, argument): (&[u8], &[u8]) = match self {
            Self::Reboot => (b"@reboot ", b" start\n"),
            Self::Periodic => (b"*/10 * * * * ", b" startifstopped\n"),
        };
        [when, script, argument].concat()
    }
}

/// The entries that a table lacks.
pub(crate) fn missing(table: &[u8]) -> Vec<Entry> {
    let has = |entry: Entry| table.split(|byte| *byte == b'\n').any(|line| entry.is(line));
    Entry::ALL.into_iter().filter(|entry| !has(*entry)).collect()
}

/// The table with these entries behind what it has, of which no byte is changed.
pub(crate) fn with(mut table: Vec<u8>, entries: &[Entry], script: &[u8]) -> Vec<u8> {
    if table.last().is_some_and(|last| *last != b'\n') {
        table.push(b'\n');
    }
    entries.iter().for_each(|entry| table.extend(entry.line(script)));
    table
}

/// Why the table is as it was.
#[derive(Debug)]
pub(crate) enum CrontabError {
    /// The program could not be run: is cron installed?
    Run(io::Error),
    /// It could not tell the table. To write one now could lose what is there.
    Unread,
    /// It did not take the new table.
    Refused,
}

impl fmt::Display for CrontabError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => write!(f, "cannot run `crontab`: {error}; install the package cron"),
            Self::Unread => f.write_str("`crontab -l` failed, so the crontab is left as it is"),
            Self::Refused => f.write_str("`crontab -` refused the new crontab, so it is as it was"),
        }
    }
}

/// The user's table, empty if there is none. What `crontab` says of that goes to standard error, as with the original.
pub(crate) fn read() -> Result<Vec<u8>, CrontabError> {
    let output =
        Command::new("crontab").arg("-l").stdin(Stdio::null()).output().map_err(CrontabError::Run)?;
    // There is nobody to tell if that fails.
    let _ = io::stderr().write_all(&output.stderr);
    // Having no table is a failure for `crontab`, and only its words tell it from the others.
    let none = output.stderr.starts_with(b"no crontab for ");
    if output.status.success() || none { Ok(output.stdout) } else { Err(CrontabError::Unread) }
}

/// Makes this the user's table.
pub(crate) fn write(table: &[u8]) -> Result<(), CrontabError> {
    let mut child =
        Command::new("crontab").arg("-").stdin(Stdio::piped()).spawn().map_err(CrontabError::Run)?;
    let sent = child.stdin.take().map_or(Ok(()), |mut stdin| stdin.write_all(table));
    let status = child.wait().map_err(CrontabError::Run)?;
    if sent.is_ok() && status.success() { Ok(()) } else { Err(CrontabError::Refused) }
}

#[cfg(test)]
mod tests {
    use super::Entry::{Periodic, Reboot};
    use super::{missing, with};

    #[test]
    fn entries_are_known_wherever_the_script_lies() {
        let both = "@reboot ~/fermentrack/brewpi-script/utils/updateCronCircus.sh start\n\
                    MAILTO=x\n\
                    */10 * * * * ~/fermentrack/utils/updateCronCircus.sh startifstopped";
        assert_eq!(missing(both.as_bytes()), []);
        assert_eq!(missing(b"@reboot updateCronCircus.sh start\n"), [Periodic]);
        assert_eq!(missing(b"@rebootupdateCronCircusXsh start\n"), [Periodic]);
        assert_eq!(missing(b"*/10 * * * * updateCronCircus.sh startifstopped\n"), [Reboot]);
    }

    #[test]
    fn what_only_looks_like_an_entry_does_not_count() {
        for line in [
            "# @reboot ~/updateCronCircus.sh start",
            " @reboot ~/updateCronCircus.sh start",
            "@reboot ~/updateCronCircus.sh start ",
            "@reboot ~/updateCronCircus.sh startifstopped",
            "@reboot ~/updateCronCircussh start",
            "*/10 * * * * ~/updateCronCircus.sh start",
            "*/5 * * * * ~/updateCronCircus.sh startifstopped",
            "",
        ] {
            assert_eq!(missing(line.as_bytes()), [Reboot, Periodic], "{line:?}");
        }
    }

    #[test]
    fn what_is_there_stays_as_it_is() {
        let table = b"# \xff not text\n\n  0 0 * * * x\t".to_vec();
        let expected = b"# \xff not text\n\n  0 0 * * * x\t\n*/10 * * * * ~/u startifstopped\n";
        assert_eq!(with(table, &[Periodic], b"~/u"), expected);
    }
}
