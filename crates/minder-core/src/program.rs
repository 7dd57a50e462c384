//! What one program is and how it is to be run. Plain data, fully resolved: nothing is looked up later but the
//! executable, which may appear while minder runs.
//!
//! Long because a program has many settings, and each says its unit and its bounds.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::{NonZeroU32, NonZeroU64};
use core::time::Duration;

use crate::backoff::Backoff;
use crate::ids::{BytePath, ByteString, ProgramName, SocketName};
use crate::restart::{ExpectedExits, RestartPolicy};
use crate::socket::SocketSpec;
use crate::stop::StopPolicy;

/// How to run one instance of a program. A configuration that asks for n copies lowers into n of these.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgramSpec {
    /// Unique in its group.
    pub name: ProgramName,
    /// What is executed.
    pub command: Command,
    /// Where it runs. `None`: where minder runs.
    pub directory: Option<BytePath>,
    /// Variables over those that [`Surroundings::environment`] begins with; the last of a name wins.
    pub environment: Vec<(ByteString, ByteString)>,
    /// What else the process finds when it begins.
    pub surroundings: Surroundings,
    /// Whose rights it has. `None`: minder's.
    pub identity: Option<Identity>,
    /// Bits that are taken from the mode of files it makes. `None`: minder's.
    pub umask: Option<u32>,
    /// Smaller starts earlier and stops later, among its group.
    pub priority: i64,
    /// Whether it starts with its group.
    pub startup: Startup,
    /// What happens when it ends by itself after it was up.
    pub restart: RestartPolicy,
    /// Exit codes that mean all is well.
    pub expected_exits: ExpectedExits,
    /// When it counts as up.
    pub readiness: Readiness,
    /// What happens when it ends before it was up, or cannot be started.
    pub backoff: Backoff,
    /// How it is stopped.
    pub stop: StopPolicy,
    /// Where its standard input comes from.
    pub stdin: StdinSource,
    /// Where its standard output goes.
    pub stdout: OutputSpec,
    /// Where its standard error goes.
    pub stderr: ErrorOutput,
    /// What its log says when the process was made but could not become the program.
    pub notices: Arc<StageNotices>,
}

/// What a process finds when it begins, beside its variables, streams and rights.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Surroundings {
    /// What its environment begins with.
    pub environment: EnvironmentBase,
    /// What it becomes the leader of.
    pub leads: Leads,
    /// Its resource limits, beside those that it inherits.
    pub limits: Vec<ResourceLimit>,
    /// Sockets that it has besides its streams, each number once.
    pub sockets: Vec<InheritedSocket>,
    /// Whether it is told of those sockets.
    pub announce: Announce,
    /// What it counts as when the process was made, but could not become the program.
    pub unborn: Unborn,
}

/// What the environment of a process begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum EnvironmentBase {
    /// What minder itself was started with.
    #[default]
    Inherited,
    /// Nothing.
    Empty,
}

/// What a process becomes the leader of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Leads {
    /// A process group.
    #[default]
    Group,
    /// A session, and in it a process group: it has no controlling terminal.
    Session,
}

/// One resource limit of a process, in the kernel's own unit for that resource.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ResourceLimit {
    /// The kernel's number of the resource, `RLIMIT_…`.
    pub resource: i32,
    /// What is set as soft and as hard limit. [`Ceiling::Highest`] is what the kernel lets minder set.
    pub ceiling: Ceiling,
}

/// How far a resource may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ceiling {
    /// This far.
    At(u64),
    /// Without a limit.
    Unlimited,
    /// As far as minder's own hard limit allows.
    Highest,
}

/// A socket that a process has from its beginning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InheritedSocket {
    /// Where it comes from.
    pub source: SocketSource,
    /// Its descriptor number in the process, 3 or more.
    pub descriptor: i32,
}

/// Where an inherited socket comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocketSource {
    /// The one of this name, which all have.
    Common(SocketName),
    /// A new one for each process, like this.
    Own(Arc<SocketSpec>),
}

impl SocketSource {
    /// The socket's name.
    pub fn name(&self) -> &SocketName {
        match self {
            Self::Common(name) => name,
            Self::Own(spec) => &spec.name,
        }
    }
}

/// Whether a process is told which sockets it has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Announce {
    /// It knows.
    #[default]
    Nothing,
    /// By `LISTEN_FDS`, `LISTEN_FDNAMES` and `LISTEN_PID`, as `sd_listen_fds(3)` reads them. The descriptors are then 3
    /// and those that follow, without a gap.
    ListenFds,
}

