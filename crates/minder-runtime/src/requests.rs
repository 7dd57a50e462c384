//! Answering what is asked.

use std::sync::Arc;

use minder_core::change::diff;
use minder_core::control::{Reading, Refusal, Reply, Report, Request, Selection, Status, Until, may_start};
use minder_core::event::{Channel, Event};
use minder_core::ids::{BytePath, GroupName, InstanceId, ProgramName, Signal};
use minder_core::input::Input;
use minder_core::instance::Phase;
use minder_core::plan::GroupSpec;
use minder_core::stop::{Reach, StopOrder};
use minder_core::supervision::{Group, Mode};

use crate::clock;
use crate::group_sockets;
use crate::launch;
use crate::mind::Mind;
use crate::slot::FeedError;
use crate::waiters::{Awaited, ReplyTo};

impl Mind {
    pub(crate) fn answer(&mut self, request: Request, reply: ReplyTo) {
        let result = match request {
            Request::Start(id, until) => return self.start(id, until, reply),
            Request::Stop(id, until) => return self.stop(id, None, until, reply),
            Request::StopBy(id, order, until) => return self.stop(id, Some(order), until, reply),
            Request::AwaitConnection(names) => return self.await_connection(&names, reply),
            Request::Report(selection) => self.report(&selection).map(Reply::Reports),
            Request::Signal(id, signal, reach) => self.signal_asked(id, signal, reach),
            Request::Feed(id, bytes) => self.feed(id, &bytes),
            Request::ClearLogs(id) => self.clear_logs(id),
            Request::ClearJournal => self.clear_journal(),
            Request::Reread => self.reread(),
            Request::Plan => {
                let active = self.world.groups().iter().map(|group| group.spec.name.clone());
                Ok(Reply::Plan(self.plan.clone(), active.collect()))
            }
            Request::AddGroup(name) => self.add_group(&name),
            Request::RemoveGroup(name) => self.remove_group(name),
            Request::Shape(reading) => self.shape(&reading),
            Request::OpenSocket(spec) => self.open_listener(&spec),
            Request::CloseSocket(name) => self.close_listener(&name),
            Request::Sockets => Ok(Reply::Sockets(self.listeners.bound())),
            Request::Remember(name, value) => {
                self.faces.remember(name, &value, &mut self.link);
                Ok(Reply::Done)
            }
            Request::ReopenJournal => self.reopen_journal(),
            Request::Shutdown(ending) => {
                self.shut_down(ending);
                Ok(Reply::Done)
            }
            Request::Announce(announcement) => {
                self.events.push_back(Event::Announced(announcement));
                Ok(Reply::Done)
            }
            Request::Journal(lines) => {
                self.faces.journal.write(&lines);
                Ok(Reply::Done)
            }
            Request::Status => Ok(Reply::Status(self.status())),
            Request::Troubles => Ok(Reply::Troubles(self.troubles())),
        };
        // Whoever asked may have gone.
        let _ = reply.send(result);
    }

    /// The logs that cannot be written at the moment: minder's own first, then those of programs.
    fn troubles(&self) -> Vec<Box<str>> {
        let own = self.faces.journal.lost().map(|(path, lost)| ("minder's own log".to_owned(), path, lost));
        let theirs = self.slots.iter().flat_map(|(&id, slot)| {
            let name =
                self.world.instance(id).map(|instance| instance.spec.name.to_string()).unwrap_or_default();
            slot.lost().into_iter().map(move |(path, lost)| (format!("the log of {name}"), path, lost))
        });
        let line = |(whose, path, lost): (String, BytePath, u64)| {
            let path = String::from_utf8_lossy(path.as_bytes()).into_owned();
            format!("{whose}, `{path}`, cannot be written; {lost} bytes were lost so far").into()
        };
        own.into_iter().chain(theirs).map(line).collect()
    }

    fn status(&self) -> Status {
        Status {
            pid: self.keeper,
            mode: self.world.mode(),
            journal: self.faces.journal.path().cloned(),
            now: clock::now(),
        }
    }

