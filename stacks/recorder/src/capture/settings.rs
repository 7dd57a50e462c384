//! What is asked of a microphone.

use std::time::Duration;

use super::CaptureError;

/// The most samples a second that a microphone is asked for.
pub const SAMPLERATE_MAX: u32 = 2_000_000;

/// The most channels that a microphone is asked for.
pub const CHANNELS_MAX: u16 = 32;

/// The longest recording, seconds. What is longer would not fit into a WAV file at high rates.
pub const DURATION_MAX: Duration = Duration::from_secs(3600);

/// A microphone, as a configuration names it.
#[derive(Clone, PartialEq, Debug)]
pub struct MicrophoneSettings {
    /// The name of a sound card, an ALSA device such as `plughw:1,0`, or one that begins with `simulated`.
    pub device_name: String,
    /// Samples a second of each channel, Hz; 1 to [`SAMPLERATE_MAX`].
    pub samplerate: u32,
    /// 1 to [`CHANNELS_MAX`].
    pub audio_channels: u16,
    /// How many times slower than life the microphone delivers, more than 0; 1 for nearly all. It changes only what the header
    /// of a file says.
    pub time_expansion: f64,
}

impl MicrophoneSettings {
    /// One channel of 48,000 Hz, not expanded.
    #[must_use]
    pub fn of(device_name: &str) -> Self {
        Self { device_name: device_name.into(), samplerate: 48_000, audio_channels: 1, time_expansion: 1.0 }
    }

    /// Bytes of one sample of every channel.
    #[must_use]
    pub fn frame_bytes(&self) -> usize {
        2 * usize::from(self.audio_channels)
    }

    /// What the header of a file gives as its rate, Hz.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is between 1 and 2^32, or saturates"
    )]
    pub fn header_samplerate(&self) -> u32 {
        (f64::from(self.samplerate) / self.time_expansion) as u32
    }

    /// How many frames a duration has, to the nearest.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a duration is bounded by `DURATION_MAX`, else it saturates"
    )]
    pub fn frames(&self, duration: Duration) -> u64 {
        let nanoseconds = duration.as_nanos() * u128::from(self.samplerate);
        ((nanoseconds + 500_000_000) / 1_000_000_000).min(u128::from(u64::MAX)) as u64
    }

    /// # Errors
    /// With the first value that no microphone can have.
    pub fn validate(&self) -> Result<(), CaptureError> {
        let wrong = |what: String| Err(CaptureError::Settings(what));
        if self.samplerate == 0 || self.samplerate > SAMPLERATE_MAX {
            return wrong(format!(
                "samplerate: found {}, expected 1 to {SAMPLERATE_MAX} Hz",
                self.samplerate
            ));
        }
        if self.audio_channels == 0 || self.audio_channels > CHANNELS_MAX {
            return wrong(format!(
                "audio_channels: found {}, expected 1 to {CHANNELS_MAX}",
                self.audio_channels
            ));
        }
        let expansion = self.time_expansion;
        let header = f64::from(self.samplerate) / expansion;
        if !(expansion > 0.0 && (1.0..=f64::from(u32::MAX)).contains(&header)) {
            return wrong(format!(
                "time_expansion: found {expansion}, expected a number above 0 that leaves 1 Hz or more"
            ));
        }
        Ok(())
    }
}

/// How often a microphone is asked for how much, which decides whether it is closed in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rhythm {
    /// How long each recording is.
    pub duration: Duration,
    /// From the begin of one to the begin of the next.
    pub interval: Duration,
}

impl Rhythm {
    /// A pause that is longer lets the device be closed after each recording.
    pub const PAUSE_OPEN_MAX: Duration = Duration::from_secs(30);

    /// Whether one recording begins where the last one ended.
    #[must_use]
    pub fn is_gapless(&self) -> bool {
        self.interval <= self.duration
    }

    /// How long the device stays open after a recording when nobody asks for the next one.
    #[must_use]
    pub fn open_for(&self) -> Duration {
        let pause = self.interval.saturating_sub(self.duration);
        if pause > Self::PAUSE_OPEN_MAX { Duration::ZERO } else { self.interval + Self::PAUSE_OPEN_MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_the_nearest_number_of_frames() {
        let settings = MicrophoneSettings { samplerate: 44_100, ..MicrophoneSettings::of("x") };
        assert_eq!(settings.frames(Duration::from_secs(3)), 132_300);
        assert_eq!(settings.frames(Duration::from_millis(100)), 4410);
        assert_eq!(settings.frames(Duration::from_micros(34)), 1);
    }

    #[test]
    fn what_no_microphone_can_have_is_refused() {
        let good = MicrophoneSettings::of("x");
        assert!(good.validate().is_ok());
        assert!(MicrophoneSettings { samplerate: 0, ..good.clone() }.validate().is_err());
        assert!(MicrophoneSettings { audio_channels: 0, ..good.clone() }.validate().is_err());
        for time_expansion in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
            assert!(
                MicrophoneSettings { time_expansion, ..good.clone() }.validate().is_err(),
                "{time_expansion}"
            );
        }
    }

    #[test]
    fn a_device_is_closed_in_a_long_pause_only() {
        let rhythm = |duration, interval| Rhythm {
            duration: Duration::from_secs(duration),
            interval: Duration::from_secs(interval),
        };
        assert!(rhythm(3, 3).is_gapless());
        assert_eq!(rhythm(3, 10).open_for(), Duration::from_secs(40));
        assert_eq!(rhythm(3, 600).open_for(), Duration::ZERO);
    }
}
