//! When something is due: calendars, time zones, the sun.
//!
//! ```text
//!  "22:00..06:30" ──text──▶ minder_core::agenda ──Schedule::new──▶ Schedule ──next_after(t)──▶ the next due time
//!                                                     ▲    ▲
//!                                  zone (jiff) ───────┘    └─────── place ── sun::on(date, place) ──▶ dawn … dusk
//! ```
//!
//! In reading order: [`text`] reads what people write, and says what it found and what it expected; [`zone`] finds time zones,
//! and says when a time of the day is; [`sun`] says when the sun rises; [`window`] is a part of each day; [`cron`] is the
//! expression of that name; [`schedule`] has all of them together: when a task is due next.
//!
//! # Invariants
//! - It has no clock: every function is one of the time that it is given. Only finding a zone by its name reads files.
//! - What is due next is later than what it was asked for, lies in the window, and nothing is due between.

pub mod cron;
mod face;
pub mod schedule;
pub mod sun;
pub mod text;
pub mod window;
pub mod zone;

pub use jiff::Timestamp;
pub use jiff::civil::Date;
pub use jiff::tz::TimeZone;
pub use minder_core::agenda::Place;
