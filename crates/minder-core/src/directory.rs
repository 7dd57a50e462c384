//! Who is where, by name: so that a question about one of thousands does not ask all of them.

use alloc::collections::BTreeMap;

use crate::ids::{GroupName, InstanceId, UnitName};
use crate::supervision::Group;

/// The names of all groups and slots.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory {
    /// Where each group stands among all.
    places: BTreeMap<GroupName, usize>,
    slots: BTreeMap<UnitName, InstanceId>,
}

impl Directory {
    /// Where the group of this name stands.
    pub(crate) fn place(&self, name: &GroupName) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The slot of a program.
    pub(crate) fn slot(&self, name: &UnitName) -> Option<InstanceId> {
        self.slots.get(name).copied()
    }

    /// Enters a group and its slots.
    pub(crate) fn enter(&mut self, place: usize, group: &Group) {
        self.places.insert(group.spec.name.clone(), place);
        for (name, &id) in names(group).zip(&group.members) {
            self.slots.entry(name).or_insert(id);
        }
    }

    /// Forgets the slots of a group, which is about to have others.
    pub(crate) fn forget_slots(&mut self, group: &Group) {
        for name in names(group) {
            self.slots.remove(&name);
        }
    }

    /// Forgets a group that stood in this place; those behind it move up.
    pub(crate) fn remove(&mut self, place: usize, group: &Group) {
        self.forget_slots(group);
        self.places.remove(&group.spec.name);
        self.places.values_mut().filter(|behind| **behind > place).for_each(|behind| *behind -= 1);
    }
}

fn names(group: &Group) -> impl Iterator<Item = UnitName> {
    let name = &group.spec.name;
    group.spec.programs.iter().map(|program| UnitName { group: name.clone(), program: program.name.clone() })
}
