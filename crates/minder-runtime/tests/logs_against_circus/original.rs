//! The real Circus on the other side.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The real stream classes, in a process of their own.
pub(crate) struct Original {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Original {
    pub(crate) fn start() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let venv = std::env::var_os("MINDER_REFERENCE_VENV")
            .map_or_else(|| manifest.join("../../target/reference-venv"), PathBuf::from);
        let python = venv.join("bin/python");
        assert!(
            python.exists(),
            "no reference at {}: run the tests with `cargo xtask test`, which installs it, or set MINDER_REFERENCE_VENV",
            venv.display()
        );
        let mut child = Command::new(python)
            .arg(manifest.join("tests/logs_against_circus/reference.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the reference starts");
        let stdin = child.stdin.take().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        Self { child, stdin, stdout }
    }

    pub(crate) fn tell(&mut self, line: &str) {
        writeln!(self.stdin, "{line}").unwrap();
    }

    pub(crate) fn end(&mut self) -> Ended {
        self.tell("end");
        let mut answer = String::new();
        self.stdout.read_line(&mut answer).unwrap();
        match answer.as_str() {
            "ok\n" => Ended::Well,
            "overwrote\n" => Ended::WithALoss,
            _ => panic!("{answer}"),
        }
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a case ended for the original.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ended {
    Well,
    /// It has dropped an old file for another of the same name, which we do not.
    WithALoss,
}
