//! The script as a process: one loop over the board, the socket, and time.

pub(crate) mod board_link;
mod lock;
mod log;
mod message_socket;

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::AsFd as _;

use crate::device::Device;
use crate::places::Places;
use crate::points::Points;
use crate::script::{Effect, Following, IncomingReader, Now, Save, Script};
use crate::table::{Table, TableError};
use board_link::{BoardLink, LinkError};
use message_socket::MessageSocket;

pub(crate) use lock::{Held, Lock};
pub(crate) use log::{Log, report, say};

/// How often a lost board is tried again before the script ends, and how long it waits in between.
const RECONNECTS: u32 = 10;
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

/// Runs the script of a device until it ends.
pub(crate) fn run(places: &Places, name: &str, settle: Duration) -> ExitCode {
    match Running::begin(places, name, settle) {
        Ok(mut running) => running.until_end(),
        Err(Beginning::NoBoard(text, status)) => {
            say(&text);
            ExitCode::from(status)
        }
        Err(Beginning::Table(error)) => {
            say(&format!("ERROR: {error}"));
            ExitCode::FAILURE
        }
        Err(Beginning::Io(what, error)) => {
            say(&format!("ERROR: {what}: {error}"));
            ExitCode::FAILURE
        }
    }
}

enum Beginning {
    NoBoard(String, u8),
    Table(TableError),
    Io(&'static str, io::Error),
}

struct Running {
    table: Table,
    points: Points,
    link: BoardLink,
    socket: MessageSocket,
    script: Script,
    incoming: IncomingReader,
    began: Instant,
}

impl Running {
    fn begin(places: &Places, name: &str, settle: Duration) -> Result<Self, Beginning> {
        let table = Table::open(&places.database).map_err(Beginning::Table)?;
        let device = table.device(name).map_err(Beginning::Table)?;
        let Some(device) = device else {
            let text = format!("ERROR: No database configuration with the name '{name}' was found!");
            return Err(Beginning::NoBoard(text, 1));
        };
        let link = BoardLink::open(&device.connection).map_err(|error| {
            let status = match error {
                LinkError::Serial(_) => 0,
                LinkError::Network { .. } => 1,
            };
            Beginning::NoBoard(error.to_string(), status)
        })?;
        let points = Points::in_directory(&places.data)
            .map_err(|error| Beginning::Io("the directory of data", error))?;
        let (beer, following) = belongings(&table, &device).map_err(Beginning::Table)?;
        let socket = MessageSocket::bind(&device.endpoint, &places.run)
            .map_err(|error| Beginning::Io("the socket for pages", error))?;
        let script = Script::new(device, beer, following, settle);
        let incoming = IncomingReader::default();
        Ok(Self { table, points, link, socket, script, incoming, began: Instant::now() })
    }

    fn now(&self) -> Now {
        Now { up: self.began.elapsed(), wall: jiff::Timestamp::now().as_second() }
    }

    fn until_end(&mut self) -> ExitCode {
        loop {
            let wait = self.script.tick(self.now());
            if let Some(status) = self.carry_out() {
                return status;
            }
            let (board, pages) = match self.wait(wait) {
                Ok(ready) => ready,
                Err(error) => {
                    say(&format!("ERROR: cannot wait: {error}"));
                    return ExitCode::FAILURE;
                }
            };
            if board && let Some(status) = self.listen() {
                return status;
            }
            if pages && let Some(status) = self.answer() {
                return status;
            }
            if let Some(status) = self.carry_out() {
                return status;
            }
        }
    }

    /// Answers whoever has asked, when it has been done: a page that is told so looks at the table next.
    fn answer(&mut self) -> Option<ExitCode> {
        while let Some(asked) = self.socket.next() {
            let answer = self.script.asked(&asked.request, self.now());
            let ended = self.carry_out();
            asked.answer(answer);
            if ended.is_some() {
                return ended;
            }
        }
        None
    }

