//! What a simulated microphone hears, and how it is named.
//!
//! | name | what it hears |
//! | --- | --- |
//! | `simulated`, `simulated:tone` | a tone of 1,000 Hz |
//! | `simulated:tone=440` | a tone of 440 Hz |
//! | `simulated:noise` | noise |
//! | `simulated:birds`, `simulated:bats` | calls in noise |
//! | `simulated:file=/a/b.wav` | a file, again and again |
//!
//! `,seed=7` behind noise, birds and bats makes it another one; `,loudness=-5` behind birds and bats lets calls be 5 dB less
//! loud than the noise, by the power of both.

use std::f64::consts::TAU;
use std::path::PathBuf;

use super::chance::Chance;
use super::scene::{Scene, Voices};
use crate::wav::{Wav, WavError};

/// How the names of simulated microphones begin.
pub const SIMULATED: &str = "simulated";

/// The longest file that is played, frames: what is behind it is not heard.
const PLAYED_MAX: usize = 1 << 26;

/// Something that can be heard at any time.
#[derive(Clone, Debug)]
pub(super) enum Sound {
    /// A sine of half of full scale, Hz.
    Tone(f64),
    /// Noise of a tenth of full scale.
    Noise(Chance),
    /// Calls in noise.
    Scene(Scene),
    /// A file, -1 to 1, and its rate, Hz.
    Played(Vec<f32>, u32),
}

/// What a name asks for, before a file is opened.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum SoundName {
    Tone(f64),
    Noise(u64),
    Scene(Scene),
    File(PathBuf),
}

impl SoundName {
    /// `None` if the name is none of a simulated microphone.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let rest = name.strip_prefix(SIMULATED)?;
        let Some(rest) = rest.strip_prefix(':') else {
            return rest.is_empty().then_some(Self::Tone(1000.0));
        };
        // A path may have a comma in it.
        if let Some(path) = rest.strip_prefix("file=") {
            return Some(Self::File(PathBuf::from(path)));
        }
        let mut words = rest.split(',');
        let kind = words.next()?;
        let (mut seed, mut loudness) = (1, None);
        for (key, value) in words.map(|word| word.split_once('=').unwrap_or((word, ""))) {
            match key {
                "seed" => seed = value.parse().ok()?,
                "loudness" => {
                    let level = value.parse().ok().filter(|level| (-60.0..=30.0).contains(level));
                    loudness = Some(level?);
                }
                _ => return None,
            }
        }
        let scene = |voices| {
            let scene = Scene { seed, ..Scene::of(voices) };
            Some(Self::Scene(Scene { loudness: loudness.unwrap_or(scene.loudness), ..scene }))
        };
        match kind {
            "tone" => Some(Self::Tone(1000.0)),
            "noise" => Some(Self::Noise(seed)),
            "birds" => scene(Voices::Birds),
            "bats" => scene(Voices::Bats),
            other => {
                let pitch: f64 = other.strip_prefix("tone=")?.parse().ok()?;
                (pitch.is_finite() && pitch > 0.0).then_some(Self::Tone(pitch))
            }
        }
    }
}

impl Sound {
    /// # Errors
    /// If its file cannot be read.
    pub(super) fn of(name: SoundName) -> Result<Self, WavError> {
        Ok(match name {
            SoundName::Tone(pitch) => Self::Tone(pitch),
            SoundName::Noise(seed) => Self::Noise(Chance::of(seed, 1)),
            SoundName::Scene(scene) => Self::Scene(scene),
            SoundName::File(path) => {
                let mut wav = Wav::open(&path)?;
                let samples = wav.read_mono(0, PLAYED_MAX)?;
                if samples.is_empty() {
                    return Err(WavError::Malformed("it has no samples to be played"));
                }
                Self::Played(samples, wav.format().samplerate)
            }
        })
    }

