//! What is open under the name of a log: a file, or a terminal, a pipe, a socket.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FileType, Mode, OFlags, SeekFrom};
use rustix::io::Errno;
use rustix::net::SendFlags;
use rustix::pipe::SpliceFlags;

/// An open log.
#[derive(Debug)]
pub(super) struct Target {
    fd: OwnedFd,
    identity: Identity,
    kind: Kind,
    splice: Splice,
    /// Where a regular file ends, and the next byte goes.
    end: u64,
}

/// Which file, whatever its name: device and inode.
pub(super) type Identity = (u64, u64);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// Can be sought, and so rotated.
    Regular,
    /// A pipe, a terminal or a device that we opened, so that it does not block.
    Stream,
    /// A socket that we were started with.
    Socket,
    /// Something else we were started with. It may block, because it is not for us to say how it behaves for the
    /// others who have it.
    Inherited,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Splice {
    Works,
    /// The kernel cannot do it with this kind of file.
    Refused,
}

/// What a file is like when it is opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Begin {
    /// With what it holds.
    AtEnd,
    /// Empty.
    Anew,
}

/// How a call that moves bytes straight from a pipe went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Spliced {
    /// So many were moved; none, when the pipe has ended.
    Moved(usize),
    /// This pair of descriptors needs another way.
    Refused,
}

const STDOUT: &[u8] = b"/proc/self/fd/1";
/// How much an inherited target takes without blocking, once it says that it takes something: a page of a pipe.
const INHERITED_AT_ONCE: usize = 4096;

impl Target {
    /// Opens what has this name, or makes a file with these permission bits (less the umask).
    ///
    /// Nothing here waits for somebody to open the other end, or becomes our controlling terminal.
    pub(super) fn open(path: &[u8], mode: u32, begin: Begin) -> Result<Self, Errno> {
        // Others who have the file write where its one offset is. Opened by name there would be a second offset, and
        // each would write over the other.
        if standard(path).is_some_and(is_regular) {
            return Self::inherit(path);
        }
        let mut flags = OFlags::WRONLY | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        if begin == Begin::Anew {
            flags |= OFlags::TRUNC;
        }
        let mode = Mode::from_raw_mode(mode);
        let opened = match rustix::fs::open(path, flags, mode) {
            // A pipe with a name that nobody reads yet. Open both ways it takes what fits, and the reader may come.
            Err(Errno::NXIO) if is_fifo(path) => {
                rustix::fs::open(path, flags ^ OFlags::WRONLY | OFlags::RDWR, mode)
            }
            // A socket cannot be opened by name, and neither can a terminal of somebody else.
            Err(Errno::NXIO | Errno::ACCESS) if standard(path).is_some() => return Self::inherit(path),
            opened => opened,
        };
        Self::new(opened?, Kind::Stream)
    }

    /// What minder was started with as its standard output.
    ///
    /// Opened anew where that can be done, so that it does not block us, and nobody else who has it is disturbed.
    pub(super) fn stdout() -> Result<Self, Errno> {
        Self::open(STDOUT, 0, Begin::AtEnd).or_else(|_| Self::inherit(STDOUT))
    }

    fn inherit(path: &[u8]) -> Result<Self, Errno> {
        let fd = rustix::io::fcntl_dupfd_cloexec(standard(path).ok_or(Errno::NXIO)?, 3)?;
        Self::new(fd, Kind::Inherited)
    }

