//! `minder recorder spectrogram`: a recording as a picture.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use minder_recorder::detect::{EnergyDetector, EnergySettings};
use minder_recorder::spectrogram::{Drawing, draw};

use crate::cli::ended::{Complaint, Ended};
use crate::cli::terminal;

/// Draw a recording: time, frequency, loudness, and what was detected in it.
#[derive(Args, Debug)]
pub(super) struct Arguments {
    /// The recording, a WAV file.
    recording: PathBuf,
    /// The picture, a PNG file. Without this it is beside the recording.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Look for calls, and put boxes around them.
    #[arg(long, value_name = "WHAT")]
    detect: Option<Prey>,
    /// By how much the recording is slower than the sound was.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0)]
    time_expansion: f64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Prey {
    /// From 1 to 10 kHz.
    Birds,
    /// From 15 to 150 kHz.
    Bats,
}

pub(super) fn run(arguments: &Arguments) -> Result<Ended, Complaint> {
    let recording = &arguments.recording;
    if !arguments.time_expansion.is_finite() || arguments.time_expansion <= 0.0 {
        return Err(Complaint::new(Ended::Misused, "--time-expansion is a factor of more than 0"));
    }
    let settings = arguments.detect.map(|prey| match prey {
        Prey::Birds => EnergySettings::birds(),
        Prey::Bats => EnergySettings::bats(),
    });
    let detections = match settings {
        None => Vec::new(),
        Some(settings) => EnergyDetector::of(settings)
            .listen(recording, arguments.time_expansion)
            .map_err(|error| Complaint::failed(error.to_string()))?,
    };
    let picture = arguments.output.clone().unwrap_or_else(|| recording.with_extension("png"));
    let title = recording.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let drawing = Drawing {
        recording,
        time_expansion: arguments.time_expansion,
        title: &title,
        detections: &detections,
    };
    draw(&drawing, &picture).map_err(|error| Complaint::failed(error.to_string()))?;
    let found = match arguments.detect {
        None => String::new(),
        Some(_) => format!(", {} detected", detections.len()),
    };
    terminal::say(&format!("{}{found}\n", picture.display()));
    Ok(Ended::Well)
}
