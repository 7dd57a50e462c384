//! Text with spans, and problems a person can act on.
//!
//! Every configuration reader, whatever its dialect, starts from [`Sources`] and ends with a list of [`Problem`]s;
//! this crate is those two ends and the printing of the second against the first.
//!
//! ```text
//! bytes ─add─▶ Sources ─(a dialect parses)─▶ values with a Span ─(it judges)─▶ Problem ─render─▶ text or JSON
//! ```
//!
//! Modules, in reading order:
//!
//! - [`source`]: files with their bytes, spans in them, and lines and columns for people.
//! - [`problem`]: what is wrong, where, what was expected instead, and what to do.
//! - [`bound`]: limits that a person may set.
//! - [`nearest`]: the known word that a misspelt one probably meant.
//! - [`native`]: `minder.toml`, which is minder's own.
//! - [`render`]: a problem as text for a terminal or as one JSON object.
//!
//! Invariants: nothing here opens a file, knows a dialect, or fails; a span that points outside its file is rendered at
//! the end of that file instead of panicking; no meaning is told by colour alone.

pub mod bound;
pub mod native;
pub mod nearest;
pub mod problem;
pub mod render;
pub mod source;

pub use problem::{Clash, Note, Problem, Severity};
pub use render::{Paint, render_json, render_text};
pub use source::{FileId, Place, Sources, Span};
