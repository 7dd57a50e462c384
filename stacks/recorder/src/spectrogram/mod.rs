//! A picture of a recording, for a person: time to the right, frequency upwards, loud is bright, what was detected in boxes.
//!
//! In reading order: [`draw`] is all that is needed, `canvas` paints, `glyphs` are its letters, `scale` finds round numbers for
//! the axes.

mod canvas;
mod glyphs;
mod scale;

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use canvas::{Canvas, Colour};
use scale::Scale;

use crate::detect::{Detection, Region};
use crate::spectrum::Analyser;
use crate::wav::{Wav, WavError};

/// The size of the picture inside the axes, pixels. The height is that of a transform of twice as many samples.
const WIDTH: usize = 1200;
const HEIGHT: usize = 512;

/// Room for the axes, pixels.
const LEFT: usize = 64;
const RIGHT: usize = 40;
const TOP: usize = 36;
const BOTTOM: usize = 40;

/// From the quietest to the loudest that is told apart, dB above the noise.
const QUIETEST: f32 = 1.0;
const LOUDEST: f32 = 32.0;

/// How many boxes are drawn at most, the surest first.
const BOXES_MAX: usize = 500;

const PAPER: Colour = [16, 16, 20];
const INK: Colour = [230, 230, 230];
const BOX: Colour = [64, 224, 255];

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// The WAV file.
    pub recording: &'a Path,
    /// See [`MicrophoneSettings`](crate::capture::MicrophoneSettings): the header's rate times this is what life had.
    pub time_expansion: f64,
    /// What stands above it.
    pub title: &'a str,
    /// What is put into boxes.
    pub detections: &'a [Detection],
}

/// Why there is no picture.
#[derive(Debug)]
pub enum PictureError {
    /// The recording cannot be read.
    Recording(WavError),
    /// It is too short to be looked at.
    Short,
    /// The picture cannot be written.
    Write(PathBuf, io::Error),
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Recording(error) => write!(f, "{error}"),
            Self::Short => write!(f, "the recording is too short for a picture"),
            Self::Write(path, error) => write!(f, "cannot write {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for PictureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Recording(error) => Some(error),
            Self::Write(_, error) => Some(error),
            Self::Short => None,
        }
    }
}

/// Writes a PNG file, under another name until it is whole.
///
/// # Errors
/// If the recording cannot be read, is shorter than a transform, or the picture cannot be written.
pub fn draw(drawing: &Drawing<'_>, picture: &Path) -> Result<(), PictureError> {
    let mut wav = Wav::open(drawing.recording).map_err(PictureError::Recording)?;
    let seconds = wav.seconds() / drawing.time_expansion;
    let nyquist = f64::from(wav.format().samplerate) * drawing.time_expansion / 2.0;
    let mut canvas = Canvas::of(LEFT + WIDTH + RIGHT, TOP + HEIGHT + BOTTOM, PAPER);
    paint_sound(&mut canvas, &columns(&mut wav)?);
    let axes = Axes { time: Scale::of(seconds, WIDTH), pitch: Scale::of(nyquist, HEIGHT) };
    axes.draw(&mut canvas);
    let mut boxes: Vec<&Detection> = drawing.detections.iter().collect();
    boxes.sort_by(|one, other| other.score.total_cmp(&one.score));
    let mut labels = Vec::new();
    for detection in boxes.into_iter().take(BOXES_MAX) {
        axes.frame(&mut canvas, detection, &mut labels);
    }
    canvas.write(LEFT + canvas::LETTER_WIDTH, 10, drawing.title, INK);
    save(&canvas, picture).map_err(|error| PictureError::Write(picture.into(), error))
}

/// The loudest of each frequency in each of the columns of the picture.
fn columns(wav: &mut Wav<impl io::Read + io::Seek>) -> Result<Vec<Vec<f32>>, PictureError> {
    let analyser = Analyser::of(2 * HEIGHT);
    let length = analyser.length() as u64;
    let frames = wav.frames().checked_sub(length).ok_or(PictureError::Short)?;
    let mut columns = Vec::with_capacity(WIDTH);
    for column in 0..WIDTH as u64 {
        let from = frames * column / WIDTH as u64;
        let until = frames * (column + 1) / WIDTH as u64;
        // Of a very long recording each column shows a part, so that a picture takes no longer than memory lasts.
        let count = (until - from).min(1 << 16) + length;
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let samples = wav.read_mono(from, count).map_err(PictureError::Recording)?;
        // The lowest bin is no sound.
        let spectrum = analyser.analyse(&samples, 1..HEIGHT + 1);
        let mut loudest = vec![0.0_f32; HEIGHT];
        for piece in 0..spectrum.pieces() {
            for (loudest, power) in loudest.iter_mut().zip(spectrum.piece(piece)) {
                *loudest = loudest.max(*power);
            }
        }
        columns.push(loudest.iter().map(|power| 10.0 * (power + 1e-9).log10()).collect());
    }
    Ok(columns)
}

