//! A microphone from which recordings are cut.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::arecord::Arecord;
use super::simulator::{Simulator, span};
use super::sound::SoundName;
use super::stream::Stream;
use super::{
    CaptureError, Clock, DURATION_MAX, MachineClock, MicrophoneSettings, Rhythm, SIMULATED, devices,
};
use crate::guano::{Guano, Inscription};
use crate::wav::{WavFormat, WavWriter};

/// How many bytes are written at a time.
const BLOCK: usize = 64 * 1024;

/// How long after the first failure a device is looked for again, and at most how long after later ones.
const RETRY_MIN: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(30);

/// How much later than a period a recording may be asked for and still begin where the last one ended, which it can only if
/// that is still in memory. More is no lateness, but a pause.
const LATENESS: Duration = Duration::from_secs(5);

/// When what is reckoned and what is measured differ by more, somebody has set the clock.
const CLOCK_SET: SignedDuration = SignedDuration::from_secs(5);

/// By how much of what has passed a reckoned time is brought nearer to a measured one: more than sound cards drift, and less
/// than anybody notices.
const CORRECTION: i32 = 1000;

/// What a microphone works with.
#[derive(Clone)]
pub struct CaptureOptions {
    /// What reads a device: `arecord`, or what the variable `MINDER_ARECORD` names.
    pub program: PathBuf,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who is told what happens.
    pub listener: Arc<dyn Fn(&CaptureEvent) + Send + Sync>,
    /// How long a device may deliver nothing before it is taken for lost.
    pub silence_max: Duration,
    /// How many bytes of samples may wait for the disk.
    pub memory_bytes: usize,
}

impl Default for CaptureOptions {
    fn default() -> Self {
        let program = std::env::var_os("MINDER_ARECORD").filter(|program| !program.is_empty());
        Self {
            program: program.map_or_else(|| "arecord".into(), PathBuf::from),
            clock: Arc::new(MachineClock::begin()),
            listener: Arc::new(|_| {}),
            silence_max: Duration::from_secs(5),
            memory_bytes: 16 * 1024 * 1024,
        }
    }
}

impl fmt::Debug for CaptureOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptureOptions")
            .field("program", &self.program)
            .field("silence_max", &self.silence_max)
            .field("memory_bytes", &self.memory_bytes)
            .finish_non_exhaustive()
    }
}

/// What happens with a microphone besides recordings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CaptureEvent {
    /// It was opened.
    Opened,
    /// It could not be opened, or was lost.
    Lost(String),
    /// It is there again, after so long.
    Returned(Duration),
    /// The disk was too slow, and so many frames are lost.
    Overrun(u64),
    /// The device itself, or the machine, was too slow, so often since the last recording ended.
    Gaps(u64),
}

impl fmt::Display for CaptureEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Opened => write!(f, "the microphone is open"),
            Self::Lost(why) => write!(f, "the microphone was lost: {why}"),
            Self::Returned(after) => write!(f, "the microphone is back after {:.1} s", after.as_secs_f64()),
            Self::Overrun(frames) => write!(f, "the disk was too slow: {frames} frames are lost"),
            Self::Gaps(count) => {
                write!(f, "the sound card lost samples, {count} times since the last recording")
            }
        }
    }
}

/// A recording that is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Errand<'a> {
    /// How long, more than 0 and at most [`DURATION_MAX`].
    pub duration: Duration,
    /// Where the file is to be; made if it is not there.
    pub directory: &'a Path,
    /// What is written about it.
    pub inscription: &'a Inscription,
}

/// A recording that was made.
#[derive(Clone, PartialEq, Debug)]
pub struct Take {
    /// When its first sample was heard.
    pub started: Timestamp,
    /// `YYYYmmdd_HHMMSS.wav`, in UTC; with milliseconds behind if there is one of that second.
    pub path: PathBuf,
    /// How long it is in life.
    pub duration: Duration,
    /// Frames.
    pub frames: u64,
    /// What the microphone had, Hz, not what the header says.
    pub samplerate: u32,
    /// Channels.
    pub audio_channels: u16,
    /// See [`MicrophoneSettings::time_expansion`].
    pub time_expansion: f64,
    /// What was missed since the end of the recording before it. `None` if that is not known: for the first one.
    pub gap: Option<Duration>,
}

