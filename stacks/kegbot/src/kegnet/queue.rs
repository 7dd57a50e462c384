//! What waits to be sent while there is no connection.
//!
//! A meter reports its odometer, so that a later report makes an earlier one needless; but the core takes no jump of more than
//! half a litre for true. Where there are too many, readings are thinned so far that what is left is still believed.

use std::collections::{BTreeMap, VecDeque};

use super::Event;

/// So many events wait. Beyond that readings are thinned, and if that does not help the oldest event goes.
pub const QUEUED_MAX: usize = 10_000;

/// How far apart two readings may be that are left, in ticks: half a litre of the coarsest meter that is sold has as many.
const STEP_TICKS: i64 = 200;

/// Events in their order.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Event>,
    /// The one that is being sent.
    under_way: Option<Event>,
}

impl Queue {
    /// Puts an event at the end. Returns how many were dropped for it.
    pub(super) fn push(&mut self, event: Event) -> usize {
        self.waiting.push_back(event);
        if self.waiting.len() <= QUEUED_MAX {
            return 0;
        }
        let before = self.waiting.len();
        self.thin();
        while self.waiting.len() > QUEUED_MAX {
            self.waiting.pop_front();
        }
        before - self.waiting.len()
    }

    /// The next one, to be sent. It belongs to the queue until it is [`settled`](Self::settle) or given back.
    pub(super) fn take(&mut self) -> Option<&Event> {
        self.give_back();
        self.under_way = self.waiting.pop_front();
        self.under_way.as_ref()
    }

    /// What was taken has been sent.
    pub(super) fn settle(&mut self) {
        self.under_way = None;
    }

    /// What was taken has not been sent, or not whole.
    pub(super) fn give_back(&mut self) {
        if let Some(event) = self.under_way.take() {
            self.waiting.push_front(event);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.under_way.is_none()
    }

    /// Leaves out readings that lie between two that are near enough to each other, temperatures that a later one of the same
    /// sensor follows, and signs of life.
    fn thin(&mut self) {
        let mut stays = vec![true; self.waiting.len()];
        let mut meters: BTreeMap<&str, Thinning> = BTreeMap::new();
        let mut warmth: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, event) in self.waiting.iter().enumerate() {
            match event {
                Event::MeterUpdate { tap_name, reading } => {
                    // The first one stays: the core counts from it.
                    match meters.get_mut(tap_name.as_str()) {
                        None => drop(meters.insert(tap_name, Thinning { kept: *reading, last: None })),
                        Some(meter) => {
                            if let Some(left_out) = meter.follow(at, *reading) {
                                stays[left_out] = false;
                            }
                        }
                    }
                }
                Event::Thermo { sensor_name, .. } => {
                    if let Some(earlier) = warmth.insert(sensor_name, at) {
                        stays[earlier] = false;
                    }
                }
                Event::Ping => stays[at] = false,
                _ => {}
            }
        }
        let mut stays = stays.into_iter();
        self.waiting.retain(|_| stays.next().unwrap_or(true));
    }
}

/// How far the readings of a meter have been thinned.
struct Thinning {
    /// The last reading that stays.
    kept: i64,
    /// The one before the present one, and where it is, as long as it is open whether it stays.
    last: Option<(usize, i64)>,
}

impl Thinning {
    /// The next reading. Returns where one is that is not needed.
    fn follow(&mut self, at: usize, reading: i64) -> Option<usize> {
        let (earlier, value) = self.last.replace((at, reading))?;
        let believed = reading >= value && reading - self.kept <= STEP_TICKS;
        if believed {
            return Some(earlier);
        }
        self.kept = value;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(reading: i64) -> Event {
        Event::MeterUpdate { tap_name: "kegboard.flow0".to_owned(), reading }
    }

    fn readings(queue: &Queue) -> Vec<i64> {
        let all = queue.waiting.iter().filter_map(|event| match event {
            Event::MeterUpdate { reading, .. } => Some(*reading),
            _ => None,
        });
        all.collect()
    }

    #[test]
    fn a_long_pour_is_thinned_and_every_tick_is_still_believed() {
        let mut queue = Queue::default();
        let token = Event::Other("token".to_owned());
        queue.push(token.clone());
        let dropped: usize = (0..25_000).map(|at| queue.push(reading(7 * at))).sum();
        let left = readings(&queue);
        assert_eq!((left[0], left[left.len() - 1]), (0, 7 * 24_999));
        assert!(left.windows(2).all(|pair| (0..=STEP_TICKS).contains(&(pair[1] - pair[0]))), "{left:?}");
        assert_eq!(left.len() + dropped, 25_000);
        assert_eq!(queue.take(), Some(&token));
    }

    #[test]
    fn a_board_that_began_again_keeps_both_ends_of_the_step() {
        let mut queue = Queue::default();
        for value in [100, 110, 120, 3, 4, 5] {
            queue.push(reading(value));
        }
        queue.thin();
        assert_eq!(readings(&queue), [100, 120, 5]);
    }

    #[test]
    fn what_cannot_be_thinned_is_bounded_all_the_same() {
        let mut queue = Queue::default();
        let dropped: usize = (0..=QUEUED_MAX).map(|_| queue.push(Event::Other("x".to_owned()))).sum();
        assert_eq!((dropped, queue.waiting.len()), (1, QUEUED_MAX));
    }
}
