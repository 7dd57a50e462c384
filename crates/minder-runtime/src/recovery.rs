//! How a mind begins: from what the keeper holds. The first one finds a reading of the configuration and nothing
//! else; a later one finds everything, and goes on.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use minder_core::control::{Observer, Reader};
use minder_core::ids::{GroupName, InstanceId, Pid};
use minder_core::input::Input;
use minder_core::instance::{Facts, Phase};
use minder_core::plan::{GroupSpec, JournalSpec, Plan};
use minder_core::program::Unborn;
use minder_core::supervision::{Mode, Supervision};
use minder_keeper::wire::{ChildId, ChildState, ToKeeper};

use crate::aftermath::Dead;
use crate::clock;
use crate::faces::{Faces, MEMO_PREFIX};
use crate::greeting::{Greeting, KeptChild};
use crate::group_sockets::GroupSockets;
use crate::keeper_link::KeeperLink;
use crate::launch::{self, SOCKET_PREFIX};
use crate::ledger::{self, Ledger};
use crate::listeners::{LISTENER_PREFIX, Listeners, OWN_PREFIX};
use crate::logs::Journal;
use crate::mark::Marks;
use crate::memo::{self, Memo};
use crate::mind::Mind;
use crate::pipes::PipeSet;
use crate::processes::Processes;
use crate::remains;
use crate::roster::{self, Kept, READING_PREFIX, Roster};
use crate::slot::Slot;
use crate::waiters::Waiters;

/// What an earlier mind left, read from the keeper's greeting.
#[derive(Debug)]
pub struct Heritage {
    greeting: Greeting,
    /// Snapshots of readings, by number.
    readings: BTreeMap<u32, Vec<u8>>,
    memos: BTreeMap<String, (Memo, Vec<u8>)>,
}

/// What the mind is made of beside its heritage.
pub struct Parts {
    /// Reads the configuration.
    pub reader: Box<dyn Reader>,
    /// The plan of the last reading.
    pub plan: Plan,
    /// Who listens, in the order in which they are told.
    pub observers: Vec<Box<dyn Observer>>,
    /// minder's own log.
    pub journal: JournalSpec,
    /// What is written there first.
    pub first_lines: Vec<u8>,
    /// Done once, when the storm of the start is over: gives back memory that only the start needed.
    pub calm_down: fn(),
}

impl Heritage {
    /// Sorts what the keeper holds.
    ///
    /// # Errors
    /// When a memory file cannot be read.
    pub fn sort(mut greeting: Greeting) -> io::Result<Self> {
        let mut readings = BTreeMap::new();
        for (number, fd) in greeting.take_all(READING_PREFIX) {
            if let Ok(number) = number.parse() {
                readings.insert(number, memo::contents(fd.as_fd())?);
            }
        }
        let mut memos = BTreeMap::new();
        for (name, fd) in greeting.take_all(MEMO_PREFIX) {
            let (memo, value) = Memo::recalled(fd)?;
            memos.insert(name, (memo, value.unwrap_or_default()));
        }
        Ok(Self { greeting, readings, memos })
    }

    /// The snapshot of the last reading.
    pub fn latest_reading(&self) -> Option<&[u8]> {
        self.readings.last_key_value().map(|(_, snapshot)| &snapshot[..])
    }

    /// What an observer's predecessor had remembered.
    pub fn recall(&self, name: &str) -> Option<&[u8]> {
        self.memos.get(name).map(|(_, value)| &value[..]).filter(|value| !value.is_empty())
    }

    /// How many minds there were before.
    pub fn lives(&self) -> u32 {
        self.greeting.lives
    }

    /// The process in the pidfile.
    pub fn keeper(&self) -> u32 {
        self.greeting.keeper
    }

    /// Takes a descriptor that the keeper holds for somebody else.
    pub fn take(&mut self, name: &[u8]) -> Option<OwnedFd> {
        self.greeting.take(name)
    }

    /// Takes all whose names begin with `prefix`; gives the rest of each name.
    pub fn take_all(&mut self, prefix: &str) -> Vec<(String, OwnedFd)> {
        self.greeting.take_all(prefix)
    }

