//! A detector that is a program: started when it is needed, kept, and started again when it has died or was killed.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::protocol::{self, Answer, LINE_MAX, Nonsense};
use super::{DetectError, Detection, Detector, Subject};
use crate::wav::Wav;

/// How many lines may wait that nobody has asked for. Then the program has to wait.
const LINES_MAX: usize = 4;

/// How long a program may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// Which program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DetectorProgram {
    /// What is executed, looked up in the path if it has no slash.
    pub program: PathBuf,
    /// With what.
    pub arguments: Vec<OsString>,
    /// How long it may take until it says who it is: long enough to load a model.
    pub ready_within: Duration,
    /// How long it may take for one recording.
    pub answer_within: Duration,
}

impl DetectorProgram {
    /// With two minutes to be ready, and one for each recording.
    #[must_use]
    pub fn of(program: impl Into<PathBuf>, arguments: Vec<OsString>) -> Self {
        let ready_within = Duration::from_secs(120);
        Self { program: program.into(), arguments, ready_within, answer_within: Duration::from_secs(60) }
    }
}

/// A detector that is a program.
#[derive(Debug)]
pub struct ProgramDetector {
    settings: DetectorProgram,
    name: String,
    asked: u64,
    running: Option<Running>,
}

/// Its process.
#[derive(Debug)]
struct Running {
    child: Child,
    /// `None` when it was asked to end.
    questions: Option<ChildStdin>,
    answers: Receiver<Result<Vec<u8>, Nonsense>>,
    /// How long it may take to end by itself.
    grace: Duration,
}

impl ProgramDetector {
    /// It is not started before it is needed. Until it has said its name it has that of its file.
    #[must_use]
    pub fn of(settings: DetectorProgram) -> Self {
        let name = settings.program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { settings, name, asked: 0, running: None }
    }

    /// Starts it if it does not run, and waits until it is ready.
    ///
    /// # Errors
    /// If it cannot be started, or does not say who it is in time.
    pub fn start(&mut self) -> Result<(), DetectError> {
        if self.running.is_some() {
            return Ok(());
        }
        let program = &self.settings.program;
        let mut running =
            Running::start(&self.settings).map_err(|error| DetectError::Start(program.clone(), error))?;
        let greeting =
            running.next(self.settings.ready_within).and_then(|line| Ok(protocol::greeting(&line)?));
        let name = greeting.map_err(|silence| {
            running.grace = Duration::ZERO;
            match silence {
                Silence::Ended => DetectError::Ended(program.clone()),
                Silence::TooLong => DetectError::NotReady(program.clone(), self.settings.ready_within),
                Silence::Nonsense(what) => DetectError::Nonsense(program.clone(), what),
            }
        });
        self.name = name?;
        self.running = Some(running);
        Ok(())
    }

    /// One question and its answer. An error other than the program's own means that it must not be asked again.
    fn ask(&self, running: &mut Running, question: &[u8]) -> Result<Answer, DetectError> {
        let program = || self.settings.program.clone();
        let written =
            running.questions.as_mut().map(|pipe| pipe.write_all(question).and_then(|()| pipe.flush()));
        if !matches!(written, Some(Ok(()))) {
            return Err(DetectError::Ended(program()));
        }
        let line = running.next(self.settings.answer_within).map_err(|error| match error {
            Silence::Ended => DetectError::Ended(program()),
            Silence::TooLong => DetectError::TimedOut(program(), self.settings.answer_within),
            Silence::Nonsense(what) => DetectError::Nonsense(program(), what),
        })?;
        protocol::answer(&line, self.asked).map_err(|what| DetectError::Nonsense(program(), what))
    }
}

impl Detector for ProgramDetector {
    fn name(&self) -> &str {
        &self.name
    }

    fn detect(&mut self, subject: &Subject<'_>) -> Result<Vec<Detection>, DetectError> {
        let wav = Wav::open(subject.path).map_err(DetectError::Recording)?;
        self.start()?;
        self.asked += 1;
        let question = protocol::question(self.asked, subject, wav.format(), wav.seconds());
        let Some(mut running) = self.running.take() else {
            return Err(DetectError::Ended(self.settings.program.clone()));
        };
        let answer = self.ask(&mut running, &question).inspect_err(|_| running.grace = Duration::ZERO)?;
        self.running = Some(running);
        match answer {
            Answer::Heard(detections) => Ok(detections),
            Answer::Failed(said) => Err(DetectError::Failed(self.settings.program.clone(), said)),
        }
    }
}

/// Why there is no line that means something.
enum Silence {
    Ended,
    TooLong,
    Nonsense(Nonsense),
}

impl From<Nonsense> for Silence {
    fn from(what: Nonsense) -> Self {
        Self::Nonsense(what)
    }
}

impl Running {
    fn start(settings: &DetectorProgram) -> std::io::Result<Self> {
        let mut child = Command::new(&settings.program)
            .args(&settings.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let (sender, answers) = sync_channel(LINES_MAX);
        if let Some(output) = child.stdout.take() {
            std::thread::spawn(move || pass_lines(output, &sender));
        }
        Ok(Self { questions: child.stdin.take(), child, answers, grace: GRACE })
    }

    fn next(&self, patience: Duration) -> Result<Vec<u8>, Silence> {
        match self.answers.recv_timeout(patience) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(what)) => Err(Silence::Nonsense(what)),
            Err(RecvTimeoutError::Timeout) => Err(Silence::TooLong),
            Err(RecvTimeoutError::Disconnected) => Err(Silence::Ended),
        }
    }
}

impl Drop for Running {
    /// Asks it to end by the end of its input, and kills it with all that it started when it takes too long.
    fn drop(&mut self) {
        self.questions = None;
        let deadline = Instant::now() + self.grace;
        // It ends its output when it ends. What it still says is of no use.
        while let Ok(Ok(_)) = self.answers.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            if Instant::now() >= deadline {
                break;
            }
        }
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// Hands on each line until there is none, or nobody wants it.
fn pass_lines(output: ChildStdout, sender: &SyncSender<Result<Vec<u8>, Nonsense>>) {
    let mut output = BufReader::new(output);
    loop {
        let mut line = Vec::new();
        match output.by_ref().take(LINE_MAX as u64 + 1).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let whole = line.pop_if(|last| *last == b'\n').is_some();
        let line = if whole || line.len() <= LINE_MAX { Ok(line) } else { Err(Nonsense::TooLong) };
        let last = line.is_err();
        if sender.send(line).is_err() || last {
            return;
        }
    }
}
