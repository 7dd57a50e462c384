//! A whole fermentation in moments: script and board speak their lines to each other while nobody keeps time.
//!
//! ```text
//!  Script ──Send──▶ CommandReader ─▶ Board (its chamber)
//!    ▲                                 │ a second passes
//!    └── IncomingReader ◀──lines───────┘
//! ```

use std::time::Duration;

use crate::device::{Connection, Device, Endpoint, Logging, Status};
use crate::firmware::board::Board;
use crate::firmware::chamber::ChamberSettings;
use crate::firmware::command::CommandReader;
use crate::firmware::constants::Unit;
use crate::profile::{Moment, Profile};
use crate::script::{Effect, Following, IncomingReader, Now, Script, text};

/// A moment of it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    /// Since the wort came in.
    pub after: Duration,
    /// Degrees Celsius of the beer.
    pub beer: f64,
    /// Degrees Celsius that the profile wants.
    pub wanted: f64,
    /// Degrees Celsius of the fridge.
    pub fridge: f64,
    /// Degrees Celsius of the room.
    pub room: f64,
}

/// How often a sample is taken, in seconds.
const SAMPLE_EVERY: u64 = 300;
/// The wort comes in warm: for so long nobody expects it where it is wanted.
pub const SETTLING: Duration = Duration::from_secs(86_400);

/// Ferments by a profile, to its end and for this long.
#[must_use]
pub fn ferment(profile: &Profile, chamber: ChamberSettings, length: Duration) -> Vec<Sample> {
    let mut board = Board::new(chamber);
    let following = Following { profile: profile.clone(), began: 0 };
    let mut script = Script::new(device(), None, Some(following), Duration::ZERO);
    let mut commands = CommandReader::default();
    let mut incoming = IncomingReader::default();
    let mut samples = Vec::new();
    let mut next_tick = 0;
    let mut begun = false;
    for second in 0..length.as_secs() {
        let now = Now { up: Duration::from_secs(second), wall: i64::try_from(second).unwrap_or(i64::MAX) };
        board.pass();
        let mut lines = board.said();
        if second >= next_tick {
            let wait = script.tick(now);
            next_tick = second + wait.as_secs().clamp(1, 60);
        }
        loop {
            let heard: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
            for found in incoming.take(&heard) {
                script.heard(found, now);
            }
            if !begun && script.is_running() {
                begun = true;
                script.asked("setActiveProfile=1", now);
            }
            let sent = script.effects().into_iter().filter_map(|effect| match effect {
                Effect::Send(text) => Some(text),
                Effect::Report(_)
                | Effect::Said(_)
                | Effect::Point(_)
                | Effect::Save(_)
                | Effect::Exit(_) => None,
            });
            let sent: String = sent.collect();
            if sent.is_empty() {
                break;
            }
            let found: Vec<_> = sent.bytes().filter_map(|byte| commands.take(byte)).collect();
            found.iter().chain(&commands.silence()).for_each(|command| board.obey(command));
            lines = board.said();
        }
        if second % SAMPLE_EVERY == 0 {
            samples.push(sample(&board, profile, now.up));
        }
    }
    samples
}

fn sample(board: &Board, profile: &Profile, after: Duration) -> Sample {
    let wanted = match profile.at(after) {
        Moment::Underway(degrees) | Moment::Over(degrees) => degrees,
    };
    Sample {
        after,
        beer: board.chamber.beer,
        wanted,
        fridge: board.chamber.fridge,
        room: board.chamber.room(),
    }
}

/// By how many degrees the beer was off at most, once it had settled.
#[must_use]
pub fn worst(samples: &[Sample]) -> f64 {
    let settled = samples.iter().filter(|sample| sample.after >= SETTLING);
    settled.map(|sample| (sample.beer - sample.wanted).abs()).fold(0.0, f64::max)
}

fn device() -> Device {
    Device {
        id: 1,
        name: "simulated".to_owned(),
        unit: Unit::Celsius,
        interval: 60,
        endpoint: Endpoint::File(String::new()),
        logging: Logging::Stopped,
        connection: Connection::Network { hosts: vec![text(b"simulated")], port: 0 },
        status: Status::Active,
        beer: None,
        profile: Some(1),
        profile_started: Some(0),
    }
}
