//! What an event tells, as the original writes it.

use minder_core::event::{Channel, Event, Moved, Output};
use minder_core::ids::Pid;
use minder_core::program::{ErrorOutput, Publish};
use minder_core::supervision::{Instance, Supervision};

use super::EventType;
use crate::text::decoded;
use crate::words::State;

/// An event as listeners are told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notice {
    /// Its type; never an abstract one.
    pub kind: EventType,
    /// What follows the header.
    pub payload: String,
}

/// The notice of an event, if Supervisor has one for it.
#[must_use]
pub fn notice(world: &Supervision, event: &Event) -> Option<Notice> {
    let (kind, payload) = match event {
        Event::Began => (EventType::SupervisorStateChangeRunning, String::new()),
        Event::StopBegan => (EventType::SupervisorStateChangeStopping, String::new()),
        Event::Moved(moved) => state(moved, world.instance(moved.id)?)?,
        Event::Output(output) => log(output, world.instance(output.id)?)?,
        Event::Captured(output) => communication(output, world.instance(output.id)?),
        Event::GroupAdded(group) => (EventType::ProcessGroupAdded, format!("groupname:{group}\n")),
        Event::GroupRemoved(group) => (EventType::ProcessGroupRemoved, format!("groupname:{group}\n")),
        Event::Announced(said) => {
            (EventType::RemoteCommunication, format!("type:{}\n{}", said.topic, said.body))
        }
        Event::StopSignalled { .. }
        | Event::RelativeSignalled { .. }
        | Event::StdinBroken { .. }
        | Event::SocketOpened(..)
        | Event::SocketClosed(..)
        | Event::OrphanReaped { .. }
        | Event::Asked(_)
        | Event::LogReopenBegan
        | Event::Trouble(_) => return None,
    };
    Some(Notice { kind, payload })
}

/// The notice of a tick; `when` in seconds since 1970.
#[must_use]
pub fn tick(kind: EventType, when: i64) -> Notice {
    Notice { kind, payload: format!("when:{when}") }
}

/// Supervisor has fewer states than we have phases: not each move is one for it.
fn state(moved: &Moved, instance: &Instance) -> Option<(EventType, String)> {
    let (from, to) = (State::of(&moved.before), State::of(&moved.after));
    if from == to {
        return None;
    }
    let tries = || format!(" tries:{}", moved.after.failures);
    let pid = |pid: Option<Pid>| format!(" pid:{}", pid.map_or(0, Pid::get));
    let (kind, more) = match to {
        State::Starting => (EventType::ProcessStateStarting, tries()),
        State::Backoff => (EventType::ProcessStateBackoff, tries()),
        State::Running => (EventType::ProcessStateRunning, pid(moved.after.pid())),
        State::Stopping => (EventType::ProcessStateStopping, pid(moved.after.pid())),
        State::Stopped => (EventType::ProcessStateStopped, pid(moved.before.pid())),
        State::Exited => {
            let exits = &instance.spec.expected_exits;
            let expected = moved.after.last_exit.is_some_and(|status| exits.includes(status));
            let expected = format!(" expected:{}", u8::from(expected));
            (EventType::ProcessStateExited, expected + &pid(moved.before.pid()))
        }
        State::Fatal => (EventType::ProcessStateFatal, String::new()),
        State::Unknown => (EventType::ProcessStateUnknown, String::new()),
    };
    Some((kind, format!("{} from_state:{}{more}", names(instance), from.name())))
}

/// What a program said, if it may be told: at a chatty log level all output comes by, not only what was asked for.
fn log(output: &Output, instance: &Instance) -> Option<(EventType, String)> {
    let (kind, channel, publish) = match output.channel {
        Channel::Stdout => (EventType::ProcessLogStdout, "stdout", instance.spec.stdout.publish),
        Channel::Stderr => {
            let ErrorOutput::Own(own) = &instance.spec.stderr else { return None };
            (EventType::ProcessLogStderr, "stderr", own.publish)
        }
    };
    if publish != Publish::Chunks {
        return None;
    }
    let said = decoded(&output.bytes);
    Some((kind, format!("{} pid:{} channel:{channel}\n{said}", names(instance), output.pid)))
}

fn communication(output: &Output, instance: &Instance) -> (EventType, String) {
    let kind = match output.channel {
        Channel::Stdout => EventType::ProcessCommunicationStdout,
        Channel::Stderr => EventType::ProcessCommunicationStderr,
    };
    (kind, format!("{} pid:{}\n{}", names(instance), output.pid, decoded(&output.bytes)))
}

fn names(instance: &Instance) -> String {
    format!("processname:{} groupname:{}", instance.spec.name, instance.group)
}
