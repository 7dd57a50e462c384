//! A flow: what runs out of a tap from the moment somebody begins until nobody goes on.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;

use crate::kegnet::{FlowState, FlowUpdate, time};

/// Now, by both clocks: one that only goes on, and the one on the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Since some moment.
    pub up: Duration,
    /// What the clock says.
    pub wall: Timestamp,
}

/// A flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Its number.
    pub id: i64,
    /// The tap's meter.
    pub tap: String,
    /// Who pays; empty if nobody in particular does.
    pub username: String,
    /// What has been counted.
    pub ticks: i64,
    /// How much a tick is, mL.
    pub ml_per_tick: f64,
    /// When it began.
    pub began: Now,
    /// When something last flowed, or it began.
    pub last: Now,
    /// After how long of nothing it ends.
    pub max_idle: Duration,
    /// Where it is in its life.
    pub state: FlowState,
}

impl Flow {
    /// How much it is, mL.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "odometers have 32 bits")]
    pub fn volume_ml(&self) -> f64 {
        self.ml_per_tick * self.ticks as f64
    }

    /// How it stands, for clients.
    #[must_use]
    pub fn update(&self) -> FlowUpdate {
        FlowUpdate {
            flow_id: self.id,
            tap_name: self.tap.clone(),
            state: self.state,
            username: (!self.username.is_empty()).then(|| self.username.clone()),
            start_time: time::text(self.began.wall),
            last_activity_time: time::text(self.last.wall),
            ticks: self.ticks,
            volume_ml: self.volume_ml(),
        }
    }

    /// Whole seconds from its beginning to its last tick.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        i64::try_from(self.last.up.saturating_sub(self.began.up).as_secs()).unwrap_or(i64::MAX)
    }
}

/// `<Flow 0x6b013702: tap=kegboard.flow0 ticks=0 username='' max_idle=0:00:10>`.
impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let idle = self.max_idle.as_secs();
        write!(
            f,
            "<Flow 0x{:08x}: tap={} ticks={} username='{}' max_idle={}:{:02}:{:02}>",
            self.id,
            self.tap,
            self.ticks,
            self.username,
            idle / 3600,
            idle / 60 % 60,
            idle % 60
        )
    }
}
