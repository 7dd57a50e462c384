//! What a world begins with and what will happen to it: all of it drawn from one seed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use minder_core::backoff::{Backoff, Shortage};
use minder_core::ids::{ByteString, GroupName, ProgramName, Signal};
use minder_core::plan::GroupSpec;
use minder_core::program::{
    Choice, Command, ErrorOutput, LogTarget, OutputFilter, OutputSpec, ProgramSpec, Publish, Readiness,
    Rotation, Startup, StdinSource, Surroundings, Syslog, Unborn,
};
use minder_core::restart::{ExpectedExits, RestartPolicy};
use minder_core::stop::{Reach, StopPolicy};

use crate::chance::Chance;
use crate::moves::{Move, Unit, Way};
use crate::nature::{self, HOUR, MINUTE, Nature};

/// A beginning and a schedule.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What all chance is drawn from.
    pub seed: u64,
    /// What the files say at first.
    pub groups: Vec<Arc<GroupSpec>>,
    /// How processes are; [`Nature::STEADY`] for whom is not named.
    pub natures: BTreeMap<Unit, Nature>,
    /// What happens, by time from the beginning.
    pub moves: Vec<(Duration, Move)>,
    /// From when on nothing bad happens any more, so that everything has to come right.
    pub calm_from: Duration,
}

impl Scenario {
    /// These groups, with processes that live for ever, and nothing happens.
    pub fn quiet(groups: Vec<Arc<GroupSpec>>) -> Self {
        Self { seed: 0, groups, natures: BTreeMap::new(), moves: Vec::new(), calm_from: Duration::ZERO }
    }

    /// The scenario of a seed.
    pub fn of_seed(seed: u64) -> Self {
        let mut chance = Chance::new(seed);
        let sizes: Vec<u8> = (0..=chance.index(4)).map(|_| chance.pick(&[1, 1, 2, 3])).collect();
        let mut groups = Vec::new();
        let mut units = Vec::new();
        for (g, &size) in (0..).zip(&sizes) {
            let programs = (0..size).map(|p| some_program(&mut chance, p)).collect();
            groups.push(group(&format!("g{g}"), chance.pick(&[0, 0, 1, 2]), programs));
            units.extend((0..size).map(|program| Unit { group: g, program }));
        }
        // Groups may grow, so more programs have a nature than there are at first.
        let natures = (0..4).flat_map(|group| (0..6).map(move |program| Unit { group, program }));
        let natures = natures.map(|unit| (unit, Nature::by_chance(&mut chance))).collect();
        let end = HOUR.saturating_mul(6) + chance.time(HOUR.saturating_mul(66));
        let (calm_from, shutdown) = match chance.pick(&[Finale::Calm, Finale::Storm]) {
            // An hour is more than the longest back-off and the longest stop one after the other.
            Finale::Calm => (end, end + HOUR),
            Finale::Storm => (end + MINUTE, end),
        };
        let moves = moves(&mut chance, &units, end, shutdown);
        Self { seed, groups, natures, moves, calm_from }
    }

    /// The same without what is not selected.
    #[must_use]
    pub fn only(&self, selection: &Selection) -> Self {
        let mut less = self.clone();
        if let Some(kept) = &selection.moves {
            let moves = (0..).zip(&self.moves);
            let selected =
                moves.filter(|(index, (_, act))| kept.contains(index) || matches!(act, Move::Shutdown(_)));
            less.moves = selected.map(|(_, act)| *act).collect();
        }
        if let Some(units) = &selection.units {
            less.groups =
                (0u8..).zip(&self.groups).filter_map(|(g, spec)| only_units(g, spec, units)).collect();
        }
        for unit in &selection.steady {
            less.natures.insert(*unit, Nature::STEADY);
        }
        less
    }

    /// The units that there are at first.
    pub fn units(&self) -> Vec<Unit> {
        let of_group = |spec: &Arc<GroupSpec>| {
            let group = crate::moves::number(spec.name.as_str());
            let programs = spec.programs.iter().map(|program| crate::moves::number(program.name.as_str()));
            programs.map(move |program| Unit { group, program }).collect::<Vec<_>>()
        };
        self.groups.iter().flat_map(of_group).collect()
    }
}

