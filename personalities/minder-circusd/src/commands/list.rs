//! `list`: the watchers, or the processes of one.

use std::rc::Rc;

use super::reply::{Failure, fields};
use super::{Fields, Outcome, watcher};
use crate::arbiter::{Arbiter, Watcher};

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    if !properties.contains_key("name") {
        let mut keys: Vec<String> = arbiter.listed(Watcher::key);
        keys.sort();
        return Ok(Outcome::Now(fields([("watchers", keys.into())])));
    }
    let group = watcher(arbiter, properties)?;
    let pids =
        arbiter.with(&group, |watcher| watcher.alive().map(|process| process.pid.get()).collect::<Vec<_>>());
    Ok(Outcome::Now(fields([("pids", pids.unwrap_or_default().into())])))
}
