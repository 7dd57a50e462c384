//! When a task is due next, for people. The beat alone decides when it is.

use minder_core::agenda::{Agenda, Due, Phase, TaskSpec};
use minder_core::time::WallTime;
use minder_schedule::schedule::Schedule;
use minder_schedule::window::Sight;
use minder_schedule::{Timestamp, zone};

use crate::planner::Mark;
use crate::retry::later;

/// The next due time after `now`, as far as it can be foreseen: for an interval that goes by no clock that is when the beat goes
/// on as it did.
pub fn next_due(agenda: &Agenda, task: &TaskSpec, mark: Option<&Mark>, now: WallTime) -> Option<WallTime> {
    if let Due::Every { interval, phase: Phase::Free } = task.due {
        return mark.map(|mark| later(mark.due, interval)).filter(|next| *next > now);
    }
    let name = task.zone.as_ref().unwrap_or(&agenda.settings().zone);
    let zone = if name.is_empty() { zone::machine() } else { zone::named(name).ok()? };
    let sight = Sight { zone, place: agenda.settings().place };
    let schedule = Schedule::new(&task.due, task.between, sight).ok()?;
    let next = schedule.next_after(Timestamp::from_microsecond(now.0).ok()?)?;
    Some(WallTime(next.as_microsecond()))
}
