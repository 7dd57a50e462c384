//! What outlives a mind: the ledger, the roster and the readings, as `ledger` and `roster` of minder-runtime keep them. Each
//! write is whole or not there at all.

use std::collections::BTreeMap;
use std::sync::Arc;

use minder_core::ids::{GroupName, InstanceId, Signal};
use minder_core::instance::Facts;
use minder_core::plan::GroupSpec;
use minder_core::supervision::Mode;

use crate::wire::ChildId;

/// One slot's line.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) facts: Facts,
    /// The keeper's name of its process, zero if there is none.
    pub(crate) child: ChildId,
    /// The signal that goes to it next while it is stopping, and how many it was sent before.
    pub(crate) owed: Option<(Signal, u32)>,
}

/// What is in service.
#[derive(Clone, Debug)]
pub(crate) struct Roster {
    pub(crate) mode: Mode,
    /// Groups, the reading each comes from, and their slots.
    pub(crate) groups: Vec<(GroupName, u32, Vec<InstanceId>)>,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) ledger: BTreeMap<InstanceId, Record>,
    pub(crate) roster: Option<Roster>,
    pub(crate) readings: BTreeMap<u32, Vec<Arc<GroupSpec>>>,
}
