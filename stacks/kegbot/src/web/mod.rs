//! Pages of a bar: taps and what is left in their kegs, a pour as it happens, the last drinks, temperatures.
//!
//! ```text
//!  server (its interface, or a database of our own) ─▶ View ─▶ render ─▶ page
//!  core ─kegnet─▶ FlowUpdate, DrinkCreatedEvent ─▶ Feed ─▶ whoever looks
//! ```

mod live;
mod render;
mod site;
mod source;

pub use site::{Pages, run};
pub use source::{DrinkView, Source, TapView, TemperatureView, View};
