//! Where things are. One place says it, `--help` shows it, and each has a variable.

use std::ffi::OsString;
use std::path::PathBuf;

/// Where the stack keeps and finds what it needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// `BREWPI_HOME`, else `$HOME/.local/share/brewpi`.
    pub home: PathBuf,
    /// `BREWPI_DATABASE`, else Fermentrack's `$HOME/fermentrack/db.sqlite3` if that is there, else `brewpi.db` in the home.
    pub database: PathBuf,
    /// `BREWPI_DATA`, else `data` in the home: data points and their history.
    pub data: PathBuf,
    /// `BREWPI_RUN`, else `run` in the home: socket files.
    pub run: PathBuf,
    /// `BREWPI_LOG`, else `log` in the home: the logs of scripts.
    pub log: PathBuf,
}

/// What `--help` says of them.
pub const HELP: &str = "\
Places, each with a variable of the environment:
  BREWPI_HOME      ~/.local/share/brewpi
  BREWPI_DATABASE  ~/fermentrack/db.sqlite3 if it is there, else BREWPI_HOME/brewpi.db
  BREWPI_DATA      BREWPI_HOME/data   data points: CSV, annotations, history.db
  BREWPI_RUN       BREWPI_HOME/run    socket files of scripts, and ptys of simulators
  BREWPI_LOG       BREWPI_HOME/log    dev-NAME-stdout.log, dev-NAME-stderr.log
  BREWPI_CIRCUS    tcp://127.0.0.1:5555  the endpoint of the circusd, or minder, that runs the scripts
  BREWPI_SETTLE    10                 seconds that a board takes to start anew when it is connected to
";

impl Places {
    /// By an environment.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let named = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let user = named("HOME").unwrap_or_else(|| PathBuf::from("/"));
        let home = named("BREWPI_HOME").unwrap_or_else(|| user.join(".local/share/brewpi"));
        let database = named("BREWPI_DATABASE").unwrap_or_else(|| {
            let fermentrack = user.join("fermentrack/db.sqlite3");
            if fermentrack.is_file() { fermentrack } else { home.join("brewpi.db") }
        });
        Self {
            database,
            data: named("BREWPI_DATA").unwrap_or_else(|| home.join("data")),
            run: named("BREWPI_RUN").unwrap_or_else(|| home.join("run")),
            log: named("BREWPI_LOG").unwrap_or_else(|| home.join("log")),
            home,
        }
    }
}
