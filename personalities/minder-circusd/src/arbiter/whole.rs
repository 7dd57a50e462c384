//! What is done with all watchers, or with those that a pattern names.

use std::rc::Rc;
use std::time::Duration;

use minder_core::control::{Ending, Reading, Request};
use minder_core::ids::GroupName;

use super::log::Level;
use super::reload::Manner;
use super::{Arbiter, Change, Course, Failed, Stale, Turn};

impl Arbiter {
    /// What comes before anybody is answered: watchers whose hooks are not to be had are none.
    pub async fn prepare(self: &Rc<Self>) {
        self.remember().await;
        self.refuse_those_without_hooks().await;
    }

    /// Starts everything for the first time.
    pub async fn begin(self: Rc<Self>) {
        let Ok(turn) = self.wait_for_turn(Change::StartWatchers).await else { return };
        if let Err(error) = self.make_room_for_all().await {
            self.say(Level::Error, &error.0);
        }
        if let Err(error) = self.start_all_now(self.by_priority()).await {
            self.say(Level::Error, &error.0);
        }
        self.has_begun();
        drop(turn);
        self.stale.set(Stale::Yes);
        self.remember_if_stale().await;
        self.look_again();
    }

    /// A watcher one of whose hooks is not to be had is none.
    async fn refuse_those_without_hooks(self: &Rc<Self>) {
        for group in self.by_priority() {
            let Some(options) = self.with(&group, |watcher| watcher.options.clone()) else { continue };
            if let Err(why) = self.check_hooks(&options).await {
                self.say(Level::Warning, &format!("Failed to create watcher\n{why}"));
                self.delist(&group).await;
            }
        }
    }

    fn has_begun(&self) {
        let mut state = self.state.borrow_mut();
        if state.course == Course::Beginning {
            state.course = Course::Running;
        }
    }

    /// Starts those of these watchers that start by themselves, one after the other.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn start_all_now(self: &Rc<Self>, groups: Vec<GroupName>) -> Result<(), Failed> {
        for group in groups {
            // Somebody who wants the end should not wait for all that has not begun yet.
            if matches!(self.state.borrow().course, Course::Quitting | Course::Restarting)
                || self.is_end_asked()
            {
                return Ok(());
            }
            if self.with(&group, |watcher| watcher.options.autostart).unwrap_or(false) {
                self.start_now(&group).await?;
                let delay = self.warmup_delay();
                super::pause(delay).await;
            }
        }
        Ok(())
    }

    /// The pause between two watchers.
    fn warmup_delay(&self) -> Duration {
        Duration::from_secs(u64::try_from(self.state.borrow().circus.warmup_delay).unwrap_or(0))
    }

    /// Makes ready the slots of all that start by themselves: one word to the mind instead of one for each.
    async fn make_room_for_all(&self) -> Result<(), Failed> {
        let groups: Vec<GroupName> = {
            let state = self.state.borrow();
            let begins = |watcher: &&super::Watcher| watcher.options.autostart && watcher.slots.is_empty();
            state.watchers.iter().filter(begins).map(|watcher| watcher.group.clone()).collect()
        };
        let shapes = groups.iter().filter_map(|group| {
            let wanted = self.with(group, |watcher| watcher.wanted())?;
            self.shape_of(group, (1..).take(wanted).collect()).flatten()
        });
        let shapes: Vec<_> = shapes.collect();
        if shapes.is_empty() {
            return Ok(());
        }
        let (plan, snapshot) = crate::lower::plan(&shapes);
        self.ask(Request::Shape(Reading { plan, snapshot })).await?;
        for group in &groups {
            self.learn_slots(group).await?;
        }
        Ok(())
    }

    /// Stops these watchers, all at once.
    ///
    /// # Errors
    /// The first error of any.
    pub(crate) async fn stop_all_now(self: &Rc<Self>, groups: Vec<GroupName>) -> Result<(), Failed> {
        let stops: Vec<_> = groups
            .into_iter()
            .map(|group| {
                let arbiter = self.clone();
                tokio::task::spawn_local(async move { arbiter.stop_now(&group).await })
            })
            .collect();
        let mut outcome = Ok(());
        for stop in stops {
            if let Ok(Err(error)) = stop.await {
                outcome = outcome.and(Err(error));
            }
        }
        outcome
    }

    /// Smaller priorities first.
    pub(crate) fn by_priority_upwards(&self) -> Vec<GroupName> {
        let mut groups: Vec<(i64, GroupName)> = {
            let state = self.state.borrow();
            let priority = |watcher: &super::Watcher| (watcher.options.priority, watcher.group.clone());
            state.watchers.iter().map(priority).collect()
        };
        groups.sort_by_key(|(priority, _)| *priority);
        groups.into_iter().map(|(_, group)| group).collect()
    }

    /// Reloads all watchers, and opens the daemon's own log again.
    ///
    /// # Errors
    /// What the original raises an exception for.
    pub(crate) async fn reload_all(self: Rc<Self>, turn: Turn, manner: Manner) -> Result<(), Failed> {
        let _turn = turn;
        if matches!(self.state.borrow().course, Course::Quitting | Course::Restarting) {
            return Ok(());
        }
        // What cannot be opened stays as it is.
        let _ = self.ask(Request::ReopenJournal).await;
        for group in self.by_priority() {
            self.reload_now(&group, manner).await?;
        }
        Ok(())
    }

    /// Stops everything, and then does what is to follow.
    ///
    /// # Errors
    /// When a process cannot be signalled.
    pub(crate) async fn end(self: Rc<Self>, turn: Turn, ending: Ending) -> Result<(), Failed> {
        let _turn = turn;
        self.say(Level::Info, "Arbiter exiting");
        self.state.borrow_mut().course = match ending {
            Ending::Exit => Course::Quitting,
            Ending::Again => Course::Restarting,
        };
        self.remember().await;
        let stopped = self.stop_all_now(self.by_priority_upwards()).await;
        self.ask(Request::Shutdown(ending)).await?;
        stopped
    }
}
