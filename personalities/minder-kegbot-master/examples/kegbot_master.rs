//! The launcher alone, as the tests run it.

use std::process::ExitCode;

fn main() -> ExitCode {
    minder_kegbot_master::main(std::env::args_os().collect())
}
