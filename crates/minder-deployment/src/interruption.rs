//! Somebody who changes his mind: signals that ask a command to end are noted while it does something that it must finish or undo.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use tokio::signal::unix::{SignalKind, signal};

/// SIGINT, SIGTERM and SIGHUP, from the begin of listening on.
#[derive(Clone, Debug, Default)]
pub struct Interruption(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    held: AtomicBool,
    noted: AtomicBool,
}

impl Interruption {
    /// Begins to listen. While nothing is held, `otherwise` is called with the number of the signal that came, on another thread;
    /// it ends the process. Where the system does not let us listen, signals do what they always do.
    pub fn listen(otherwise: impl Fn(i32) + Send + 'static) -> Self {
        let interruption = Self::default();
        let (ready, begun) = mpsc::channel();
        let flags = Arc::clone(&interruption.0);
        std::thread::spawn(move || listen(&flags, &ready, otherwise));
        // A thread that could not listen has dropped its end.
        let _ = begun.recv();
        interruption
    }

    /// From now on signals are noted and do nothing else.
    pub fn hold(&self) {
        self.0.held.store(true, Ordering::SeqCst);
    }

    /// # Errors
    /// When somebody asked us to end.
    pub fn check(&self) -> Result<(), String> {
        if self.is_noted() { Err("it was interrupted".to_owned()) } else { Ok(()) }
    }

    /// Whether somebody asked us to end.
    pub fn is_noted(&self) -> bool {
        self.0.noted.load(Ordering::SeqCst)
    }
}

fn listen(flags: &Flags, ready: &mpsc::Sender<()>, otherwise: impl Fn(i32)) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    runtime.block_on(async {
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(signal) else { return };
        // Nobody waits any more when the process ends meanwhile.
        let _ = ready.send(());
        loop {
            let kind = tokio::select! {
                _ = interrupt.recv() => kinds[0],
                _ = terminate.recv() => kinds[1],
                _ = hangup.recv() => kinds[2],
            };
            flags.noted.store(true, Ordering::SeqCst);
            if !flags.held.load(Ordering::SeqCst) {
                otherwise(kind.as_raw_value());
            }
        }
    });
}
