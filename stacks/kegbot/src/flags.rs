//! Flags that several programs have.

use minder_kegbot_app::{Definition, Kind, Module};

/// `--api_url`.
pub const API_URL: Definition =
    Definition::new("api_url", Kind::Text, "http://localhost:8000/api/", "Where the server's interface is.");
/// `--api_key`.
pub const API_KEY: Definition =
    Definition::new("api_key", Kind::Text, "", "The key that the server knows this machine by.");
/// `--api_timeout`.
pub const API_TIMEOUT: Definition =
    Definition::new("api_timeout", Kind::Number, "10.0", "How long to wait for the server, seconds.");

/// What every client of the server has.
pub const API: Module = Module { name: "kegbot.api.kbapi", flags: &[API_KEY, API_TIMEOUT, API_URL] };

/// `--kb_core_addr`.
pub const CORE_ADDR: Definition =
    Definition::new("kb_core_addr", Kind::Text, "localhost:9805", "Where the core listens.");
/// `--kb_core_bind_addr`.
pub const CORE_BIND_ADDR: Definition =
    Definition::new("kb_core_bind_addr", Kind::Text, "localhost:9805", "Where the core is to listen.");
/// `--tap_name`, of programs that speak of one tap.
pub const TAP_NAME: Definition =
    Definition::new("tap_name", Kind::Text, "kegboard.flow0", "The tap that is meant.");
/// `--tap_name`, of programs that speak of all of them.
pub const EVERY_TAP: Definition =
    Definition::new("tap_name", Kind::Text, "__all_taps__", "The tap that a token is for.");

/// What every program of kegnet has.
pub const KEGNET: Module = Module { name: "kegbot.pycore.kegnet", flags: &[CORE_ADDR] };
