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
//! can make large has a limit: here, or among the site's bounds, which may be set.
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
pub use site::Site;

use crowd::{Crowd, Guest, Upload};
use reply::Body;

/// How many headers a request may have. Beyond: HTTP 431.
pub const HEADERS_MAX: usize = 100;
/// How long the body of a form may be, in bytes. Beyond: HTTP 413.
pub const FORM_BYTES_MAX: usize = 64 << 10;

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
    let crowd = Crowd::new(site.bounds());
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
        let guest = Crowd::new(site.bounds()).admit().await;
        super::connection(TokioIo::new(stream), Peer::Unix, site, guest).await;
    }
}

async fn connection<S>(stream: TokioIo<S>, peer: Peer, site: Rc<Site>, guest: Guest)
where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let guest = Rc::new(guest);
    let bounds = site.bounds();
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
        .header_read_timeout(bounds.idle)
        .max_headers(HEADERS_MAX)
        .max_header_size(bounds.head_bytes)
        .title_case_headers(true)
        .serve_connection(stream, service);
    tokio::select! {
        // A client that went away, or spoke no HTTP: there is nobody left to tell.
        served = served => drop(served),
        () = guest.sent_away() => {}
    }
}
