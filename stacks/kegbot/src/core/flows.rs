//! Flows: how they begin, go on and end.

use std::time::Duration;

use minder_kegbot_app::log::Level;

use super::flow::{Flow, Now};
use super::{Core, Effect, MIN_VOLUME_TO_RECORD};
use crate::kegnet::{Event, FlowState, Relay};

/// How long a flow may idle that is nobody's.
pub(super) const ANONYMOUS_IDLE: Duration = Duration::from_secs(10);

/// How often a relay is told again to be on; a board lets go after ten seconds. It is also how old, at most, what is saved of a
/// flow is.
const BEAT: Duration = Duration::from_secs(1);

impl Core {
    /// A meter's reading.
    pub(super) fn reading(&mut self, now: Now, tap: &str, reading: i64) {
        let Some(state) = self.taps.get_mut(tap) else { return };
        let read = state.meter.read(reading, state.ml_per_tick);
        let has_flow = state.flow.is_some();
        if let Some((level, text)) = read.remark {
            self.say(&format!("flowmeter-{tap}"), level, text);
        }
        if read.ticks == 0 {
            return;
        }
        if !has_flow {
            self.begin(now, tap, "", ANONYMOUS_IDLE);
        }
        self.change(tap, |flow| {
            flow.ticks += read.ticks;
            flow.last = now;
            flow.state = FlowState::Active;
        });
    }

    /// Somebody, or nobody in particular, wants to begin.
    pub(super) fn start(&mut self, now: Now, tap: &str, username: &str, max_idle: Duration) {
        let Some(flow) = self.taps.get(tap).and_then(|state| state.flow.as_ref()) else {
            self.begin(now, tap, username, max_idle);
            return;
        };
        let owner = flow.username.clone();
        // An anonymous request takes nothing from anybody.
        if owner == username || username.is_empty() {
            let max_idle = if owner == username { max_idle } else { flow.max_idle };
            self.change(tap, |flow| flow.max_idle = max_idle);
            return;
        }
        if owner.is_empty() {
            let text = format!("User \"{username}\" is taking over the existing flow");
            self.say("flowmanager", Level::Info, text);
            self.change(tap, |flow| username.clone_into(&mut flow.username));
            self.change(tap, |flow| flow.max_idle = max_idle);
            return;
        }
        let text = format!("User \"{username}\" is replacing the existing flow");
        self.say("flowmanager", Level::Info, text);
        self.stop(tap);
        self.begin(now, tap, username, max_idle);
    }

    fn begin(&mut self, now: Now, tap: &str, username: &str, max_idle: Duration) {
        let Some(state) = self.taps.get_mut(tap) else { return };
        let flow = Flow {
            id: self.next_flow,
            tap: tap.to_owned(),
            username: username.to_owned(),
            ticks: 0,
            ml_per_tick: state.ml_per_tick,
            began: now,
            last: now,
            max_idle,
            state: FlowState::Initial,
        };
        self.next_flow += 1;
        let (text, update) = (format!("Starting flow: {flow}"), flow.update());
        let relay = if username.is_empty() { None } else { state.relay.clone() };
        state.flow = Some(flow);
        self.say("flowmanager", Level::Info, text);
        self.effects.push(Effect::Tell(Event::FlowUpdate(update)));
        self.switch(relay, Relay::Enabled);
    }

    /// Changes a flow and tells of it.
    fn change(&mut self, tap: &str, change: impl FnOnce(&mut Flow)) {
        let Some(state) = self.taps.get_mut(tap) else { return };
        let Some(flow) = &mut state.flow else { return };
        change(flow);
        state.unsaved = true;
        self.effects.push(Effect::Tell(Event::FlowUpdate(flow.update())));
    }

    /// Ends the flow of a tap, if there is one.
    pub(super) fn stop(&mut self, tap: &str) {
        let Some(state) = self.taps.get_mut(tap) else { return };
        let Some(mut flow) = state.flow.take() else { return };
        state.unsaved = false;
        let relay = state.relay.clone();
        self.say("flowmanager", Level::Info, format!("Stopping flow: {flow}"));
        self.switch(relay, Relay::Disabled);
        flow.state = FlowState::Completed;
        self.effects.push(Effect::Tell(Event::FlowUpdate(flow.update())));
        self.say("drink-manager", Level::Info, format!("Flow completed: flow_id=0x{:08x}", flow.id));
        let volume = flow.volume_ml();
        if volume <= MIN_VOLUME_TO_RECORD {
            #[expect(clippy::cast_possible_truncation, reason = "it is shown without its fraction")]
            let text = format!(
                "Not recording flow: volume ({} mL) <= MIN_VOLUME_TO_RECORD ({MIN_VOLUME_TO_RECORD})",
                volume as i64
            );
            self.say("drink-manager", Level::Info, text);
            self.effects.push(Effect::Forget(flow.id));
            return;
        }
        self.effects.push(Effect::Keep(flow));
    }

    pub(super) fn end_all(&mut self) {
        for tap in self.order.clone() {
            self.stop(&tap);
        }
    }

    fn switch(&mut self, relay: Option<String>, mode: Relay) {
        if let Some(output_name) = relay {
            self.effects.push(Effect::Tell(Event::SetRelayOutput { output_name, mode }));
        }
    }

    /// What happens by itself: flows that idle end, relays are told again, what has changed is saved; sensors are missed.
    pub(super) fn beat(&mut self, now: Now) {
        if self.next_beat.is_some_and(|beat| beat <= now.up) {
            for tap in self.order.clone() {
                self.beat_of_tap(now, &tap);
            }
            self.next_beat = None;
        }
        if self.next_beat.is_none() && self.taps.values().any(|state| state.flow.is_some()) {
            self.next_beat = Some(now.up + BEAT);
        }
        for line in self.sensors.silent(now) {
            self.say("thermo-manager", Level::Warning, line);
        }
    }

    fn beat_of_tap(&mut self, now: Now, tap: &str) {
        let Some(state) = self.taps.get_mut(tap) else { return };
        let Some(flow) = &mut state.flow else { return };
        // While the server is asked about a token nobody knows whether something runs.
        let knows = state.waiting.is_none();
        if knows && now.up.saturating_sub(flow.last.up) > flow.max_idle {
            let text = format!("Flow has become too idle, ending: {flow}");
            flow.state = FlowState::Idle;
            let update = flow.update();
            self.say("flowmanager", Level::Info, text);
            self.effects.push(Effect::Tell(Event::FlowUpdate(update)));
            self.stop(tap);
            return;
        }
        if state.unsaved {
            state.unsaved = false;
            self.effects.push(Effect::Save(flow.clone()));
        }
        let relay = if flow.username.is_empty() { None } else { state.relay.clone() };
        self.switch(relay, Relay::Enabled);
    }
}
