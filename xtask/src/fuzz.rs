//! `cargo xtask fuzz`: every parser and protocol attacked with bytes that coverage leads.
//!
//! ```text
//!  fuzz/corpus/TARGET ─┐                       ┌─▶ fuzz/found/TARGET ─merge─▶ fuzz/corpus/TARGET, replayed by the tests
//!                      ├─▶ libFuzzer, N seconds┤
//!  fuzz/regressions ───┘                       └─▶ fuzz/artifacts/TARGET: what broke a promise
//! ```
//!
//! It takes a nightly compiler and cargo-fuzz. The tests take neither: they replay what is kept here.

use crate::step::{self, Problem};
use crate::workspace;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

const USAGE: &str = "usage: cargo xtask fuzz [--seconds N] [--only TARGET] [--jobs N]

  --seconds N    how long each target is attacked (600)
  --only TARGET  one target; may be given several times (all)
  --jobs N       how many targets at once (1)

What is found new is merged into fuzz/corpus. A failure is kept in fuzz/artifacts/TARGET; this plays it again:
  fuzz/target/HOST/release/TARGET FILE";

/// Longer inputs than this are not tried: what breaks a parser is short, and short inputs are fast. In bytes.
const INPUT_BYTES_MAX: usize = 4096;
/// An input that takes longer is a failure. In seconds.
const PATIENCE: u32 = 10;
/// What a target may use. In MiB.
const MEMORY_MAX: u32 = 2048;
/// Longer files are not kept in the corpus: it lives in the repository. In bytes.
const KEPT_BYTES_MAX: u64 = 2048;

/// What is asked for.
struct Options {
    seconds: u32,
    targets: Vec<String>,
    jobs: usize,
}

/// What came of one target.
#[derive(Clone, Debug, Default, PartialEq)]
struct Outcome {
    executions: u64,
    /// Edges of the program that were reached.
    coverage: u64,
    /// Inputs that reached something that no other did.
    inputs: u64,
    /// Files of what went wrong.
    failures: Vec<PathBuf>,
}

/// Attacks all targets, or those that were named.
///
/// # Errors
/// When something is missing, does not build, or a target broke a promise.
pub(crate) fn run(words: &[String]) -> Result<(), Problem> {
    let options = options(words)?;
    let targets = chosen(&options)?;
    if !step::works("cargo", &["+nightly", "fuzz", "--version"]) {
        return Err(Problem::Missing(
            "cargo-fuzz with a nightly compiler is needed:\n  rustup toolchain install nightly --profile minimal\n  \
             cargo install cargo-fuzz"
                .to_owned(),
        ));
    }
    let mut build = Command::new("cargo");
    build.current_dir(workspace::root()).args(["+nightly", "fuzz", "build"]);
    step::run("fuzz targets", build.env_remove("RUSTUP_TOOLCHAIN"))?;
    let outcomes = attack(&targets, &options);
    print(&outcomes, options.seconds);
    let broken: Vec<String> = outcomes
        .iter()
        .flat_map(|(name, outcome)| {
            outcome.failures.iter().map(move |file| format!("{name}: {}", file.display()))
        })
        .collect();
    if broken.is_empty() { Ok(()) } else { Err(Problem::Steps(broken)) }
}

fn options(words: &[String]) -> Result<Options, Problem> {
    let usage = || Problem::Missing(USAGE.to_owned());
    let mut options = Options { seconds: 600, targets: Vec::new(), jobs: 1 };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(usage)?;
        match word.as_str() {
            "--seconds" => options.seconds = value.parse().map_err(|_| usage())?,
            "--only" => options.targets.push(value.clone()),
            "--jobs" => options.jobs = value.parse().ok().filter(|jobs| *jobs > 0).ok_or_else(usage)?,
            _ => return Err(usage()),
        }
    }
    Ok(options)
}

fn folder() -> PathBuf {
    workspace::root().join("fuzz")
}

/// The targets that are asked for, which must be there.
fn chosen(options: &Options) -> Result<Vec<String>, Problem> {
    let sources = folder().join("fuzz_targets");
    let entries =
        fs::read_dir(&sources).map_err(|error| Problem::File(sources.display().to_string(), error))?;
    let mut all: Vec<String> = entries
        .flatten()
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    all.sort();
    match options.targets.iter().find(|name| !all.contains(name)) {
        Some(name) => {
            Err(Problem::Missing(format!("no target is called `{name}`; there are: {}", all.join(", "))))
        }
        None if options.targets.is_empty() => Ok(all),
        None => Ok(options.targets.clone()),
    }
}