/// What came before in the device's stream.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// Nothing: it was opened for this recording.
    Nothing,
    /// A recording.
    Recording(End),
    /// One that failed.
    Failure,
}

/// Where a recording ended.
#[derive(Clone, Copy, Debug)]
struct End {
    position: u64,
    at: Timestamp,
    duration: Duration,
    /// How often the device had lost samples when it began.
    gaps: u64,
}

/// That the device is not there.
#[derive(Clone, Debug)]
struct Away {
    since: Duration,
    retry_at: Duration,
    delay: Duration,
    because: String,
}

/// A microphone, real or simulated. It is opened when it is needed.
pub struct Microphone {
    settings: MicrophoneSettings,
    rhythm: Rhythm,
    options: CaptureOptions,
    stream: Option<Box<dyn Stream>>,
    before: Before,
    away: Option<Away>,
    swept: Option<PathBuf>,
    gaps_told: u64,
}

impl Microphone {
    /// Takes a microphone, whose device is opened with the first recording. `rhythm` decides when it is closed again.
    ///
    /// # Errors
    /// If no microphone can have such settings.
    pub fn open(
        settings: &MicrophoneSettings,
        rhythm: Rhythm,
        options: CaptureOptions,
    ) -> Result<Self, CaptureError> {
        settings.validate()?;
        let settings = settings.clone();
        Ok(Self {
            settings,
            rhythm,
            options,
            stream: None,
            before: Before::Nothing,
            away: None,
            swept: None,
            gaps_told: 0,
        })
    }

    /// Records: from now on, or from where the last recording ended if there is to be no gap and it is not too late for that.
    /// Comes back when the file is on the disk.
    ///
    /// # Errors
    /// If the device is not there or was lost, cannot do what is asked for, was faster than the disk for too long, or the disk
    /// refuses. There is no file then, and the next call tries again.
    pub fn record(&mut self, errand: &Errand<'_>) -> Result<Take, CaptureError> {
        let frames = self.settings.frames(errand.duration);
        if frames == 0 || errand.duration > DURATION_MAX {
            let (found, most) = (errand.duration.as_secs_f64(), DURATION_MAX.as_secs());
            return Err(CaptureError::Settings(format!(
                "duration: found {found} s, expected up to {most} s"
            )));
        }
        if self.swept.as_deref() != Some(errand.directory) {
            WavWriter::sweep(errand.directory);
            self.swept = Some(errand.directory.into());
        }
        let mut stream = self.stream()?;
        stream.begin();
        let result = self.cut(stream.as_mut(), frames, errand);
        stream.end();
        match &result {
            Ok(_) | Err(CaptureError::File(_) | CaptureError::Settings(_)) => self.stream = Some(stream),
            Err(CaptureError::Overrun { lost }) => {
                self.tell(&CaptureEvent::Overrun(*lost));
                self.stream = Some(stream);
            }
            Err(error) => self.lose(error, Duration::ZERO),
        }
        if self.rhythm.open_for().is_zero() {
            self.stream = None;
        }
        result
    }

