//! The core's side of kegnet.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use minder_kegbot_app::Logger;
use minder_kegbot_app::threads::Failure;

use super::{Address, Event, Lines, Unreadable};

/// More connections than a keg fridge has programs. Further ones are closed at once.
const CONNECTIONS_MAX: usize = 64;

/// So many events wait for a client that does not read. Then it is let go; it will come back.
const WAITING_MAX: usize = 4096;

/// Where clients connect.
pub struct Server {
    listener: TcpListener,
    clients: Broadcast,
    log: Logger,
}

/// All clients, to tell them something.
#[derive(Clone, Default)]
pub struct Broadcast(Arc<Mutex<Clients>>);

#[derive(Default)]
struct Clients {
    next: u64,
    connected: BTreeMap<u64, Connected>,
    closed: Door,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Door {
    #[default]
    Open,
    Closed,
}

struct Connected {
    stream: TcpStream,
    events: SyncSender<Arc<[u8]>>,
}

impl Broadcast {
    /// Tells every client. One that has not read for long is let go.
    pub fn tell(&self, event: &Event) {
        let message: Arc<[u8]> = event.message().into();
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.connected.retain(|_, client| match client.events.try_send(message.clone()) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                // Its reader hears of it, and says goodbye in the log.
                let _ = client.stream.shutdown(Shutdown::Both);
                false
            }
        });
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).connected.len()
    }

    fn enter(&self, stream: &TcpStream) -> Option<(u64, Receiver<Arc<[u8]>>)> {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.closed == Door::Closed || clients.connected.len() >= CONNECTIONS_MAX {
            return None;
        }
        let stream = stream.try_clone().ok()?;
        let (events, waiting) = sync_channel(WAITING_MAX);
        let id = clients.next;
        clients.next += 1;
        clients.connected.insert(id, Connected { stream, events });
        Some((id, waiting))
    }

    fn leave(&self, id: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).connected.remove(&id);
    }

    fn close(&self) {
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.closed = Door::Closed;
        for client in clients.connected.values() {
            let _ = client.stream.shutdown(Shutdown::Read);
        }
    }
}

impl Server {
    /// Listens, on the numbers of version 4 as the original does.
    ///
    /// # Errors
    /// When the name is unknown or the port is taken.
    pub fn bind(address: &Address, log: Logger, clients: Broadcast) -> Result<Self, Failure> {
        let say = |port: u16| log.info(&format!("Starting server on ('{}', {port})", address.host));
        if address.port != 0 {
            say(address.port);
        }
        let listener = listen(address).map_err(|error| failure(&error))?;
        if address.port == 0 {
            // Which one the system chose is what people need to know.
            say(listener.local_addr().map_err(|error| failure(&error))?.port());
        }
        Ok(Self { listener, clients, log })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not know.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Something that ends [`Server::run`].
    ///
    /// # Errors
    /// When the system has no descriptor for it.
    pub fn stopper(&self) -> io::Result<Stopper> {
        Ok(Stopper {
            listener: self.listener.try_clone()?,
            clients: self.clients.clone(),
            log: self.log.clone(),
        })
    }

    /// Serves until it is stopped. `heard` is called with each event, by many threads.
    ///
    /// # Errors
    /// When no connection can be accepted any more.
    pub fn run(self, heard: impl Fn(Event) + Clone + Send + 'static) -> Result<(), Failure> {
        loop {
            match self.listener.accept() {
                Ok((stream, peer)) => self.welcome(stream, peer, heard.clone()),
                // It was shut down.
                Err(error) if error.raw_os_error() == Some(22) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => {
                    self.log.warning(&format!("cannot accept a connection: {error}"));
                    // Too few descriptors, most likely; nothing tells when there are more.
                    thread::sleep(std::time::Duration::from_millis(200));
                }
            }
        }
    }

    fn welcome(&self, stream: TcpStream, peer: SocketAddr, heard: impl Fn(Event) + Send + 'static) {
        let Some((id, waiting)) = self.clients.enter(&stream) else {
            self.log.warning(&format!("Remote host refused, there are too many: {peer}"));
            return;
        };
        self.log.info(&format!("Remote host connected: {peer}"));
        // Latency matters, and events are small.
        let _ = stream.set_nodelay(true);
        let (log, clients) = (self.log.clone(), self.clients.clone());
        let served = thread::Builder::new().name(format!("kegnet {peer}")).spawn(move || {
            converse(&stream, waiting, &log, heard);
            log.info("Closing down...");
            clients.leave(id);
            let _ = stream.shutdown(Shutdown::Both);
            log.info(&format!("Remote host closed: {peer}"));
        });
        if let Err(error) = served {
            self.clients.leave(id);
            self.log.warning(&format!("no thread for {peer}: {error}"));
        }
    }
}

/// Ends a server.
pub struct Stopper {
    listener: TcpListener,
    clients: Broadcast,
    log: Logger,
}

impl Stopper {
    /// No connection is accepted any more, and none is read; what waits for clients still goes out.
    pub fn stop(&self) {
        self.log.info("Stopping server");
        // It wakes whoever waits in `accept`.
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        self.clients.close();
    }
}

fn listen(address: &Address) -> io::Result<TcpListener> {
    let all = (address.host.as_str(), address.port).to_socket_addrs()?;
    let numbers: Vec<SocketAddr> = all.filter(SocketAddr::is_ipv4).collect();
    if numbers.is_empty() {
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no address of IPv4"));
    }
    TcpListener::bind(numbers.as_slice())
}

fn failure(error: &io::Error) -> Failure {
    let number = error.raw_os_error().map(|number| format!("[Errno {number}] ")).unwrap_or_default();
    Failure::new("error", format!("{number}{}", minder_kegbot_app::flags::reason(error)))
}

fn converse(stream: &TcpStream, waiting: Receiver<Arc<[u8]>>, log: &Logger, heard: impl Fn(Event)) {
    if let Ok(out) = stream.try_clone() {
        // It ends when the client has left, and nobody sends to it any more.
        let _ = thread::Builder::new().name("kegnet out".to_owned()).spawn(move || send(out, &waiting));
    }
    let mut lines = Lines::default();
    let mut buffer = vec![0; 16 * 1024];
    let mut stream = stream;
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        let Ok(messages) = lines.feed(&buffer[..count]) else {
            log.warning("Received a message without an end, closing.");
            return;
        };
        for message in messages {
            match Event::read(&message) {
                Ok(event) => heard(event),
                Err(Unreadable::Empty) => log.warning("Received empty message"),
                Err(Unreadable::Malformed(reason)) => {
                    log.warning("Received malformed message, dropping.");
                    log.debug(&format!("It was malformed: {reason}"));
                }
            }
        }
    }
}

fn send(mut stream: TcpStream, waiting: &Receiver<Arc<[u8]>>) {
    for message in waiting {
        if stream.write_all(&message).is_err() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}
