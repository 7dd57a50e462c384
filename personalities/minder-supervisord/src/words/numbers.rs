//! Numbers of the kernel and the names Python gives them.

use std::borrow::Cow;

use minder_core::ids::{Errno, Signal};

use crate::conf::types::{self, SIGNALS, TypeError};

/// The symbolic name of a failed call's reason, `ENOENT`; the number itself if it has none.
#[must_use]
pub fn errno_name(errno: Errno) -> Cow<'static, str> {
    minder_core::errno::symbol(errno).map_or_else(|| errno.0.to_string().into(), Cow::Borrowed)
}

/// `SIGTERM`, or `signal 35` for one that has no name of its own. Of two names the original prints the elder.
#[must_use]
pub fn signal_name(signal: Signal) -> Cow<'static, str> {
    match signal.0 {
        6 => Cow::Borrowed("SIGABRT"),
        17 => Cow::Borrowed("SIGCHLD"),
        29 => Cow::Borrowed("SIGPOLL"),
        number => {
            let named =
                |(name, known): &&(&str, i32)| *known == i32::from(number) && !name.starts_with("SIG_");
            match SIGNALS.iter().find(named) {
                Some((name, _)) => Cow::Borrowed(name),
                None => Cow::Owned(format!("signal {number}")),
            }
        }
    }
}

/// Reads a signal as Supervisor does: a number that is in use, or a name with or without `SIG`, in any case.
///
/// # Errors
/// When the text is neither.
pub fn parse_signal(text: &str) -> Result<Signal, TypeError> {
    let number = types::signal(text)?;
    // All that are in the table fit.
    Ok(Signal(u8::try_from(number).unwrap_or_default()))
}

/// Whether a number is one that Supervisor takes for a signal.
pub(super) fn is_known(signal: Signal) -> bool {
    SIGNALS.iter().any(|&(_, number)| number == i32::from(signal.0))
}
