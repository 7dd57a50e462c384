//! One connection, TCP or Unix, read and written without blocking through a shared reference.

use std::io::{self, IoSlice};

use bytes::BytesMut;
use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream};

use crate::endpoint::{Endpoint, Host};

/// A connected stream.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    /// Dresses a TCP connection. Without these options it still works, so no error is told.
    pub(crate) fn tcp(stream: TcpStream) -> Stream {
        // Messages are written in one piece; waiting for more to send with them only delays answers.
        let _ = stream.set_nodelay(true);
        // A peer whose machine vanished is found by the kernel, without a timer of ours.
        let _ = sockopt::set_socket_keepalive(&stream, true);
        Stream::Tcp(stream)
    }

    /// Refuses a connection to itself, which the kernel makes when nobody listens on a port that it has just given to
    /// the caller.
    fn dialled(stream: TcpStream) -> io::Result<Stream> {
        if stream.local_addr()? == stream.peer_addr()? {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        Ok(Stream::tcp(stream))
    }

    /// Connects. Names are looked up on a thread of tokio's.
    pub(crate) async fn dial(endpoint: &Endpoint) -> io::Result<Stream> {
        match endpoint {
            Endpoint::Tcp { host: Host::Any, .. } => Err(io::ErrorKind::AddrNotAvailable.into()),
            Endpoint::Tcp { host: Host::Ip(address), port } => {
                TcpStream::connect((*address, *port)).await.and_then(Stream::dialled)
            }
            Endpoint::Tcp { host: Host::Name(name), port } => {
                TcpStream::connect((name.as_str(), *port)).await.and_then(Stream::dialled)
            }
            Endpoint::Ipc(path) => UnixStream::connect(path).await.map(Stream::Unix),
            // A leading zero byte is how tokio knows an abstract name.
            Endpoint::Abstract(name) => UnixStream::connect(format!("\0{name}")).await.map(Stream::Unix),
        }
    }

    /// Waits until there may be something to read. Cancel safe.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(tcp) => tcp.readable().await,
            Stream::Unix(unix) => unix.readable().await,
        }
    }

    /// Waits until there may be room to write. Cancel safe.
    pub(crate) async fn writable(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(tcp) => tcp.writable().await,
            Stream::Unix(unix) => unix.writable().await,
        }
    }

    /// Reads what is there into the spare room of a buffer. `Ok(0)` is the end.
    pub(crate) fn try_read(&self, buffer: &mut BytesMut) -> io::Result<usize> {
        match self {
            Stream::Tcp(tcp) => tcp.try_read_buf(buffer),
            Stream::Unix(unix) => unix.try_read_buf(buffer),
        }
    }

    /// Writes as much as there is room for.
    pub(crate) fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(tcp) => tcp.try_write_vectored(pieces),
            Stream::Unix(unix) => unix.try_write_vectored(pieces),
        }
    }
}
