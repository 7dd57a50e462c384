//! What a reload does: the difference of two plans, group by group.

use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::ids::GroupName;
use crate::plan::{GroupSocket, GroupSpec, Plan, SocketAddress};
use crate::program::{ErrorOutput, LogTarget, OutputSpec, ProgramSpec};

/// The groups that differ between what runs and what should.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PlanChange {
    /// In the new plan only, in its order.
    pub added: Vec<GroupName>,
    /// In both, but not the same, in the new plan's order.
    pub changed: Vec<GroupName>,
    /// Running, but not in the new plan, in the order in which they were added.
    pub removed: Vec<GroupName>,
}

/// Compares the `active` groups with the plan that is wanted.
pub fn diff<'a>(active: impl Iterator<Item = &'a Arc<GroupSpec>> + Clone, wanted: &Plan) -> PlanChange {
    let mut change = PlanChange::default();
    for group in wanted.groups() {
        match active.clone().find(|running| running.name == group.name) {
            None => change.added.push(group.name.clone()),
            Some(running) if same_group(running, group) => {}
            Some(_) => change.changed.push(group.name.clone()),
        }
    }
    change.removed = active
        .filter(|running| wanted.group(&running.name).is_none())
        .map(|group| group.name.clone())
        .collect();
    change
}

fn same_group(a: &GroupSpec, b: &GroupSpec) -> bool {
    a.priority == b.priority
        && a.subscription == b.subscription
        && a.socket.as_ref().map(place) == b.socket.as_ref().map(place)
        && a.programs.len() == b.programs.len()
        && a.programs.iter().zip(&b.programs).all(|(a, b)| same_program(a, b))
}

/// Where a socket listens, without its rights: a running socket is not replaced for those.
fn place(socket: &GroupSocket) -> (Option<&[u8]>, &str, u16) {
    match &socket.address {
        SocketAddress::Unix { path, .. } => (Some(path.as_bytes()), "", 0),
        SocketAddress::Tcp { host, port } => (None, host, *port),
    }
}

fn same_program(a: &ProgramSpec, b: &ProgramSpec) -> bool {
    if core::ptr::eq(a, b) || a == b {
        return true;
    }
    // A log whose name minder is to choose can be the one it has, so the names are made equal before the rest is
    // compared.
    let mut a = a.clone();
    settle(&mut a.stdout, &b.stdout);
    if let (ErrorOutput::Own(mine), ErrorOutput::Own(theirs)) = (&mut a.stderr, &b.stderr) {
        settle(mine, theirs);
    }
    a == *b
}

fn settle(mine: &mut OutputSpec, theirs: &OutputSpec) {
    if matches!(theirs.log, LogTarget::Fresh { .. }) {
        mine.log = theirs.log.clone();
    }
}
