//! What circusd-stats and circus-plugin have in common: both are programs beside a circusd, perhaps not ours.
//!
//! - [`arguments`]: their command lines, by the rules and with the words of Python's `argparse`.
//! - [`log`]: their log, in circusd's format.

pub(crate) mod arguments;
pub(crate) mod log;
