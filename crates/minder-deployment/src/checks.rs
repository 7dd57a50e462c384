//! What must hold before a deployment begins: every check is looked at, and every one that does not hold is told.

use std::ffi::OsStr;
use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use minder_core::agenda::JobCommand;
use minder_core::deployment::{CheckSpec, Probe};
use minder_core::ids::BytePath;

use crate::outside;
use crate::storages::missing;

/// What came of one check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Its name.
    pub name: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What to do when it does not.
    pub hint: Option<String>,
}

/// Whether a check holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It does.
    Holds,
    /// It does not, or nobody knows, and a deployment can begin all the same.
    Warns(String),
    /// It does not, and no deployment begins.
    Fails(String),
}

/// What came of all checks, in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// What came of each.
    pub findings: Vec<Finding>,
}

impl Finding {
    /// A check that holds.
    pub fn holds(name: &str) -> Self {
        Self { name: name.to_owned(), verdict: Verdict::Holds, hint: None }
    }

    /// A check that does not hold.
    pub fn fails(name: &str, why: impl Into<String>, hint: &str) -> Self {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        Self { name: name.to_owned(), verdict: Verdict::Fails(why.into()), hint }
    }

    /// A check that a person should know of.
    pub fn warns(name: &str, why: impl Into<String>, hint: &str) -> Self {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        Self { name: name.to_owned(), verdict: Verdict::Warns(why.into()), hint }
    }

    /// Why it does not hold.
    pub fn complaint(&self) -> Option<&str> {
        match &self.verdict {
            Verdict::Holds => None,
            Verdict::Warns(why) | Verdict::Fails(why) => Some(why),
        }
    }
}

impl Report {
    /// Those that keep a deployment from beginning.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Fails(_)))
    }

    /// Those that a person should know of.
    pub fn warnings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Warns(_)))
    }

    /// Whether nothing keeps a deployment from beginning.
    pub fn is_well(&self) -> bool {
        self.failures().next().is_none()
    }
}

/// Looks at every check, one after the other, each for no longer than it says. Nothing is left behind.
pub fn run(checks: &[CheckSpec]) -> Report {
    Report { findings: checks.iter().map(look).collect() }
}

fn look(check: &CheckSpec) -> Finding {
    let result = match &check.probe {
        Probe::Command(job) => command(job, check.timeout),
        Probe::FreeSpace(path, bytes) => free_space(&place(path), *bytes),
        Probe::Writable(path) => writable(&place(path)),
        Probe::Reachable(address) => reachable(address, check.timeout),
    };
    let name = check.name.as_str().to_owned();
    match result {
        Ok(()) => Finding { name, verdict: Verdict::Holds, hint: None },
        Err(why) => {
            Finding { name, verdict: Verdict::Fails(why), hint: check.hint.as_deref().map(str::to_owned) }
        }
    }
}

fn command(job: &JobCommand, limit: Duration) -> Result<(), String> {
    let name = job.argv.first().map(|word| String::from_utf8_lossy(word.as_bytes()).into_owned());
    let command = command_of(job).ok_or("it has no command")?;
    let answer =
        outside::run(&name.unwrap_or_default(), command, "", limit).map_err(|why| why.to_string())?;
    if answer.is_well() { Ok(()) } else { Err(answer.last_words()) }
}

/// A process of a job, not yet started. `None`: it names nothing to execute.
pub(crate) fn command_of(job: &JobCommand) -> Option<Command> {
    let mut words = job.argv.iter().map(|word| OsStr::from_bytes(word.as_bytes()));
    let mut command = Command::new(words.next()?);
    command.args(words);
    if let Some(directory) = &job.directory {
        command.current_dir(place(directory));
    }
    for (name, value) in &job.environment {
        command.env(OsStr::from_bytes(name.as_bytes()), OsStr::from_bytes(value.as_bytes()));
    }
    Some(command)
}

/// A path of the model as the system has it.
pub fn place(path: &BytePath) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(path.as_bytes()))
}

fn free_space(path: &Path, needed: u64) -> Result<(), String> {
    let there = path.ancestors().find(|folder| folder.exists()).unwrap_or(Path::new("/"));
    let found = rustix::fs::statvfs(there).map_err(|error| format!("{}: {error}", there.display()))?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let lacking = shown(needed - free);
    Err(format!(
        "{} has {} free, {} are needed: {lacking} too few",
        there.display(),
        shown(free),
        shown(needed)
    ))
}

