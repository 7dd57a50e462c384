//! Asking a script over its socket: a connection, a request, an answer.

use std::io;
use std::path::Path;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::device::{Device, Endpoint};
use crate::script::{bytes, text};

/// How long a script may take. One that waits for its board answers nobody.
const WITHIN: Duration = Duration::from_secs(3);
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 256 << 10;

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Silence {
    /// Nobody listens.
    NotRunning,
    /// Somebody listens and says nothing.
    NoAnswer,
}

/// The answer of a device's script; `run` is where socket files are.
pub(super) async fn ask(device: &Device, run: &Path, request: &str) -> Result<String, Silence> {
    let answer = async {
        match &device.endpoint {
            Endpoint::File(name) => talk(UnixStream::connect(run.join(name)).await?, request).await,
            Endpoint::Port { host, port } => {
                talk(TcpStream::connect((host.as_str(), *port)).await?, request).await
            }
        }
    };
    match tokio::time::timeout(WITHIN, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(error)) => Err(match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Silence::NotRunning,
            _ => Silence::NoAnswer,
        }),
        Err(_) => Err(Silence::NoAnswer),
    }
}

async fn talk(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> io::Result<String> {
    stream.write_all(&bytes(request)).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(text(&answer))
}
