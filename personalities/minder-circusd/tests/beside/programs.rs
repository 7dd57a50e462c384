//! Running our programs, and the originals.

use std::io::Write as _;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{venv, wait_for};

/// Set in the environment of a run of this program that is to be one of ours: the arguments, from the name of the program.
const BECOME: &str = "MINDER_TEST_BECOME";

/// Printed before the program's own output, because the test runner has printed something by then.
const BEGIN: &str = "\u{1}begin\n";

/// Whose program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Original,
    Ours,
}

/// Runs a program in this process if that is what it was started for.
#[allow(clippy::exit, reason = "a test cannot hand an exit status to the runner")]
pub(crate) fn become_program_if_asked() {
    let Ok(arguments) = std::env::var(BECOME) else { return };
    let arguments: Vec<std::ffi::OsString> = arguments.split('\u{1f}').map(Into::into).collect();
    print!("{BEGIN}");
    let _ = std::io::stdout().flush();
    let code = if arguments[0] == "circusd-stats" {
        minder_circusd::stats::main(arguments)
    } else {
        minder_circusd::plugins::main(arguments)
    };
    // There is no way back from an `ExitCode` to its number but the text that `Debug` makes of it.
    let digits: String = format!("{code:?}").chars().filter(char::is_ascii_digit).collect();
    std::process::exit(digits.parse().unwrap_or(255));
}

/// A command that runs a program.
pub(crate) fn command(whose: Whose, program: &str, arguments: &[&str]) -> Command {
    match whose {
        Whose::Original => {
            let mut command = Command::new(venv().join("bin").join(program));
            command.args(arguments);
            command
        }
        Whose::Ours => {
            let mut command = Command::new(std::env::current_exe().expect("the path of this program"));
            command.args(["--exact", "program_itself", "--nocapture", "--quiet"]);
            let all: Vec<&str> = std::iter::once(program).chain(arguments.iter().copied()).collect();
            command.env(BECOME, all.join("\u{1f}"));
            command
        }
    }
}

/// Runs a program that ends by itself: what it printed, what it complained of, and its status.
pub(crate) fn run(mut command: Command) -> (String, String, Option<i32>) {
    let output = command.stdin(Stdio::null()).env("COLUMNS", "80").output().expect("the program");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let out = text(&output.stdout);
    let out = out.split_once(BEGIN).map_or(out.as_str(), |(_, own)| own).to_owned();
    (out, text(&output.stderr), output.status.code())
}

/// A program that runs, and is killed with this.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn start(mut command: Command) -> Running {
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Running(command.spawn().expect("the program"))
    }

    /// One that somebody else started.
    pub(crate) fn of(child: Child) -> Running {
        Running(child)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).expect("it is ours and was not waited for");
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.0.try_wait().expect("it is ours").is_none()
    }

    /// Waits for its end.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        wait_for("the end of a program", || self.0.try_wait().expect("it is ours"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