    /// Cuts a recording out of an open stream.
    fn cut(
        &mut self,
        stream: &mut dyn Stream,
        frames: u64,
        errand: &Errand<'_>,
    ) -> Result<Take, CaptureError> {
        let before = std::mem::replace(&mut self.before, Before::Failure);
        // What was opened for this recording has lost nothing before it.
        let gaps = if matches!(before, Before::Nothing) { 0 } else { stream.gaps() };
        let (from, started, gap) = self.begin(stream, before);
        let settings = &self.settings;
        let format =
            WavFormat { samplerate: settings.header_samplerate(), channels: settings.audio_channels };
        let guano = Guano::of(errand.inscription, started, settings.samplerate, settings.time_expansion);
        let path = free_path(errand.directory, started);
        let mut writer = WavWriter::create(&path, format, frames, &guano.to_bytes())?;
        let frame = settings.frame_bytes();
        let mut block = vec![0; BLOCK.next_multiple_of(frame)];
        let mut position = from;
        while position < from + frames {
            let left = usize::try_from(from + frames - position).unwrap_or(usize::MAX);
            let length = block.len().min(left.saturating_mul(frame));
            let count = stream.read(position, &mut block[..length])?;
            writer.write(&block[..count])?;
            position += (count / frame) as u64;
        }
        stream.verify()?;
        let path = writer.finish()?;
        let duration = span(frames, settings.samplerate);
        let at = started.checked_add(duration).unwrap_or(started);
        self.before = Before::Recording(End { position, at, duration, gaps });
        let lost = stream.gaps().saturating_sub(self.gaps_told);
        self.gaps_told += lost;
        if lost > 0 {
            self.tell(&CaptureEvent::Gaps(lost));
        }
        let MicrophoneSettings { samplerate, audio_channels, time_expansion, .. } = self.settings;
        Ok(Take { started, path, duration, frames, samplerate, audio_channels, time_expansion, gap })
    }

    /// The first frame of a recording, when it was heard, and what is missing before it.
    fn begin(&self, stream: &dyn Stream, before: Before) -> (u64, Timestamp, Option<Duration>) {
        let patience =
            self.rhythm.is_gapless().then(|| self.settings.frames(self.rhythm.interval + LATENESS));
        let position = beginning(before, stream.kept_from()..stream.next(), patience);
        let clock = &self.options.clock;
        let ago = signed(clock.elapsed()) - signed(stream.time_of(position));
        let heard = clock.now().checked_sub(ago).unwrap_or(Timestamp::MIN);
        let Before::Recording(end) = before else { return (position, heard, None) };
        let missed = span(position.saturating_sub(end.position), self.settings.samplerate);
        // Samples that nobody has heard of make a fool of who reckons by them.
        let started = if stream.gaps() == end.gaps { reckoned(end, missed, heard) } else { heard };
        (position, started, Some(missed))
    }

    /// The device, opened if it is not.
    fn stream(&mut self) -> Result<Box<dyn Stream>, CaptureError> {
        if let Some(stream) = self.stream.take().filter(|stream| stream.is_open()) {
            return Ok(stream);
        }
        self.before = Before::Nothing;
        self.gaps_told = 0;
        let now = self.options.clock.elapsed();
        if let Some(away) = self.away.as_ref().filter(|away| now < away.retry_at) {
            return Err(CaptureError::Waiting {
                because: away.because.clone(),
                retry_in: away.retry_at - now,
            });
        }
        match self.opened() {
            Ok(stream) => {
                self.tell(&CaptureEvent::Opened);
                if let Some(away) = self.away.take() {
                    self.tell(&CaptureEvent::Returned(
                        self.options.clock.elapsed().saturating_sub(away.since),
                    ));
                }
                Ok(stream)
            }
            Err(error) => {
                let delay = self.away.as_ref().map_or(Duration::ZERO, |away| away.delay);
                self.lose(&error, (delay * 2).clamp(RETRY_MIN, RETRY_MAX));
                Err(error)
            }
        }
    }

    fn opened(&self) -> Result<Box<dyn Stream>, CaptureError> {
        let name = &self.settings.device_name;
        if let Some(sound) = SoundName::parse(name) {
            return Ok(Box::new(Simulator::open(sound, &self.settings, Arc::clone(&self.options.clock))?));
        }
        if name.starts_with(&format!("{SIMULATED}:")) {
            let available = devices::simulated().into_iter().map(|device| device.name).collect();
            return Err(CaptureError::NotFound { device: name.clone(), available });
        }
        Ok(Box::new(Arecord::open(&self.settings, &self.options, self.rhythm.open_for())?))
    }

