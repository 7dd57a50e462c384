//! What a detector has heard, as plain data.

use std::fmt;

/// Something that was heard in a recording.
#[derive(Clone, PartialEq, Debug)]
pub struct Detection {
    /// What it is said of.
    pub kind: Kind,
    /// When and how high. `None` when it is somewhere in the recording.
    pub region: Option<Region>,
    /// How sure, 0 to 1.
    pub score: f64,
    /// What it is taken for.
    pub tags: Vec<Tag>,
}

/// What a detection is said of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Kind {
    /// The whole recording.
    Presence,
    /// A row of sounds.
    Sequence,
    /// One sound.
    #[default]
    Event,
}

/// A box in time and frequency.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Region {
    /// Seconds from the begin of the recording.
    pub start: f64,
    /// Seconds, more than `start`.
    pub end: f64,
    /// Hz.
    pub low: f64,
    /// Hz, more than `low`.
    pub high: f64,
}

/// What something is taken for.
#[derive(Clone, PartialEq, Debug)]
pub struct Tag {
    /// Such as `species`.
    pub key: String,
    /// Such as `Turdus merula`.
    pub value: String,
    /// How sure, 0 to 1.
    pub score: f64,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Presence, Self::Sequence, Self::Event];

    /// As acoupi's database has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Presence => "presence",
            Self::Sequence => "sequence",
            Self::Event => "event",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Region {
    /// How much of the shorter of two lies in the other in time, 0 to 1, if they share a frequency.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> f64 {
        let shared = self.end.min(other.end) - self.start.max(other.start);
        let apart = self.high < other.low || other.high < self.low;
        if apart || shared <= 0.0 {
            return 0.0;
        }
        shared / (self.end - self.start).min(other.end - other.start)
    }
}
