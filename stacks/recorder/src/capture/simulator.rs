//! A microphone that is not there, which delivers at the pace of a clock.

use std::sync::Arc;
use std::time::Duration;

use super::sound::{Sound, SoundName};
use super::stream::Stream;
use super::{CaptureError, Clock, MicrophoneSettings};

/// How much is delivered at a time.
const PERIOD: Duration = Duration::from_millis(100);

/// A simulated microphone. What it hears is a function of the position, so that nothing is kept and nothing can be lost.
pub(super) struct Simulator {
    sound: Sound,
    clock: Arc<dyn Clock>,
    opened: Duration,
    samplerate: u32,
    channels: u16,
    period: usize,
}

impl Simulator {
    /// # Errors
    /// If the file that is to be played cannot be read.
    pub(super) fn open(
        name: SoundName,
        settings: &MicrophoneSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CaptureError> {
        let opened = clock.elapsed();
        let frames = usize::try_from(settings.frames(PERIOD)).unwrap_or(1).max(1);
        Ok(Self {
            sound: Sound::of(name)?,
            clock,
            opened,
            samplerate: settings.samplerate,
            channels: settings.audio_channels,
            period: frames * settings.frame_bytes(),
        })
    }
}

impl Stream for Simulator {
    fn kept_from(&self) -> u64 {
        0
    }

    #[expect(clippy::cast_possible_truncation, reason = "centuries")]
    fn next(&self) -> u64 {
        let elapsed = self.clock.elapsed().saturating_sub(self.opened);
        (elapsed.as_nanos() * u128::from(self.samplerate) / 1_000_000_000) as u64
    }

    fn time_of(&self, position: u64) -> Duration {
        self.opened + span(position, self.samplerate)
    }

    fn read(&mut self, position: u64, frames: &mut [u8]) -> Result<usize, CaptureError> {
        let frame = 2 * usize::from(self.channels);
        let length = frames.len().min(self.period);
        let length = length - length % frame;
        self.sound.render(position, self.samplerate, self.channels, &mut frames[..length]);
        self.clock.wait_until(self.time_of(position + (length / frame) as u64));
        Ok(length)
    }

    fn gaps(&self) -> u64 {
        0
    }

    fn verify(&self) -> Result<(), CaptureError> {
        Ok(())
    }

    fn is_open(&self) -> bool {
        true
    }

    fn begin(&mut self) {}

    fn end(&mut self) {}
}

/// How long frames last, rounded up so that whoever waits for it finds them there.
#[expect(clippy::cast_possible_truncation, reason = "centuries")]
pub(super) fn span(frames: u64, samplerate: u32) -> Duration {
    let nanoseconds = (u128::from(frames) * 1_000_000_000).div_ceil(u128::from(samplerate));
    Duration::from_nanos(nanoseconds as u64)
}
