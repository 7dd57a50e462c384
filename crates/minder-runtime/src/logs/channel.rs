//! One output stream of one slot, from the pipe to where it is kept.

use std::borrow::Cow;
use std::mem;
use std::os::fd::BorrowedFd;

use minder_core::ids::BytePath;
use minder_core::program::{OutputFilter, OutputSpec, Publish, Syslog, WRITE_BYTES_MAX};
use minder_core::time::WallTime;
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::pipes::Trigger;

use super::capture::{Collected, Marks, Piece};
use super::log_file::LogFile;
use super::stamp::stamp;
use super::taken::{Ready, Taken};
use super::transfer::{Peeked, Scratch, Waiting, is_abandoned, waiting, with_scratch};
use super::trouble::LogError;
use super::{strip_ansi, syslog};

/// One output stream of one slot: the file it is kept in, and what is done on the way. Lives as long as the slot,
/// and so longer than a process.
#[derive(Debug)]
pub struct ChannelLog {
    file: LogFile,
    audience: Audience,
    hears: Hears,
    filter: OutputFilter,
    marks: Option<Box<Marks>>,
    /// What lines in the system's log begin with, if they go there.
    syslog: Option<Box<str>>,
    /// What a full target has not taken yet of a chunk that is still in the pipe.
    rest: Rest,
    /// How many bytes at the head of the pipe are held back by the marks: looked at, and left there, so that a kill loses
    /// none of them.
    judged: usize,
    /// Of the present process's pipe.
    width: Width,
    /// The present process, or the last one. Zero: there was none yet.
    pid: u32,
}

/// Whether a pipe has been made larger.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Width {
    Usual,
    Wide,
}

/// Whether somebody wants [`Told::Chunk`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Nobody, so that bytes can go from pipe to file without being looked at.
    None,
    /// Somebody.
    Chunks,
}

/// What the audience is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Hears {
    /// Bytes as they are kept, piece by piece.
    Kept,
    /// Bytes as the program wrote them: who has a conversation with it must not miss an escape sequence.
    Raw,
}

/// What the owner of a log is to know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Told {
    /// The stream brought these bytes. Without escape sequences where they are stripped (and so it can be empty);
    /// captured bytes too, as in the original; marks never.
    Chunk(Vec<u8>),
    /// A marked part was complete.
    Captured(Vec<u8>),
    /// Something went wrong. Told once, until it works again.
    Trouble(LogError),
    /// Bytes are kept again.
    Recovered {
        /// How many were dropped.
        lost: u64,
    },
}

/// How a call of [`ChannelLog::pump`] ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pumped {
    /// There is nothing in the pipe at the moment.
    Empty,
    /// There may be more: others first.
    More,
    /// There will be nothing any more.
    Ended,
    /// There is more, but the log is a terminal or a pipe that is full. To be called again when
    /// [`ChannelLog::target`] can be written; until then the program's pipe should not be watched.
    Held,
}

#[derive(Debug, Default)]
struct Rest {
    bytes: Vec<u8>,
    /// How much is to be taken out of the pipe when they are written.
    in_pipe: usize,
}

/// How many chunks are moved before it is another's turn.
const CHUNKS_AT_ONCE: usize = 16;
/// How much a pipe holds by itself, in bytes. Who has filled it is a busy writer.
const USUAL_PIPE: usize = 64 << 10;
/// How large the pipe of a busy writer is made, in bytes: what the kernel allows everybody. It takes memory only while
/// it is full, and writer and mind then wake each other less often.
const WIDE_PIPE: usize = 1 << 20;
/// The same for a user who is not root. All pipes of such a user may have 64 MiB together, and those made after that hold
/// next to nothing.
const WIDE_PIPE_OF_MANY: usize = 256 << 10;

impl ChannelLog {
    /// `name` is what lines in the system's log begin with. Opens nothing.
    pub fn new(spec: &OutputSpec, name: &str, audience: Audience) -> Self {
        Self {
            file: LogFile::new(&spec.log, spec.rotation),
            audience,
            hears: match spec.publish {
                Publish::Silent | Publish::Chunks => Hears::Kept,
                Publish::Dialogue => Hears::Raw,
            },
            filter: spec.filter.clone(),
            marks: spec.capture.as_deref().and_then(Marks::new).map(Box::new),
            syslog: match spec.syslog {
                Syslog::Off => None,
                Syslog::Lines => Some(name.into()),
            },
            rest: Rest::default(),
            judged: 0,
            width: Width::Usual,
            pid: 0,
        }
    }

