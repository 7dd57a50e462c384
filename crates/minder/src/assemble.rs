//! Where the parts meet: the front becomes a keeper, and a mind gets its runtime and its faces.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use minder_core::control::Control;
use minder_core::ids::Errno;
use minder_core::plan::{GroupSocket, Plan};
use minder_keeper::wire::Port;
use minder_keeper::{Boot, RESTART_VARIABLE, hold_signals};
use minder_runtime::greeting::Greeting;
use minder_runtime::logs::{FreshNames, clean_fresh, set_syslog_identity};
use minder_runtime::mind::Mind;
use minder_runtime::recovery::{Heritage, Parts};
use minder_runtime::roster::READING_PREFIX;
use minder_runtime::{clock, daemonise, group_sockets, handle, memo, process};
use minder_supervisord::daemon::front::{self, Prepared, Start};
use minder_supervisord::daemon::opening::Opening;
use minder_supervisord::daemon::servers;
use minder_supervisord::daemon::station::Station;

/// What the front's first log lines are called among the descriptors that the keeper holds.
const OPENING: &str = "opening";
/// What the reading is called that the daemon itself was started from. A later one changes programs, but neither
/// servers nor the main log, and those are what the held sockets belong to.
const FIRST_READING: &str = "first-reading";

/// Is supervisord: prepares, then becomes the keeper.
#[expect(clippy::needless_pass_by_value, reason = "every personality is called like this")]
pub(crate) fn supervisord(arguments: Vec<OsString>) -> ExitCode {
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
    let error = become_keeper(prepared, called);
    fail(&format!("cannot become the keeper: {error}"))
}

/// A wrong address is to be told before anything starts.
fn try_socket(socket: &GroupSocket) -> Result<(), Errno> {
    group_sockets::listen(socket).map(drop)
}

fn fail(text: &str) -> ExitCode {
    eprintln!("minder: {text}");
    ExitCode::from(111)
}

fn become_keeper(prepared: Prepared, called: &[OsString]) -> io::Error {
    let reading = memo::sealed("reading", &prepared.snapshot);
    let opening = memo::sealed(OPENING, &prepared.opening.encode());
    let (reading, opening) = match (reading, opening) {
        (Ok(reading), Ok(opening)) => (reading, opening),
        (Err(error), _) | (_, Err(error)) => return error,
    };
    let first = match reading.try_clone() {
        Ok(first) => first,
        Err(error) => return error,
    };
    let mut held = vec![
        (format!("{READING_PREFIX}1").into_bytes(), reading),
        (FIRST_READING.as_bytes().to_vec(), first),
        (OPENING.as_bytes().to_vec(), opening),
    ];
    held.extend(prepared.sockets.into_iter().map(|(name, fd)| (name.into_bytes(), fd)));
    let environment: Vec<_> = std::env::vars_os().filter(|(name, _)| name != RESTART_VARIABLE).collect();
    Boot { held }.exec(called, &environment)
}

/// Is the mind of a keeper.
pub(crate) fn mind(port: Port) -> ExitCode {
    match run_mind(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("the mind cannot go on: {error}")),
    }
}

fn run_mind(port: Port) -> io::Result<()> {
    process::ignore_file_size_signal();
    process::leave_requests_to_the_keeper();
    set_syslog_identity("supervisord");
    let mut heritage = Heritage::sort(Greeting::receive(port)?)?;
    let (station, plan) = read_station(&mut heritage)?;
    let sockets = heritage.take_all(servers::HELD_PREFIX);
    let first_lines = first_lines(&mut heritage, &station)?;
    if heritage.lives() == 0 {
        clean_stale_logs(&station);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let parts = Parts {
            reader: station.reader(),
            plan,
            observers: station.observers(heritage.recall(Station::RECALLED)),
            journal: station.journal(),
            first_lines,
            calm_down: minder_keeper::give_back,
        };
        let mind = heritage.go_on(parts)?;
        let (handle, requests) = handle::channel();
        let control: Rc<dyn Control> = Rc::new(handle);
        station.serve(sockets, &control)?;
        run_to_the_end(mind, requests, &station).await
    })
}

fn read_station(heritage: &mut Heritage) -> io::Result<(Station, Plan)> {
    let none = || io::Error::other("the keeper holds no reading");
    let first = contents(heritage.take(FIRST_READING.as_bytes()).ok_or_else(none)?)?;
    let latest = heritage.latest_reading().ok_or_else(none)?;
    Station::read(&first, latest).map_err(io::Error::other)
}

/// What this mind writes into the log first.
fn first_lines(heritage: &mut Heritage, station: &Station) -> io::Result<Vec<u8>> {
    let opening = heritage.take(OPENING.as_bytes()).map(contents).transpose()?.unwrap_or_default();
    Ok(match heritage.lives() {
        0 => station.opening_lines(&Opening::decode(&opening), clock::now(), heritage.keeper()),
        lives => station.taken_up_line(clock::now(), lives),
    })
}

/// How many turns the faces get when everything has stopped.
const LAST_TURNS: usize = 8;

async fn run_to_the_end(
    mut mind: Mind,
    requests: tokio::sync::mpsc::Receiver<handle::Asked>,
    station: &Station,
) -> io::Result<()> {
    let ending = mind.run(requests).await?;
    // Whoever asked for the end is about to be answered. An answer is written the moment its task runs, and one
    // turn of the others is enough for that; a few more cost nothing.
    for _ in 0..LAST_TURNS {
        tokio::task::yield_now().await;
    }
    for file in station.leavings().files {
        // Somebody may have removed it before.
        let _ = std::fs::remove_file(file);
    }
    mind.farewell(ending).await
}

/// A failure to list or remove an old file keeps nobody from starting.
fn clean_stale_logs(station: &Station) {
    if let Some(logs) = station.stale_logs() {
        let names = FreshNames {
            infix: logs.infix.into_bytes().into(),
            suffix: logs.suffix.as_bytes().to_vec().into(),
        };
        let _ = clean_fresh(&logs.directory.into_bytes().into(), &names);
    }
}

fn contents(fd: OwnedFd) -> io::Result<Vec<u8>> {
    let mut file = File::from(fd);
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
