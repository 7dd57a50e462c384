//! How long a run may go on: until its time is over, or somebody wants it to stop.

use std::time::Duration;

use minder_core::agenda::Timeout;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long a run that was asked to end may take for it, where nothing else is said.
pub(super) const GRACE: Duration = Duration::from_secs(10);

/// What a worker wants of a run that works.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) enum Order {
    /// To go on.
    #[default]
    GoOn,
    /// To end, for this reason.
    Stop(String),
    /// To end at once: somebody else will do it.
    GiveBack,
}

/// What is to be done to its process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Act {
    /// Ask it to end.
    Terminate,
    /// Kill it.
    Kill,
}

/// Why a run was ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Cut {
    /// It took longer than this.
    TimedOut(Duration),
    /// Somebody wanted it.
    Stopped(String),
    /// Somebody else will do it.
    GivenBack,
}

/// Of one run.
#[derive(Debug)]
pub(super) struct Patience {
    begun: Instant,
    timeout: Timeout,
    orders: watch::Receiver<Order>,
    kill_at: Option<Instant>,
    cut: Option<Cut>,
}

impl Patience {
    /// From now on.
    pub(super) fn new(timeout: Timeout, orders: watch::Receiver<Order>) -> Self {
        let begun = Instant::now();
        let kill_at = timeout.hard.and_then(|hard| begun.checked_add(hard));
        Self { begun, timeout, orders, kill_at, cut: None }
    }

    /// How long it has taken.
    pub(super) fn spent(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Why it was ended, if it was.
    pub(super) fn cut(&self) -> Option<&Cut> {
        self.cut.as_ref()
    }

    /// Waits for the next thing that must be done to the process. A wait that is given up loses nothing.
    pub(super) async fn over(&mut self) -> Act {
        loop {
            let soft_at = match (&self.cut, self.timeout.soft) {
                (None, Some(soft)) => self.begun.checked_add(soft),
                _ => None,
            };
            tokio::select! {
                biased;
                order = ordered(&mut self.orders) => {
                    if let Some(act) = self.obey(order) {
                        return act;
                    }
                }
                () = at(self.kill_at) => return self.kill(),
                () = at(soft_at) => return self.terminate(),
            }
        }
    }

    fn terminate(&mut self) -> Act {
        self.cut = Some(Cut::TimedOut(self.timeout.soft.unwrap_or_default()));
        if self.timeout.hard.is_none() {
            self.kill_at = Some(Instant::now() + GRACE);
        }
        Act::Terminate
    }

    fn kill(&mut self) -> Act {
        self.cut.get_or_insert(Cut::TimedOut(self.timeout.hard.unwrap_or_default()));
        // A process that even this does not end hangs in the kernel; there is nothing else to try.
        self.kill_at = Some(Instant::now() + GRACE);
        Act::Kill
    }

    fn obey(&mut self, order: Order) -> Option<Act> {
        match order {
            Order::GoOn => None,
            Order::GiveBack => {
                // What took too long, or was not wanted any more, is not done again for that.
                self.cut.get_or_insert(Cut::GivenBack);
                self.kill_at = Some(Instant::now() + GRACE);
                Some(Act::Kill)
            }
            Order::Stop(_) if self.cut.is_some() => None,
            Order::Stop(reason) => {
                self.cut = Some(Cut::Stopped(reason));
                self.kill_at = Some(Instant::now() + GRACE);
                Some(Act::Terminate)
            }
        }
    }
}

/// Never, without a time.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// The next order. Never, when nobody is left to give one.
async fn ordered(orders: &mut watch::Receiver<Order>) -> Order {
    match orders.changed().await {
        Ok(()) => orders.borrow_and_update().clone(),
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Cut, GRACE, Order, Patience};
    use minder_core::agenda::Timeout;
    use std::time::Duration;
    use tokio::sync::watch;

    /// What is done, and when, to a run that nothing ends, until it is killed twice.
    fn acts(timeout: Timeout, orders: &[(u64, Order)]) -> (Vec<(u64, Act)>, Option<Cut>) {
        let clock = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        clock.expect("a runtime").block_on(async {
            let (sender, receiver) = watch::channel(Order::GoOn);
            let orders = orders.to_vec();
            let begun = tokio::time::Instant::now();
            let mut patience = Patience::new(timeout, receiver);
            let giver = async move {
                for (at, order) in orders {
                    tokio::time::sleep_until(begun + Duration::from_secs(at)).await;
                    let _ = sender.send(order);
                }
                std::future::pending::<()>().await;
            };
            let mut acts = Vec::new();
            let watcher = async {
                while acts.len() < 3 && acts.last().is_none_or(|(_, act)| *act != Act::Kill) {
                    let act = patience.over().await;
                    acts.push((begun.elapsed().as_secs(), act));
                }
            };
            tokio::select! { () = watcher => {}, () = giver => {}, () = tokio::time::sleep(Duration::from_secs(900)) => {} }
            (acts, patience.cut().cloned())
        })
    }

    fn timeout(soft: u64, hard: u64) -> Timeout {
        let of = |seconds| (seconds > 0).then(|| Duration::from_secs(seconds));
        Timeout { soft: of(soft), hard: of(hard) }
    }

    #[test]
    fn it_is_asked_then_killed() {
        let late = |seconds| Some(Cut::TimedOut(Duration::from_secs(seconds)));
        assert_eq!(acts(timeout(5, 8), &[]), (vec![(5, Act::Terminate), (8, Act::Kill)], late(5)));
        assert_eq!(acts(timeout(5, 0), &[]), (vec![(5, Act::Terminate), (15, Act::Kill)], late(5)));
        assert_eq!(acts(timeout(0, 8), &[]), (vec![(8, Act::Kill)], late(8)));
        assert_eq!(acts(timeout(0, 0), &[]), (vec![], None));
    }

    #[test]
    fn it_is_stopped_when_somebody_wants_it_and_that_is_the_reason_then() {
        let stop = || Order::Stop("why".into());
        let why = Some(Cut::Stopped("why".into()));
        let asked = (vec![(3, Act::Terminate), (3 + GRACE.as_secs(), Act::Kill)], why.clone());
        assert_eq!(acts(timeout(0, 0), &[(3, stop())]), asked);
        assert_eq!(acts(timeout(5, 0), &[(3, stop()), (4, stop())]), asked);
        assert_eq!(
            acts(timeout(0, 0), &[(3, stop()), (4, Order::GiveBack)]),
            (vec![(3, Act::Terminate), (4, Act::Kill)], why)
        );
    }

    #[test]
    fn what_is_given_back_is_killed_at_once() {
        let given = (vec![(3, Act::Kill)], Some(Cut::GivenBack));
        assert_eq!(acts(timeout(5, 8), &[(1, Order::GoOn), (3, Order::GiveBack)]), given);
    }
}
