//! The build's own commands: `cargo xtask COMMAND`.
//!
//! One file a command: [`setup`] prepares the machine, [`mod@test`] proves minder against the originals, [`tidy`] holds the
//! sources against the rules that no compiler knows, [`ci`] is all of it in the order of the continuous integration,
//! [`mod@bench`] measures, [`chaos`] breaks the real program and [`sim`] a simulated one, [`mod@fuzz`] their parsers. [`step`] runs a program with its time
//! shown, [`workspace`] knows where things are.

mod bench;
mod chaos;
mod ci;
mod fuzz;
mod rpc;
mod setup;
mod sim;
mod step;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask COMMAND

  setup   prepare what the tests need: the real Supervisor in target/reference-venv, a few packages
          (--peers: also the other supervisors that bench measures, which takes minutes)
  test    setup, build, and run every test; words after it choose tests by name
          (--original-twice puts the original on both sides, which proves the comparison itself)
  tidy    check the rules that no compiler knows
  ci      fmt, clippy, test, rustdoc, deny, tidy: exactly what the continuous integration runs
  sim     years of faults in a simulated world, from a seed; --help after it says more
  fuzz    attack every parser and protocol with bytes that coverage leads; --help after it says more
  bench   measure minder beside other supervisors; --help after it says more
  chaos   kill, stop and upgrade minder again and again, and count what was lost
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let outcome = match command.as_str() {
        "setup" => match rest.as_slice() {
            [] => setup::run(),
            [word] if word == "--peers" => setup::run().map(|()| bench::peers::install::all()),
            _ => Err(step::Problem::Missing("usage: setup [--peers]".into())),
        },
        "test" => test::run(&rest),
        "tidy" => tidy::run(),
        "ci" => ci::run(),
        "sim" => sim::run(&rest),
        "fuzz" => fuzz::run(&rest),
        "bench" => bench::run(&rest),
        "chaos" => chaos::run(&rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("xtask {command}: {problem}");
            ExitCode::FAILURE
        }
    }
}
