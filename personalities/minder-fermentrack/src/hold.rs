//! `stop --hold`: a file that says that the daemon is to stay down.
//!
//! Only its being there counts; it is empty. `startifstopped` respects it, `start` removes it.

use std::io;

use crate::layout::Layout;

/// Keeps `startifstopped` from starting the daemon from now on.
pub(crate) fn set(layout: &Layout) -> io::Result<()> {
    std::fs::File::create(layout.hold()).map(drop)
}

/// Whether the daemon is to stay down.
pub(crate) fn is_set(layout: &Layout) -> bool {
    layout.hold().exists()
}

/// Lets `startifstopped` do its work again.
pub(crate) fn release(layout: &Layout) -> io::Result<()> {
    match std::fs::remove_file(layout.hold()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
