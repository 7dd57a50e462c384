//! A real microphone, read by the program `arecord` of alsa-utils, or one that takes the same command line.
//!
//! Two threads listen: one fills the ring and never waits for anybody, the other reads what the program says of itself.
//! When the microphone was not asked for anything for a while, the program is ended, so that the device can sleep.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::devices::{cards, pcm_of};
use super::question::ask;
use super::ring::{Reading, Ring};
use super::stamps::Stamps;
use super::stream::Stream;
use super::{CaptureError, CaptureOptions, MicrophoneSettings, pace};

/// How much of the time is kept at most, if it fits into memory: longer than a bad card writes nothing.
const KEPT: Duration = Duration::from_secs(20);

/// How much is read at a time, bytes.
const BLOCK: usize = 64 * 1024;

/// How much a pipe holds, bytes, so that the program is not kept waiting while this machine is busy.
const PIPE: usize = 1024 * 1024;

/// The last lines that are remembered, and how much of each.
const LINES_MAX: usize = 20;
const LINE_BYTES_MAX: u64 = 4096;

/// How long to wait for what a program has said before its end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A device that is open.
pub(super) struct Arecord {
    settings: MicrophoneSettings,
    options: CaptureOptions,
    shared: Arc<Shared>,
}

/// What the threads know together.
struct Shared {
    ring: Ring,
    flow: Mutex<Flow>,
    said: Mutex<Said>,
    silent: Condvar,
    child: Mutex<Option<Child>>,
}

/// What is known of the frames.
struct Flow {
    stamps: Stamps,
    /// The number of frames and the time from which the pace is measured, and the last of both.
    since: Option<(u64, Duration)>,
    last: (u64, Duration),
    gaps: u64,
    /// `None` while somebody records, else since when nobody does.
    idle_since: Option<Duration>,
}

/// What the program has said.
#[derive(Default)]
struct Said {
    lines: VecDeque<String>,
    samplerate: Option<u32>,
    channels: Option<u16>,
    ended: bool,
}

impl Arecord {
    /// Starts the program, and waits for the first samples. `open_for` is how long it may be idle.
    ///
    /// # Errors
    /// If the program or the device is not there, or has no such rate or number of channels.
    pub(super) fn open(
        settings: &MicrophoneSettings,
        options: &CaptureOptions,
        open_for: Duration,
    ) -> Result<Self, CaptureError> {
        let failed = |error| CaptureError::Program(options.program.clone(), error);
        let known = ask(&options.program, &["-l"]).map_err(failed)?;
        let pcm = pcm_of(&settings.device_name, &cards(&known));
        let mut child = command(&options.program, &pcm, settings).spawn().map_err(failed)?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let now = options.clock.elapsed();
        let shared = Arc::new(Shared {
            ring: Ring::of(capacity(settings, options.memory_bytes), settings.frame_bytes()),
            flow: Mutex::new(Flow {
                stamps: Stamps::of(settings.samplerate),
                since: None,
                last: (0, now),
                gaps: 0,
                // It is opened for a recording.
                idle_since: None,
            }),
            said: Mutex::default(),
            silent: Condvar::new(),
            child: Mutex::new(Some(child)),
        });
        let stream = Self { settings: settings.clone(), options: options.clone(), shared };
        stream.listen(output, errors, open_for);
        let mut first = vec![0; settings.frame_bytes()];
        match stream.shared.ring.read(0, &mut first, options.silence_max) {
            Reading::Read(_) | Reading::Lost(_) => stream.verify().map(|()| stream),
            Reading::Silent => Err(stream.stalled()),
            Reading::Closed => Err(stream.ended()),
        }
    }

