//! Runs errands: what is slow, and not circusd's business.

use super::plugin::{Errand, Footprint, Outcome};

/// Runs one. Its time is limited by itself, save that a file system may be slow.
pub(super) async fn run(errand: Errand) -> Outcome {
    match errand {
        Errand::Inspect { watcher, command } => Outcome::Inspected { watcher, found: footprint(&command) },
        Errand::Fetch(check) => Outcome::Fetched(check.run().await),
        Errand::Info(server) => Outcome::Info(server.info().await),
    }
}

fn footprint(path: &str) -> Option<Footprint> {
    let path = std::fs::canonicalize(path).ok()?;
    let modified = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
    Some(Footprint { path, modified })
}
