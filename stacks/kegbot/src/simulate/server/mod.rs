//! A server with the interface that devices use, and pages of what it knows.
//!
//! ```text
//!  core ─▶ /api/… ─answers─▶ Store (SQLite) ─▶ pages
//! ```

mod answers;
mod store;

pub use answers::{Answer, Key, Question, Verb, answer};
pub use store::{DrinkRow, Fate, Keg, NewDrink, Store, StoreError, TapRow, TemperatureRow, TokenRow};
