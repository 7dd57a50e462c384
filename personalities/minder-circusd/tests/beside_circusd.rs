//! circusd-stats and circus-plugin beside the real circusd: what they send is held against what the originals send, and what
//! they ask for against what the real circusd then does.

#[path = "beside/mod.rs"]
mod beside;

#[path = "beside/plugins.rs"]
mod plugins;
#[path = "beside/stats.rs"]
mod stats;

/// Becomes one of our programs when a test runs this very program once more; does nothing in an ordinary run.
#[test]
fn program_itself() {
    beside::programs::become_program_if_asked();
}