    fn report(&self, selection: &Selection) -> Result<Vec<Report>, Refusal> {
        match selection {
            Selection::All => {
                Ok(self.world.groups().iter().flat_map(|group| self.reports_of(group)).collect())
            }
            Selection::Group(name) => {
                let group = self.world.group(name).ok_or(Refusal::NoSuchGroup)?;
                Ok(self.reports_of(group).collect())
            }
            Selection::Unit(name) => {
                let id = self.world.find(name).ok_or(Refusal::NoSuchProgram)?;
                let group = self.world.group(&name.group).ok_or(Refusal::NoSuchGroup)?;
                Ok(self.report_of(group, id).into_iter().collect())
            }
        }
    }

    fn reports_of<'a>(&'a self, group: &'a Group) -> impl Iterator<Item = Report> + 'a {
        group.members.iter().filter_map(|&id| self.report_of(group, id))
    }

    fn report_of(&self, group: &Group, id: InstanceId) -> Option<Report> {
        let instance = self.world.instance(id)?;
        let log = |channel| self.slots.get(&id).and_then(|slot| slot.log_path(channel).cloned());
        Some(Report {
            id,
            group: instance.group.clone(),
            group_priority: group.spec.priority,
            spec: instance.spec.clone(),
            facts: instance.facts.clone(),
            stdout_log: log(Channel::Stdout),
            stderr_log: log(Channel::Stderr),
        })
    }

    fn start(&mut self, id: InstanceId, until: Until, reply: ReplyTo) {
        if let Err(refusal) = self.check_start(id) {
            let _ = reply.send(Err(refusal));
            return;
        }
        self.inputs.push_back(Input::Start(id));
        self.await_outcome(id, Awaited::Start(until), reply);
    }

    /// The executable is looked for first: a program that runs but could not be started again is told of that.
    fn check_start(&self, id: InstanceId) -> Result<(), Refusal> {
        let instance = self.world.instance(id).ok_or(Refusal::NoSuchProgram)?;
        self.check_mode()?;
        launch::executable(&instance.spec.command, instance.spec.identity.as_ref())
            .map_err(Refusal::Command)?;
        may_start(&instance.facts)
    }

    fn check_mode(&self) -> Result<(), Refusal> {
        match self.world.mode() {
            Mode::Resting | Mode::Running => Ok(()),
            Mode::Stopping | Mode::Stopped => Err(Refusal::ShuttingDown),
        }
    }

    fn stop(&mut self, id: InstanceId, order: Option<StopOrder>, until: Until, reply: ReplyTo) {
        let refusal = match self.world.instance(id) {
            None => Some(Refusal::NoSuchProgram),
            Some(instance) if !instance.facts.is_wanted() => Some(Refusal::NotRunning),
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            let _ = reply.send(Err(refusal));
            return;
        }
        self.inputs.push_back(Input::Stop(id, order));
        self.await_outcome(id, Awaited::Stop(until), reply);
    }

    /// Takes the input that was just queued, then waits for what comes of it.
    fn await_outcome(&mut self, id: InstanceId, awaited: Awaited, reply: ReplyTo) {
        self.settle();
        match self.world.instance(id) {
            Some(instance) => self.waiters.add(id, awaited, &instance.facts, reply),
            None => drop(reply.send(Err(Refusal::NoSuchProgram))),
        }
    }

    fn signal_asked(&mut self, id: InstanceId, signal: Signal, reach: Reach) -> Result<Reply, Refusal> {
        let instance = self.world.instance(id).ok_or(Refusal::NoSuchProgram)?;
        match instance.facts.phase {
            Phase::Starting { .. } | Phase::Up { .. } | Phase::Stopping { .. } => {
                self.signal(id, signal, reach);
                Ok(Reply::Done)
            }
            Phase::Down(_) | Phase::Spawning | Phase::Waiting { .. } | Phase::Lost { .. } => {
                Err(Refusal::NotRunning)
            }
        }
    }

    fn feed(&mut self, id: InstanceId, bytes: &[u8]) -> Result<Reply, Refusal> {
        let instance = self.world.instance(id).ok_or(Refusal::NoSuchProgram)?;
        match instance.facts.phase {
            Phase::Starting { .. } | Phase::Up { .. } => {}
            Phase::Down(_)
            | Phase::Spawning
            | Phase::Stopping { .. }
            | Phase::Waiting { .. }
            | Phase::Lost { .. } => return Err(Refusal::NotRunning),
        }
        let slot = self.slots.get_mut(&id).ok_or(Refusal::NotRunning)?;
        match slot.feed(bytes, &self.pipes) {
            Ok(()) => Ok(Reply::Done),
            Err(FeedError::Closed | FeedError::Full) => Err(Refusal::StdinClosed),
        }
    }