    /// What is heard from this sample on, the same on each channel: 16-bit little-endian frames.
    pub(super) fn render(&self, position: u64, samplerate: u32, channels: u16, frames: &mut [u8]) {
        let frame = 2 * usize::from(channels);
        let mut heard = vec![0.0; frames.len() / frame];
        self.hear(position, samplerate, &mut heard);
        for (sample, frame) in heard.iter().zip(frames.chunks_exact_mut(frame)) {
            let (sides, _) = frame.as_chunks_mut::<2>();
            sides.fill(quantised(*sample).to_le_bytes());
        }
    }

    #[expect(clippy::cast_possible_truncation, reason = "the sums are small, or wrap")]
    fn hear(&self, position: u64, samplerate: u32, heard: &mut [f32]) {
        let rate = f64::from(samplerate);
        match self {
            Self::Tone(pitch) => {
                for (position, sample) in (position..).zip(heard) {
                    // Whole seconds are left out so that a tone is as clean after a year.
                    let turns = (position % u64::from(samplerate)) as f64 / rate * pitch
                        + (position / u64::from(samplerate)) as f64 * pitch.fract();
                    *sample = (0.5 * (TAU * turns.fract()).sin()) as f32;
                }
            }
            Self::Noise(chance) => {
                for (position, sample) in (position..).zip(heard) {
                    *sample = (0.1 * chance.bell(position)) as f32;
                }
            }
            Self::Scene(scene) => scene.hear(position, samplerate, heard),
            Self::Played(samples, own_rate) => {
                for (position, sample) in (position..).zip(heard) {
                    *sample = played(samples, *own_rate, position, samplerate);
                }
            }
        }
    }
}

/// A sample of a file at another rate: between the two that are nearest.
fn played(samples: &[f32], own_rate: u32, position: u64, samplerate: u32) -> f32 {
    let scaled = u128::from(position) * u128::from(own_rate);
    let whole = ((scaled / u128::from(samplerate)) % samples.len() as u128) as usize;
    let part = (scaled % u128::from(samplerate)) as f32 / samplerate as f32;
    let next = samples[(whole + 1) % samples.len()];
    samples[whole] + (next - samples[whole]) * part
}

/// To 16 bits; what is too loud is cut off.
#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn quantised(sample: f32) -> i16 {
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mean_what_the_table_says() {
        assert_eq!(SoundName::parse("simulated"), Some(SoundName::Tone(1000.0)));
        assert_eq!(SoundName::parse("simulated:tone=440"), Some(SoundName::Tone(440.0)));
        assert_eq!(SoundName::parse("simulated:noise,seed=7"), Some(SoundName::Noise(7)));
        assert_eq!(
            SoundName::parse("simulated:file=/a,seed=b.wav"),
            Some(SoundName::File("/a,seed=b.wav".into()))
        );
        let bats = Scene { seed: 3, loudness: -5.0, ..Scene::of(Voices::Bats) };
        assert_eq!(SoundName::parse("simulated:bats,seed=3,loudness=-5"), Some(SoundName::Scene(bats)));
        for wrong in [
            "simulatedx",
            "simulated:",
            "simulated:frogs",
            "simulated:tone=-1",
            "usb",
            "simulated:noise,seed=x",
            "simulated:birds,loudness=99",
        ] {
            assert_eq!(SoundName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_file_is_played_again_and_again_at_the_rate_that_is_asked_for() {
        let sound = Sound::Played(vec![0.0, 0.5], 1);
        let mut heard = [0.0; 6];
        sound.hear(0, 2, &mut heard);
        assert_eq!(heard, [0.0, 0.25, 0.5, 0.25, 0.0, 0.25]);
    }

    #[test]
    fn a_tone_goes_on_over_the_border_of_a_second() {
        let sound = Sound::Tone(440.5);
        let mut heard = vec![0.0; 96_000];
        sound.hear(0, 48_000, &mut heard);
        let jump = heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max);
        assert!(jump < 0.03, "{jump}");
    }
}