/// What a process counts as that could not become the program, for a wrong directory or user for example.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unborn {
    /// A process that ended with status 127.
    #[default]
    Exited,
    /// No process at all: the attempt to make one failed.
    NotMade,
}

/// What is executed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    /// The line as it was written, for people.
    pub line: Box<str>,
    /// The file, where it is not the one that the first word names.
    pub file: Option<BytePath>,
    /// Its words. A line that has none, or that cannot be split, is a program that never starts.
    pub words: Result<Vec<ByteString>, CommandProblem>,
    /// Where the first word is looked for when it has no slash, in order.
    pub search: Arc<[BytePath]>,
    /// Which of several files of that name it is.
    pub choice: Choice,
}

/// Which of several files that have a program's name is the program.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Choice {
    /// The first, whether or not it can be executed.
    #[default]
    First,
    /// The first that the process may execute as the user that it becomes; as `execvp(3)` has it. If there is none, the
    /// first.
    FirstPermitted,
}

/// Why a command cannot be executed, as far as can be known before trying.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CommandProblem {
    /// The line cannot be split into words; the reason, in the words of the splitter.
    Unsplittable(Box<str>),
    /// There are no words.
    Empty,
    /// No file of this name.
    NotFound(ByteString),
    /// It is a directory.
    IsDirectory(BytePath),
    /// It has no execute bit.
    NotExecutable(BytePath),
    /// It has, but not for us.
    NotPermitted(BytePath),
}

/// Whose rights a process has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Supplementary group ids.
    pub groups: Vec<u32>,
}

/// Whether a program starts with its group.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Startup {
    /// As soon as its group is there.
    Automatic,
    /// When somebody asks.
    OnRequest,
}

/// When a program counts as up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// When it has lived this long. Zero: at once. An end before that is a failed attempt, whatever its status.
    StaysUp(Duration),
}

/// Where standard input comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StdinSource {
    /// A pipe that minder holds open and can write to.
    Pipe,
    /// Nothing: `/dev/null`.
    Null,
    /// Where minder's own comes from.
    Own,
    /// The listening socket of the program's group.
    GroupSocket,
    /// The socket of this name.
    Socket(SocketName),
}

/// Where standard error goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ErrorOutput {
    /// Somewhere of its own.
    Own(OutputSpec),
    /// Into the same pipe as standard output.
    WithStdout,
}

/// Where the bytes of one output stream go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutputSpec {
    /// The file they are kept in. With [`LogTarget::Direct`] nothing else here matters, since no byte is ever seen.
    pub log: LogTarget,
    /// How that file is kept small.
    pub rotation: Rotation,
    /// Whether each line also goes to the system's log.
    pub syslog: Syslog,
    /// What is done to bytes before they are kept.
    pub filter: OutputFilter,
    /// A part of the stream that is set apart, if asked for.
    pub capture: Option<Box<Capture>>,
    /// Who else is told.
    pub publish: Publish,
}

/// The file that a stream is kept in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LogTarget {
    /// None: the bytes are read and dropped.
    Nowhere,
    /// No pipe at all: the program itself writes there. For minder's own log this is [`LogTarget::Nowhere`].
    Direct(Sink),
    /// This one. Appended to, and kept open whatever happens to its name.
    File(BytePath),
    /// Whatever has this name: opened anew as soon as the name does not lead to the open file any more, because
    /// somebody else moves old logs away.
    Followed(BytePath),
    /// A new file in `directory`, named `prefix`, eight random characters of `[a-z0-9_]`, `suffix`; made when
    /// the program's group is added, readable by its owner only.
    Fresh {
        /// An existing directory.
        directory: BytePath,
        /// What the name begins with.
        prefix: ByteString,
        /// What the name ends with.
        suffix: ByteString,
    },
}

/// Where a program that minder does not listen to says what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sink {
    /// `/dev/null`.
    Null,
    /// Where minder's own goes: output to minder's output, errors to minder's errors.
    Own,
}

/// When a log file is replaced by a new one. A target that cannot be sought, such as a terminal or a pipe, never is,
/// and neither is one whose name belongs to the system.
///
/// Where a file is looked at *before* a write, a write is what one read of [`WRITE_BYTES_MAX`] bytes brings: a new file
/// begins with such a chunk, and none is split between two files. Streams that share such a file share its rotation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rotation {
    /// Never.
    Never,
    /// When it has a size after a write. Old files are named `.1` (newest) to `.N`.
    AfterWrite {
        /// The size in bytes from which on it is replaced. `None`: never.
        max_bytes: Option<u64>,
        /// How many old files are kept. Zero: the file is emptied in place.
        backups: u32,
    },
    /// When the next write would give it a size. Old files are named `.1` (newest) to `.N`.
    BeforeWrite {
        /// The size in bytes that it does not reach, unless a single write does.
        max_bytes: NonZeroU64,
        /// How many old files are kept. Zero: none is made, and the file grows for ever.
        backups: u32,
    },
    /// When a write comes in another period. Old files are named after the time their period began.
    Periods(Periods),
}

