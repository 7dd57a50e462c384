//! The file of an `ipc://` endpoint while it is served. Somebody may remove it (whoever tidies up `/tmp`, say), and clients are to
//! find us all the same.
//!
//! As for a supervisord's socket: another one is bound and takes the place of the first. It is this mind's alone, and a later mind
//! finds that nobody answers behind the file. The kernel tells when the file loses its name; only while it cannot be made again is
//! there a deadline.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use minder_zmtp::{Endpoint, Replacement};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::unix::pipe::Receiver;

use crate::arbiter::Arbiter;
use crate::arbiter::log::Level;

/// When the first further attempt to make the file is made; each one after that waits twice as long.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// An endpoint with a file, and where it tells what happens to that.
pub(super) struct EndpointFile {
    pub(super) endpoint: Endpoint,
    pub(super) path: PathBuf,
    /// Whom the file is given to.
    pub(super) owner: Option<u32>,
    pub(super) replacement: Replacement,
    pub(super) arbiter: Rc<Arbiter>,
}

impl EndpointFile {
    /// Keeps the file in its place for as long as the process lives.
    pub(super) async fn keep(self) {
        loop {
            // Watched first, so that nothing that happens after the look is missed.
            let watch = Watch::on(&self.path);
            if answers(&self.path) {
                match watch {
                    Ok(watch) if watch.stirred().await.is_ok() => continue,
                    Ok(_) => return self.cannot_watch("the kernel tells no more"),
                    Err(error) => return self.cannot_watch(&error.to_string()),
                }
            }
            self.make_again().await;
        }
    }

    async fn make_again(&self) {
        let endpoint = &self.endpoint;
        let mut wait = None;
        // Another daemon may have taken it meanwhile, and keeps it.
        while !answers(&self.path) {
            match self.bind() {
                Ok(()) => {
                    return self.say(&match wait {
                        None => format!("the file of {endpoint} was removed, and was made again"),
                        Some(_) => format!("the file of {endpoint} could be made again"),
                    });
                }
                Err(error) if wait.is_none() => self.say(&format!(
                    "the file of {endpoint} was removed and cannot be made again: {error}; processes go on, but nobody can \
                     connect there until its directory can be written: it is tried again by itself"
                )),
                Err(_) => {}
            }
            let pause = wait.map_or(RETRY_FIRST, |last: Duration| (last * 2).min(RETRY_MAX));
            wait = Some(pause);
            tokio::time::sleep(pause).await;
        }
    }

    fn bind(&self) -> io::Result<()> {
        let bound = self.endpoint.listen().map_err(|error| error.source)?;
        let given = match self.owner {
            Some(uid) => std::os::unix::fs::chown(&self.path, Some(uid), None),
            None => Ok(()),
        };
        given.and_then(|()| self.replacement.put(bound.socket)).inspect_err(|_| {
            // Nobody answers behind it.
            let _ = std::fs::remove_file(&self.path);
        })
    }

    fn cannot_watch(&self, why: &str) {
        self.say(&format!(
            "the file of {} is not watched: {why}; should it be removed it is made again at the next start",
            self.endpoint
        ));
    }

    fn say(&self, text: &str) {
        self.arbiter.say(Level::Warning, text);
    }
}

/// Hears when a file loses its name.
struct Watch(Receiver);

impl Watch {
    /// The file itself is watched and not what else is in its directory, where others may be busy.
    fn on(file: &Path) -> io::Result<Self> {
        let watch = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let moved = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        // A file that is removed while somebody has it open has changed only the count of its names.
        inotify::add_watch(&watch, file, moved | WatchFlags::ATTRIB)?;
        if let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            inotify::add_watch(&watch, directory, moved)?;
        }
        Ok(Self(Receiver::from_owned_fd_unchecked(watch)?))
    }

    async fn stirred(&self) -> io::Result<()> {
        self.0.readable().await
    }
}

/// Whether somebody listens behind the file: we do, or, if another daemon took it, they do, and keep it.
fn answers(file: &Path) -> bool {
    let connect = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(file)?)
    };
    // Anything else, such as a full queue or no descriptor left, says nothing against it.
    !matches!(connect(), Err(Errno::NOENT | Errno::CONNREFUSED | Errno::NOTDIR | Errno::NOTSOCK))
}
