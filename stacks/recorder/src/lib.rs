//! A bird or bat recorder: capture, detection, storage and messages, as tasks.
//!
//! ```text
//!  arecord ─pipe─▶ ring ─┐
//!                        ├─▶ Microphone::record ─▶ Take: a WAV file with a GUANO chunk ─▶ Detector ─▶ detections
//!  simulator ────────────┘                                   │                                            │
//!                                                            └───────────────▶ spectrogram ◀──────────────┘
//! ```
//!
//! In reading order:
//! - [`capture`]: microphones, real and simulated, and how a recording is cut out of what they hear.
//! - [`wav`], [`guano`]: the file that a recording is, and what is written about it inside.
//! - [`detect`]: who was heard: a detector of our own, or a program that speaks JSON lines.
//! - [`spectrogram`]: a picture of a recording, for a person.
//!
//! # Invariants
//! - No library of a sound system is linked: a real microphone is read by `arecord`, which is a process.
//! - Whoever takes samples from a microphone never waits for a disk.
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
