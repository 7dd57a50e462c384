//! What the main log asks of the world.

use minder_core::plan::SocketAddress;
use minder_core::supervision::{Instance, Supervision};

use crate::words::{State, lossy};

/// What still has to end, group by group as they were added.
pub(super) fn not_at_rest(world: &Supervision) -> Vec<&Instance> {
    let members = world.groups().iter().flat_map(|group| &group.members);
    let instances = members.filter_map(|id| world.instance(*id));
    instances.filter(|instance| !State::of(&instance.facts).is_stopped()).collect()
}

/// A group's socket as the original writes it.
pub(super) fn socket_url(address: &SocketAddress) -> String {
    match address {
        SocketAddress::Unix { path, .. } => format!("unix://{}", lossy(path)),
        SocketAddress::Tcp { host, port } => format!("tcp://{host}:{port}"),
    }
}
