//! Pictures of recordings.

use std::fs::File;
use std::io::BufReader;
use std::sync::Arc;
use std::time::Duration;

use minder_recorder::capture::{
    CaptureOptions, Errand, LeapingClock, Microphone, MicrophoneSettings, Rhythm,
};
use minder_recorder::detect::{EnergyDetector, EnergySettings};
use minder_recorder::guano::Inscription;
use minder_recorder::spectrogram::{Drawing, PictureError, draw};

const BOX: [u8; 3] = [64, 224, 255];

#[test]
fn a_picture_shows_the_sound_and_what_was_detected() {
    // To be looked at: MINDER_PICTURES=DIRECTORY.
    let temporary = tempfile::tempdir().expect("a directory");
    let folder = std::env::var_os("MINDER_PICTURES").map_or_else(|| temporary.path().to_owned(), Into::into);
    for (device, samplerate, settings) in
        [("birds", 48_000, EnergySettings::birds()), ("bats", 384_000, EnergySettings::bats())]
    {
        let duration = Duration::from_secs(3);
        let clock = Arc::new(LeapingClock::begin(jiff::Timestamp::UNIX_EPOCH));
        let options = CaptureOptions { clock, ..CaptureOptions::default() };
        let microphone = MicrophoneSettings {
            samplerate,
            ..MicrophoneSettings::of(&format!("simulated:{device},loudness=5"))
        };
        let mut microphone = Microphone::open(&microphone, Rhythm { duration, interval: duration }, options)
            .expect("settings");
        let errand = Errand { duration, directory: &folder, inscription: &Inscription::default() };
        let take = microphone.record(&errand).expect("a recording");
        let detections = EnergyDetector::of(settings).listen(&take.path, 1.0).expect("detections");
        let title = format!("{device} {}", take.started);
        let path = folder.join(format!("{device}.png"));
        let drawing =
            Drawing { recording: &take.path, time_expansion: 1.0, title: &title, detections: &detections };
        draw(&drawing, &path).expect("a picture");
        let with_boxes = pixels(&path);
        draw(&Drawing { detections: &[], ..drawing }, &folder.join("bare.png")).expect("a picture");
        let bare = pixels(&folder.join("bare.png"));
        assert!(count(&bare, BOX) == 0 && count(&with_boxes, BOX) > 100 * detections.len());
        // There is more than noise in it: nearly white and nearly black.
        assert!(bare.iter().any(|pixel| pixel[0] > 240) && bare.iter().any(|pixel| pixel[0] < 10));
    }
}

#[test]
fn what_cannot_be_drawn_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a directory");
    let recording = folder.path().join("none.wav");
    let drawing = Drawing { recording: &recording, time_expansion: 1.0, title: "", detections: &[] };
    assert!(matches!(draw(&drawing, &folder.path().join("none.png")), Err(PictureError::Recording(_))));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a directory").count(), 0);
}

fn pixels(path: &std::path::Path) -> Vec<[u8; 3]> {
    let decoder = png::Decoder::new(BufReader::new(File::open(path).expect("a file")));
    let mut reader = decoder.read_info().expect("a PNG file");
    let mut bytes = vec![0; reader.output_buffer_size().expect("not too large")];
    reader.next_frame(&mut bytes).expect("pixels");
    bytes.as_chunks::<3>().0.to_vec()
}

fn count(pixels: &[[u8; 3]], colour: [u8; 3]) -> usize {
    pixels.iter().filter(|pixel| **pixel == colour).count()
}
