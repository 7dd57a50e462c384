//! A supervisord as others see it: its servers, its log and its listeners, whatever its programs come from.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use jiff::tz::TimeZone;
use minder_core::control::{Control, Observer, Order, Request};
use minder_core::plan::JournalSpec;
use minder_core::time::{Now, WallTime};
use tokio::task::AbortHandle;

use super::opening::Opening;
use super::servers;
use super::socket_file::SocketFile;
use crate::conf::lower;
use crate::conf::settings::{Access, Settings};
use crate::conf::types::LogLevel;
use crate::http::site::AccessLog;
use crate::http::{self, Listener, Login, Site};
use crate::journal::{self, JournalWords};
use crate::listener::{self, Pools, PoolsConfig};
use crate::rpc::{Interface, Rpc, ServerFacts, Weight};

/// The outside of a supervisord.
pub struct Face {
    /// What it is called in its log.
    called: &'static str,
    /// All but the programs, which may be thousands, and which the plan has.
    settings: Settings,
}

/// What it leaves on the disk, to be removed at the end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leavings {
    /// The pidfile and the sockets.
    pub files: Vec<PathBuf>,
}

/// Where the log files with names of minder's own choice are, and by what they are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AutomaticLogs {
    /// The directory.
    pub directory: String,
    /// What comes between a program's name and the random part.
    pub infix: String,
    /// What comes last.
    pub suffix: &'static str,
}

impl Face {
    /// Of what a configuration says, for a daemon that is called like this in its log.
    #[must_use]
    pub fn new(called: &'static str, settings: Settings) -> Self {
        Self { called, settings: Settings { groups: Vec::new(), ..settings } }
    }

    /// Opens its servers: under these names the keeper holds them for [`Face::serve`].
    ///
    /// # Errors
    /// A text for the terminal; then no socket file is left.
    pub fn open(&self) -> Result<Vec<(String, OwnedFd)>, String> {
        Ok(servers::named(servers::open(&self.settings, |_| Ok(()))?))
    }

    /// The daemon's own log.
    pub fn journal(&self) -> JournalSpec {
        lower::journal(&self.settings.supervisord)
    }

    fn words(&self) -> JournalWords {
        JournalWords { level: self.settings.supervisord.loglevel, zone: TimeZone::system() }
    }

    /// Who listens in the mind's loop, in the order in which they are told.
    pub fn observers(&self, recalled: Option<&[u8]>) -> Vec<Box<dyn Observer>> {
        let identifier = self.settings.supervisord.identifier.clone();
        let pools = PoolsConfig { identifier, words: self.words() };
        vec![Box::new(journal::Journal::new(self.words())), Box::new(Pools::new(pools, recalled))]
    }

    /// The name under which the listeners' state is remembered.
    pub const RECALLED: &'static str = listener::MEMO;

    /// The first lines of the log.
    pub fn opening_lines(&self, opening: &Opening, now: Now, pid: u32) -> Vec<u8> {
        let mut opening = opening.clone();
        opening.say(LogLevel::Info, format!("{} started with pid {pid}", self.called));
        opening_lines(&self.settings, &opening, now)
    }

    /// The line that says that a killed mind was replaced.
    pub fn taken_up_line(&self, now: Now, lives: u32) -> Vec<u8> {
        let text = format!("the mind was replaced (the {lives}. time); programs were not touched");
        journal::line(now, LogLevel::Warn, &text)
    }

