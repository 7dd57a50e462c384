//! What a configuration says, typed: every section and key of the file with its meaning, and nothing of how it is done.

use super::environment::Environment;
use super::machine::User;
use super::overrides::Overrides;
use super::types::{AutoRestart, LogFile, LogLevel, Owner};
use minder_config::Span;
use minder_config::native::ServerBounds;

/// A configuration as supervisord uses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `[supervisord]`, with the command line on top.
    pub supervisord: DaemonSection,
    /// `[inet_http_server]` and its like, in file order.
    pub inet_servers: Vec<InetServer>,
    /// `[unix_http_server]` and its like, in file order.
    pub unix_servers: Vec<UnixServer>,
    /// `[rpcinterface:…]`, in file order.
    pub rpc_interfaces: Vec<RpcInterface>,
    /// All groups by priority, then by name; groups that are equal in both keep the original's order.
    pub groups: Vec<GroupSection>,
    /// The address that `serverurl=AUTO` means: the first socket file, else the last port. `None` if there is no server.
    pub server_url: Option<String>,
    /// Where programs without a slash in their name are looked for, unless their own environment says.
    pub search: Vec<String>,
    /// The user that the daemon is when it starts programs.
    pub uid: u32,
    /// To be logged as warnings once the log is open, in this order.
    pub parse_warnings: Vec<String>,
    /// To be logged as information once the log is open, behind the warnings.
    pub parse_infos: Vec<String>,
    /// The variables of the file that stay known as `ENV_…` when the same daemon reads its configuration again.
    pub carried: Environment,
    /// `[minder:limits]`, which the original has not: what whoever asks may take.
    pub bounds: ServerBounds,
}

impl Settings {
    /// The original's text if it would refuse to start although it accepts the file: an interface that is given options, which
    /// the only one there is does not take. It notices when it makes the interfaces for its first server.
    #[must_use]
    pub fn refused_at_start(&self) -> Option<String> {
        let serves = !self.inet_servers.is_empty() || !self.unix_servers.is_empty();
        let interface =
            self.rpc_interfaces.iter().find(|interface| serves && !interface.options.is_empty())?;
        Some(format!("Could not make {} rpc interface", interface.name))
    }
}

/// `[supervisord]`.
#[allow(clippy::struct_excessive_bools, reason = "each is one key of the file")]
#[derive(Clone, Debug, PartialEq)]
pub struct DaemonSection {
    /// Least number of file descriptors that must be available.
    pub minfds: i64,
    /// Least number of processes that must be available.
    pub minprocs: i64,
    /// Where to go when becoming a daemon.
    pub directory: Option<String>,
    /// Whom to become. `None` without `user=`.
    pub user: Option<User>,
    /// File mode mask, used when becoming a daemon.
    pub umask: i64,
    /// Absolute path of the main log, or the word `syslog`.
    pub logfile: String,
    /// Size in bytes at which the main log is rotated; zero is never.
    pub logfile_maxbytes: i64,
    /// Rotated main logs that are kept.
    pub logfile_backups: i64,
    /// How much is logged.
    pub loglevel: LogLevel,
    /// Absolute path of the file that names the daemon's process.
    pub pidfile: String,
    /// The name of this supervisord towards its users.
    pub identifier: String,
    /// Whether to stay in the foreground.
    pub nodaemon: bool,
    /// Whether to keep the log off standard output while in the foreground.
    pub silent: bool,
    /// Where log files with generated names go.
    pub childlogdir: String,
    /// Whether to leave old log files with generated names alone.
    pub nocleanup: bool,
    /// Whether to remove terminal escapes from the programs' logs.
    pub strip_ansi: bool,
    /// Variables that every program gets.
    pub environment: Environment,
}

/// What both kinds of servers have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The whole name of the section, which messages use.
    pub section: String,
    /// What stands behind the colon of the section's name.
    pub name: Option<String>,
    /// Who may come in; an empty name lets everybody in.
    pub username: Option<String>,
    /// The password, or `{SHA}` and its hash in hexadecimal.
    pub password: Option<String>,
}

/// A server on a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InetServer {
    /// Name and login.
    pub access: Access,
    /// The interface in lower case; empty for all.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A server on a socket file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnixServer {
    /// Name and login.
    pub access: Access,
    /// Absolute path of the socket.
    pub file: String,
    /// Whom the socket is given to.
    pub owner: Owner,
    /// The socket's mode.
    pub mode: i64,
}

/// `[rpcinterface:…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcInterface {
    /// The namespace of its methods.
    pub name: String,
    /// What makes it.
    pub factory: Factory,
    /// The other keys of the section.
    pub options: Vec<(String, String)>,
}

/// What makes an RPC interface. Python code of others cannot be loaded, so there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Factory {
    /// `supervisor.rpcinterface:make_main_rpcinterface`.
    Main,
}

