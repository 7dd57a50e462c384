//! Orders to the runtime. It carries them out in order, and what came of it is the next [`Input`](crate::input::Input).

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::event::Event;
use crate::ids::{GroupName, InstanceId, Signal};
use crate::program::ProgramSpec;
use crate::stop::Reach;

/// One order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Make a process; answered by `Spawned` or `NotSpawned`.
    Spawn(InstanceId),
    /// Send a signal to the process of a slot; `SignalFailed` if that is not possible although it is there.
    Signal(InstanceId, Signal, Reach),
    /// Tell everybody.
    Publish(Event),
    /// What is known of this slot has changed: keep it where a later mind finds it.
    Keep(InstanceId),
    /// A group came: open what its programs keep open.
    Prepare(GroupName),
    /// A group has another shape: open what its new programs keep open, and change what others do that stay, but were
    /// like this before.
    Reshape(GroupName, Vec<(InstanceId, Arc<ProgramSpec>)>),
    /// A slot is gone for good: close what belongs to it.
    Drop(InstanceId),
    /// Everything has stopped.
    Finished,
}