    /// Serves the sockets that the keeper holds. To be called inside the mind's event loop. What is given back is to be
    /// aborted before the sockets' files are removed, which would be made again otherwise.
    ///
    /// # Errors
    /// When a socket cannot be taken over.
    pub fn serve(
        &self,
        sockets: Vec<(String, OwnedFd)>,
        control: &Rc<dyn Control>,
    ) -> io::Result<Vec<AbortHandle>> {
        let mut sockets = sockets;
        sockets.sort_by_key(|(number, _)| number.parse::<usize>().ok());
        let mut sockets = sockets.into_iter().map(|(_, fd)| fd);
        let facts = ServerFacts {
            identifier: self.settings.supervisord.identifier.clone(),
            server_url: self.settings.server_url.clone(),
        };
        let main = self.settings.rpc_interfaces.iter().any(|interface| interface.name == "supervisor");
        let interface = if main { Interface::Present } else { Interface::Absent };
        let remark = self.remarks(control);
        let rpc = Rpc::new(control.clone(), facts, interface).within(self.settings.bounds);
        let rpc = Rc::new(rpc.with_remarks(Rc::new(move |weight, text| remark(level(weight), text))));
        let remark = self.remarks(control);
        let traced = self.words().keeps(LogLevel::Trace);
        let access: Option<AccessLog> =
            traced.then(|| Rc::new(move |text: &str| remark(LogLevel::Trace, text)) as AccessLog);
        for (server, fd) in self.settings.inet_servers.iter().zip(&mut sockets) {
            let listener = Listener::tcp(TcpListener::from(fd))?;
            tokio::task::spawn_local(http::serve(listener, site(&server.access, &rpc, access.clone())?));
        }
        let mut files = Vec::new();
        for (server, fd) in self.settings.unix_servers.iter().zip(sockets) {
            let listener = Listener::unix(UnixListener::from(fd))?;
            let site = site(&server.access, &rpc, access.clone())?;
            let remark = self.remarks(control);
            let file = SocketFile::new(server.clone(), site, remark);
            files.push(tokio::task::spawn_local(file.serve(listener)).abort_handle());
        }
        Ok(files)
    }

    /// Writes lines into the main log from outside the mind's loop.
    fn remarks(&self, control: &Rc<dyn Control>) -> impl Fn(LogLevel, &str) + 'static {
        let (words, control) = (self.words(), control.clone());
        move |level, text| {
            let mut orders = Vec::new();
            words.say(wall_time(), level, text, &mut orders);
            for order in orders {
                if let Order::Journal(lines) = order {
                    // Nobody waits for it, and nothing follows from it.
                    tokio::task::spawn_local(control.ask(Request::Journal(lines)));
                }
            }
        }
    }

    /// The file with the daemon's process id.
    pub fn pidfile(&self) -> &Path {
        Path::new(&self.settings.supervisord.pidfile)
    }

    /// What is to be removed when everything has stopped.
    pub fn leavings(&self) -> Leavings {
        let sockets = self.settings.unix_servers.iter().map(|server| PathBuf::from(&server.file));
        let pidfile = PathBuf::from(&self.settings.supervisord.pidfile);
        Leavings { files: sockets.chain([pidfile]).collect() }
    }

    /// The automatic logs of an earlier run, unless they are to be left alone.
    pub fn stale_logs(&self) -> Option<AutomaticLogs> {
        let section = &self.settings.supervisord;
        (!section.nocleanup).then(|| AutomaticLogs {
            directory: section.childlogdir.clone(),
            infix: format!("---{}-", section.identifier),
            suffix: ".log",
        })
    }
}

/// Those lines whose level the log keeps.
pub(super) fn opening_lines(settings: &Settings, opening: &Opening, now: Now) -> Vec<u8> {
    let kept = opening.lines().filter(|(level, _)| *level >= settings.supervisord.loglevel);
    kept.flat_map(|(level, text)| journal::line(now, level, text)).collect()
}

fn wall_time() -> WallTime {
    WallTime(jiff::Timestamp::now().as_microsecond())
}

fn level(weight: Weight) -> LogLevel {
    match weight {
        Weight::Trace => LogLevel::Trace,
        Weight::Error => LogLevel::Error,
        Weight::Critical => LogLevel::Critical,
    }
}

fn site(access: &Access, rpc: &Rc<Rpc>, log: Option<AccessLog>) -> io::Result<Rc<Site>> {
    let login = match (&access.username, &access.password) {
        (Some(username), Some(password)) if !username.is_empty() => Some(Login::new(username, password)),
        (_, _) => None,
    };
    Ok(Rc::new(Site::new(rpc.clone(), login, log)?))
}
