//! Whether the recorder was there since it was last seen, and what became of that time: so that what was not recorded then is
//! explained.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::station::Station;
use crate::store::StoreError;
use crate::store::events::{Doing, Event, EventKind, Sight};

/// Two clocks that differ by less show the same.
const DRIFT: SignedDuration = SignedDuration::from_secs(2);

impl Station {
    /// What there is to say of the time since the recorder was last seen, now that it is here.
    pub(super) fn arrival(&self) -> Result<Vec<Event>, StoreError> {
        let Some(before) = self.last_seen()? else { return Ok(Vec::new()) };
        Ok(absences(&before, &self.seen(Doing::Waiting), self.patience()))
    }

    /// How it is seen now.
    pub(super) fn seen(&self, doing: Doing) -> Sight {
        Sight { wall: self.now(), boot: self.machine.boot(), uptime: self.machine.uptime(), doing }
    }

    /// So long after a run the next one begins, if nobody has left one out.
    fn patience(&self) -> Duration {
        let interval = u64::from(self.program.recording.interval.max(self.program.recording.duration));
        Duration::from_millis(interval * 1500 + 1000)
    }
}

fn absences(before: &Sight, now: &Sight, patience: Duration) -> Vec<Event> {
    let mut events = Vec::new();
    let lasting = |kind, since: Timestamp, until: Timestamp, detail: String| Event {
        since: since.min(until),
        until: since.max(until),
        ..Event::now(kind, until, detail)
    };
    if before.boot != now.boot {
        let passed = now.wall.duration_since(before.wall);
        events.push(lasting(EventKind::PowerCut, before.wall, now.wall, format!("{}", passed.as_secs())));
    } else {
        let passed = now.uptime.saturating_sub(before.uptime);
        let expected = before.wall.checked_add(passed).unwrap_or(now.wall);
        let jump = now.wall.duration_since(expected);
        if passed > patience {
            let detail = format!("{}", passed.as_secs());
            events.push(lasting(EventKind::Idle, before.wall, expected, detail));
        }
        if jump.abs() > DRIFT {
            events.push(lasting(EventKind::ClockJump, expected, now.wall, format!("{:+}", jump.as_secs())));
        }
    }
    if before.doing == Doing::Recording {
        events.push(Event::now(EventKind::Torn, before.wall, ""));
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(wall: &str, boot: &str, uptime: u64, doing: Doing) -> Sight {
        let wall = wall.parse().expect("a timestamp");
        Sight { wall, boot: boot.into(), uptime: Duration::from_secs(uptime), doing }
    }

    fn told(before: &Sight, now: &Sight) -> Vec<String> {
        let events = absences(before, now, Duration::from_secs(16));
        events
            .iter()
            .map(|event| format!("{} {} {} {}", event.kind.word(), event.since, event.until, event.detail))
            .collect()
    }

    #[test]
    fn who_comes_when_expected_has_nothing_to_explain() {
        let before = sight("2024-06-01T22:00:00Z", "a", 100, Doing::Waiting);
        let now = sight("2024-06-01T22:00:10Z", "a", 110, Doing::Waiting);
        assert!(told(&before, &now).is_empty());
    }

    #[test]
    fn a_power_cut_within_a_recording_explains_both() {
        let before = sight("2024-06-01T22:00:00Z", "a", 100, Doing::Recording);
        let now = sight("2024-06-01T23:00:00Z", "b", 20, Doing::Waiting);
        assert_eq!(
            told(&before, &now),
            [
                "power_cut 2024-06-01T22:00:00Z 2024-06-01T23:00:00Z 3600",
                "torn 2024-06-01T22:00:00Z 2024-06-01T22:00:00Z "
            ]
        );
    }

    #[test]
    fn a_clock_that_jumps_and_a_recorder_that_nobody_asks_are_told_apart() {
        let before = sight("2024-06-01T22:00:00Z", "a", 100, Doing::Waiting);
        let forward = sight("2024-06-01T23:00:10Z", "a", 110, Doing::Waiting);
        assert_eq!(told(&before, &forward), ["clock_jump 2024-06-01T22:00:10Z 2024-06-01T23:00:10Z +3600"]);
        let back = sight("2024-06-01T21:00:10Z", "a", 110, Doing::Waiting);
        assert_eq!(told(&before, &back), ["clock_jump 2024-06-01T21:00:10Z 2024-06-01T22:00:10Z -3600"]);
        let late = sight("2024-06-01T22:05:00Z", "a", 400, Doing::Waiting);
        assert_eq!(told(&before, &late), ["idle 2024-06-01T22:00:00Z 2024-06-01T22:05:00Z 300"]);
    }
}
