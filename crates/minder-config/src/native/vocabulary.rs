//! The words of a `minder.toml`: each section and key once. The reader takes what is here, the reference and the schema say
//! what is here, and a word that is not here is told what it probably meant.
//!
//! Long because there are many words, and each says what it means.

use super::bounds;
use crate::bound::Bound;

/// What a value is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// A path; a relative one is looked for in the directory of the file.
    Path,
    /// An array of texts.
    Words,
    /// An array of paths.
    Paths,
    /// A line, split into words as a shell would without expanding anything, or an array of words.
    Command,
    /// A table of texts, or an array of `NAME=value`.
    Pairs,
    /// A duration such as `"1h30m"`.
    Duration,
    /// A number of bytes, or a text such as `"10MB"`. Units are powers of two.
    Size,
    /// A whole number between these.
    Whole(i64, i64),
    /// A whole number between these, or this word.
    WholeOr(i64, i64, &'static str),
    /// A limit on those who ask, in its unit.
    Bound(&'static Bound),
    /// An array of whole numbers between these.
    Numbers(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Permission bits in octal, such as `"022"`.
    Octal,
    /// A name or a number of a user.
    User,
    /// A signal such as `"TERM"`, or its number.
    Signal,
    /// Limits by the names of `getrlimit(2)`: a number, `"unlimited"` or `"highest"`.
    Limits,
    /// Degrees between minus this and this.
    Degrees(i32),
    /// A time zone such as `"Europe/Berlin"`.
    Zone,
    /// A cron expression.
    Cron,
    /// A time of the day, a time by the sun, a date and time, or an array of them.
    Moments,
    /// A part of the day such as `"sunset-30m..sunrise+30m"`.
    Window,
    /// A stream: a table, or a text that is a path or one of `"none"`, `"null"`, `"own"`, `"stdout"`.
    Stream,
    /// A table.
    Table(&'static Section),
}

/// A key of a section.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// What its value is.
    pub kind: Kind,
    /// What it is without it, in words. That of a limit is a number: [`Key::without`].
    pub default: &'static str,
    /// What it means. A sentence.
    pub about: &'static str,
}

/// A section, or a table in one.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// As it is written: `[name]`, or `[name.NAME]`.
    pub name: &'static str,
    /// Whether there is one, or one for each name.
    pub number: Number,
    /// What it is. A sentence.
    pub about: &'static str,
    /// Its keys, in the order of the reference. None: any key is a name of a variable.
    pub keys: &'static [Key],
}

/// How many sections of a name there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Number {
    /// One.
    One,
    /// One for each name.
    Named,
}

const fn key(name: &'static str, kind: Kind, default: &'static str, about: &'static str) -> Key {
    Key { name, kind, default, about }
}

const fn bounded(bound: &'static Bound) -> Key {
    key(bound.name, Kind::Bound(bound), "", bound.about)
}

impl Key {
    /// What it is without it, for people.
    #[must_use]
    pub fn without(&self) -> String {
        match self.kind {
            Kind::Bound(bound) => format!("`{}`", bound.shown(bound.default)),
            _ => self.default.to_owned(),
        }
    }
}

const REACHES: &[&str] = &["process", "group", "family", "children", "tree", "descendants"];

/// All sections of a file.
pub static SECTIONS: [&Section; 14] = [
    &MINDER,
    &LIMITS,
    &DEPLOYMENT,
    &ENVIRONMENT,
    &PROGRAM,
    &GROUP,
    &SOCKET,
    &TASK,
    &WORKER,
    &RESIDENT,
    &QUEUE,
    &CHECK,
    &STREAM,
    &NOTICES,
];

/// How many of [`SECTIONS`] stand at the beginning of a file's own structure; the rest are tables in others.
pub const TOP_LEVEL: usize = 12;

