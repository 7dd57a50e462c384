//! Those who take part in a row, each with its figures. Whoever fails is out of the row, and the others go on.

use super::figures::Cell;
use super::peers::{Peer, Subject};
use super::place::Place;
use crate::step::Problem;
use std::time::{Duration, Instant};

/// A turn that took longer is mentioned.
const WORTH_SAYING: Duration = Duration::from_secs(3);

/// One of them.
pub(super) struct Member<'a, T> {
    pub(super) peer: &'a dyn Peer,
    pub(super) figures: T,
    out: Option<String>,
}

/// All who are there, with empty figures.
pub(super) fn team<T: Default>(place: &Place, subject: Subject) -> Vec<Member<'_, T>> {
    let all = place.peers.iter().map(AsRef::as_ref);
    all.map(|peer| Member { peer, figures: T::default(), out: peer.refuses(subject).map(str::to_owned) })
        .collect()
}

impl<T> Member<'_, T> {
    /// Whether it still takes part.
    pub(super) fn takes_part(&self) -> bool {
        self.out.is_none()
    }

    /// Measures it, if it still takes part.
    pub(super) fn take(&mut self, measure: impl FnOnce(&dyn Peer, &mut T) -> Result<(), Problem>) {
        if !self.takes_part() {
            return;
        }
        let begun = Instant::now();
        if let Err(problem) = measure(self.peer, &mut self.figures) {
            eprintln!("! {}: {problem}", self.peer.name());
            let first = problem.to_string().lines().next().unwrap_or_default().to_owned();
            self.out = Some(format!("failed: {first}"));
        }
        // Whoever waits wants to know for whom.
        if begun.elapsed() > WORTH_SAYING {
            eprintln!("  {}: {:.1} s", self.peer.name(), begun.elapsed().as_secs_f32());
        }
    }

    /// Its cell of a row.
    pub(super) fn cell(&self, figure: impl FnOnce(&T) -> Cell) -> (&'static str, Cell) {
        let cell = match &self.out {
            Some(reason) => Cell::Blank(reason.clone()),
            None => figure(&self.figures),
        };
        (self.peer.name(), cell)
    }
}

/// The cells of all.
pub(super) fn cells<T>(team: &[Member<'_, T>], figure: impl Fn(&T) -> Cell) -> Vec<(&'static str, Cell)> {
    team.iter().map(|member| member.cell(&figure)).collect()
}
