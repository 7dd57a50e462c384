//! The keeper's table of children, with the same rules as the real one's (`reap.rs` of minder-keeper): a child's news can be
//! composed at any time, an exit is kept until it is acknowledged, and only a child that lives is signalled.

use std::collections::BTreeMap;

use minder_core::ids::ExitStatus;

use crate::kernel::Life;
use crate::wire::{ChildId, FromKeeper, Kept};

/// How much of a child's life this mind knows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Told {
    Nothing,
    Birth,
    Exit,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Child {
    pub(crate) kept: Kept,
    told: Told,
    /// Whether this keeper reaps it, or somebody else because it is an earlier keeper's.
    pub(crate) parent: Parent,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Parent {
    Us,
    Another,
}

#[derive(Debug, Default)]
pub(crate) struct Keeper {
    pub(crate) children: BTreeMap<ChildId, Child>,
    /// Somebody wants everything to end, and no mind has said that it obeys.
    pub(crate) asked: Asked,
    /// The mind has said farewell.
    pub(crate) farewell: Farewell,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Asked {
    #[default]
    No,
    Yes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Farewell {
    #[default]
    No,
    Said,
}

impl Keeper {
    pub(crate) fn add(&mut self, id: ChildId, kept: Kept) {
        self.children.insert(id, Child { kept, told: Told::Nothing, parent: Parent::Us });
    }

    /// Takes over a child that an earlier keeper had.
    pub(crate) fn take_over(&mut self, id: ChildId, kept: Kept) {
        self.children.insert(id, Child { kept, told: Told::Nothing, parent: Parent::Another });
    }

    /// Notes an exit, and says whose it was.
    pub(crate) fn bury(&mut self, life: Life, status: ExitStatus) -> Option<ChildId> {
        let (&id, child) = self.children.iter_mut().find(|(_, child)| child.kept.life == life)?;
        child.kept.exit = Some(status);
        Some(id)
    }

    /// Forgets a child, if it has exited.
    pub(crate) fn acknowledge(&mut self, id: ChildId) -> Option<Kept> {
        let kept = self.children.get(&id)?.kept;
        kept.exit?;
        self.children.remove(&id);
        Some(kept)
    }

    /// What a new mind is told first. Whoever is told of a child there is told nothing of it again.
    pub(crate) fn greet(&mut self) -> BTreeMap<ChildId, Kept> {
        for child in self.children.values_mut() {
            child.told = if child.kept.exit.is_some() { Told::Exit } else { Told::Birth };
        }
        self.children.iter().map(|(&id, child)| (id, child.kept)).collect()
    }

    /// The next thing that the mind does not know about a child; it counts as told.
    pub(crate) fn news(&mut self, id: ChildId) -> Option<FromKeeper> {
        let child = self.children.get_mut(&id)?;
        let Kept { pid, life, stage, exit, .. } = child.kept;
        match (child.told, exit) {
            (Told::Nothing, _) => {
                child.told = Told::Birth;
                Some(FromKeeper::Spawned { child: id, pid, stage, life })
            }
            (Told::Birth, Some(status)) => {
                child.told = Told::Exit;
                Some(FromKeeper::Exited { child: id, status, life })
            }
            (Told::Birth, None) | (Told::Exit, _) => None,
        }
    }

    /// A child that lives, as far as is known.
    pub(crate) fn living(&self, id: ChildId) -> Option<Kept> {
        self.children.get(&id).map(|child| child.kept).filter(|kept| kept.exit.is_none())
    }
}