    fn listen(&self, output: Option<ChildStdout>, errors: Option<ChildStderr>, open_for: Duration) {
        let shared = Arc::clone(&self.shared);
        let frame = self.settings.frame_bytes();
        let options = self.options.clone();
        std::thread::spawn(move || {
            if let Some(output) = output {
                // A smaller pipe works too.
                let _ = rustix::pipe::fcntl_setpipe_size(&output, PIPE);
                shared.fill(output, frame, &options, open_for);
            }
            shared.ring.close();
            shared.kill();
            let child = shared.child().take();
            // It may take as long as the kernel needs to give up on a device that was pulled out.
            let _ = child.map(|mut child| child.wait());
        });
        let shared = Arc::clone(&self.shared);
        std::thread::spawn(move || {
            let mut lines = errors.map(BufReader::new);
            while let Some(line) = lines.as_mut().and_then(next_line) {
                shared.heard(&line);
            }
            shared.said().ended = true;
            shared.silent.notify_all();
        });
    }

    fn stalled(&self) -> CaptureError {
        let device = self.settings.device_name.clone();
        CaptureError::Stalled { device, silent: self.options.silence_max }
    }

    /// Why the program has ended, by its last words.
    fn ended(&self) -> CaptureError {
        let said = self.shared.said();
        let wait = |said: MutexGuard<'_, Said>| -> Vec<String> {
            let until = self.shared.silent.wait_timeout_while(said, LAST_WORDS, |said| !said.ended);
            until.unwrap_or_else(PoisonError::into_inner).0.lines.iter().cloned().collect()
        };
        let lines = wait(said);
        if let Err(error) = self.verify() {
            return error;
        }
        let device = self.settings.device_name.clone();
        match loss(&lines) {
            Loss::Device => {
                let listing = ask(&self.options.program, &["-l"]).unwrap_or_default();
                let available = cards(&listing).into_iter().map(|card| card.name).collect();
                CaptureError::NotFound { device, available }
            }
            Loss::Channels => CaptureError::Channels,
            Loss::Samplerate => CaptureError::Samplerate,
            Loss::Unknown => {
                let said = lines.last().map_or("it said nothing", String::as_str).to_owned();
                CaptureError::Ended { device, said }
            }
        }
    }
}

impl Stream for Arecord {
    fn kept_from(&self) -> u64 {
        self.shared.ring.begin()
    }

    fn next(&self) -> u64 {
        self.shared.ring.end()
    }

    fn time_of(&self, position: u64) -> Duration {
        self.shared.flow().stamps.time_of(position)
    }

    fn read(&mut self, position: u64, frames: &mut [u8]) -> Result<usize, CaptureError> {
        match self.shared.ring.read(position, frames, self.options.silence_max) {
            Reading::Read(count) => Ok(count),
            Reading::Lost(lost) => Err(CaptureError::Overrun { lost }),
            Reading::Silent => Err(self.stalled()),
            Reading::Closed => Err(self.ended()),
        }
    }

    fn gaps(&self) -> u64 {
        self.shared.flow().gaps
    }

    fn is_open(&self) -> bool {
        !self.shared.ring.is_closed()
    }

    fn begin(&mut self) {
        self.shared.flow().idle_since = None;
    }

    fn end(&mut self) {
        self.shared.flow().idle_since = Some(self.options.clock.elapsed());
    }

    fn verify(&self) -> Result<(), CaptureError> {
        let said = self.shared.said();
        if said.samplerate.is_some_and(|samplerate| samplerate != self.settings.samplerate) {
            return Err(CaptureError::Samplerate);
        }
        if said.channels.is_some_and(|channels| channels != self.settings.audio_channels) {
            return Err(CaptureError::Channels);
        }
        drop(said);
        let flow = self.shared.flow();
        let Some((first, began)) = flow.since else { return Ok(()) };
        let (last, ended) = flow.last;
        let expected = self.settings.samplerate;
        match pace::contradiction(expected, last - first, ended.saturating_sub(began)) {
            Some(got) => Err(CaptureError::WrongRate { expected, got }),
            None => Ok(()),
        }
    }
}

impl Drop for Arecord {
    fn drop(&mut self) {
        self.shared.ring.close();
        self.shared.kill();
    }
}

