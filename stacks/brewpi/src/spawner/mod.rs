//! The spawner: a script for each device that is active, and none for the others.
//!
//! ```text
//!  table ──devices──▶ reconcile ──Order──▶ circus (a circusd of any make)
//!    ▲ inotify            ▲ watchers, and what was started last
//! ```
//!
//! An error of the table or of the manager changes nothing: what runs goes on.

mod circus;
mod notice;
mod reconcile;

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use crate::device::Device;
use crate::places::Places;
use crate::process::say;
use crate::table::Table;
use circus::Circus;
use notice::Notice;
pub use reconcile::{Order, Seen, reconcile, watcher_name};

/// How it is to work.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    /// How long it waits before it begins: who starts it may still be starting itself.
    pub(crate) start_delay: Duration,
    /// How often it looks although nothing was told.
    pub(crate) interval: Duration,
    /// Whether it says what it sees each time.
    pub(crate) talk: Talk,
    /// The endpoint of the manager.
    pub(crate) endpoint: String,
    /// This executable, which scripts are run by.
    pub(crate) program: String,
}

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Talk {
    /// What changes.
    Changes,
    /// Each look too.
    Everything,
}

/// Keeps scripts and devices together until it is killed.
pub(crate) fn run(places: &Places, settings: &Settings) -> ExitCode {
    say(&format!(
        "Settings: Start delay: {}s, Sleep Interval: {}s, ",
        settings.start_delay.as_secs(),
        settings.interval.as_secs()
    ));
    std::thread::sleep(settings.start_delay);
    let circus = match Circus::at(&settings.endpoint) {
        Ok(circus) => circus,
        Err(error) => {
            say(&format!("ERROR: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let mut notice = Notice::of(&places.database);
    let mut spawner = Spawner { places, settings, circus, seen: BTreeMap::new(), last_trouble: None };
    loop {
        spawner.look();
        notice.wait(settings.interval);
    }
}

struct Spawner<'a> {
    places: &'a Places,
    settings: &'a Settings,
    circus: Circus,
    /// What each script was started with, by the device's row.
    seen: BTreeMap<i64, Seen>,
    last_trouble: Option<String>,
}

impl Spawner<'_> {
    fn look(&mut self) {
        let devices = Table::open_to_read(&self.places.database).and_then(|table| table.active());
        let devices = match devices {
            Ok(devices) => devices,
            Err(error) => {
                return self.trouble(format!("the devices cannot be read, nothing is changed: {error}"));
            }
        };
        let watchers = match self.circus.list() {
            Ok(watchers) => watchers,
            Err(error) => return self.trouble(format!("the process manager does not answer: {error}")),
        };
        self.last_trouble = None;
        if self.settings.talk == Talk::Everything {
            say(&format!("{} active devices, watchers: {}", devices.len(), watchers.join(", ")));
        }
        for order in reconcile(&devices, &watchers, &self.seen) {
            self.carry_out(&order);
        }
    }

    /// Told once, until it is another one or over.
    fn trouble(&mut self, text: String) {
        if self.last_trouble.as_ref() != Some(&text) {
            say(&format!("ERROR: {text}"));
            self.last_trouble = Some(text);
        }
    }

    fn carry_out(&mut self, order: &Order) {
        let done = match order {
            Order::Add(device) => {
                say(&format!("New BrewPi device found: {}", watcher_name(&device.name)));
                self.add(device)
            }
            Order::Restart(device) => {
                say(&format!("Device: {} was changed, started again", watcher_name(&device.name)));
                self.circus.remove(&watcher_name(&device.name)).and_then(|()| self.add(device))
            }
            Order::Remove(name) => {
                say(&format!("Device: {name} should be stopped and removed, stopped"));
                self.circus.remove(name)
            }
            Order::Note(device) => {
                self.seen.insert(device.id, Seen::of(device));
                Ok(())
            }
            Order::Forget(id) => {
                self.seen.remove(id);
                Ok(())
            }
        };
        match (done, order) {
            (Ok(()), Order::Add(device) | Order::Restart(device)) => {
                self.seen.insert(device.id, Seen::of(device));
            }
            (Ok(()), Order::Remove(_) | Order::Note(_) | Order::Forget(_)) => {}
            (Err(error), _) => say(&format!("ERROR: {error}")),
        }
    }

    fn add(&self, device: &Device) -> Result<(), circus::CircusError> {
        if let Err(error) = std::fs::create_dir_all(&self.places.log) {
            say(&format!("ERROR: {}: {error}", self.places.log.display()));
        }
        self.circus.add(&self.settings.program, device, &self.places.log)
    }
}
