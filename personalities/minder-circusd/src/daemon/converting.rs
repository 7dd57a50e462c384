//! A file as a plan that keeps itself running, without an arbiter: for whoever wants its programs under minder's own format.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use minder_core::backoff::{Backoff, Shortage};
use minder_core::ids::GroupName;
use minder_core::plan::{GroupSpec, Plan};
use minder_core::program::{ProgramSpec, Readiness, Startup};
use minder_core::restart::RestartPolicy;
use minder_core::socket::SocketSpec;

use crate::ini::{self, RealMachine};
use crate::lower::Lowering;
use crate::options::WatcherOptions;
use crate::sockets::{self, Socket};

/// What a file says, as far as a plan can say it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Converted {
    /// A group for each watcher, a program for each process.
    pub plan: Plan,
    /// The sockets.
    pub sockets: Vec<Arc<SocketSpec>>,
    /// What is otherwise, or left out.
    pub remarks: Vec<String>,
}

/// A process that lives this long could do its work: Circus counts attempts only while none could be made.
const SETTLED_AFTER: Duration = Duration::from_secs(1);
/// How long it takes from one attempt to the next.
const RETRY_STEP: Duration = Duration::from_secs(1);

/// Reads a file and what it includes.
///
/// # Errors
/// The first fault.
pub fn plan(file: &str) -> Result<Converted, String> {
    let reading = ini::read(file, &RealMachine);
    if let Some(fault) = reading.faults.first() {
        return Err(fault.exception.text.clone());
    }
    let mut remarks = Vec::new();
    let mut opened: Vec<Socket> = Vec::new();
    for section in &reading.settings.sockets {
        match section.options(&RealMachine) {
            Ok(options) => {
                let descriptor = sockets::free_descriptor(opened.iter());
                opened.push(Socket { spec: Arc::new(sockets::lower(&options)), descriptor });
            }
            Err(why) => remarks.push(format!("socket {}: left out: {}", section.name, why.text)),
        }
    }
    let named = opened.iter().map(|socket| (socket.spec.name.as_str().to_owned(), socket.clone()));
    let lowering = Lowering { sockets: named.collect::<BTreeMap<_, _>>() };
    let mut groups = Vec::new();
    for section in &reading.settings.watchers {
        match section.options(&RealMachine) {
            Ok(options) => groups.extend(group(&options, &lowering, &mut remarks)),
            Err(why) => remarks.push(format!("watcher {}: left out: {}", section.name, why.text)),
        }
    }
    // Larger is earlier there, and smaller here.
    groups.sort_by_key(|group: &GroupSpec| group.priority);
    let plan = Plan::new(groups).map_err(|problem| format!("two watchers have one name: {problem:?}"))?;
    Ok(Converted { plan, sockets: opened.into_iter().map(|socket| socket.spec).collect(), remarks })
}

fn group(options: &WatcherOptions, lowering: &Lowering, remarks: &mut Vec<String>) -> Option<GroupSpec> {
    let name = &options.name;
    let count = if options.singleton { options.numprocesses.min(1) } else { options.numprocesses };
    let mut programs = Vec::new();
    for wid in 1..=u32::try_from(count).unwrap_or(0) {
        match lowering.program(options, wid) {
            Ok(program) => programs.push(Arc::new(kept_running(program, options))),
            Err(why) => {
                remarks.push(format!("watcher {name}: left out: {}", why.text));
                return None;
            }
        }
    }
    let mut left_out = Vec::new();
    if !options.hooks.is_empty() {
        left_out.push("hooks");
    }
    if options.max_age > 0 {
        left_out.push("max_age");
    }
    if options.on_demand {
        left_out.push("on_demand");
    }
    if !left_out.is_empty() {
        remarks.push(format!("watcher {name}: without {}", left_out.join(", ")));
    }
    Some(GroupSpec {
        name: GroupName::new(name.as_str()),
        priority: options.priority.saturating_neg(),
        programs,
        subscription: None,
        socket: None,
    })
}

/// A process of a watcher as a program that needs no arbiter.
fn kept_running(program: ProgramSpec, options: &WatcherOptions) -> ProgramSpec {
    ProgramSpec {
        startup: if options.autostart && !options.on_demand {
            Startup::Automatic
        } else {
            Startup::OnRequest
        },
        restart: if options.respawn { RestartPolicy::Always } else { RestartPolicy::Never },
        readiness: Readiness::StaysUp(SETTLED_AFTER),
        backoff: Backoff {
            retries: u32::try_from(options.max_retry).unwrap_or(u32::MAX),
            step: RETRY_STEP,
            shortage: Shortage::Passes,
        },
        ..program
    }
}
