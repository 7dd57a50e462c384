//! One binary: under its own name it is minder; under another program's name it takes that program's place.
//!
//! ```text
//!  argv[0] ─▶ personalities ─▶ front ─exec─▶ keeper ─fork, exec─▶ mind      (the same executable, three roles)
//!                 │                                                │
//!                 └─▶ supervisorctl, pidproxy, … and minder's own  └─▶ assemble: runtime + faces
//!                     commands (cli/), which are clients
//! ```

mod assemble;
mod cli;
mod demo;
mod neighbours;
mod personalities;

use std::process::ExitCode;

use minder_keeper::Role;

fn main() -> ExitCode {
    match Role::take() {
        Ok(Role::Keeper(boot)) => status(minder_keeper::run(boot)),
        Ok(Role::Mind(port)) => assemble::mind(port),
        Ok(Role::Front) => personalities::run(std::env::args_os().collect()),
        Err(error) => {
            eprintln!("minder: {error}");
            ExitCode::from(111)
        }
    }
}

fn status(number: i32) -> ExitCode {
    ExitCode::from(u8::try_from(number).unwrap_or(1))
}
