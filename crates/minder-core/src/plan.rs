//! The one description of what should run, whatever file it came from.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::sync::Arc;
use alloc::vec::Vec;

use crate::ids::{BytePath, GroupName, ProgramName};
use crate::program::{LogTarget, ProgramSpec, Rotation};

/// What should run. Can be built only in valid form.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Plan {
    groups: Vec<Arc<GroupSpec>>,
}

/// A plan that names a thing twice.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PlanProblem {
    /// Two groups of one name.
    DuplicateGroup(GroupName),
    /// Two programs of one name in one group.
    DuplicateProgram(GroupName, ProgramName),
}

impl Plan {
    /// Takes groups in the order in which they start.
    ///
    /// # Errors
    /// When a name is given twice.
    pub fn new(groups: Vec<GroupSpec>) -> Result<Self, PlanProblem> {
        let mut names = BTreeSet::new();
        for group in &groups {
            if !names.insert(&group.name) {
                return Err(PlanProblem::DuplicateGroup(group.name.clone()));
            }
            let mut programs = BTreeSet::new();
            for program in &group.programs {
                if !programs.insert(&program.name) {
                    return Err(PlanProblem::DuplicateProgram(group.name.clone(), program.name.clone()));
                }
            }
        }
        Ok(Self { groups: groups.into_iter().map(Arc::new).collect() })
    }

    /// The groups in the order in which they start.
    pub fn groups(&self) -> &[Arc<GroupSpec>] {
        &self.groups
    }

    /// The group of this name.
    pub fn group(&self, name: &GroupName) -> Option<&Arc<GroupSpec>> {
        self.groups.iter().find(|group| group.name == *name)
    }
}

/// Programs that are started, stopped, added and removed together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupSpec {
    /// Unique in the plan.
    pub name: GroupName,
    /// Smaller starts earlier and stops later.
    pub priority: i64,
    /// In the order in which they start with the group.
    pub programs: Vec<Arc<ProgramSpec>>,
    /// Set when the group's programs are told of events on their standard input.
    pub subscription: Option<Subscription>,
    /// A listening socket that the group's programs share.
    pub socket: Option<GroupSocket>,
}

/// What a group of listening programs wants to hear.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscription {
    /// Names of topics, in the words of the face that serves the group.
    pub topics: Vec<Box<str>>,
    /// How many events wait for a free program; beyond that the oldest is dropped, and that is told. At least 1.
    pub backlog: u32,
    /// How answers are judged, in the words of the face.
    pub judge: Box<str>,
}

/// A listening socket that lives from the first process of its group to the last one's end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupSocket {
    /// Where it listens.
    pub address: SocketAddress,
    /// How many connections may wait. `None`: as many as the system allows.
    pub backlog: Option<u32>,
}

/// Where a socket listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SocketAddress {
    /// A file, which is replaced if it is there.
    Unix {
        /// Its path.
        path: BytePath,
        /// Its permission bits.
        mode: u32,
        /// Its owner and group ids. `None`: left as made.
        owner: Option<(u32, u32)>,
    },
    /// TCP over IPv4.
    Tcp {
        /// A name or an address; empty for all.
        host: Box<str>,
        /// 1 to 65535.
        port: u16,
    },
}

/// Where minder's own log goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct JournalSpec {
    /// The file.
    pub log: LogTarget,
    /// How it is kept small.
    pub rotation: Rotation,
    /// Whether each line also goes to minder's standard output.
    pub echo: Echo,
    /// The name under which lines go to the system's log, if they do.
    pub syslog: Option<Box<str>>,
}

/// Whether lines are also shown where minder was started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Echo {
    /// On standard output.
    Stdout,
    /// No.
    Off,
}