/// Some targets at once, each of them for as long as is asked.
fn attack(targets: &[String], options: &Options) -> BTreeMap<String, Outcome> {
    let waiting = Mutex::new(targets.iter());
    let outcomes = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                while let Some(name) = waiting.lock().ok().and_then(|mut waiting| waiting.next()) {
                    println!("▶ {name}");
                    let outcome = attack_one(name, options.seconds).unwrap_or_else(|problem| {
                        println!("✘ {name}: {problem}");
                        Outcome { failures: vec![PathBuf::from(problem.to_string())], ..Outcome::default() }
                    });
                    if let Ok(mut outcomes) = outcomes.lock() {
                        outcomes.insert(name.clone(), outcome);
                    }
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_default()
}

fn attack_one(name: &str, seconds: u32) -> Result<Outcome, Problem> {
    let folder = folder();
    let [found, corpus, regressions, artifacts] =
        ["found", "corpus", "regressions", "artifacts"].map(|kind| folder.join(kind).join(name));
    for directory in [&found, &corpus, &artifacts] {
        fs::create_dir_all(directory)
            .map_err(|error| Problem::File(directory.display().to_string(), error))?;
    }
    let before = files_in(&artifacts);
    let log = folder.join("found").join(format!("{name}.log"));
    let out = File::create(&log).map_err(|error| Problem::File(log.display().to_string(), error))?;
    let mut command = fuzzer(name)?;
    command.arg(&found).arg(&corpus);
    if regressions.is_dir() {
        command.arg(&regressions);
    }
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={PATIENCE}"))
        .arg(format!("-rss_limit_mb={MEMORY_MAX}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .arg("-print_final_stats=1")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(out);
    let status = command.status().map_err(|error| Problem::NotStarted(name.to_owned(), error))?;
    let text = fs::read_to_string(&log).unwrap_or_default();
    let mut outcome = read_log(&text);
    outcome.failures = files_in(&artifacts).into_iter().filter(|file| !before.contains(file)).collect();
    if !status.success() && outcome.failures.is_empty() {
        outcome.failures.push(log);
    }
    merge(name, &corpus, &found)?;
    Ok(outcome)
}

/// Keeps, of what was found, what reaches something that the corpus does not.
fn merge(name: &str, corpus: &Path, found: &Path) -> Result<(), Problem> {
    let mut command = fuzzer(name)?;
    command.arg("-set_cover_merge=1").arg(format!("-max_len={KEPT_BYTES_MAX}")).arg(corpus).arg(found);
    step::output(&mut command).map(drop)
}

/// A target as it was built.
fn fuzzer(name: &str) -> Result<Command, Problem> {
    let host = step::output(Command::new("rustc").arg("-vV"))?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
    let mut command = Command::new(folder().join("target").join(host).join("release").join(name));
    // Memory that an allocator gave out once and keeps is no leak of ours.
    command.env("ASAN_OPTIONS", "detect_odr_violation=0:detect_leaks=0");
    Ok(command)
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// What libFuzzer says of a run.
fn read_log(text: &str) -> Outcome {
    let number = |word: &str| word.split('/').next().and_then(|digits| digits.parse().ok());
    let mut outcome = Outcome::default();
    for line in text.lines() {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        for pair in words.windows(2) {
            match pair {
                ["cov:", value] => outcome.coverage = number(value).unwrap_or(outcome.coverage),
                ["corp:", value] => outcome.inputs = number(value).unwrap_or(outcome.inputs),
                ["stat::number_of_executed_units:", value] => {
                    outcome.executions = number(value).unwrap_or(outcome.executions);
                }
                _ => {}
            }
        }
    }
    outcome
}

fn print(outcomes: &BTreeMap<String, Outcome>, seconds: u32) {
    println!(
        "\n{:<20} {:>12} {:>10} {:>8} {:>8}  failures",
        "target", "executions", "a second", "edges", "inputs"
    );
    for (name, outcome) in outcomes {
        let Outcome { executions, coverage, inputs, failures } = outcome;
        let speed = executions / u64::from(seconds.max(1));
        println!("{name:<20} {executions:>12} {speed:>10} {coverage:>8} {inputs:>8}  {}", failures.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_figures_of_a_log_count() {
        let log = "#2\tINITED cov: 100 ft: 120 corp: 1/1b exec/s: 0 rss: 40Mb\n\
                   #4096\tpulse  cov: 250 ft: 900 corp: 31/2000b lim: 4096 exec/s: 2048 rss: 60Mb\n\
                   Done 5000 runs in 3 second(s)\nstat::number_of_executed_units: 5000\n";
        let expected = Outcome { executions: 5000, coverage: 250, inputs: 31, failures: Vec::new() };
        assert_eq!(read_log(log), expected);
    }
}
