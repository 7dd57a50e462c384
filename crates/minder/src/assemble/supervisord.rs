//! A supervisord.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use minder_core::control::{Control, Observer, Reader};
use minder_core::ids::Errno;
use minder_core::plan::{GroupSocket, JournalSpec, Plan};
use minder_core::time::Now;
use minder_keeper::{RESTART_VARIABLE, hold_signals};
use minder_runtime::logs::{FreshNames, clean_fresh, set_syslog_identity};
use minder_runtime::mind::Mind;
use minder_runtime::recovery::Heritage;
use minder_runtime::shelf::Shelf;
use minder_runtime::{daemonise, group_sockets, remains};
use minder_supervisord::daemon::face::Face;
use minder_supervisord::daemon::front::{self, Prepared, Start};
use minder_supervisord::daemon::opening::Opening;
use minder_supervisord::daemon::servers;
use minder_supervisord::daemon::station;
use tokio::task::AbortHandle;

use super::{Beginning, Kind, Station, become_keeper, fail, taken};

/// What the front's first log lines are called among the descriptors that the keeper holds.
const OPENING: &str = "opening";

/// Is supervisord: prepares, then becomes the keeper.
#[expect(clippy::needless_pass_by_value, reason = "every personality is called like this")]
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    start(&arguments, &arguments)
}

/// Runs a configuration in the foreground, as `minder run FILE`; `called` is the whole command line.
pub(crate) fn run_file(file: &Path, called: &[OsString]) -> ExitCode {
    let arguments = ["minder".into(), "-n".into(), "-c".into(), file.as_os_str().to_owned()];
    start(&arguments, called)
}

fn start(arguments: &[OsString], called: &[OsString]) -> ExitCode {
    let start = if std::env::var_os(RESTART_VARIABLE).is_some() { Start::Again } else { Start::First };
    let mut prepared = match front::prepare(arguments, start, try_socket) {
        Ok(prepared) => prepared,
        Err(status) => return status,
    };
    if let Some(background) = prepared.background.take() {
        match daemonise::daemonise(background.directory.as_deref(), background.umask) {
            Ok(None) => {}
            Ok(Some(refused)) => prepared.cannot_enter(background.directory.as_deref(), &refused),
            Err(error) => return fail(&format!("cannot become a daemon: {error}")),
        }
    }
    // Whoever reads the pidfile may signal that process.
    hold_signals();
    prepared.write_pidfile();
    let error = keeper(prepared, called);
    fail(&format!("cannot become the keeper: {error}"))
}

/// A wrong address is to be told before anything starts. Where programs of a daemon that was killed as a whole live on, theirs
/// is right, and is not to be disturbed.
fn try_socket(file: &Path, socket: &GroupSocket) -> Result<(), Errno> {
    match remains::of(Kind::Supervisord.word(), file.as_os_str().as_encoded_bytes()) {
        Some(_) => Ok(()),
        None => group_sockets::listen(socket).map(drop),
    }
}

fn keeper(prepared: Prepared, called: &[OsString]) -> io::Error {
    let opening = match Shelf::Nameless.filled(OPENING, &prepared.opening.encode()) {
        Ok(opening) => opening,
        Err(error) => return error,
    };
    let mut held = vec![(OPENING.to_owned(), opening)];
    held.extend(prepared.sockets);
    let (file, snapshot) = (&prepared.file, &prepared.snapshot[..]);
    become_keeper(Beginning { kind: Kind::Supervisord, file, snapshot, held, called })
}

/// What a supervisord's mind is made of.
pub(super) struct Supervisord {
    station: station::Station,
    plan: Plan,
    sockets: Vec<(String, OwnedFd)>,
    recalled: Option<Vec<u8>>,
    opening: Opening,
    lives: u32,
    keeper: u32,
    /// Whoever keeps the sockets' files in place.
    files: Vec<AbortHandle>,
}

/// Makes it of what the keeper holds.
pub(super) fn station(first: &[u8], heritage: &mut Heritage) -> io::Result<Supervisord> {
    set_syslog_identity("supervisord");
    let latest = heritage.latest_reading().ok_or_else(|| io::Error::other("the keeper holds no reading"))?;
    let (station, plan) = station::Station::read(first, latest).map_err(io::Error::other)?;
    let opening = taken(heritage, OPENING)?.unwrap_or_default();
    let supervisord = Supervisord {
        station,
        plan,
        sockets: heritage.take_all(servers::HELD_PREFIX),
        recalled: heritage.recall(Face::RECALLED).map(<[u8]>::to_vec),
        opening: Opening::decode(&opening),
        lives: heritage.lives(),
        keeper: heritage.keeper(),
        files: Vec::new(),
    };
    if supervisord.lives == 0 {
        clean_stale_logs(supervisord.station.face());
    }
    Ok(supervisord)
}

impl Station for Supervisord {
    fn plan(&mut self) -> Plan {
        std::mem::take(&mut self.plan)
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.station.reader()
    }

    fn journal(&self) -> JournalSpec {
        self.station.face().journal()
    }

    fn first_lines(&self, now: Now) -> Vec<u8> {
        match self.lives {
            0 => self.station.face().opening_lines(&self.opening, now, self.keeper),
            lives => self.station.face().taken_up_line(now, lives),
        }
    }

    fn observers(&mut self, _control: &Rc<dyn Control>) -> Vec<Box<dyn Observer>> {
        self.station.face().observers(self.recalled.take().as_deref())
    }

    fn serve(&mut self, control: &Rc<dyn Control>) -> io::Result<()> {
        self.files = self.station.face().serve(std::mem::take(&mut self.sockets), control)?;
        Ok(())
    }

    fn pidfile(&self) -> Option<&Path> {
        Some(self.station.face().pidfile())
    }

    fn clear_away(&self, _mind: &mut Mind) {
        self.files.iter().for_each(AbortHandle::abort);
        for file in self.station.face().leavings().files {
            // Somebody may have removed it before.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// A failure to list or remove an old file keeps nobody from starting.
fn clean_stale_logs(face: &Face) {
    if let Some(logs) = face.stale_logs() {
        let names = FreshNames {
            infix: logs.infix.into_bytes().into(),
            suffix: logs.suffix.as_bytes().to_vec().into(),
        };
        let _ = clean_fresh(&logs.directory.into_bytes().into(), &names);
    }
}
