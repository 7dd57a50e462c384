//! How the processes of one program are: how long they live, how they end, and how they take to being asked to.

use std::time::Duration;

use minder_core::ids::{CoreDump, ExitStatus, Signal};

use crate::chance::{Chance, mix};
use crate::moves::Unit;

/// What all processes of a program have in common.
#[derive(Clone, Debug)]
pub struct Nature {
    /// How long they live.
    pub lives: Lives,
    /// How they take to being asked to end.
    pub manners: Manners,
    /// How many of a thousand attempts make no process.
    pub unmade: u64,
    /// How many of a thousand processes do not come as far as their program.
    pub unborn: u64,
    /// Whether minder may signal them.
    pub touch: Touch,
}

/// How long processes live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lives {
    /// Until somebody ends them.
    Steady,
    /// Around so long.
    Around(Duration),
    /// Around so long, but some end in the first moments.
    Flaky(Duration),
    /// For moments only, thirty times in a row.
    Hopeless,
}

/// How processes take to being asked to end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Manners {
    /// They end within moments.
    Polite,
    /// They take their time.
    Slow,
    /// Only a kill ends them.
    Stubborn,
}

/// Whether the kernel lets minder signal them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Touch {
    /// It does.
    Allowed,
    /// They have become somebody else.
    Refused,
}

/// What one process will do if nobody interferes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fate {
    /// When it ends by itself, from its birth on; `None`: never.
    pub(crate) lifetime: Option<Duration>,
    pub(crate) status: ExitStatus,
    /// How long it goes on after it was asked to end; `None`: it does not care.
    pub(crate) lingers: Option<Duration>,
    /// How long the kernel takes to let it die.
    pub(crate) held: Duration,
}

impl Nature {
    /// Lives until it is asked to end, and then ends.
    pub const STEADY: Self =
        Self { lives: Lives::Steady, manners: Manners::Polite, unmade: 0, unborn: 0, touch: Touch::Allowed };

    pub(crate) fn by_chance(chance: &mut Chance) -> Self {
        let mean =
            chance.pick(&[MINUTE.saturating_mul(5), HOUR, HOUR.saturating_mul(6), HOUR.saturating_mul(40)]);
        let lives = match chance.below(20) {
            0..5 => Lives::Steady,
            5..12 => Lives::Around(mean),
            12..17 => Lives::Flaky(mean),
            17 | 18 => Lives::Flaky(Duration::from_secs(20)),
            _ => Lives::Hopeless,
        };
        Self {
            lives,
            manners: chance.pick(&[Manners::Polite, Manners::Polite, Manners::Slow, Manners::Stubborn]),
            unmade: chance.pick(&[0, 0, 20, 200]),
            unborn: chance.pick(&[0, 0, 0, 100]),
            touch: if chance.one_in(20) { Touch::Refused } else { Touch::Allowed },
        }
    }

    /// Of the `ordinal`-th process of `unit`.
    pub(crate) fn fate(&self, seed: u64, unit: Unit, ordinal: u64) -> Fate {
        let mut chance = Chance::new(mix(&[seed, unit.word(), ordinal, 1]));
        let young = Duration::from_micros(300) + chance.time(Duration::from_millis(900));
        let lifetime = match self.lives {
            Lives::Steady => None,
            Lives::Around(mean) => Some(chance.lifetime(mean)),
            Lives::Flaky(mean) => Some(if chance.one_in(3) { young } else { chance.lifetime(mean) }),
            // Not for ever: a program that is tried again without a pause would do nothing else all day.
            Lives::Hopeless => Some(if ordinal.is_multiple_of(30) { HOUR } else { young }),
        };
        let moment = chance.time(Duration::from_millis(50));
        let lingers = match self.manners {
            Manners::Polite => Some(moment),
            Manners::Slow => Some(chance.time(Duration::from_secs(25))),
            Manners::Stubborn => None,
        };
        let held = if chance.one_in(30) { chance.time(Duration::from_secs(20)) } else { chance.time(moment) };
        Fate { lifetime, status: status(&mut chance), lingers, held }
    }

    /// Whether the `ordinal`-th attempt makes a process, and whether that becomes the program.
    pub(crate) fn birth(&self, seed: u64, unit: Unit, ordinal: u64) -> Birth {
        let mut chance = Chance::new(mix(&[seed, unit.word(), ordinal, 2]));
        if chance.below(1000) < self.unmade {
            Birth::Unmade
        } else if chance.below(1000) < self.unborn {
            Birth::Unborn
        } else {
            Birth::Whole
        }
    }
}

/// What comes of an attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Birth {
    Whole,
    Unborn,
    Unmade,
}

/// How something ends by chance.
pub(crate) fn status(chance: &mut Chance) -> ExitStatus {
    match chance.below(8) {
        0..3 => ExitStatus::Code(0),
        3..5 => ExitStatus::Code(1),
        5 => ExitStatus::Code(2),
        6 => ExitStatus::Signal { signal: Signal(11), core: CoreDump::Written },
        _ => ExitStatus::Signal { signal: Signal::KILL, core: CoreDump::None },
    }
}

pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(3600);
