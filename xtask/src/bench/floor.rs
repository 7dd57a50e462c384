//! The least that a supervisor can do: `floor.c`.

use super::beacons::{Beacons, Moment};
use super::place::Place;
use super::processes;
use crate::step::Problem;
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// A running floor. It and what it started end with this value.
#[derive(Debug)]
pub(super) struct Floor {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Floor {
    fn run(place: &Place, mode: &str, count: usize, beacons: &Beacons, then: &str) -> Result<Self, Problem> {
        let mut command = Command::new(place.program("floor"));
        command.arg(mode).arg(count.to_string()).arg(place.program("beacon")).arg(beacons.path()).arg(then);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let not_started = |error| Problem::NotStarted("floor".into(), error);
        let mut process = command.spawn().map_err(not_started)?;
        let said = process.stdout.take().ok_or_else(|| problem("no output"))?;
        Ok(Self { process, said: BufReader::new(said) })
    }

    /// Starts so many programs once, then ends them: how long each took.
    ///
    /// # Errors
    /// When the programs do not all run.
    pub(super) fn once(
        place: &Place,
        count: usize,
        beacons: &mut Beacons,
    ) -> Result<(Duration, Duration), Problem> {
        let mut floor = Self::run(place, "once", count, beacons, "stay")?;
        let begin = Moment(floor.number()?);
        let started = beacons.last_of(count, begin, "floor")?;
        let told = floor.process.stdin.take().ok_or_else(|| problem("no input"))?.write_all(b"\n");
        told.map_err(|error| Problem::NotStarted("floor".into(), error))?;
        let stopped = Duration::from_nanos(u64::try_from(floor.number()?).unwrap_or(0));
        Ok((started, stopped))
    }

    /// Keeps so many programs running, which `stay` or `leave`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub(super) fn again(place: &Place, count: usize, beacons: &Beacons, then: &str) -> Result<Self, Problem> {
        let mut floor = Self::run(place, "again", count, beacons, then)?;
        floor.number()?;
        Ok(floor)
    }

    fn number(&mut self) -> Result<i64, Problem> {
        let mut line = String::new();
        let read = self.said.read_line(&mut line);
        read.map_err(|error| Problem::NotStarted("floor".into(), error))?;
        line.trim().parse().map_err(|_| problem("ended early"))
    }
}

impl Drop for Floor {
    fn drop(&mut self) {
        // One that has been told to end its programs does so and ends; the other has to be ended.
        if self.process.stdin.is_some() {
            // Stopped first, so that it starts nobody after the others have been counted.
            let pid = self.process.id().cast_signed();
            processes::signal(pid, Signal::STOP);
            let children = processes::children(pid);
            let _ = self.process.kill();
            for child in children {
                processes::signal(child, Signal::KILL);
            }
        }
        let _ = self.process.wait();
    }
}

fn problem(what: &str) -> Problem {
    Problem::Failed("floor".into(), what.into())
}