    /// Waits for the board, for pages, or for a time.
    fn wait(&self, most: Duration) -> io::Result<(bool, bool)> {
        let mut fds = [
            PollFd::from_borrowed_fd(self.link.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::IN),
        ];
        let most = Timespec::try_from(most).unwrap_or(Timespec { tv_sec: 60, tv_nsec: 0 });
        match poll(&mut fds, Some(&most)) {
            Ok(_) => Ok((!fds[0].revents().is_empty(), !fds[1].revents().is_empty())),
            Err(rustix::io::Errno::INTR) => Ok((false, false)),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes what the board says.
    fn listen(&mut self) -> Option<ExitCode> {
        let mut buffer = [0; 4096];
        let found = match self.link.read(&mut buffer) {
            Ok(0) => return self.reconnect("the connection was closed"),
            Ok(count) => self.incoming.take(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
            Err(error) => return self.reconnect(&error.to_string()),
        };
        let now = self.now();
        found.into_iter().for_each(|incoming| self.script.heard(incoming, now));
        None
    }

    fn reconnect(&mut self, why: &str) -> Option<ExitCode> {
        say(&format!("Lost serial connection. Error: {why}"));
        self.incoming.forget();
        for _ in 0..RECONNECTS {
            std::thread::sleep(RECONNECT_AFTER);
            if let Ok(link) = BoardLink::open_once(&self.script.device().connection) {
                say("Connected to the controller again");
                self.link = link;
                self.script.reconnected(self.now());
                return None;
            }
        }
        say("Terminating due to fatal serial error");
        Some(ExitCode::FAILURE)
    }

    fn carry_out(&mut self) -> Option<ExitCode> {
        for effect in self.script.effects() {
            match effect {
                Effect::Send(text) => {
                    if let Err(error) = self.link.send(&text) {
                        let ended = self.reconnect(&error.to_string());
                        if ended.is_some() {
                            return ended;
                        }
                    }
                }
                Effect::Report(line) => report(&line),
                Effect::Said(text) => say(&text),
                Effect::Point(reading) => {
                    let wall = self.now().wall;
                    let device = self.script.device().clone();
                    if let Some(beer) = self.script.beer() {
                        for error in self.points.keep(&device, beer, &reading, wall) {
                            say(&format!("ERROR: a data point was not kept: {error}"));
                        }
                    }
                }
                Effect::Save(save) => {
                    if let Err(error) = self.save(&save) {
                        say(&format!("ERROR: the database was not changed: {error}"));
                    }
                }
                Effect::Exit(status) => return Some(ExitCode::from(status)),
            }
        }
        None
    }

    fn save(&mut self, save: &Save) -> Result<(), TableError> {
        let device = self.script.device().clone();
        match save {
            Save::Brew(name) => {
                let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S%.6f").to_string();
                self.table.begin_brew(&device, name, &now)?;
            }
            Save::Logging(logging) => self.table.set_logging(device.id, *logging)?,
            Save::Unit(unit) => self.table.set_unit(device.id, *unit)?,
            Save::ProfileOver => self.table.end_profile(device.id)?,
            Save::Reread => {}
        }
        if let Some(device) = self.table.device(&device.name)? {
            let (beer, following) = belongings(&self.table, &device)?;
            self.script.learn(device, beer, following);
        }
        Ok(())
    }
}

type Belongings = (Option<crate::device::Beer>, Option<Following>);

fn belongings(table: &Table, device: &Device) -> Result<Belongings, TableError> {
    let beer = device.beer.map(|beer| table.beer(beer)).transpose()?.flatten();
    let profile = device.profile.map(|profile| table.profile(profile)).transpose()?.flatten();
    let following = profile.zip(device.profile_started).map(|(profile, began)| Following { profile, began });
    Ok((beer, following))
}

/// Takes the lock of a device's script, or says that somebody else has it.
pub(crate) fn lock(directory: &Path, name: &str) -> io::Result<Held> {
    Lock::take(&directory.join(format!("{name}.pid")))
}
