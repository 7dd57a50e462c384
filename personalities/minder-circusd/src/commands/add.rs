//! `add`: a watcher that no file has.

use std::rc::Rc;

use serde_json::{Map, Value};

use super::reply::Failure;
use super::{Fields, Outcome, is_on};
use crate::arbiter::{Arbiter, Change};
use crate::ini::RealMachine;
use crate::options::{WatcherOptions, python, validate};

pub(super) async fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let none = Value::Object(Map::new());
    let options = properties.get("options").unwrap_or(&none);
    let options = validate::options(options)?;
    check_owner(arbiter, options)?;
    let turn = arbiter.take_turn(Change::AddWatcher)?;
    let name = super::text(properties, "name")?;
    if arbiter.find(name).is_some() {
        return Err(Failure::Exception(format!("{} already exist", python::repr_text(name))));
    }
    if name.is_empty() {
        // The original means to refuse it, and answers that all is well.
        return Ok(Outcome::Now(Fields::new()));
    }
    let missing = Value::Null;
    let (cmd, args) = (&properties["cmd"], properties.get("args").unwrap_or(&missing));
    let watcher = WatcherOptions::from_add(name, cmd, args, options, &RealMachine)?;
    arbiter.check_hooks(&watcher).await?;
    let group = arbiter.enlist(watcher);
    arbiter.announce_now(&group, "add");
    drop(turn);
    if !is_on(properties, "start") {
        arbiter.remember_if_stale().await;
        return Ok(Outcome::Now(Fields::new()));
    }
    let turn = arbiter.take_turn(Change::Start)?;
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        let _turn = turn;
        let pids = arbiter.comparing_pids(&group, arbiter.start_now(&group)).await?;
        arbiter.remember_if_stale().await;
        Ok(crate::arbiter::announce::object(pids.of_start()))
    })))
}

/// Where the endpoint belongs to a user, only watchers that run as that user may be added.
fn check_owner(arbiter: &Rc<Arbiter>, options: &Map<String, Value>) -> Result<(), Failure> {
    let state = arbiter.state.borrow();
    let Some(owner) = &state.circus.endpoint_owner else { return Ok(()) };
    if !state.circus.endpoint.starts_with("ipc://") {
        return Ok(());
    }
    let same = options.get("uid").and_then(Value::as_str) == Some(owner.as_str());
    if same { Ok(()) } else { Err(Failure::Message("uid does not match endpoint_owner".into())) }
}
