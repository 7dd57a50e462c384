//! What processes leave when they end: each family as a whole, since minder knows it as a whole, too. It lives until it is asked
//! to end, and then for a while, or until it is killed.

use std::collections::BTreeMap;
use std::time::Duration;

use minder_core::effect::Effect;
use minder_core::event::Event;
use minder_core::ids::InstanceId;
use minder_core::instance::Phase;
use minder_core::time::Instant;

use crate::chance::mix;
use crate::halt::{Invariant, Violation, hold};
use crate::kernel::Life;
use crate::moves::Unit;

/// What one process has left.
#[derive(Clone, Copy, Debug)]
struct Family {
    unit: Unit,
    /// How long it lives on when it is asked to end. `None`: it does not care.
    lingers: Option<Duration>,
    /// When it ends, once that is known.
    ends: Option<Instant>,
}

/// All that processes have left, by the process.
#[derive(Debug, Default)]
pub(crate) struct Families(BTreeMap<Life, Family>);

impl Families {
    /// A process has ended; now and then it has left something.
    pub(crate) fn may_leave(&mut self, seed: u64, unit: Unit, life: Life) {
        let number = mix(&[seed, life.0, 6]);
        if number.is_multiple_of(6) {
            let lingers =
                (!(number / 6).is_multiple_of(3)).then(|| Duration::from_micros(50 + (number >> 8) % 90_000));
            self.0.insert(life, Family { unit, lingers, ends: None });
        }
    }

    /// Whether something of a process is left that lives.
    pub(crate) fn lives(&self, life: Life, now: Instant) -> bool {
        self.0.get(&life).is_some_and(|family| family.ends.is_none_or(|at| at > now))
    }

    /// When what a process has left ends, if that is known.
    pub(crate) fn ends(&self, life: Life) -> Option<Instant> {
        self.0.get(&life).and_then(|family| family.ends)
    }

    /// It is asked to end.
    pub(crate) fn ask(&mut self, life: Life, now: Instant) {
        if let Some(family) = self.0.get_mut(&life) {
            let asked = family.lingers.map(|lingers| now + lingers);
            family.ends = family.ends.or(asked);
        }
    }

    /// It is killed.
    pub(crate) fn kill(&mut self, life: Life, now: Instant) {
        if let Some(family) = self.0.get_mut(&life) {
            let soon = now + Duration::from_micros(200);
            family.ends = Some(family.ends.map_or(soon, |at| at.min(soon)));
        }
    }

    /// Holds what was ordered against what lives: nothing of a process is left when its stop is over.
    pub(crate) fn look(
        &self,
        now: Instant,
        effects: &[Effect],
        told: Option<(InstanceId, Life)>,
    ) -> Result<(), Violation> {
        let Some((id, life)) = told else { return Ok(()) };
        let stopped = effects.iter().any(|effect| match effect {
            Effect::Publish(Event::Moved(moved)) => {
                moved.id == id && matches!(moved.before.phase, Phase::Stopping { .. })
            }
            _ => false,
        });
        let unit = self.0.get(&life).map(|family| family.unit);
        hold(Invariant::WholeTree, !stopped || !self.lives(life, now), || {
            let unit = unit.map_or_else(String::new, |unit| unit.to_string());
            format!("the stop of {unit} is over, and something of it lives")
        })
    }
}
