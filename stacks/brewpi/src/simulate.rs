//! `brewpi simulate`: a board in its chamber, on a pty or a port, as fast as it is asked to be.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd as _, BorrowedFd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::firmware::board::Board;
use crate::firmware::chamber::ChamberSettings;
use crate::firmware::command::CommandReader;

/// What an object that has no end waits for: the firmware's own silence.
const SILENCE: Duration = Duration::from_millis(10);
/// How many bytes of lines wait for a reader; beyond that a serial line loses them.
const WAITING_BYTES_MAX: usize = 64 * 1024;
/// How often a fast board is let run: in between it sleeps.
const STEP: Duration = Duration::from_millis(20);
/// How many seconds pass at once when nobody keeps time.
const AT_ONCE: u64 = 3600;

/// Where a board is reached, and how fast its time is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Settings {
    /// Where.
    pub(crate) place: Place,
    /// How many of its seconds pass in one of ours, 0.001 to 100,000.
    pub(crate) speed: f64,
    /// What it is in.
    pub(crate) chamber: ChamberSettings,
}

/// Where a board is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// A pty, to which this name leads.
    Pty(PathBuf),
    /// A port of this machine. Zero: any; which one is printed.
    Port(u16),
}

/// Runs a board until it is killed.
///
/// # Errors
/// When the place cannot be had.
pub(crate) fn run(settings: &Settings) -> io::Result<()> {
    let mut line = Line::open(&settings.place)?;
    println!("{}", line.name);
    io::stdout().flush()?;
    let mut board = Board::new(settings.chamber.clone());
    let mut reader = CommandReader::default();
    let began = Instant::now();
    let mut passed = 0_u64;
    loop {
        let due = due(began.elapsed(), settings.speed);
        let until = due.min(passed + AT_ONCE);
        while passed < until {
            board.pass();
            passed += 1;
        }
        line.write(&board.said());
        let wait =
            if reader.is_waiting() { SILENCE } else { until_next(began.elapsed(), passed, settings.speed) };
        match line.wait(wait)? {
            Some(bytes) => {
                let commands: Vec<_> = bytes.iter().filter_map(|&byte| reader.take(byte)).collect();
                commands.iter().for_each(|command| board.obey(command));
            }
            None => {
                if let Some(command) = reader.silence() {
                    board.obey(&command);
                }
            }
        }
        line.write(&board.said());
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of seconds")]
fn due(elapsed: Duration, speed: f64) -> u64 {
    (elapsed.as_secs_f64() * speed) as u64
}

#[expect(clippy::cast_precision_loss, reason = "seconds")]
fn until_next(elapsed: Duration, passed: u64, speed: f64) -> Duration {
    let next = (passed + 1) as f64 / speed;
    let wait = Duration::try_from_secs_f64((next - elapsed.as_secs_f64()).max(0.0)).unwrap_or(STEP);
    wait.max(if speed > 50.0 { STEP } else { Duration::ZERO })
}

/// The other end of the board.
struct Line {
    name: String,
    kind: Kind,
    waiting: Vec<u8>,
}

enum Kind {
    Pty { controller: File, link: PathBuf, _held: File },
    Port { listener: TcpListener, client: Option<TcpStream> },
}

impl Line {
    fn open(place: &Place) -> io::Result<Self> {
        match place {
            Place::Pty(link) => Self::pty(link),
            Place::Port(port) => {
                let listener = TcpListener::bind(("127.0.0.1", *port))?;
                listener.set_nonblocking(true)?;
                let name = listener.local_addr()?.to_string();
                Ok(Self { name, kind: Kind::Port { listener, client: None }, waiting: Vec::new() })
            }
        }
    }

    fn pty(link: &Path) -> io::Result<Self> {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&controller)?;
        unlockpt(&controller)?;
        let path = ptsname(&controller, Vec::new())?.to_string_lossy().into_owned();
        // Held open, so that the line is there while nobody has it open.
        let held = File::options().read(true).write(true).open(&path)?;
        let mut terminal = tcgetattr(&held)?;
        terminal.make_raw();
        tcsetattr(&held, OptionalActions::Now, &terminal)?;
        rustix::io::ioctl_fionbio(&controller, true)?;
        if let Some(parent) = link.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match std::fs::remove_file(link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        symlink(&path, link)?;
        let kind = Kind::Pty { controller: controller.into(), link: link.to_owned(), _held: held };
        Ok(Self { name: link.display().to_string(), kind, waiting: Vec::new() })
    }

    /// Waits for bytes, at most this long. `None`: none came.
    fn wait(&mut self, most: Duration) -> io::Result<Option<Vec<u8>>> {
        let events = if self.waiting.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let fd: BorrowedFd<'_> = match &self.kind {
            Kind::Pty { controller, .. } => controller.as_fd(),
            Kind::Port { client: Some(client), .. } => client.as_fd(),
            Kind::Port { listener, client: None } => listener.as_fd(),
        };
        let mut fds = [PollFd::from_borrowed_fd(fd, events)];
        let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 });
        match poll(&mut fds, Some(&most)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        self.flush();
        let mut buffer = vec![0; 4096];
        let read = match &mut self.kind {
            Kind::Pty { controller, .. } => controller.read(&mut buffer),
            Kind::Port { client: Some(stream), .. } => stream.read(&mut buffer),
            Kind::Port { listener, client } => {
                if let Ok((stream, _)) = listener.accept() {
                    stream.set_nonblocking(true)?;
                    *client = Some(stream);
                }
                return Ok(None);
            }
        };
        match read {
            Ok(count) if count > 0 => {
                buffer.truncate(count);
                Ok(Some(buffer))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            // Whoever was there has gone; another may come.
            Ok(_) | Err(_) => {
                if let Kind::Port { client, .. } = &mut self.kind {
                    *client = None;
                    self.waiting.clear();
                }
                Ok(None)
            }
        }
    }

    fn write(&mut self, lines: &[String]) {
        let nobody = matches!(&self.kind, Kind::Port { client: None, .. });
        for line in lines {
            if nobody || self.waiting.len() > WAITING_BYTES_MAX {
                return;
            }
            // The degree sign is one byte.
            self.waiting.extend(line.chars().map(|c| u8::try_from(c).unwrap_or(b'?')));
            self.waiting.extend(b"\r\n");
        }
        self.flush();
    }

    fn flush(&mut self) {
        while !self.waiting.is_empty() {
            let written = match &mut self.kind {
                Kind::Pty { controller, .. } => controller.write(&self.waiting),
                Kind::Port { client: Some(client), .. } => client.write(&self.waiting),
                Kind::Port { client: None, .. } => return self.waiting.clear(),
            };
            match written {
                Ok(count) if count > 0 => drop(self.waiting.drain(..count)),
                Ok(_) | Err(_) => return,
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Kind::Pty { link, .. } = &self.kind {
            let _ = std::fs::remove_file(link);
        }
    }
}
