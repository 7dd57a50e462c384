//! The embedded queue: what is left out, replaced, refused, dropped, tried again and given back, by a clock that is handed in.

mod world;

use std::time::Duration;

use minder_core::agenda::{Agenda, AgendaSettings, Bound, Overlap, Retry, TaskSpec, WorkerSpec};
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use minder_tasks::planner::Mark;
use minder_tasks::run::{
    Aftermath, Ask, DELIVERIES_MAX, Offered, Outcome, Record, Run, RunId, RunState, Verdict,
};
use minder_tasks::state_dir::StateDir;
use minder_tasks::store::{Cancelled, Claimed, Filter, Follow, Scope, Store, StoreError};
use world::{shell, task, worker};

struct Bench {
    _dir: tempfile::TempDir,
    store: Store,
    agenda: Agenda,
    now: WallTime,
}

const SECOND: i64 = 1_000_000;

impl Bench {
    fn new(tasks: Vec<TaskSpec>, workers: Vec<WorkerSpec>) -> Self {
        let settings = AgendaSettings { history: 5, ..AgendaSettings::default() };
        let agenda = Agenda::new(tasks, workers, vec![], settings).expect("a valid agenda");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let store = Store::open(&StateDir::new(dir.path())).expect("a database");
        Self { _dir: dir, store, agenda, now: WallTime(1_800_000_000 * SECOND) }
    }

    fn ask_with(&self, task: &str, overlap: Overlap) -> Offered {
        let ask = Ask {
            id: None,
            task: TaskName::new(task),
            due: self.now,
            not_before: self.now,
            input: None,
            overlap,
        };
        self.store.offer(&self.agenda, &[ask], &[], self.now).expect("a database").remove(0)
    }

    fn ask(&self, task: &str) -> Offered {
        let overlap = self.agenda.task(&TaskName::new(task)).expect("a task").overlap;
        self.ask_with(task, overlap)
    }

