//! Where the parts meet: a front becomes a keeper, and a mind gets its runtime and its faces.
//!
//! ```text
//!  front (a personality's) ─Boot─▶ keeper ─▶ mind ─Heritage─▶ Station (the personality's) ─▶ Parts ─▶ runtime
//! ```
//!
//! Which personality a mind is of stands in what the keeper holds. Each has a file here: its front made ready to be executed,
//! and its [`Station`].

pub(crate) mod circusd;
pub(crate) mod door;
pub(crate) mod kegbot;
pub(crate) mod native;
pub(crate) mod readable;
pub(crate) mod supervisord;
pub(crate) mod surroundings;
mod workers;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;

use minder_core::control::{Control, Observer, Reader};
use minder_core::plan::{JournalSpec, Plan};
use minder_core::time::Now;
use minder_keeper::wire::Port;
use minder_keeper::{Boot, RESTART_VARIABLE};
use minder_runtime::greeting::Greeting;
use minder_runtime::mind::{Departure, Mind};
use minder_runtime::recovery::{Heritage, Parts};
use minder_runtime::remains::{self, Remains};
use minder_runtime::roster::READING_PREFIX;
use minder_runtime::shelf::{self, Claim, Shelf};
use minder_runtime::{clock, handle, kept_sockets, process};

use door::About;

/// What a mind of some personality is made of.
trait Station {
    /// The plan of the last reading.
    fn plan(&mut self) -> Plan;
    /// Reads the configuration again.
    fn reader(&self) -> Box<dyn Reader>;
    /// minder's own log.
    fn journal(&self) -> JournalSpec;
    /// What this mind writes there first.
    fn first_lines(&self, now: Now) -> Vec<u8>;
    /// Who listens in the mind's loop, in the order in which they are told.
    fn observers(&mut self, control: &Rc<dyn Control>) -> Vec<Box<dyn Observer>>;
    /// Begins to answer. Called inside the mind's event loop.
    fn serve(&mut self, control: &Rc<dyn Control>) -> io::Result<()>;
    /// The file with the keeper's process id, if there is to be one.
    fn pidfile(&self) -> Option<&Path>;
    /// Everything has stopped: removes what is only there for as long as minder runs.
    fn clear_away(&self, mind: &mut Mind);
}

/// Which personality a mind is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Supervisord,
    Circusd,
    KegbotMaster,
    Native,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Supervisord, Self::Circusd, Self::KegbotMaster, Self::Native];

    fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Supervisord => "supervisord",
            Self::Circusd => "circusd",
            Self::KegbotMaster => "kegbot_master",
            Self::Native => "minder",
        }
    }
}

/// What the word for the personality is called among the descriptors that the keeper holds.
const KIND: &str = "personality";
/// What the path of the file of configuration is called there.
const CONFIGURATION: &str = "configuration";
/// What the reading is called that the daemon itself was started from. A later one changes programs, but neither
/// servers nor the main log, and those are what the held sockets belong to.
const FIRST_READING: &str = "first-reading";

fn fail(text: &str) -> ExitCode {
    eprintln!("minder: {text}");
    ExitCode::from(111)
}

/// What a daemon is started from.
struct Beginning<'a> {
    kind: Kind,
    /// The file of configuration, by which a daemon that was killed is known again.
    file: &'a Path,
    /// What was read.
    snapshot: &'a [u8],
    /// Its sockets, and what else its mind finds by name.
    held: Vec<(String, OwnedFd)>,
    /// The whole command line.
    called: &'a [OsString],
}

/// Becomes the keeper of a daemon. Returns only the reason why not.
fn become_keeper(beginning: Beginning<'_>) -> io::Error {
    let called = beginning.called;
    match boot(beginning) {
        Ok(boot) => {
            let environment: Vec<_> =
                std::env::vars_os().filter(|(name, _)| name != RESTART_VARIABLE).collect();
            boot.exec(called, &environment)
        }
        Err(error) => error,
    }
}

