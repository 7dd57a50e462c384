//! One watcher with many processes, for those who start and stop them all.

use super::client::Client;
use super::station::Station;
use crate::bench::beacons::Beacons;
use crate::bench::daemon::{Daemon, Original, Side};
use crate::bench::place::Place;
use crate::bench::start;
use crate::step::Problem;
use serde_json::{Value, json};

/// A circusd with one watcher.
pub(super) struct Load(Station);

/// The watcher, in a file: its processes report and stay.
pub(super) fn watcher(place: &Place, count: usize, beacons: &Beacons) -> String {
    format!(
        "[watcher:load]\ncmd = {} {} stay\nnumprocesses = {count}\n",
        place.program("beacon").display(),
        beacons.path().display()
    )
}

/// The watcher, in a question whose answer comes when all is done.
pub(super) fn and_wait() -> Value {
    json!({"name": "load", "waiting": true})
}

impl start::Load for Load {
    const OF: Original = Original::Circus;
    type Client = Client;

    fn begin(place: &Place, side: Side, count: usize, beacons: &Beacons) -> Result<Self, Problem> {
        Station::start(place, side, &watcher(place, count, beacons)).map(Self)
    }

    fn daemon(&self) -> &Daemon {
        &self.0.daemon
    }

    fn client(&mut self) -> Result<Client, Problem> {
        self.0.client()
    }
}

impl start::Orders for Client {
    fn stop_all(&mut self) -> Result<(), Problem> {
        self.call("stop", &and_wait()).map(drop)
    }

    fn start_all(&mut self) -> Result<(), Problem> {
        self.call("start", &and_wait()).map(drop)
    }
}
