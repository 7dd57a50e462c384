//! A beat in a world whose clocks are moved by the test.

use super::*;

/// Two clocks, a planner, and the store in which its marks are kept.
pub(super) struct World {
    pub(super) agenda: Agenda,
    pub(super) planner: Planner,
    pub(super) now: Now,
    pub(super) remembered: BTreeMap<TaskName, Mark>,
    pub(super) offers: Vec<Offer>,
    pub(super) notes: Vec<Note>,
    /// When each offer was made.
    pub(super) offered_at: Vec<Now>,
    pub(super) steps: u32,
    lines: Vec<String>,
}

impl World {
    pub(super) fn new(agenda: Agenda, wall: &str) -> Self {
        let now = Now { monotonic: Instant(7_000_000_123), wall: super::wall(wall) };
        let remembered = BTreeMap::new();
        let mut world = Self {
            planner: planner(&agenda, &remembered, now),
            agenda,
            now,
            remembered,
            offers: Vec::new(),
            notes: Vec::new(),
            offered_at: Vec::new(),
            steps: 0,
            lines: Vec::new(),
        };
        world.step();
        world
    }

    /// Another beat on the same machine, which has just begun and not looked yet.
    pub(super) fn begin_again(&mut self) {
        self.planner = planner(&self.agenda, &self.remembered, self.now);
    }

    /// Both clocks go on, and nobody looks.
    pub(super) fn pause(&mut self, length: Duration) {
        self.now.monotonic = self.now.monotonic + length;
        self.now.wall = clock::later(self.now.wall, length);
    }

    pub(super) fn set(&mut self, wall: &str) {
        self.now.wall = super::wall(wall);
        self.step();
    }

    pub(super) fn step(&mut self) -> Turn {
        let turn = self.planner.step(self.now);
        self.steps += 1;
        self.remembered.extend(turn.marks.iter().cloned());
        self.lines.extend(turn.offers.iter().map(offer_line));
        self.lines.extend(turn.notes.iter().map(note_line));
        self.offered_at.extend(turn.offers.iter().map(|_| self.now));
        self.offers.extend(turn.offers.iter().cloned());
        self.notes.extend(turn.notes.iter().cloned());
        turn
    }

    /// Goes on until the wall clock shows this, and looks whenever the planner wants to.
    pub(super) fn run(&mut self, until: WallTime) {
        while let Some(ahead) = self.ahead().filter(|ahead| clock::later(self.now.wall, *ahead) <= until) {
            self.pause(ahead);
            self.step();
            assert!(
                self.ahead() != Some(Duration::ZERO),
                "it wants to look again at once: {:?}",
                self.planner
            );
        }
        let rest = u64::try_from(until.0 - self.now.wall.0).expect("a time to come");
        self.pause(Duration::from_micros(rest));
    }

    /// How long it is until the planner wants to look.
    pub(super) fn ahead(&self) -> Option<Duration> {
        let Wake { wall, monotonic } = self.planner.wake();
        let wall =
            wall.map(|wall| u64::try_from(wall.0 - self.now.wall.0).unwrap_or(0)).map(Duration::from_micros);
        sooner(wall, monotonic.map(|monotonic| monotonic.since(self.now.monotonic)))
    }

    /// What was said since it was last asked.
    pub(super) fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }
}

fn planner(agenda: &Agenda, remembered: &BTreeMap<TaskName, Mark>, now: Now) -> Planner {
    Planner::new(agenda, &TimeZone::UTC, remembered, 42, now).expect("a planner")
}

fn offer_line(offer: &Offer) -> String {
    let mut line = format!("{} {}", time(offer.due), offer.task);
    if offer.not_before != offer.due {
        line += &format!(", not before {}", time(offer.not_before));
    }
    match offer.reason {
        Reason::Due => line,
        Reason::CaughtUp => line + ", caught up",
    }
}

fn note_line(note: &Note) -> String {
    match note {
        Note::Missed(Missing { task, first, last, count, caught_up }) => {
            let (first, last) = (time(*first), time(*last));
            format!("{task} missed {count:?} from {first} to {last}, {caught_up} caught up")
        }
        Note::ClockSet(from, to) => format!("clock set from {} to {}", date(*from), date(*to)),
        Note::ClockDoubted(shown) => format!("clock doubted at {}", date(*shown)),
        Note::ClockBelieved(shown) => format!("clock believed at {}", date(*shown)),
    }
}

fn time(wall: WallTime) -> String {
    gap::timestamp(wall).strftime("%H:%M:%S").to_string()
}

fn date(wall: WallTime) -> String {
    gap::timestamp(wall).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
