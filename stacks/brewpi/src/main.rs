//! BrewPi's controller script, its spawner and its simulator, in one program.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    minder_brewpi::cli::main(&arguments)
}
