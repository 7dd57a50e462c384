//! What is done once more when a deployment ends, with a bound on time and on rounds.

use std::time::Instant;

use minder_core::deployment::Drain;
use serde_json::Value;

/// What happens meanwhile, for who watches.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress<'a> {
    /// A round of a task begins: the first is 1.
    Begins(&'a str, u32),
    /// A round of it has ended, and so much is left.
    Left(&'a str, u64),
}

/// What came of a task.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drained {
    /// Its name.
    pub task: String,
    /// How it ended.
    pub end: DrainEnd,
}

/// How the rounds of a task ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DrainEnd {
    /// Nothing is left.
    Done,
    /// So much is left, because no round made it less.
    Stuck(u64),
    /// So much is left, as far as is known, because the time or the rounds are over.
    OutOfTime(Option<u64>),
    /// It failed, and why.
    Failed(String),
}

impl Drained {
    /// Whether nothing is left.
    pub fn is_done(&self) -> bool {
        self.end == DrainEnd::Done
    }
}

/// Does each task of a drain until it has nothing left to do. `run` does a round, of which only the output is kept; so memory
/// has the bound of one round. `until` is the end of all rounds.
pub fn run(
    drain: &Drain,
    until: Instant,
    mut run: impl FnMut(&str, Instant) -> Result<Value, String>,
    mut watch: impl FnMut(&Progress<'_>),
) -> Vec<Drained> {
    let mut drained = Vec::new();
    for task in &drain.tasks {
        let end = rounds(task.as_str(), drain.rounds.get(), until, &mut run, &mut watch);
        drained.push(Drained { task: task.as_str().to_owned(), end });
    }
    drained
}

fn rounds(
    task: &str,
    most: u32,
    until: Instant,
    run: &mut impl FnMut(&str, Instant) -> Result<Value, String>,
    watch: &mut impl FnMut(&Progress<'_>),
) -> DrainEnd {
    let mut left: Option<u64> = None;
    for round in 1..=most {
        if Instant::now() >= until {
            return DrainEnd::OutOfTime(left);
        }
        watch(&Progress::Begins(task, round));
        let output = match run(task, until) {
            Ok(output) => output,
            Err(why) => return DrainEnd::Failed(why),
        };
        let now = output.get("remaining").and_then(Value::as_u64).unwrap_or(0);
        watch(&Progress::Left(task, now));
        if now == 0 {
            return DrainEnd::Done;
        }
        if left.is_some_and(|before| now >= before) {
            return DrainEnd::Stuck(now);
        }
        left = Some(now);
    }
    DrainEnd::OutOfTime(left)
}

#[cfg(test)]
mod tests {
    use super::{DrainEnd, Progress, run};
    use minder_core::deployment::Drain;
    use minder_core::ids::TaskName;
    use serde_json::{Value, json};
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    fn drain(rounds: u32) -> Drain {
        let rounds = NonZeroU32::new(rounds).expect("more than none");
        Drain {
            tasks: vec![TaskName::new("a"), TaskName::new("b")],
            timeout: Duration::from_secs(60),
            rounds,
        }
    }

    fn ends(
        rounds: u32,
        until: Instant,
        task: impl FnMut(&str, Instant) -> Result<Value, String>,
    ) -> Vec<DrainEnd> {
        run(&drain(rounds), until, task, |_| {}).into_iter().map(|drained| drained.end).collect()
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(3600)
    }

    #[test]
    fn each_task_is_done_until_nothing_is_left() {
        let (mut left, mut seen) = (3, Vec::new());
        let step = |task: &str, _| {
            left -= u32::from(task == "a");
            Ok(if task == "a" { json!({"remaining": left}) } else { Value::Null })
        };
        let watch = |progress: &Progress<'_>| match progress {
            Progress::Begins(task, round) => seen.push(format!("{task}{round}")),
            Progress::Left(_, left) => seen.push(left.to_string()),
        };
        let drained = run(&drain(10), later(), step, watch);
        assert!(drained.iter().all(super::Drained::is_done), "{drained:?}");
        assert_eq!(seen, ["a1", "2", "a2", "1", "a3", "0", "b1", "0"]);
    }

    #[test]
    fn what_cannot_be_done_is_told_and_keeps_nobody_waiting() {
        let same = ends(10, later(), |_, _| Ok(json!({"remaining": 7})));
        assert_eq!(same, [DrainEnd::Stuck(7), DrainEnd::Stuck(7)]);
        let mut left = 100;
        let slow = ends(2, later(), |_, _| {
            left -= 1;
            Ok(json!({"remaining": left}))
        });
        assert_eq!(slow, [DrainEnd::OutOfTime(Some(98)), DrainEnd::OutOfTime(Some(96))]);
        let late = ends(2, Instant::now(), |_, _| Ok(Value::Null));
        assert_eq!(late, [DrainEnd::OutOfTime(None), DrainEnd::OutOfTime(None)]);
        let failed = ends(2, later(), |task, _| if task == "a" { Err("no".into()) } else { Ok(Value::Null) });
        assert_eq!(failed, [DrainEnd::Failed("no".into()), DrainEnd::Done]);
    }
}
