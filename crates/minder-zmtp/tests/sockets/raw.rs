//! A peer that says exactly the bytes that a test wants.

use minder_zmtp::Endpoint;
use minder_zmtp::Host;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What libzmq 4.3.5 sends first, with version 3.`minor`. It announces how long its identity is in the padding.
pub(crate) fn greeting(minor: u8) -> Vec<u8> {
    let mut bytes = b"\xff\0\0\0\0\0\0\0\x03\x7f\x03".to_vec();
    bytes.push(minor);
    bytes.extend_from_slice(b"NULL");
    bytes.resize(64, 0);
    bytes
}

/// What libzmq 4.3.5 sends next.
pub(crate) fn ready(socket_type: &str, identity: &str) -> Vec<u8> {
    let mut body = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    body.push(u8::try_from(socket_type.len()).expect("a short type"));
    body.extend_from_slice(socket_type.as_bytes());
    if ["DEALER", "REQ", "ROUTER"].contains(&socket_type) {
        body.extend_from_slice(b"\x08Identity\0\0\0");
        body.push(u8::try_from(identity.len()).expect("a short identity"));
        body.extend_from_slice(identity.as_bytes());
    }
    let mut frame = vec![4, u8::try_from(body.len()).expect("a short body")];
    frame.append(&mut body);
    frame
}

/// A connection that knows nothing of the protocol.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    pub(crate) async fn connect(endpoint: &Endpoint) -> Raw {
        let Endpoint::Tcp { host: Host::Ip(address), port } = endpoint else {
            panic!("{endpoint} is not TCP")
        };
        Raw(TcpStream::connect((*address, *port)).await.expect("somebody listens"))
    }

    /// Connects and shakes hands.
    pub(crate) async fn dealer(endpoint: &Endpoint, identity: &str) -> Raw {
        Raw::shaken(endpoint, 1, "DEALER", identity, b"ROUTER").await
    }

    /// Connects and shakes hands.
    pub(crate) async fn subscriber(endpoint: &Endpoint, minor: u8) -> Raw {
        Raw::shaken(endpoint, minor, "SUB", "", b"PUB").await
    }

    async fn shaken(endpoint: &Endpoint, minor: u8, socket_type: &str, identity: &str, other: &[u8]) -> Raw {
        let mut raw = Raw::connect(endpoint).await;
        raw.say(&[greeting(minor), ready(socket_type, identity)].concat()).await;
        raw.hear_handshake(other).await;
        raw
    }

    /// Hears the greeting and READY of the other side.
    pub(crate) async fn hear_handshake(&mut self, socket_type: &[u8]) {
        let greeting = self.hear(64).await;
        assert_eq!(&greeting[..16], b"\xff\0\0\0\0\0\0\0\0\x7f\x03\x01NULL");
        let head = self.hear(2).await;
        assert_eq!(head[0], 4, "a command");
        let body = self.hear(usize::from(head[1])).await;
        let expected = [&b"\x05READY\x0bSocket-Type\0\0\0"[..], &[head[1] - 22], socket_type].concat();
        assert_eq!(body[..expected.len().min(body.len())], expected[..]);
    }

    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("the other side reads");
    }

    pub(crate) async fn hear(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).await.expect("the other side writes");
        bytes
    }

    /// The body of the next frame.
    pub(crate) async fn hear_frame(&mut self) -> Vec<u8> {
        let long = self.hear(1).await[0] & 2 != 0;
        let mut length = [0; 8];
        let size = if long { 8 } else { 1 };
        length[8 - size..].copy_from_slice(&self.hear(size).await);
        let length = usize::try_from(u64::from_be_bytes(length)).expect("a length");
        self.hear(length).await
    }

    /// Waits for the end of the connection; what comes before it does not matter.
    pub(crate) async fn ended(&mut self) {
        let mut bytes = [0; 4096];
        while let Ok(1..) = self.0.read(&mut bytes).await {}
    }
}
