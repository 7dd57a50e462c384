//! The launcher's own flags.

use minder_kegbot_app::flags::{Definition, Kind, Program};

/// `--logfile_dir`.
pub const LOGFILE_DIR: Definition =
    Definition::new("logfile_dir", Kind::Text, "/var/log/kegbot", "Where programs keep their logs.");
/// `--master_config`.
pub const MASTER_CONFIG: Definition = Definition::new(
    "master_config",
    Kind::Text,
    "/etc/kegbot/kegbot_master.cfg",
    "The file that describes the programs.",
);
/// `--pidfile_dir`.
pub const PIDFILE_DIR: Definition =
    Definition::new("pidfile_dir", Kind::Text, "/var/run/kegbot", "Where programs keep their pidfiles.");

/// The launcher.
pub const PROGRAM: Program = Program {
    name: "kegbot_master",
    root: "master",
    about: "Starts, stops and shows the programs of a Kegbot.\n\n\
        Usage: kegbot_master.py [flags] start|stop|status|configtest\n\n\
        The programs are described by the file that --master_config names. `configtest`\n\
        prints the commands that `start` would execute.\n",
    own: &[LOGFILE_DIR, MASTER_CONFIG, PIDFILE_DIR],
    modules: &[],
};
