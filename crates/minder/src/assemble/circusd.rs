//! A circusd.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use minder_circusd::arbiter::Arbiter;
use minder_circusd::arbiter::remember::MEMO;
use minder_circusd::daemon::front::{self, Machinery};
use minder_circusd::daemon::options::Place;
use minder_circusd::daemon::{ENDPOINT_PREFIX, pidfile, station};
use minder_core::control::{Control, Ending, Observer, Reader};
use minder_core::ids::Errno;
use minder_core::plan::{JournalSpec, Plan};
use minder_core::socket::SocketSpec;
use minder_core::time::Now;
use minder_keeper::{RESTART_VARIABLE, hold_signals};
use minder_runtime::logs::Journal;
use minder_runtime::mind::Mind;
use minder_runtime::recovery::Heritage;
use minder_runtime::{clock, daemonise, listeners, remains};
use rustix::fs::Mode;
use tokio::task::AbortHandle;

use super::{Beginning, Kind, Station, become_keeper, fail};

/// Is circusd: prepares, then becomes the keeper.
#[expect(clippy::needless_pass_by_value, reason = "every personality is called like this")]
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    start(&arguments, &arguments)
}

/// Runs a configuration in the foreground, as `minder run FILE`; `called` is the whole command line.
pub(crate) fn run_file(file: &Path, called: &[OsString]) -> ExitCode {
    start(&["circusd".into(), file.as_os_str().to_owned()], called)
}

fn start(arguments: &[OsString], called: &[OsString]) -> ExitCode {
    let again = std::env::var_os(RESTART_VARIABLE).is_some();
    let start = if again { Ending::Again } else { Ending::Exit };
    let machinery = Machinery { open, held_name: listeners::held_name, clock: clock::now, write: write_log };
    let prepared = match front::prepare(arguments, start, machinery) {
        Ok(prepared) => prepared,
        Err(status) => return status,
    };
    if prepared.place == Place::Background
        && let Err(error) = daemonise::daemonise(None, prepared.umask.unwrap_or_else(umask))
    {
        return fail(&format!("cannot become a daemon: {error}"));
    }
    // Whoever reads the pidfile may signal that process.
    hold_signals();
    if let Some(file) = &prepared.pidfile
        && let Err(error) = pidfile::write(file)
    {
        return fail(&format!("cannot write {}: {error}", file.display()));
    }
    let (file, snapshot, held) = (&prepared.file, &prepared.snapshot[..], prepared.sockets);
    let error = become_keeper(Beginning { kind: Kind::Circusd, file, snapshot, held, called });
    fail(&format!("cannot become the keeper: {error}"))
}

/// A socket that workers of a daemon have still that was killed as a whole, or a new one.
fn open(file: &Path, spec: &SocketSpec) -> Result<OwnedFd, Errno> {
    let name = listeners::held_name(&spec.name);
    let left = remains::of(Kind::Circusd.word(), file.as_os_str().as_encoded_bytes());
    let mut sockets = left.into_iter().flat_map(|left| left.sockets);
    match sockets.find(|(known, _)| known.as_bytes() == name) {
        Some((_, socket)) => Ok(socket),
        None => listeners::open(spec),
    }
}

/// The system tells it only to who sets it.
fn umask() -> u32 {
    let umask = rustix::process::umask(Mode::empty());
    rustix::process::umask(umask);
    umask.as_raw_mode()
}

fn write_log(spec: &JournalSpec, lines: &[u8]) {
    let mut journal = Journal::new(spec);
    // What cannot be written is not told anywhere else.
    let _ = journal.open();
    journal.write(lines);
    journal.flush(&mut Vec::new());
}

/// What a circusd's mind is made of.
pub(super) struct Circusd {
    station: station::Station,
    endpoints: Vec<(String, OwnedFd)>,
    arbiter: Option<Rc<Arbiter>>,
    /// Whoever keeps the endpoints' files in place.
    files: Vec<AbortHandle>,
}

/// Makes it of what the keeper holds.
pub(super) fn station(first: &[u8], heritage: &mut Heritage) -> io::Result<Circusd> {
    let (lives, pid) = (heritage.lives(), heritage.keeper());
    let station =
        station::Station::read(first, heritage.recall(MEMO), lives, pid).map_err(io::Error::other)?;
    Ok(Circusd { station, endpoints: heritage.take_all(ENDPOINT_PREFIX), arbiter: None, files: Vec::new() })
}

impl Station for Circusd {
    /// Groups come and go with watchers; none is there from the beginning.
    fn plan(&mut self) -> Plan {
        Plan::default()
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.station.reader()
    }

    fn journal(&self) -> JournalSpec {
        self.station.journal()
    }

    fn first_lines(&self, now: Now) -> Vec<u8> {
        self.station.first_lines(now)
    }

    fn observers(&mut self, control: &Rc<dyn Control>) -> Vec<Box<dyn Observer>> {
        let (arbiter, ears) = self.station.arbiter(control, clock::now);
        self.arbiter = Some(arbiter);
        vec![Box::new(ears)]
    }

    fn serve(&mut self, _control: &Rc<dyn Control>) -> io::Result<()> {
        if let Some(arbiter) = &self.arbiter {
            self.files = self.station.serve(std::mem::take(&mut self.endpoints), arbiter)?;
        }
        Ok(())
    }

    fn pidfile(&self) -> Option<&Path> {
        self.station.pidfile()
    }

    fn clear_away(&self, mind: &mut Mind) {
        self.files.iter().for_each(AbortHandle::abort);
        mind.close_listeners();
        self.station.remove_leavings();
    }
}
