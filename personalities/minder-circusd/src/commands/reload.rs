//! `reload`: of one watcher, or of all.

use std::rc::Rc;

use super::reply::{Failure, fields};
use super::{Fields, Outcome, is_on, watcher};
use crate::arbiter::reload::Manner;
use crate::arbiter::{Arbiter, Change};

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let graceful = properties.get("graceful").is_none_or(crate::options::python::truth);
    let manner = match (graceful, is_on(properties, "sequential")) {
        (false, _) => Manner::Abrupt,
        (true, false) => Manner::Graceful,
        (true, true) => Manner::Sequential,
    };
    if !properties.contains_key("name") {
        let turn = arbiter.take_turn(Change::ReloadAll)?;
        let arbiter = arbiter.clone();
        return Ok(Outcome::Later(Box::pin(async move {
            arbiter.clone().reload_all(turn, manner).await?;
            arbiter.remember_if_stale().await;
            Ok(Fields::new())
        })));
    }
    let group = watcher(arbiter, properties)?;
    let turn = arbiter.take_turn(Change::Reload)?;
    let (arbiter, waiting) = (arbiter.clone(), is_on(properties, "waiting"));
    Ok(Outcome::Later(Box::pin(async move {
        let _turn = turn;
        let pids = arbiter.comparing_pids(&group, arbiter.reload_now(&group, manner)).await?;
        arbiter.remember_if_stale().await;
        Ok(if waiting { fields([("info", pids.of_restart())]) } else { Fields::new() })
    })))
}
