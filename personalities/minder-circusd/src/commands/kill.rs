//! `kill`: processes are ended, and come again with the next pass.

use std::rc::Rc;

use serde_json::Value;

use super::reply::Failure;
use super::{Fields, Outcome, not_found, text};
use crate::arbiter::kill::KillOrder;
use crate::arbiter::{Arbiter, Failed};
use crate::options::{python, signal};

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let pid = properties.get("pid").map(python::int_of).transpose()?;
    let order = KillOrder {
        signal: properties.get("signum").map(signal_number).transpose()?,
        grace: properties
            .get("graceful_timeout")
            .filter(|grace| !grace.is_null())
            .map(python::float_of)
            .transpose()?,
    };
    let name = text(properties, "name")?.to_owned();
    let arbiter = arbiter.clone();
    Ok(Outcome::Later(Box::pin(async move {
        // The original looks for the watcher only now, when who does not wait has been answered.
        let Failure::Message(unknown) = not_found(&name) else { return Ok(Fields::new()) };
        let group = arbiter.find(&name).ok_or(Failed(unknown))?;
        let pids = arbiter.with(&group, |watcher| {
            let alive = watcher.alive().map(|process| process.pid.get());
            alive
                .filter(|alive| pid.is_none_or(|pid| pid == 0 || pid == i64::from(*alive)))
                .collect::<Vec<_>>()
        });
        arbiter.kill_processes(&group, pids.unwrap_or_default(), Some(order)).await?;
        Ok(Fields::new())
    })))
}

fn signal_number(value: &Value) -> Result<i64, Failure> {
    signal::to_signum(value).map_err(|exception| match exception.class {
        crate::options::Class::Value => Failure::Message("signal invalid".into()),
        _ => exception.into(),
    })
}
