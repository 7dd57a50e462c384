//! The keeper's promises, held against a real one. This executable is the front, the keeper and the mind as well.

mod promises;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

use minder_keeper::Role;

fn main() -> ExitCode {
    let arguments = std::env::args().collect::<Vec<_>>();
    // A role that is none: the mind of a keeper whose test is over. Its parent is another one by then.
    let Ok(role) = Role::take() else { return ExitCode::FAILURE };
    match world::play(role, &arguments) {
        Some(status) => status,
        None => run(&arguments[1..]),
    }
}

/// As the usual harness does, as far as it is used here: names to choose by, `--list`.
fn run(arguments: &[String]) -> ExitCode {
    let wanted = |name: &str| {
        let mut words = arguments.iter().filter(|word| !word.starts_with("--")).peekable();
        words.peek().is_none() || words.any(|word| name.contains(word.as_str()))
    };
    let chosen = promises::ALL.iter().filter(|(name, _)| wanted(name)).collect::<Vec<_>>();
    if arguments.iter().any(|word| word == "--list") {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let (queue, failed) = (Mutex::new(chosen.iter()), Mutex::new(0_u32));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some((name, promise)) = queue.lock().unwrap().next() else { return };
                    let kept = catch_unwind(AssertUnwindSafe(promise)).is_ok();
                    println!("test {name} ... {}", if kept { "ok" } else { "FAILED" });
                    *failed.lock().unwrap() += u32::from(!kept);
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    println!("\ntest result: {} of {} failed", failed, chosen.len());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
