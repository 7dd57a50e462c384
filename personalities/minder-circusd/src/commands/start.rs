//! `start`, `stop` and `restart`: of one watcher, of some, or of all.

use std::rc::Rc;

use minder_core::control::Ending;
use minder_core::ids::GroupName;
use serde_json::Value;

use super::reply::{Failure, fields};
use super::{Fields, Outcome, is_on, selection};
use crate::arbiter::{Arbiter, Change, Failed, Turn};

/// Which of the three.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Start,
    Stop,
    Restart,
}

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields, way: Way) -> Result<Outcome, Failure> {
    let groups = selection::watchers(arbiter, properties)?;
    match groups.as_deref() {
        None => all(arbiter, way),
        Some([group]) => one(arbiter, group.clone(), way, is_on(properties, "waiting")),
        Some(groups) => some(arbiter, groups.to_vec(), way),
    }
}

fn one(arbiter: &Rc<Arbiter>, group: GroupName, way: Way, waiting: bool) -> Result<Outcome, Failure> {
    let turn = arbiter.take_turn(match way {
        Way::Start => Change::Start,
        Way::Stop => Change::Stop,
        Way::Restart => Change::Restart,
    })?;
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        let info = act(&arbiter, turn, &group, way).await?;
        Ok(if waiting { fields([("info", info)]) } else { Fields::new() })
    })))
}

async fn act(arbiter: &Rc<Arbiter>, turn: Turn, group: &GroupName, way: Way) -> Result<Value, Failed> {
    let _turn = turn;
    let info = match way {
        Way::Start => arbiter.comparing_pids(group, arbiter.start_now(group)).await?.of_start(),
        Way::Restart => arbiter.comparing_pids(group, arbiter.restart_now(group)).await?.of_restart(),
        Way::Stop => {
            arbiter.stop_now(group).await?;
            Value::Null
        }
    };
    arbiter.remember_if_stale().await;
    Ok(info)
}

fn some(arbiter: &Rc<Arbiter>, groups: Vec<GroupName>, way: Way) -> Result<Outcome, Failure> {
    let turn = arbiter.take_turn(match way {
        Way::Start => Change::StartWatchers,
        Way::Stop => Change::StopWatchers,
        Way::Restart => Change::RestartAll,
    })?;
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        let _turn = turn;
        if way != Way::Start {
            arbiter.stop_all_now(groups.clone()).await?;
        }
        if way != Way::Stop {
            arbiter.start_all_now(groups).await?;
        }
        arbiter.remember_if_stale().await;
        Ok(Fields::new())
    })))
}

fn all(arbiter: &Rc<Arbiter>, way: Way) -> Result<Outcome, Failure> {
    match way {
        Way::Start | Way::Stop => some(arbiter, arbiter.by_priority(), way),
        // The daemon itself begins afresh.
        Way::Restart => {
            let turn = arbiter.take_turn(Change::RestartAll)?;
            let arbiter = arbiter.clone();
            Ok(Outcome::Later(Box::pin(async move {
                arbiter.end(turn, Ending::Again).await?;
                Ok(Fields::new())
            })))
        }
    }
}
