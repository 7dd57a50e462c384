//! What runs just now, as the core tells it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::thread;

use tokio::sync::mpsc::{Receiver, channel};

use crate::kegnet::{Client, Event, FlowState, FlowUpdate};

/// So many events wait for the pages. A page that is late shows the next one.
const WAITING_MAX: usize = 256;

/// The flows that are open, by their taps.
#[derive(Debug, Default)]
pub(super) struct Flows(RefCell<BTreeMap<String, FlowUpdate>>);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    /// A flow.
    Flow,
    /// A drink came about.
    Drink,
    /// Nothing that is shown.
    Nothing,
}

impl Flows {
    /// Takes an event.
    pub(super) fn hear(&self, event: Event) -> Changed {
        match event {
            Event::FlowUpdate(flow) => {
                let mut flows = self.0.borrow_mut();
                match flow.state {
                    FlowState::Completed => drop(flows.remove(&flow.tap_name)),
                    FlowState::Initial | FlowState::Active | FlowState::Idle => {
                        flows.insert(flow.tap_name.clone(), flow);
                    }
                }
                Changed::Flow
            }
            Event::DrinkCreated(_) => Changed::Drink,
            Event::Ping
            | Event::MeterUpdate { .. }
            | Event::FlowRequest(_)
            | Event::TokenAuth(_)
            | Event::Thermo { .. }
            | Event::ControllerConnected { .. }
            | Event::SetRelayOutput { .. }
            | Event::Other(_) => Changed::Nothing,
        }
    }

    /// The flow of a tap.
    pub(super) fn at(&self, meter: &str) -> Option<FlowUpdate> {
        self.0.borrow().get(meter).cloned()
    }
}

/// Has a client of kegnet run in a thread of its own, and gives what it hears. Nothing if there can be no thread, which is said.
pub(super) fn listen(client: Client) -> Option<Receiver<Event>> {
    let (heard, events) = channel(WAITING_MAX);
    let run = move || client.run(|event| drop(heard.try_send(event)));
    match thread::Builder::new().name("kegnet".to_owned()).spawn(run) {
        Ok(_) => Some(events),
        Err(error) => {
            eprintln!("pours are not shown as they happen: {error}");
            None
        }
    }
}
