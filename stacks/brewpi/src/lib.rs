//! BrewPi's controller script, its spawner, its firmware simulated, and pages for them.
//!
//! ```text
//!  chamber ◀─heater, cooler── firmware ──lines──▶ (a pty or TCP) ──▶ controller script ──▶ data points, socket, pages
//!     └──────temperatures────────▲                                        │
//!                                └───────────── commands ─────────────────┘
//! ```
//!
//! In reading order: [`firmware`] is what runs on the board, simulated with the chamber around it.
//!
//! Invariants: the firmware and its chamber know no clock; a second passes when they are told so.

pub mod firmware;
