//! `start`: each program in turn through the shell, until one fails.

use std::ffi::OsString;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::settings::{App, Settings};
use minder_kegbot_app::background;
use minder_kegbot_app::log::Logger;

/// How much of what a program prints while it starts is kept, in bytes. The rest is read and dropped.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// What came of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Started {
    /// Every command ended well.
    All,
    /// One did not, and those behind it were left alone.
    NotAll,
}

/// Starts what is enabled. `path` is the search path for programs.
pub(crate) fn start(settings: &Settings, path: &OsString, log: &Logger) -> Started {
    log.info("Starting apps");
    for app in &settings.apps {
        log.info(&format!("Starting: {}", app.name));
        log.info(&format!("Command: {}", app.command()));
        match run(app, path) {
            Ok((status, _)) if status.success() => log.info(&format!("Started {} OK", app.name)),
            Ok((status, output)) => {
                log.error(&format!("Error starting {}: {}", app.name, status.into_raw()));
                log.error("Output was:");
                for line in String::from_utf8_lossy(&output).lines() {
                    log.error(&format!("<{}>  {line}", app.name));
                }
                return Started::NotAll;
            }
            Err(error) => {
                log.error(&format!("Error starting {}: cannot run /bin/sh: {error}", app.name));
                return Started::NotAll;
            }
        }
    }
    Started::All
}

/// Runs a command until the process that was started ends, and tells what it and its children printed until then.
fn run(app: &App, path: &OsString) -> io::Result<(ExitStatus, Vec<u8>)> {
    let (reader, writer) = io::pipe()?;
    // The command must be gone when the reading begins: it holds the pipe's other end.
    let child = Command::new("/bin/sh")
        .arg("-c")
        .arg(app.command())
        .env("PATH", path)
        .env_remove(background::VARIABLE)
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .spawn()?;
    collect(child, reader)
}

/// Waits for the process and not for the pipe, which a daemon may hold open for as long as it lives.
fn collect(mut child: Child, mut reader: PipeReader) -> io::Result<(ExitStatus, Vec<u8>)> {
    let mut output = Output::default();
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).ok_or(io::ErrorKind::InvalidData)?;
    let process = pidfd_open(pid, PidfdFlags::empty())?;
    loop {
        let mut awaited = [PollFd::new(&reader, PollFlags::IN), PollFd::new(&process, PollFlags::IN)];
        match poll(&mut awaited, None) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ended = !awaited[1].revents().is_empty();
        let readable = !awaited[0].revents().is_empty();
        if ended {
            break;
        }
        if readable && output.read(&mut reader)? == 0 {
            break;
        }
    }
    // If the pipe ended first, the program said all it will say, and has only to end.
    let status = child.wait()?;
    fcntl_setfl(&reader, fcntl_getfl(&reader)? | OFlags::NONBLOCK)?;
    // What is in the pipe now was written before the end, or by a daemon that would go on for ever.
    let mut drained = 0;
    while drained < OUTPUT_BYTES_MAX {
        match output.read(&mut reader) {
            Ok(0) | Err(_) => break,
            Ok(count) => drained += count,
        }
    }
    Ok((status, output.kept))
}

#[derive(Default)]
struct Output {
    kept: Vec<u8>,
}

impl Output {
    /// Reads once; zero is the end of the pipe.
    fn read(&mut self, reader: &mut PipeReader) -> io::Result<usize> {
        let mut chunk = [0; 4096];
        let count = reader.read(&mut chunk)?;
        let room = OUTPUT_BYTES_MAX - self.kept.len();
        self.kept.extend_from_slice(&chunk[..count.min(room)]);
        Ok(count)
    }
}