/// A group of processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSection {
    /// The name of the group.
    pub name: String,
    /// Groups of lower priority start earlier and stop later.
    pub priority: i64,
    /// What is particular about it.
    pub kind: GroupKind,
    /// Its processes in start order.
    pub processes: Vec<ProcessSection>,
}

/// What is particular about a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// Nothing.
    Programs,
    /// Its processes are event listeners.
    Listeners(ListenerPool),
    /// Its processes share a listening socket.
    FastCgi(FcgiSocket),
}

/// `[eventlistener:…]` beyond what it shares with programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerPool {
    /// Events that are kept while no listener is ready.
    pub buffer_size: i64,
    /// Names of the event types, in upper case, each once, in file order.
    pub events: Vec<String>,
}

/// `[fcgi-program:…]` beyond what it shares with programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FcgiSocket {
    /// Where it listens.
    pub address: FcgiListen,
    /// Connections that may wait; the system's limit if not given.
    pub backlog: Option<i64>,
}

/// Where a FastCGI socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FcgiListen {
    /// At a file.
    Unix {
        /// Absolute path.
        path: String,
        /// Whom the file is given to.
        owner: Option<Owner>,
        /// The file's mode.
        mode: i64,
    },
    /// At a port.
    Tcp {
        /// Interface or host in lower case.
        host: String,
        /// Port.
        port: u16,
    },
}

/// One of the two outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channel {
    /// Where it goes. Never [`LogFile::Syslog`], which is turned into the flag.
    pub logfile: LogFile,
    /// Whether it also goes to the system log.
    pub syslog: bool,
    /// Size in bytes at which the file is rotated; zero is never.
    pub maxbytes: i64,
    /// Rotated files that are kept.
    pub backups: i64,
    /// Size in bytes of the buffer for captured output; zero is no capturing.
    pub capture_maxbytes: i64,
    /// Whether output makes events.
    pub events_enabled: bool,
}

/// One process: a program's section, expanded for one of its `numprocs`.
#[allow(clippy::struct_excessive_bools, reason = "each is one key of the file")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSection {
    /// Name within the group.
    pub name: String,
    /// The section that defines it.
    pub section: String,
    /// Where that section begins.
    pub at: Option<Span>,
    /// The command line, not yet split into words.
    pub command: String,
    /// Where to run it.
    pub directory: Option<String>,
    /// File mode mask.
    pub umask: Option<i64>,
    /// Lower starts earlier.
    pub priority: i64,
    /// Whether it starts with the daemon.
    pub autostart: bool,
    /// Whether it starts again when it ended.
    pub autorestart: AutoRestart,
    /// Seconds after which it counts as running.
    pub startsecs: i64,
    /// Further tries to start it.
    pub startretries: i64,
    /// Whom it runs as.
    pub user: Option<User>,
    /// Standard output.
    pub stdout: Channel,
    /// Standard error.
    pub stderr: Channel,
    /// The signal that asks it to end; zero asks nothing.
    pub stopsignal: i32,
    /// Seconds it has for that before it is killed.
    pub stopwaitsecs: i64,
    /// Whether to ask its whole process group.
    pub stopasgroup: bool,
    /// Whether to kill its whole process group.
    pub killasgroup: bool,
    /// Exit codes that are expected.
    pub exitcodes: Vec<u8>,
    /// Whether standard error goes where standard output goes.
    pub redirect_stderr: bool,
    /// Its variables, those of the daemon's section included.
    pub environment: Environment,
    /// What `SUPERVISOR_SERVER_URL` says; `None` is the address of the first server.
    pub serverurl: Option<String>,
}

impl DaemonSection {
    /// Puts the command line on top.
    pub(crate) fn overridden(mut self, over: &Overrides) -> Self {
        fn put<T: Clone>(slot: &mut T, value: Option<&T>) {
            if let Some(value) = value {
                slot.clone_from(value);
            }
        }
        put(&mut self.minfds, over.minfds.as_ref());
        put(&mut self.minprocs, over.minprocs.as_ref());
        put(&mut self.umask, over.umask.as_ref());
        put(&mut self.logfile, over.logfile.as_ref().filter(|path| !path.is_empty()));
        put(&mut self.logfile_maxbytes, over.logfile_maxbytes.as_ref());
        put(&mut self.logfile_backups, over.logfile_backups.as_ref());
        put(&mut self.loglevel, over.loglevel.as_ref());
        put(&mut self.pidfile, over.pidfile.as_ref().filter(|path| !path.is_empty()));
        put(&mut self.identifier, over.identifier.as_ref());
        put(&mut self.childlogdir, over.childlogdir.as_ref());
        if over.directory.is_some() {
            self.directory.clone_from(&over.directory);
        }
        self.nodaemon |= over.nodaemon.is_some();
        self.silent |= over.silent.is_some();
        self.nocleanup |= over.nocleanup.is_some();
        self.strip_ansi |= over.strip_ansi.is_some();
        self
    }
}
