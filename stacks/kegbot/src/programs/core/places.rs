//! Where a core keeps what must outlive it.

use std::path::{Path, PathBuf};

use crate::kegnet::Address;

/// The outbox of the core that tells this server and listens here. Each such pair has its own, as a drink belongs to one server.
pub(crate) fn outbox(api_url: &str, address: &Address) -> PathBuf {
    let server = api_url.split_once("://").map_or(api_url, |(_, rest)| rest).trim_end_matches('/');
    let name: String = format!("{server}-{address}")
        .chars()
        .map(
            |letter| if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-') { letter } else { '_' },
        )
        .take(150)
        .collect();
    state_directory().join("kegbot").join(format!("outbox-{name}.sqlite"))
}

/// As the XDG base directory specification has it.
fn state_directory() -> PathBuf {
    let absolute = |path: PathBuf| path.is_absolute().then_some(path);
    let said = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).and_then(absolute);
    let home = || std::env::var_os("HOME").map(PathBuf::from).and_then(absolute);
    said.or_else(|| home().map(|home| home.join(".local/state")))
        .unwrap_or_else(|| Path::new("/var/lib").into())
}
