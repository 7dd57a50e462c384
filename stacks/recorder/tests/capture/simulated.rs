//! Microphones that are not there.

use std::sync::Arc;
use std::time::Duration;

use minder_recorder::capture::{CaptureOptions, Clock, MicrophoneSettings, devices, health};

use super::{Studio, at, every, leaping, open, samples, settings};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn every_simulated_device_can_be_recorded_and_checked() {
    let studio = Studio::new();
    for device in devices::simulated() {
        let settings = MicrophoneSettings {
            samplerate: device.samplerate_default,
            audio_channels: device.channels_max,
            ..MicrophoneSettings::of(&device.name)
        };
        let options = CaptureOptions { clock: leaping(), ..studio.options() };
        health::check(&settings, options, studio.path()).unwrap_or_else(|problem| panic!("{problem}"));
        assert!(devices::is_simulated(&device.name));
    }
}

#[test]
fn a_night_passes_as_fast_as_one_likes() {
    let studio = Studio::new();
    let clock = leaping();
    let options = CaptureOptions { clock: clock.clone(), ..studio.options() };
    let mut microphone = open(&settings("simulated:noise"), every(600 * SECOND, SECOND), options);
    for number in 0..48 {
        let take = studio.record(&mut microphone, SECOND).expect("a recording");
        assert_eq!(take.started, at("2027-03-01T22:00:00Z") + number * 600 * SECOND);
        clock.leap(599 * SECOND);
    }
    assert_eq!(studio.files().len(), 48);
    assert_eq!(studio.files()[47], "20270302_055000.wav");
    assert_eq!(clock.now(), at("2027-03-02T06:00:00Z"));
}

#[test]
fn a_tone_goes_on_from_one_recording_to_the_next() {
    let studio = Studio::new();
    let options = CaptureOptions { clock: leaping(), ..studio.options() };
    let quarter = SECOND / 4;
    let mut microphone = open(&settings("simulated:tone=440"), every(quarter, quarter), options);
    let takes: Vec<_> =
        (0..8).map(|_| studio.record(&mut microphone, quarter).expect("a recording")).collect();
    let heard: Vec<i16> = takes.iter().flat_map(|take| samples(&take.path)).collect();
    let steps = heard.windows(2).map(|pair| (i32::from(pair[1]) - i32::from(pair[0])).abs());
    // Half of full scale at 440 Hz moves by 2π × 440 / 8000 × 16,384 at most.
    assert!(steps.max().is_some_and(|step| step <= 5663));
    // Four of them began in the same second, and none took the place of another.
    let expected = ["20270301_220000.wav", "20270301_220000_250.wav", "20270301_220000_500.wav"];
    assert_eq!(studio.files()[..3], expected);
}

#[test]
fn a_file_is_played() {
    let studio = Studio::new();
    let options = || CaptureOptions { clock: leaping(), ..studio.options() };
    let mut microphone = open(&settings("simulated:noise"), every(SECOND, SECOND), options());
    let noise = studio.record(&mut microphone, SECOND).expect("a recording");
    let name = format!("simulated:file={}", noise.path.display());
    let mut player = open(&settings(&name), every(2 * SECOND, 2 * SECOND), options());
    let played = studio.record(&mut player, 2 * SECOND).expect("a recording");
    let noise = samples(&noise.path);
    assert_eq!(samples(&played.path), [noise.clone(), noise].concat());
}

#[test]
fn a_simulated_device_that_there_is_not_is_not_found() {
    let studio = Studio::new();
    let error =
        health::check(&settings("simulated:frogs"), studio.options(), studio.path()).expect_err("none");
    let expected = "Audio device with name 'simulated:frogs' not found. Available devices: \
                    simulated, simulated:noise, simulated:birds, simulated:bats";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn when_the_wall_clock_is_set_recordings_have_the_new_time() {
    /// Shows another time than it was an hour ago, by the elapsed time alone.
    struct Set(Arc<minder_recorder::capture::LeapingClock>);
    impl Clock for Set {
        fn now(&self) -> jiff::Timestamp {
            let now = self.0.now();
            if self.0.elapsed() > SECOND / 2 { now + 3600 * SECOND } else { now }
        }
        fn elapsed(&self) -> Duration {
            self.0.elapsed()
        }
        fn wait_until(&self, then: Duration) {
            self.0.wait_until(then);
        }
    }
    let studio = Studio::new();
    let options = CaptureOptions { clock: Arc::new(Set(leaping())), ..studio.options() };
    let mut microphone = open(&settings("simulated"), every(SECOND, SECOND), options);
    let starts: Vec<_> =
        (0..3).map(|_| studio.record(&mut microphone, SECOND).expect("a recording").started).collect();
    let expected = ["2027-03-01T22:00:00Z", "2027-03-01T23:00:01Z", "2027-03-01T23:00:02Z"];
    assert_eq!(starts, expected.map(at));
}
