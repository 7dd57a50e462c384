//! The files, read by others than who wrote them.

use std::fs;
use std::process::Command;
use std::time::Duration;

use minder_recorder::capture::{CaptureOptions, MicrophoneSettings};
use minder_recorder::wav::{Wav, WavError, WavFormat, WavWriter};

use super::{Studio, every, leaping, open};

/// Prints what Python's own reader finds, and walks over the chunks by itself.
const PYTHON: &str = "
import struct, sys, wave
with wave.open(sys.argv[1]) as file:
    print(file.getframerate(), file.getnchannels(), file.getsampwidth(), file.getnframes())
    print(len(file.readframes(file.getnframes())))
data = open(sys.argv[1], 'rb').read()
assert struct.unpack('<I', data[4:8])[0] == len(data) - 8
print(struct.unpack('<I', data[28:32])[0])
at = 12
while at < len(data):
    name, size = struct.unpack('<4sI', data[at:at + 8])
    print(name.decode(), size)
    if name == b'guan':
        print(data[at + 8:at + 8 + size].decode(), end='')
    at += 8 + size + size % 2
assert at == len(data)
";

#[test]
fn python_reads_what_was_recorded() {
    let studio = Studio::new();
    let settings = MicrophoneSettings {
        samplerate: 192_000,
        audio_channels: 2,
        time_expansion: 10.0,
        ..MicrophoneSettings::of("simulated:bats")
    };
    let second = Duration::from_secs(1);
    let options = CaptureOptions { clock: leaping(), ..studio.options() };
    let take =
        studio.record(&mut open(&settings, every(second, second), options), second).expect("a recording");
    let python = Command::new("python3").args(["-c", PYTHON]).arg(&take.path).output().expect("python3");
    assert!(python.status.success(), "{}", String::from_utf8_lossy(&python.stderr));
    let guano = "GUANO|Version: 1.0\nTimestamp: 2027-03-01T22:00:00.000000Z\nAcoupi|Deployment Name: a wood\n\
                 Firmware Version: \nMake: acoupi\nSerial: \nSamplerate: 192000\nTE: 10\n";
    // Rate and byte rate are those of the expansion, the samples are not.
    let expected =
        format!("19200 2 2 192000\n768000\n76800\nfmt  16\ndata 768000\nguan {}\n{guano}", guano.len());
    assert_eq!(String::from_utf8_lossy(&python.stdout), expected);
    assert_eq!((take.samplerate, take.frames, take.duration), (192_000, 192_000, second));
}

#[test]
fn what_is_written_is_read_from_any_frame() {
    let studio = Studio::new();
    let path = studio.path().join("a.wav");
    let format = WavFormat { samplerate: 44_100, channels: 2 };
    let mut writer = WavWriter::create(&path, format, 3, b"Note: odd\n").expect("a file");
    writer.write(&[1, 0, 2, 0, 3, 0]).expect("room");
    writer.write(&[4, 0, 5, 0, 255, 255]).expect("room");
    writer.finish().expect("all of it");
    let mut wav = Wav::open(&path).expect("a WAV file");
    assert_eq!((wav.format(), wav.frames()), (format, 3));
    assert_eq!(wav.guano().and_then(|guano| guano.get("Note")), Some("odd"));
    assert_eq!(wav.read(1, 10).expect("samples"), [3, 4, 5, -1]);
    assert!(wav.read(3, 10).expect("samples").is_empty());
    assert_eq!(wav.read_mono(0, 1).expect("samples"), [1.5 / 32_768.0]);
}

#[test]
fn a_file_that_is_not_whole_is_none() {
    let studio = Studio::new();
    let path = studio.path().join("a.wav");
    let format = WavFormat { samplerate: 8000, channels: 1 };
    let mut writer = WavWriter::create(&path, format, 2, b"").expect("a file");
    writer.write(&[1, 0]).expect("room");
    assert!(matches!(writer.finish(), Err(WavError::Incomplete { expected: 4, found: 2 })));
    let mut writer = WavWriter::create(&path, format, 1, b"").expect("a file");
    assert!(matches!(writer.write(&[0; 4]), Err(WavError::Incomplete { expected: 2, found: 4 })));
    drop(writer);
    assert_eq!(fs::read_dir(studio.path()).expect("a directory").count(), 0);
}

#[test]
fn what_a_power_cut_left_is_swept_away_and_what_somebody_writes_is_not() {
    let studio = Studio::new();
    let names =
        [".a.wav.4194305.part".to_owned(), format!(".b.wav.{}.part", std::process::id()), "c.wav".into()];
    for name in &names {
        fs::write(studio.path().join(name), "").expect("a file");
    }
    WavWriter::sweep(studio.path());
    assert_eq!(names.map(|name| studio.path().join(name).exists()), [false, true, true]);
}

#[test]
fn more_than_four_gigabytes_are_refused_before_they_are_recorded() {
    let studio = Studio::new();
    let format = WavFormat { samplerate: 384_000, channels: 2 };
    let refusal = WavWriter::create(&studio.path().join("a.wav"), format, 1 << 30, b"");
    assert!(matches!(refusal, Err(WavError::TooLong { .. })));
}

#[test]
fn a_file_that_was_cut_off_is_read_as_far_as_it_goes() {
    let studio = Studio::new();
    let path = studio.path().join("a.wav");
    let format = WavFormat { samplerate: 8000, channels: 1 };
    let mut writer = WavWriter::create(&path, format, 4, b"").expect("a file");
    writer.write(&[1, 0, 2, 0, 3, 0, 4, 0]).expect("room");
    writer.finish().expect("all of it");
    let bytes = fs::read(&path).expect("a file");
    fs::write(&path, &bytes[..bytes.len() - 3]).expect("room");
    assert_eq!(Wav::open(&path).expect("a WAV file").frames(), 2);
    for length in 0..44 {
        fs::write(&path, &bytes[..length]).expect("room");
        assert!(Wav::open(&path).is_err(), "{length}");
    }
}
