//! The way to a circusd that only its own machine can reach: a port of ours, through the system's `ssh`.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};

use minder_zmtp::{Endpoint, Host};

/// A running `ssh`, ended when this is dropped.
#[derive(Debug)]
pub(crate) struct Tunnel {
    ssh: Child,
    entrance: Endpoint,
}

/// Why there is no tunnel.
#[derive(Debug)]
pub(crate) enum TunnelError {
    /// Only TCP can be led through.
    NotTcp(Endpoint),
    /// No port of ours is free, or `ssh` cannot be started.
    Start(io::Error),
}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TunnelError::NotTcp(endpoint) => {
                write!(f, "{endpoint} cannot be reached through ssh, only tcp:// can")
            }
            TunnelError::Start(error) => write!(f, "cannot start ssh: {error}"),
        }
    }
}

impl Tunnel {
    /// Starts `ssh` to `[user@]host[:port]`. It may still ask for a password; whoever connects meanwhile tries again.
    pub(crate) fn dig(server: &str, endpoint: &Endpoint) -> Result<Tunnel, TunnelError> {
        let Endpoint::Tcp { host, port } = endpoint else {
            return Err(TunnelError::NotTcp(endpoint.clone()));
        };
        let host = match host {
            Host::Any => "localhost".to_owned(),
            Host::Ip(IpAddr::V4(address)) => address.to_string(),
            Host::Ip(IpAddr::V6(address)) => format!("[{address}]"),
            Host::Name(name) => name.clone(),
        };
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
        let entrance = free.map_err(TunnelError::Start)?.port();
        let mut ssh = Command::new("ssh");
        ssh.args(["-N", "-o", "ExitOnForwardFailure=yes", "-L"]);
        ssh.arg(format!("127.0.0.1:{entrance}:{host}:{port}"));
        match server.rsplit_once(':') {
            Some((server, port)) if port.parse::<u16>().is_ok() => ssh.args(["-p", port, "--", server]),
            Some(_) | None => ssh.args(["--", server]),
        };
        let ssh = ssh.stdout(Stdio::null()).spawn().map_err(TunnelError::Start)?;
        let entrance = Endpoint::Tcp { host: Host::Ip(Ipv4Addr::LOCALHOST.into()), port: entrance };
        Ok(Tunnel { ssh, entrance })
    }

    /// Where to connect to instead.
    pub(crate) fn entrance(&self) -> &Endpoint {
        &self.entrance
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to do.
        let _ = self.ssh.kill();
        let _ = self.ssh.wait();
    }
}