    /// Remembers that the device is away, and when it is looked for again.
    fn lose(&mut self, error: &CaptureError, delay: Duration) {
        self.stream = None;
        let now = self.options.clock.elapsed();
        let because = error.to_string();
        if self.away.as_ref().is_none_or(|away| away.because != because) {
            self.tell(&CaptureEvent::Lost(because.clone()));
        }
        let since = self.away.as_ref().map_or(now, |away| away.since);
        self.away = Some(Away { since, retry_at: now + delay, delay, because });
    }

    fn tell(&self, event: &CaptureEvent) {
        (self.options.listener)(event);
    }
}

impl fmt::Debug for Microphone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Microphone").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The first frame of a recording: of those that can be read, or the one that comes next.
fn beginning(before: Before, kept: Range<u64>, patience: Option<u64>) -> u64 {
    match (before, patience) {
        (Before::Nothing, _) => kept.start,
        (Before::Recording(end), Some(patience))
            if end.position >= kept.start && kept.end.saturating_sub(end.position) <= patience =>
        {
            end.position
        }
        (Before::Recording(_) | Before::Failure, _) => kept.end,
    }
}

/// When a recording began of which the one before is known: by the samples, with what is measured as a guide. Else times
/// would shake as the machine does, and recordings without a gap between them would seem to have one.
fn reckoned(end: End, missed: Duration, heard: Timestamp) -> Timestamp {
    let reckoned = end.at.checked_add(missed).unwrap_or(heard);
    let difference = heard.duration_since(reckoned);
    if difference.abs() > CLOCK_SET {
        return heard;
    }
    let most = (signed(end.duration) + signed(missed)) / CORRECTION;
    reckoned.checked_add(difference.clamp(-most, most)).unwrap_or(heard)
}

/// A path that nothing has: by the second, by the millisecond, or with a number behind.
fn free_path(directory: &Path, started: Timestamp) -> PathBuf {
    let second = started.strftime("%Y%m%d_%H%M%S").to_string();
    let millisecond = format!("{second}_{:03}", started.subsec_millisecond().rem_euclid(1000));
    let names = [second, millisecond.clone()].into_iter();
    let names = names.chain((1_u32..).map(|number| format!("{millisecond}_{number}")));
    let mut paths = names.map(|name| directory.join(format!("{name}.wav")));
    paths.find(|path| !path.exists()).unwrap_or_else(|| directory.join("recording.wav"))
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(position: u64) -> End {
        let at = "2027-03-01T22:00:00Z".parse().expect("a time");
        End { position, at, duration: Duration::from_secs(10), gaps: 0 }
    }

    #[test]
    fn a_recording_begins_where_the_last_one_ended_unless_that_is_long_ago_or_gone() {
        let last = Before::Recording(ended(1000));
        assert_eq!(beginning(last, 0..1000, Some(500)), 1000);
        assert_eq!(beginning(last, 0..1500, Some(500)), 1000);
        assert_eq!(beginning(last, 0..1501, Some(500)), 1501);
        assert_eq!(beginning(last, 1001..1400, Some(500)), 1400);
        // Where there is a pause between recordings, one begins when it is asked for.
        assert_eq!(beginning(last, 0..1400, None), 1400);
        assert_eq!(beginning(Before::Failure, 0..1400, Some(500)), 1400);
        // What was opened for it is used from its begin.
        assert_eq!(beginning(Before::Nothing, 0..80, Some(500)), 0);
    }

    #[test]
    fn times_follow_the_clock_slowly_and_jump_with_it() {
        let at = ended(0).at;
        let second = SignedDuration::from_secs(1);
        let reckon = |heard| reckoned(ended(0), Duration::ZERO, heard);
        assert_eq!(reckon(at), at);
        assert_eq!(reckon(at + second), at + SignedDuration::from_millis(10));
        assert_eq!(reckon(at - second), at - SignedDuration::from_millis(10));
        assert_eq!(reckon(at + 3600 * second), at + 3600 * second);
    }
}
