//! `status`: where watchers stand.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::reply::{Failure, fields};
use super::{Fields, Outcome, watcher};
use crate::arbiter::Arbiter;

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    if properties.contains_key("name") {
        let group = watcher(arbiter, properties)?;
        // It takes the place of the word that says how the command went.
        return Ok(Outcome::Now(fields([("status", arbiter.status(&group).word().into())])));
    }
    let statuses: Map<String, Value> =
        arbiter.listed(|watcher| (watcher.name.clone(), watcher.status.word().into())).into_iter().collect();
    Ok(Outcome::Now(fields([("statuses", Value::Object(statuses))])))
}
