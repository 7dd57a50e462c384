//! The flags that every program has.

use crate::flags::{Definition, Kind, Module, Program};

/// `--daemon`.
pub const DAEMON: Definition = Definition::new("daemon", Kind::Switch, "false", "Run in the background.");
/// `--log_to_file`.
pub const LOG_TO_FILE: Definition =
    Definition::new("log_to_file", Kind::Switch, "false", "Log to the file that --logfile names.");
/// `--log_to_stdout`.
pub const LOG_TO_STDOUT: Definition =
    Definition::new("log_to_stdout", Kind::Switch, "true", "Log to standard output; never with --daemon.");
/// `--logfile`. Its default is the program's name with `.log` behind it, in the working directory.
pub const LOGFILE: Definition = Definition::new("logfile", Kind::Text, "", "The file for --log_to_file.");
/// `--logformat`.
pub const LOGFORMAT: Definition = Definition::new(
    "logformat",
    Kind::Text,
    "%(asctime)s %(levelname)-8s (%(name)s) %(message)s",
    "What a line of the log looks like.",
);
/// `--maximum_log_files`.
pub const MAXIMUM_LOG_FILES: Definition =
    Definition::new("maximum_log_files", Kind::Count, "7", "How many old log files are kept; 0 keeps all.");
/// `--pidfile`.
pub const PIDFILE: Definition =
    Definition::new("pidfile", Kind::Text, "", "The file for the program's own pid.");
/// `--rotate_logs`.
pub const ROTATE_LOGS: Definition =
    Definition::new("rotate_logs", Kind::Switch, "true", "Begin a new log file at midnight.");
/// `--verbose`. It is on by default where the variable `VERBOSE` is set, be it empty.
pub const VERBOSE: Definition = Definition::new("verbose", Kind::Switch, "false", "Log more.");

/// The log file of a program that is told of none, in the working directory.
pub(crate) fn log_file(program: &Program) -> String {
    format!("{}.log", program.name)
}

/// What stands in the listing above the flags of every Kegbot program.
pub(crate) const APP: Module = Module {
    name: "kegbot.util.app",
    flags: &[
        DAEMON,
        LOG_TO_FILE,
        LOG_TO_STDOUT,
        LOGFILE,
        LOGFORMAT,
        MAXIMUM_LOG_FILES,
        PIDFILE,
        ROTATE_LOGS,
        VERBOSE,
    ],
};

/// The flags of whatever reads its command line like this.
pub(crate) const GFLAGS: Module = Module {
    name: "gflags",
    flags: &[
        Definition::new("flagfile", Kind::Text, "", "Read further flags from this file, one a line."),
        Definition::new("help", Kind::Switch, "false", "Show this text."),
        Definition::new("helpshort", Kind::Switch, "false", "Show the program's own flags."),
        Definition::new("helpxml", Kind::Switch, "false", "Show this text as XML."),
        Definition::new("undefok", Kind::List, "", "Names of unknown flags to bear with, between commas."),
    ],
};

/// Both, in the order of the listing.
pub(crate) static MODULES: [Module; 2] = [APP, GFLAGS];
