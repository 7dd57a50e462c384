//! `heartbeat-thread`: tells the server of drinks until it has each of them, and asks it for its taps once a minute.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use minder_kegbot_app::threads::Failure;
use minder_kegbot_app::{Log, Logger};

use super::service::SharedOutbox;
use super::{Clocks, SYNC};
use crate::api::{Api, ApiError, Drink, Drinks, Outcome};
use crate::core::Input;
use crate::core::flow::Flow;
use crate::kegnet::{DrinkCreated, Event, time};
use crate::outbox::{Kept, OutboxError, State};

/// What the thread is to do.
#[derive(Debug)]
pub(super) enum Job {
    /// Look into the outbox.
    Look,
    /// A drink has come into it, which was poured at this time of the clock that only goes on.
    Deliver { id: i64, poured: Duration, clocks: Clocks },
    /// A drink that could not be written down.
    DeliverUnkept(Flow),
    /// The core is to end: tell what has never been told, once, and end.
    Quit,
}

/// How far two times may lie apart, s, for a drink of the server to be the one that was told: clocks, and the way there.
const SAME_TIME: i64 = 3;

/// What the thread is made of.
pub(super) struct Delivery {
    pub(super) api: Api,
    pub(super) outbox: SharedOutbox,
    pub(super) log: Log,
    pub(super) events: Sender<Event>,
    pub(super) inputs: Sender<Input>,
    pub(super) retry_after: Duration,
    pub(super) retries: i64,
}

/// What this process knows of drinks, and no disk.
#[derive(Default)]
struct Memory {
    /// When a drink was last told.
    tried: BTreeMap<i64, Instant>,
    /// When it was poured, of those that were poured since the start: the wall's clock may have been set meanwhile.
    poured: BTreeMap<i64, (Duration, Clocks)>,
    /// Drinks that the disk would not have.
    unkept: Vec<Unkept>,
    /// When those were last tried.
    unkept_tried: Option<Instant>,
}

/// A drink that is nowhere but here.
struct Unkept {
    flow: Flow,
    poured: Instant,
    state: State,
}

/// So many drinks are held that the disk would not have.
const UNKEPT_MAX: usize = 1000;

/// Whether a drink has been tried before, which is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    First,
    Again,
}

impl Attempt {
    fn after(tried: Option<Instant>) -> Self {
        tried.map_or(Self::First, |_| Self::Again)
    }
}

impl Memory {
    /// Whether a drink has been told before, be it by another process.
    fn is_old(&self, id: i64) -> bool {
        self.tried.contains_key(&id) || !self.poured.contains_key(&id)
    }
}

impl Memory {
    /// When a drink was poured, Unix seconds, by the wall's clock as it is now: the difference to now is what the server takes.
    fn pour_time(&self, kept: &Kept, wall: i64) -> i64 {
        self.poured.get(&kept.id).map_or(kept.pour_time, |(poured, clocks)| {
            let ago = clocks.read().up.saturating_sub(*poured).as_secs();
            wall - i64::try_from(ago).unwrap_or(0)
        })
    }
}

/// Whether to go on with the next drink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    GoOn,
    /// The server is not there, for none of them.
    Later,
}

