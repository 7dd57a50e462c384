//! The file of a socket while it is served. Somebody may remove it (whoever tidies up `/tmp`, say), and clients are to
//! find us all the same.
//!
//! A socket cannot be given another name, so a new one is bound, and served instead of the old one; connections that
//! are open go on. The new one is the mind's alone: a later mind finds that nobody answers behind the file, and binds
//! once more. The kernel tells when the file loses its name, so nothing looks for it; only while it cannot be made
//! again is there a deadline.

use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

use super::servers;
use crate::conf::settings::UnixServer;
use crate::conf::types::LogLevel;
use crate::http::{self, Listener, Site};

/// When the first further attempt to make the file is made; each one after that waits twice as long.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest such wait.
const RETRY_MAX: Duration = Duration::from_secs(30);

/// A server on a file, and where it tells what happens to the file.
pub(super) struct SocketFile<R> {
    server: UnixServer,
    site: Rc<Site>,
    remark: R,
}

impl<R: Fn(LogLevel, &str)> SocketFile<R> {
    pub(super) fn new(server: UnixServer, site: Rc<Site>, remark: R) -> Self {
        Self { server, site, remark }
    }

    /// Serves for as long as the process lives, under the name that the file should have.
    pub(super) async fn serve(self, listener: Listener) {
        let mut serving = self.begin(listener);
        loop {
            // Watched first, so that nothing that happens after the look is missed.
            let watch = Watch::on(Path::new(&self.server.file));
            if answers(&self.server.file) {
                match watch {
                    Ok(watch) if watch.stirred().await.is_ok() => continue,
                    Ok(_) => return self.cannot_watch("the kernel tells no more"),
                    Err(error) => return self.cannot_watch(&error.to_string()),
                }
            }
            let next = self.make_again().await;
            serving.abort();
            serving = self.begin(next);
        }
    }

    fn begin(&self, listener: Listener) -> JoinHandle<std::convert::Infallible> {
        tokio::task::spawn_local(http::serve(listener, self.site.clone()))
    }

    async fn make_again(&self) -> Listener {
        let file = &self.server.file;
        let mut wait = None;
        loop {
            match servers::on_file_again(&self.server).and_then(Listener::unix) {
                Ok(listener) => {
                    self.say(&match wait {
                        None => format!("the socket file `{file}` was removed, and was made again"),
                        Some(_) => format!("the socket file `{file}` could be made again"),
                    });
                    return listener;
                }
                Err(error) if wait.is_none() => self.say(&format!(
                    "the socket file `{file}` was removed and cannot be made again: {error}; programs go on, but nobody \
                     can connect there until its directory can be written: it is tried again by itself"
                )),
                Err(_) => {}
            }
            let pause = wait.map_or(RETRY_FIRST, |last: Duration| (last * 2).min(RETRY_MAX));
            wait = Some(pause);
            tokio::time::sleep(pause).await;
        }
    }

    fn cannot_watch(&self, why: &str) {
        let file = &self.server.file;
        self.say(&format!(
            "the socket file `{file}` is not watched: {why}; should it be removed it is made again at the next start"
        ));
    }

    fn say(&self, text: &str) {
        (self.remark)(LogLevel::Warn, text);
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
        if let Some(directory) = file.parent() {
            inotify::add_watch(&watch, directory, moved)?;
        }
        Ok(Self(Receiver::from_owned_fd_unchecked(watch)?))
    }

    async fn stirred(&self) -> io::Result<()> {
        self.0.readable().await
    }
}

/// Whether somebody listens behind the file: we do, or, if another daemon took it, they do, and keep it.
fn answers(file: &str) -> bool {
    let connect = || {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(file)?)
    };
    // Anything else, such as a full queue or no descriptor left, says nothing against it.
    !matches!(connect(), Err(Errno::NOENT | Errno::CONNREFUSED | Errno::NOTDIR | Errno::NOTSOCK))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[tokio::test]
    async fn a_file_that_is_removed_while_it_is_listened_on_stirs_and_does_not_answer() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("socket");
        let _listener = UnixListener::bind(&file).unwrap();
        let watch = Watch::on(&file).unwrap();
        assert!(answers(file.to_str().unwrap()));
        std::fs::remove_file(&file).unwrap();
        watch.stirred().await.unwrap();
        assert!(!answers(file.to_str().unwrap()));
    }

    #[test]
    fn a_file_that_a_dead_daemon_left_does_not_answer() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("socket");
        drop(UnixListener::bind(&file).unwrap());
        assert!(!answers(file.to_str().unwrap()));
    }
}
