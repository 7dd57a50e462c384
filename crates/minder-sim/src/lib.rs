//! A simulated world for the supervision: the real state machines of minder-core, in a kernel, with a keeper, a clock, children
//! and clients that are none. A scenario is drawn from a seed, run from one thing that happens to the next, and watched by a
//! witness for promises that are not kept; a scenario that breaks one is made shorter and told.
//!
//! ```text
//!  seed ─▶ Scenario ─▶ World ─▶ Violation ─▶ shrink ─▶ Failure: invariant, transcript, how to replay it
//!                       │ ▲
//!                       ▼ │ witness
//!              kernel · keeper · mind(glue + minder-core) · memory · clients
//! ```
//!
//! In reading order: [`moves`] is what may happen, [`nature`] how processes are, [`scenario`] a beginning and a schedule;
//! `kernel`, `wire`, `keeper`, `memory`, `mind` are what minder consists of, each beside its counterpart in the real program;
//! [`world`] moves them, `witness` watches; [`mutation`] are mistakes made on purpose; [`search`] runs seed after seed, and
//! [`shrink`] makes what it finds short.
//!
//! # Invariants
//! - The same seed gives the same run, on every machine.
//! - The supervision is the real one; only what is around it is simulated, and that follows the runtime's order of things.

mod chance;
mod counts;
mod env;
mod family;
mod halt;
mod keeper;
mod kernel;
mod memory;
mod mind;
pub mod moves;
pub mod mutation;
pub mod nature;
pub mod scenario;
pub mod search;
pub mod shrink;
mod transcript;
mod wire;
mod witness;
pub mod world;

pub use counts::Counts;
pub use halt::{Invariant, Violation};