/// minder itself.
pub static MINDER: Section = Section {
    name: "minder",
    number: Number::One,
    about: "minder itself.",
    keys: &[
        key(
            "state",
            Kind::Path,
            "`.minder`",
            "The directory for what outlives a restart: the queue, the socket, the pidfile. Made if it is not there.",
        ),
        key(
            "logs",
            Kind::Path,
            "`logs` in the state",
            "The directory of logs that are given no file of their own.",
        ),
        key("name", Kind::Text, "`minder`", "What minder calls itself towards those who ask."),
        key("log", Kind::Path, "`minder.log` in the logs", "minder's own log."),
        key(
            "log-level",
            Kind::Choice(&["critical", "error", "warn", "info", "debug", "trace"]),
            "`info`",
            "How much minder's own log says.",
        ),
        key("log-size", Kind::Size, "`10MB`", "Size at which minder's own log begins anew. Zero: never."),
        key("log-backups", Kind::Whole(0, 1000), "5", "Old files of minder's own log that are kept."),
        key(
            "socket",
            Kind::Path,
            "`minder.sock` in the state",
            "The socket on which minder answers; at most 107 bytes.",
        ),
        key("socket-mode", Kind::Octal, "`0700`", "Who may connect to it."),
        key("pidfile", Kind::Path, "`minder.pid` in the state", "The file with minder's process id."),
    ],
};

/// What whoever asks may take.
pub static LIMITS: Section = Section {
    name: "limits",
    number: Number::One,
    about: "What whoever asks minder on its socket may take. They hold from the start of minder to its end, whatever is read meanwhile.",
    keys: &[
        bounded(&bounds::CONNECTIONS),
        bounded(&bounds::FOLLOWERS),
        bounded(&bounds::HEAD_BYTES),
        bounded(&bounds::BODY_BYTES),
        bounded(&bounds::DEPTH),
        bounded(&bounds::IDLE),
    ],
};

/// The deployment.
pub static DEPLOYMENT: Section = Section {
    name: "deployment",
    number: Number::One,
    about: "A season of work at one place, which `minder deployment start` begins and `minder deployment stop` ends.",
    keys: &[
        key("name", Kind::Text, "asked for", "What it is called when it begins."),
        key(
            "latitude",
            Kind::Degrees(90),
            "asked for",
            "Degrees to the north. With `longitude` it is where the sun is looked at from.",
        ),
        key("longitude", Kind::Degrees(180), "asked for", "Degrees to the east."),
        key("zone", Kind::Zone, "the machine's", "The time zone of clock times."),
        key("directories", Kind::Paths, "none", "Directories that are made when it begins."),
        key(
            "files",
            Kind::Paths,
            "none",
            "Files that programs make; their directories are made when it begins.",
        ),
        key(
            "drain",
            Kind::Words,
            "none",
            "Tasks that are done once more when it ends, in this order, each until its output says `\"remaining\": 0`.",
        ),
        key("drain-timeout", Kind::Duration, "`10m`", "How long that may take in all."),
        key("drain-rounds", Kind::Whole(1, 1_000_000), "1000", "How often each of them may be done."),
        key(
            "history",
            Kind::Whole(1, 10_000_000),
            "1000",
            "How many ended runs of each task are remembered.",
        ),
    ],
};

/// Variables for all.
pub static ENVIRONMENT: Section = Section {
    name: "environment",
    number: Number::One,
    about: "Variables for all programs, tasks, residents and checks. Those of their own come behind.",
    keys: &[],
};

