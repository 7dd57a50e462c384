//! The HTTP server: what Supervisor serves on its Unix and TCP sockets.
//!
//! ```text
//! listener ─accept─▶ connection (a task each) ─hyper─▶ Site ─┬─ /RPC2*        ─▶ rpc/
//!                                                            ├─ /logtail/…    ─▶ follow
//!                                                            ├─ /mainlogtail  ─▶ follow
//!                                                            ├─ /, *.html     ─▶ pages/
//!                                                            └─ the rest      ─▶ style sheet, 404
//! ```
//!
//! - [`site`]: what is where, who may see it.
//! - `crowd`: who is connected, and who makes room for others.
//! - [`auth`]: HTTP basic authentication.
//! - [`origin`]: whether a request comes from a page of ours, from somebody else's page, or from no browser at all.
//! - [`reply`]: responses and their bodies.
//! - [`follow`]: a file as a stream that never ends.
//!
//! Invariants: a connection that waits or is slow holds up no other; nothing is polled; and everything that a client
//! can make large has a limit, listed here.
//!
//! One deviation on the wire: to something that is no HTTP at all hyper answers 400, where the original closes the
//! connection without a word.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};

pub mod auth;
mod crowd;
pub mod follow;
pub mod origin;
pub mod reply;
pub mod site;

pub use auth::Login;
pub use crowd::UPLOADS_BYTES_MAX;
pub use site::Site;

use crowd::{Crowd, Guest, Upload};
use reply::Body;

/// How many connections a listener serves at a time. When more come, those go that have waited longest without a whole request.
pub const CONNECTIONS_MAX: usize = 256;
/// How many logs a site streams at a time. More get HTTP 503: each takes three file descriptors and one of the 128
/// inotify instances that the kernel grants a user, and the programs' own pipes must not run short.
pub const FOLLOWERS_MAX: usize = 32;
/// How long the line and the headers of a request may be together, in bytes. Beyond: HTTP 431.
pub const HEAD_BYTES_MAX: usize = 32 << 10;
/// How many headers a request may have. Beyond: HTTP 431.
pub const HEADERS_MAX: usize = 100;
/// How long the body of a form may be, in bytes. Beyond: HTTP 413. That of a call has the limit of
/// [`Limits::REQUEST`](crate::xmlrpc::Limits::REQUEST).
pub const FORM_BYTES_MAX: usize = 64 << 10;
/// How long a connection may wait for the headers of a request, the first one or another. So long because
/// supervisorctl keeps its connection while its user thinks, and does not make another when that one is gone.
pub const IDLE_MAX: Duration = Duration::from_secs(30 * 60);

/// A socket that listens already.
#[derive(Debug)]
pub enum Listener {
    /// A Unix socket.
    Unix(UnixListener),
    /// A TCP socket.
    Tcp(TcpListener),
}

impl Listener {
    /// Takes over a Unix socket. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the socket cannot be made non-blocking or be registered.
    pub fn unix(listener: std::os::unix::net::UnixListener) -> io::Result<Listener> {
        listener.set_nonblocking(true)?;
        UnixListener::from_std(listener).map(Listener::Unix)
    }

    /// Takes over a TCP socket. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// When the socket cannot be made non-blocking or be registered.
    pub fn tcp(listener: std::net::TcpListener) -> io::Result<Listener> {
        listener.set_nonblocking(true)?;
        TcpListener::from_std(listener).map(Listener::Tcp)
    }
}

/// Who is at the other end of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peer {
    /// Somebody on this machine.
    Unix,
    /// Somebody with an address.
    Tcp(SocketAddr),
}

/// Serves a site for as long as the process lives. To be run on a [`LocalSet`](tokio::task::LocalSet), where each
/// connection becomes a task of its own; dropping the future stops accepting and leaves open connections alone.
pub async fn serve(listener: Listener, site: Rc<Site>) -> Infallible {
    let crowd = Crowd::new(CONNECTIONS_MAX);
    loop {
        let accepted = match &listener {
            Listener::Unix(unix) => match unix.accept().await {
                Ok((stream, _)) => {
                    let served =
                        connection(TokioIo::new(stream), Peer::Unix, site.clone(), crowd.admit().await);
                    tokio::task::spawn_local(served);
                    Ok(())
                }
                Err(error) => Err(error),
            },
            Listener::Tcp(tcp) => match tcp.accept().await {
                Ok((stream, address)) => {
                    // An answer is written in one piece; waiting for more to send with it only delays log streams.
                    let _ = stream.set_nodelay(true);
                    let peer = Peer::Tcp(address);
                    let served = connection(TokioIo::new(stream), peer, site.clone(), crowd.admit().await);
                    tokio::task::spawn_local(served);
                    Ok(())
                }
                Err(error) => Err(error),
            },
        };
        if let Err(error) = accepted
            && error.kind() != io::ErrorKind::ConnectionAborted
        {
            // Most likely there is no file descriptor left. The kernel does not tell when there is one again.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

/// A door for the fuzz targets.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use super::{AsyncRead, AsyncWrite, Crowd, Peer, Rc, Site, TokioIo};

    /// Serves one connection to its end.
    pub async fn connection<S>(stream: S, site: Rc<Site>)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        super::connection(TokioIo::new(stream), Peer::Unix, site, Crowd::new(1).admit().await).await;
    }
}

async fn connection<S>(stream: TokioIo<S>, peer: Peer, site: Rc<Site>, guest: Guest)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let guest = Rc::new(guest);
    let service = service_fn(|request: Request<Incoming>| {
        let (site, guest) = (site.clone(), guest.clone());
        async move {
            let request = request.map(|body| Upload::new(body, guest.clone()));
            let response = site.handle(request, peer).await;
            match response.body() {
                Body::Whole(_) => guest.waits(),
                // Whoever follows a log is served all the time.
                Body::Stream(_) => guest.is_served(),
            }
            Ok::<_, Infallible>(response)
        }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .max_headers(HEADERS_MAX)
        .max_header_size(HEAD_BYTES_MAX)
        .title_case_headers(true)
        .serve_connection(stream, service);
    tokio::select! {
        // A client that went away, or spoke no HTTP: there is nobody left to tell.
        served = served => drop(served),
        () = guest.sent_away() => {}
    }
}
