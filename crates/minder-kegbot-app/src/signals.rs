//! The signals that end a program.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::log::Logger;

/// Calls `quit` for each signal that asks for the end, however often it is asked.
///
/// # Errors
/// When the system has no handler or thread for it.
pub fn watch(log: Logger, mut quit: impl FnMut() + Send + 'static) -> io::Result<()> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in &mut signals {
            log.info(&format!("Got signal {signal}"));
            quit();
        }
    })?;
    Ok(())
}