/// A part of a scenario: what a failure is shrunk to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    /// Which moves happen, by their place, beside the last request to end; `None`: all.
    pub moves: Option<Vec<usize>>,
    /// Which programs there are at first; `None`: all.
    pub units: Option<Vec<Unit>>,
    /// Whose processes live until somebody ends them, whatever their nature.
    pub steady: Vec<Unit>,
}

fn only_units(g: u8, spec: &GroupSpec, units: &[Unit]) -> Option<Arc<GroupSpec>> {
    let mut spec = spec.clone();
    spec.programs.retain(|program| {
        units.contains(&Unit { group: g, program: crate::moves::number(program.name.as_str()) })
    });
    (!spec.programs.is_empty()).then(|| Arc::new(spec))
}

/// Moves come in bursts, because trouble seldom comes alone, and because two things that happen within a moment are what
/// goes wrong.
fn moves(chance: &mut Chance, units: &[Unit], end: Duration, shutdown: Duration) -> Vec<(Duration, Move)> {
    let bursts = 4 + end.as_secs() / 2400;
    let habit = chance.pick(&[Habit::Plans, Habit::Shapes]);
    let mut moves = Vec::new();
    for _ in 0..bursts {
        let mut at = chance.time(end);
        let spread = chance.pick(&[200_000, 5_000_000, 100_000_000, 3_000_000_000, 30_000_000_000]);
        // What belongs together mostly concerns one program.
        let unit = chance.pick(units);
        if chance.one_in(8) {
            for act in some_story(chance, unit, habit) {
                moves.push((at, act));
                at += chance.time(Duration::from_nanos(spread));
            }
            continue;
        }
        for _ in 0..=chance.index(5) {
            let unit = if chance.one_in(4) { chance.pick(units) } else { unit };
            moves.push((at, some_move(chance, unit, habit)));
            at += chance.time(Duration::from_nanos(spread));
        }
    }
    moves.push((shutdown, Move::Shutdown(chance.pick(&[Way::Signal, Way::Request]))));
    for _ in 0..chance.below(8) {
        let soon = Duration::from_secs(chance.pick(&[1, 20]));
        // Not long before it either, or what it finds is always at rest.
        let at = (shutdown + chance.time(soon)).saturating_sub(soon / 4);
        let unit = chance.pick(units);
        moves.push((at, if chance.one_in(2) { kill(chance) } else { some_move(chance, unit, habit) }));
    }
    moves.sort_by_key(|(at, _)| *at);
    moves
}

/// What minder is asked to end in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Finale {
    /// Everything has come right, and that has been looked at.
    Calm,
    /// Everything goes on as before.
    Storm,
}

/// How groups come and go. A face knows one of the two ways, and nothing is promised to one that mixes them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Habit {
    /// Files are read, and groups taken from what was read.
    Plans,
    /// A group is given a shape, which need not be in any file.
    Shapes,
}

/// What is dealt more often than chance would have it: a kill while nobody is sure whether there is a process, and a slot that
/// goes and comes again.
fn some_story(chance: &mut Chance, unit: Unit, habit: Habit) -> Vec<Move> {
    let Unit { group, program } = unit;
    match (chance.below(3), habit) {
        (0, Habit::Plans) => vec![Move::Stop(unit), Move::Remove(group), Move::Add(group)],
        (0, Habit::Shapes) => {
            vec![Move::Stop(unit), Move::Reshape(group, program), Move::Reshape(group, program + 1)]
        }
        _ => vec![Move::Break(unit, 1), Move::Start(unit), Move::Stop(unit), kill(chance)],
    }
}