impl Delivery {
    pub(super) fn run(self, given: &Receiver<Job>) -> Result<(), Failure> {
        let mut memory = Memory::default();
        let mut next_sync = Instant::now() + SYNC;
        loop {
            let until = self.next_attempt(&memory).map_or(next_sync, |attempt| attempt.min(next_sync));
            match given.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Job::Look) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Job::Deliver { id, poured, clocks }) => {
                    memory.poured.insert(id, (poured, clocks));
                }
                Ok(Job::DeliverUnkept(flow)) => self.hold(&mut memory, flow),
                Ok(Job::Quit) | Err(RecvTimeoutError::Disconnected) => {
                    // What is nowhere but in memory has its last chance.
                    memory.unkept_tried = None;
                    self.deliver(&mut memory);
                    self.log.logger("heartbeat-thread").info("got quit event, quitting");
                    return Ok(());
                }
            }
            self.deliver(&mut memory);
            if Instant::now() >= next_sync {
                next_sync = Instant::now() + SYNC;
                // A server that does not answer has not changed its taps.
                if let Ok(taps) = self.api.taps() {
                    let _ = self.inputs.send(Input::Taps(taps));
                }
            }
        }
    }

    fn drink_log(&self) -> Logger {
        self.log.logger("drink-manager")
    }

    /// When a drink is to be told again, if there is one.
    fn next_attempt(&self, memory: &Memory) -> Option<Instant> {
        let waiting = self.waiting().unwrap_or_default();
        let tried = waiting.iter().filter_map(|kept| memory.tried.get(&kept.id)).chain(&memory.unkept_tried);
        tried.map(|tried| *tried + self.retry_after).min()
    }

    /// What is to be told. Nothing, for a while, if the outbox cannot be read, which is said.
    fn waiting(&self) -> Option<Vec<Kept>> {
        let waiting = self.outbox.lock().waiting();
        waiting.map_err(|error| self.drink_log().error(&format!("The outbox cannot be read: {error}"))).ok()
    }

    /// Tells all that is due.
    fn deliver(&self, memory: &mut Memory) {
        self.deliver_unkept(memory);
        let Some(waiting) = self.waiting() else { return };
        let now = Instant::now();
        let due = |kept: &&Kept| memory.tried.get(&kept.id).is_none_or(|at| *at + self.retry_after <= now);
        let due: Vec<Kept> = waiting.iter().filter(due).cloned().collect();
        let pending = due.iter().filter(|kept| memory.is_old(kept.id)).count();
        if pending > 0 {
            self.drink_log().info(&format!("Posting {pending} pending event(s)"));
        }
        for kept in due {
            if memory.is_old(kept.id) {
                let (id, meter, volume) = (kept.flow_id, &kept.meter_name, kept.volume_ml);
                let text =
                    format!("Processing pending drink: flow_id=0x{id:08x}, meter={meter}, volume={volume:?}");
                self.drink_log().info(&text);
            }
            let attempt = Attempt::after(memory.tried.insert(kept.id, Instant::now()));
            match self.tell(&kept, memory, attempt) {
                Ok(Next::GoOn) => {}
                Ok(Next::Later) => {
                    // Its turn comes with that of the one that did not arrive.
                    let now = Instant::now();
                    memory.tried.extend(waiting.iter().map(|kept| (kept.id, now)));
                    break;
                }
                Err(error) => self.drink_log().error(&format!("The outbox cannot be written: {error}")),
            }
        }
        let ids: Vec<i64> = waiting.iter().map(|kept| kept.id).collect();
        memory.tried.retain(|id, _| ids.contains(id));
        memory.poured.retain(|id, _| ids.contains(id));
    }

    /// Tells one drink, unless the server has it already.
    fn tell(&self, kept: &Kept, memory: &Memory, attempt: Attempt) -> Result<Next, OutboxError> {
        let wall = Timestamp::now().as_second();
        let pour_time = memory.pour_time(kept, wall);
        if kept.state == State::Doubtful {
            match self.find(kept, wall - pour_time) {
                Ok(Some(drink)) => return self.delivered(kept, Some(&drink)).map(|()| Next::GoOn),
                Ok(None) => {}
                // A server that cannot list drinks cannot be asked.
                Err(error) if error.is_not_found() => {}
                Err(error) => {
                    self.put_off(&error, attempt);
                    return Ok(Next::Later);
                }
            }
        }
        let pour = Kept { pour_time, ..kept.clone() }.pour(wall);
        self.outbox.lock().mark(kept.id, State::Doubtful)?;
        match self.api.pour(&pour) {
            Ok(drink) => self.delivered(kept, drink.as_ref()).map(|()| Next::GoOn),
            Err(error) => self.not_told(kept, &error, attempt),
        }
    }

    fn not_told(&self, kept: &Kept, error: &ApiError, attempt: Attempt) -> Result<Next, OutboxError> {
        let outbox = self.outbox.lock();
        match error.outcome() {
            Outcome::NotDone => {
                outbox.mark(kept.id, State::Pending)?;
                self.put_off(error, attempt);
                Ok(Next::Later)
            }
            Outcome::Unknown => {
                self.put_off(error, attempt);
                Ok(Next::Later)
            }
            Outcome::Never => {
                outbox.refused(kept.id, State::Dropped, &error.to_string())?;
                self.drink_log().info(&format!("No drink recorded: {error}"));
                Ok(Next::GoOn)
            }
            Outcome::Failed => {
                self.drink_log().warning(&format!("Error posting drink: {error}"));
                let left = self.retries - kept.attempts;
                if left > 0 {
                    outbox.refused(kept.id, State::Pending, &error.to_string())?;
                    let s = if left == 1 { "" } else { "s" };
                    self.drink_log().warning(&format!("Will retry event {left} more time{s}."));
                } else {
                    outbox.refused(kept.id, State::Dropped, &error.to_string())?;
                    self.drink_log().warning("Max retries exceeded; dropping event.");
                }
                Ok(Next::GoOn)
            }
        }
    }

    /// The server was not reached, or it does not let us in: that is told once for each drink.
    fn put_off(&self, error: &ApiError, attempt: Attempt) {
        if attempt == Attempt::First {
            self.drink_log().warning(&format!("Error posting drink: {error}"));
            self.drink_log().warning("The drink is kept, and told until the server takes it.");
        }
    }

    fn delivered(&self, kept: &Kept, drink: Option<&Drink>) -> Result<(), OutboxError> {
        self.outbox.lock().delivered(kept.id, drink.map(|drink| drink.id))?;
        match drink {
            Some(drink) => self.announce(kept.flow_id, &kept.meter_name, drink),
            None => self.drink_log().warning("No drink recorded."),
        }
        Ok(())
    }

    fn announce(&self, flow_id: i64, meter_name: &str, drink: &Drink) {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "None".to_owned());
        self.drink_log().info(&format!(
            "Logged drink {} username={} keg={} liters={} ticks={}",
            drink.id,
            or_none(drink.user_id.clone()),
            or_none(drink.keg_id.map(|id| id.to_string())),
            or_none(drink.volume_ml.map(|volume| format!("{:.2}", volume / 1000.0))),
            or_none(drink.ticks.map(|ticks| ticks.to_string())),
        ));
        let at = time::read(&drink.time).map_or_else(|| drink.time.clone(), time::text);
        let _ = self.events.send(Event::DrinkCreated(DrinkCreated {
            flow_id,
            drink_id: drink.id,
            tap_name: meter_name.to_owned(),
            start_time: at.clone(),
            end_time: at,
            username: drink.user_id.clone(),
        }));
    }

    /// The server's drink that this one has become, if there is one: as many ticks, by the same user, at the same time, and not
    /// one that another of ours has become.
    fn find(&self, kept: &Kept, ago: i64) -> Result<Option<Drink>, ApiError> {
        let Drinks { drinks, server_time } = self.api.drinks()?;
        let server_now = server_time.unwrap_or_else(Timestamp::now).as_second();
        let user = |drink: &Drink| match drink.user_id.as_deref() {
            None | Some("guest") => kept.username.is_empty(),
            Some(name) => name == kept.username,
        };
        let time = |drink: &Drink| {
            let at = time::read(&drink.time)?.as_second();
            Some((at - (server_now - ago)).abs() <= SAME_TIME)
        };
        let is_ours =
            |drink: &Drink| drink.ticks == Some(kept.ticks) && user(drink) && time(drink) == Some(true);
        let outbox = self.outbox.lock();
        let is_new = |drink: &Drink| !outbox.knows(drink.id).unwrap_or(false);
        Ok(drinks.into_iter().find(|drink| is_ours(drink) && is_new(drink)))
    }

    /// The disk would not have it.
    fn hold(&self, memory: &mut Memory, flow: Flow) {
        if memory.unkept.len() >= UNKEPT_MAX {
            self.drink_log()
                .error(&format!("Too many drinks wait for the disk; one of {} ticks is lost.", flow.ticks));
            return;
        }
        memory.unkept_tried = None;
        memory.unkept.push(Unkept { flow, poured: Instant::now(), state: State::Pending });
    }

    /// Drinks that the disk would not have: it may have them now, or else the server.
    fn deliver_unkept(&self, memory: &mut Memory) {
        let due = memory.unkept_tried.is_none_or(|tried| tried + self.retry_after <= Instant::now());
        if memory.unkept.is_empty() || !due {
            return;
        }
        let attempt = Attempt::after(memory.unkept_tried);
        for mut drink in std::mem::take(&mut memory.unkept) {
            // Where the server may have it, only it can say.
            let kept = drink.state == State::Pending && self.outbox.lock().keep(&drink.flow).is_ok();
            if !kept && !self.tell_unkept(&mut drink, attempt) {
                memory.unkept.push(drink);
            }
        }
        memory.unkept_tried = (!memory.unkept.is_empty()).then(Instant::now);
    }

    /// Tells a drink that is nowhere but here. Whether that is over, well or not.
    fn tell_unkept(&self, drink: &mut Unkept, attempt: Attempt) -> bool {
        let now = Timestamp::now().as_second();
        let ago = i64::try_from(drink.poured.elapsed().as_secs()).unwrap_or(0);
        let kept = Kept {
            id: 0,
            flow_id: drink.flow.id,
            meter_name: drink.flow.tap.clone(),
            ticks: drink.flow.ticks,
            username: drink.flow.username.clone(),
            volume_ml: drink.flow.volume_ml(),
            pour_time: now - ago,
            duration: drink.flow.seconds(),
            state: drink.state,
            attempts: 0,
            drink_id: None,
            reason: String::new(),
        };
        if drink.state == State::Doubtful {
            match self.find(&kept, ago) {
                Ok(Some(found)) => {
                    self.announce(kept.flow_id, &kept.meter_name, &found);
                    return true;
                }
                Err(error) if !error.is_not_found() => return false,
                Ok(None) | Err(_) => {}
            }
        }
        match self.api.pour(&kept.pour(now)) {
            Ok(Some(found)) => self.announce(kept.flow_id, &kept.meter_name, &found),
            Ok(None) => self.drink_log().warning("No drink recorded."),
            Err(error) => return self.not_told_unkept(drink, &error, attempt),
        }
        true
    }

    fn not_told_unkept(&self, drink: &mut Unkept, error: &ApiError, attempt: Attempt) -> bool {
        match error.outcome() {
            Outcome::NotDone => drink.state = State::Pending,
            Outcome::Unknown => drink.state = State::Doubtful,
            Outcome::Never | Outcome::Failed => {
                self.drink_log().error(&format!("The drink is lost, {} ticks: {error}", drink.flow.ticks));
                return true;
            }
        }
        self.put_off(error, attempt);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_between_pour_and_delivery_moves_no_drink() {
        let kept = Kept {
            id: 1,
            flow_id: 7,
            meter_name: "kegboard.flow0".to_owned(),
            ticks: 1000,
            username: String::new(),
            volume_ml: 454.5,
            // The Pi had no clock when it was poured.
            pour_time: 60,
            duration: 3,
            state: State::Pending,
            attempts: 0,
            drink_id: None,
            reason: String::new(),
        };
        let clocks = Clocks::now();
        let mut memory = Memory::default();
        assert_eq!(memory.pour_time(&kept, 1_800_000_000), 60, "another process poured it");
        memory.poured.insert(1, (clocks.read().up, clocks));
        assert!((1_800_000_000 - memory.pour_time(&kept, 1_800_000_000)).abs() <= 1);
    }
}
