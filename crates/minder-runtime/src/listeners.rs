//! Sockets that programs inherit: open from before the first program starts to the end of it all, whoever of keeper and
//! mind is killed meanwhile, since the keeper holds them too.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minder_core::control::{Refusal, Reply};
use minder_core::ids::{Errno, InstanceId, SocketName};
use minder_core::instance::Trouble;
use minder_core::program::{ProgramSpec, SocketSource, StdinSource};
use minder_core::socket::{Blocking, Existing, Family, Sharing, SocketKind, SocketPlace, SocketSpec};
use rustix::fs::Mode;
use rustix::net::{AddressFamily, Protocol, SocketAddrAny, SocketAddrUnix, SocketFlags, SocketType, sockopt};
use tokio::io::unix::AsyncFd;

use crate::mind::Mind;
use crate::waiters::ReplyTo;

/// What they are called among the descriptors that the keeper holds: this, and the socket's name.
pub const LISTENER_PREFIX: &str = "listener:";

/// The sockets that are open.
#[derive(Debug, Default)]
pub struct Listeners(BTreeMap<SocketName, OwnedFd>);

impl Listeners {
    /// Those that the keeper holds.
    pub fn held(sockets: Vec<(String, OwnedFd)>) -> Self {
        Self(sockets.into_iter().map(|(name, socket)| (SocketName::new(name), socket)).collect())
    }

    /// Their names and addresses.
    pub fn bound(&self) -> Vec<(SocketName, Option<SocketAddr>)> {
        self.0.iter().map(|(name, socket)| (name.clone(), address(socket))).collect()
    }

    fn names(&self) -> Vec<SocketName> {
        self.0.keys().cloned().collect()
    }
}

fn address(socket: impl AsFd) -> Option<SocketAddr> {
    SocketAddr::try_from(rustix::net::getsockname(socket).ok()?).ok()
}

/// The file of a socket that has one.
fn file(socket: impl AsFd) -> Option<PathBuf> {
    let address: SocketAddrAny = rustix::net::getsockname(socket).ok()?;
    let address = SocketAddrUnix::try_from(address).ok()?;
    address.path_bytes().map(|path| PathBuf::from(OsStr::from_bytes(path)))
}

/// The inherited sockets of one process: what the keeper calls each, and its number there.
pub(crate) type Inherited = Vec<(Vec<u8>, i32)>;

impl Mind {
    /// What the keeper is to hand to a new process. Sockets of its own are made now, all of them or none: one that stayed
    /// behind would listen for nobody, and the kernel would give it its share of the connections.
    pub(crate) fn inherited_sockets(
        &mut self,
        id: InstanceId,
        spec: &ProgramSpec,
    ) -> Result<Inherited, Trouble> {
        if let StdinSource::Socket(name) = &spec.stdin
            && !self.listeners.0.contains_key(name)
        {
            return Err(Trouble::Socket(Errno(libc::ENOENT)));
        }
        let mut inherited = Vec::new();
        for socket in &spec.surroundings.sockets {
            match self.inherited_socket(id, &socket.source) {
                Ok(name) => inherited.push((name, socket.descriptor)),
                Err(errno) => {
                    self.release_own_sockets(&inherited);
                    return Err(Trouble::Socket(errno));
                }
            }
        }
        Ok(inherited)
    }

    /// What the keeper calls it.
    fn inherited_socket(&mut self, id: InstanceId, source: &SocketSource) -> Result<Vec<u8>, Errno> {
        match source {
            SocketSource::Common(name) if self.listeners.0.contains_key(name) => Ok(held_name(name)),
            SocketSource::Common(_) => Err(Errno(libc::ENOENT)),
            SocketSource::Own(spec) => {
                let own = open(spec)?;
                let name = own_name(id, &spec.name);
                self.link.hold(name.clone(), own);
                Ok(name)
            }
        }
    }

    /// Lets go of the sockets that only the new process is to have.
    pub(crate) fn release_own_sockets(&mut self, inherited: &Inherited) {
        for (name, _) in inherited.iter().filter(|(name, _)| name.starts_with(OWN_PREFIX.as_bytes())) {
            self.link.release(name.clone());
        }
    }

    pub(crate) fn open_listener(&mut self, spec: &Arc<SocketSpec>) -> Result<Reply, Refusal> {
        if self.listeners.0.contains_key(&spec.name) {
            return Err(Refusal::AlreadyActive);
        }
        let failed = |errno| Refusal::NoSocket(spec.name.clone(), errno);
        let socket = open(spec).map_err(failed)?;
        let copy = rustix::io::fcntl_dupfd_cloexec(&socket, 3);
        let copy = copy.map_err(|error| failed(Errno(error.raw_os_error())))?;
        self.link.hold(held_name(&spec.name), copy);
        self.listeners.0.insert(spec.name.clone(), socket);
        Ok(Reply::Done)
    }

    pub(crate) fn close_listener(&mut self, name: &SocketName) -> Result<Reply, Refusal> {
        let socket = self
            .listeners
            .0
            .remove(name)
            .ok_or_else(|| Refusal::NoSocket(name.clone(), Errno(libc::ENOENT)))?;
        self.link.release(held_name(name));
        // The keeper has it a little longer. A stream that does not listen any more is in nobody's way; programs that have
        // it are about to be replaced.
        let _ = rustix::net::shutdown(&socket, rustix::net::Shutdown::Both);
        if let Some(path) = file(&socket) {
            // Somebody may have removed it before.
            let _ = std::fs::remove_file(path);
        }
        Ok(Reply::Done)
    }

    /// Closes all of them at the end.
    pub fn close_listeners(&mut self) {
        for name in self.listeners.names() {
            // It is open, so it can be closed.
            let _ = self.close_listener(&name);
        }
    }

