//! Kegbot's programs in one: which it is, the name says that it is called by, or else its first word.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    ExitCode::from(minder_kegbot::programs::core::run(&arguments))
}
