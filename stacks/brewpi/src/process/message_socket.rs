//! The socket of the script: a connection, a request, an answer, and it is closed.

use std::io::{self, Read, Write};
use std::net::{TcpListener, ToSocketAddrs as _};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fd::{AsFd, BorrowedFd};

use crate::device::Endpoint;
use crate::script::{bytes, text};

/// The longest request, in bytes.
const REQUEST_BYTES_MAX: usize = 4096;
/// How long whoever has connected may take to ask, and to take the answer. The board waits meanwhile.
const PATIENCE: Duration = Duration::from_millis(500);

/// Where pages reach the script.
#[derive(Debug)]
pub(super) enum MessageSocket {
    File(UnixListener, PathBuf),
    Port(TcpListener),
}

impl MessageSocket {
    /// Binds it. A file that is there is replaced.
    pub(super) fn bind(endpoint: &Endpoint, directory: &Path) -> io::Result<Self> {
        match endpoint {
            Endpoint::File(name) => {
                std::fs::create_dir_all(directory)?;
                let path = directory.join(name);
                match std::fs::remove_file(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    Ok(()) | Err(_) => {}
                }
                let listener = UnixListener::bind(&path)?;
                // The pages may be another user's, as they have always been.
                std::fs::set_permissions(&path, PermissionsExt::from_mode(0o777))?;
                listener.set_nonblocking(true)?;
                Ok(Self::File(listener, path))
            }
            Endpoint::Port { host, port } => {
                let addresses: Vec<_> = (host.as_str(), *port).to_socket_addrs()?.collect();
                let listener = TcpListener::bind(addresses.as_slice())?;
                listener.set_nonblocking(true)?;
                Ok(Self::Port(listener))
            }
        }
    }

    /// The next request of those who have connected. Whoever asks nothing in time, or goes away, does not want an answer.
    pub(super) fn next(&self) -> Option<Asked> {
        loop {
            let asked = match self {
                Self::File(listener, _) => {
                    let (stream, _) = listener.accept().ok()?;
                    stream
                        .set_nonblocking(false)
                        .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
                        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
                        .ok()
                        .and_then(|()| Asked::of(Box::new(stream)))
                }
                Self::Port(listener) => {
                    let (stream, _) = listener.accept().ok()?;
                    stream
                        .set_nonblocking(false)
                        .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
                        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)))
                        .ok()
                        .and_then(|()| Asked::of(Box::new(stream)))
                }
            };
            if asked.is_some() {
                return asked;
            }
        }
    }
}

impl AsFd for MessageSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::File(listener, _) => listener.as_fd(),
            Self::Port(listener) => listener.as_fd(),
        }
    }
}

impl Drop for MessageSocket {
    fn drop(&mut self) {
        if let Self::File(_, path) = self {
            // Somebody may have removed it before.
            let _ = std::fs::remove_file(path);
        }
    }
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// A request that waits for its answer.
pub(super) struct Asked {
    /// What was asked.
    pub(super) request: String,
    stream: Box<dyn Stream>,
}

impl Asked {
    fn of(mut stream: Box<dyn Stream>) -> Option<Self> {
        let mut request = [0; REQUEST_BYTES_MAX];
        let count = stream.read(&mut request).ok().filter(|count| *count > 0)?;
        Some(Self { request: text(&request[..count]), stream })
    }

    /// Answers, and closes the connection.
    pub(super) fn answer(mut self, answer: Option<String>) {
        if let Some(answer) = answer {
            // Whoever has gone does not want it.
            let _ = self.stream.write_all(&bytes(&answer));
        }
    }
}