    /// Makes the mind. To be called inside the event loop.
    ///
    /// # Errors
    /// When the system has no descriptor or memory left, or the journal cannot be opened.
    pub fn go_on(mut self, parts: Parts) -> io::Result<Mind> {
        let roster_fd = self.greeting.take(roster::NAME.as_bytes());
        let ledger_fd = self.greeting.take(ledger::NAME.as_bytes());
        let readings = self.readings.keys().copied().collect();
        let held_sockets = self.greeting.take_all(SOCKET_PREFIX);
        let listeners = Listeners::held(self.greeting.take_all(LISTENER_PREFIX));
        let children = std::mem::take(&mut self.greeting.children);
        let passing = self.greeting.take_all(OWN_PREFIX);
        let remarks = self
            .greeting
            .take(remains::REMARKS.as_bytes())
            .map(|fd| memo::contents(fd.as_fd()))
            .transpose()?;
        let mut link = KeeperLink::new(self.greeting.port, self.greeting.copies)?;
        // The mind before was killed between the order for a process and the release of the sockets that only the process
        // was to have. It has them, or gets new ones.
        for (name, _) in passing {
            link.release(format!("{OWN_PREFIX}{name}"));
        }
        let ledger = match ledger_fd {
            Some(fd) => Ledger::recalled(fd),
            None => Ledger::new(link.memory_file(ledger::NAME)?),
        };
        let (roster, kept) = match roster_fd {
            Some(fd) => Roster::recalled(fd, readings)?,
            None => (Roster::new(&mut link, readings)?, None),
        };
        let memos = self.memos.into_iter().map(|(name, (memo, _))| (name, memo)).collect();
        let mut journal = Journal::new(&parts.journal);
        // The front has seen that it can be opened; where that has changed, each write tries again.
        let journal_opened = journal.open();
        let mut mind = Mind {
            world: Supervision::new(),
            slots: BTreeMap::new(),
            children: BTreeMap::new(),
            unborn: BTreeMap::new(),
            processes: Processes::default(),
            marks: Marks::default(),
            aftermaths: BTreeMap::new(),
            dead: Dead::default(),
            next_child: 1,
            link,
            pipes: PipeSet::new()?,
            ledger,
            gone: Vec::new(),
            roster,
            sockets: GroupSockets::default(),
            listeners,
            faces: Faces::new(parts.observers, journal, memos),
            reader: parts.reader,
            plan: Arc::new(parts.plan),
            waiters: Waiters::default(),
            inputs: VecDeque::new(),
            events: VecDeque::new(),
            environment: launch::inherited_environment(),
            keeper: self.greeting.keeper,
            lives: self.greeting.lives,
            finished: false,
            calm_at: Some(clock::now().monotonic + CALM_AFTER),
            calm_down: parts.calm_down,
        };
        if let Err(error) = journal_opened {
            mind.trouble(error.to_string());
        }
        mind.faces.journal.write(&parts.first_lines);
        for remark in String::from_utf8_lossy(&remarks.unwrap_or_default()).lines() {
            mind.trouble(remark.to_owned());
        }
        mind.link.release(remains::REMARKS);
        match kept {
            Some(kept) => mind.take_up(&kept, children, &self.readings, held_sockets),
            None => mind.begin(children),
        }
        Ok(mind)
    }
}

/// After how long the storm of a start counts as over.
const CALM_AFTER: Duration = Duration::from_secs(5);

impl Mind {
    /// The first mind: everything in the plan comes into service.
    fn begin(&mut self, children: BTreeMap<ChildId, KeptChild>) {
        self.refuse_strangers(children);
        self.bring_all_into_service();
        self.settle();
        self.link.send(ToKeeper::Ready);
    }

    /// All groups of the plan but those that are there already.
    fn bring_all_into_service(&mut self) {
        for group in self.plan.groups().to_vec() {
            self.inputs.push_back(Input::AddGroup(group));
        }
        self.inputs.push_back(Input::Begin);
    }

    /// A later mind: what was in service is taken over as it was.
    fn take_up(
        &mut self,
        kept: &Kept,
        mut children: BTreeMap<ChildId, KeptChild>,
        readings: &BTreeMap<u32, Vec<u8>>,
        held_sockets: Vec<(String, OwnedFd)>,
    ) {
        let plans: BTreeMap<u32, Plan> = readings
            .iter()
            .filter_map(|(&number, snapshot)| Some((number, self.reader.restore(snapshot).ok()?)))
            .collect();
        self.next_child = children.keys().map(|child| child.0 + 1).max().unwrap_or(1);
        let mut news = Vec::new();
        for (name, reading, ids) in &kept.groups {
            match plans.get(reading).and_then(|plan| plan.group(name)) {
                Some(spec) if spec.programs.len() == ids.len() => {
                    let spec = spec.clone();
                    self.adopt(spec, ids, &mut children, &mut news);
                }
                Some(_) | None => {
                    self.trouble(format!("group {name} could not be taken up: its configuration is lost"));
                }
            }
        }
        for (name, socket) in held_sockets {
            let name = GroupName::new(name);
            if let Some(spec) = self.world.group(&name).and_then(|group| group.spec.socket.clone()) {
                self.sockets.opened(name, spec.address, socket);
            }
        }
        self.refuse_strangers(children);
        match kept.mode {
            // Killed before anything had begun: what was not in service yet comes into it, and it begins now.
            Mode::Resting => self.bring_all_into_service(),
            Mode::Running | Mode::Stopping | Mode::Stopped => {
                self.inputs.push_back(Input::Resume(kept.mode));
            }
        }
        self.settle();
        for news in &news {
            self.catch_up(news);
        }
        self.look_after_dead();
        self.link.send(ToKeeper::Ready);
    }

