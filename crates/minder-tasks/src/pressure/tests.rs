use minder_core::agenda::{
    Agenda, AgendaSettings, Bound, Due, Job, JobCommand, Missed, Overlap, Retry, TaskSpec, Timeout,
    WorkerSpec,
};
use minder_core::ids::{TaskName, WorkerName};
use std::time::Duration;

use super::{Load, concerns, withheld};

fn task(name: &str, worker: &str, then: &[&str]) -> TaskSpec {
    TaskSpec {
        name: TaskName::new(name),
        job: Job::Command(JobCommand { argv: vec![], directory: None, environment: vec![] }),
        due: Due::OnDemand,
        zone: None,
        between: None,
        jitter: Duration::ZERO,
        overlap: Overlap::Queue,
        missed: Missed::Skip,
        timeout: Timeout::default(),
        retry: Retry::default(),
        then: then.iter().map(|name| TaskName::new(*name)).collect(),
        worker: WorkerName::new(worker),
    }
}

fn worker(name: &str) -> WorkerSpec {
    WorkerSpec { name: WorkerName::new(name), at_once: None, backlog: 2, bound: Bound::Wait }
}

fn agenda(tasks: Vec<TaskSpec>, workers: &[&str]) -> Agenda {
    let workers = workers.iter().map(|name| worker(name)).collect();
    Agenda::new(tasks, workers, vec![], AgendaSettings::default()).expect("a valid agenda")
}

fn load(waiting: &[(&str, &str, u32)], working: &[&str]) -> Load {
    let mut load = Load::default();
    for (worker, task, count) in waiting {
        load.add_waiting(WorkerName::new(*worker), TaskName::new(*task), *count);
    }
    for worker in working {
        load.add_working(WorkerName::new(*worker), 1);
    }
    load
}

fn check(agenda: &Agenda, load: &Load, worker: &str, expected: &[&str]) {
    let held: Vec<&str> =
        withheld(agenda, load, &WorkerName::new(worker)).into_iter().map(TaskName::as_str).collect();
    assert_eq!(held, expected, "{load:?}");
}

#[test]
fn nothing_is_begun_whose_output_would_find_no_room() {
    let chain = agenda(vec![task("record", "r", &["detect"]), task("detect", "d", &[])], &["r", "d"]);
    check(&chain, &load(&[("r", "record", 1), ("d", "detect", 1)], &[]), "r", &[]);
    check(&chain, &load(&[("r", "record", 1), ("d", "detect", 2)], &[]), "r", &["record"]);
    check(&chain, &load(&[("r", "record", 1), ("d", "detect", 2)], &[]), "d", &[]);
    assert!(concerns(&chain, &WorkerName::new("r")));
    assert!(!concerns(&chain, &WorkerName::new("d")));
}

#[test]
fn pressure_goes_back_through_a_chain() {
    let tasks = vec![task("a", "x", &["b"]), task("b", "y", &["c"]), task("c", "z", &[])];
    let chain = agenda(tasks, &["x", "y", "z"]);
    let full = load(&[("x", "a", 2), ("y", "b", 2), ("z", "c", 2)], &[]);
    check(&chain, &full, "x", &[]);
    check(&chain, &full, "y", &["b"]);
    let working = load(&[("x", "a", 2), ("y", "b", 2), ("z", "c", 2)], &["y"]);
    check(&chain, &working, "x", &["a"]);
}

#[test]
fn workers_in_a_circle_do_not_wait_for_each_other_for_ever() {
    let tasks =
        vec![task("a", "x", &["b"]), task("b", "y", &[]), task("c", "y", &["d"]), task("d", "x", &[])];
    let circle = agenda(tasks, &["x", "y"]);
    let full = load(&[("x", "a", 2), ("y", "c", 2)], &[]);
    check(&circle, &full, "x", &[]);
    check(&circle, &full, "y", &[]);
    let moving = load(&[("x", "a", 2), ("y", "b", 2)], &[]);
    check(&circle, &moving, "x", &["a"]);
}

#[test]
fn in_every_full_house_somebody_may_begin() {
    use proptest::prelude::{ProptestConfig, any, prop, proptest};
    let tasks = vec![
        task("a", "x", &["b", "c"]),
        task("b", "y", &["d"]),
        task("c", "z", &["d", "e"]),
        task("d", "x", &["e"]),
        task("e", "y", &["f"]),
        task("f", "z", &[]),
    ];
    let agenda = agenda(tasks, &["x", "y", "z"]);
    proptest!(ProptestConfig::with_cases(500), |(counts in prop::collection::vec(any::<u8>(), 6))| {
        let counts: Vec<u32> = counts.iter().map(|count| u32::from(count % 4)).collect();
        if counts.iter().all(|count| *count == 0) {
            return Ok(());
        }
        let mut load = Load::default();
        for (task, count) in agenda.tasks().iter().zip(&counts) {
            load.add_waiting(task.worker.clone(), task.name.clone(), *count);
        }
        let free = agenda.tasks().iter().zip(&counts).any(|(task, count)| {
            *count > 0 && !withheld(&agenda, &load, &task.worker).contains(&&task.name)
        });
        assert!(free, "nobody may begin: {counts:?}");
    });
}
