//! Loops to run on, places to listen at, and a server that answers.

use std::time::Duration;

use minder_zmtp::{Bytes, Endpoint, Listener, Message, Router};
use tempfile::TempDir;
use tokio::task::LocalSet;

/// Runs on a loop of its own, and not for ever.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let within = async { tokio::time::timeout(Duration::from_secs(100), work).await };
    LocalSet::new().block_on(&runtime, within).expect("the test ends in time")
}

/// Places to listen: TCP, and a socket in a directory of its own.
pub(crate) fn places() -> (TempDir, [String; 2]) {
    let dir = TempDir::new().expect("a directory");
    let ipc = format!("ipc://{}/socket", dir.path().display());
    (dir, ["tcp://127.0.0.1:*".to_owned(), ipc])
}

/// A listener in the hands of the runtime, and where it is.
pub(crate) fn listener(place: &str) -> (Listener, Endpoint) {
    let bound = place.parse::<Endpoint>().expect("an endpoint").listen().expect("it can be listened on");
    (Listener::new(bound.socket).expect("a listener"), bound.endpoint)
}

/// Answers questions, and nothing else, for ever.
pub(crate) async fn answer(mut router: Router) {
    loop {
        let (peer, mut frames) = router.recv().await;
        if let Some(word) = frames.iter().position(|frame| frame == "ask") {
            frames[word] = Bytes::from_static(b"answer");
            router.send(&peer, &frames);
        }
    }
}

/// A message as it is received.
pub(crate) fn message(frames: &[&str]) -> Message {
    frames.iter().map(|frame| Bytes::copy_from_slice(frame.as_bytes())).collect()
}
