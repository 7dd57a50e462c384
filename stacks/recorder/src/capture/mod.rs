//! Microphones, and recordings cut out of what they hear.
//!
//! ```text
//!  arecord ─pipe─▶ (a thread that never waits) ─▶ ring ─▶ record() ─▶ .name.wav.PID.part ─fsync, rename─▶ name.wav
//! ```
//!
//! In reading order: [`MicrophoneSettings`] and [`Rhythm`] are what is asked for, [`Microphone`] is it, open or not,
//! [`Take`] what comes of it, [`CaptureError`] what else may come. `stream` is what a real (`arecord`) and a simulated
//! (`simulator`) one have in common; `ring`, `stamps` and `pace` are what is known of samples that arrive; `sound` and
//! [`scene`] are what a simulated one hears. [`devices`] lists what there is, [`health`] says whether it works.
//!
//! # Invariants
//! - A file holds exactly as many samples as its duration has, as they came from the device, or there is no file.
//! - When recordings follow each other without a pause, one begins with the sample after the last one's last.
//! - Memory has a bound, and what does not fit is lost aloud.

mod arecord;
mod chance;
mod clock;
pub mod devices;
mod error;
pub mod health;
mod microphone;
mod pace;
mod question;
mod ring;
pub mod scene;
mod settings;
mod simulator;
mod sound;
mod stamps;
mod stream;

pub use clock::{Clock, LeapingClock, MachineClock};
pub use error::CaptureError;
pub use microphone::{CaptureEvent, CaptureOptions, Errand, Microphone, Take};
pub use settings::{CHANNELS_MAX, DURATION_MAX, MicrophoneSettings, Rhythm, SAMPLERATE_MAX};
pub use sound::SIMULATED;
