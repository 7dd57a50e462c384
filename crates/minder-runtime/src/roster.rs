//! Which groups are in service, from which reading of the configuration each comes, and where the whole stands:
//! what a later mind must know before it can make sense of the ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::os::fd::OwnedFd;

use minder_core::control::Ending;
use minder_core::ids::{GroupName, InstanceId};
use minder_core::supervision::{Mode, Supervision};

use crate::keeper_link::KeeperLink;
use crate::memo::Memo;

/// A door for the fuzz targets.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    /// What a kept text says; `None` if it is none.
    #[must_use]
    pub fn decode(text: &str) -> Option<super::Kept> {
        super::decode(text)
    }
}

/// The name under which the keeper holds it.
pub const NAME: &str = "roster";
/// What the snapshots of readings are called: this, and a number that grows.
pub const READING_PREFIX: &str = "reading:";

/// First line of the kept text; to be changed with every change of what follows.
const VERSION: &str = "roster 1";

/// The roster and its memory.
#[derive(Debug)]
pub struct Roster {
    memo: Memo,
    /// The number of the last reading.
    latest: u32,
    /// The readings that the keeper holds.
    held: BTreeSet<u32>,
    /// The readings that the groups in service come from.
    readings: BTreeMap<GroupName, u32>,
    /// What follows when everything has stopped.
    pub ending: Ending,
}

/// What an earlier mind kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Where the whole stood.
    pub mode: Mode,
    /// What was to follow.
    pub ending: Ending,
    /// Groups, the reading each comes from, and their slots.
    pub groups: Vec<(GroupName, u32, Vec<InstanceId>)>,
}

impl Roster {
    /// Of a first mind; `held` are the numbers of the readings that the keeper holds.
    ///
    /// # Errors
    /// When the system has no memory or no descriptor left.
    pub fn new(link: &mut KeeperLink, held: BTreeSet<u32>) -> std::io::Result<Self> {
        let latest = held.last().copied().unwrap_or(0);
        let memo = Memo::new(link.memory_file(NAME)?)?;
        Ok(Self { memo, latest, held, readings: BTreeMap::new(), ending: Ending::Exit })
    }

    /// Of a later mind; `held` are the numbers of the readings that the keeper holds.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn recalled(fd: OwnedFd, held: BTreeSet<u32>) -> std::io::Result<(Self, Option<Kept>)> {
        let latest = held.last().copied().unwrap_or(0);
        let (memo, value) = Memo::recalled(fd)?;
        let kept = value.and_then(|value| decode(&String::from_utf8_lossy(&value)));
        let mut roster = Self { memo, latest, held, readings: BTreeMap::new(), ending: Ending::Exit };
        if let Some(kept) = &kept {
            roster.ending = kept.ending;
            roster.readings = kept.groups.iter().map(|(name, reading, _)| (name.clone(), *reading)).collect();
        }
        Ok((roster, kept))
    }

    /// A new reading, from which groups can be taken into service from now on.
    pub fn read(&mut self, snapshot: &[u8], link: &mut KeeperLink) {
        self.read_more(snapshot, link);
        self.release_unused(link);
    }

    /// A group of the last reading is taken into service.
    pub fn added(&mut self, group: &GroupName) {
        self.readings.insert(group.clone(), self.latest);
    }

    /// A reading beside the others, of some groups only. Those that are not needed any more are released when what came
    /// of it has been kept: see [`Roster::release_unused`].
    pub fn read_more(&mut self, snapshot: &[u8], link: &mut KeeperLink) {
        self.latest += 1;
        // Without it a killed mind could not know the groups of it; the others it would.
        let file = link.memory_file(&format!("{READING_PREFIX}{}", self.latest));
        if file.and_then(|mut file| file.write_all(snapshot)).is_ok() {
            self.held.insert(self.latest);
        }
    }

    /// Lets go of the readings that no group comes from any more.
    pub fn release_unused(&mut self, link: &mut KeeperLink) {
        let used: BTreeSet<u32> = self.readings.values().copied().chain([self.latest]).collect();
        for unused in self.held.difference(&used) {
            link.release(format!("{READING_PREFIX}{unused}"));
        }
        self.held.retain(|reading| used.contains(reading));
    }

    /// A group is taken out of service.
    pub fn removed(&mut self, group: &GroupName, link: &mut KeeperLink) {
        self.readings.remove(group);
        self.release_unused(link);
    }

    /// Keeps it all where a later mind finds it.
    ///
    /// # Errors
    /// When the system has no memory left; the old one stays.
    pub fn keep(&mut self, world: &Supervision) -> std::io::Result<()> {
        let mut text = format!("{VERSION}\n{} {}\n", mode_word(world.mode()), ending_word(self.ending));
        for group in world.groups() {
            let name = &group.spec.name;
            let ids: Vec<String> = group.members.iter().map(|id| id.0.to_string()).collect();
            let reading = self.readings.get(name).copied().unwrap_or(self.latest);
            // The name is last, because it may hold any character but a line's end.
            text.push_str(&format!("{reading} {} {name}\n", ids.join(",")));
        }
        self.memo.write(text.as_bytes())
    }
}

fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Resting => "resting",
        Mode::Running => "running",
        Mode::Stopping => "stopping",
        Mode::Stopped => "stopped",
    }
}

fn ending_word(ending: Ending) -> &'static str {
    match ending {
        Ending::Exit => "exit",
        Ending::Again => "again",
    }
}

fn decode(text: &str) -> Option<Kept> {
    let mut lines = text.lines();
    if lines.next()? != VERSION {
        return None;
    }
    let (mode, ending) = lines.next()?.split_once(' ')?;
    let mode = [Mode::Resting, Mode::Running, Mode::Stopping, Mode::Stopped]
        .into_iter()
        .find(|&known| mode_word(known) == mode)?;
    let ending = [Ending::Exit, Ending::Again].into_iter().find(|&known| ending_word(known) == ending)?;
    let group = |line: &str| {
        let (reading, rest) = line.split_once(' ')?;
        let (ids, name) = rest.split_once(' ')?;
        let ids = ids.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().ok().map(InstanceId));
        Some((GroupName::new(name), reading.parse().ok()?, ids.collect::<Option<Vec<_>>>()?))
    };
    Some(Kept { mode, ending, groups: lines.map(group).collect::<Option<Vec<_>>>()? })
}
