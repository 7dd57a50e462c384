//! What a recorder knows of the machine that it is on, handed in, so that a season of power cuts can be simulated.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::capture::{Clock, MachineClock};

/// A machine.
pub trait Machine: Send + Sync {
    /// Its clock.
    fn clock(&self) -> Arc<dyn Clock>;

    /// A word that is another one after each boot.
    fn boot(&self) -> String;

    /// How long ago it booted, also asleep.
    fn uptime(&self) -> Duration;

    /// Bytes that can still be written to the file system of a path, or of the nearest directory above that is there.
    ///
    /// # Errors
    /// When there is no such file system.
    fn free(&self, path: &Path) -> io::Result<u64>;

    /// Bytes of that file system that are in use.
    ///
    /// # Errors
    /// When there is no such file system.
    fn used(&self, path: &Path) -> io::Result<u64>;
}

/// This machine.
#[derive(Debug)]
pub struct ThisMachine {
    clock: Arc<MachineClock>,
}

impl ThisMachine {
    /// With a clock that begins now.
    #[must_use]
    pub fn look() -> Self {
        Self { clock: Arc::new(MachineClock::begin()) }
    }
}

impl Machine for ThisMachine {
    fn clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    fn boot(&self) -> String {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        id.trim().to_owned()
    }

    fn uptime(&self) -> Duration {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
        Duration::try_from(time).unwrap_or_default()
    }

    fn free(&self, path: &Path) -> io::Result<u64> {
        let found = file_system(path)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    fn used(&self, path: &Path) -> io::Result<u64> {
        let found = file_system(path)?;
        Ok(found.f_blocks.saturating_sub(found.f_bfree).saturating_mul(found.f_frsize))
    }
}

fn file_system(path: &Path) -> io::Result<rustix::fs::StatVfs> {
    let near = path.ancestors().find(|path| path.exists()).unwrap_or(path);
    Ok(rustix::fs::statvfs(near)?)
}

/// The id of this device, as acoupi has it: the serial number of a Raspberry Pi, or else the number of a network interface.
#[must_use]
pub fn device_id() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    serial_number(&processor).or_else(interface_number).unwrap_or_else(|| "0".to_owned())
}

/// What `/proc/cpuinfo` says of a Raspberry Pi.
fn serial_number(processor: &str) -> Option<String> {
    let value = |key: &str| {
        let line = processor.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    value("Serial").filter(|serial| !serial.is_empty())
}

/// The hardware address of an interface as a number; one that the maker gave it before one that was made up.
fn interface_number() -> Option<String> {
    let mut interfaces: Vec<_> = std::fs::read_dir("/sys/class/net").ok()?.flatten().collect();
    interfaces.sort_by_key(std::fs::DirEntry::file_name);
    let addresses = interfaces.iter().filter_map(|interface| {
        let text = std::fs::read_to_string(interface.path().join("address")).ok()?;
        hardware_address(text.trim())
    });
    let made_up = |address: &u64| address >> 41 & 1;
    addresses.filter(|address| *address != 0).min_by_key(made_up).map(|address| address.to_string())
}

fn hardware_address(text: &str) -> Option<u64> {
    let bytes: Vec<&str> = text.split(':').collect();
    if bytes.len() != 6 {
        return None;
    }
    u64::from_str_radix(&bytes.concat(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_raspberry_pi_is_known_by_its_serial_number() {
        let processor =
            "processor\t: 0\nmodel name\t: ARMv7\n\nHardware\t: BCM2835\nSerial\t\t: 00000000a1b2c3d4\n";
        assert_eq!(serial_number(processor).as_deref(), Some("00000000a1b2c3d4"));
        assert_eq!(serial_number("processor\t: 0\n"), None);
    }

    #[test]
    fn any_other_machine_is_known_by_the_number_of_an_interface() {
        assert_eq!(hardware_address("02:fc:00:00:00:21"), Some(0x02fc_0000_0021));
        assert_eq!(hardware_address("00:00"), None);
    }
}
