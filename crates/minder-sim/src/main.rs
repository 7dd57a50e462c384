//! `cargo xtask sim`: runs scenarios until enough time has passed in the world or a promise was not kept. The second is made
//! short and told with the command that has it happen again.

mod options;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use minder_sim::mutation::Mutation;
use minder_sim::search::{run_one, search};
use minder_sim::shrink;

use options::{Form, Options, USAGE, Wanted};
use report::{Failure, Progress};

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(problem) => {
            eprint!("sim: {problem}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let fine = match options.wanted {
        Wanted::Usage => {
            print!("{USAGE}");
            true
        }
        Wanted::MutationNames => {
            Mutation::all().iter().for_each(|mutation| println!("{mutation}"));
            true
        }
        Wanted::Replay => replay(&options),
        Wanted::EveryMutation => every_mutation(&options),
        Wanted::Search => search_for(&options),
    };
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether all went as it should: nothing found, or a mistake that was made on purpose.
fn search_for(options: &Options) -> bool {
    let enough = options.enough();
    let mut progress = Progress::new(enough);
    let outcome = search(options.seed, enough, options.mutation, |outcome| progress.told(outcome));
    let took = progress.done();
    let failure = outcome.found.clone().map(|found| Failure::explained(found, options.mutation));
    match options.form {
        Form::Json => report::print_json(&outcome, took, failure.as_ref()),
        Form::Text => {
            report::print(&outcome, took);
            match &failure {
                Some(failure) => failure.print(),
                None => println!("✔ every promise was kept"),
            }
        }
    }
    failure.is_some() == options.mutation.is_some()
}

fn replay(options: &Options) -> bool {
    let lines = shrink::transcript(options.seed, &options.selection, options.mutation);
    report::print_lines(&lines, usize::MAX);
    let (_, found) = run_one(options.seed, &options.selection, options.mutation);
    match &found {
        Some(found) => {
            println!("✘ seed {}, step {}: {}", found.seed, found.step, found.violation.invariant);
            println!("  {}", found.violation.detail);
        }
        None => println!("✔ every promise was kept"),
    }
    found.is_some() == options.mutation.is_some()
}

/// A table: each mistake, and what it took to find it.
fn every_mutation(options: &Options) -> bool {
    let enough = options.enough();
    let mut all_found = true;
    println!("{:<24} {:>6} {:>9} {:>9}  found by", "mistake", "seeds", "simulated", "seconds");
    for mutation in Mutation::all() {
        let progress = Progress::new(enough);
        let outcome = search(options.seed, enough, Some(mutation), |_| ());
        let took = progress.done();
        let by = outcome.found.as_ref().map(|found| found.violation.invariant.to_string());
        all_found &= by.is_some();
        println!(
            "{:<24} {:>6} {:>9} {:>9.3}  {}",
            mutation.to_string(),
            outcome.seeds,
            days(outcome.counts.simulated),
            took.as_secs_f64(),
            by.unwrap_or_else(|| "nothing: not found".to_owned())
        );
    }
    all_found
}

fn days(simulated: Duration) -> String {
    format!("{:.1} d", simulated.as_secs_f64() / 86_400.0)
}
