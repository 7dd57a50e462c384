//! The queue against a model of it that is a list, through every order of what can happen.

mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use minder_core::agenda::{Agenda, AgendaSettings, Bound, Overlap, Retry, TaskSpec, WorkerSpec};
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use minder_tasks::run::{
    Ask, DELIVERIES_MAX, Offered, Outcome, Record, RunId, RunState, SUSPECT_AFTER, Verdict,
};
use minder_tasks::state_dir::StateDir;
use minder_tasks::store::{Cancelled, Claimed, Filter, Follow, Scope, Store};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop, prop_oneof, proptest};
use world::{shell, task, worker};

const BACKLOG: usize = 3;
const SLOTS: u32 = 3;

#[derive(Clone, Debug)]
enum Step {
    Offer(usize, Overlap),
    Claim(usize, u32),
    Finish(usize, u8),
    Die(usize),
    Cancel(usize),
    Purge,
    Pass(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let overlap = prop_oneof![Just(Overlap::Skip), Just(Overlap::Queue), Just(Overlap::Replace)];
    let step = prop_oneof![
        6 => (0usize..3, overlap).prop_map(|(task, overlap)| Step::Offer(task, overlap)),
        6 => (0usize..2, 0..SLOTS).prop_map(|(worker, slot)| Step::Claim(worker, slot)),
        5 => (any::<prop::sample::Index>(), 0u8..5).prop_map(|(of, how)| Step::Finish(of.index(1000), how)),
        1 => (0usize..2).prop_map(Step::Die),
        1 => any::<prop::sample::Index>().prop_map(|of| Step::Cancel(of.index(1000))),
        1 => Just(Step::Purge),
        2 => (-5_000_000i64..20_000_000).prop_map(Step::Pass),
    ];
    prop::collection::vec(step, 1..80)
}

#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    id: RunId,
    attempt: u32,
    task: usize,
    state: RunState,
    asked: i64,
    not_before: i64,
    alone: bool,
    deliveries: u32,
    slot: Option<u32>,
    is_to_stop: bool,
}

/// Task 0 is followed by task 2 and tried again; 0 and 1 are done by the first worker, 2 by the second.
struct Model {
    entries: Vec<Entry>,
    now: i64,
}

const NAMES: [&str; 3] = ["a", "b", "c"];
const WORKERS: [&str; 2] = ["first", "second"];

fn worker_of(task: usize) -> usize {
    usize::from(task == 2)
}

impl Model {
    fn waiting(&self, worker: usize) -> Vec<usize> {
        let waits = |entry: &Entry| entry.state == RunState::Waiting && worker_of(entry.task) == worker;
        (0..self.entries.len()).filter(|at| waits(&self.entries[*at])).collect()
    }

    fn put(&mut self, id: RunId, attempt: u32, task: usize, not_before: i64, alone: bool) -> usize {
        let (asked, state) = (self.now, RunState::Waiting);
        self.entries.push(Entry {
            id,
            attempt,
            task,
            state,
            asked,
            not_before,
            alone,
            deliveries: 0,
            slot: None,
            is_to_stop: false,
        });
        self.entries.len() - 1
    }

    fn offer(&mut self, task: usize, overlap: Overlap, offered: &Offered) {
        let open: Vec<usize> = (0..self.entries.len())
            .filter(|at| self.entries[*at].task == task && !self.entries[*at].state.has_ended())
            .collect();
        if overlap == Overlap::Skip && !open.is_empty() {
            return self.left_out(task, offered);
        }
        let replaced = if overlap == Overlap::Replace { open } else { vec![] };
        let waiting = self.waiting(worker_of(task));
        let leaving = replaced.iter().filter(|at| self.entries[**at].state == RunState::Waiting).count();
        let is_full = waiting.len() - leaving >= BACKLOG;
        if is_full && worker_of(task) == 0 {
            return self.left_out(task, offered);
        }
        let Offered::Waits(id) = offered else { panic!("{offered:?} of {task}") };
        for at in replaced {
            match self.entries[at].state {
                RunState::Waiting => self.entries[at].state = RunState::Cancelled,
                _ => self.entries[at].is_to_stop = true,
            }
        }
        if is_full {
            self.entries[waiting[0]].state = RunState::Dropped;
        }
        let now = self.now;
        self.put(id.clone(), 1, task, now, true);
    }

