//! The resident alone, as the tests run it: PROGRAM CONFIGURATION.

use std::path::PathBuf;
use std::process::ExitCode;

use minder_recorder::program::ProgramKind;
use minder_recorder::resident;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (kind, path) = (arguments.next(), arguments.next());
    let Some((kind, path)) = kind.as_deref().and_then(ProgramKind::named).zip(path) else {
        eprintln!("usage: recorder_resident PROGRAM CONFIGURATION");
        return ExitCode::from(2);
    };
    match resident::main(kind, &PathBuf::from(path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
