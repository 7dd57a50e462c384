//! One process at a time sends: two with the one client id of a device would throw each other out of a broker, and send a message
//! twice.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// That this process sends. Ends when it is dropped, or the process ends.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Waits until nobody else sends.
    ///
    /// # Errors
    /// When the file beside the database cannot be made.
    pub fn wait(database: &Path) -> io::Result<Self> {
        let mut name = database.as_os_str().to_owned();
        name.push(".lock");
        let file = OpenOptions::new().create(true).append(true).open(PathBuf::from(name))?;
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)?;
        Ok(Self { _file: file })
    }
}
