//! What the main log asks of the world.

use minder_core::supervision::{Instance, Supervision};

use crate::words::State;

/// What still has to end, group by group as they were added.
pub(super) fn not_at_rest(world: &Supervision) -> Vec<&Instance> {
    let members = world.groups().iter().flat_map(|group| &group.members);
    let instances = members.filter_map(|id| world.instance(*id));
    instances.filter(|instance| !State::of(&instance.facts).is_stopped()).collect()
}
