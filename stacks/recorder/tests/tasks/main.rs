//! Tasks, with a simulated microphone, a detector that says what it is told to, and a machine whose disk is as full as is wanted.

mod crowded;
mod detecting;
mod healthy;
mod killed;
#[path = "../original/mod.rs"]
mod original;
mod place;
mod power;
mod recording;
