//! libzmq as a process: `peer.py` in the virtual environment of the originals.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use minder_zmtp::Endpoint;

/// A peer, killed when it is dropped.
pub(crate) struct Python {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Python {
    /// Starts `peer.py`.
    pub(crate) fn start(arguments: &[&str]) -> Python {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sockets/peer.py");
        let mut child = Command::new(interpreter())
            .arg(script)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python starts");
        let output = child.stdout.take().map(BufReader::new);
        Python { child, output }
    }

    /// Where it listens, which is its first line.
    pub(crate) fn endpoint(&mut self) -> Endpoint {
        let mut line = String::new();
        self.output
            .as_mut()
            .expect("its output is here")
            .read_line(&mut line)
            .expect("it says where it listens");
        line.trim_end().parse().expect("it says an endpoint")
    }

    /// Waits for its end, which must be a good one; returns what else it printed.
    pub(crate) async fn finished(mut self) -> String {
        let mut output = self.output.take().expect("its output is here");
        let reading = tokio::task::spawn_blocking(move || {
            let mut text = String::new();
            output.read_to_string(&mut text).map(|_| text)
        });
        let text = reading.await.expect("the thread lives").expect("its output is text");
        // Its output has ended, so it is about to.
        let status = self.child.wait().expect("it can be waited for");
        assert!(status.success(), "the peer failed: {status}");
        text
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The Python that has pyzmq.
///
/// A machine without it proves nothing, so that is a failure and not a reason to skip.
fn interpreter() -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/reference-venv");
    let venv = PathBuf::from(std::env::var("MINDER_REFERENCE_VENV").unwrap_or_else(|_| default.to_owned()));
    let python = venv.join("bin/python");
    assert!(
        python.exists(),
        "no Python in {}: `cargo xtask test` prepares it, or MINDER_REFERENCE_VENV names a virtual environment that \
         has pyzmq",
        venv.display()
    );
    python
}
