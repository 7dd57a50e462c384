//! Under which names the binary is called, and what it is then.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::ExitCode;

use crate::{assemble, cli};

/// A program whose place minder takes.
pub(crate) struct Personality {
    /// What it is called.
    pub(crate) name: &'static str,
    /// What it does, for `minder install-links`.
    pub(crate) about: &'static str,
    run: fn(Vec<OsString>) -> ExitCode,
}

/// All of them.
pub(crate) const PERSONALITIES: &[Personality] = &[
    Personality { name: "supervisord", about: "runs a supervisord.conf", run: assemble::supervisord::main },
    Personality {
        name: "supervisorctl",
        about: "talks to a supervisord",
        run: minder_supervisord::ctl::main,
    },
    Personality {
        name: "echo_supervisord_conf",
        about: "prints a sample supervisord.conf",
        run: minder_supervisord::sample::main,
    },
    Personality { name: "circusd", about: "runs a circus.ini", run: assemble::circusd::main },
    Personality { name: "circusctl", about: "talks to a circusd", run: minder_circusd::ctl::main },
    Personality {
        name: "circus-top",
        about: "shows what the processes of a circusd use",
        run: minder_circusd::top::main,
    },
    Personality {
        name: "circusd-stats",
        about: "tells what the processes of a circusd use",
        run: minder_circusd::stats::main,
    },
    Personality {
        name: "circus-plugin",
        about: "runs one plugin of a circusd",
        run: minder_circusd::plugins::main,
    },
    Personality {
        name: "kegbot_master",
        about: "starts the programs of a kegbot.cfg",
        run: minder_kegbot_master::main,
    },
    Personality {
        name: "kegbot_master.py",
        about: "the same, by its other name",
        run: minder_kegbot_master::main,
    },
    Personality {
        name: "updateCronCircus.sh",
        about: "keeps Fermentrack's circusd alive from cron",
        run: minder_fermentrack::main,
    },
    Personality { name: "acoupi", about: "sets a recorder up and deploys it", run: minder_acoupi::main },
    Personality {
        name: "pidproxy",
        about: "passes signals on to the process named in a pidfile",
        run: minder_supervisord::pidproxy::main,
    },
];

/// Runs whatever the binary was called as.
pub(crate) fn run(arguments: Vec<OsString>) -> ExitCode {
    let called = arguments.first().map(Path::new).and_then(Path::file_name).unwrap_or(OsStr::new("minder"));
    match PERSONALITIES.iter().find(|personality| OsStr::new(personality.name) == called) {
        Some(personality) => (personality.run)(arguments),
        None => cli::main(arguments),
    }
}
