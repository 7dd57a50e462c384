//! Lines for the system's log, as `syslog(3)` of the C library sends them: one datagram each, to `/dev/log`.
//!
//! That function is not used because it waits as long as the system's log does not read, and with it would wait
//! every program that minder looks after.

use std::cell::RefCell;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;

use minder_core::program::Zone;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SendFlags, SocketAddrUnix, SocketFlags, SocketType};

use super::calendar::broken_down;

const ADDRESS: &[u8] = b"/dev/log";
/// Facility "user", severity "informational".
const PRIORITY: &str = "<14>";
/// How long a line may wait while nobody reads. After that, lines are dropped until somebody does.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

thread_local! {
    static SYSLOG: RefCell<Sender> = RefCell::new(Sender::new(ADDRESS));
}

/// Says under which name lines of programs are sent from this thread on. Unless it is called, that is the last
/// component of the name that minder was started by.
pub fn set_identity(name: &str) {
    SYSLOG.with_borrow_mut(|sender| sender.identity = name.into());
}

/// Sends each line behind `name` and a space. A line that reads have cut in two is two lines, as in the original.
pub(super) fn send_lines(name: &str, text: &[u8]) {
    SYSLOG.with_borrow_mut(|sender| {
        let identity = sender.identity.clone();
        for line in lines(text) {
            sender.send(&identity, &[name.as_bytes(), b" ", line].concat());
        }
    });
}

/// Sends each line as it is, under a name of its own.
pub(super) fn send_lines_as(identity: &str, text: &[u8]) {
    SYSLOG.with_borrow_mut(|sender| lines(text).for_each(|line| sender.send(identity, line)));
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = text.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    text[..end].split(|byte| *byte == b'\n')
}

struct Sender {
    address: &'static [u8],
    identity: Box<str>,
    socket: Option<OwnedFd>,
    reader: Reader,
}

/// Whether somebody reads at the other end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Reader {
    Reads,
    Stalls,
}

impl Sender {
    fn new(address: &'static [u8]) -> Self {
        let started_as = std::env::args_os().next().map(OsString::into_vec).unwrap_or_default();
        let name = started_as.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
        let identity = String::from_utf8_lossy(name).into();
        Self { address, identity, socket: None, reader: Reader::Reads }
    }

    /// Without somebody who listens, lines are lost without a word: so the C library does it.
    fn send(&mut self, identity: &str, text: &[u8]) {
        let mut message = format!("{PRIORITY}{} {identity}: ", timestamp()).into_bytes();
        message.extend_from_slice(text);
        // It may have been started again meanwhile: once more, on a new connection.
        if self.try_send(&message).is_err() {
            self.socket = None;
            if self.try_send(&message).is_err() {
                self.socket = None;
            }
        }
    }

    fn try_send(&mut self, message: &[u8]) -> Result<(), Errno> {
        let socket = match &self.socket {
            Some(socket) => socket,
            None => self.socket.insert(connect(self.address)?),
        };
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        loop {
            match rustix::net::send(socket, message, flags) {
                Ok(_) => {
                    self.reader = Reader::Reads;
                    return Ok(());
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN | Errno::NOBUFS) if self.reader == Reader::Reads => {
                    let mut poll = [PollFd::new(socket, PollFlags::OUT)];
                    if rustix::event::poll(&mut poll, Some(&PATIENCE)).unwrap_or(0) == 0 {
                        self.reader = Reader::Stalls;
                    }
                }
                // Longer than a datagram can be, or nobody reads: this line is lost.
                Err(Errno::AGAIN | Errno::NOBUFS | Errno::MSGSIZE) => return Ok(()),
                Err(errno) => return Err(errno),
            }
        }
    }
}

fn connect(address: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::DGRAM, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new(address)?)?;
    Ok(socket)
}

/// The time of day here, such as `Nov  1 08:29:53`.
fn timestamp() -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let time = broken_down(crate::clock::now().wall.seconds(), Zone::Local);
    let month = usize::try_from(time.tm_mon).ok().and_then(|month| MONTHS.get(month)).unwrap_or(&"Jan");
    format!("{month} {:>2} {:02}:{:02}:{:02}", time.tm_mday, time.tm_hour, time.tm_min, time.tm_sec)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;
    use std::time::Duration;

    use super::*;

    fn listener() -> (tempfile::TempDir, UnixDatagram, Sender) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let listener = UnixDatagram::bind(&path).unwrap();
        listener.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let address = path.into_os_string().into_vec().leak();
        (directory, listener, Sender::new(address))
    }

    fn receive(listener: &UnixDatagram) -> String {
        let mut buffer = [0; 1000];
        let count = listener.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..count].to_vec()).unwrap()
    }

    #[test]
    fn a_message_looks_as_the_c_library_makes_it() {
        let (_directory, listener, mut sender) = listener();
        sender.send("supervisord", b"web hello");
        let message = receive(&listener);
        assert!(message.starts_with("<14>"), "{message}");
        assert_eq!(message.len(), "<14>Nov 21 08:29:53 supervisord: web hello".len());
        assert!(message.ends_with(" supervisord: web hello"), "{message}");
    }

    #[test]
    fn a_listener_that_was_started_again_is_found_again() {
        let (_directory, first, mut sender) = listener();
        sender.send("x", b"one");
        receive(&first);
        drop(first);
        sender.send("x", b"nobody hears this");
        std::fs::remove_file(std::str::from_utf8(sender.address).unwrap()).unwrap();
        let second = UnixDatagram::bind(std::str::from_utf8(sender.address).unwrap()).unwrap();
        sender.send("x", b"two");
        assert!(receive(&second).ends_with(" x: two"));
    }

    #[test]
    fn a_listener_that_does_not_read_costs_one_short_wait() {
        let (_directory, listener, mut sender) = listener();
        for _ in 0..5000 {
            sender.send("x", b"text");
        }
        assert_eq!(sender.reader, Reader::Stalls);
        receive(&listener);
        sender.send("x", b"text");
        assert_eq!(sender.reader, Reader::Reads);
    }

    #[test]
    fn trailing_line_ends_make_no_lines() {
        let split = |text: &'static [u8]| lines(text).collect::<Vec<_>>();
        assert_eq!(split(b"a\nb\n"), [b"a", b"b"]);
        assert_eq!(split(b"a\n\nb\n\n"), [&b"a"[..], b"", b"b"]);
        assert_eq!(split(b"\n"), [b""]);
    }
}
