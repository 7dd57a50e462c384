//! A program that is asked something, and has to answer soon.

use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

/// The longest answer that is read.
const ANSWER_MAX: u64 = 256 * 1024;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a program prints, to standard output and standard error. It is killed when it takes too long.
///
/// # Errors
/// If it cannot be started or does not come to an end.
pub(super) fn ask(program: &Path, arguments: &[&str]) -> io::Result<String> {
    use std::os::unix::process::CommandExt;
    let mut child = Command::new(program)
        .args(arguments)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let (sender, answers) = mpsc::channel();
    let (output, errors) = (child.stdout.take(), child.stderr.take());
    listen(output, sender.clone());
    listen(errors, sender);
    let mut answer = String::new();
    let mut result = Ok(());
    for _ in 0..2 {
        match answers.recv_timeout(PATIENCE) {
            Ok(part) => answer.push_str(&part),
            Err(_) => result = Err(io::Error::from(io::ErrorKind::TimedOut)),
        }
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It has ended, or has had its time; what it started goes with it.
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.wait()?;
    result.map(|()| answer)
}

fn listen(pipe: Option<impl Read + Send + 'static>, sender: mpsc::Sender<String>) {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.map(|pipe| pipe.take(ANSWER_MAX).read_to_end(&mut bytes));
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
}