/// Each pixel as far above the noise of all frequencies as it is.
fn paint_sound(canvas: &mut Canvas, columns: &[Vec<f32>]) {
    let mut all: Vec<f32> = columns.iter().flatten().copied().collect();
    let middle = all.len() / 2;
    let noise = if all.is_empty() { 0.0 } else { *all.select_nth_unstable_by(middle, f32::total_cmp).1 };
    for (x, column) in columns.iter().enumerate() {
        for (bin, level) in column.iter().enumerate() {
            let brightness = (level - noise - QUIETEST) / (LOUDEST - QUIETEST);
            canvas.dot(LEFT + x, TOP + HEIGHT - 1 - bin, canvas::heat(brightness));
        }
    }
}

/// Where time and frequency are in the picture.
struct Axes {
    time: Scale,
    pitch: Scale,
}

impl Axes {
    fn draw(&self, canvas: &mut Canvas) {
        let bottom = TOP + HEIGHT;
        canvas.frame(LEFT - 1, TOP - 1, LEFT + WIDTH, bottom, INK);
        for (place, label) in self.time.marks(1.0) {
            canvas.column(LEFT + place, bottom, bottom + 5, INK);
            canvas.write_centred(LEFT + place, bottom + 10, &format!("{label} s"), INK);
        }
        for (place, label) in self.pitch.marks(1000.0) {
            let y = bottom - place;
            canvas.row(y, LEFT - 6, LEFT, INK);
            canvas.write_right(LEFT - 9, y.saturating_sub(canvas::LETTER_HEIGHT / 2), &label, INK);
        }
        canvas.write_right(LEFT - 9, 10, "kHz", INK);
    }

    /// A box with what it is taken for, written where nothing is written yet.
    fn frame(&self, canvas: &mut Canvas, detection: &Detection, labels: &mut Vec<Label>) {
        let whole = Region { start: 0.0, end: self.time.end(), low: 0.0, high: self.pitch.end() };
        let region = detection.region.unwrap_or(whole);
        // A little wider than what is in it, which is what it is about.
        let left = (LEFT + self.time.place(region.start)).saturating_sub(3).max(LEFT);
        let right = (LEFT + self.time.place(region.end) + 3).min(LEFT + WIDTH - 1);
        let top = (TOP + HEIGHT - self.pitch.place(region.high)).saturating_sub(3).max(TOP);
        let bottom = (TOP + HEIGHT - self.pitch.place(region.low) + 2).min(TOP + HEIGHT - 1);
        canvas.frame(left, top, right, bottom, BOX);
        let named = detection.tags.iter().max_by(|one, other| one.score.total_cmp(&other.score));
        let name = named.map_or("", |tag| tag.value.as_str());
        let text = format!("{name} {:.2}", detection.score);
        let text = text.trim();
        let width = text.chars().count() * canvas::LETTER_WIDTH;
        let x = left.min(canvas.width().saturating_sub(width));
        let line = canvas::LETTER_HEIGHT + 4;
        let above = (1..4).map(|number| top.saturating_sub(number * line));
        let below = (0..3).map(|number| bottom + 4 + number * line);
        let mut places = above.chain(below).map(|y| Label { x, y, width });
        let inside = |label: &Label| label.y >= TOP && label.y + line <= TOP + HEIGHT;
        let free = places.find(|label| inside(label) && !labels.iter().any(|other| other.covers(label)));
        // Where boxes are crowded some have no text.
        if let Some(label) = free {
            canvas.write(label.x, label.y, text, BOX);
            labels.push(label);
        }
    }
}

/// Where something is written.
#[derive(Clone, Copy, Debug)]
struct Label {
    x: usize,
    y: usize,
    width: usize,
}

impl Label {
    fn covers(&self, other: &Self) -> bool {
        let beside = self.x + self.width <= other.x || other.x + other.width <= self.x;
        !beside && self.y.abs_diff(other.y) < canvas::LETTER_HEIGHT + 2
    }
}

fn save(canvas: &Canvas, picture: &Path) -> io::Result<()> {
    let name = picture.file_name().unwrap_or_default().to_string_lossy();
    let part = picture.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = write_png(canvas, &part).and_then(|()| std::fs::rename(&part, picture));
    written.inspect_err(|_| {
        let _ = std::fs::remove_file(&part);
    })
}

fn write_png(canvas: &Canvas, path: &Path) -> io::Result<()> {
    let size = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
    let mut file = BufWriter::new(File::create(path)?);
    let mut encoder = png::Encoder::new(&mut file, size(canvas.width()), size(canvas.height()));
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(io::Error::other)?;
    writer.write_image_data(canvas.pixels()).map_err(io::Error::other)?;
    writer.finish().map_err(io::Error::other)?;
    file.flush()?;
    file.get_ref().sync_all()
}