    fn waits(&self, task: &str) -> RunId {
        match self.ask(task) {
            Offered::Waits(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn claim(&self, worker: &str, slot: u32) -> Option<Run> {
        match self.store.claim(&self.agenda, &WorkerName::new(worker), slot, self.now).expect("a database") {
            Claimed::Run(run) => Some(*run),
            Claimed::None(_) => None,
        }
    }

    fn wait_of(&self, worker: &str) -> Option<Duration> {
        match self.store.claim(&self.agenda, &WorkerName::new(worker), 99, self.now).expect("a database") {
            Claimed::Run(run) => panic!("{run:?}"),
            Claimed::None(wait) => wait,
        }
    }

    fn finish(&self, run: &Run, verdict: Verdict) -> Aftermath {
        let outcome = Outcome {
            verdict,
            exit: None,
            duration: Duration::from_millis(1500),
            tail: "tail".into(),
            reason: None,
        };
        self.store.finish(&self.agenda, run, &outcome, Follow::Here, self.now).expect("a database")
    }

    fn state(&self, id: &RunId) -> RunState {
        self.store.run(id).expect("a database").expect("a run").state
    }

    fn reason(&self, id: &RunId) -> String {
        self.store.run(id).expect("a database").expect("a run").reason.unwrap_or_default()
    }
}

fn with(mut task: TaskSpec, change: impl FnOnce(&mut TaskSpec)) -> TaskSpec {
    change(&mut task);
    task
}

fn bounded(backlog: u32, bound: Bound) -> WorkerSpec {
    WorkerSpec { backlog, bound, ..worker("default", 1) }
}

fn record(text: &str) -> Option<Record> {
    Record::parse(text.as_bytes()).expect("JSON")
}

#[test]
fn overlap_leaves_out_or_waits_or_replaces() {
    let bench = Bench::new(vec![task("job", shell(""))], vec![worker("default", 2)]);
    let first = bench.waits("job");
    let Offered::Skipped(skipped, why) = bench.ask_with("job", Overlap::Skip) else { panic!("not left out") };
    assert_eq!(why, format!("run {first} of it waits"));
    assert_eq!((bench.state(&skipped), bench.reason(&skipped)), (RunState::Skipped, why));
    let second = bench.waits("job");
    let run = bench.claim("default", 0).expect("the first");
    assert_eq!(run.id, first);
    assert!(bench.claim("default", 1).is_none(), "not beside another one of its task");
    let Offered::Waits(third) = bench.ask_with("job", Overlap::Replace) else { panic!("does not wait") };
    assert_eq!(bench.state(&second), RunState::Cancelled);
    let stops = bench.store.stops(&WorkerName::new("default")).expect("a database");
    assert_eq!(
        (stops[0].id.clone(), stops[0].reason.clone()),
        (first.clone(), format!("replaced by run {third}"))
    );
    bench.finish(&run, Verdict::Cancelled);
    assert_eq!(bench.claim("default", 0).map(|run| run.id), Some(third));
    assert_eq!(bench.state(&first), RunState::Cancelled);
}

#[test]
fn followers_work_beside_each_other() {
    let tasks = vec![
        with(task("first", shell("")), |task| task.then = vec![TaskName::new("next")]),
        task("next", shell("")),
    ];
    let bench = Bench::new(tasks, vec![worker("default", 2)]);
    bench.waits("first");
    bench.waits("first");
    for _ in 0..2 {
        let run = bench.claim("default", 0).expect("one");
        let aftermath = bench.finish(&run, Verdict::Done(record("{\"a\":1}")));
        assert!(matches!(aftermath.followers[..], [(_, Offered::Waits(_))]));
    }
    let (one, other) = (bench.claim("default", 0).expect("one"), bench.claim("default", 1).expect("other"));
    assert_eq!(
        (one.task.as_str(), other.task.as_str(), one.input.clone()),
        ("next", "next", record("{\"a\":1}"))
    );
    // Without a record nothing follows.
    bench.finish(&one, Verdict::Done(None));
    bench.finish(&other, Verdict::Failed);
    assert!(bench.claim("default", 0).is_none());
}

#[test]
fn a_full_backlog_refuses_drops_or_makes_wait() {
    let refuse = Bench::new(vec![task("job", shell(""))], vec![bounded(2, Bound::Refuse)]);
    let (first, _) = (refuse.waits("job"), refuse.waits("job"));
    let Offered::Skipped(id, why) = refuse.ask("job") else { panic!("not refused") };
    assert_eq!(why, "the backlog of worker default is full: 2 wait");
    assert_eq!(refuse.state(&id), RunState::Skipped);
    // What takes the place of others needs no room.
    assert!(matches!(refuse.ask_with("job", Overlap::Replace), Offered::Waits(_)));
    assert_eq!(refuse.state(&first), RunState::Cancelled);

    let drop = Bench::new(vec![task("job", shell(""))], vec![bounded(2, Bound::DropOldest)]);
    let (first, second) = (drop.waits("job"), drop.waits("job"));
    drop.waits("job");
    assert_eq!((drop.state(&first), drop.state(&second)), (RunState::Dropped, RunState::Waiting));

    let wait = Bench::new(vec![task("job", shell(""))], vec![bounded(2, Bound::Wait)]);
    wait.waits("job");
    wait.waits("job");
    assert_eq!(wait.ask("job"), Offered::Full);
    let run = wait.claim("default", 0).expect("one");
    assert!(matches!(wait.ask("job"), Offered::Waits(_)));
    assert_eq!(wait.ask("job"), Offered::Full);
    wait.finish(&run, Verdict::Done(None));
}

#[test]
fn a_task_that_found_no_room_has_not_come_further() {
    let bench = Bench::new(vec![task("a", shell("")), task("b", shell(""))], vec![bounded(1, Bound::Wait)]);
    let mark = |due| Mark { due: WallTime(due), before_set_back: Some(WallTime(1)), times: u32::MAX };
    let asks = ["a", "b"].map(|name| Ask {
        id: None,
        task: TaskName::new(name),
        due: bench.now,
        not_before: bench.now,
        input: None,
        overlap: Overlap::Queue,
    });
    let marks = ["a", "b"].map(|name| (TaskName::new(name), mark(7)));
    let offered = bench.store.offer(&bench.agenda, &asks, &marks, bench.now).expect("a database");
    assert!(matches!(offered[..], [Offered::Waits(_), Offered::Full]));
    let remembered = bench.store.marks().expect("a database");
    assert_eq!(remembered.into_iter().collect::<Vec<_>>(), [(TaskName::new("a"), mark(7))]);
}

#[test]
fn a_run_is_not_begun_before_its_time_and_a_clock_that_was_set_back_does_not_hold_it() {
    let retry = Retry { times: 2, delay: Duration::from_secs(10), factor_percent: 300, ..Retry::default() };
    let mut bench =
        Bench::new(vec![with(task("job", shell("")), |task| task.retry = retry)], vec![worker("default", 1)]);
    let id = bench.waits("job");
    let run = bench.claim("default", 0).expect("one");
    let retried = bench.finish(&run, Verdict::Failed).retry;
    assert_eq!(retried, Some(WallTime(bench.now.0 + 10 * SECOND)));
    assert_eq!(bench.wait_of("default"), Some(Duration::from_secs(10)));
    bench.now.0 += 4 * SECOND;
    assert_eq!(bench.wait_of("default"), Some(Duration::from_secs(6)));
    bench.now.0 += 6 * SECOND;
    let run = bench.claim("default", 0).expect("the second attempt");
    assert_eq!((run.id.clone(), run.attempt), (id.clone(), 2));
    assert_eq!(bench.finish(&run, Verdict::TimedOut).retry, Some(WallTime(bench.now.0 + 30 * SECOND)));
    bench.now.0 -= 3600 * SECOND;
    let run = bench.claim("default", 0).expect("the third attempt");
    assert_eq!(bench.finish(&run, Verdict::Failed).retry, None);
    assert_eq!(
        (bench.state(&id), bench.store.run(&id).expect("a database").map(|run| run.attempt)),
        (RunState::Failed, Some(3))
    );
}

#[test]
fn what_is_given_back_comes_first_and_not_for_ever() {
    let bench = Bench::new(vec![task("job", shell(""))], vec![worker("default", 1)]);
    let (first, second) = (bench.waits("job"), bench.waits("job"));
    let name = WorkerName::new("default");
    for delivery in 1..=DELIVERIES_MAX {
        let run = bench.claim("default", 0).expect("the first");
        assert_eq!((&run.id, run.deliveries), (&first, delivery));
        // One that is given back in peace does not count.
        bench.finish(&run, Verdict::GivenBack);
        bench.claim("default", 0).expect("the first");
        assert_eq!(bench.store.orphans(&name).expect("a database").len(), 1);
        bench.store.give_back(&name, bench.now).expect("a database");
    }
    assert_eq!(bench.state(&first), RunState::Failed);
    let run = bench.claim("default", 0).expect("the second");
    assert_eq!(run.id, second);
    // What ends twice is recorded once.
    bench.finish(&run, Verdict::Done(None));
    assert_eq!(bench.finish(&run, Verdict::Failed), Aftermath::default());
    assert_eq!(bench.state(&second), RunState::Done);
}

#[test]
fn what_was_to_stop_when_its_worker_died_is_not_done_again() {
    let bench = Bench::new(vec![task("job", shell(""))], vec![worker("default", 1)]);
    let id = bench.waits("job");
    bench.claim("default", 0).expect("one");
    bench.ask_with("job", Overlap::Replace);
    bench.store.give_back(&WorkerName::new("default"), bench.now).expect("a database");
    assert_eq!(bench.state(&id), RunState::Cancelled);
}

#[test]
fn runs_are_cancelled_and_purged() {
    let bench = Bench::new(vec![task("a", shell("")), task("b", shell(""))], vec![worker("default", 1)]);
    let (first, second, third) = (bench.waits("a"), bench.waits("b"), bench.waits("b"));
    let cancel = |id: &RunId| bench.store.cancel(id, "no more", bench.now).expect("a database");
    assert_eq!(cancel(&first), Cancelled::Now);
    assert_eq!(bench.reason(&first), "no more");
    assert_eq!(cancel(&first), Cancelled::Ended(RunState::Cancelled));
    assert_eq!(cancel(&RunId::known("x")), Cancelled::Unknown);
    // Nobody is there who could stop it.
    let run = bench.claim("default", 0).expect("one");
    assert_eq!(cancel(&run.id), Cancelled::Now);
    assert_eq!(bench.store.ids_ending(second.short()).expect("a database"), [second]);
    let purge = |task: Option<&str>, scope| {
        let task = task.map(TaskName::new);
        bench.store.purge(task.as_ref(), scope, bench.now).expect("a database")
    };
    assert_eq!(purge(Some("a"), Scope::Waiting), 0);
    assert_eq!(purge(None, Scope::Waiting), 1);
    assert_eq!((bench.state(&third), bench.reason(&third)), (RunState::Cancelled, "purged".into()));
    assert_eq!(purge(Some("b"), Scope::Ended), 2);
    assert_eq!(bench.store.runs(&Filter::default()).expect("a database").len(), 1);
}

#[test]
fn the_last_ends_of_each_task_are_remembered_and_what_was_left_out_does_not_push_them_out() {
    let mut bench = Bench::new(vec![task("a", shell("")), task("b", shell(""))], vec![worker("default", 1)]);
    let of = |bench: &Bench, name: &str, state| {
        let filter = Filter { task: Some(TaskName::new(name)), states: vec![state], limit: None };
        bench.store.runs(&filter).expect("a database")
    };
    bench.waits("b");
    for _ in 0..12 {
        bench.waits("a");
        let _ = bench.ask_with("a", Overlap::Skip);
        bench.now.0 += SECOND;
        while let Some(run) = bench.claim("default", 0) {
            bench.finish(&run, Verdict::Done(None));
        }
    }
    let ended = of(&bench, "a", RunState::Done);
    assert_eq!(
        (ended.len(), of(&bench, "a", RunState::Skipped).len(), of(&bench, "b", RunState::Done).len()),
        (5, 5, 1)
    );
    assert!(ended.windows(2).all(|pair| pair[0].end > pair[1].end), "the last first");
    assert_eq!(ended[0].end, Some(bench.now));
    // Also while nothing ends.
    bench.waits("a");
    for _ in 0..12 {
        let _ = bench.ask_with("a", Overlap::Skip);
    }
    assert_eq!(of(&bench, "a", RunState::Skipped).len(), 5);
}

#[test]
fn what_ends_after_the_clock_was_set_back_is_the_last_and_not_forgotten_before_the_others() {
    let mut bench = Bench::new(vec![task("a", shell(""))], vec![worker("default", 1)]);
    let end = |bench: &Bench| {
        let id = bench.waits("a");
        let run = bench.claim("default", 0).expect("one");
        bench.finish(&run, Verdict::Done(None));
        id
    };
    for _ in 0..7 {
        end(&bench);
    }
    bench.now.0 -= 86_400 * SECOND;
    let last = [end(&bench), end(&bench)];
    let runs = bench.store.runs(&Filter::default()).expect("a database");
    assert_eq!(runs.len(), 5);
    assert_eq!([&runs[1].id, &runs[0].id], [&last[0], &last[1]]);
}

#[test]
fn followers_that_are_left_out_each_time_are_not_remembered_without_bound() {
    let tasks = vec![
        with(task("record", shell("")), |task| {
            task.worker = WorkerName::new("recording");
            task.then = vec![TaskName::new("detect")];
        }),
        task("detect", shell("")),
    ];
    for (bound, state) in [(Bound::Refuse, RunState::Skipped), (Bound::DropOldest, RunState::Dropped)] {
        let bench = Bench::new(tasks.clone(), vec![bounded(1, bound), worker("recording", 2)]);
        for _ in 0..20 {
            bench.waits("record");
            let run = bench.claim("recording", 0).expect("one");
            bench.finish(&run, Verdict::Done(record("{}")));
        }
        let filter = Filter { states: vec![state], ..Filter::default() };
        assert_eq!(bench.store.runs(&filter).expect("a database").len(), 5, "{bound:?}");
    }
}

#[test]
fn a_run_that_waits_for_a_worker_who_does_not_do_its_task_any_more_is_done_by_the_one_who_does() {
    let of = |name: &str| {
        with(task("a", shell("")), |task| {
            task.worker = WorkerName::new(name);
        })
    };
    let mut bench = Bench::new(vec![of("old")], vec![worker("old", 1)]);
    let id = bench.waits("a");
    let agenda = |task| Agenda::new(vec![task], vec![worker("new", 1)], vec![], AgendaSettings::default());
    bench.agenda = agenda(of("new")).expect("a valid agenda");
    assert!(matches!(bench.ask_with("a", Overlap::Skip), Offered::Skipped(..)));
    assert_eq!(bench.claim("new", 0).map(|run| run.id), Some(id));
    assert!(matches!(bench.ask_with("a", Overlap::Queue), Offered::Waits(_)));
    // Also when nothing else is asked for: back again.
    let agenda = Agenda::new(vec![of("old")], vec![worker("old", 1)], vec![], AgendaSettings::default());
    bench.agenda = agenda.expect("a valid agenda");
    assert_eq!(bench.store.departed(&bench.agenda).expect("a database"), [WorkerName::new("new")]);
    bench.store.give_back(&WorkerName::new("new"), bench.now).expect("a database");
    bench.store.settle(&bench.agenda, bench.now).expect("a database");
    assert!(bench.claim("old", 0).is_some());
}

#[test]
fn what_waits_of_a_task_that_is_no_more_for_a_worker_that_is_no_more_is_cancelled() {
    let mut bench = Bench::new(vec![task("a", shell(""))], vec![worker("default", 1)]);
    let id = bench.waits("a");
    let other = with(task("b", shell("")), |task| task.worker = WorkerName::new("other"));
    let agenda = Agenda::new(vec![other], vec![worker("other", 1)], vec![], AgendaSettings::default());
    bench.agenda = agenda.expect("a valid agenda");
    bench.store.settle(&bench.agenda, bench.now).expect("a database");
    assert_eq!(
        (bench.state(&id), bench.reason(&id)),
        (RunState::Cancelled, "there is no such task any more".into())
    );
}

#[test]
fn a_run_whose_output_would_find_no_room_is_not_begun() {
    let tasks = vec![
        with(task("record", shell("")), |task| {
            task.worker = WorkerName::new("recording");
            task.then = vec![TaskName::new("detect")];
        }),
        task("detect", shell("")),
    ];
    let bench = Bench::new(tasks, vec![bounded(1, Bound::Wait), worker("recording", 2)]);
    bench.waits("record");
    bench.waits("detect");
    assert!(bench.claim("recording", 0).is_none());
    bench.claim("default", 0).expect("one");
    assert_eq!(bench.claim("recording", 0).map(|run| run.task), Some(TaskName::new("record")));
}

#[test]
fn a_database_of_a_later_minder_is_left_alone() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path());
    drop(Store::open(&state).expect("a database"));
    let database = rusqlite::Connection::open(state.database()).expect("a database");
    database.pragma_update(None, "user_version", 9).expect("a database");
    drop(database);
    let refused = Store::open(&state).expect_err("a later version");
    assert!(matches!(refused, StoreError::Newer { found: 9, .. }));
    assert!(refused.to_string().ends_with(
        "this queue has schema version 9, expected 4 or less: it was made by a later minder; run that one"
    ));
}

#[test]
fn a_database_of_the_first_version_becomes_one_of_ours_and_keeps_what_it_knows() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let state = StateDir::new(dir.path());
    let fixture = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/queue-v1.db");
    std::fs::copy(fixture, state.database()).expect("the fixture");
    let store = Store::open(&state).expect("a database that can be migrated");
    let runs = store.runs(&Filter::default()).expect("a database");
    let known: Vec<_> = runs.iter().map(|run| (run.id.as_str(), run.attempt, run.state)).collect();
    assert_eq!(
        known,
        [
            ("c", 1, RunState::Claimed),
            ("b", 2, RunState::Waiting),
            ("b", 1, RunState::Failed),
            ("a", 1, RunState::Done)
        ]
    );
    let done = &runs[3];
    assert_eq!(
        (done.output.clone(), done.tail.as_str(), done.after.clone()),
        (record("{\"x\":1}"), "ok\n", None)
    );
    assert_eq!(store.marks().expect("a database").len(), 1);
    let agenda = Agenda::new(
        vec![task("job", shell(""))],
        vec![worker("default", 1)],
        vec![],
        AgendaSettings::default(),
    );
    let agenda = agenda.expect("a valid agenda");
    let name = WorkerName::new("default");
    assert_eq!(store.orphans(&name).expect("a database").len(), 1);
    store.give_back(&name, WallTime(9)).expect("a database");
    let claimed = store.claim(&agenda, &name, 0, WallTime(1_900_000_000 * SECOND)).expect("a database");
    assert!(matches!(claimed, Claimed::Run(run) if run.id.as_str() == "b"));
    drop(store);
    Store::open(&state).expect("migrated once and for all");
}
