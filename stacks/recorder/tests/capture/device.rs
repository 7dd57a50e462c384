//! Real microphones, as far as a program can be one.

use std::fs;
use std::path::Path;
use std::time::Duration;

use minder_recorder::capture::{
    CaptureError, CaptureEvent, CaptureOptions, MicrophoneSettings, devices, health,
};

use super::{Studio, eventually, every, leaping, open, samples, settings};

const MOMENT: Duration = Duration::from_millis(200);

fn counting(from: i16, count: usize) -> Vec<i16> {
    (from..=i16::MAX).cycle().take(count).collect()
}

#[test]
fn recordings_that_follow_each_other_have_no_gap() {
    let studio = Studio::new();
    let mut microphone = studio.microphone("counting", every(MOMENT, MOMENT));
    let takes: Vec<_> = (0..6)
        .map(|number| {
            // Sometimes the queue is late, but not by a whole period.
            std::thread::sleep(MOMENT / 2 * (number % 2));
            studio.record(&mut microphone, MOMENT).expect("a recording")
        })
        .collect();
    let heard: Vec<i16> = takes.iter().flat_map(|take| samples(&take.path)).collect();
    assert_eq!(heard, counting(heard[0], 6 * 1600));
    for pair in takes.windows(2) {
        assert_eq!(pair[1].gap, Some(Duration::ZERO));
        let between = pair[1].started.duration_since(pair[0].started).unsigned_abs();
        assert!(between.abs_diff(MOMENT) <= MOMENT / 1000, "{between:?}");
    }
    assert_eq!(studio.events(), [CaptureEvent::Opened]);
}

#[test]
fn a_device_that_is_lost_leaves_no_file_and_comes_back() {
    let studio = Studio::new();
    let plug = studio.path().join("plug");
    fs::write(&plug, "").expect("a file");
    let clock = leaping();
    let options = CaptureOptions { clock: clock.clone(), ..studio.options() };
    let name = format!("while={}", plug.display());
    let mut microphone = open(&settings(&name), every(MOMENT, MOMENT), options);
    studio.record(&mut microphone, MOMENT).expect("a recording");
    fs::remove_file(&plug).expect("it is there");

    let lost =
        format!("Audio device with name '{name}' not found. Available devices: UltraMic 384K 16 bit r0");
    let error = studio.record(&mut microphone, Duration::from_secs(600)).expect_err("no device");
    assert_eq!(error.to_string(), lost);
    let error = studio.record(&mut microphone, MOMENT).expect_err("no device");
    assert_eq!(error.to_string(), lost);
    // Whoever asks at once is not made to wait for a device that was not there just now.
    let error = studio.record(&mut microphone, MOMENT).expect_err("no device");
    assert_eq!(error.to_string(), format!("{lost} (it is tried again in 1.0 s)"));
    assert_eq!(studio.files().len(), 1);

    clock.leap(Duration::from_secs(1));
    fs::write(&plug, "").expect("a file");
    studio.record(&mut microphone, MOMENT).expect("a recording");
    let away = CaptureEvent::Returned(Duration::from_secs(1));
    let expected = [CaptureEvent::Opened, CaptureEvent::Lost(lost), CaptureEvent::Opened, away];
    assert_eq!(studio.events(), expected);
}

