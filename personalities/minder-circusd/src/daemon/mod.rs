//! circusd's start, and what its mind is made of.
//!
//! ```text
//!  command line ─options─▶ front ─ini─▶ Settings ─reading─▶ Kept ─(held by the keeper)─▶ Station ─▶ Arbiter, endpoints
//! ```
//!
//! In reading order: [`options`] is the command line; [`front`] is everything before the daemon; [`reading`] makes of
//! settings what it begins with, [`kept`] is that and what it becomes; [`station`] is what each mind is made of, `discovery`
//! how it is found, [`pidfile`] the file of its pid; [`checking`] says what is wrong with a file that nobody runs.

pub mod checking;
pub mod converting;
mod discovery;
mod endpoint_file;
pub mod front;
pub mod kept;
pub mod options;
pub mod pidfile;
pub mod reading;
pub mod station;

/// The version of Circus that all this is like.
pub const VERSION: &str = "0.19.0";
/// The name of the watcher that samples what processes use.
pub const STATS_WATCHER: &str = "circusd-stats";
/// What the endpoints are called among the descriptors that the keeper holds: this, and [`CONTROL`] or [`PUBSUB`].
pub const ENDPOINT_PREFIX: &str = "endpoint:";
/// Where commands come in.
pub const CONTROL: &str = "control";
/// Where events go out.
pub const PUBSUB: &str = "pubsub";
