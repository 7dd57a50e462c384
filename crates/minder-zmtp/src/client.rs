//! What both clients do: connect, and connect again whenever the connection is gone or does not come about.

use std::fmt;
use std::time::Duration;

use crate::bounds::Bounds;
use crate::command::IDENTITY_BYTES_MAX;
use crate::connection::{Connection, Role};
use crate::endpoint::Endpoint;
use crate::error::End;
use crate::pool::Pool;
use crate::stream::Stream;

/// How long it takes from the end of one attempt to the beginning of the next. libzmq's default.
pub const RECONNECT_AFTER: Duration = Duration::from_millis(100);

/// Something to which no client can be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ConnectError {
    /// The endpoint is one to listen on only.
    Indefinite(Endpoint),
    /// The identity is empty, too long, or begins with a zero byte, which is the servers' own.
    Identity(Vec<u8>),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConnectError::Indefinite(endpoint) => {
                write!(
                    out,
                    "cannot connect to {endpoint}: expected a host other than `*` and a port other than 0"
                )
            }
            ConnectError::Identity(identity) => write!(
                out,
                "cannot be called `{}`: expected 1 to {IDENTITY_BYTES_MAX} bytes, the first of them not zero",
                identity.escape_ascii()
            ),
        }
    }
}

impl std::error::Error for ConnectError {}

/// Refuses what cannot be connected to.
pub(crate) fn definite(endpoint: Endpoint) -> Result<Endpoint, ConnectError> {
    if endpoint.is_definite() { Ok(endpoint) } else { Err(ConnectError::Indefinite(endpoint)) }
}

/// Serves one connection after the other, for ever.
pub(crate) async fn keep_connected(
    endpoint: Endpoint,
    role: Role,
    identity: Vec<u8>,
    mut serve: impl AsyncFnMut(Connection) -> Result<(), End>,
) {
    let pool = Pool::default();
    loop {
        if let Ok(stream) = Stream::dial(&endpoint).await
            && let Ok(connection) = Connection::open(stream, role, &identity, &pool, &Bounds::default()).await
        {
            // Why it ended makes no difference to what comes next.
            let _ = serve(connection).await;
        }
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}
