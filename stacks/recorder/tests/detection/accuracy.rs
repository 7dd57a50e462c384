//! Precision and recall of the built-in detector on nights that are known. The figures of docs/reference/detectors.md are what
//! these tests print.

use std::time::Duration;

use minder_recorder::capture::scene::{Scene, Voices};
use minder_recorder::detect::{Detector, EnergyDetector, EnergySettings, Region};

use super::{record, subject};

/// How much of the shorter one must be shared for two to be the same.
const SHARED: f64 = 0.3;

#[derive(Default, Debug)]
struct Tally {
    calls: usize,
    found: usize,
    detections: usize,
    right: usize,
}

impl Tally {
    fn precision(&self) -> f64 {
        if self.detections == 0 { 1.0 } else { self.right as f64 / self.detections as f64 }
    }

    fn recall(&self) -> f64 {
        self.found as f64 / self.calls as f64
    }
}

/// Listens to some nights of this loudness.
fn tally(voices: Voices, samplerate: u32, seconds: u64, loudness: f64) -> Tally {
    let folder = tempfile::tempdir().expect("a directory");
    let (kind, settings) = match voices {
        Voices::Birds => ("birds", EnergySettings::birds()),
        Voices::Bats => ("bats", EnergySettings::bats()),
    };
    let mut detector = EnergyDetector::of(settings);
    let mut tally = Tally::default();
    for seed in 1..=4 {
        let device = format!("simulated:{kind},seed={seed},loudness={loudness}");
        let path = record(&device, samplerate, Duration::from_secs(seconds), folder.path());
        let scene = Scene { voices, seed, loudness };
        let calls = scene.calls(samplerate, 0.0, seconds as f64);
        let detections = detector.detect(&subject(&path)).expect("a recording that can be read");
        let heard: Vec<Region> = detections.iter().filter_map(|detection| detection.region).collect();
        let same = |one: &Region, other: &Region| one.overlap(other) >= SHARED;
        tally.calls += calls.len();
        tally.found += calls.iter().filter(|call| heard.iter().any(|other| same(call, other))).count();
        tally.detections += heard.len();
        tally.right += heard.iter().filter(|one| calls.iter().any(|call| same(one, call))).count();
    }
    tally
}

fn check(voices: Voices, samplerate: u32, seconds: u64, bounds: &[(f64, f64, f64)]) {
    let mut failures = Vec::new();
    for &(loudness, precision, recall) in bounds {
        let tally = tally(voices, samplerate, seconds, loudness);
        let (calls, detections) = (tally.calls, tally.detections);
        let line = format!(
            "{voices:?} {loudness} dB: {calls} calls, {detections} detections, precision {:.3}, recall {:.3}",
            tally.precision(),
            tally.recall()
        );
        println!("{line}");
        if tally.precision() < precision || tally.recall() < recall {
            failures.push(format!("{line}, expected {precision} and {recall}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn birds_are_found_in_noise() {
    let bounds = [(10.0, 0.9, 0.9), (0.0, 0.9, 0.9), (-5.0, 0.9, 0.8), (-10.0, 0.9, 0.5), (-15.0, 0.8, 0.1)];
    check(Voices::Birds, 48_000, 24, &bounds);
}

#[test]
fn bats_are_found_in_noise() {
    let bounds = [(10.0, 0.9, 0.9), (0.0, 0.9, 0.8), (-5.0, 0.9, 0.5), (-10.0, 0.8, 0.0)];
    check(Voices::Bats, 384_000, 5, &bounds);
}

#[test]
fn in_noise_alone_nothing_is_found() {
    let folder = tempfile::tempdir().expect("a directory");
    for (samplerate, settings) in [(48_000, EnergySettings::birds()), (384_000, EnergySettings::bats())] {
        let path = record("simulated:noise", samplerate, Duration::from_secs(8), folder.path());
        let found = EnergyDetector::of(settings).detect(&subject(&path)).expect("a recording");
        assert!(found.is_empty(), "{found:?}");
    }
}

#[test]
fn a_tone_that_never_ends_is_noise_and_so_is_silence() {
    let folder = tempfile::tempdir().expect("a directory");
    let silence = folder.path().join("silence");
    let format = minder_recorder::wav::WavFormat { samplerate: 48_000, channels: 1 };
    let mut writer = minder_recorder::wav::WavWriter::create(&silence, format, 48_000, b"").expect("a file");
    writer.write(&[0; 96_000]).expect("room");
    let silence = writer.finish().expect("all of it");
    let tone = record("simulated:tone=4000", 48_000, Duration::from_secs(4), folder.path());
    for path in [silence, tone] {
        let found = EnergyDetector::of(EnergySettings::birds()).detect(&subject(&path)).expect("a recording");
        assert!(found.is_empty(), "{found:?}");
    }
}