/// A program.
pub static PROGRAM: Section = Section {
    name: "program",
    number: Number::Named,
    about: "A program that runs all the time.",
    keys: &[
        key("command", Kind::Command, "required", "What is executed."),
        key("command-line", Kind::Text, "the command", "What people are shown instead of the command."),
        key(
            "executable",
            Kind::Path,
            "the first word",
            "The file that is executed, where it is not the one that the first word names.",
        ),
        key("search", Kind::Words, "`PATH`", "Where the first word is looked for when it has no slash."),
        key(
            "search-for",
            Kind::Choice(&["first", "first-permitted"]),
            "`first`",
            "Which of several files of that name it is: the first, or the first that may be executed.",
        ),
        key("group", Kind::Text, "the name of the section", "The group that it is in."),
        key("name", Kind::Text, "the name of the section", "Its name in the group."),
        key(
            "copies",
            Kind::Whole(1, 100_000),
            "one",
            "How many of it there are. Then they are called NAME-1, NAME-2 and so on, and are a group.",
        ),
        key("directory", Kind::Path, "where minder runs", "Where it runs."),
        key("environment", Kind::Pairs, "none", "Variables of its own."),
        key("inherit-environment", Kind::Flag, "`true`", "Whether it has minder's own variables too."),
        key("leads", Kind::Choice(&["group", "session"]), "`group`", "What it becomes the leader of."),
        key(
            "limits",
            Kind::Limits,
            "minder's",
            "Resource limits, such as `{ nofile = 1024, core = \"unlimited\" }`.",
        ),
        key(
            "sockets",
            Kind::Words,
            "none",
            "Sockets that it inherits: `\"web\"`, or `\"web=5\"` for a descriptor other than the next one from 3 on.",
        ),
        key(
            "announce-sockets",
            Kind::Flag,
            "`true` if it has any without a gap from 3 on",
            "Whether it is told of them by LISTEN_FDS, as systemd does.",
        ),
        key(
            "failed-setup",
            Kind::Choice(&["exit", "no-start"]),
            "`exit`",
            "What it counts as when its directory or user is wrong: a process that ended with 127, or none.",
        ),
        key("user", Kind::User, "minder's", "Whose rights it has."),
        key("group-id", Kind::User, "the user's", "Its primary group."),
        key(
            "groups",
            Kind::Numbers(0, u32::MAX as i64),
            "the user's",
            "Its supplementary groups, by number.",
        ),
        key("umask", Kind::Octal, "minder's", "Bits that are taken from the mode of files it makes."),
        key(
            "priority",
            Kind::Whole(i64::MIN, i64::MAX),
            "0",
            "Smaller starts earlier and stops later, among its group.",
        ),
        key("start", Kind::Choice(&["auto", "manual"]), "`auto`", "Whether it starts with its group."),
        key(
            "restart",
            Kind::Choice(&["always", "on-failure", "never"]),
            "`always`",
            "What happens when it ends by itself after it was up.",
        ),
        key("exit-codes", Kind::Numbers(0, 255), "[0]", "Exit codes that mean all is well."),
        key(
            "ready-after",
            Kind::Duration,
            "`1s`",
            "It counts as up when it has lived this long. An end before that is a failed attempt.",
        ),
        key(
            "retries",
            Kind::WholeOr(0, u32::MAX as i64, "unlimited"),
            "`unlimited`",
            "Failed attempts after the first one until it is given up.",
        ),
        key(
            "retry-step",
            Kind::Duration,
            "`1s`",
            "The pause after the n-th failure in a row is n times this; with unlimited `retries` no more than 30 s, or this once if that is more.",
        ),
        key(
            "shortages",
            Kind::Choice(&["pass", "count"]),
            "`pass`",
            "Whether an attempt counts that failed because the machine was short of memory, processes or descriptors.",
        ),
        key("stop-signal", Kind::Signal, "`TERM`", "What it is asked to end by."),
        key("stop-grace", Kind::Duration, "`10s`", "How long it may take before SIGKILL."),
        key("stop-reach", Kind::Choice(REACHES), "`group`", "Who gets the stop signal."),
        key("kill-reach", Kind::Choice(REACHES), "`group`", "Who gets SIGKILL."),
        key(
            "stdin",
            Kind::Text,
            "`null`",
            "Where its standard input comes from: `null`, `pipe`, `own`, `group-socket`, or `socket:NAME`.",
        ),
        key("stdout", Kind::Stream, "a file of its own in the logs", "Where its standard output goes."),
        key("stderr", Kind::Stream, "`stdout`", "Where its standard error goes."),
        key(
            "notices",
            Kind::Table(&NOTICES),
            "none",
            "What its log says when it could not become the program.",
        ),
    ],
};

