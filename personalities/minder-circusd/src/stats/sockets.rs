//! How often circusd's sockets are knocked at.
//!
//! circusd-stats inherits them under the numbers that `listsockets` tells. A hundred times a second at most, a socket counts one
//! hit when something came in. The original looks a hundred times a second whether something *waits*; here the kernel says when it
//! comes, and nobody looks while nothing does.

use std::cell::Cell;
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use rustix::net::SocketAddrUnix;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use serde_json::{Value, json};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;

/// How long a socket counts nothing after a hit: the original's look at all of them takes that.
const QUIET: Duration = Duration::from_millis(10);

/// One socket of circusd.
#[derive(Debug)]
pub(super) struct Socket {
    number: i64,
    /// `HOST:PORT`, or the path.
    address: String,
    /// `None` if it was not inherited: it never counts.
    door: Option<Rc<OwnedFd>>,
    hits: Rc<Cell<u64>>,
}

impl Socket {
    /// Takes a socket in as `listsockets` tells it. `None` if that is no description of a socket.
    pub(super) fn of(described: &Value) -> Option<Socket> {
        let number = described.get("fd")?.as_i64()?;
        let address = match described.get("path").and_then(Value::as_str) {
            Some(path) => path.to_owned(),
            None => {
                let host = described.get("host")?.as_str()?;
                format!("{host}:{}", described.get("port")?)
            }
        };
        let door = inherited(number, &address).map(Rc::new);
        Some(Socket { number, address, door, hits: Rc::default() })
    }

    /// Counts from nothing.
    pub(super) fn begin(&self) {
        self.hits.set(0);
    }

    /// The hits since the last time, and how they are published.
    pub(super) fn take(&self) -> (u64, Value) {
        let hits = self.hits.take();
        let (number, address) = (self.number, &self.address);
        (hits, json!({"fd": number, "subtopic": number, "reads": hits, "address": address}))
    }

    /// Its number in circusd.
    pub(super) const fn fd(&self) -> i64 {
        self.number
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }
}

/// Counts the hits of all sockets, until the tasks are dropped. Nothing wakes us for a socket before and after that. Must be
/// called on a `LocalSet`.
pub(super) fn count(sockets: &[Socket]) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for socket in sockets {
        let Some(door) = socket.door.clone() else { continue };
        let hits = socket.hits.clone();
        tasks.spawn_local(async move {
            // What takes its place is `unsafe`, for descriptors that may be closed meanwhile. This one is owned.
            #[allow(deprecated, reason = "see above")]
            let door = AsyncFd::with_interest(door, Interest::READABLE);
            // What cannot be watched is told as never hit.
            let Ok(door) = door else { return };
            while let Ok(mut guard) = door.readable().await {
                // The kernel tells of what comes from now on: what waits is not told twice.
                guard.clear_ready();
                hits.set(hits.get().saturating_add(1));
                tokio::time::sleep(QUIET).await;
            }
        });
    }
    tasks
}

/// A copy of an inherited descriptor, if it is the socket that it should be: without `use_sockets` the number may be anything.
fn inherited(fd: i64, address: &str) -> Option<OwnedFd> {
    let own = pidfd_open(getpid(), PidfdFlags::empty()).ok()?;
    let copy = pidfd_getfd(own, i32::try_from(fd).ok()?, PidfdGetfdFlags::empty()).ok()?;
    let bound = rustix::net::getsockname(&copy).ok()?;
    let is_it = match (SocketAddr::try_from(bound.clone()), SocketAddrUnix::try_from(bound)) {
        // The host is told as it was written, so only the port can be held against it.
        (Ok(bound), _) => address.rsplit_once(':').is_some_and(|(_, port)| port == bound.port().to_string()),
        // A path may have been written in another way, relative or through a link: its end is the same.
        (Err(_), Ok(bound)) => bound.path_bytes().is_some_and(|path| {
            let end = |path: &[u8]| path.rsplit(|byte| *byte == b'/').next().map(<[u8]>::to_vec);
            end(path) == end(address.as_bytes())
        }),
        (Err(_), Err(_)) => false,
    };
    is_it.then_some(copy)
}
