//! Where datagrams for statsd leave.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;

/// How long an address is good. A name may get another one, and nothing tells us.
const ADDRESS_KEPT_FOR: Duration = Duration::from_secs(60);

/// How many datagrams in a row may fail before the log is told again.
const FAILURES_TOLD: u64 = 1000;

/// A socket, and the address that its server's name had last.
#[derive(Debug)]
pub(super) struct StatsdSocket {
    socket: UdpSocket,
    host: String,
    port: u16,
    address: Option<(SocketAddr, Instant)>,
    failures: u64,
}

impl StatsdSocket {
    /// Must be called within a runtime. IPv4, as in the original.
    ///
    /// # Errors
    /// When there is no socket to be had.
    pub(super) async fn open(host: &str, port: u16) -> io::Result<StatsdSocket> {
        let socket = UdpSocket::bind("0.0.0.0:0").await?;
        Ok(StatsdSocket { socket, host: host.to_owned(), port, address: None, failures: 0 })
    }

    /// Sends a datagram. Whether somebody gets it nobody knows.
    ///
    /// # Errors
    /// When it cannot even leave; the first of a row and every thousandth, so that a log does not fill up.
    pub(super) async fn send(&mut self, datagram: &str) -> io::Result<()> {
        match self.try_send(datagram).await {
            Ok(()) => self.failures = 0,
            // What the kernel tells of a datagram before this one: nobody listens. The original does not see it, either.
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Err(error) => {
                self.failures += 1;
                if self.failures % FAILURES_TOLD == 1 {
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn try_send(&mut self, datagram: &str) -> io::Result<()> {
        let address = match self.address.filter(|(_, found)| found.elapsed() < ADDRESS_KEPT_FOR) {
            Some((address, _)) => address,
            None => {
                let mut found = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
                let address = found.find(SocketAddr::is_ipv4).ok_or(io::ErrorKind::NotFound)?;
                self.address = Some((address, Instant::now()));
                address
            }
        };
        self.socket.send_to(datagram.as_bytes(), address).await.map(drop)
    }
}
