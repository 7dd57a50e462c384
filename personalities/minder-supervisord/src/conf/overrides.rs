//! What the command line of supervisord says about the configuration, already converted.

use super::types::LogLevel;

/// A switch that was given on the command line. There is no way to give its opposite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given;

/// Options of the command line that win over the file. `None` is not given. Paths have their `~` expanded and were checked by
/// the functions of [`super::types`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `-n`
    pub nodaemon: Option<Given>,
    /// `-s`
    pub silent: Option<Given>,
    /// `-k`
    pub nocleanup: Option<Given>,
    /// `-t`
    pub strip_ansi: Option<Given>,
    /// `-u`, not yet looked up
    pub user: Option<String>,
    /// `-m`
    pub umask: Option<i64>,
    /// `-d`
    pub directory: Option<String>,
    /// `-l`
    pub logfile: Option<String>,
    /// `-y`
    pub logfile_maxbytes: Option<i64>,
    /// `-z`
    pub logfile_backups: Option<i64>,
    /// `-e`
    pub loglevel: Option<LogLevel>,
    /// `-j`
    pub pidfile: Option<String>,
    /// `-i`
    pub identifier: Option<String>,
    /// `-q`
    pub childlogdir: Option<String>,
    /// `-a`
    pub minfds: Option<i64>,
    /// `--minprocs`
    pub minprocs: Option<i64>,
}
