//! The detector that is built in: what is louder than the noise of its frequency, for as long as a call lasts.
//!
//! ```text
//!  samples ─▶ spectrum ─▶ dB above the median of each frequency ─▶ islands ─▶ joined ─▶ long and narrow enough ─▶ detections
//! ```
//!
//! It knows no species. What is there more than half of the time is noise to it, however loud, and so is what comes at all
//! frequencies at once.

use std::path::Path;
use std::time::Duration;

use super::islands::{Island, islands, joined};
use super::{DetectError, Detection, Detector, Kind, Region, Subject, Tag};
use crate::spectrum::Analyser;
use crate::wav::Wav;

/// How many samples are looked at together, which bounds memory to some tens of megabytes.
const SEGMENT: usize = 1 << 20;

/// The shortest and the longest piece of sound that is taken apart, samples.
const PIECE: (usize, usize) = (32, 16_384);

/// More detections in one recording are rain on the microphone: the best are kept.
const DETECTIONS_MAX: usize = 1000;

/// What is listened for.
#[derive(Clone, PartialEq, Debug)]
pub struct EnergySettings {
    /// What the detector calls itself.
    pub name: String,
    /// What is below is not heard, Hz.
    pub low: f64,
    /// What is above is not heard, Hz.
    pub high: f64,
    /// How long the pieces are that are taken apart; a shorter one tells times, a longer one tones.
    pub piece: Duration,
    /// How far above the noise, dB.
    pub threshold: f64,
    /// What is shorter is no call.
    pub duration_min: Duration,
    /// What is longer is no call.
    pub duration_max: Duration,
    /// What has more of the frequencies at one time is no call, Hz.
    pub width_max: f64,
    /// What is nearer to each other is one call.
    pub pause_max: Duration,
    /// What is found is tagged with this key and value, as surely as it is found.
    pub tag: (String, String),
}

impl EnergySettings {
    /// For songs of birds, at 16 kHz and more.
    #[must_use]
    pub fn birds() -> Self {
        Self {
            name: "minder-energy-birds".into(),
            low: 1000.0,
            high: 10_000.0,
            piece: Duration::from_millis(20),
            threshold: 8.0,
            duration_min: Duration::from_millis(30),
            duration_max: Duration::from_secs(5),
            width_max: 3000.0,
            pause_max: Duration::from_millis(15),
            tag: ("sound".into(), "bird".into()),
        }
    }

    /// For calls of bats, at 192 kHz and more.
    #[must_use]
    pub fn bats() -> Self {
        Self {
            name: "minder-energy-bats".into(),
            low: 15_000.0,
            high: 150_000.0,
            piece: Duration::from_micros(1300),
            threshold: 8.0,
            duration_min: Duration::from_millis(2),
            duration_max: Duration::from_millis(60),
            width_max: 40_000.0,
            pause_max: Duration::from_millis(1),
            tag: ("sound".into(), "bat".into()),
        }
    }
}

/// Listens for what is louder than noise.
#[derive(Clone, Debug)]
pub struct EnergyDetector {
    settings: EnergySettings,
}

impl EnergyDetector {
    /// With these settings.
    #[must_use]
    pub fn of(settings: EnergySettings) -> Self {
        Self { settings }
    }

    /// What is heard in a file. Times and frequencies are those of life, which is `time_expansion` times as fast.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn listen(&self, path: &Path, time_expansion: f64) -> Result<Vec<Detection>, DetectError> {
        let mut wav = Wav::open(path).map_err(DetectError::Recording)?;
        let rate = f64::from(wav.format().samplerate) * time_expansion;
        let scale = Scale::of(&self.settings, rate);
        let mut found = Vec::new();
        let mut from = 0;
        // Segments overlap by one piece, so that none is missing between them.
        while from == 0 || from + (scale.analyser.length() as u64) < wav.frames() {
            let samples =
                wav.read_mono(from, SEGMENT + scale.analyser.length()).map_err(DetectError::Recording)?;
            found.extend(scale.islands(&self.settings, &samples, from / scale.analyser.hop() as u64));
            from += SEGMENT as u64;
        }
        let found = joined(found, scale.pause(self.settings.pause_max), JOINED_BINS);
        let mut detections: Vec<Detection> =
            found.iter().filter_map(|island| scale.detection(&self.settings, island)).collect();
        detections.sort_by(|one, other| other.score.total_cmp(&one.score));
        detections.truncate(DETECTIONS_MAX);
        let start = |detection: &Detection| detection.region.map_or(0.0, |region| region.start);
        detections.sort_by(|one, other| start(one).total_cmp(&start(other)));
        Ok(detections)
    }
}

