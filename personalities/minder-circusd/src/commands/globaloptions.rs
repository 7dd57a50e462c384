//! `globaloptions`: what the daemon is.

use std::rc::Rc;

use serde_json::{Map, Value, json};

use super::reply::{Failure, fields};
use super::{Fields, Outcome};
use crate::arbiter::Arbiter;
use crate::options::python;

pub(super) fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    let circus = &arbiter.state.borrow().circus;
    let all = [
        ("endpoint", json!(circus.endpoint)),
        ("stats_endpoint", json!(circus.stats_endpoint)),
        ("pubsub_endpoint", json!(circus.pubsub_endpoint)),
        ("check_delay", json!(circus.check_delay)),
        ("multicast_endpoint", json!(circus.multicast_endpoint)),
    ];
    let wanted = properties.get("option").filter(|wanted| python::truth(wanted));
    let chosen: Map<String, Value> = all
        .into_iter()
        .filter(|(name, _)| wanted.is_none_or(|wanted| wanted.as_str() == Some(name)))
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    match wanted {
        Some(wanted) if chosen.is_empty() => {
            Err(Failure::Message(format!("{} not an existing option", python::repr(wanted))))
        }
        Some(_) | None => Ok(Outcome::Now(fields([("options", Value::Object(chosen))]))),
    }
}
