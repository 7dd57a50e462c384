//! `numprocesses` and `numwatchers`.

use std::rc::Rc;

use super::reply::{Failure, fields};
use super::{Fields, Outcome, watcher};
use crate::arbiter::Arbiter;

pub(super) fn processes(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let Some(name) = properties.get("name") else {
        let all: usize = arbiter.listed(|watcher| watcher.processes.len()).into_iter().sum();
        return Ok(Outcome::Now(fields([("numprocesses", all.into())])));
    };
    let group = watcher(arbiter, properties)?;
    let number = arbiter.with(&group, |watcher| watcher.processes.len()).unwrap_or(0);
    Ok(Outcome::Now(fields([("numprocesses", number.into()), ("watcher_name", name.clone())])))
}

pub(super) fn watchers(arbiter: &Rc<Arbiter>) -> Outcome {
    Outcome::Now(fields([("numwatchers", arbiter.listed(|_| ()).len().into())]))
}
