//! minder's own file.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use minder_config::native::write::{Source, write};
use minder_config::native::{self, Native, Surroundings};
use minder_config::{Problem, Severity, Sources};
use minder_core::agenda::Agenda;
use minder_core::program::Identity;
use minder_core::time::{Instant, Now, WallTime};
use minder_schedule::TimeZone;
use minder_tasks::planner::Planner;

use crate::spans;

/// Where programs are looked for.
const PATH: &str = "/usr/bin:/bin";

/// Where the file lies.
const DIRECTORY: &str = "/etc/minder";

/// 2027-03-01, at noon.
const NOON: WallTime = WallTime(1_803_902_400_000_000);

/// As many runs of one task as one look of the beat may offer: those that are on time, and those that are made up for.
const OFFERED_MAX: usize = 60 + 1000;

struct Invented(BTreeMap<String, String>);

impl Surroundings for Invented {
    fn environment(&self) -> &BTreeMap<String, String> {
        &self.0
    }

    fn user(&self, name: &str) -> Option<Identity> {
        let uid = name.parse().ok()?;
        Some(Identity { uid, gid: uid, groups: vec![uid] })
    }

    fn group(&self, name: &str) -> Option<u32> {
        name.parse().ok()
    }

    fn own_uid(&self) -> u32 {
        u32::MAX
    }
}

/// A file is refused for its errors, the places of which lie in it, and for nothing else. What is accepted is the same when it is
/// written again, and the beat knows when its tasks are due.
pub fn minder_toml(bytes: &[u8]) {
    let mut sources = Sources::new();
    let (native, problems) = read(&mut sources, bytes);
    spans::check(&problems, &sources);
    let refused = problems.iter().any(|problem| problem.severity == Severity::Error);
    assert_eq!(native.is_none(), refused, "refused for its errors");
    let Some(native) = native else { return };
    written_again(&native);
    plan_of_a_day(&native.agenda);
}

fn read(sources: &mut Sources, bytes: &[u8]) -> (Option<Native>, Vec<Problem>) {
    let file = sources.add("minder.toml", bytes);
    let variables = [("PATH", PATH), ("HOME", "/home/pi")];
    let here = Invented(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    native::read(sources, file, &Path::new(DIRECTORY).join("minder.toml"), &here)
}

/// Programs and sockets; tasks are in none of the forms from which files are written.
fn written_again(native: &Native) {
    let directory = Path::new(DIRECTORY);
    let source = Source { plan: &native.plan, sockets: &native.sockets, path: PATH, directory };
    let (text, unsaid) = write(&source);
    if !unsaid.is_empty() {
        return;
    }
    let (again, problems) = read(&mut Sources::new(), text.as_bytes());
    let again = again.unwrap_or_else(|| panic!("{problems:?}\n{text}"));
    assert_eq!((&again.plan, &again.sockets), (&native.plan, &native.sockets), "{text}");
}

/// Looks at noon, at the times that are asked for, and again after a day on which nobody was there.
fn plan_of_a_day(agenda: &Agenda) {
    let mut now = Now { monotonic: Instant(1_000_000_000), wall: NOON };
    let planner = Planner::new(agenda, &TimeZone::UTC, &BTreeMap::new(), 1, now);
    let mut planner =
        planner.unwrap_or_else(|problems| panic!("accepted, and nobody can plan it: {problems:?}"));
    for pause in [0, 1, 1, 86_400, 1] {
        // The wake comes first: whoever looks when it does must not be told to look at once again for ever.
        let length = Duration::from_secs(pause);
        now = Now {
            monotonic: now.monotonic + length,
            wall: WallTime(now.wall.0 + i64::try_from(pause).unwrap_or(0) * 1_000_000),
        };
        let turn = planner.step(now);
        assert!(turn.offers.len() <= OFFERED_MAX * agenda.tasks().len(), "{} offers", turn.offers.len());
        assert!(turn.offers.iter().all(|offer| offer.due <= now.wall && offer.not_before >= offer.due));
        let wake = planner.wake();
        assert!(wake.wall.is_none_or(|wall| wall > now.wall), "{wake:?}");
        assert!(wake.monotonic.is_none_or(|monotonic| monotonic > now.monotonic), "{wake:?}");
    }
}
