//! `stats`: what processes use.

use std::rc::Rc;

use minder_core::ids::GroupName;
use serde_json::{Map, Value};

use super::reply::{Failure, fields};
use super::{Fields, Outcome, is_on, watcher};
use crate::arbiter::Arbiter;
use crate::options::python;
use crate::stats::info::{Kin, Survey};

pub(super) async fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    if !properties.contains_key("name") {
        let survey = Survey::take(Kin::Children);
        let mut infos = Map::new();
        for (group, name) in arbiter.listed(|watcher| (watcher.group.clone(), watcher.name.clone())) {
            infos.insert(name, of_watcher(arbiter, &survey, &group, Extended::No).await?);
        }
        return Ok(Outcome::Now(fields([("infos", Value::Object(infos))])));
    }
    let group = watcher(arbiter, properties)?;
    let name = properties["name"].clone();
    let extended = if is_on(properties, "extended") { Extended::Yes } else { Extended::No };
    let survey = Survey::take(Kin::Children);
    let Some(process) = properties.get("process") else {
        let info = of_watcher(arbiter, &survey, &group, extended).await?;
        return Ok(Outcome::Now(fields([("name", name), ("info", info)])));
    };
    let pid = u32::try_from(python::int_of(process)?).unwrap_or(0);
    match of_process(arbiter, &survey, &group, pid, extended).await? {
        Some(info) => Ok(Outcome::Now(fields([("process", process.clone()), ("info", info)]))),
        None => {
            let (process, name) = (python::repr(process), python::repr(&name));
            Err(Failure::Message(format!("process {process} not found in {name}")))
        }
    }
}

/// Whether the hook of that name is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Extended {
    Yes,
    No,
}

async fn of_watcher(
    arbiter: &Rc<Arbiter>,
    survey: &Survey,
    group: &GroupName,
    extended: Extended,
) -> Result<Value, Failure> {
    let pids =
        arbiter.with(group, |watcher| watcher.processes.iter().map(|process| process.pid.get()).collect());
    let pids: Vec<u32> = pids.unwrap_or_default();
    let mut infos = Map::new();
    for pid in pids {
        if let Some(info) = of_process(arbiter, survey, group, pid, extended).await? {
            infos.insert(pid.to_string(), info);
        }
    }
    Ok(Value::Object(infos))
}

/// `None`: the watcher has no such process.
async fn of_process(
    arbiter: &Rc<Arbiter>,
    survey: &Survey,
    group: &GroupName,
    pid: u32,
    extended: Extended,
) -> Result<Option<Value>, Failure> {
    let known =
        arbiter.with(group, |watcher| watcher.process(pid).map(|p| (p.started_at(), p.wid))).flatten();
    let Some((started, wid)) = known else { return Ok(None) };
    let info = arbiter.worker_info(survey, pid, wid, started);
    match extended {
        Extended::No => Ok(Some(info)),
        Extended::Yes => arbiter.extend_stats(group, pid, info).await.map(Some).map_err(Failure::Exception),
    }
}