#[test]
fn a_device_that_stays_away_is_looked_for_less_and_less_often() {
    let studio = Studio::new();
    let clock = leaping();
    let options = CaptureOptions { clock: clock.clone(), ..studio.options() };
    let mut microphone = open(&settings("nowhere"), every(MOMENT, MOMENT), options);
    let mut delays = Vec::new();
    while delays.len() < 7 {
        match studio.record(&mut microphone, MOMENT).expect_err("no device") {
            CaptureError::NotFound { .. } => {}
            CaptureError::Waiting { retry_in, .. } => {
                delays.push(retry_in.as_secs());
                clock.leap(retry_in);
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(delays, [1, 2, 4, 8, 16, 30, 30]);
}

#[test]
fn a_device_that_falls_silent_is_lost() {
    let studio = Studio::new();
    let options = CaptureOptions { silence_max: Duration::from_secs(1), ..studio.options() };
    let mut microphone = open(&settings("stalls=800"), every(MOMENT, MOMENT), options);
    let error = studio.record(&mut microphone, MOMENT).expect_err("nothing comes");
    assert_eq!(error.to_string(), "audio device 'stalls=800' has delivered nothing for 1 s");
    assert_eq!(studio.files(), Vec::<String>::new());
}

#[test]
fn a_device_that_is_not_what_was_asked_for_is_refused() {
    let cases = [
        (
            "rate=44100",
            "The audio recorder is not compatible with the selected samplerate. Check the configurations.",
        ),
        (
            "channels=2",
            "The audio recorder is not compatible with the selected number of channels. Check the configurations.",
        ),
    ];
    for (device, expected) in cases {
        let studio = Studio::new();
        let error = health::check(&settings(device), studio.options(), studio.path()).expect_err("a refusal");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_device_whose_pace_is_a_lie_is_refused() {
    let studio = Studio::new();
    let mut microphone = studio.microphone("pace=50", every(MOMENT, MOMENT));
    let duration = Duration::from_secs(8);
    let error = studio.record(&mut microphone, duration).expect_err("too fast").to_string();
    let text = "Recorded audio samplerate does not match the configured samplerate. Expected 8000 Hz, got ";
    assert!(error.starts_with(text), "{error}");
    assert_eq!(studio.files(), Vec::<String>::new());
}

#[test]
fn what_does_not_fit_into_memory_is_lost_aloud_and_the_next_recording_is_tried() {
    let studio = Studio::new();
    let options = CaptureOptions { memory_bytes: 64, ..studio.options() };
    let mut microphone = open(&settings("counting"), every(MOMENT, MOMENT), options);
    for _ in 0..2 {
        let error = studio.record(&mut microphone, MOMENT).expect_err("an overrun");
        assert!(matches!(error, CaptureError::Overrun { .. }), "{error}");
    }
    let overruns = studio.events();
    assert!(overruns.iter().filter(|event| matches!(event, CaptureEvent::Overrun(_))).count() == 2);
    assert_eq!(studio.files(), Vec::<String>::new());
}

#[test]
fn samples_that_the_sound_card_loses_are_told() {
    let studio = Studio::new();
    let mut microphone = studio.microphone("loses=800", every(MOMENT, MOMENT));
    eventually("it is told", || {
        studio.record(&mut microphone, MOMENT).expect("a recording");
        studio.events().contains(&CaptureEvent::Gaps(1))
    });
}

#[test]
fn in_a_long_pause_the_device_is_closed() {
    let studio = Studio::new();
    let pid = studio.path().join("pid");
    let device = format!("counting,pid={}", pid.display());
    let mut microphone = studio.microphone(&device, every(Duration::from_secs(600), MOMENT));
    studio.record(&mut microphone, MOMENT).expect("a recording");
    let first = process(&pid);
    eventually("the device is closed", || !Path::new(&first).exists());
    // It is opened again for the next.
    let take = studio.record(&mut microphone, MOMENT).expect("a recording");
    assert_eq!(samples(&take.path)[..3], [0, 1, 2]);
}

#[test]
fn a_device_that_nobody_asks_any_more_is_closed() {
    let studio = Studio::new();
    let pid = studio.path().join("pid");
    let clock = leaping();
    let options = CaptureOptions { clock: clock.clone(), ..studio.options() };
    let device = format!("counting,pid={}", pid.display());
    let mut microphone = open(&settings(&device), every(MOMENT, MOMENT), options);
    studio.record(&mut microphone, MOMENT).expect("a recording");
    let process = process(&pid);
    assert!(Path::new(&process).exists());
    clock.leap(Duration::from_secs(31));
    eventually("the device is closed", || !Path::new(&process).exists());
    studio.record(&mut microphone, MOMENT).expect("a recording");
}

#[test]
fn a_card_is_found_by_its_name_and_checked() {
    let studio = Studio::new();
    let options = studio.options();
    let found = devices::devices(&options.program).expect("a listing");
    assert_eq!(found[0].name, "UltraMic 384K 16 bit r0");
    assert_eq!((found[0].channels_max, found[0].samplerates), (2, (44_100, 384_000)));
    assert_eq!([&found[1].name, &found[2].name], ["default", "simulated"]);
    let settings = MicrophoneSettings { audio_channels: 2, ..settings(&found[0].name) };
    health::check(&settings, options, studio.path()).expect("it works");
    // Nothing is left of the check.
    assert_eq!(fs::read_dir(studio.path()).expect("a directory").count(), 0);
}

#[test]
fn without_arecord_it_is_said_what_is_missing() {
    let studio = Studio::new();
    let options = CaptureOptions { program: "/nonexistent/arecord".into(), ..studio.options() };
    let error = health::check(&settings("usb"), options, studio.path()).expect_err("no program");
    assert_eq!(
        error.to_string(),
        "cannot start /nonexistent/arecord: No such file or directory (os error 2)"
    );
}

/// The directory in `/proc` of the process that wrote its number.
fn process(pid: &Path) -> String {
    format!("/proc/{}", fs::read_to_string(pid).expect("a number"))
}
