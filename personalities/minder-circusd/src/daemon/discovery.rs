//! Being found: whoever sends anything to the group learns where the daemon is.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use serde_json::json;

use crate::python_json;

/// Joins a group that is written `udp://ADDRESS:PORT`.
///
/// # Errors
/// When that is no group, or the system has no network for it.
pub(super) fn join(group: &str) -> io::Result<UdpSocket> {
    let wrong = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, format!("{group}: {what}"));
    let address = group.strip_prefix("udp://").unwrap_or(group);
    let address: SocketAddrV4 = address.parse().map_err(|_| wrong("not udp://a.b.c.d:port"))?;
    if !address.ip().is_multicast() {
        return Err(wrong("the address must be between 224.0.0.0 and 239.255.255.255"));
    }
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
    // Several daemons of one machine may be in one group.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    rustix::net::bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, address.port()))?;
    sockopt::set_ip_add_membership(&socket, address.ip(), &Ipv4Addr::UNSPECIFIED)?;
    Ok(UdpSocket::from(socket))
}

/// Tells everybody who asks.
pub(super) async fn answer(socket: UdpSocket, endpoint: String) {
    let Ok(socket) = tokio::net::UdpSocket::from_std(socket) else { return };
    let answer = python_json::to_string(&json!({"endpoint": endpoint}));
    let mut question = [0; 1024];
    loop {
        match socket.recv_from(&mut question).await {
            // One that cannot be reached has not really asked.
            Ok((_, asker)) => drop(socket.send_to(answer.as_bytes(), asker).await),
            // A refusal of an earlier answer; anything else would come again at once.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(_) => return,
        }
    }
}