    /// From now on the pipe is this process's.
    pub fn process_began(&mut self, pid: u32) {
        self.pid = pid;
    }

    /// Settles the name of the file. One that has an automatic name gets `remembered`, or a new one, and then the
    /// file is made.
    ///
    /// # Errors
    /// When that file cannot be made.
    pub fn choose_path(&mut self, remembered: Option<BytePath>) -> Result<(), LogError> {
        self.file.choose_path(remembered)
    }

    /// The file, once its name is settled. `None` when bytes are not kept.
    pub fn path(&self) -> Option<&BytePath> {
        self.file.path()
    }

    /// Where it is and how many bytes were dropped, while it cannot be written.
    pub fn lost(&self) -> Option<(BytePath, u64)> {
        self.file.lost()
    }

    /// What is to be waited for after [`Pumped::Held`], until it can be written.
    pub fn target(&self) -> Option<BorrowedFd<'_>> {
        self.file.target()
    }

    /// Opens the file, to be called before a process starts. One that was removed or renamed meanwhile is made
    /// anew.
    ///
    /// # Errors
    /// When it cannot be opened. Bytes are then dropped and counted, and each [`ChannelLog::pump`] tries again.
    pub fn open(&mut self) -> Result<(), LogError> {
        self.file.open()
    }

    /// Moves what the pipe holds, a bounded amount. The pipe must not block.
    pub fn pump(&mut self, pipe: BorrowedFd<'_>, now: WallTime, told: &mut Vec<Told>) -> Pumped {
        let mut ready = self.file.begin(told);
        if !self.write_rest(now, told) {
            return Pumped::Held;
        }
        let in_pipe = mem::take(&mut self.rest.in_pipe);
        if in_pipe > 0 {
            with_scratch(|scratch| scratch.consume(pipe, in_pipe));
        }
        for _ in 0..CHUNKS_AT_ONCE {
            let taken = match (self.is_plain(), ready) {
                (true, Ready::Yes) => match self.file.take(pipe, now, told) {
                    Taken::Refused => self.copy(pipe, now, told),
                    taken => taken,
                },
                (true, Ready::Nowhere | Ready::Not) => self.discard(pipe),
                (false, _) => self.copy(pipe, now, told),
            };
            match taken {
                Taken::Some(count) if count >= USUAL_PIPE => self.widen(pipe),
                Taken::Some(_) | Taken::Refused => {}
                // The bytes are still there; the next round throws them away.
                Taken::Failed => ready = Ready::Not,
                Taken::Empty => return Pumped::Empty,
                Taken::Ended => return Pumped::Ended,
                Taken::Held => return Pumped::Held,
            }
        }
        Pumped::More
    }

    /// Makes the pipe of a busy writer larger. Where the kernel refuses, it stays as it is.
    fn widen(&mut self, pipe: BorrowedFd<'_>) {
        if self.width == Width::Usual {
            self.width = Width::Wide;
            let size = if geteuid().is_root() { WIDE_PIPE } else { WIDE_PIPE_OF_MANY };
            let _ = rustix::pipe::fcntl_setpipe_size(pipe, size);
        }
    }

    /// When the program's pipe is to be told of. Where bytes are left in it they are no news.
    pub fn trigger(&self) -> Trigger {
        if self.marks.is_some() { Trigger::News } else { Trigger::Bytes }
    }

    /// Puts a text of minder's own into the stream, as if the program had written it.
    pub fn write(&mut self, bytes: &[u8], now: WallTime, told: &mut Vec<Told>) {
        self.file.begin(told);
        // What was held back is judged now, together with this.
        self.rest.in_pipe += mem::take(&mut self.judged);
        let held = !self.rest.bytes.is_empty();
        self.process(bytes, now, told);
        if !held {
            self.rest_in_vain(now, told);
        }
    }

    /// The process has ended and its pipe is empty: writes what was held back, closes the file, and makes ready for
    /// another process.
    pub fn process_ended(&mut self, now: WallTime, told: &mut Vec<Told>) {
        self.width = Width::Usual;
        self.judged = 0;
        self.finish_marks(now, told);
        self.rest_in_vain(now, told);
        self.file.close();
    }

    /// Another log takes the place of this one while the process goes on: writes what was held back. A chunk of which a
    /// full target has taken a part is still in the pipe, and is the other's as a whole. `next` gets what is known of
    /// process and pipe.
    pub fn hand_over(mut self, next: &mut Self, now: WallTime, told: &mut Vec<Told>) {
        next.width = self.width;
        next.pid = self.pid;
        // What is still in the pipe the other one will look at.
        if self.judged == 0 {
            self.finish_marks(now, told);
        }
        if self.rest.in_pipe == 0 {
            self.rest_in_vain(now, told);
        }
    }

    fn finish_marks(&mut self, now: WallTime, told: &mut Vec<Told>) {
        if let Some(mut marks) = self.marks.take() {
            self.file.begin(told);
            marks.finish(&mut |piece, collected| self.keep(piece, collected, now, told));
            self.marks = Some(marks);
        }
    }

    /// Opens the file of this name anew, after somebody has renamed the one that is open.
    ///
    /// # Errors
    /// When it cannot be opened; then the old one stays open.
    pub fn reopen(&mut self) -> Result<(), LogError> {
        self.file.reopen()
    }

    /// Removes the file and begins a new one, also while no process runs. What was captured so far is dropped.
    ///
    /// # Errors
    /// When it cannot be removed or not be made.
    pub fn clear(&mut self) -> Result<(), LogError> {
        if let Some(marks) = &mut self.marks {
            marks.forget();
        }
        self.file.clear()
    }

    /// Changes whether somebody wants chunks.
    pub fn set_audience(&mut self, audience: Audience) {
        self.audience = audience;
    }

    /// Whether bytes go to the file as they are, and nowhere else.
    fn is_plain(&self) -> bool {
        self.audience == Audience::None
            && self.filter == OutputFilter::Raw
            && self.marks.is_none()
            && self.syslog.is_none()
    }

    /// Looks at what the pipe holds, keeps it, and only then takes it out of the pipe.
    fn copy(&mut self, pipe: BorrowedFd<'_>, now: WallTime, told: &mut Vec<Told>) -> Taken {
        with_scratch(|scratch: &mut Scratch| {
            let (count, is_in_pipe) = match scratch.peek(pipe) {
                Peeked::Copied(count) if count <= self.judged && is_abandoned(pipe) => {
                    scratch.consume(pipe, count);
                    self.judged = 0;
                    return Taken::Ended;
                }
                Peeked::Copied(count) if count <= self.judged => return Taken::Empty,
                Peeked::Copied(count) if self.counts_writes() => (whole_writes(pipe, count), true),
                Peeked::Copied(count) => (count, true),
                Peeked::Taken(count) => (count, false),
                Peeked::Empty => return Taken::Empty,
                Peeked::Ended => return Taken::Ended,
            };
            let at_once = if self.counts_writes() { WRITE_BYTES_MAX } else { count };
            let mut kept = if is_in_pipe { mem::take(&mut self.judged).min(count) } else { 0 };
            for write in scratch.bytes(count)[kept..].chunks(at_once) {
                self.process(write, now, told);
                if is_in_pipe && !self.rest.bytes.is_empty() {
                    self.rest.in_pipe = write.len();
                    break;
                }
                kept += write.len();
            }
            if is_in_pipe {
                if self.rest.bytes.is_empty() {
                    self.judged = self.marks.as_ref().map_or(0, |marks| marks.held()).min(kept);
                }
                scratch.consume(pipe, kept - self.judged);
            }
            if self.rest.bytes.is_empty() { Taken::Some(count) } else { Taken::Held }
        })
    }

    /// Whether it matters where one write ends and the next begins.
    fn counts_writes(&self) -> bool {
        self.file.counts_writes() || matches!(self.filter, OutputFilter::Stamped(_))
    }

    /// Throws away what the pipe holds.
    fn discard(&mut self, pipe: BorrowedFd<'_>) -> Taken {
        match with_scratch(|scratch| scratch.discard(pipe)) {
            Ok(0) => Taken::Ended,
            Ok(count) => {
                self.file.drop_bytes(count as u64);
                Taken::Some(count)
            }
            Err(Errno::AGAIN) => Taken::Empty,
            Err(_) => Taken::Ended,
        }
    }

    fn process(&mut self, bytes: &[u8], now: WallTime, told: &mut Vec<Told>) {
        if bytes.is_empty() {
            return;
        }
        if self.audience == Audience::Chunks && self.hears == Hears::Raw {
            told.push(Told::Chunk(bytes.to_vec()));
        }
        match self.marks.take() {
            Some(mut marks) => {
                marks.cut(bytes, &mut |piece, collected| self.keep(piece, collected, now, told));
                self.marks = Some(marks);
            }
            None => self.keep_plain(bytes, now, told),
        }
    }

    fn keep(&mut self, piece: Piece<'_>, collected: &mut Collected, now: WallTime, told: &mut Vec<Told>) {
        match piece {
            Piece::Plain(bytes) => self.keep_plain(bytes, now, told),
            // The original publishes captured bytes as output too, which its documentation does not say; listeners
            // may have come to depend on it (spec 2.6).
            Piece::Marked(bytes) => collected.add(&self.filtered(bytes, told)),
            Piece::End => told.push(Told::Captured(collected.take())),
        }
    }

    fn keep_plain(&mut self, bytes: &[u8], now: WallTime, told: &mut Vec<Told>) {
        let mut kept = self.filtered(bytes, told);
        if let Some(name) = &self.syslog {
            syslog::send_lines(name, &kept);
        }
        if let OutputFilter::Stamped(spec) = &self.filter {
            kept = stamp(spec, self.pid, now, &kept).into();
        }
        let mut written = 0;
        if self.rest.bytes.is_empty() {
            // Stamps do not count, as in the original.
            self.file.make_room(bytes.len(), now, told);
            written = self.file.write(&kept, now, told);
        }
        self.rest.bytes.extend_from_slice(&kept[written..]);
    }

    /// The bytes without what is taken out of them; the audience is told of them.
    fn filtered<'a>(&self, bytes: &'a [u8], told: &mut Vec<Told>) -> Cow<'a, [u8]> {
        let kept = match self.filter {
            OutputFilter::Raw | OutputFilter::Stamped(_) => bytes.into(),
            OutputFilter::StripAnsi => strip_ansi::strip(bytes),
        };
        if self.audience == Audience::Chunks && self.hears == Hears::Kept {
            told.push(Told::Chunk(kept.to_vec()));
        }
        kept
    }

    /// Writes what a full target has not taken; whether there is none left.
    fn write_rest(&mut self, now: WallTime, told: &mut Vec<Told>) -> bool {
        let written = self.file.write(&self.rest.bytes, now, told);
        if written < self.rest.bytes.len() {
            self.rest.bytes.drain(..written);
            return false;
        }
        self.rest.bytes = Vec::new();
        true
    }

    /// Drops what a full target has not taken, where there is no pipe in which it could wait.
    fn rest_in_vain(&mut self, now: WallTime, told: &mut Vec<Told>) {
        if !self.write_rest(now, told) {
            let rest = mem::take(&mut self.rest);
            self.file.overflow(rest.bytes.len() as u64, told);
        }
        self.rest = Rest::default();
    }
}