    fn adopt(
        &mut self,
        spec: Arc<GroupSpec>,
        ids: &[InstanceId],
        children: &mut BTreeMap<ChildId, KeptChild>,
        news: &mut Vec<News>,
    ) {
        let overhears = self.faces.overhears();
        let mut adopted = Vec::new();
        for (&id, program) in ids.iter().zip(&spec.programs) {
            let record = self.ledger.read(id);
            let mut slot = Slot::new(id, program, overhears);
            let facts = record.as_ref().map_or(Facts::FRESH, |record| record.facts.clone());
            let logs = record.as_ref().map(|record| (record.stdout_log.clone(), record.stderr_log.clone()));
            let (stdout, stderr) = logs.unwrap_or_default();
            if let Err(error) = slot.choose_logs(stdout, stderr) {
                self.trouble(error.to_string());
            }
            slot.mark = record.as_ref().and_then(|record| record.mark);
            slot.owed = record.as_ref().and_then(|record| record.owed);
            let child = ChildId(record.map_or(0, |record| record.child));
            self.next_child = self.next_child.max(child.0 + 1);
            match children.remove(&child) {
                Some(mut kept) => {
                    slot.child = Some(child);
                    slot.signals = kept.signals;
                    self.children.insert(child, id);
                    self.processes.began(child, kept.pid, kept.failure, &mut kept.fds);
                    self.processes.found(child, self.keeper);
                    if program.surroundings.unborn == Unborn::NotMade {
                        self.unborn.extend(kept.failure.map(|failure| (child, failure)));
                    }
                    // Only where there is a process: the others' logs are opened when they start.
                    if let Err(error) = slot.open_logs() {
                        self.trouble(error.to_string());
                    }
                    if let Err(error) = slot.attach(kept.fds, kept.pid, &self.pipes) {
                        self.trouble(format!("cannot watch the output of process {}: {error}", kept.pid));
                    }
                    news.push(News { id, child, pid: kept.pid, state: Some(kept.state) });
                }
                // Ordered, but the order never arrived; or its end was being counted when the mind was killed.
                None if facts.phase == Phase::Spawning => news.push(News { id, child, pid: 0, state: None }),
                None => {}
            }
            self.slots.insert(id, Box::new(slot));
            adopted.push((id, facts));
        }
        self.inputs.push_back(Input::Adopt(spec, adopted));
        self.settle();
    }

    /// Tells the supervision what it does not know yet of one slot.
    fn catch_up(&mut self, news: &News) {
        let Some(phase) = self.world.instance(news.id).map(|instance| instance.facts.phase) else { return };
        match (phase, news.state) {
            // Not by our own hand: somebody may have asked for a stop since.
            (Phase::Spawning, None) => self.inputs.push_back(Input::OrderLost(news.id)),
            (_, None) => {}
            (_, Some(state)) => {
                if let (Phase::Spawning, Some(pid)) = (phase, Pid::new(news.pid))
                    && !self.unborn.contains_key(&news.child)
                {
                    self.inputs.push_back(Input::Spawned(news.id, pid));
                    self.settle();
                }
                match state {
                    ChildState::Exited(status) => self.ended(news.child, status),
                    ChildState::Alive => self.pay(news.id),
                }
            }
        }
        self.settle();
    }

    /// Processes that belong to no slot: those whose end was counted are forgotten, others are left alone.
    fn refuse_strangers(&mut self, children: BTreeMap<ChildId, KeptChild>) {
        for (child, kept) in children {
            match kept.state {
                ChildState::Exited(_) => self.link.send(ToKeeper::Acknowledge { child }),
                ChildState::Alive => {
                    self.trouble(format!(
                        "process {} belongs to no program any more; it is left alone",
                        kept.pid
                    ));
                }
            }
        }
    }
}

/// What the keeper knows of a slot's process.
struct News {
    id: InstanceId,
    child: ChildId,
    pid: u32,
    /// `None`: the keeper knows of no process.
    state: Option<ChildState>,
}
