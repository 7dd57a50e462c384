//! Everybody's side of kegnet but the core's: a connection that comes back.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use minder_kegbot_app::Logger;

use super::queue::Queue;
use super::{Address, Event, Lines, Unreadable};

/// How long to wait before the next attempts to connect, seconds; the last one for ever.
const WAITS: [u64; 7] = [5, 5, 10, 10, 20, 20, 60];

/// How long an attempt may take.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// The waits between attempts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Waits(usize);

impl Waits {
    /// How long to wait now.
    pub fn next_wait(&mut self) -> Duration {
        let wait = WAITS[self.0.min(WAITS.len() - 1)];
        self.0 += 1;
        Duration::from_secs(wait)
    }

    /// It worked: the next time is the first again.
    pub fn reset(&mut self) {
        self.0 = 0;
    }
}

/// Nobody listens where the core should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCore;

/// A connection to a core, whether there is one just now or not. Clones are the same connection.
#[derive(Clone)]
pub struct Client {
    address: Address,
    log: Logger,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: Queue,
    connection: Option<TcpStream>,
    /// Which connection it is.
    number: u64,
    ending: Ending,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Ending {
    #[default]
    No,
    Asked,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// Until something changes or the time is over.
    fn wait_for<'a>(&self, state: MutexGuard<'a, State>, most: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, most).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Client {
    /// One that is not connected yet.
    #[must_use]
    pub fn new(address: Address, log: Logger) -> Self {
        Self { address, log, shared: Arc::default() }
    }

    /// Sends an event, now or when there is a connection.
    pub fn send(&self, event: Event) {
        let dropped = self.shared.lock().queue.push(event);
        self.shared.changed.notify_all();
        if dropped > 1 {
            self.log.warning(&format!(
                "No core for a long time; {dropped} events that others make needless are dropped."
            ));
        }
    }

    /// Ends [`Client::run`].
    pub fn quit(&self) {
        let mut state = self.shared.lock();
        state.ending = Ending::Asked;
        if let Some(connection) = &state.connection {
            let _ = connection.shutdown(Shutdown::Both);
        }
        self.shared.changed.notify_all();
    }

    /// Waits until all that was sent has gone out, for a while. Whether it has.
    #[must_use]
    pub fn drain(&self, most: Duration) -> bool {
        let end = Instant::now() + most;
        let mut state = self.shared.lock();
        while !state.queue.is_empty() {
            let Some(left) = end.checked_duration_since(Instant::now()) else { return false };
            state = self.shared.wait_for(state, left);
        }
        true
    }

    /// Connects once.
    ///
    /// # Errors
    /// When there is no core.
    pub fn connect(&self) -> Result<TcpStream, NoCore> {
        self.log.info(&format!("Connecting to {}", self.address));
        let all = (self.address.host.as_str(), self.address.port).to_socket_addrs().map_err(|_| NoCore)?;
        // The core listens on version 4 only.
        let numbers = all.filter(SocketAddr::is_ipv4);
        let connected =
            numbers.map(|at| TcpStream::connect_timeout(&at, CONNECT_PATIENCE)).find_map(Result::ok);
        let stream = connected.ok_or(NoCore)?;
        let _ = stream.set_nodelay(true);
        self.log.info("Connected!");
        Ok(stream)
    }

    /// Connects, again and again, until [`Client::quit`]. `heard` is called with what the core tells.
    pub fn run(&self, mut heard: impl FnMut(Event)) {
        let mut waits = Waits::default();
        loop {
            if let Ok(stream) = self.connect() {
                waits.reset();
                self.converse(&stream, &mut heard);
                self.log.info("Disconnected!");
                if self.shared.lock().ending == Ending::Asked {
                    return;
                }
                continue;
            }
            let wait = waits.next_wait();
            if self.shared.lock().ending == Ending::Asked {
                return;
            }
            self.log.info(&format!("Connection failed. Retry in {} seconds.", wait.as_secs()));
            self.log.info("Disconnected!");
            if self.rest(wait) == Ending::Asked {
                return;
            }
        }
    }

    /// As [`Client::run`], with a connection that is there already, and only as long as it lasts.
    pub fn converse(&self, stream: &TcpStream, heard: &mut impl FnMut(Event)) {
        let number = {
            let mut state = self.shared.lock();
            if state.ending == Ending::Asked {
                return;
            }
            state.number += 1;
            state.connection = stream.try_clone().ok();
            state.number
        };
        let (out, shared) = (stream.try_clone(), self.shared.clone());
        let writer = out.ok().and_then(|out| {
            let write = move || write(out, &shared, number);
            thread::Builder::new().name("kegnet out".to_owned()).spawn(write).ok()
        });
        self.read(stream, heard);
        let mut state = self.shared.lock();
        state.connection = None;
        state.number += 1;
        self.shared.changed.notify_all();
        drop(state);
        let _ = stream.shutdown(Shutdown::Both);
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }

    fn read(&self, mut stream: &TcpStream, heard: &mut impl FnMut(Event)) {
        let mut lines = Lines::default();
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = match stream.read(&mut buffer) {
                Ok(0) | Err(_) => return,
                Ok(count) => count,
            };
            let Ok(messages) = lines.feed(&buffer[..count]) else {
                self.log.warning("Received a message without an end, closing.");
                return;
            };
            for message in messages {
                match Event::read(&message) {
                    Ok(event) => heard(event),
                    Err(Unreadable::Empty) => {}
                    Err(error) => self.log.warning(&format!("Received malformed message, dropping: {error}")),
                }
            }
        }
    }

    fn rest(&self, wait: Duration) -> Ending {
        let end = Instant::now() + wait;
        let mut state = self.shared.lock();
        while state.ending == Ending::No {
            let Some(left) = end.checked_duration_since(Instant::now()) else { break };
            state = self.shared.wait_for(state, left);
        }
        state.ending
    }
}

/// Sends what waits, as long as this connection lasts. An event goes from the queue when it is sent, so that one which is cut
/// off is sent again.
fn write(mut stream: TcpStream, shared: &Shared, number: u64) {
    loop {
        let message = {
            let mut state = shared.lock();
            loop {
                if state.number != number {
                    return;
                }
                match state.queue.take() {
                    Some(event) => break event.message(),
                    None => state = shared.wait(state),
                }
            }
        };
        let sent = stream.write_all(&message);
        let mut state = shared.lock();
        if sent.is_err() {
            state.queue.give_back();
            let _ = stream.shutdown(Shutdown::Both);
            return;
        }
        state.queue.settle();
        shared.changed.notify_all();
    }
}
