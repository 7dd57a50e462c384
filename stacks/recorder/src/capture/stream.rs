//! What all microphones have in common once they are open: samples with positions, counted from the moment of opening.

use std::time::Duration;

use super::CaptureError;

/// An open microphone.
pub(super) trait Stream: Send {
    /// The first frame that can still be read.
    fn kept_from(&self) -> u64;

    /// The frame that comes next.
    fn next(&self) -> u64;

    /// When a frame was heard: the elapsed time of the microphone's clock.
    fn time_of(&self, position: u64) -> Duration;

    /// Frames from this one on, waiting until some are there; how many bytes of whole frames were read.
    fn read(&mut self, position: u64, frames: &mut [u8]) -> Result<usize, CaptureError>;

    /// How often samples got lost before they came here.
    fn gaps(&self) -> u64;

    /// Whether the device is what it was asked to be, as far as can be told by now.
    fn verify(&self) -> Result<(), CaptureError>;

    /// Whether it can still be read.
    fn is_open(&self) -> bool;

    /// That a recording begins: the device stays open until it ends.
    fn begin(&mut self);

    /// That a recording has ended.
    fn end(&mut self);
}
