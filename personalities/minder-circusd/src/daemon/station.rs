//! What the mind of a circusd is made of: from what was kept, so that the first mind and one that follows a killed one are
//! made alike.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use minder_core::control::{Control, Reader, Reading};
use minder_core::plan::{JournalSpec, Plan};
use minder_core::time::Now;
use minder_zmtp::{Endpoint, Listener, Publisher, Router};
use tokio::task::AbortHandle;

use super::endpoint_file::EndpointFile;
use super::kept::Kept;
use super::{CONTROL, PUBSUB, discovery};
use crate::arbiter::log::Level;
use crate::arbiter::observer::Ears;
use crate::arbiter::{Arbiter, Clock, Parts, announce};
use crate::ini::RealMachine;
use crate::options::identity;
use crate::{commands, lower};

/// A circusd, ready for a mind to run it.
pub struct Station {
    kept: Kept,
    /// How many minds there were before.
    lives: u32,
    /// The daemon's pid.
    pid: u32,
}

impl Station {
    /// From what the front has read, or from what the mind before has kept.
    ///
    /// # Errors
    /// When neither can be used.
    pub fn read(first: &[u8], recalled: Option<&[u8]>, lives: u32, pid: u32) -> Result<Self, String> {
        let kept = recalled.and_then(Kept::decode).or_else(|| Kept::decode(first));
        let kept = kept.ok_or("what the daemon begins with is damaged")?;
        Ok(Self { kept, lives, pid })
    }

    /// Has the groups of an earlier mind again.
    pub fn reader(&self) -> Box<dyn Reader> {
        Box::new(Restorer)
    }

    /// The daemon's own log.
    pub fn journal(&self) -> JournalSpec {
        self.kept.log.journal()
    }

    /// What this mind logs first.
    pub fn first_lines(&self, now: Now) -> Vec<u8> {
        let log = self.kept.log.log(self.pid);
        let mut lines = Vec::new();
        let mut say = |level, text: &str| lines.extend(log.line(now, level, text).unwrap_or_default());
        if self.lives > 0 {
            let text =
                format!("the mind was replaced (the {}. time); processes were not touched", self.lives);
            say(Level::Warning, &text);
            return lines;
        }
        for remark in &self.kept.remarks {
            say(Level::Warning, remark);
        }
        say(Level::Info, "Registering signals...");
        say(Level::Info, &format!("Starting master on pid {}", self.pid));
        if !self.kept.sockets.is_empty() {
            say(Level::Info, "sockets started");
        }
        say(Level::Info, "Arbiter now waiting for commands");
        lines
    }

    /// The arbiter, and its ears for the mind's loop.
    pub fn arbiter(&self, control: &Rc<dyn Control>, clock: Clock) -> (Rc<Arbiter>, Ears) {
        let arbiter = Arbiter::new(Parts {
            control: control.clone(),
            clock,
            log: self.kept.log.log(self.pid),
            announcer: announce::Announcer::default(),
            kept: self.kept.clone(),
        });
        let ears = Ears::new(arbiter.clone());
        (arbiter, ears)
    }

    /// Serves the endpoints, and begins or goes on. To be called inside the mind's event loop. What is given back is to be
    /// aborted before the endpoints' files are removed, which would be made again otherwise.
    ///
    /// # Errors
    /// When an endpoint cannot be taken over.
    pub fn serve(
        &self,
        endpoints: Vec<(String, OwnedFd)>,
        arbiter: &Rc<Arbiter>,
    ) -> io::Result<Vec<AbortHandle>> {
        let bounds = self.kept.bounds;
        let (mut control, mut files) = (Vec::new(), Vec::new());
        for (name, socket) in endpoints {
            let listener = Listener::new(socket)?;
            files.extend(self.keep_file(&name, &listener, arbiter));
            match name.as_str() {
                CONTROL => control.push(listener),
                PUBSUB => arbiter.announcer().open(Publisher::new([listener], bounds)),
                _ => {}
            }
        }
        self.be_found(arbiter);
        tokio::task::spawn_local(arbiter.clone().obey());
        tokio::task::spawn_local(arbiter.clone().look_after());
        tokio::task::spawn_local(arbiter.clone().wait_for_connections());
        let (arbiter, lives, course, wishes) =
            (arbiter.clone(), self.lives, self.kept.course, self.kept.wishes);
        tokio::task::spawn_local(async move {
            if lives == 0 {
                arbiter.prepare().await;
                tokio::task::spawn_local(arbiter.clone().begin());
            } else {
                tokio::task::spawn_local(arbiter.clone().go_on(course, wishes));
            }
            commands::serve(Router::new(control, bounds), arbiter).await;
        });
        Ok(files)
    }

    /// Sees to it that the endpoint of this name has its file, if it has one.
    fn keep_file(&self, name: &str, listener: &Listener, arbiter: &Rc<Arbiter>) -> Option<AbortHandle> {
        let circus = &self.kept.circus;
        let (text, owner) = match name {
            CONTROL => (&circus.endpoint, circus.endpoint_owner.as_ref()),
            _ => (&circus.pubsub_endpoint, None),
        };
        let endpoint = text.parse::<Endpoint>().ok()?;
        let file = EndpointFile {
            path: endpoint.path()?.to_owned(),
            endpoint,
            // The front has looked it up before.
            owner: owner.and_then(|owner| identity::to_uid(&owner.as_str().into(), &RealMachine).ok()),
            replacement: listener.replacement(),
            arbiter: arbiter.clone(),
        };
        Some(tokio::task::spawn_local(file.keep()).abort_handle())
    }

    /// Answers who asks all the network for daemons.
    fn be_found(&self, arbiter: &Rc<Arbiter>) {
        let group = &self.kept.circus.multicast_endpoint;
        if group.is_empty() {
            return;
        }
        match discovery::join(group) {
            Ok(socket) => {
                drop(tokio::task::spawn_local(discovery::answer(socket, self.kept.circus.endpoint.clone())));
            }
            Err(error) => {
                let text = format!(
                    "Multicast discovery is disabled, there was an error during udp socket creation. {error}"
                );
                arbiter.say(Level::Warning, &text);
            }
        }
    }

    /// The file with the daemon's process id.
    pub fn pidfile(&self) -> Option<&Path> {
        self.kept.pidfile.as_ref().map(Path::new)
    }

    /// What is to be removed when everything has stopped.
    pub fn remove_leavings(&self) {
        for endpoint in [&self.kept.circus.endpoint, &self.kept.circus.pubsub_endpoint] {
            let path =
                endpoint.parse::<Endpoint>().ok().and_then(|endpoint| endpoint.path().map(PathBuf::from));
            if let Some(path) = path {
                // Somebody may have removed it before.
                let _ = std::fs::remove_file(path);
            }
        }
        if let Some(pidfile) = self.pidfile() {
            super::pidfile::remove(pidfile, self.pid);
        }
    }
}

/// Makes plans of snapshots. Nothing is read again here: the arbiter does that.
struct Restorer;

impl Reader for Restorer {
    fn reread(&mut self) -> Result<Reading, String> {
        Err("the file is read by `reloadconfig`".to_owned())
    }

    fn restore(&self, snapshot: &[u8]) -> Result<Plan, String> {
        lower::restore(snapshot)
    }
}
