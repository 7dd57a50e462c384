//! Everything that is to be said of a file before anybody runs it.

use minder_config::{Problem, Sources};

use crate::ini::{self, RealMachine};

/// A file, looked through.
#[derive(Debug)]
pub struct Checked {
    /// The files, to show problems with.
    pub sources: Sources,
    /// The problems.
    pub problems: Vec<Problem>,
    /// The watchers, and how many processes each is to have.
    pub watchers: Vec<(String, u32)>,
}

/// Whether a file of this content is Circus's.
pub fn recognises(text: &[u8]) -> bool {
    let ours = |line: &[u8]| line.starts_with(b"[circus]") || line.starts_with(b"[watcher:");
    text.split(|byte| *byte == b'\n').any(ours)
}

/// Where the daemon of a file is asked.
pub fn endpoint(file: &str) -> String {
    ini::read(file, &RealMachine).settings.circus.endpoint
}

/// Reads a file and what it includes, and makes its watchers and sockets without starting any.
pub fn check(file: &str) -> Checked {
    let reading = ini::read(file, &RealMachine);
    let mut problems: Vec<Problem> = reading.problems().into_iter().cloned().collect();
    let mut watchers = Vec::new();
    // With faults the settings hold defaults, of which nothing is to be said.
    if reading.faults.is_empty() {
        for section in &reading.settings.watchers {
            match section.options(&RealMachine) {
                Ok(options) => {
                    watchers.push((options.name.clone(), u32::try_from(options.numprocesses).unwrap_or(0)));
                }
                Err(why) => {
                    let problem = Problem::warning(format!("the daemon will run without it: {}", why.text));
                    problems.push(problem.with_place(Some(section.at)).with_subject(section.name.as_str()));
                }
            }
        }
        for section in &reading.settings.sockets {
            if let Err(why) = section.options(&RealMachine) {
                let problem = Problem::warning(format!("the daemon will run without it: {}", why.text));
                problems.push(problem.with_place(Some(section.at)).with_subject(section.name.as_str()));
            }
        }
    }
    Checked { sources: reading.sources, problems, watchers }
}
