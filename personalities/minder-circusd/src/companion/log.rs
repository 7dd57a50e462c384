//! The log of a program beside circusd: `2026-11-21 06:09:54 circus[PID] [INFO] text`, in circusd's own format.

use std::fs::File;
use std::io::{self, Write as _};
use std::net::UdpSocket;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::PathBuf;

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Debug,
    Info,
    Warning,
    Error,
    Critical,
}

impl Level {
    /// As given by `--log-level`, in any case. What nobody knows is `info`, as in the original.
    pub(crate) fn named(text: &str) -> Level {
        match text.to_lowercase().as_str() {
            "debug" => Level::Debug,
            "warning" => Level::Warning,
            "error" => Level::Error,
            "critical" => Level::Critical,
            _ => Level::Info,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
            Level::Critical => "CRITICAL",
        }
    }

    /// The severity of syslog.
    const fn severity(self) -> u8 {
        match self {
            Level::Debug => 7,
            Level::Info => 6,
            Level::Warning => 4,
            Level::Error => 3,
            Level::Critical => 2,
        }
    }
}

/// Where lines go.
#[derive(Debug)]
enum Output {
    Stderr,
    /// Opened again when it was moved or removed, which is looked at before each line.
    File {
        path: PathBuf,
        file: File,
    },
    Syslog {
        facility: u8,
        socket: Syslog,
    },
}

#[derive(Debug)]
enum Syslog {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

/// Writes lines of at least one level. What cannot be written is lost: a log never stops its program.
#[derive(Debug)]
pub(crate) struct Log {
    least: Level,
    output: Output,
}

const SYSLOG_PORT: u16 = 514;

impl Log {
    /// Opens `-`, `stdout` (both are standard error, as in the original), a path, `syslog://host[:port]?facility` or
    /// `syslog:///path?facility`.
    ///
    /// # Errors
    /// When the file or socket cannot be opened.
    pub(crate) fn open(least: Level, output: &str) -> io::Result<Log> {
        let output = match output.strip_prefix("syslog://") {
            _ if output == "-" || output == "stdout" => Output::Stderr,
            Some(place) => syslog(place)?,
            None => Output::File { path: output.into(), file: append_to(output.as_ref())? },
        };
        Ok(Log { least, output })
    }

    /// Writes a line, if its level is high enough.
    pub(crate) fn say(&mut self, level: Level, text: &str) {
        if level < self.least {
            return;
        }
        let date = match self.output {
            Output::Stderr | Output::File { .. } => "%Y-%m-%d %H:%M:%S",
            Output::Syslog { .. } => "%b %d %H:%M:%S",
        };
        let now = jiff::Zoned::now();
        let line =
            format!("{} circus[{}] [{}] {text}\n", now.strftime(date), std::process::id(), level.word());
        // There is nobody left to tell of a log that fails.
        let _ = self.write(level, &line);
    }

    fn write(&mut self, level: Level, line: &str) -> io::Result<()> {
        match &mut self.output {
            Output::Stderr => io::stderr().write_all(line.as_bytes()),
            Output::File { path, file } => {
                let ours = file.metadata().map(|ours| (ours.dev(), ours.ino()))?;
                let there = std::fs::metadata(&*path).map(|there| (there.dev(), there.ino()));
                if there.ok() != Some(ours) {
                    *file = append_to(path)?;
                }
                file.write_all(line.as_bytes())
            }
            Output::Syslog { facility, socket } => {
                let packet = format!("<{}>{}\0", *facility << 3 | level.severity(), line.trim_end());
                match socket {
                    Syslog::Udp(socket) => socket.send(packet.as_bytes()).map(drop),
                    Syslog::Unix(socket) => socket.send(packet.as_bytes()).map(drop),
                }
            }
        }
    }
}

fn append_to(path: &std::path::Path) -> io::Result<File> {
    File::options().append(true).create(true).open(path)
}

/// Opens what stands behind `syslog://`.
fn syslog(place: &str) -> io::Result<Output> {
    let (place, facility) = place.split_once('?').unwrap_or((place, "user"));
    let facility = facility_number(facility).unwrap_or(1);
    let socket = if place.starts_with('/') {
        let socket = UnixDatagram::unbound()?;
        socket.connect(place)?;
        Syslog::Unix(socket)
    } else {
        let host = place.split('/').next().unwrap_or_default();
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().unwrap_or(SYSLOG_PORT)),
            None => (host, SYSLOG_PORT),
        };
        let socket = UdpSocket::bind("0.0.0.0:0")?;
        socket.connect((host, port))?;
        Syslog::Udp(socket)
    };
    // A syslog that is slow must not hold up the program: what it does not take at once is lost.
    match &socket {
        Syslog::Udp(socket) => socket.set_nonblocking(true)?,
        Syslog::Unix(socket) => socket.set_nonblocking(true)?,
    }
    Ok(Output::Syslog { facility, socket })
}

/// The number of a facility, by the names that Python knows.
fn facility_number(name: &str) -> Option<u8> {
    const NAMES: [&str; 24] = [
        "kern",
        "user",
        "mail",
        "daemon",
        "auth",
        "syslog",
        "lpr",
        "news",
        "uucp",
        "cron",
        "authpriv",
        "ftp",
        "ntp",
        "security",
        "console",
        "solaris-cron",
        "local0",
        "local1",
        "local2",
        "local3",
        "local4",
        "local5",
        "local6",
        "local7",
    ];
    u8::try_from(NAMES.iter().position(|known| *known == name)?).ok()
}

#[cfg(test)]
mod tests {
    use super::{Level, Log};

    #[test]
    fn a_file_that_was_moved_is_opened_again() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("log");
        let mut log =
            Log::open(Level::named("Warning"), path.to_str().expect("a plain path")).expect("a file");
        log.say(Level::Error, "one");
        std::fs::rename(&path, dir.path().join("log.1")).expect("the file is there");
        log.say(Level::Info, "too low");
        log.say(Level::Warning, "two");
        let text = std::fs::read_to_string(&path).expect("a new file");
        let expected = format!(" circus[{}] [WARNING] two\n", std::process::id());
        assert_eq!(text.get(19..), Some(expected.as_str()), "{text}");
    }

    #[test]
    fn syslog_gets_one_packet_a_line() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("syslog");
        let socket = std::os::unix::net::UnixDatagram::bind(&path).expect("a socket");
        let mut log =
            Log::open(Level::Debug, &format!("syslog://{}?local0", path.display())).expect("it listens");
        log.say(Level::Info, "hello");
        let mut packet = [0; 100];
        let length = socket.recv(&mut packet).expect("a packet");
        let packet = String::from_utf8_lossy(&packet[..length]);
        assert!(packet.starts_with("<134>") && packet.ends_with("[INFO] hello\0"), "{packet}");
    }
}