    fn clear_logs(&mut self, id: InstanceId) -> Result<Reply, Refusal> {
        let slot = self.slots.get_mut(&id).ok_or(Refusal::NoSuchProgram)?;
        // Without a process nothing is open, and there is nothing to begin anew.
        if slot.child.is_none() {
            return Ok(Reply::Done);
        }
        match slot.clear_logs().into_iter().next() {
            None => Ok(Reply::Done),
            Some(error) => Err(Refusal::File(error.path().clone(), error.errno())),
        }
    }

    fn clear_journal(&mut self) -> Result<Reply, Refusal> {
        if self.faces.journal.path().is_none() {
            return Err(Refusal::NoJournal);
        }
        let mut told = Vec::new();
        let cleared = self.faces.journal.clear(&mut told);
        self.tell_of_journal(told);
        match cleared {
            Ok(()) => Ok(Reply::Done),
            Err(error) => Err(Refusal::File(error.path().clone(), error.errno())),
        }
    }

    fn reread(&mut self) -> Result<Reply, Refusal> {
        let reading = self.reader.reread().map_err(Refusal::Config)?;
        self.roster.read(&reading.snapshot, &mut self.link);
        self.plan = Arc::new(reading.plan);
        let active = self.world.groups().iter().map(|group| &group.spec);
        Ok(Reply::Change(diff(active, &self.plan)))
    }

    fn add_group(&mut self, name: &GroupName) -> Result<Reply, Refusal> {
        self.check_mode()?;
        if self.world.group(name).is_some() {
            return Err(Refusal::AlreadyActive);
        }
        let spec = self.plan.group(name).ok_or(Refusal::NoSuchGroup)?.clone();
        if let Some(socket) = &spec.socket {
            // Opened once and closed again, so that a wrong address is told now and not when a program starts.
            let address = &socket.address;
            group_sockets::listen(socket).map_err(|errno| Refusal::Socket(address.clone(), errno))?;
            self.events.push_back(Event::SocketOpened(name.clone(), address.clone()));
            self.events.push_back(Event::SocketClosed(name.clone(), address.clone()));
        }
        self.inputs.push_back(Input::AddGroup(spec));
        Ok(Reply::Done)
    }

    fn shape(&mut self, reading: &Reading) -> Result<Reply, Refusal> {
        self.check_mode()?;
        if reading.plan.groups().iter().any(|spec| self.would_lose_a_process(spec)) {
            return Err(Refusal::StillRunning);
        }
        self.roster.read_more(&reading.snapshot, &mut self.link);
        for spec in reading.plan.groups() {
            self.inputs.push_back(match self.world.group(&spec.name) {
                Some(_) => Input::Reshape(spec.clone()),
                None => Input::AddGroup(spec.clone()),
            });
        }
        self.settle();
        self.roster.release_unused(&mut self.link);
        Ok(Reply::Done)
    }

    fn would_lose_a_process(&self, spec: &GroupSpec) -> bool {
        let stays = |program: &ProgramName| spec.programs.iter().any(|staying| staying.name == *program);
        let members = self.world.group(&spec.name).map_or(&[][..], |group| &group.members);
        let mut instances = members.iter().filter_map(|id| self.world.instance(*id));
        instances.any(|instance| !stays(&instance.spec.name) && !instance.facts.is_at_rest())
    }

    fn reopen_journal(&mut self) -> Result<Reply, Refusal> {
        let mut told = Vec::new();
        let reopened = self.faces.journal.reopen(&mut told);
        self.tell_of_journal(told);
        match reopened {
            Ok(()) => Ok(Reply::Done),
            Err(error) => Err(Refusal::File(error.path().clone(), error.errno())),
        }
    }

    fn remove_group(&mut self, name: GroupName) -> Result<Reply, Refusal> {
        let group = self.world.group(&name).ok_or(Refusal::NoSuchGroup)?;
        let busy =
            |id: &InstanceId| self.world.instance(*id).is_some_and(|instance| !instance.facts.is_at_rest());
        if group.members.iter().any(busy) {
            return Err(Refusal::StillRunning);
        }
        self.inputs.push_back(Input::RemoveGroup(name));
        Ok(Reply::Done)
    }
}
