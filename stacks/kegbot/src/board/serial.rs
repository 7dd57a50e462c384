//! A serial port that is read until somebody wakes the reader.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

/// How long a frame may take to go out.
const SEND_PATIENCE: Duration = Duration::from_secs(2);

/// An open port. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Serial {
    file: Arc<File>,
}

/// What came of waiting.
#[derive(Debug)]
pub enum Heard {
    /// Bytes.
    Bytes(Vec<u8>),
    /// Nothing for so long.
    Silence,
    /// The reader is to stop.
    Woken,
}

/// Wakes a reader; it stays awake.
#[derive(Debug)]
pub struct Waker(PipeWriter);

impl Waker {
    /// Wakes it.
    pub fn wake(&self) {
        let _ = (&self.0).write_all(&[1]);
    }
}

/// A way to wake a reader, and the end that it looks at.
///
/// # Errors
/// When the system has no pipe.
pub fn wake_up() -> io::Result<(Waker, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    Ok((Waker(writer), reader))
}

impl Serial {
    /// Opens a port: eight bits, no parity, one stop bit, no flow control, nobody else.
    ///
    /// # Errors
    /// When it is not there, in use, or no serial port.
    pub fn open(path: &Path, bits_a_second: u32) -> io::Result<Self> {
        let flags = rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::NONBLOCK;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
        let mut terminal = tcgetattr(&file)?;
        terminal.make_raw();
        terminal.set_speed(bits_a_second)?;
        terminal.control_modes |=
            rustix::termios::ControlModes::CLOCAL | rustix::termios::ControlModes::CREAD;
        terminal.control_modes -=
            rustix::termios::ControlModes::CSTOPB | rustix::termios::ControlModes::CRTSCTS;
        tcsetattr(&file, OptionalActions::Now, &terminal)?;
        // Two who read from one board each get half of it. Ptys know no such word, and then nobody is kept out.
        let _ = rustix::termios::ioctl_tiocexcl(&file);
        // What was said before is half a frame.
        let _ = tcflush(&file, QueueSelector::IFlush);
        Ok(Self { file: Arc::new(file) })
    }

    /// Waits for bytes, at most so long if a time is given.
    ///
    /// # Errors
    /// When the board is gone.
    pub fn read(&self, wake: &PipeReader, most: Option<Duration>) -> io::Result<Heard> {
        let most = most.and_then(|most| Timespec::try_from(most).ok());
        let mut fds = [PollFd::new(&*self.file, PollFlags::IN), PollFd::new(wake, PollFlags::IN)];
        loop {
            match poll(&mut fds, most.as_ref()) {
                Ok(0) => return Ok(Heard::Silence),
                Ok(_) if !fds[1].revents().is_empty() => return Ok(Heard::Woken),
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let mut buffer = vec![0; 4096];
            match (&*self.file).read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer.truncate(count);
                    return Ok(Heard::Bytes(buffer));
                }
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends bytes.
    ///
    /// # Errors
    /// When the board is gone, or takes nothing.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match (&*self.file).write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait_to_write()?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn wait_to_write(&self) -> io::Result<()> {
        let mut fds = [PollFd::new(&*self.file, PollFlags::OUT)];
        let most = Timespec::try_from(SEND_PATIENCE).unwrap_or(Timespec { tv_sec: 2, tv_nsec: 0 });
        match poll(&mut fds, Some(&most)) {
            Ok(0) => Err(io::Error::new(io::ErrorKind::TimedOut, "the board takes nothing")),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