/// From what one killed as a whole has left, if programs of it live; else from the beginning.
fn boot(beginning: Beginning<'_>) -> io::Result<Boot> {
    let Beginning { kind, file, snapshot, held, .. } = beginning;
    let (shelf, lock, found) = match shelf::claim(kind.word(), file.as_os_str().as_encoded_bytes()) {
        Claim::Left(shelf, lock) => {
            let found = Remains::find(&shelf)?;
            if found.is_none() {
                shelf.clear_files();
            }
            (shelf, Some(lock), found)
        }
        Claim::Empty(shelf, lock) => (shelf, Some(lock), None),
        Claim::None => (Shelf::Nameless, None, None),
    };
    let mut all = Vec::new();
    let mut succession = None;
    match found {
        Some(found) => {
            all.push((
                remains::REMARKS.to_owned(),
                Shelf::Nameless.filled("remarks", found.remarks.join("\n").as_bytes())?,
            ));
            // The servers are those of today's file; programs stay as they are until somebody asks for an update.
            let stale = [FIRST_READING, kept_sockets::NAME];
            all.extend(found.held.into_iter().filter(|(name, _)| !stale.contains(&&name[..])));
            succession = Some(found.succession);
            // What could be opened anew is as good.
            let missing = |(name, _): &(String, OwnedFd)| !held.iter().any(|(known, _)| known == name);
            all.extend(found.sockets.into_iter().filter(missing));
        }
        None => {
            let reading = format!("{READING_PREFIX}1");
            let file = file.as_os_str().as_encoded_bytes();
            for (name, bytes) in [
                (&reading[..], snapshot),
                (KIND, kind.word().as_bytes()),
                (CONFIGURATION, file),
                (remains::REGISTER, b""),
            ] {
                all.push((name.to_owned(), shelf.filled(name, bytes)?));
            }
        }
    }
    all.push((FIRST_READING.to_owned(), shelf.filled(FIRST_READING, snapshot)?));
    all.extend(held);
    let named = all.iter().map(|(name, fd)| (name.as_bytes(), fd.as_fd()));
    shelf.replace(kept_sockets::NAME, &kept_sockets::list(named))?;
    if let (Shelf::Directory(directory), Some(lock)) = (shelf, lock) {
        all.extend([(shelf::NAME.to_owned(), directory), (shelf::LOCK_NAME.to_owned(), lock)]);
    }
    let held = all.into_iter().map(|(name, fd)| (name.into_bytes(), fd)).collect();
    Ok(Boot { held, succession })
}

/// Is the mind of a keeper.
pub(crate) fn mind(port: Port) -> ExitCode {
    match run_mind(port) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("the mind cannot go on: {error}")),
    }
}

/// How many threads may be at work beside the loop, each on one large request.
const BESIDE_MAX: usize = 2;

fn run_mind(port: Port) -> io::Result<()> {
    process::ignore_file_size_signal();
    process::leave_requests_to_the_keeper();
    let mut heritage = Heritage::sort(Greeting::receive(port)?)?;
    let kind = Kind::of_word(&text(&mut heritage, KIND)?)
        .ok_or_else(|| io::Error::other("the keeper holds something of a personality that is not known"))?;
    let file = text(&mut heritage, CONFIGURATION)?;
    let first = taken(&mut heritage, FIRST_READING)?
        .ok_or_else(|| io::Error::other("the keeper holds no reading"))?;
    let station: Box<dyn Station> = match kind {
        Kind::Supervisord => Box::new(supervisord::station(&first, &mut heritage)?),
        Kind::Circusd => Box::new(circusd::station(&first, &mut heritage)?),
        Kind::KegbotMaster => Box::new(kegbot::station(&heritage)?),
        Kind::Native => Box::new(native::station(&first, &mut heritage)?),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(BESIDE_MAX)
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, live(heritage, station, kind, file))
}

async fn live(heritage: Heritage, mut station: Box<dyn Station>, kind: Kind, file: String) -> io::Result<()> {
    let (handle, requests) = handle::channel();
    let control: Rc<dyn Control> = Rc::new(handle);
    let parts = Parts {
        reader: station.reader(),
        plan: station.plan(),
        observers: station.observers(&control),
        journal: station.journal(),
        first_lines: station.first_lines(clock::now()),
        calm_down: minder_keeper::give_back,
    };
    let about = About { keeper: heritage.keeper(), kind, file };
    let mut mind = heritage.go_on(parts)?;
    station.serve(&control)?;
    let programs = door::open(mind.shelf(), about);
    let ending = match mind.run(requests, programs).await? {
        Departure::Ended(ending) => ending,
        Departure::Replaced(program) => return mind.hand_over(program).await,
        Departure::Orphaned => {
            if let Some(file) = station.pidfile() {
                // Where it cannot be written it was not written before either.
                let _ = std::fs::write(file, format!("{}\n", std::process::id()));
            }
            return Err(mind.succeed());
        }
    };
    // Whoever asked for the end is about to be answered. An answer is written the moment its task runs, and one
    // turn of the others is enough for that; a few more cost nothing.
    for _ in 0..LAST_TURNS {
        tokio::task::yield_now().await;
    }
    station.clear_away(&mut mind);
    mind.farewell(ending).await
}

/// How many turns the faces get when everything has stopped.
const LAST_TURNS: usize = 8;

/// What the keeper holds under a name.
fn taken(heritage: &mut Heritage, name: &str) -> io::Result<Option<Vec<u8>>> {
    heritage.take(name.as_bytes()).map(contents).transpose()
}

fn text(heritage: &mut Heritage, name: &str) -> io::Result<String> {
    Ok(String::from_utf8_lossy(&taken(heritage, name)?.unwrap_or_default()).into_owned())
}

fn contents(fd: OwnedFd) -> io::Result<Vec<u8>> {
    let mut file = File::from(fd);
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}