/// A group.
pub static GROUP: Section = Section {
    name: "group",
    number: Number::Named,
    about: "Programs that are started, stopped, added and removed together. Programs name it by `group`.",
    keys: &[
        key("priority", Kind::Whole(i64::MIN, i64::MAX), "0", "Smaller starts earlier and stops later."),
        key(
            "events",
            Kind::Words,
            "none",
            "Events that its programs are told of on their standard input, as Supervisor's event listeners are.",
        ),
        key(
            "events-backlog",
            Kind::Whole(1, u32::MAX as i64),
            "10",
            "How many events wait for a free program.",
        ),
        key("events-judge", Kind::Text, "the one there is", "How their answers are judged."),
        key(
            "socket-path",
            Kind::Path,
            "none",
            "A socket that the group's programs share as standard input: a file.",
        ),
        key("socket-mode", Kind::Octal, "`0700`", "The mode of that file."),
        key("socket-owner", Kind::Numbers(0, u32::MAX as i64), "as made", "User and group id of that file."),
        key("socket-port", Kind::Text, "none", "The same on a port: `host:port`, the host may be empty."),
        key(
            "socket-backlog",
            Kind::Whole(0, u32::MAX as i64),
            "as many as the system allows",
            "How many connections may wait.",
        ),
    ],
};

/// A socket.
pub static SOCKET: Section = Section {
    name: "socket",
    number: Number::Named,
    about: "A socket that minder opens and programs inherit. It stays open while they come and go.",
    keys: &[
        key(
            "port",
            Kind::Text,
            "none",
            "Where it is bound: `host:port`; port 0 is any that is free. Either this or `path`.",
        ),
        key("path", Kind::Path, "none", "The file where it is bound."),
        key("family", Kind::Choice(&["v4", "v6"]), "`v4`", "Which kind of internet address."),
        key("device", Kind::Text, "all", "The only network device that it takes packets from."),
        key("umask", Kind::Octal, "minder's", "Bits that are taken from the mode of the file."),
        key(
            "existing",
            Kind::Choice(&["keep", "replace"]),
            "`replace`",
            "What happens to a file that is there already; kept, the socket is refused.",
        ),
        key(
            "type",
            Kind::Choice(&["stream", "datagram", "raw", "rdm", "seqpacket"]),
            "`stream`",
            "How it carries bytes.",
        ),
        key(
            "protocol",
            Kind::Whole(0, 255),
            "0",
            "The kernel's number of the protocol. Zero: the usual one of its type.",
        ),
        key(
            "backlog",
            Kind::Whole(0, u32::MAX as i64),
            "2048",
            "How many connections may wait; the kernel cuts it down to what it allows.",
        ),
        key(
            "sharing",
            Kind::Choice(&["common", "each"]),
            "`common`",
            "Whether one socket is for all, or each process has its own on the same port.",
        ),
        key("blocking", Kind::Flag, "`true`", "Whether calls on it wait."),
    ],
};

