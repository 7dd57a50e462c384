//! The socket by which a running minder, whatever it is called, can be asked what only minder understands.
//!
//! ```text
//!  minder upgrade ─{"ask": "upgrade", "to": "/a/file"}─▶ door ─descriptor─▶ Mind::run ─▶ keeper becomes that program
//!                 ◀──────── {"ok": true} ───────────────┘
//! ```
//!
//! One JSON object a line, each answered by one. It lies in the directory of the daemon's memory files, which nobody else can
//! enter. Whoever may connect could as well kill the daemon and start another.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use minder_keeper::TABLE_VERSION;
use minder_runtime::shelf::DOOR;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use super::Kind;

/// The longest request, in bytes.
const REQUEST_BYTES_MAX: u64 = 16 * 1024;

/// How long nobody is let in after the system refused to.
const PAUSE: Duration = Duration::from_secs(1);

/// What a daemon tells of itself.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// The process in the pidfile.
    pub(crate) keeper: u32,
    /// What it is called as.
    pub(crate) kind: Kind,
    /// Its file of configuration.
    pub(crate) file: String,
}

/// Begins to answer, if there is a directory. Programs to become arrive at the receiver. To be called inside the event loop.
pub(crate) fn open(shelf: Option<PathBuf>, about: About) -> mpsc::Receiver<OwnedFd> {
    let (tell, programs) = mpsc::channel(1);
    // Without one nobody can ask, and whoever wants to says so.
    if let Some(listener) = shelf.and_then(|shelf| listen(&shelf.join(DOOR)).ok()) {
        drop(tokio::task::spawn_local(serve(listener, about, tell)));
    }
    programs
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o600))?;
    Ok(listener)
}

/// One after the other: nobody is expected to come often.
async fn serve(listener: UnixListener, about: About, tell: mpsc::Sender<OwnedFd>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Most likely there is no descriptor left. The kernel does not tell when there is one again.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (about, tell) = (about.clone(), tell.clone());
        drop(tokio::task::spawn_local(async move {
            // Whoever goes away without having heard the answer does not want it.
            let _ = answer_all(stream, &about, &tell).await;
        }));
    }
}

async fn answer_all(stream: UnixStream, about: &About, tell: &mpsc::Sender<OwnedFd>) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    loop {
        let mut line = Vec::new();
        if (&mut read).take(REQUEST_BYTES_MAX).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let (answer, program) =
            answer(&line, about).unwrap_or_else(|reason| (json!({ "error": reason }), None));
        write.write_all(format!("{answer}\n").as_bytes()).await?;
        if let Some(program) = program {
            // It fails only when another one is on its way.
            let _ = tell.try_send(program);
        }
    }
}

fn answer(line: &[u8], about: &About) -> Result<(Value, Option<OwnedFd>), String> {
    let request: Value = serde_json::from_slice(line).map_err(|error| format!("no JSON: {error}"))?;
    match request.get("ask").and_then(Value::as_str) {
        Some("about") => {
            let answer = json!({
                "version": env!("CARGO_PKG_VERSION"), "kind": about.kind.word(), "file": about.file,
                "keeper": about.keeper, "mind": std::process::id(), "table": TABLE_VERSION,
            });
            Ok((answer, None))
        }
        Some("upgrade") => {
            let path = request.get("to").and_then(Value::as_str).ok_or("`to` is missing")?;
            if !Path::new(path).is_absolute() {
                return Err(format!("`{path}` is no absolute path"));
            }
            let found = std::fs::metadata(path).map_err(|error| format!("cannot open {path}: {error}"))?;
            // To open a pipe would wait for somebody at its other end.
            if !found.is_file() {
                return Err(format!("`{path}` is no file"));
            }
            let program = File::open(path).map_err(|error| format!("cannot open {path}: {error}"))?;
            Ok((json!({ "ok": true }), Some(program.into())))
        }
        Some(other) => Err(format!("`{other}` cannot be asked; `about` and `upgrade` can")),
        None => Err("`ask` is missing".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about() -> About {
        About { keeper: 1, kind: Kind::Supervisord, file: "/etc/supervisord.conf".to_owned() }
    }

    #[test]
    fn junk_is_answered_with_what_is_wrong_with_it() {
        let nested = "[".repeat(100_000);
        let junk = ["", "\n", "junk", "\u{0}", "{\"ask\": 5}", "{\"ask\": \"tea\"}", "[]", "null", &nested];
        for line in junk {
            assert!(answer(line.as_bytes(), &about()).is_err(), "{line:.20}");
        }
        assert!(answer(&[0xff; 100], &about()).is_err());
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let pipe = directory.path().join("pipe");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &pipe,
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::from_raw_mode(0o600),
            0,
        )
        .unwrap();
        for path in [pipe.as_path(), directory.path(), Path::new("relative"), Path::new("/nowhere")] {
            let request = json!({"ask": "upgrade", "to": path}).to_string();
            assert!(answer(request.as_bytes(), &about()).is_err(), "{}", path.display());
        }
    }
}
