//! BrewPi's controller script, its spawner, its firmware simulated, and pages for them.
//!
//! ```text
//!  chamber ◀─heater, cooler── firmware ──lines──▶ (a pty or TCP) ──▶ script ──▶ data points, socket, pages
//!     └──────temperatures────────▲                                    │ ▲
//!                                └───────────── commands ─────────────┘ └── table of devices ──▶ spawner ──▶ circusd
//! ```
//!
//! In reading order: [`firmware`] is what runs on the board, simulated with the chamber around it, and `simulate` the place
//! where it is reached; [`device`] and [`profile`] are what a script is told, [`table`] where it stands; [`script`] is what is
//! done about what comes in, `process` does it, [`points`] keeps what was measured; [`spawner`] keeps a script running for each
//! device; `web` are the pages; [`fermentation`] has script and firmware speak to each other without a clock, [`plot`] draws
//! that; [`places`] says where things are, and [`cli`] is the program.
//!
//! # Invariants
//! - Firmware, chamber and script know no clock; time passes when they are told so.
//! - The spawner only reads the table, and an error of the table changes nothing that runs.
//! - It knows nothing of minder but the wire protocol of a circusd.

pub mod cli;
pub mod device;
pub mod fermentation;
pub mod firmware;
mod flags;
pub mod places;
pub mod plot;
pub mod points;
mod process;
pub mod profile;
mod python;
pub mod script;
mod simulate;
pub mod spawner;
pub mod table;
mod web;
