//! The programs of a Kegbot launcher's file, run in the foreground and started again when they end.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use minder_config::{Paint, render_text};
use minder_core::control::{Control, Observer, Reader};
use minder_core::plan::{JournalSpec, Plan};
use minder_core::time::Now;
use minder_keeper::hold_signals;
use minder_kegbot_master::station::{self, Origin};
use minder_runtime::mind::Mind;
use minder_runtime::recovery::Heritage;

use super::{Beginning, Kind, Station, become_keeper, fail};

/// Runs a file in the foreground, as `minder run FILE`; `called` is the whole command line.
pub(crate) fn run_file(file: &Path, called: &[OsString]) -> ExitCode {
    let draft = Origin::new(file, called.first()).read();
    for problem in &draft.problems {
        eprintln!("{}", render_text(problem, &draft.sources, Paint::Plain));
    }
    let Some(reading) = draft.reading else { return ExitCode::FAILURE };
    hold_signals();
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let (file, snapshot) = (&file, &reading.snapshot[..]);
    let error =
        become_keeper(Beginning { kind: Kind::KegbotMaster, file, snapshot, held: Vec::new(), called });
    fail(&format!("cannot become the keeper: {error}"))
}

/// What the mind of such a file is made of.
pub(super) struct KegbotMaster {
    station: station::Station,
    plan: Plan,
    lives: u32,
}

/// Makes it of what the keeper holds.
pub(super) fn station(heritage: &Heritage) -> io::Result<KegbotMaster> {
    let latest = heritage.latest_reading().ok_or_else(|| io::Error::other("the keeper holds no reading"))?;
    let (station, plan) = station::Station::read(latest).map_err(io::Error::other)?;
    Ok(KegbotMaster { station, plan, lives: heritage.lives() })
}

impl Station for KegbotMaster {
    fn plan(&mut self) -> Plan {
        std::mem::take(&mut self.plan)
    }

    fn reader(&self) -> Box<dyn Reader> {
        self.station.reader()
    }

    fn journal(&self) -> JournalSpec {
        self.station.journal()
    }

    fn first_lines(&self, now: Now) -> Vec<u8> {
        self.station.opening_line(now, self.lives)
    }

    fn observers(&mut self, _control: &Rc<dyn Control>) -> Vec<Box<dyn Observer>> {
        self.station.observers()
    }

    /// Nobody can ask it anything.
    fn serve(&mut self, _control: &Rc<dyn Control>) -> io::Result<()> {
        Ok(())
    }

    fn pidfile(&self) -> Option<&Path> {
        None
    }

    fn clear_away(&self, _mind: &mut Mind) {}
}
