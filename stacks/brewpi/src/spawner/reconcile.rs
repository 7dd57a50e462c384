//! What is to be done so that scripts and devices are the same. Pure.

use std::collections::BTreeMap;

use crate::device::{Connection, Device, Endpoint};

/// What the names of scripts begin with.
const PREFIX: &str = "dev-";

/// Something to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// A script for a device.
    Add(Device),
    /// The script of a device, with what it is now.
    Restart(Device),
    /// The script of this name.
    Remove(String),
    /// This device's script runs already, by somebody before us.
    Note(Device),
    /// This device has no script any more.
    Forget(i64),
}

/// What a script was started with. What it reads while it runs is not here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    name: String,
    endpoint: Endpoint,
    connection: Connection,
}

impl Seen {
    /// Of a device.
    #[must_use]
    pub fn of(device: &Device) -> Self {
        Self {
            name: device.name.clone(),
            endpoint: device.endpoint.clone(),
            connection: device.connection.clone(),
        }
    }
}

/// The name of a device's script, which managers know in lower case only.
#[must_use]
pub fn watcher_name(device: &str) -> String {
    format!("{PREFIX}{device}").to_lowercase()
}

/// What is to be done. Scripts go before others come: a device that was given another name has the same board.
#[must_use]
pub fn reconcile(devices: &[Device], watchers: &[String], seen: &BTreeMap<i64, Seen>) -> Vec<Order> {
    let mut orders = Vec::new();
    let wanted: Vec<String> = devices.iter().map(|device| watcher_name(&device.name)).collect();
    for name in watchers.iter().filter(|name| name.starts_with(PREFIX)) {
        if !wanted.contains(&name.to_lowercase()) {
            orders.push(Order::Remove(name.clone()));
        }
    }
    for id in seen.keys().filter(|&&id| devices.iter().all(|device| device.id != id)) {
        orders.push(Order::Forget(*id));
    }
    for (device, name) in devices.iter().zip(&wanted) {
        let runs = watchers.iter().any(|watcher| watcher.to_lowercase() == *name);
        match (runs, seen.get(&device.id)) {
            (false, _) => orders.push(Order::Add(device.clone())),
            (true, None) => orders.push(Order::Note(device.clone())),
            (true, Some(before)) if *before != Seen::of(device) => {
                orders.push(Order::Restart(device.clone()));
            }
            (true, Some(_)) => {}
        }
    }
    orders
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::{Logging, Status};
    use crate::firmware::constants::Unit;

    fn device(id: i64, name: &str, port: &str) -> Device {
        Device {
            id,
            name: name.to_owned(),
            unit: Unit::Celsius,
            interval: 30,
            endpoint: Endpoint::File("BEERSOCKET".to_owned()),
            logging: Logging::Stopped,
            connection: Connection::Serial {
                usb_serial: String::new(),
                port: port.to_owned(),
                alternative: None,
            },
            status: Status::Active,
            beer: None,
            profile: None,
            profile_started: None,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_new_device_is_added_and_a_gone_one_removed() {
        let orders = reconcile(&[device(1, "Cellar", "a")], &names(&["dev-attic", "web"]), &BTreeMap::new());
        assert_eq!(orders, [Order::Remove("dev-attic".to_owned()), Order::Add(device(1, "Cellar", "a"))]);
    }

    #[test]
    fn a_device_of_another_name_is_removed_before_it_is_added() {
        let seen = BTreeMap::from([(1, Seen::of(&device(1, "Old", "a")))]);
        let orders = reconcile(&[device(1, "New", "a")], &names(&["dev-old"]), &seen);
        assert_eq!(orders, [Order::Remove("dev-old".to_owned()), Order::Add(device(1, "New", "a"))]);
    }

    #[test]
    fn another_port_starts_the_script_again_and_another_interval_does_not() {
        let seen = BTreeMap::from([(1, Seen::of(&device(1, "Cellar", "a")))]);
        let watchers = names(&["dev-cellar"]);
        assert_eq!(reconcile(&[device(1, "Cellar", "a")], &watchers, &seen), []);
        let changed = Device { interval: 60, ..device(1, "Cellar", "a") };
        assert_eq!(reconcile(&[changed], &watchers, &seen), []);
        let moved = device(1, "Cellar", "b");
        assert_eq!(reconcile(std::slice::from_ref(&moved), &watchers, &seen), [Order::Restart(moved)]);
    }

    #[test]
    fn what_runs_already_is_left_alone() {
        let cellar = device(1, "Cellar", "a");
        let orders = reconcile(std::slice::from_ref(&cellar), &names(&["dev-cellar"]), &BTreeMap::new());
        assert_eq!(orders, [Order::Note(cellar)]);
    }
}