/// Of what was seen in a pipe, what can be told apart into writes: all, unless the pipe holds more, which would have
/// come in the last write too.
fn whole_writes(pipe: BorrowedFd<'_>, seen: usize) -> usize {
    match waiting(pipe) {
        Waiting::Bytes(held) if held > seen as u64 && seen > WRITE_BYTES_MAX => seen - seen % WRITE_BYTES_MAX,
        Waiting::Bytes(_) | Waiting::Empty | Waiting::Ended | Waiting::Unknown => seen,
    }
}

#[cfg(test)]
mod tests {
    use minder_core::program::{LogTarget, Rotation};

    use super::*;

    /// What a `kill -9` at the worst moment does: the chunk is in the file, and still in the pipe.
    #[test]
    fn a_kill_between_keeping_and_taking_repeats_a_chunk_and_loses_none() {
        use std::os::fd::AsFd;
        use std::os::unix::ffi::OsStrExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("web.log");
        let spec = OutputSpec {
            log: LogTarget::File(path.as_os_str().as_bytes().into()),
            rotation: Rotation::Never,
            syslog: Syslog::Off,
            filter: OutputFilter::StripAnsi,
            capture: None,
            publish: Publish::Silent,
        };
        let (pipe, program) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::NONBLOCK).unwrap();
        let mut told = Vec::new();
        rustix::io::write(&program, b"one ").unwrap();
        let mut killed = ChannelLog::new(&spec, "web", Audience::None);
        killed.file.begin(&mut told);
        with_scratch(|scratch| {
            assert_eq!(scratch.peek(pipe.as_fd()), Peeked::Copied(4));
            killed.process(scratch.bytes(4), WallTime(0), &mut told);
        });
        drop(killed);
        rustix::io::write(&program, b"two ").unwrap();
        let mut next = ChannelLog::new(&spec, "web", Audience::None);
        assert_eq!(next.pump(pipe.as_fd(), WallTime(0), &mut told), Pumped::Empty);
        assert_eq!(std::fs::read(&path).unwrap(), b"one one two ");
        assert_eq!(told, []);
    }
}
