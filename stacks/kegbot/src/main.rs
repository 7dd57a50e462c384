//! Kegbot's programs in one: which it is, the name says that it is called by, or else its first word.

use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    minder_kegbot::programs::run(&arguments)
}
