//! Where boards are, on the systems that they are plugged into.

use std::path::{Path, PathBuf};

/// The directory and the beginning of the names of serial ports that boards have, in the order in which they are looked for.
pub const PATTERNS: [(&str, &str); 5] = [
    ("/dev", "ttyUSB"),
    ("/dev", "ttyACM"),
    ("/dev", "cu.usbserial"),
    ("/dev", "tty.usbmodem"),
    // The seed's own machine had its board here.
    ("/dev", "cu.usbmodem"),
];

/// The first port that is there, else the one that most boards have.
#[must_use]
pub fn first_port() -> PathBuf {
    let found = PATTERNS.iter().find_map(|(directory, beginning)| {
        let entries = std::fs::read_dir(directory).ok()?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name.starts_with(beginning)).collect();
        names.sort_unstable();
        names.first().map(|name| Path::new(directory).join(name))
    });
    found.unwrap_or_else(|| PathBuf::from("/dev/ttyUSB0"))
}
