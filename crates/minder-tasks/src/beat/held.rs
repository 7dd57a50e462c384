//! What is due for a worker whose backlog is full, where the beat is to wait. For such a task it is as if the clock stood still:
//! what becomes due meanwhile does not come, and how far it has come is not remembered before there is room.

use std::collections::BTreeMap;

use minder_core::ids::TaskName;

use crate::planner::{Mark, Offer, Turn};
use crate::run::{Ask, Offered};

/// Bounded: for each task what came of one step.
#[derive(Debug, Default)]
pub(super) struct Held(BTreeMap<TaskName, (Vec<Ask>, Option<Mark>)>);

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether nothing of this task waited before.
    pub(super) fn is_new(&self, task: &TaskName) -> bool {
        !self.0.contains_key(task)
    }

    /// What to offer after a step, and what to remember if it is taken.
    pub(super) fn join(&mut self, turn: Turn) -> (Vec<Ask>, Vec<(TaskName, Mark)>) {
        let mut asks: Vec<Ask> = self.0.values().flat_map(|(asks, _)| asks.clone()).collect();
        let mut marks: BTreeMap<TaskName, Mark> =
            self.0.iter().filter_map(|(task, (_, mark))| Some((task.clone(), (*mark)?))).collect();
        asks.extend(turn.offers.into_iter().filter(|offer| self.is_new(&offer.task)).map(ask));
        marks.extend(turn.marks);
        (asks, marks.into_iter().collect())
    }

    /// Holds what found no room.
    pub(super) fn keep(&mut self, asks: &[Ask], offered: &[Offered], marks: &[(TaskName, Mark)]) {
        self.0.clear();
        for (ask, _) in asks.iter().zip(offered).filter(|(_, offered)| **offered == Offered::Full) {
            let mark = marks.iter().find(|(task, _)| *task == ask.task).map(|(_, mark)| *mark);
            self.0.entry(ask.task.clone()).or_insert((Vec::new(), mark)).0.push(ask.clone());
        }
    }
}

fn ask(offer: Offer) -> Ask {
    Ask {
        id: None,
        task: offer.task,
        due: offer.due,
        not_before: offer.not_before,
        input: None,
        overlap: offer.overlap,
    }
}

#[cfg(test)]
mod tests {
    use super::Held;
    use crate::planner::{Mark, Offer, Reason, Turn};
    use crate::run::{Offered, RunId};
    use minder_core::agenda::Overlap;
    use minder_core::ids::TaskName;
    use minder_core::time::WallTime;

    fn turn(due: i64) -> Turn {
        let mark = Mark { due: WallTime(due), before_set_back: None, times: 1 };
        let offers = ["a", "b"].map(|task| Offer {
            task: TaskName::new(task),
            due: WallTime(due),
            not_before: WallTime(due),
            overlap: Overlap::Queue,
            reason: Reason::Due,
        });
        let marks = ["a", "b"].map(|task| (TaskName::new(task), mark));
        Turn { offers: offers.into(), notes: vec![], marks: marks.into() }
    }

    #[test]
    fn what_found_no_room_is_offered_again_and_what_became_due_meanwhile_is_not() {
        let mut held = Held::default();
        let (asks, marks) = held.join(turn(1));
        assert_eq!((asks.len(), marks.len()), (2, 2));
        held.keep(&asks, &[Offered::Waits(RunId::known("x")), Offered::Full], &marks);
        let (asks, marks) = held.join(turn(2));
        let due: Vec<_> = asks.iter().map(|ask| (ask.task.as_str(), ask.due.0)).collect();
        assert_eq!(due, [("b", 1), ("a", 2)]);
        // Once it is taken, what did not come is not missing.
        assert!(marks.iter().all(|(_, mark)| mark.due == WallTime(2)));
        let taken = Offered::Waits(RunId::known("x"));
        held.keep(&asks, &[taken.clone(), taken], &marks);
        assert!(held.is_empty());
        assert_eq!(held.join(Turn::default()).0, []);
    }
}
