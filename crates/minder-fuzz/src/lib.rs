//! What every parser and protocol must hold, whatever the bytes: a function for each, which panics when it does not.
//!
//! ```text
//!  fuzz/fuzz_targets/NAME.rs ─(bytes that libFuzzer makes)─┐
//!                                                          ├─▶ Target::run ─▶ the parser, and what must be true of it
//!  tests/replay.rs ─(fuzz/corpus/NAME/*, on stable)────────┘
//! ```
//!
//! In reading order: [`supervisord`], [`http`], [`circus`], [`zmtp`], [`kegbot`], [`native`], [`recorder`], [`devices`], [`memory`],
//! [`words`] hold the targets by
//! what they attack; `input` cuts bytes into pieces, `machine` is a machine on which files are what the bytes say,
//! `clock` a runtime that waits for nothing, `script` a peer that says what it is told to say.
//!
//! # Invariants
//! - A target is a function of its bytes: no clock, no disk, no chance, so whatever is found is found again.
//! - The program does not link it; what it needs of a crate that is private it gets by that crate's feature `fuzzing`.

pub mod circus;
mod clock;
pub mod devices;
#[path = "../../../personalities/minder-supervisord/tests/rpc/fake.rs"]
mod fake;
pub mod http;
mod input;
pub mod kegbot;
mod machine;
pub mod memory;
pub mod native;
pub mod recorder;
mod script;
mod spans;
pub mod supervisord;
pub mod words;
pub mod zmtp;

/// One thing that is attacked.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: of the file in `fuzz/fuzz_targets` and of the folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Attacks it with these bytes.
    pub run: fn(&[u8]),
}

/// All of them, those first that strangers reach most easily.
pub const TARGETS: &[Target] = &[
    Target { name: "http_server", run: http::server },
    Target { name: "xmlrpc_call", run: http::xmlrpc_call },
    Target { name: "zmtp_decoder", run: zmtp::decoder },
    Target { name: "zmtp_connection", run: zmtp::connection },
    Target { name: "circus_command", run: circus::command },
    Target { name: "circus_ini", run: circus::ini },
    Target { name: "supervisord_conf", run: supervisord::conf },
    Target { name: "supervisord_values", run: supervisord::values },
    Target { name: "circus_values", run: circus::values },
    Target { name: "listener_dialogue", run: supervisord::listener_dialogue },
    Target { name: "kegbot_config", run: kegbot::config },
    Target { name: "minder_toml", run: native::minder_toml },
    Target { name: "detector_lines", run: recorder::detector_lines },
    Target { name: "wav_file", run: recorder::wav_file },
    Target { name: "kbsp_line", run: devices::kbsp_line },
    Target { name: "kegnet_stream", run: devices::kegnet_stream },
    Target { name: "keg_server_answer", run: devices::keg_server_answer },
    Target { name: "brewpi_lines", run: devices::brewpi_lines },
    Target { name: "keeper_wire", run: memory::keeper_wire },
    Target { name: "runtime_memory", run: memory::runtime_memory },
    Target { name: "xmlrpc_response", run: http::xmlrpc_response },
    Target { name: "circus_reply", run: circus::reply },
    Target { name: "command_lines", run: words::command_lines },
];