/// A task.
pub static TASK: Section = Section {
    name: "task",
    number: Number::Named,
    about: "Work that is due at times. At most one of `every`, `cron` and `at`; with none of them it is done when asked for.",
    keys: &[
        key("command", Kind::Command, "this or `resident`", "What is executed for each run."),
        key("resident", Kind::Text, "this or `command`", "The resident that is told of each run."),
        key("directory", Kind::Path, "where minder runs", "Where the command runs."),
        key("environment", Kind::Pairs, "none", "Variables of its own."),
        key("every", Kind::Duration, "none", "From one time to the next, from when the schedule begins."),
        key(
            "aligned",
            Kind::Flag,
            "`false`",
            "Whether the times of `every` are multiples of it by the clock of the zone.",
        ),
        key("offset", Kind::Duration, "`0s`", "How much later than such a multiple; less than `every`."),
        key("cron", Kind::Cron, "none", "Five fields, or six with seconds first."),
        key(
            "at",
            Kind::Moments,
            "none",
            "Moments: `\"06:30\"`, `\"sunset+10m\"`, `\"2027-03-01T06:30\"`, or an array of them.",
        ),
        key("zone", Kind::Zone, "the deployment's", "The time zone of clock times."),
        key(
            "between",
            Kind::Window,
            "all day",
            "The part of the day in which it may begin, such as `\"22:00..06:30\"`.",
        ),
        key("jitter", Kind::Duration, "`0s`", "It begins up to this much later, each time by chance."),
        key(
            "overlap",
            Kind::Choice(&["skip", "queue", "replace"]),
            "`skip`",
            "What happens when it is due while an earlier run waits or works.",
        ),
        key(
            "missed",
            Kind::WholeOr(1, u32::MAX as i64, "skip"),
            "`skip`",
            "What happens to times at which nobody was there: they are left out, or so many of the last ones are done.",
        ),
        key("missed-once", Kind::Flag, "`false`", "However many times were missed, it is done once."),
        key("timeout", Kind::Duration, "none", "How long a run may take until it is asked to end."),
        key(
            "kill-after",
            Kind::Duration,
            "10 s after `timeout`",
            "How long a run may take until it is killed; more than `timeout`.",
        ),
        key("retries", Kind::Whole(0, u32::MAX as i64), "0", "How often a run that failed is tried again."),
        key("retry-delay", Kind::Duration, "`10s`", "How long after the first failure."),
        key(
            "retry-factor",
            Kind::Whole(100, 10_000),
            "200",
            "Each delay is this many hundredths of the one before.",
        ),
        key("retry-delay-max", Kind::Duration, "`1h`", "No delay is longer."),
        key("then", Kind::Words, "none", "Tasks that are given its output record when it has ended well."),
        key("worker", Kind::Text, "`default`", "Who does it."),
    ],
};

/// A worker.
pub static WORKER: Section = Section {
    name: "worker",
    number: Number::Named,
    about: "A process that does tasks. `recording` does one at a time unless it says otherwise; those that tasks name exist without a section.",
    keys: &[
        key(
            "at-once",
            Kind::WholeOr(1, 1024, "processors"),
            "`processors`; 1 for `recording`",
            "How many runs it does at a time.",
        ),
        key("backlog", Kind::Whole(1, 1_000_000), "1000", "How many runs may wait for it."),
        key(
            "when-full",
            Kind::Choice(&["refuse", "drop-oldest", "wait"]),
            "`refuse`",
            "What happens to a run beyond that.",
        ),
    ],
};

/// A resident.
pub static RESIDENT: Section = Section {
    name: "resident",
    number: Number::Named,
    about: "A process that does one run after another, told of each by a line of JSON.",
    keys: &[
        key("command", Kind::Command, "required", "What is executed."),
        key("directory", Kind::Path, "where minder runs", "Where it runs."),
        key("environment", Kind::Pairs, "none", "Variables of its own."),
    ],
};

/// The queue.
pub static QUEUE: Section = Section {
    name: "queue",
    number: Number::One,
    about: "Where runs wait. Without `nats` in a database in the state.",
    keys: &[
        key(
            "nats",
            Kind::Text,
            "none",
            "A NATS server with JetStream, such as `\"nats://host:4222\"`, for workers on more than one machine.",
        ),
        key("stream", Kind::Text, "`minder`", "The stream's name."),
        key("credentials", Kind::Path, "none", "A file of credentials."),
        key(
            "beat",
            Kind::Choice(&["here", "elsewhere"]),
            "`here`",
            "Whether minder puts in what is due itself, or a process of another's does.",
        ),
    ],
};

/// A check.
pub static CHECK: Section = Section {
    name: "check",
    number: Number::Named,
    about: "What must hold before a deployment begins. Exactly one of `command`, `free-space`, `writable` and `reachable`.",
    keys: &[
        key("command", Kind::Command, "none", "It ends with status 0."),
        key("directory", Kind::Path, "where minder runs", "Where the command runs."),
        key("environment", Kind::Pairs, "none", "Variables of the command."),
        key("free-space", Kind::Size, "none", "So many bytes are free."),
        key("path", Kind::Path, "the state", "Where they are free."),
        key("writable", Kind::Path, "none", "A file can be made in this directory."),
        key("reachable", Kind::Text, "none", "A connection to this `host:port` is accepted."),
        key("hint", Kind::Text, "none", "What to do when it does not hold."),
        key("timeout", Kind::Duration, "`30s`", "How long finding out may take."),
    ],
};

