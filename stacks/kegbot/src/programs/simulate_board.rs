//! `kegbot simulate-board`: a board on a pseudo-terminal.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use crate::simulate::board::Board;
use crate::simulate::player::{Player, Source, ToLine};

/// How many bytes wait for a reader; what comes then is lost, as on any line.
const WAITING_BYTES_MAX: usize = 64 * 1024;

/// What to simulate.
#[derive(Debug)]
pub struct Settings {
    /// The name that leads to the pseudo-terminal.
    pub link: PathBuf,
    /// The version of the firmware.
    pub firmware: u16,
    /// What happens.
    pub source: Source,
}

/// Runs a board until it is killed.
///
/// # Errors
/// When there is no pseudo-terminal, or the link cannot be made.
pub fn run(settings: Settings) -> io::Result<()> {
    let mut line = Some(Line::open(&settings.link)?);
    println!("{}", settings.link.display());
    io::stdout().flush()?;
    let mut board = Board::new(settings.firmware);
    let mut player = Player::new(settings.source);
    let began = Instant::now();
    let mut passed = Duration::ZERO;
    loop {
        let now = began.elapsed();
        board.pass(now - passed);
        passed = now;
        for to_line in player.play(now, &mut board) {
            match to_line {
                ToLine::Noise(bytes) => line.iter_mut().for_each(|line| line.write(&bytes)),
                ToLine::Unplug => line = None,
                ToLine::Plug => line = Some(Line::open(&settings.link)?),
            }
        }
        for message in board.said() {
            line.iter_mut().for_each(|line| line.write(&message.encode().encode()));
        }
        let next = player.next().map_or(Duration::MAX, |next| next.saturating_sub(began.elapsed()));
        let wait = next.min(board.next());
        match &mut line {
            None => std::thread::sleep(next),
            Some(line) => board.hear(&line.wait(wait)?),
        }
    }
}

/// The other end of a port.
struct Line {
    controller: File,
    /// Held open, so that the line is there while nobody has it open.
    _held: File,
    link: PathBuf,
    waiting: Vec<u8>,
}

impl Line {
    fn open(link: &Path) -> io::Result<Self> {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&controller)?;
        unlockpt(&controller)?;
        let path = ptsname(&controller, Vec::new())?.to_string_lossy().into_owned();
        let held = File::options().read(true).write(true).open(&path)?;
        let mut terminal = tcgetattr(&held)?;
        terminal.make_raw();
        tcsetattr(&held, OptionalActions::Now, &terminal)?;
        rustix::io::ioctl_fionbio(&controller, true)?;
        if let Some(parent) = link.parent() {
            std::fs::create_dir_all(parent)?;
        }
        match std::fs::symlink_metadata(link) {
            Ok(there) if there.is_symlink() => std::fs::remove_file(link)?,
            Ok(_) => {
                let text = format!("{}: found a file, expected nothing or a link", link.display());
                return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
            }
            Err(_) => {}
        }
        symlink(&path, link)?;
        Ok(Self { controller: controller.into(), _held: held, link: link.to_owned(), waiting: Vec::new() })
    }

    fn wait(&mut self, most: Duration) -> io::Result<Vec<u8>> {
        let events = if self.waiting.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
        let mut fds = [PollFd::new(&self.controller, events)];
        let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 3600, tv_nsec: 0 });
        match poll(&mut fds, Some(&most)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        self.flush();
        let mut buffer = vec![0; 4096];
        match self.controller.read(&mut buffer) {
            Ok(count) => {
                buffer.truncate(count);
                Ok(buffer)
            }
            Err(_) => Ok(Vec::new()),
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.waiting.len() + bytes.len() <= WAITING_BYTES_MAX {
            self.waiting.extend_from_slice(bytes);
        }
        self.flush();
    }

    fn flush(&mut self) {
        while !self.waiting.is_empty() {
            match self.controller.write(&self.waiting) {
                Ok(count) if count > 0 => drop(self.waiting.drain(..count)),
                Ok(_) | Err(_) => return,
            }
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.link);
    }
}