impl Shared {
    /// Fills the ring until the pipe ends, or nobody wants it any more.
    fn fill(&self, mut pipe: ChildStdout, frame: usize, options: &CaptureOptions, open_for: Duration) {
        let mut block = vec![0; BLOCK.next_multiple_of(frame)];
        let mut partial = 0;
        while !self.ring.is_closed() {
            let count = match pipe.read(&mut block[partial..]) {
                Ok(0) => return,
                Ok(count) => partial + count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            let whole = count - count % frame;
            let end = self.ring.push(&block[..whole]);
            let now = options.clock.elapsed();
            block.copy_within(whole..count, 0);
            partial = count - whole;
            let mut flow = self.flow();
            flow.stamps.arrived(end, now);
            flow.since.get_or_insert((end, now));
            flow.last = (end, now);
            if flow.idle_since.is_some_and(|since| now.saturating_sub(since) > open_for) {
                return;
            }
        }
    }

    /// A line of the program.
    fn heard(&self, line: &str) {
        if line.contains("overrun!!!") {
            let mut flow = self.flow();
            flow.gaps += 1;
            flow.stamps.forget();
            flow.since = None;
        }
        let mut said = self.said();
        // The first setup is that of what comes through the pipe; further ones are those of devices behind it.
        if let Some((key, value)) = line.split_once(':').filter(|_| line.starts_with(' ')) {
            match key.trim() {
                "rate" if said.samplerate.is_none() => said.samplerate = value.trim().parse().ok(),
                "channels" if said.channels.is_none() => said.channels = value.trim().parse().ok(),
                _ => {}
            }
            return;
        }
        if line.trim().is_empty()
            || ["Recording ", "Its setup is", "Plug PCM", "Slave", "Hardware PCM"]
                .iter()
                .any(|start| line.starts_with(start))
        {
            return;
        }
        if said.lines.len() == LINES_MAX {
            said.lines.pop_front();
        }
        said.lines.push_back(line.trim().into());
    }

    /// Ends the program and what it has started.
    fn kill(&self) {
        let child = self.child();
        let group = child.as_ref().and_then(|child| i32::try_from(child.id()).ok()).and_then(Pid::from_raw);
        if let Some(group) = group {
            // Nobody has waited for it yet, so the number is still its own.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn said(&self) -> MutexGuard<'_, Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was lost, by what was said of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Loss {
    Device,
    Samplerate,
    Channels,
    Unknown,
}

fn loss(lines: &[String]) -> Loss {
    let said = |words: &[&str]| lines.iter().any(|line| words.iter().any(|word| line.contains(word)));
    if said(&["No such file or directory", "No such device", "Unknown PCM", "cannot find card"]) {
        Loss::Device
    } else if said(&["Channels count non available"]) {
        Loss::Channels
    } else if said(&["rate is not accurate", "Rate doesn't match"]) {
        Loss::Samplerate
    } else {
        Loss::Unknown
    }
}

fn command(program: &Path, pcm: &str, settings: &MicrophoneSettings) -> Command {
    let mut command = Command::new(program);
    command
        .args(["-D", pcm, "-f", "S16_LE", "-t", "raw", "-v"])
        .args(["-r", &settings.samplerate.to_string(), "-c", &settings.audio_channels.to_string()])
        // A rate that is made up out of another is a lie about ultrasound.
        .args(["--disable-resample", "--period-time=100000", "--buffer-time=1000000"])
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    command
}

/// How many frames are kept.
fn capacity(settings: &MicrophoneSettings, memory_bytes: usize) -> usize {
    let kept = usize::try_from(settings.frames(KEPT)).unwrap_or(usize::MAX);
    kept.min(memory_bytes / settings.frame_bytes()).max(1)
}

/// The next line without its end. `None` at the end of all, or when what comes is no line.
fn next_line(lines: &mut BufReader<ChildStderr>) -> Option<String> {
    let mut bytes = Vec::new();
    let count = lines.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut bytes).ok()?;
    (count > 0).then(|| String::from_utf8_lossy(&bytes).trim_end().to_owned())
}
