//! A bird or bat recorder: capture, detection, storage and messages, as tasks.
//!
//! ```text
//!  arecord ─pipe─▶ ring ─┐
//!                        ├─▶ Microphone::record ─▶ Take: a WAV file with a GUANO chunk ─▶ Detector ─▶ detections
//!  simulator ────────────┘                                   │                                            │
//!                                                            └───────────────▶ spectrogram ◀──────────────┘
//! ```
//!
//! ```text
//!  worker ─a line of JSON─▶ resident ─▶ tasks ─┬─▶ capture ─▶ tmp/*.wav ─▶ files: filters, managers, guard ─▶ kept/…/*.wav
//!                                              ├─▶ detect ─▶ store: metadata.db, messages.db, events.db
//!                                              └─▶ messages: HTTP, MQTT
//! ```
//!
//! In reading order:
//! - [`program`]: how a recorder is set; [`recording`], [`output`]: what it makes, and what is found in it.
//! - [`capture`]: microphones, real and simulated, and how a recording is cut out of what they hear.
//! - [`wav`], [`guano`]: the file that a recording is, and what is written about it inside.
//! - [`detect`]: who was heard: a detector of our own, or a program that speaks JSON lines.
//! - [`spectrogram`]: a picture of a recording, for a person.
//! - [`store`]: acoupi's two databases, and one of minder's own; [`moment`]: how times are written there.
//! - [`files`]: which recordings are kept and where, and what happens when the disk is full; [`sky`]: whose sun it is.
//! - [`messages`]: what is told, and to whom.
//! - [`machine`]: the clock and the disks, handed in; [`station`]: all that tasks work with; [`tasks`]: what they do;
//!   [`resident`]: the process that does them; [`health`]: whether it could; [`log`]: what it says.
//!
//! # Invariants
//! - No library of a sound system is linked: a real microphone is read by `arecord`, which is a process.
//! - Whoever takes samples from a microphone never waits for a disk.
//! - A recording is in one whole file from the moment it has a name, and `events.db` says of each that is not there why.
//! - Nothing looks at a clock, a boot or a disk but [`machine`], so that a season can be simulated.
//! - No column of acoupi's databases is added, renamed or left out.
//! - What another program says is never trusted: each line, each time and each size has a bound.

pub mod capture;
pub mod detect;
pub mod files;
pub mod guano;
pub mod health;
pub mod log;
pub mod machine;
pub mod messages;
pub mod moment;
pub mod output;
pub mod program;
pub mod recording;
pub mod resident;
pub mod sky;
pub mod spectrogram;
mod spectrum;
pub mod station;
pub mod store;
pub mod tasks;
pub mod wav;