/// In the units of a `minder.toml`, which are powers of two, so that who wrote a size finds it again.
fn shown(bytes: u64) -> String {
    let unit =
        [("GB", 1_u64 << 30), ("MB", 1 << 20), ("KB", 1 << 10)].into_iter().find(|(_, each)| bytes >= *each);
    match unit {
        Some((unit, each)) if bytes.is_multiple_of(each) => format!("{} {unit}", bytes / each),
        Some((unit, each)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(each);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

fn writable(folder: &Path) -> Result<(), String> {
    let made = missing(folder);
    let result = std::fs::create_dir_all(folder).and_then(|()| write_and_remove(folder));
    for folder in made {
        // What cannot be removed was not made, or somebody else has put something into it.
        let _ = std::fs::remove_dir(folder);
    }
    result.map_err(|error| format!("{}: {error}", folder.display()))
}

fn write_and_remove(folder: &Path) -> io::Result<()> {
    let file = folder.join(format!(".minder-check-{}", std::process::id()));
    std::fs::write(&file, b"check\n")?;
    std::fs::remove_file(&file)
}

/// Looking a name up has no bound of its own, so it happens on a thread that may be left behind.
fn reachable(address: &str, limit: Duration) -> Result<(), String> {
    let (told, result) = mpsc::channel();
    let wanted = address.to_owned();
    std::thread::spawn(move || {
        // Nobody listens any more when the time is over.
        let _ = told.send(connect(&wanted, limit));
    });
    let too_late = |_| format!("{address} did not answer within {} s", limit.as_secs_f64());
    result.recv_timeout(limit).map_err(too_late)?
}

fn connect(address: &str, limit: Duration) -> Result<(), String> {
    let found = address.to_socket_addrs().map_err(|error| format!("{address}: {error}"))?;
    let mut last = format!("{address}: no address");
    for socket in found {
        match TcpStream::connect_timeout(&socket, limit) {
            Ok(_) => return Ok(()),
            Err(error) => last = format!("{address}: {error}"),
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::{Verdict, run, shown};
    use minder_core::agenda::JobCommand;
    use minder_core::deployment::{CheckSpec, Probe};
    use minder_core::ids::{BytePath, ByteString, CheckName};
    use std::os::unix::ffi::OsStrExt as _;
    use std::path::Path;
    use std::time::Duration;

    fn check(name: &str, probe: Probe) -> CheckSpec {
        let hint = Some("mend it".into());
        CheckSpec { name: CheckName::new(name), probe, hint, timeout: Duration::from_secs(20) }
    }

    fn shell(script: &str) -> Probe {
        let argv = ["sh", "-c", script].map(|word| ByteString::from(word.as_bytes())).to_vec();
        Probe::Command(JobCommand { argv, directory: None, environment: Vec::new() })
    }

    fn path(path: &Path) -> BytePath {
        BytePath::from(path.as_os_str().as_bytes())
    }

    #[test]
    fn every_check_that_does_not_hold_is_told_with_its_hint() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let checks = [
            check("bad", shell("echo almost; echo broken >&2; exit 1")),
            check("good", shell("exit 0")),
            check("space", Probe::FreeSpace(path(&dir.path().join("not/there")), u64::MAX)),
            check("some", Probe::FreeSpace(path(dir.path()), 1)),
            check("file", Probe::Writable(path(Path::new("/proc/none")))),
        ];
        let report = run(&checks);
        let failures: Vec<&str> = report.failures().map(|finding| finding.name.as_str()).collect();
        assert_eq!(failures, ["bad", "space", "file"]);
        assert_eq!(report.findings[0].verdict, Verdict::Fails("broken".into()));
        assert_eq!(report.findings[0].hint.as_deref(), Some("mend it"));
        assert!(!report.is_well());
    }

    #[test]
    fn sizes_are_told_as_they_are_written() {
        let sizes = [0, 1023, 500 << 20, (3 << 30) + (1 << 29), u64::MAX].map(shown);
        assert_eq!(sizes, ["0 bytes", "1023 bytes", "500 MB", "3.5 GB", "17179869183.9 GB"]);
    }

    #[test]
    fn looking_whether_something_can_be_written_leaves_nothing_behind() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let report = run(&[check("file", Probe::Writable(path(&dir.path().join("a/b"))))]);
        assert!(report.is_well(), "{report:?}");
        assert!(!dir.path().join("a").exists());
    }

    #[test]
    fn what_listens_is_reachable_and_what_does_not_is_not() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        assert!(run(&[check("net", Probe::Reachable(address.clone().into()))]).is_well());
        drop(listener);
        let report = run(&[check("net", Probe::Reachable(address.into()))]);
        assert!(report.findings[0].complaint().is_some_and(|why| why.contains("refused")), "{report:?}");
    }
}
