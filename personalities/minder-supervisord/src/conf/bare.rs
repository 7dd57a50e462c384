//! Settings without a file: for programs that no supervisord.conf names, and that are to be asked and logged as if one did.

use super::environment::Environment;
use super::settings::{Access, DaemonSection, Factory, RpcInterface, Settings, UnixServer};
use super::types::{LogLevel, Owner};
use minder_config::native::ServerBounds;

/// What a supervisord is, beside its programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    /// Its name towards those who ask.
    pub identifier: String,
    /// Absolute path of its log.
    pub log: String,
    /// Size in bytes at which the log is rotated; zero is never.
    pub log_bytes_max: u64,
    /// Rotated logs that are kept.
    pub log_backups: u32,
    /// How much is logged.
    pub log_level: LogLevel,
    /// Absolute path of the file that names its process.
    pub pidfile: String,
    /// Absolute path of the socket on which it answers.
    pub socket: String,
    /// The socket's mode.
    pub socket_mode: u32,
    /// Where log files with generated names go.
    pub logs: String,
    /// Whether it stays in the foreground, and shows its log there.
    pub stay: Stay,
    /// What whoever asks may take.
    pub bounds: ServerBounds,
}

/// Where a daemon stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stay {
    /// Where it was started.
    Foreground,
    /// Out of sight.
    Background,
}

impl Settings {
    /// Those of a daemon with one server, on a file, and without programs.
    #[must_use]
    pub fn bare(bare: Bare) -> Self {
        let access =
            Access { section: "unix_http_server".to_owned(), name: None, username: None, password: None };
        let server_url = Some(format!("unix://{}", bare.socket));
        let server = UnixServer {
            access,
            file: bare.socket,
            owner: Owner { uid: None, gid: None },
            mode: i64::from(bare.socket_mode),
        };
        let main =
            RpcInterface { name: "supervisor".to_owned(), factory: Factory::Main, options: Vec::new() };
        Self {
            supervisord: DaemonSection {
                minfds: 0,
                minprocs: 0,
                directory: None,
                user: None,
                umask: 0o022,
                logfile: bare.log,
                logfile_maxbytes: i64::try_from(bare.log_bytes_max).unwrap_or(i64::MAX),
                logfile_backups: i64::from(bare.log_backups),
                loglevel: bare.log_level,
                pidfile: bare.pidfile,
                identifier: bare.identifier,
                nodaemon: bare.stay == Stay::Foreground,
                silent: false,
                childlogdir: bare.logs,
                nocleanup: true,
                strip_ansi: false,
                environment: Environment::default(),
            },
            inet_servers: Vec::new(),
            unix_servers: vec![server],
            rpc_interfaces: vec![main],
            groups: Vec::new(),
            server_url,
            search: Vec::new(),
            uid: rustix::process::getuid().as_raw(),
            parse_warnings: Vec::new(),
            parse_infos: Vec::new(),
            carried: Environment::default(),
            bounds: bare.bounds,
        }
    }
}