    /// Answers when one of the sockets has a connection waiting, or not at all when whoever asked has gone.
    pub(crate) fn await_connection(&self, names: &[SocketName], mut reply: ReplyTo) {
        let sockets = names.iter().filter_map(|name| self.listeners.0.get(name));
        let copies: Vec<_> =
            sockets.filter_map(|socket| rustix::io::fcntl_dupfd_cloexec(socket, 3).ok()).collect();
        tokio::task::spawn_local(async move {
            let watched: Vec<_> = copies.into_iter().filter_map(watch).collect();
            let mut waiting: Vec<_> = watched.iter().map(|socket| Box::pin(socket.readable())).collect();
            let connected = std::future::poll_fn(|context| {
                let ready = waiting.iter_mut().any(|one| one.as_mut().poll(context).is_ready());
                if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            });
            tokio::select! {
                () = connected => drop(reply.send(Ok(Reply::Done))),
                () = reply.closed() => {}
            }
        });
    }
}

#[allow(unsafe_code, reason = "the event loop takes descriptors on our word that they stay open")]
fn watch(socket: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    // SAFETY: an owned descriptor stays open and the same until it is dropped.
    unsafe { AsyncFd::register(socket) }.ok()
}

/// What sockets of one process alone are called for the moment in which they pass through the keeper.
pub(crate) const OWN_PREFIX: &str = "own-listener:";

/// What the keeper calls a socket.
pub fn held_name(name: &SocketName) -> Vec<u8> {
    format!("{LISTENER_PREFIX}{name}").into_bytes()
}

fn own_name(id: InstanceId, name: &SocketName) -> Vec<u8> {
    format!("{OWN_PREFIX}{}:{name}", id.0).into_bytes()
}

/// Makes the socket, bound, and listening if it is of a kind that does.
///
/// # Errors
/// The system call's; `EADDRNOTAVAIL` also for a host that leads nowhere.
pub fn open(spec: &SocketSpec) -> Result<OwnedFd, Errno> {
    make(spec).map_err(|error| Errno(error.raw_os_error()))
}

fn make(spec: &SocketSpec) -> rustix::io::Result<OwnedFd> {
    let family = match &spec.place {
        SocketPlace::File { .. } => AddressFamily::UNIX,
        SocketPlace::Port { family: Family::V4, .. } => AddressFamily::INET,
        SocketPlace::Port { family: Family::V6, .. } => AddressFamily::INET6,
    };
    let (kind, listens) = match spec.kind {
        SocketKind::Stream => (SocketType::STREAM, true),
        SocketKind::Datagram => (SocketType::DGRAM, false),
        SocketKind::Raw => (SocketType::RAW, false),
        SocketKind::ReliablyDelivered => (SocketType::RDM, false),
        SocketKind::SequencedPackets => (SocketType::SEQPACKET, true),
    };
    let mut flags = SocketFlags::CLOEXEC;
    if spec.blocking == Blocking::Never {
        flags |= SocketFlags::NONBLOCK;
    }
    let protocol = std::num::NonZeroU32::new(spec.protocol).map(Protocol::from_raw);
    let socket = rustix::net::socket_with(family, kind, flags, protocol)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    if spec.sharing == Sharing::EachItsOwn {
        sockopt::set_socket_reuseport(&socket, true)?;
    }
    match &spec.place {
        SocketPlace::Port { host, port, family, device } => {
            if let Some(device) = device {
                bind_to_device(&socket, device.as_bytes())?;
            }
            rustix::net::bind(&socket, &resolve(host, *port, *family)?)?;
        }
        SocketPlace::File { path, umask, existing } => {
            bind_to_file(&socket, Path::new(OsStr::from_bytes(path.as_bytes())), *umask, *existing)?;
        }
    }
    if listens {
        rustix::net::listen(&socket, i32::try_from(spec.backlog).unwrap_or(i32::MAX))?;
    }
    Ok(socket)
}

fn resolve(host: &str, port: u16, family: Family) -> rustix::io::Result<SocketAddr> {
    let mut found = (host, port).to_socket_addrs().map_err(|_| rustix::io::Errno::ADDRNOTAVAIL)?;
    let fits = |address: &SocketAddr| match family {
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    };
    found.find(fits).ok_or(rustix::io::Errno::ADDRNOTAVAIL)
}

fn bind_to_file(
    socket: &OwnedFd,
    path: &Path,
    umask: Option<u32>,
    existing: Existing,
) -> rustix::io::Result<()> {
    if existing == Existing::Replaced {
        match rustix::fs::unlink(path) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(error) => return Err(error),
        }
    }
    let address = SocketAddrUnix::new(path)?;
    let Some(umask) = umask else { return rustix::net::bind(socket, &address) };
    // The only thread that makes files: the mask of the process is ours for this moment.
    let before = rustix::process::umask(Mode::from_raw_mode(umask));
    let bound = rustix::net::bind(socket, &address);
    rustix::process::umask(before);
    bound
}

#[allow(unsafe_code, reason = "rustix has no such option")]
fn bind_to_device(socket: &OwnedFd, device: &[u8]) -> rustix::io::Result<()> {
    use std::os::fd::AsRawFd;
    let length = libc::socklen_t::try_from(device.len()).unwrap_or(libc::socklen_t::MAX);
    // SAFETY: an open socket, and the bytes of a name with their length, which the kernel only reads.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_BINDTODEVICE,
            device.as_ptr().cast(),
            length,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(rustix::io::Errno::from_io_error(&std::io::Error::last_os_error())
            .unwrap_or(rustix::io::Errno::INVAL))
    }
}