/// A stream of a program.
pub static STREAM: Section = Section {
    name: "stdout",
    number: Number::One,
    about: "Where a stream of a program goes: `stdout` and `stderr` in a program.",
    keys: &[
        key("file", Kind::Path, "one of its own in the logs", "The file it is kept in."),
        key(
            "keep",
            Kind::Choice(&["file", "followed", "fresh", "none", "null", "own"]),
            "`file`",
            "How: in the file; in whatever has its name, for logrotate; in a new one each time; not at all; not even read; or where minder's own goes.",
        ),
        key("fresh-in", Kind::Path, "none", "The directory of a fresh file."),
        key("fresh-prefix", Kind::Text, "none", "What the name of a fresh file begins with."),
        key("fresh-suffix", Kind::Text, "none", "What it ends with."),
        key(
            "rotate",
            Kind::Choice(&["after", "before", "time", "never"]),
            "`after`",
            "When a new file begins: after a write that reached `size`, before one that would, or when a period is over.",
        ),
        key("size", Kind::Size, "`10MB`", "The size at which a new file begins. Zero: never."),
        key("backups", Kind::Whole(0, u32::MAX as i64), "5", "Old files that are kept."),
        key("period", Kind::Whole(1, u32::MAX as i64), "1", "How many of `period-unit` are a period."),
        key(
            "period-unit",
            Kind::Choice(&[
                "seconds",
                "minutes",
                "hours",
                "days",
                "midnights",
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "saturday",
                "sunday",
            ]),
            "`midnights`",
            "What a period is counted in; a day of the week is weeks that begin when it has ended.",
        ),
        key("period-zone", Kind::Choice(&["local", "utc"]), "`local`", "Whose days."),
        key("syslog", Kind::Flag, "`false`", "Whether each line also goes to the system's log."),
        key("strip-ansi", Kind::Flag, "`false`", "Whether terminal escape sequences are taken out."),
        key(
            "stamp",
            Kind::Text,
            "none",
            "Lines are put behind the time, in the conversions of `strftime(3)` and `%f`.",
        ),
        key(
            "stamp-colour",
            Kind::Choice(&["red", "green", "yellow", "blue", "magenta", "cyan", "white"]),
            "none",
            "The colour of stamped lines.",
        ),
        key("capture-size", Kind::Size, "none", "How many bytes of a marked part are kept for who listens."),
        key("capture-begin", Kind::Text, "none", "What begins such a part."),
        key("capture-end", Kind::Text, "none", "What ends it."),
        key(
            "publish",
            Kind::Choice(&["silent", "chunks", "dialogue"]),
            "`silent`",
            "Who else is told of it: nobody, who listens, or the one that has a conversation with the program.",
        ),
    ],
};

/// What a program's log says of a failed start.
pub static NOTICES: Section = Section {
    name: "notices",
    number: Number::One,
    about: "What a program's log says when it could not become the program: a text before the reason's name, and one behind it. `*-reason` is whether the name is shown.",
    keys: &[
        key("identity-before", Kind::Text, "none", "Its rights could not be set."),
        key("identity-after", Kind::Text, "none", "Behind it."),
        key("identity-reason", Kind::Flag, "`true`", "Whether the reason is named."),
        key("directory-before", Kind::Text, "none", "Its directory could not be entered."),
        key("directory-after", Kind::Text, "none", "Behind it."),
        key("directory-reason", Kind::Flag, "`true`", "Whether the reason is named."),
        key("exec-before", Kind::Text, "none", "The file could not be executed."),
        key("exec-after", Kind::Text, "none", "Behind it."),
        key("exec-reason", Kind::Flag, "`true`", "Whether the reason is named."),
    ],
};
