//! Listening sockets that the programs of a group share: opened before the first process, closed after the last.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use minder_core::ids::{Errno, GroupName};
use minder_core::plan::{GroupSocket, SocketAddress};
use rustix::fs::{Gid, Mode, Uid};
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

/// The sockets that are open; the keeper holds the descriptors too.
#[derive(Debug, Default)]
pub struct GroupSockets(BTreeMap<GroupName, (SocketAddress, OwnedFd)>);

impl GroupSockets {
    /// Whether a group's socket is open.
    pub fn is_open(&self, group: &GroupName) -> bool {
        self.0.contains_key(group)
    }

    /// Remembers that it is.
    pub fn opened(&mut self, group: GroupName, address: SocketAddress, socket: OwnedFd) {
        self.0.insert(group, (address, socket));
    }

    /// Ends it; gives its address if it was open. The keeper's descriptor of it keeps a port bound, but one that does not
    /// listen any more is in nobody's way, so that the next process can have the port before the keeper has let go.
    pub fn close(&mut self, group: &GroupName) -> Option<SocketAddress> {
        let (address, socket) = self.0.remove(group)?;
        // It can only have ended already.
        let _ = rustix::net::shutdown(&socket, rustix::net::Shutdown::Both);
        Some(address)
    }
}

/// Makes the socket, bound and listening.
///
/// # Errors
/// The system call's.
pub fn listen(spec: &GroupSocket) -> Result<OwnedFd, Errno> {
    let made = match &spec.address {
        SocketAddress::Unix { path, mode, owner } => {
            unix(Path::new(OsStr::from_bytes(path.as_bytes())), *mode, *owner, spec.backlog)
        }
        SocketAddress::Tcp { host, port } => tcp(host, *port, spec.backlog),
    };
    made.map_err(|error| Errno(error.raw_os_error()))
}

/// The kernel cuts it down to what it allows.
fn backlog(asked: Option<u32>) -> i32 {
    asked.and_then(|asked| i32::try_from(asked).ok()).unwrap_or(libc::SOMAXCONN)
}

fn unix(
    path: &Path,
    mode: u32,
    owner: Option<(u32, u32)>,
    waiting: Option<u32>,
) -> rustix::io::Result<OwnedFd> {
    let socket =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // A file left over by an earlier life would make `bind` fail.
    let _ = rustix::fs::unlink(path);
    rustix::net::bind(&socket, &rustix::net::SocketAddrUnix::new(path)?)?;
    let finished = (|| {
        if let Some((uid, gid)) = owner {
            // All bits set is how the kernel is told to leave an id alone.
            let id = |raw: u32| (raw != u32::MAX).then_some(raw);
            rustix::fs::chown(path, id(uid).map(Uid::from_raw), id(gid).map(Gid::from_raw))?;
        }
        rustix::fs::chmod(path, Mode::from_raw_mode(mode))?;
        rustix::net::listen(&socket, backlog(waiting))
    })();
    if finished.is_err() {
        let _ = rustix::fs::unlink(path);
    }
    finished.map(|()| socket)
}

fn tcp(host: &str, port: u16, waiting: Option<u32>) -> rustix::io::Result<OwnedFd> {
    let address = if host.is_empty() || host == "*" {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))
    } else {
        let mut found = (host, port).to_socket_addrs().map_err(|_| rustix::io::Errno::ADDRNOTAVAIL)?;
        found.find(SocketAddr::is_ipv4).ok_or(rustix::io::Errno::ADDRNOTAVAIL)?
    };
    let socket =
        rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, backlog(waiting))?;
    Ok(socket)
}