    fn new(fd: OwnedFd, otherwise: Kind) -> Result<Self, Errno> {
        let stat = rustix::fs::fstat(&fd)?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::Regular,
            FileType::Socket => Kind::Socket,
            _ => otherwise,
        };
        let splice = match kind {
            Kind::Regular | Kind::Stream => Splice::Works,
            // `splice` would block there.
            Kind::Socket | Kind::Inherited => Splice::Refused,
        };
        let mut target = Self { fd, identity: (stat.st_dev, stat.st_ino), kind, splice, end: 0 };
        target.seek_end()?;
        Ok(target)
    }

    /// Goes to where a regular file ends now.
    pub(super) fn seek_end(&mut self) -> Result<(), Errno> {
        if self.kind == Kind::Regular {
            self.end = rustix::fs::seek(&self.fd, SeekFrom::End(0))?;
        }
        Ok(())
    }

    /// How long a regular file is. `None` for everything else.
    pub(super) fn size(&self) -> Option<u64> {
        (self.kind == Kind::Regular).then_some(self.end)
    }

    /// Makes a regular file empty.
    pub(super) fn truncate(&mut self) -> Result<(), Errno> {
        if self.kind == Kind::Regular {
            rustix::fs::ftruncate(&self.fd, 0)?;
        }
        self.seek_end()
    }

    /// Whether `path` still leads here. `None` when it leads nowhere.
    pub(super) fn is_at(&self, path: &[u8]) -> Option<bool> {
        let there = rustix::fs::stat(path).ok()?;
        Some((there.st_dev, there.st_ino) == self.identity)
    }

    /// Whether it is a regular file that has no name any more.
    pub(super) fn is_removed(&self) -> bool {
        self.kind == Kind::Regular && rustix::fs::fstat(&self.fd).is_ok_and(|stat| stat.st_nlink == 0)
    }

    /// Which file it is.
    pub(super) fn identity(&self) -> Identity {
        self.identity
    }

    /// When it was last changed, in seconds since 1970.
    pub(super) fn modified(&self) -> Result<i64, Errno> {
        Ok(rustix::fs::fstat(&self.fd)?.st_mtime)
    }

    /// Moves up to `most` bytes from a pipe, untouched.
    ///
    /// # Errors
    /// `EAGAIN` when the pipe is empty or the target full; others when the target cannot be written, and the bytes
    /// are still in the pipe.
    pub(super) fn splice(&mut self, pipe: BorrowedFd<'_>, most: usize) -> Result<Spliced, Errno> {
        if self.splice == Splice::Refused {
            return Ok(Spliced::Refused);
        }
        let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
        loop {
            match rustix::pipe::splice(pipe, None, &self.fd, None, most, flags) {
                Ok(moved) => {
                    self.end += moved as u64;
                    return Ok(Spliced::Moved(moved));
                }
                Err(Errno::INTR) => {}
                Err(Errno::INVAL) => {
                    self.splice = Splice::Refused;
                    return Ok(Spliced::Refused);
                }
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Writes what fits, at least one byte.
    ///
    /// # Errors
    /// `EAGAIN` when nothing fits now; others when it cannot be written.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<usize, Errno> {
        loop {
            let written = match self.kind {
                Kind::Regular | Kind::Stream => rustix::io::write(&self.fd, bytes),
                Kind::Socket => rustix::net::send(&self.fd, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL),
                Kind::Inherited => self.write_a_little(bytes),
            };
            match written {
                Ok(0) => return Err(Errno::IO),
                Ok(written) => {
                    self.end += written as u64;
                    return Ok(written);
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    fn write_a_little(&self, bytes: &[u8]) -> Result<usize, Errno> {
        let mut poll = [PollFd::new(&self.fd, PollFlags::OUT)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        if rustix::event::poll(&mut poll, Some(&at_once))? == 0 {
            return Err(Errno::AGAIN);
        }
        rustix::io::write(&self.fd, &bytes[..bytes.len().min(INHERITED_AT_ONCE)])
    }
}

/// Whether the name belongs to the system, and so is not ours to remove or to move.
pub(super) fn is_borrowed(path: &[u8]) -> bool {
    path.starts_with(b"/dev/") || path.starts_with(b"/proc/")
}

fn is_fifo(path: &[u8]) -> bool {
    rustix::fs::stat(path).is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Fifo)
}

fn is_regular(fd: BorrowedFd<'_>) -> bool {
    file_type(fd) == Ok(FileType::RegularFile)
}

fn file_type(fd: impl AsFd) -> Result<FileType, Errno> {
    Ok(FileType::from_raw_mode(rustix::fs::fstat(fd)?.st_mode))
}

/// The descriptor that minder was started with under this name.
fn standard(path: &[u8]) -> Option<BorrowedFd<'static>> {
    match path {
        b"/dev/stdout" | b"/dev/fd/1" | STDOUT => Some(rustix::stdio::stdout()),
        b"/dev/stderr" | b"/dev/fd/2" | b"/proc/self/fd/2" => Some(rustix::stdio::stderr()),
        _ => None,
    }
}

impl AsFd for Target {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
