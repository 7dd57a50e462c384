//! Sockets that listen: opened here before privileges are dropped, or handed over by whoever held them.
//!
//! ```text
//! Endpoint ─listen─▶ Bound { socket, endpoint } ─(kept by another process)─▶ Listener::new ─accept─▶ Stream
//! ```

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, TcpListener as StdTcpListener};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{SocketAddr as UnixAddr, UnixListener as StdUnixListener};
use std::path::Path;
use std::rc::Rc;

use rustix::net::{AddressFamily, getsockname, sockopt};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Notify;

use crate::endpoint::{Endpoint, Host};
use crate::stream::Stream;

/// A socket that listens, and where it does.
#[derive(Debug)]
pub struct Bound {
    /// Non-blocking, and closed by `exec`.
    pub socket: OwnedFd,
    /// The endpoint with the port that the kernel chose, and `0.0.0.0` instead of `*`.
    pub endpoint: Endpoint,
}

impl Endpoint {
    /// Opens a socket that listens here. Names are looked up, which blocks.
    ///
    /// A TCP socket has `SO_REUSEADDR`. A Unix socket replaces one that is there already, whoever listens on it, as
    /// libzmq does; unlike libzmq it does not replace anything else, such as a regular file that a slip of the pen
    /// named.
    ///
    /// # Errors
    /// When the name is unknown, the address is taken or not of this machine, or the file cannot be created.
    pub fn listen(&self) -> Result<Bound, ListenError> {
        let failed = |source| ListenError { endpoint: self.clone(), source };
        match self {
            Endpoint::Tcp { host, port } => listen_tcp(host, *port),
            Endpoint::Ipc(path) => listen_file(path).map(|socket| (socket, self.clone())),
            Endpoint::Abstract(name) => listen_abstract(name).map(|socket| (socket, self.clone())),
        }
        .map(|(socket, endpoint)| Bound { socket, endpoint })
        .map_err(failed)
    }
}

fn listen_tcp(host: &Host, port: u16) -> io::Result<(OwnedFd, Endpoint)> {
    // The standard library sets SO_REUSEADDR and CLOEXEC.
    let listener = match host {
        Host::Any => StdTcpListener::bind((Ipv4Addr::UNSPECIFIED, port)),
        Host::Ip(address) => StdTcpListener::bind((*address, port)),
        Host::Name(name) => StdTcpListener::bind((name.as_str(), port)),
    }?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener.into(), Endpoint::Tcp { host: Host::Ip(address.ip()), port: address.port() }))
}

fn listen_file(path: &Path) -> io::Result<OwnedFd> {
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_socket() => std::fs::remove_file(path)?,
        // `bind` says what is to be said of everything else.
        Ok(_) | Err(_) => {}
    }
    let listener = StdUnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener.into())
}

fn listen_abstract(name: &str) -> io::Result<OwnedFd> {
    let listener = StdUnixListener::bind_addr(&UnixAddr::from_abstract_name(name)?)?;
    listener.set_nonblocking(true)?;
    Ok(listener.into())
}

/// An endpoint at which nothing can listen.
#[derive(Debug)]
pub struct ListenError {
    /// Where.
    pub endpoint: Endpoint,
    /// Why not.
    pub source: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot listen on {}: {}", self.endpoint, self.source)
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

/// A listening socket in the hands of the runtime. Another one may take its place while it is served.
#[derive(Debug)]
pub struct Listener(Rc<Place>);

/// Puts another socket in the place of a listener's. Connections that there are go on; whoever has connected to the old one
/// and was not accepted yet has to come again.
#[derive(Clone, Debug)]
pub struct Replacement(Rc<Place>);

#[derive(Debug)]
struct Place {
    kind: RefCell<Rc<Kind>>,
    /// Rings when it is another one.
    replaced: Notify,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Takes over a socket that listens, TCP or Unix; which one the kernel says. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// When it is no listening stream socket of either kind, or the runtime cannot watch it.
    pub fn new(socket: OwnedFd) -> io::Result<Listener> {
        let kind = RefCell::new(Rc::new(Kind::of(socket)?));
        Ok(Listener(Rc::new(Place { kind, replaced: Notify::new() })))
    }

    /// A way to put another socket in this one's place, later.
    #[must_use]
    pub fn replacement(&self) -> Replacement {
        Replacement(self.0.clone())
    }

    /// Waits for the next connection. Cancel safe.
    pub(crate) async fn accept(&self) -> io::Result<Stream> {
        loop {
            let kind = self.0.kind.borrow().clone();
            tokio::select! {
                accepted = kind.accept() => return accepted,
                () = self.0.replaced.notified() => {}
            }
        }
    }
}

impl Replacement {
    /// Serves this socket instead of the one before. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// As for [`Listener::new`]; then everything is as before.
    pub fn put(&self, socket: OwnedFd) -> io::Result<()> {
        let kind = Rc::new(Kind::of(socket)?);
        *self.0.kind.borrow_mut() = kind;
        self.0.replaced.notify_one();
        Ok(())
    }
}

impl Kind {
    fn of(socket: OwnedFd) -> io::Result<Kind> {
        if !sockopt::socket_acceptconn(&socket)? {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket does not listen"));
        }
        match getsockname(&socket)?.address_family() {
            AddressFamily::INET | AddressFamily::INET6 => {
                let listener = StdTcpListener::from(socket);
                listener.set_nonblocking(true)?;
                TcpListener::from_std(listener).map(Kind::Tcp)
            }
            AddressFamily::UNIX => {
                let listener = StdUnixListener::from(socket);
                listener.set_nonblocking(true)?;
                UnixListener::from_std(listener).map(Kind::Unix)
            }
            _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "the socket is neither TCP nor Unix")),
        }
    }

    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Kind::Tcp(tcp) => tcp.accept().await.map(|(stream, _)| Stream::tcp(stream)),
            Kind::Unix(unix) => unix.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}
