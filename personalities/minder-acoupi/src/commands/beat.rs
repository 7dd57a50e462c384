//! The beat, as `bin/acoupi-beat.sh` runs it: in the foreground, with its log in `log/beat.log`.

use std::io::{self, PipeReader, Read as _};
use std::path::Path;

use minder_tasks::state_dir::StateDir;
use minder_tasks::{agenda_file, beat};
use rustix::fs::inotify;

use crate::Acoupi;
use crate::click::Failure;
use crate::rotating_file::RotatingFile;

/// The hidden command.
pub(crate) const NAME: &str = "beat";

/// Is the beat until it is asked to end, or the program is another one; then whoever started it starts it again.
pub(crate) fn run(acoupi: &mut Acoupi) -> Result<(), Failure> {
    acoupi.need_setup()?;
    keep_log(&acoupi.settings.log("beat")).map_err(failed)?;
    let state = StateDir::new(&acoupi.settings.state_dir);
    let (hash, _) = agenda_file::newest(&state).map_err(|error| {
        println!("beat: {error}");
        Failure::Error(error.to_string())
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    let changed = watch(&state, hash.clone()).map_err(failed)?;
    runtime.block_on(async {
        tokio::select! {
            result = beat::run(&state, &hash) => result.map_err(|error| {
                println!("beat: {error}");
                Failure::Error(error.to_string())
            }),
            // Whether it was told or the thread has ended, somebody has to look again.
            _ = changed => Ok(()),
        }
    })
}

/// From here on what is printed goes to the log.
fn keep_log(path: &Path) -> io::Result<()> {
    let (reader, writer) = io::pipe()?;
    rustix::stdio::dup2_stdout(&writer)?;
    rustix::stdio::dup2_stderr(&writer)?;
    let log = RotatingFile::open(path)?;
    std::thread::spawn(move || pump(reader, log));
    Ok(())
}

fn pump(mut reader: PipeReader, mut log: RotatingFile) {
    let mut block = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = reader.read(&mut block) {
        // A full disk stops the log and not the beat.
        let _ = log.write(&block[..count]);
    }
}

/// Tells when another agenda holds.
fn watch(state: &StateDir, hash: String) -> io::Result<tokio::sync::oneshot::Receiver<()>> {
    let flags = inotify::CreateFlags::CLOEXEC;
    let notices = inotify::init(flags)?;
    inotify::add_watch(&notices, state.path(), inotify::WatchFlags::MOVED_TO)?;
    let (tell, told) = tokio::sync::oneshot::channel();
    let pointer = state.agenda_pointer();
    std::thread::spawn(move || {
        let mut file = std::fs::File::from(notices);
        let mut block = vec![0; 4096];
        loop {
            let holds = std::fs::read_to_string(&pointer).unwrap_or_default();
            if holds.trim() != hash || file.read(&mut block).is_err() {
                // Nobody waits any more when the process ends meanwhile.
                let _ = tell.send(());
                return;
            }
        }
    });
    Ok(told)
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands on")]
fn failed(error: io::Error) -> Failure {
    Failure::Error(error.to_string())
}
