//! What many watchers cost while nothing happens, and how fast the daemon says how they are.

use super::station::Station;
use crate::bench::answers::{self, Answers};
use crate::bench::cost::{self, Cost};
use crate::bench::daemon::{Original, Side};
use crate::bench::figures::Row;
use crate::bench::place::{Pace, Place};
use crate::step::Problem;
use serde_json::json;

/// How many watchers there are while it is looked what they cost.
const WATCHERS: usize = 100;
/// How many there are while it is only asked how they are.
const MANY: usize = 1000;

/// Measures.
pub(super) fn measure(place: &Place) -> Result<Vec<Row>, Problem> {
    let original = look(place, Side::Original)?;
    let minder = look(place, Side::Minder)?;
    let its_many = match place.pace {
        Pace::Full if place.has_time() => Some(status_of_many(place, Side::Original)?),
        // It takes most of a minute to start and to stop them.
        Pace::Quick | Pace::Full => None,
    };
    let many = status_of_many(place, Side::Minder)?;
    let what = format!("{WATCHERS} watchers");
    let mut rows = Vec::new();
    rows.extend(cost::rows(place, Original::Circus, &what, 2.5, Some(&original.cost), &minder.cost));
    let row = |what, bound, original, minder| answers::row(Original::Circus, what, bound, original, minder);
    rows.extend([
        row(format!("status, {WATCHERS} watchers"), Some(0.5), Some(&original.status), &minder.status),
        row(format!("status, {MANY} watchers"), Some(4.0), its_many.as_ref(), &many),
        row(format!("stats, {WATCHERS} watchers"), None, Some(&original.stats), &minder.stats),
    ]);
    Ok(rows)
}

/// What one side costs, and its answers.
struct Idle {
    cost: Cost,
    status: Answers,
    stats: Answers,
}

fn look(place: &Place, side: Side) -> Result<Idle, Problem> {
    let mut station = Station::start(place, side, &watchers(WATCHERS))?;
    let mut client = station.client()?;
    let mut cost = Cost::of(place, &station.daemon);
    let status = Answers::to(place, || client.timed("status", &json!({})))?;
    let stats = Answers::to(place, || client.timed("stats", &json!({})))?;
    cost.after_requests(&station.daemon, status.count() + stats.count());
    Ok(Idle { cost, status, stats })
}

fn status_of_many(place: &Place, side: Side) -> Result<Answers, Problem> {
    let mut station = Station::start(place, side, &watchers(MANY))?;
    let mut client = station.client()?;
    Answers::to(place, || client.timed("status", &json!({})))
}

fn watchers(count: usize) -> String {
    (0..count).map(|number| format!("[watcher:w{number}]\ncmd = /bin/sleep 1000\n\n")).collect()
}
