//! What the fridge is doing, and when it may do something else.

use super::chamber::Drive;

/// What the fridge does, by the firmware's numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[allow(missing_docs, reason = "each is explained by its text on the display")]
pub enum State {
    #[default]
    Idle = 0,
    Off = 1,
    Heating = 3,
    Cooling = 4,
    WaitingToCool = 5,
    WaitingToHeat = 6,
    WaitingForPeak = 7,
    CoolingMinTime = 8,
    HeatingMinTime = 9,
}

impl State {
    /// Its number on the wire.
    #[must_use]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// What is switched on in it.
    #[must_use]
    pub fn drive(self) -> Drive {
        match self {
            Self::Cooling | Self::CoolingMinTime => Drive::Cool,
            Self::Heating | Self::HeatingMinTime => Drive::Heat,
            Self::Idle | Self::Off | Self::WaitingToCool | Self::WaitingToHeat | Self::WaitingForPeak => {
                Drive::Rest
            }
        }
    }
}

/// Seconds that a compressor rests after it ran.
pub(super) const COOL_AFTER_COOL: u32 = 300;
/// The same where the fridge itself is held, which would switch more often.
pub(super) const COOL_AFTER_COOL_OF_FRIDGE: u32 = 600;
/// Seconds between heating and cooling, either way.
pub(super) const AFTER_THE_OTHER: u32 = 600;
/// Seconds that the heater rests.
pub(super) const HEAT_AFTER_HEAT: u32 = 300;
/// Seconds that either runs at least.
pub(super) const RUNS_AT_LEAST: u32 = 180;

/// When heater and cooler were on last, in seconds of uptime. All waits count from the start of the board, too: nobody knows
/// what was before.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Timers {
    /// Seconds since the board started.
    pub(super) now: u32,
    pub(super) heated: u32,
    pub(super) cooled: u32,
    /// When neither was on last, or a wait has ended.
    pub(super) rested: u32,
}

impl Timers {
    pub(super) fn since_heating(&self) -> u32 {
        self.now - self.heated
    }

    pub(super) fn since_cooling(&self) -> u32 {
        self.now - self.cooled
    }

    /// For how many seconds heater or cooler have been on.
    pub(super) fn since_rest(&self) -> u32 {
        (self.now - self.rested).saturating_sub(1)
    }
}
