//! Which screen is on, and when the next one comes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::Backlight;
use super::screen::{self, Screen};
use crate::api::Tap;
use crate::kegnet::{FlowState, FlowUpdate};

/// How long the splash and each tap are shown.
const SPLASH: Duration = Duration::from_secs(5);
const EACH_TAP: Duration = Duration::from_secs(10);

/// A drink that was poured.
#[derive(Clone, Debug, PartialEq)]
pub struct LastPour {
    /// Who had it.
    pub name: String,
    /// When.
    pub when: Zoned,
    /// How much it was, mL.
    pub volume_ml: f64,
}

/// The show.
#[derive(Debug)]
pub struct Show {
    rotation: Duration,
    backlight_timeout: Duration,
    zone: TimeZone,
    taps: Vec<Tap>,
    last: Option<LastPour>,
    flows: BTreeMap<i64, FlowUpdate>,
    /// The flow that was heard of last.
    newest: Option<i64>,
    /// Which screen of those in turn is on, and until when.
    turn: usize,
    until: Duration,
    lit_until: Duration,
}

impl Show {
    /// One that begins with the splash. `rotation` is how long the last pour is shown.
    #[must_use]
    pub const fn new(rotation: Duration, backlight_timeout: Duration, zone: TimeZone) -> Self {
        Self {
            rotation,
            backlight_timeout,
            zone,
            taps: Vec::new(),
            last: None,
            flows: BTreeMap::new(),
            newest: None,
            turn: 0,
            until: SPLASH,
            lit_until: backlight_timeout,
        }
    }

    /// What the server knows of taps and of the last drink.
    pub fn refresh(&mut self, taps: Vec<Tap>, last: Option<LastPour>) {
        self.taps = taps;
        if last.is_some() {
            self.last = last;
        }
    }

    /// The core tells of a flow.
    pub fn flow(&mut self, now: Duration, flow: FlowUpdate) {
        self.lit_until = now + self.backlight_timeout;
        if flow.state != FlowState::Completed {
            self.newest = Some(flow.flow_id);
            self.flows.insert(flow.flow_id, flow);
            return;
        }
        self.flows.remove(&flow.flow_id);
        self.newest = self.flows.keys().next_back().copied();
        let at = crate::kegnet::time::read(&flow.last_activity_time).unwrap_or_else(Timestamp::now);
        self.last = Some(LastPour {
            name: name(&flow),
            when: at.to_zoned(self.zone.clone()),
            volume_ml: flow.volume_ml,
        });
        // What was just poured is what people want to see.
        self.turn = 1;
        self.until = now + self.rotation;
    }

    /// What is on.
    pub fn screen(&mut self, now: Duration) -> (Screen, Backlight) {
        if now >= self.until && self.newest.is_none() {
            self.turn = self.following();
            self.until = now + self.time_of_turn();
        }
        let light =
            if now < self.lit_until || self.newest.is_some() { Backlight::On } else { Backlight::Off };
        let flow = self.newest.and_then(|id| self.flows.get(&id));
        let screen = match (flow, self.turn, &self.last) {
            (Some(flow), ..) => screen::pour(&name(flow), flow.volume_ml),
            (None, 0, _) | (None, 1, None) => screen::splash(),
            (None, 1, Some(last)) => screen::last_pour(&last.name, &last.when, last.volume_ml),
            (None, turn, _) => self.taps.get(turn - 2).map_or_else(screen::splash, |tap| {
                let name = if tap.name.is_empty() { &tap.meter_name } else { &tap.name };
                screen::tap(
                    name,
                    tap.beer.as_deref(),
                    tap.brewer.as_deref(),
                    tap.percent_full,
                    tap.temperature,
                )
            }),
        };
        (screen, light)
    }

    /// When something changes by itself.
    #[must_use]
    pub fn next(&self, now: Duration) -> Duration {
        let turn = if self.newest.is_none() { self.until } else { Duration::MAX };
        let light = if now < self.lit_until { self.lit_until } else { Duration::MAX };
        turn.min(light)
    }

    fn following(&self) -> usize {
        let next = (self.turn + 1) % (self.taps.len() + 2);
        if next == 1 && self.last.is_none() { 2 % (self.taps.len() + 2) } else { next }
    }

    fn time_of_turn(&self) -> Duration {
        match self.turn {
            0 => SPLASH,
            1 => self.rotation,
            _ => EACH_TAP,
        }
    }
}

/// Who pours. The original shows `None` for who is nobody in particular.
fn name(flow: &FlowUpdate) -> String {
    flow.username.clone().unwrap_or_else(|| "guest".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(id: i64, state: FlowState, volume_ml: f64) -> FlowUpdate {
        FlowUpdate {
            flow_id: id,
            tap_name: format!("kegboard.flow{id}"),
            state,
            username: None,
            start_time: "2012-06-22T06:10:00Z".into(),
            last_activity_time: "2012-06-22T06:10:05Z".into(),
            ticks: 0,
            volume_ml,
        }
    }

    fn first(show: &mut Show, seconds: u64) -> String {
        show.screen(Duration::from_secs(seconds)).0[0].clone()
    }

    #[test]
    fn it_rotates_and_a_pour_stays_until_no_flow_is_open() {
        let mut show = Show::new(Duration::from_secs(10), Duration::from_secs(300), TimeZone::UTC);
        assert_eq!(first(&mut show, 0), " ================== ");
        show.flow(Duration::from_secs(1), flow(1, FlowState::Active, 100.0));
        show.flow(Duration::from_secs(2), flow(2, FlowState::Active, 50.0));
        assert_eq!(show.screen(Duration::from_secs(3)).0[2], "|oz: 1.69");
        show.flow(Duration::from_secs(4), flow(2, FlowState::Completed, 60.0));
        assert_eq!(show.screen(Duration::from_secs(30)).0[2], "|oz: 3.38", "the other one still runs");
        show.flow(Duration::from_secs(31), flow(1, FlowState::Completed, 100.0));
        assert_eq!(first(&mut show, 32), "_last pour__________");
        assert_eq!(first(&mut show, 41), " ================== ", "there are no taps");
        assert_eq!(show.screen(Duration::from_secs(330)).1, Backlight::On);
        assert_eq!(show.screen(Duration::from_secs(332)).1, Backlight::Off);
    }
}
