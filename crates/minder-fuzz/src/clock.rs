//! A runtime on which no time passes unless all wait for it; then it leaps.

use std::time::Duration;

/// No target waits so long, even if every time limit is waited for one after the other.
const ENOUGH: Duration = Duration::from_secs(48 * 60 * 60);

thread_local! {
    static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
}

/// Runs a future to its end.
///
/// # Panics
/// When it has none.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| {
        let local = tokio::task::LocalSet::new();
        local.block_on(runtime, async { tokio::time::timeout(ENOUGH, future).await.expect("an end") })
    })
}
