//! What the mind of a supervisord is made of: read from a snapshot, so that the first mind and one that follows a
//! killed one are made alike.

use minder_core::control::Reader;
use minder_core::plan::Plan;

use super::face::Face;
use crate::reading::{self, Rereader};

/// A supervisord, ready for a mind to run it.
pub struct Station {
    face: Face,
    reader: Rereader,
}

impl Station {
    /// From two snapshots, of the reading that the daemon was started from and of the last one, which may be the
    /// same; and what should run by the last one.
    ///
    /// # Errors
    /// Why a snapshot cannot be used.
    pub fn read(first: &[u8], latest: &[u8]) -> Result<(Self, Plan), String> {
        let (settings, source) = reading::from_snapshot(first)?;
        let later = if latest == first { None } else { Some(reading::from_snapshot(latest)?.0) };
        let last = later.as_ref().unwrap_or(&settings);
        let plan = reading::plan(last)?;
        let reader = Rereader::new(source, last);
        Ok((Self { face: Face::new("supervisord", settings), reader }, plan))
    }

    /// Reads the files again.
    pub fn reader(&self) -> Box<dyn Reader> {
        Box::new(self.reader.clone())
    }

    /// Servers, log and listeners, by the reading that the daemon was started from.
    pub fn face(&self) -> &Face {
        &self.face
    }
}
