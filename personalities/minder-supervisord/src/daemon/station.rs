//! What the mind of a supervisord is made of: read from a snapshot, so that the first mind and one that follows a
//! killed one are made alike.

use std::io;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::rc::Rc;

use minder_core::control::{Control, Observer, Reader};
use minder_core::plan::{JournalSpec, Plan};
use minder_core::time::Now;

use super::opening::Opening;
use crate::conf::settings::{Access, Settings};
use crate::conf::types::LogLevel;
use crate::conf::lower;
use crate::http::{self, Listener, Login, Site};
use crate::reading::{self, Rereader};
use crate::rpc::{Interface, Rpc, ServerFacts};

/// A supervisord, ready for a mind to run it.
pub struct Station {
    settings: Settings,
    reader: Rereader,
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

impl Station {
    /// From a reading's snapshot.
    ///
    /// # Errors
    /// Why the snapshot cannot be used.
    pub fn read(snapshot: &[u8]) -> Result<Self, String> {
        let (settings, source) = reading::from_snapshot(snapshot)?;
        let reader = Rereader::new(source, &settings);
        Ok(Self { settings, reader })
    }

    /// What should run.
    ///
    /// # Errors
    /// When names collide.
    pub fn plan(&self) -> Result<Plan, String> {
        reading::plan(&self.settings)
    }

    /// Reads the files again.
    pub fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.reader.clone())
    }

    /// The daemon's own log.
    pub fn journal(&self) -> JournalSpec {
        lower::journal(&self.settings.supervisord)
    }

    /// Who listens in the mind's loop, in the order in which they are told.
    pub fn observers(&self, recalled: Option<&[u8]>) -> Vec<Box<dyn Observer>> {
        let section = &self.settings.supervisord;
        vec![
        ]
    }

    /// The name under which the listeners' state is remembered.
    pub const RECALLED: &'static str = "listeners";

    /// The first lines of the log.
    pub fn opening_lines(&self, opening: &Opening, now: Now, pid: u32) -> Vec<u8> {
        let least = self.settings.supervisord.loglevel;
        let started = format!("supervisord started with pid {pid}");
        opening
            .lines()
            .chain([(LogLevel::Info, started.as_str())])
            .filter(|(level, _)| *level >= least)
            .flat_map(|(level, text)| journal::line(now, level, text))
            .collect()
    }

    /// The line that says that a killed mind was replaced.
    pub fn taken_up_line(&self, now: Now, lives: u32) -> Vec<u8> {
        let text = format!("the mind was replaced (the {lives}. time); programs were not touched");
        journal::line(now, LogLevel::Warn, &text)
    }

    /// Serves the sockets that the keeper holds. To be called inside the mind's event loop.
    ///
    /// # Errors
    /// When a socket cannot be taken over.
    pub fn serve(&self, sockets: Vec<(String, OwnedFd)>, control: &Rc<dyn Control>) -> io::Result<()> {
        let mut sockets = sockets;
        sockets.sort_by_key(|(number, _)| number.parse::<usize>().ok());
        let mut sockets = sockets.into_iter().map(|(_, fd)| fd);
        let facts = ServerFacts {
            identifier: self.settings.supervisord.identifier.clone(),
            server_url: self.settings.server_url.clone(),
        };
        let main = self.settings.rpc_interfaces.iter().any(|interface| interface.name == "supervisor");
        let interface = if main { Interface::Present } else { Interface::Absent };
        let rpc = Rc::new(Rpc::new(control.clone(), facts, interface));
        for (server, fd) in self.settings.inet_servers.iter().zip(&mut sockets) {
            let listener = Listener::tcp(TcpListener::from(fd))?;
            serve(listener, &server.access, &rpc)?;
        }
        for (server, fd) in self.settings.unix_servers.iter().zip(sockets) {
            let listener = Listener::unix(UnixListener::from(fd))?;
            serve(listener, &server.access, &rpc)?;
        }
        Ok(())
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

fn serve(listener: Listener, access: &Access, rpc: &Rc<Rpc>) -> io::Result<()> {
    let login = match (&access.username, &access.password) {
        (Some(username), Some(password)) if !username.is_empty() => Some(Login::new(username, password)),
        (_, _) => None,
    };
    let site = Rc::new(Site::new(rpc.clone(), login, None)?);
    tokio::task::spawn_local(http::serve(listener, site));
    Ok(())
}

mod journal {
    pub fn line(_now: minder_core::time::Now, level: crate::conf::types::LogLevel, text: &str) -> Vec<u8> {
        format!("{level:?} {text}\n").into_bytes()
    }
}
