//! The time of day, which a test can choose.

use jiff::Timestamp;

/// What time it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The machine's.
    Machine,
    /// It stands still.
    Fixed(Timestamp),
}

impl Clock {
    /// Now.
    pub fn now(self) -> Timestamp {
        match self {
            Self::Machine => Timestamp::now(),
            Self::Fixed(moment) => moment,
        }
    }

    /// Whether it can be so late: machines without a battery begin in 1970, or when their system was built.
    pub fn is_plausible(self) -> bool {
        self.now().as_second() >= EARLIEST
    }
}

/// The begin of 2025: before that there was no minder.
const EARLIEST: i64 = 1_735_689_600;
