//! `supervisord.conf`: from the bytes of its files to typed settings, exact to the original's letter.
//!
//! ```text
//! bytes ─ini─▶ Tree ─(include)─▶ Tree ─expand, types─▶ Settings ─lower─▶ Plan of minder-core
//!   ▲                                     │
//!   └── Machine (real, recorded, invented)└─▶ Faults: the original's text and a problem with its place, in one pass
//! ```
//!
//! A reading walks the file in the order in which the original does and goes on behind a mistake with the setting's default.
//! So one pass serves two readers: a personality prints the text of the first fault, which is the one the original would have
//! stopped at, and a check prints every problem there is.
//!
//! Modules, in reading order:
//!
//! - [`machine`]: what a reading may ask; [`snapshot`]: the answers kept, so that it can be repeated.
//! - [`ini`]: bytes to a tree with spans; [`include`](mod@include): patterns; [`search`]: where a file is looked for.
//! - [`names`] and [`expand`]: `%(name)s`; [`types`], [`environment`], [`shellwords`]: what values mean.
//! - [`reader`]: the walk; `sections`: a module a section; [`vocabulary`]: the words a file may use.
//! - [`overrides`]: the command line's share; [`settings`]: the result; [`lower`]: the result as a plan; [`bare`]: settings
//!   without a file.
//!
//! Invariants: nothing but [`machine::RealMachine`] touches the system; no text makes a reading panic; a reading of a
//! recorded snapshot equals the reading that was recorded.

pub mod bare;
pub mod environment;
pub mod expand;
pub mod fault;
pub mod include;
pub mod ini;
pub mod lower;
pub mod machine;
pub mod names;
pub mod overrides;
mod paths;
pub(crate) mod python;
pub mod reader;
pub mod search;
mod sections;
pub mod settings;
pub mod shellwords;
pub mod snapshot;
pub mod types;
pub mod vocabulary;

pub use fault::Fault;
pub use machine::{Machine, RealMachine};
pub use reader::{Reading, Request, read};
pub use settings::Settings;