/// How much is one write for [`Rotation::BeforeWrite`] and [`OutputFilter::Stamped`], in bytes.
pub const WRITE_BYTES_MAX: usize = 1024;

/// Which periods have a log file of their own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Periods {
    /// What is counted.
    pub unit: PeriodUnit,
    /// How many of them are a period.
    pub count: NonZeroU32,
    /// Whose days, and whose names of times.
    pub zone: Zone,
    /// How many old files are kept. Zero: all.
    pub backups: u32,
}

/// What the length of a period is counted in, and where it begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PeriodUnit {
    /// Seconds since the file was begun. Named `.YYYYmmddHHMMSS`.
    Seconds,
    /// Minutes since the file was begun. Named `.YYYYmmddHHMM`.
    Minutes,
    /// Hours since the file was begun. Named `.YYYYmmddHH`.
    Hours,
    /// Days of 24 hours since the file was begun. Named `.YYYYmmdd`.
    Days,
    /// Days that begin at midnight. Named `.YYYYmmdd`.
    Midnights,
    /// Weeks that begin when this day has ended. Named `.YYYYmmdd`.
    Weeks(Weekday),
}

/// A day of the week.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Weekday {
    /// The first.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

/// Whose time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Zone {
    /// Here, as `TZ` or the machine says.
    Local,
    /// UTC.
    Utc,
}

/// Whether lines also go to the system's log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syslog {
    /// No.
    Off,
    /// Each line, behind the program's name.
    Lines,
}

/// What is done to a stream before it is kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutputFilter {
    /// Nothing.
    Raw,
    /// Terminal escape sequences are taken out.
    StripAnsi,
    /// Lines are put behind the time and the number of the process.
    Stamped(Stamp),
}

/// What is put before lines: the time, the process's number in brackets, ` | `. A chunk of [`WRITE_BYTES_MAX`] bytes that ends
/// inside of a line ends that line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stamp {
    /// How the time is written, in the C library's `strftime` conversions and `%f` for six digits of microseconds. It is
    /// local time without a zone, so `%z` and `%Z` are empty. What is no conversion stays as it is.
    pub time: Box<str>,
    /// How lines look.
    pub look: StampLook,
}

/// How stamped lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StampLook {
    /// Each line, empty ones too; but the line ends at the end of a chunk become one.
    Plain,
    /// Each line that is not empty, in a colour on black.
    Coloured(Colour),
}

/// A colour of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// Code 31.
    Red,
    /// Code 32.
    Green,
    /// Code 33.
    Yellow,
    /// Code 34.
    Blue,
    /// Code 35.
    Magenta,
    /// Code 36.
    Cyan,
    /// Code 37.
    White,
}

/// A marked part of a stream, which goes to whoever listens instead of into the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Capture {
    /// How many bytes are kept; of a longer part, the last ones.
    pub limit: u64,
    /// The bytes that begin such a part.
    pub begin: ByteString,
    /// The bytes that end it.
    pub end: ByteString,
}

/// Who is told of a stream's bytes beside the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Publish {
    /// Nobody, so that bytes can go from pipe to file without being looked at.
    Silent,
    /// Whoever listens, chunk by chunk, as something the program said.
    Chunks,
    /// A face, which has a conversation with the program.
    Dialogue,
}

/// What is written to the log of a program whose process was made but could not become the program.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct StageNotices {
    /// Its rights could not be set.
    pub identity: Notice,
    /// Its directory could not be entered.
    pub directory: Notice,
    /// The file could not be executed.
    pub exec: Notice,
}

/// A text about a failed step; the symbolic name of the reason, such as `ENOENT`, goes in between.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Notice {
    /// What comes before.
    pub before: ByteString,
    /// What follows.
    pub after: ByteString,
    /// Whether the reason's name is in between at all.
    pub reason: ReasonShown,
}

/// Whether a [`Notice`] names the kernel's reason.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum ReasonShown {
    /// By its symbolic name.
    #[default]
    Symbol,
    /// No.
    Hidden,
}