    fn left_out(&mut self, task: usize, offered: &Offered) {
        let Offered::Skipped(id, _) = offered else { panic!("{offered:?} of {task}") };
        let now = self.now;
        let at = self.put(id.clone(), 1, task, now, true);
        self.entries[at].state = RunState::Skipped;
    }

    fn claim(&mut self, worker: usize, slot: u32) -> Option<(RunId, u32)> {
        let is_here = |e: &&Entry| worker_of(e.task) == worker && e.state == RunState::Claimed;
        let most = self.entries.iter().filter(is_here).map(|e| e.deliveries).max();
        if most.is_some_and(|most| most > SUSPECT_AFTER) {
            return None;
        }
        let works = |task| self.entries.iter().any(|e| e.task == task && e.state == RunState::Claimed);
        let at = self.waiting(worker).into_iter().find(|at| {
            let entry = &self.entries[*at];
            let is_ripe = entry.not_before <= self.now || entry.asked > self.now;
            is_ripe && !(entry.alone && works(entry.task))
        })?;
        let entry = &mut self.entries[at];
        if entry.deliveries >= SUSPECT_AFTER && most.is_some() {
            return None;
        }
        entry.state = RunState::Claimed;
        entry.slot = Some(slot);
        entry.deliveries += 1;
        Some((entry.id.clone(), entry.attempt))
    }

    fn finish(&mut self, at: usize, verdict: &Verdict, followers: &[(TaskName, Offered)]) {
        let entry = self.entries[at].clone();
        self.entries[at].slot = None;
        let state = match verdict {
            Verdict::Done(_) => RunState::Done,
            Verdict::Failed => RunState::Failed,
            Verdict::TimedOut => RunState::TimedOut,
            Verdict::Cancelled => RunState::Cancelled,
            Verdict::GivenBack => RunState::Waiting,
        };
        self.entries[at].state = state;
        match verdict {
            Verdict::GivenBack => self.entries[at].deliveries -= 1,
            Verdict::Done(Some(_)) if entry.task == 0 => {
                let [(_, Offered::Waits(id))] = followers else { panic!("{followers:?}") };
                if let [oldest, _, _, ..] = self.waiting(1)[..] {
                    self.entries[oldest].state = RunState::Dropped;
                }
                let now = self.now;
                self.put(id.clone(), 1, 2, now, false);
            }
            Verdict::Failed | Verdict::TimedOut if entry.task == 0 && entry.attempt <= 2 => {
                let delay = 2_000_000 << (entry.attempt - 1);
                let later = self.now + delay;
                self.put(entry.id, entry.attempt + 1, 0, later, entry.alone);
            }
            _ => assert!(followers.is_empty()),
        }
    }

    fn die(&mut self, worker: usize) {
        for entry in
            self.entries.iter_mut().filter(|e| worker_of(e.task) == worker && e.state == RunState::Claimed)
        {
            entry.slot = None;
            entry.state = match () {
                () if entry.is_to_stop => RunState::Cancelled,
                () if entry.deliveries >= DELIVERIES_MAX => RunState::Failed,
                () => RunState::Waiting,
            };
        }
    }

    fn cancel(&mut self, id: &RunId) -> Cancelled {
        let Some(entry) = self.entries.iter_mut().filter(|e| e.id == *id).max_by_key(|e| e.attempt) else {
            return Cancelled::Unknown;
        };
        if entry.state.has_ended() {
            return Cancelled::Ended(entry.state);
        }
        // No worker of this test is a process.
        entry.state = RunState::Cancelled;
        entry.slot = None;
        Cancelled::Now
    }
}

struct Pair {
    _dir: tempfile::TempDir,
    store: Store,
    agenda: Agenda,
    model: Model,
}

impl Pair {
    fn new() -> Self {
        let of = |at: usize, change: fn(&mut TaskSpec)| {
            let mut spec = task(NAMES[at], shell(""));
            spec.worker = WorkerName::new(WORKERS[worker_of(at)]);
            change(&mut spec);
            spec
        };
        let tasks = vec![
            of(0, |task| {
                task.then = vec![TaskName::new("c")];
                task.retry = Retry {
                    times: 2,
                    delay: Duration::from_secs(2),
                    factor_percent: 200,
                    ..Retry::default()
                };
            }),
            of(1, |_| {}),
            of(2, |_| {}),
        ];
        let backlog = u32::try_from(BACKLOG).expect("small");
        let workers = vec![
            WorkerSpec { backlog, bound: Bound::Refuse, ..worker(WORKERS[0], SLOTS) },
            WorkerSpec { backlog, bound: Bound::DropOldest, ..worker(WORKERS[1], SLOTS) },
        ];
        let agenda = Agenda::new(tasks, workers, vec![], AgendaSettings::default()).expect("a valid agenda");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(&StateDir::new(dir.path())).expect("a database");
        Self { _dir: dir, store, agenda, model: Model { entries: vec![], now: 1_800_000_000_000_000 } }
    }

