//! The way to a circusd that only its own machine can reach: a port of ours, through the system's `ssh`.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use minder_zmtp::{Endpoint, Host};
use tokio::net::TcpStream;

/// How long after a vain attempt the entrance is tried again.
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(50);

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
    /// `ssh` ended before anybody could use it. Why, it has said itself.
    Ended(ExitStatus),
}

impl fmt::Display for TunnelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TunnelError::NotTcp(endpoint) => {
                write!(f, "{endpoint} cannot be reached through ssh, only tcp:// can")
            }
            TunnelError::Start(error) => write!(f, "cannot start ssh: {error}"),
            TunnelError::Ended(status) => write!(f, "ssh has ended ({status})"),
        }
    }
}

impl Tunnel {
    /// Starts `ssh` to `[user@]host[:port]`. It may still ask for a password; whoever connects meanwhile tries again.
    pub(crate) fn dig(
        server: &str,
        key_file: Option<&str>,
        endpoint: &Endpoint,
    ) -> Result<Tunnel, TunnelError> {
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
        if let Some(key_file) = key_file {
            ssh.args(["-i", key_file]);
        }
        match server.rsplit_once(':') {
            Some((server, port)) if port.parse::<u16>().is_ok() => ssh.args(["-p", port, "--", server]),
            Some(_) | None => ssh.args(["--", server]),
        };
        let ssh = ssh.stdout(Stdio::null()).spawn().map_err(TunnelError::Start)?;
        let entrance = Endpoint::Tcp { host: Host::Ip(Ipv4Addr::LOCALHOST.into()), port: entrance };
        Ok(Tunnel { ssh, entrance })
    }

    /// Waits until somebody can come in, which is when the server has let us in. Nobody tells when a port begins to
    /// listen, so it is tried again and again; the wait ends with `ssh` at the latest.
    pub(crate) async fn opened(&mut self) -> Result<(), TunnelError> {
        let Endpoint::Tcp { port, .. } = self.entrance else { return Ok(()) };
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
            if let Some(status) = self.ssh.try_wait().map_err(TunnelError::Start)? {
                return Err(TunnelError::Ended(status));
            }
            tokio::time::sleep(TRY_AGAIN_AFTER).await;
        }
        Ok(())
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