fn some_move(chance: &mut Chance, unit: Unit, habit: Habit) -> Move {
    match chance.below(32) {
        0..4 => Move::Start(unit),
        4..7 => Move::Stop(unit),
        7 => Move::StopBy(unit, Duration::from_secs(chance.below(4))),
        8..10 => Move::Restart(unit),
        10 => Move::Signal(unit, chance.pick(&[Signal(10), Signal::TERM, Signal::KILL])),
        11..15 => Move::Crash(unit, nature::status(chance)),
        15..17 => Move::Break(unit, chance.pick(&[1, 2, 6])),
        17 => Move::Harden(unit),
        18..22 if habit == Habit::Shapes => Move::Reshape(unit.group, chance.pick(&[1, 2, 3, 5])),
        18 => Move::Edit(unit.group, chance.pick(&[0, 1, 2])),
        19 | 20 => Move::Reread,
        21 => Move::Add(unit.group),
        22 => Move::Remove(unit.group),
        23 => Move::Jump(chance.pick(&[-86_400, -3, 3, 3600, 31_536_000, -1_000_000_000])),
        _ => kill(chance),
    }
}

fn kill(chance: &mut Chance) -> Move {
    match chance.below(10) {
        0 | 1 => Move::KillKeeper,
        2 => Move::KillBoth,
        3..6 => Move::KillMind(0),
        _ => Move::KillMind(u16::try_from(chance.below(12)).unwrap_or(0)),
    }
}

fn some_program(chance: &mut Chance, number: u8) -> ProgramSpec {
    let mut spec = program(&format!("p{number}"));
    spec.priority = chance.pick(&[0, 0, 1]);
    spec.startup = if chance.one_in(5) { Startup::OnRequest } else { Startup::Automatic };
    spec.restart = chance.pick(&[
        RestartPolicy::OnUnexpectedExit,
        RestartPolicy::Always,
        RestartPolicy::Always,
        RestartPolicy::Never,
    ]);
    spec.readiness = Readiness::StaysUp(Duration::from_millis(chance.pick(&[0, 50, 1000, 1000, 5000])));
    spec.backoff = Backoff {
        retries: chance.pick(&[0, 1, 3, 3, 6]),
        step: Duration::from_millis(chance.pick(&[10, 1000, 1000, 7000])),
        shortage: chance.pick(&[Shortage::Passes, Shortage::Counts]),
    };
    spec.stop.grace = Duration::from_secs(chance.pick(&[0, 1, 10, 10, 20]));
    spec.stop.reach = chance.pick(&[Reach::Process, Reach::Group]);
    if chance.one_in(4) {
        spec.surroundings.unborn = Unborn::NotMade;
    }
    spec
}

/// A program with the usual policies.
pub fn program(name: &str) -> ProgramSpec {
    let output = OutputSpec {
        log: LogTarget::Nowhere,
        rotation: Rotation::Never,
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    };
    ProgramSpec {
        name: ProgramName::new(name),
        command: Command {
            line: name.into(),
            file: None,
            words: Ok(vec![ByteString::from(name.as_bytes().to_vec())]),
            search: Arc::default(),
            choice: Choice::First,
        },
        directory: None,
        environment: Vec::new(),
        surroundings: Surroundings::default(),
        identity: None,
        umask: None,
        priority: 0,
        startup: Startup::Automatic,
        restart: RestartPolicy::OnUnexpectedExit,
        expected_exits: ExpectedExits(vec![0]),
        readiness: Readiness::StaysUp(Duration::from_secs(1)),
        backoff: Backoff { retries: 3, step: Duration::from_secs(1), shortage: Shortage::Passes },
        stop: StopPolicy {
            signal: Signal::TERM,
            grace: Duration::from_secs(10),
            reach: Reach::Process,
            kill_reach: Reach::Process,
        },
        stdin: StdinSource::Pipe,
        stdout: output.clone(),
        stderr: ErrorOutput::Own(output),
        notices: Arc::default(),
    }
}

/// A group of programs.
pub fn group(name: &str, priority: i64, programs: Vec<ProgramSpec>) -> Arc<GroupSpec> {
    Arc::new(GroupSpec {
        name: GroupName::new(name),
        priority,
        programs: programs.into_iter().map(Arc::new).collect(),
        subscription: None,
        socket: None,
    })
}
