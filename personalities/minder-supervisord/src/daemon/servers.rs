//! The listening sockets of the HTTP servers: opened by the front, so that a port that is taken is told on the
//! terminal, and held by the keeper ever after.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::conf::settings::{Access, InetServer, Settings, UnixServer};

/// What a held server socket is called: this, and its number among the servers.
pub const HELD_PREFIX: &str = "server:";

/// How many connections may wait: the original's.
const BACKLOG: i32 = 1024;

/// Opens all servers: those on ports first, then those on files. `opened` hears of each.
///
/// # Errors
/// The original's text, to be printed behind `Error: `; then no socket file is left.
pub(super) fn open(
    settings: &Settings,
    mut opened: impl FnMut(&Access) -> Result<(), String>,
) -> Result<Vec<OwnedFd>, String> {
    let mut sockets = Vec::new();
    for server in &settings.inet_servers {
        sockets.push(on_port(server).map_err(|error| refused(&error))?);
        opened(&server.access)?;
    }
    for (i, server) in settings.unix_servers.iter().enumerate() {
        let socket = on_file(server).and_then(|socket| {
            opened(&server.access).map(|()| socket).inspect_err(|_| {
                let _ = std::fs::remove_file(&server.file);
            })
        });
        match socket {
            Ok(socket) => sockets.push(socket),
            Err(text) => {
                for earlier in &settings.unix_servers[..i] {
                    let _ = std::fs::remove_file(&earlier.file);
                }
                return Err(text);
            }
        }
    }
    Ok(sockets)
}

/// The names under which the keeper holds them.
pub(super) fn named(sockets: Vec<OwnedFd>) -> Vec<(String, OwnedFd)> {
    sockets.into_iter().enumerate().map(|(i, fd)| (format!("{HELD_PREFIX}{i}"), fd)).collect()
}

fn refused(error: &io::Error) -> String {
    match error.raw_os_error().map(rustix::io::Errno::from_raw_os_error) {
        Some(rustix::io::Errno::ADDRINUSE) => {
            "Another program is already listening on a port that one of our HTTP \
            servers is configured to use.  Shut this program down first before starting supervisord."
                .to_owned()
        }
        Some(errno) => {
            let number = errno.raw_os_error();
            let reported = match minder_core::errno::symbol(minder_core::ids::Errno(number)) {
                Some(symbol) => format!("errno.{symbol} ({number})"),
                None => number.to_string(),
            };
            format!("Cannot open an HTTP server: socket.error reported {reported}")
        }
        // The name of the host leads nowhere, for which Python has a number of the resolver's.
        None => "Cannot open an HTTP server: socket.error reported -2".to_owned(),
    }
}

fn on_port(server: &InetServer) -> io::Result<OwnedFd> {
    let address = if server.host.is_empty() {
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, server.port))
    } else {
        let mut found = (server.host.as_str(), server.port).to_socket_addrs()?;
        found.find(SocketAddr::is_ipv4).ok_or(rustix::io::Errno::ADDRNOTAVAIL)?
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(socket)
}

/// Binds beside the file and links it into place, so that the file is never there without its rights.
fn on_file(server: &UnixServer) -> Result<OwnedFd, String> {
    let path = Path::new(&server.file);
    let listener = bind_linked(path, server.mode).map_err(|error| refused(&error))?;
    give_away(server).map_err(|_| {
        let show = |id: Option<u32>| id.map_or_else(|| "-1".to_owned(), |id| id.to_string());
        format!(
            "Not permitted to chown {} to uid/gid ({}, {}); adjust \"sockchown\" value in config file or on command \
             line to values that the current user ({}) can successfully chown",
            server.file,
            show(server.owner.uid),
            show(server.owner.gid),
            current_user()
        )
    })?;
    Ok(listener.into())
}

/// Opens a server on a file once more, after the file was removed. A file that nobody answers behind is replaced.
///
/// # Errors
/// When it cannot be made, or not be given to whom it belongs; then there is none.
pub(super) fn on_file_again(server: &UnixServer) -> io::Result<UnixListener> {
    let listener = bind_linked(Path::new(&server.file), server.mode)?;
    give_away(server).inspect_err(|_| {
        let _ = std::fs::remove_file(&server.file);
    })?;
    Ok(listener)
}

fn give_away(server: &UnixServer) -> io::Result<()> {
    let (uid, gid) = (server.owner.uid, server.owner.gid);
    if uid.is_some() || gid.is_some() { chown(&server.file, uid, gid) } else { Ok(()) }
}

fn bind_linked(path: &Path, mode: i64) -> io::Result<UnixListener> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    // A file of an earlier process that happened to have our pid.
    let _ = std::fs::remove_file(&beside);
    let listener = UnixListener::bind(&beside)?;
    let linked = std::fs::set_permissions(&beside, PermissionsExt::from_mode(mode_bits(mode)))
        .and_then(|()| link_into_place(&beside, path));
    let removed = std::fs::remove_file(&beside);
    linked.and(removed)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

fn mode_bits(mode: i64) -> u32 {
    u32::try_from(mode & 0o7777).unwrap_or(0o700)
}

fn link_into_place(beside: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(beside, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if UnixStream::connect(path).is_ok() {
                return Err(rustix::io::Errno::ADDRINUSE.into());
            }
            eprintln!("Unlinking stale socket {}", path.display());
            std::fs::remove_file(path)?;
            std::fs::hard_link(beside, path)
        }
        linked => linked,
    }
}

fn current_user() -> String {
    let machine = crate::conf::machine::RealMachine;
    let uid = rustix::process::getuid().as_raw();
    crate::conf::machine::Machine::user_by_id(&machine, uid).map_or_else(|| uid.to_string(), |user| user.name)
}
