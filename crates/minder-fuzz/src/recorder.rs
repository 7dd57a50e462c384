//! What a recorder reads: recordings, and what detectors say.

use std::io::Cursor;

use minder_recorder::detect::Detection;
use minder_recorder::detect::protocol::{Answer, DETECTIONS_MAX, TAGS_MAX, TEXT_MAX, answer, greeting};
use minder_recorder::guano::{FIELDS_MAX, Guano};
use minder_recorder::wav::Wav;

/// A recording is no longer than its file, and what it says about itself can be said again.
pub fn wav_file(bytes: &[u8]) {
    let Ok(mut wav) = Wav::new(Cursor::new(bytes)) else { return };
    let (format, frames) = (wav.format(), wav.frames());
    assert!(format.samplerate > 0 && format.channels > 0 && wav.seconds().is_finite());
    assert!(frames * format.frame_bytes() as u64 <= bytes.len() as u64);
    let samples = wav.read(0, usize::MAX).expect("a file that is in memory");
    assert_eq!(samples.len() as u64, frames * u64::from(format.channels));
    assert!(wav.read(frames, 1).expect("a file that is in memory").is_empty());
    let mean = wav.read_mono(0, usize::MAX).expect("a file that is in memory");
    assert!(mean.len() as u64 == frames && mean.iter().all(|sample| sample.abs() <= 1.0));
    let Some(guano) = wav.guano() else { return };
    assert!(guano.fields().len() <= FIELDS_MAX);
    let again = Guano::from_bytes(&guano.to_bytes());
    assert_eq!(Guano::from_bytes(&again.to_bytes()), again);
}

/// A line of a detector means nothing, or what can be true.
pub fn detector_lines(bytes: &[u8]) {
    if let Ok(name) = greeting(bytes) {
        assert!(!name.is_empty() && name.len() <= TEXT_MAX);
    }
    match answer(bytes, 1) {
        Ok(Answer::Heard(detections)) => {
            assert!(detections.len() <= DETECTIONS_MAX);
            detections.iter().for_each(can_be_true);
        }
        Ok(Answer::Failed(_)) => {}
        Err(nonsense) => assert!(nonsense.to_string().len() < 2000),
    }
}

fn can_be_true(detection: &Detection) {
    let sure = |score: f64| (0.0..=1.0).contains(&score);
    assert!(sure(detection.score) && detection.tags.len() <= TAGS_MAX);
    assert!(detection.tags.iter().all(|tag| sure(tag.score) && !tag.key.is_empty() && !tag.value.is_empty()));
    if let Some(region) = detection.region {
        assert!(0.0 <= region.start && region.start < region.end && region.end.is_finite());
        assert!(0.0 <= region.low && region.low < region.high && region.high.is_finite());
    }
}
