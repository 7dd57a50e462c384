//! `rm`: a watcher is forgotten.

use std::rc::Rc;

use super::reply::Failure;
use super::{Fields, Outcome, is_on, watcher};
use crate::arbiter::roster::Leftovers;
use crate::arbiter::{Arbiter, Change};

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let group = watcher(arbiter, properties)?;
    let leftovers = if is_on(properties, "nostop") { Leftovers::LeftAlone } else { Leftovers::Stopped };
    let turn = arbiter.take_turn(Change::RemoveWatcher)?;
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        arbiter.clone().remove_in_turn(turn, group, leftovers).await?;
        arbiter.remember_if_stale().await;
        Ok(Fields::new())
    })))
}