impl Detector for EnergyDetector {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn detect(&mut self, subject: &Subject<'_>) -> Result<Vec<Detection>, DetectError> {
        self.listen(subject.path, subject.time_expansion)
    }
}

/// How far apart in frequency the parts of one call may be.
const JOINED_BINS: usize = 4;

/// What settings are in pieces and bins of a rate.
struct Scale {
    analyser: Analyser,
    rate: f64,
    low: usize,
    high: usize,
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bins and pieces are few, and not negative"
)]
impl Scale {
    fn of(settings: &EnergySettings, rate: f64) -> Self {
        let length = (settings.piece.as_secs_f64() * rate) as usize;
        let length = length.next_power_of_two().clamp(PIECE.0, PIECE.1);
        let bin = rate / length as f64;
        let low = (settings.low / bin).ceil().max(1.0) as usize;
        let high = ((settings.high / bin).floor().max(0.0) as usize + 1).min(length / 2);
        Self { analyser: Analyser::of(length), rate, low, high: high.max(low) }
    }

    /// Hz.
    fn bin(&self) -> f64 {
        self.rate / self.analyser.length() as f64
    }

    /// Seconds.
    fn hop(&self) -> f64 {
        self.analyser.hop() as f64 / self.rate
    }

    /// How many pieces a pause has.
    fn pause(&self, pause: Duration) -> u64 {
        (pause.as_secs_f64() / self.hop()) as u64
    }

    fn islands(&self, settings: &EnergySettings, samples: &[f32], first: u64) -> Vec<Island> {
        let spectrum = self.analyser.analyse(samples, self.low..self.high).smoothed();
        let above = spectrum.above(&spectrum.floor());
        islands(&above, settings.threshold as f32, first)
    }

    fn detection(&self, settings: &EnergySettings, island: &Island) -> Option<Detection> {
        // A piece is said to be where its middle is.
        let middle = self.analyser.length() as f64 / 2.0 / self.rate;
        let start = (island.pieces.start as f64 - 0.5) * self.hop() + middle;
        let end = (island.pieces.end as f64 - 0.5) * self.hop() + middle;
        let low = ((self.low + island.bins.start) as f64 - 0.5) * self.bin();
        let high = ((self.low + island.bins.end) as f64 - 0.5) * self.bin();
        let length = Duration::from_secs_f64((end - start).max(0.0));
        let fits = (settings.duration_min..=settings.duration_max).contains(&length);
        if !fits || island.width as f64 * self.bin() > settings.width_max {
            return None;
        }
        // At the threshold it is as likely as not; with each factor of two in amplitude half of the doubt goes.
        let doubt = 10.0_f64.powf((settings.threshold - f64::from(island.peak)) / 20.0);
        let score = (1.0 - doubt / 2.0).clamp(0.0, 1.0);
        let (key, value) = settings.tag.clone();
        let tags = vec![Tag { key, value, score }];
        let region = Region { start: start.max(0.0), end, low: low.max(0.0), high };
        Some(Detection { kind: Kind::Event, region: Some(region), score, tags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_that_is_too_low_for_what_is_listened_for_finds_nothing() {
        let scale = Scale::of(&EnergySettings::bats(), 16_000.0);
        assert_eq!(scale.islands(&EnergySettings::bats(), &[0.0; 1000], 0).len(), 0);
    }
}