    fn step(&mut self, step: &Step) {
        let now = WallTime(self.model.now);
        match step {
            Step::Offer(task, overlap) => {
                let name = TaskName::new(NAMES[*task]);
                let ask =
                    Ask { id: None, task: name, due: now, not_before: now, input: None, overlap: *overlap };
                let offered = self.store.offer(&self.agenda, &[ask], &[], now).expect("a database").remove(0);
                self.model.offer(*task, *overlap, &offered);
            }
            Step::Claim(worker, slot) => self.claim(*worker, *slot, now),
            Step::Finish(of, how) => self.finish(*of, *how, now),
            Step::Die(worker) => {
                self.store.give_back(&WorkerName::new(WORKERS[*worker]), now).expect("a database");
                self.model.die(*worker);
            }
            Step::Cancel(of) => {
                if let Some(entry) = self.model.entries.get(of % self.model.entries.len().max(1)).cloned() {
                    let cancelled = self.store.cancel(&entry.id, "", now).expect("a database");
                    assert_eq!(cancelled, self.model.cancel(&entry.id));
                }
            }
            Step::Purge => {
                let purged = self.store.purge(None, Scope::Waiting, now).expect("a database");
                let waiting = self.model.entries.iter_mut().filter(|e| e.state == RunState::Waiting);
                assert_eq!(purged, waiting.map(|entry| entry.state = RunState::Cancelled).count());
            }
            Step::Pass(by) => self.model.now += by,
        }
    }

    fn claim(&mut self, worker: usize, slot: u32, now: WallTime) {
        let is_taken =
            |e: &Entry| e.state == RunState::Claimed && worker_of(e.task) == worker && e.slot == Some(slot);
        if self.model.entries.iter().any(is_taken) {
            return;
        }
        let name = WorkerName::new(WORKERS[worker]);
        let claimed = match self.store.claim(&self.agenda, &name, slot, now).expect("a database") {
            Claimed::Run(run) => Some((run.id, run.attempt)),
            Claimed::None(_) => None,
        };
        assert_eq!(claimed, self.model.claim(worker, slot));
    }

    fn finish(&mut self, of: usize, how: u8, now: WallTime) {
        let claimed: Vec<usize> = (0..self.model.entries.len())
            .filter(|at| self.model.entries[*at].state == RunState::Claimed)
            .collect();
        let Some(at) = claimed.get(of % claimed.len().max(1)).copied() else { return };
        let verdict = match how {
            0 => Verdict::Done(Record::parse(b"1").expect("JSON")),
            1 => Verdict::Failed,
            2 => Verdict::TimedOut,
            3 => Verdict::Cancelled,
            _ => Verdict::GivenBack,
        };
        let run = self.store.run(&self.model.entries[at].id).expect("a database").expect("a run");
        let outcome = Outcome {
            verdict: verdict.clone(),
            exit: None,
            duration: Duration::ZERO,
            tail: String::new(),
            reason: None,
        };
        let aftermath =
            self.store.finish(&self.agenda, &run, &outcome, Follow::Here, now).expect("a database");
        self.model.finish(at, &verdict, &aftermath.followers);
    }

    fn compare(&self) {
        let found = self.store.runs(&Filter::default()).expect("a database");
        let found: BTreeMap<_, _> = found
            .into_iter()
            .map(|run| {
                ((run.id, run.attempt), (run.task.to_string(), run.state, run.not_before.0, run.deliveries))
            })
            .collect();
        let expected: BTreeMap<_, _> = self
            .model
            .entries
            .iter()
            .cloned()
            .map(|e| ((e.id, e.attempt), (NAMES[e.task].to_owned(), e.state, e.not_before, e.deliveries)))
            .collect();
        assert_eq!(found, expected);
    }
}

#[test]
fn the_queue_does_what_its_model_does() {
    proptest!(ProptestConfig::with_cases(48), |(steps in steps())| {
        let mut pair = Pair::new();
        for step in &steps {
            pair.step(step);
        }
        pair.compare();
    });
}
