//! What a person is asked when a deployment begins, until the answer is one.

use std::io::{BufRead as _, IsTerminal as _};

use minder_deployment::record::Axis;

use crate::cli::ended::{Complaint, Ended};
use crate::cli::terminal;

/// A name, as it was given or is asked for.
pub(super) fn name(given: Option<&str>) -> Result<String, Complaint> {
    match given {
        Some(name) if !name.trim().is_empty() => Ok(name.to_owned()),
        Some(_) => Err(Complaint::new(Ended::Misused, "the name is empty")),
        None => ask("name of the deployment", "--name", |answer| {
            if answer.is_empty() { Err("a name is needed".to_owned()) } else { Ok(answer.to_owned()) }
        }),
    }
}

/// Degrees, as they were given or are asked for.
pub(super) fn degrees(given: Option<f64>, axis: Axis) -> Result<f64, Complaint> {
    let option = format!("--{}", axis.name());
    match given {
        Some(degrees) => {
            axis.hold(degrees).map_err(|why| Complaint::new(Ended::Misused, format!("{option}: {why}")))
        }
        None => ask(&format!("{} in degrees", axis.name()), &option, |answer| {
            let number = answer.parse().map_err(|_| format!("`{answer}` is no number"))?;
            axis.hold(number)
        }),
    }
}

fn ask<T>(question: &str, option: &str, read: impl Fn(&str) -> Result<T, String>) -> Result<T, Complaint> {
    let input = std::io::stdin();
    if !input.is_terminal() {
        return Err(Complaint::new(Ended::Misused, format!("the {question} is not known"))
            .with_hint(format!("give it by {option}, or answer on a terminal")));
    }
    loop {
        terminal::tell(&format!("{question}: "));
        let mut line = String::new();
        let count = input.lock().read_line(&mut line);
        if !matches!(count, Ok(1..)) {
            return Err(Complaint::failed(format!("the {question} was not said, and nothing was done")));
        }
        match read(line.trim()) {
            Ok(value) => return Ok(value),
            Err(why) => terminal::tell(&format!("  {why}\n")),
        }
    }
}
