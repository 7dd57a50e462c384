//! `incr` and `decr`: more or fewer processes.

use std::rc::Rc;

use serde_json::Value;

use super::reply::{Failure, fields};
use super::{Fields, Outcome, watcher};
use crate::arbiter::{Arbiter, Change};
use crate::options::python;

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Direction {
    Up,
    Down,
}

pub(super) fn execute(
    arbiter: &Rc<Arbiter>,
    properties: &Fields,
    direction: Direction,
) -> Result<Outcome, Failure> {
    let group = watcher(arbiter, properties)?;
    let options = arbiter.with(&group, |watcher| (watcher.options.numprocesses, watcher.options.singleton));
    let (now, singleton) = options.unwrap_or((0, false));
    if singleton {
        return Ok(Outcome::Now(fields([("numprocesses", now.into()), ("singleton", Value::Bool(true))])));
    }
    let by = amount(properties)?;
    let turn = arbiter.take_turn(match direction {
        Direction::Up => Change::Increase,
        Direction::Down => Change::Decrease,
    })?;
    let wanted = match direction {
        Direction::Up => now.saturating_add(by),
        Direction::Down => now.saturating_sub(by),
    };
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        let _turn = turn;
        let number = arbiter.set_numprocesses(&group, wanted).await?;
        arbiter.remember_if_stale().await;
        Ok(fields([("numprocesses", number.into())]))
    })))
}

/// By how many; one if nothing is said. What is no number the original never answers; here it is refused.
fn amount(properties: &Fields) -> Result<i64, Failure> {
    match properties.get("nb") {
        None => Ok(1),
        Some(Value::Number(number)) if number.is_i64() => Ok(number.as_i64().unwrap_or(1)),
        Some(Value::Bool(truth)) => Ok(i64::from(*truth)),
        Some(other) => {
            let kind = python::type_name(other);
            Err(Failure::Exception(format!("unsupported operand type(s) for +: 'int' and '{kind}'")))
        }
    }
}
