//! What can happen to the supervision: the only way in.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::ids::{Errno, ExitStatus, GroupName, InstanceId, Pid};
use crate::instance::{Facts, Trouble};
use crate::plan::GroupSpec;
use crate::stop::StopOrder;
use crate::supervision::Mode;

/// One thing that happened, or was asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Input {
    /// Time went on, perhaps past a deadline.
    Tick,
    /// Supervision begins: what starts by itself may.
    Begin,
    /// A group is to be added. Refused, without effect, if one of its name is there.
    AddGroup(Arc<GroupSpec>),
    /// Supervision goes on where an earlier mind left it, after what it looked after has been adopted.
    Resume(Mode),
    /// A group that an earlier mind knew is taken over with its slots, as it was.
    Adopt(Arc<GroupSpec>, Vec<(InstanceId, Facts)>),
    /// A group is to be removed. Refused, without effect, while one of its programs has a process or will.
    RemoveGroup(GroupName),
    /// A program is to start.
    Start(InstanceId),
    /// A group of this name has another shape from now on: programs of the same name stay in their slots, new ones get
    /// slots, and others lose theirs. Refused, without effect, while one of those has a process or will.
    Reshape(Arc<GroupSpec>),
    /// A program is to stop, by its policy or as ordered.
    Stop(InstanceId, Option<StopOrder>),
    /// Everything is to stop, group by group.
    Shutdown,
    /// A process is there.
    Spawned(InstanceId, Pid),
    /// No process could be made.
    NotSpawned(InstanceId, Trouble),
    /// The order for a process was lost together with the mind that gave it, or what came of it was: there is no process, and
    /// nobody will say why. It is given again, unless a stop has been asked for since.
    OrderLost(InstanceId),
    /// A process ended, and its output has been read to the end.
    Exited(InstanceId, ExitStatus),
    /// A process could not be signalled although it is there.
    SignalFailed(InstanceId, Errno),
}
