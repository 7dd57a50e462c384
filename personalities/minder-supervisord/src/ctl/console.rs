//! The terminal, or what stands in for it: lines out, lines in, passwords, and Ctrl-C, on one event loop.

use std::fs::File;
use std::future::Future;
use std::io::{self, BufWriter, IsTerminal, Read, Stdout, Write};
use std::ops::ControlFlow;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::exception::Exception;

/// What came of asking for a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A line, without its end.
    Line(String),
    /// There are no more lines.
    End,
}

/// Everything that a user sees and types. Output is kept until somebody waits, so that a long table is one write.
pub(super) struct Console {
    runtime: Runtime,
    out: BufWriter<Stdout>,
    lines: StdinLines,
    /// `None` as long as Ctrl-C simply ends the program.
    interrupts: Option<Signal>,
}

impl Console {
    /// # Errors
    /// When the kernel gives no event loop.
    pub(super) fn new() -> io::Result<Console> {
        Ok(Console {
            runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()?,
            out: BufWriter::new(io::stdout()),
            lines: StdinLines::default(),
            interrupts: None,
        })
    }

    /// Prints a line. Nobody can be told that nobody reads it, so a failure is none.
    pub(super) fn say(&mut self, line: &str) {
        let _ = self.out.write_all(line.as_bytes());
        let _ = self.out.write_all(b"\n");
    }

    /// Prints what has been said so far.
    pub(super) fn flush(&mut self) {
        let _ = self.out.flush();
    }

    /// From here on Ctrl-C ends what is being waited for and not the program.
    pub(super) fn catch_interrupts(&mut self) {
        if self.interrupts.is_none() {
            let _inside = self.runtime.enter();
            self.interrupts = signal(SignalKind::interrupt()).ok();
        }
    }

    /// Waits for a future or for Ctrl-C, whichever comes first.
    ///
    /// # Errors
    /// [`Exception::Interrupted`].
    pub(super) fn wait<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Exception> {
        self.flush();
        let interrupts = &mut self.interrupts;
        self.runtime.block_on(async {
            tokio::select! {
                value = future => Ok(value),
                () = interrupted(interrupts) => Err(Exception::Interrupted),
            }
        })
    }

    /// As [`Console::wait`], for a future that has something to print meanwhile. It gets the line reader as well.
    pub(super) fn attend<'a, T, F: Future<Output = T> + 'a>(
        &'a mut self,
        future: impl FnOnce(&'a mut StdinLines) -> F,
    ) -> Result<T, Exception> {
        self.flush();
        let Console { runtime, lines, interrupts, .. } = self;
        let future = future(lines);
        runtime.block_on(async {
            tokio::select! {
                value = future => Ok(value),
                () = interrupted(interrupts) => Err(Exception::Interrupted),
            }
        })
    }

    /// Prints the prompt and reads a line.
    ///
    /// # Errors
    /// [`Exception::Interrupted`].
    pub(super) fn ask(&mut self, prompt: &str) -> Result<Input, Exception> {
        let _ = self.out.write_all(prompt.as_bytes());
        self.attend(StdinLines::next)
    }

    /// Asks a question that needs an answer.
    ///
    /// # Errors
    /// [`Exception::EndOfInput`] when there is nobody to answer, or [`Exception::Interrupted`].
    pub(super) fn question(&mut self, prompt: &str) -> Result<String, Exception> {
        match self.ask(prompt)? {
            Input::Line(line) => Ok(line),
            Input::End => Err(Exception::EndOfInput),
        }
    }

    /// Asks for something that must not be seen: on the terminal without echo, or on standard input if there is none.
    ///
    /// # Errors
    /// [`Exception::NoPassword`] when there is nobody to type it, or [`Exception::Interrupted`].
    pub(super) fn secret(&mut self, prompt: &str) -> Result<String, Exception> {
        self.flush();
        let typed = match HiddenTerminal::open(prompt) {
            Ok(terminal) => self.wait(terminal.line())?.ok(),
            Err(_) => {
                let _ = write!(io::stderr(), "Warning: the password may be shown\n{prompt}");
                match self.ask("")? {
                    Input::Line(line) => Some(line),
                    Input::End => None,
                }
            }
        };
        typed.ok_or(Exception::NoPassword)
    }
}

async fn interrupted(interrupts: &mut Option<Signal>) {
    match interrupts {
        Some(signal) => {
            signal.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Whether lines can be edited: both ends are a terminal.
pub(super) fn is_terminal() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Writes a piece of a log through, at once. Says when nobody reads any more.
pub(super) fn write_through(bytes: &[u8]) -> ControlFlow<()> {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// The terminal while it does not show what is typed. Whatever happens, it gets its echo back.
struct HiddenTerminal {
    terminal: File,
    shown: Termios,
}

impl HiddenTerminal {
    fn open(prompt: &str) -> io::Result<HiddenTerminal> {
        let mut terminal = File::options().read(true).write(true).open("/dev/tty")?;
        let shown = tcgetattr(&terminal)?;
        let mut hidden = shown.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        terminal.write_all(prompt.as_bytes())?;
        tcsetattr(&terminal, OptionalActions::Flush, &hidden)?;
        Ok(HiddenTerminal { terminal, shown })
    }

    /// The line that is typed. A read of its own would not end at Ctrl-C, so it waits for something to read first.
    async fn line(mut self) -> io::Result<String> {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            readable(self.terminal.try_clone()?).await;
            let mut chunk = [0_u8; 4096];
            let count = self.terminal.read(&mut chunk)?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            line.extend_from_slice(&chunk[..count]);
        }
        line.pop();
        self.terminal.write_all(b"\n")?;
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

impl Drop for HiddenTerminal {
    fn drop(&mut self) {
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.shown);
    }
}

/// Standard input as lines. It reads only when the kernel has something, so that a wait for a line can be given up
/// and nothing typed later is lost.
#[derive(Default)]
pub(super) struct StdinLines {
    pending: Vec<u8>,
}

impl StdinLines {
    pub(super) async fn next(&mut self) -> Input {
        loop {
            if let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.pending.drain(..=end).collect();
                line.pop();
                return Input::Line(String::from_utf8_lossy(&line).into_owned());
            }
            readable(rustix::stdio::stdin()).await;
            let mut chunk = [0_u8; 4096];
            match rustix::io::read(rustix::stdio::stdin(), &mut chunk) {
                Ok(count) if count > 0 => self.pending.extend_from_slice(&chunk[..count]),
                Err(Errno::INTR | Errno::AGAIN) => {}
                Ok(_) | Err(_) if self.pending.is_empty() => return Input::End,
                Ok(_) | Err(_) => {
                    let line = std::mem::take(&mut self.pending);
                    return Input::Line(String::from_utf8_lossy(&line).into_owned());
                }
            }
        }
    }
}

/// Waits until an input can be read. A file cannot be registered with an event loop, so a thread polls it; the
/// pipe ends the thread's wait when ours is given up, because dropping our end hangs up the other.
async fn readable(input: impl AsFd + Send + 'static) {
    let Ok((hung_up, _held)) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC) else { return };
    let polling = tokio::task::spawn_blocking(move || {
        loop {
            let mut both = [PollFd::new(&input, PollFlags::IN), PollFd::new(&hung_up, PollFlags::IN)];
            if poll(&mut both, None) != Err(Errno::INTR) {
                break;
            }
        }
    });
    let _ = polling.await;
}
