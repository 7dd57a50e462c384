//! The way to the board: a serial port, or TCP.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use serialport::SerialPortType;

use crate::device::Connection;
use crate::script::bytes;

/// Bits a second on the serial line.
const BAUD: u32 = 57_600;
/// How often a port is tried, and how long it waits in between.
const TRIES: u32 = 10;
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long a connection may take to come about, and a command to be taken.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
const TAKEN_WITHIN: Duration = Duration::from_secs(5);
/// The makers of boards, by their USB numbers: Arduino, Arduino.org, Particle.
const MAKERS: [u16; 4] = [0x2341, 0x2a03, 0x1d50, 0x2b04];

/// A connection to a board.
#[derive(Debug)]
pub(crate) enum BoardLink {
    Serial(File),
    Network(TcpStream),
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum LinkError {
    Serial(String),
    Network { host: String, port: u16, source: io::Error },
}

impl std::fmt::Display for LinkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Serial(text) => f.write_str(text),
            Self::Network { host, port, source } => {
                write!(f, "Unable to connect to BrewPi {host} on port {port}. Exiting. ({source})")
            }
        }
    }
}

impl BoardLink {
    /// Connects, and tries again for a while.
    pub(crate) fn open(connection: &Connection) -> Result<Self, LinkError> {
        let mut last = Self::open_once(connection);
        for _ in 1..TRIES {
            if last.is_ok() {
                break;
            }
            std::thread::sleep(AGAIN_AFTER);
            last = Self::open_once(connection);
        }
        last
    }

    /// Connects, if that is possible now.
    pub(crate) fn open_once(connection: &Connection) -> Result<Self, LinkError> {
        match connection {
            Connection::Serial { usb_serial, port, alternative } => {
                serial(usb_serial, port, alternative.as_deref()).map(Self::Serial)
            }
            Connection::Network { hosts, port } => network(hosts, *port).map(Self::Network),
        }
    }

    /// What has come; nothing means that it is over.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Serial(file) => file.read(buffer),
            Self::Network(stream) => stream.read(buffer),
        }
    }

    /// Sends a command.
    pub(super) fn send(&mut self, text: &str) -> io::Result<()> {
        let bytes = bytes(text);
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let written = match self {
                Self::Serial(file) => file.write(rest),
                Self::Network(stream) => stream.write(rest),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_to_send()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn wait_to_send(&self) -> io::Result<()> {
        let mut fds = [PollFd::from_borrowed_fd(self.as_fd(), PollFlags::OUT)];
        let most = Timespec::try_from(TAKEN_WITHIN).unwrap_or(Timespec { tv_sec: 5, tv_nsec: 0 });
        match poll(&mut fds, Some(&most)) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::TimedOut, "write timeout")),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for BoardLink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Serial(file) => file.as_fd(),
            Self::Network(stream) => stream.as_fd(),
        }
    }
}

fn serial(usb_serial: &str, port: &str, alternative: Option<&str>) -> Result<File, LinkError> {
    let mut tried = Vec::new();
    for path in candidates(usb_serial, port, alternative) {
        match open_port(&path) {
            Ok(file) => return Ok(file),
            Err(error) => tried.push(format!("{}: {error}", path.display())),
        }
    }
    let tried = if tried.is_empty() { "no board was found".to_owned() } else { tried.join("; ") };
    Err(LinkError::Serial(format!(
        "Could not open serial port at {port}. Exiting. ({tried}) Check the cable, and that you are in the group dialout."
    )))
}

/// The ports in the order in which they are tried.
fn candidates(usb_serial: &str, port: &str, alternative: Option<&str>) -> Vec<PathBuf> {
    // A machine without such ports has none to list.
    let known = serialport::available_ports().unwrap_or_default();
    let usb = |wanted: &dyn Fn(&serialport::UsbPortInfo) -> bool| {
        known.iter().find_map(|port| match &port.port_type {
            SerialPortType::UsbPort(info) if wanted(info) => Some(PathBuf::from(&port.port_name)),
            _ => None,
        })
    };
    let mut found = Vec::new();
    if !usb_serial.is_empty() {
        found.extend(usb(&|info| info.serial_number.as_deref() == Some(usb_serial)));
    }
    for port in [Some(port), alternative].into_iter().flatten() {
        match port {
            "" | "None" => {}
            "auto" => found.extend(usb(&|info| MAKERS.contains(&info.vid))),
            path => found.push(PathBuf::from(path)),
        }
    }
    found
}

fn open_port(path: &std::path::Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(i32::try_from(flags.bits()).unwrap_or_default())
        .open(path)?;
    let mut terminal = tcgetattr(&file)?;
    terminal.make_raw();
    terminal.set_speed(BAUD)?;
    tcsetattr(&file, OptionalActions::Flush, &terminal)?;
    // Two scripts at one port would each get half of what the board says.
    rustix::io::ioctl_fionbio(&file, true)?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive)
        .map_err(|_| io::Error::new(io::ErrorKind::ResourceBusy, "another script has this port"))?;
    Ok(file)
}

fn network(hosts: &[String], port: u16) -> Result<TcpStream, LinkError> {
    let shown = hosts.first().cloned().unwrap_or_default();
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for host in hosts {
        let addresses = match (host.as_str(), port).to_socket_addrs() {
            Ok(addresses) => addresses,
            Err(error) => {
                last = error;
                continue;
            }
        };
        for address in addresses {
            let connected = TcpStream::connect_timeout(&address, CONNECT_WITHIN)
                .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
                .and_then(|stream| stream.set_nonblocking(true).map(|()| stream));
            match connected {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
    }
    Err(LinkError::Network { host: shown, port, source: last })
}
