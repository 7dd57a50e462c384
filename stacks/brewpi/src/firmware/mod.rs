//! What runs on the board: the control of a fermentation chamber, a second at a time, and the lines it speaks.
//!
//! ```text
//!  bytes ─command─▶ Command ─▶ Board ──lines──▶
//!                               │ ▲
//!                        Outputs▼ │Readings       once a second
//!                             Chamber
//! ```
//!
//! Temperatures are in degrees Celsius inside, and in the unit of the constants outside. The control is BrewPi's: cascaded
//! filters, a PID from the beer to the set point of the fridge, and estimates of how far the fridge overshoots that correct
//! themselves. Its numbers are those of the firmware's 0.2.4 line.

pub mod board;
pub mod chamber;
pub mod command;
pub mod constants;
mod devices;
mod display;
mod estimate;
mod filter;
mod pid;
mod report;
pub mod settings;
mod simulator;
pub mod state;
