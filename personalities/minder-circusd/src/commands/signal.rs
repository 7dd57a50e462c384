//! `signal`: to processes, to their children, or to both.

use std::rc::Rc;

use minder_core::ids::{GroupName, Pid, Signal};
use minder_core::stop::Reach;
use serde_json::Value;

use super::reply::Failure;
use super::{Fields, Outcome, is_on, watcher};
use crate::arbiter::Arbiter;
use crate::options::{Class, python, signal};
use crate::stats::info::{Kin, Survey};

pub(super) async fn execute(arbiter: &Rc<Arbiter>, properties: &Fields) -> Result<Outcome, Failure> {
    if properties.contains_key("childpid") && !properties.contains_key("pid") {
        return Err(Failure::Exception("cannot specify childpid without pid".into()));
    }
    let number = signal::to_signum(&properties["signum"]).map_err(|exception| match exception.class {
        Class::Value => Failure::Message("signal invalid".into()),
        _ => exception.into(),
    })?;
    let group = watcher(arbiter, properties)?;
    let Some(signal) = u8::try_from(number).ok().filter(|number| *number <= 64).map(Signal) else {
        return Err(Failure::Os("[Errno 22] Invalid argument".into()));
    };
    let pids = match properties.get("pid") {
        Some(pid) => vec![u32::try_from(python::int_of(pid)?).unwrap_or(0)],
        None => arbiter
            .with(&group, |watcher| watcher.alive().map(|process| process.pid.get()).collect())
            .unwrap_or_default(),
    };
    for pid in pids {
        send(arbiter, &group, pid, signal, properties).await?;
    }
    Ok(Outcome::Now(Fields::new()))
}

async fn send(
    arbiter: &Rc<Arbiter>,
    group: &GroupName,
    pid: u32,
    signal: Signal,
    properties: &Fields,
) -> Result<(), Failure> {
    let child = properties.get("childpid").filter(|child| python::truth(child));
    // Of a process that is not the watcher's, relatives are a mistake, and the process itself is none.
    let slot = |missing: &Value| {
        arbiter.slot_of(group, pid).ok_or_else(|| Failure::Exception(python::text(missing)))
    };
    if let Some(child) = child {
        let number = python::int_of(child)?;
        let id = slot(&pid.into())?;
        let child = u32::try_from(number).ok().and_then(Pid::new);
        let child = child.filter(|child| Survey::take(Kin::Children).is_child(*child, pid));
        let Some(child) = child else {
            return Err(Failure::Exception(format!("process no longer exists (pid={number})")));
        };
        arbiter.send(id, signal, Reach::Descendant(child)).await?;
    } else if is_on(properties, "children") {
        arbiter.send(slot(&pid.into())?, signal, Reach::Children).await?;
    } else {
        let recursive = is_on(properties, "recursive");
        // Looked up first: the signal may end the process.
        let id = arbiter.slot_of(group, pid);
        if recursive && let Some(id) = id {
            arbiter.send(id, signal, Reach::Descendants).await?;
        }
        arbiter.signal_process(group, pid, signal).await?;
        if recursive && id.is_none() {
            return Err(Failure::Exception(pid.to_string()));
        }
    }
    Ok(())
}
