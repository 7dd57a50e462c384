//! The signal that a process is to get next, written down with the order to stop it: so that a mind that is killed between the
//! two leaves it to the next one.
//!
//! Whether the keeper has sent it, the next mind learns from the keeper, which counts. So it is sent once, and neither not at
//! all nor twice, unless the keeper is killed as well, whose count goes with it: then it counts as sent.

use minder_core::effect::Effect;
use minder_core::ids::{InstanceId, Pid, Signal};
use minder_core::instance::Phase;
use minder_core::stop::Reach;

use crate::mind::Mind;

/// A signal that goes to a process next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Owed {
    /// Which.
    pub signal: Signal,
    /// To whom, beside the process.
    pub reach: Reach,
    /// How many the process was sent before it.
    pub after: u32,
}

impl Mind {
    /// Notes the signals of one step, before any of its effects is carried out.
    pub(crate) fn owe(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let &Effect::Signal(id, signal, reach) = effect
                && let Some(slot) = self.slots.get_mut(&id)
            {
                slot.owed = Some(Owed { signal, reach, after: slot.signals });
            }
        }
    }

    /// What is written down of it.
    pub(crate) fn owed(&self, id: InstanceId, phase: Phase) -> Option<Owed> {
        let slot = self.slots.get(&id)?;
        slot.owed.filter(|_| matches!(phase, Phase::Stopping { .. }))
    }

    /// Sends what the mind before had written down and not sent.
    pub(crate) fn pay(&mut self, id: InstanceId) {
        let Some(slot) = self.slots.get(&id) else { return };
        if let Some(Owed { signal, reach, after }) = slot.owed
            && after >= slot.signals
        {
            self.signal(id, signal, reach);
        }
    }
}

/// A reach as two numbers, and back.
pub(crate) fn reach_numbers(reach: Reach) -> (u8, u32) {
    match reach {
        Reach::Process => (0, 0),
        Reach::Group => (1, 0),
        Reach::Family => (2, 0),
        Reach::Children => (3, 0),
        Reach::Tree => (4, 0),
        Reach::Descendants => (5, 0),
        Reach::Descendant(pid) => (6, pid.get()),
    }
}

pub(crate) fn reach_of(numbers: (u8, u32)) -> Option<Reach> {
    Some(match numbers {
        (0, _) => Reach::Process,
        (1, _) => Reach::Group,
        (2, _) => Reach::Family,
        (3, _) => Reach::Children,
        (4, _) => Reach::Tree,
        (5, _) => Reach::Descendants,
        (6, pid) => Reach::Descendant(Pid::new(pid)?),
        _ => return None,
    })
}
