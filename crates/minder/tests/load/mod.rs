//! Requests without a pause, from several threads, and what came of them.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const THREADS: usize = 8;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at something that tells nobody when it changes.
const LOOK: Duration = Duration::from_millis(10);

/// Gives what was looked for, once it is there.
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "no {what} in time");
        std::thread::sleep(LOOK);
    }
}

/// Threads that ask for a page again and again.
pub(crate) struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    over: AtomicBool,
    requests: AtomicUsize,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    workers: BTreeSet<String>,
    failures: Vec<String>,
}

/// What came of all requests.
pub(crate) struct Served {
    pub(crate) requests: usize,
    pub(crate) workers: BTreeSet<String>,
    pub(crate) failures: Vec<String>,
}

impl Load {
    /// From now on, to a port of this machine.
    pub(crate) fn start(port: u16) -> Load {
        let shared = Arc::new(Shared::default());
        let one = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                while !shared.over.load(Ordering::Relaxed) {
                    shared.take(request(port));
                }
            })
        };
        let threads = (0..THREADS).map(one).collect();
        Load { shared, threads }
    }

    /// Waits until so many more requests are over.
    pub(crate) fn until_served(&self, more: usize) {
        let wanted = self.shared.requests.load(Ordering::Relaxed) + more;
        wait_for("answers", || (self.shared.requests.load(Ordering::Relaxed) >= wanted).then_some(()));
    }

    /// The end of it.
    pub(crate) fn end(mut self) -> Served {
        self.stop();
        let seen = std::mem::take(&mut *self.shared.seen.lock().expect("no thread has panicked"));
        let requests = self.shared.requests.load(Ordering::Relaxed);
        Served { requests, workers: seen.workers, failures: seen.failures }
    }

    fn stop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn take(&self, answer: Result<String, String>) {
        let mut seen = self.seen.lock().expect("no thread has panicked");
        match answer {
            Ok(worker) => drop(seen.workers.insert(worker)),
            Err(failure) => seen.failures.push(failure),
        }
        drop(seen);
        self.requests.fetch_add(1, Ordering::Relaxed);
    }
}

/// The worker that made the page, `worker PID`, or why there is no page.
fn request(port: u16) -> Result<String, String> {
    let answer = exchange(port).map_err(|error| error.to_string())?;
    let page = answer.split_once("\r\n\r\n").filter(|_| answer.starts_with("HTTP/1.1 200 OK\r\n"));
    page.and_then(|(_, page)| page.strip_suffix('\n')?.split_once(", page "))
        .map(|(worker, _)| worker.to_owned())
        .ok_or_else(|| format!("not the page: {answer:?}"))
}

fn exchange(port: u16) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
