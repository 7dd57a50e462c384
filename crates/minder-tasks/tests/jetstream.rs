//! The distributed queue, against a real `nats-server`: workers on several machines, killed in the middle of runs.

mod world;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use minder_core::agenda::{
    Bound, Due, JetStreamSpec, Overlap, Phase, QueueSpec, Retry, TaskSpec, WorkerSpec,
};
use minder_core::ids::{TaskName, WorkerName};
use minder_core::time::WallTime;
use minder_tasks::clock::wall;
use minder_tasks::queue::Queue;
use minder_tasks::run::{Ask, Offered, RunId, RunState};
use minder_tasks::store::{Cancelled, Filter, Scope};
use rustix::process::Signal;
use world::{Dice, Part, World, shell, task, until, worker};

struct Server {
    dir: tempfile::TempDir,
    process: Part,
    url: String,
}

impl Server {
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        Self::start_in(dir, "-1")
    }

    fn start_in(dir: tempfile::TempDir, port: &str) -> Self {
        let process = Command::new("nats-server")
            .args(["-a", "127.0.0.1", "-p", port, "-js", "-sd"])
            .arg(dir.path())
            .arg("--ports_file_dir")
            .arg(dir.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = Part(process.expect("nats-server: `cargo xtask setup` installs it"));
        let ports = dir.path().join(format!("nats-server_{}.ports", process.0.id()));
        let url = until("the server says where it is", || url_in(&ports));
        Self { dir, process, url }
    }

    /// As after a crash, with what it has on its disk.
    fn restart(self) -> Self {
        let port = self.url.rsplit(':').next().expect("a port").to_owned();
        let Self { dir, process, .. } = self;
        process.signal(Signal::KILL);
        drop(process);
        Self::start_in(dir, &port)
    }

    fn queue(&self) -> QueueSpec {
        QueueSpec::JetStream(JetStreamSpec {
            servers: self.url.as_str().into(),
            stream: "tests".into(),
            credentials: None,
        })
    }
}

fn url_in(ports: &Path) -> Option<String> {
    let text = std::fs::read(ports).ok()?;
    let ports: serde_json::Value = serde_json::from_slice(&text).ok()?;
    Some(ports["nats"][0].as_str()?.to_owned())
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(future)
}

/// A machine with a state of its own, and the same agenda as the others.
fn machine(server: &Server, tasks: &[TaskSpec], workers: &[WorkerSpec]) -> World {
    World::with_queue(tasks.to_vec(), workers.to_vec(), vec![], server.queue())
}

fn ask_of(task: &str, due: i64, overlap: Overlap) -> Ask {
    Ask {
        id: None,
        task: TaskName::new(task),
        due: WallTime(due),
        not_before: WallTime(due),
        input: None,
        overlap,
    }
}

/// Has the server give out again after a second what nobody has said anything of.
fn is_impatient(server: &Server, world: &World) {
    run(async {
        let client = async_nats::connect(&server.url).await.expect("a server");
        let _ = Queue::open(&world.state, &world.agenda).await.expect("a server");
        let stream = async_nats::jetstream::new(client).get_stream("tests").await.expect("the stream");
        let config = async_nats::jetstream::consumer::pull::Config {
            durable_name: Some("default".into()),
            filter_subject: "tests.work.default.>".into(),
            ack_wait: Duration::from_secs(1),
            ..Default::default()
        };
        stream.create_consumer(config).await.expect("a consumer");
    });
}

/// Offers runs with due times of their own.
fn offer(world: &World, task: &str, count: i64) -> Vec<RunId> {
    run(async {
        let queue = Queue::open(&world.state, &world.agenda).await.expect("a server");
        let begin = wall().0 - 1_000_000;
        let asks: Vec<Ask> = (0..count).map(|at| ask_of(task, begin + at, Overlap::Queue)).collect();
        let offered = queue.offer(&world.agenda, &asks, &[], wall()).await.expect("a server");
        let id = |offered| match offered {
            Offered::Waits(id) => id,
            other => panic!("{other:?}"),
        };
        offered.into_iter().map(id).collect()
    })
}

fn one(world: &World, ask: Ask) -> Offered {
    run(async {
        let queue = Queue::open(&world.state, &world.agenda).await.expect("a server");
        queue.offer(&world.agenda, &[ask], &[], wall()).await.expect("a server").remove(0)
    })
}

fn open_runs(world: &World) -> usize {
    run(async {
        let queue = Queue::open(&world.state, &world.agenda).await.expect("a server");
        queue.open_runs().await.expect("a server").len()
    })
}

fn lines_of(world: &World) -> Vec<String> {
    world.lines("lines")
}

#[test]
fn workers_that_are_killed_in_the_middle_of_runs_on_two_machines_lose_none() {
    const RUNS: i64 = 40;
    let server = Server::start();
    let script = "echo begin $MINDER_RUN >> lines; sleep 0.02; echo end $MINDER_RUN >> lines";
    let mut job = task("job", shell(&format!("{script}; echo 1 > $MINDER_OUTPUT")));
    job.then = vec![TaskName::new("follower")];
    let tasks = [job, task("follower", shell(script))];
    let machines = [2, 3].map(|at_once| machine(&server, &tasks, &[worker("default", at_once)]));
    is_impatient(&server, &machines[0]);
    let mut ids = offer(&machines[0], "job", RUNS);
    ids.sort();
    let mut dice = Dice::new();
    let mut kills = 0;
    while open_runs(&machines[0]) > 0 {
        let working = machines.each_ref().map(|machine| machine.worker("default"));
        std::thread::sleep(Duration::from_millis(100 + dice.roll(300)));
        for worker in &working {
            worker.signal(Signal::KILL);
        }
        kills += 1;
    }
    println!("{kills} kills of both");
    let lines: Vec<String> = machines.iter().flat_map(lines_of).collect();
    let done = |task: &str| {
        let mut done: Vec<_> = machines.iter().flat_map(|machine| machine.runs(task)).collect();
        assert!(
            done.iter().all(|run| run.state == RunState::Done || run.state == RunState::Claimed),
            "{done:?}"
        );
        done.retain(|run| run.state == RunState::Done);
        done.sort_by(|a, b| a.id.cmp(&b.id));
        done
    };
    let jobs = done("job");
    for id in &ids {
        assert!(jobs.iter().any(|run| run.id == *id), "{id} was never recorded");
        assert!(lines.contains(&format!("end {id}")), "{id} was never done");
        let followers = done("follower").into_iter().filter(|run| run.after.as_ref() == Some(id)).count();
        assert!(followers >= 1, "nothing followed {id}");
    }
    let mut followers: Vec<_> = done("follower").into_iter().map(|run| run.after).collect();
    followers.dedup();
    assert_eq!(followers.len(), ids.len(), "the server takes what follows once");
}

#[test]
fn another_machine_takes_over_from_one_that_is_gone() {
    let server = Server::start();
    let script = "echo begin >> lines; test -e slow && exec sleep 1000; exit 0";
    let tasks = [task("job", shell(script)), task("other", shell("true"))];
    let machines = [1, 1].map(|at_once| machine(&server, &tasks, &[worker("default", at_once)]));
    is_impatient(&server, &machines[0]);
    std::fs::write(machines[0].path("slow"), "").expect("a file");
    let first = machines[0].worker("default");
    let id = offer(&machines[0], "job", 1).remove(0);
    until("the first works", || (!lines_of(&machines[0]).is_empty()).then_some(()));
    let _second = machines[1].worker("default");
    // As long as the first says that it works, nobody else is given its run: three times as long as the server waits.
    let later =
        Ask { not_before: WallTime(wall().0 + 3_000_000), ..ask_of("other", wall().0, Overlap::Queue) };
    let Offered::Waits(later) = one(&machines[0], later) else { panic!("waits") };
    assert_eq!(machines[1].ended(&later).state, RunState::Done);
    assert!(lines_of(&machines[1]).is_empty());
    first.signal(Signal::KILL);
    assert_eq!(machines[1].ended(&id).state, RunState::Done);
    assert!(machines[1].runs("job")[0].deliveries >= 2);
    assert_eq!(open_runs(&machines[1]), 0);
}

#[test]
fn all_that_a_killed_worker_had_is_done_again_as_soon_as_there_is_another_one() {
    let server = Server::start();
    let tasks = [task("job", shell("echo $MINDER_RUN >> lines; exec sleep 1000"))];
    // It asks for a third run while it does two, and the server does not know at once that it asks no more.
    let world = machine(&server, &tasks, &[worker("default", 3)]);
    let first = world.worker("default");
    offer(&world, "job", 2);
    until("both work", || (lines_of(&world).len() == 2).then_some(()));
    first.signal(Signal::KILL);
    drop(first);
    let begun = std::time::Instant::now();
    let _second = world.worker("default");
    until("both work again", || (lines_of(&world).len() == 4).then_some(()));
    // The server gives it out by itself after a silence of thirty.
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    let ids: std::collections::BTreeSet<String> = lines_of(&world).into_iter().collect();
    assert_eq!(ids.len(), 2);
}

#[test]
fn what_is_due_is_taken_once_and_overlap_and_bounds_hold() {
    let server = Server::start();
    let tasks = [task("a.b", shell("sleep 1000")), task("other", shell("true"))];
    let workers = [WorkerSpec { backlog: 3, bound: Bound::Refuse, ..worker("default", 1) }];
    let world = machine(&server, &tasks, &workers);
    let now = wall().0;
    let Offered::Waits(first) = one(&world, ask_of("a.b", now, Overlap::Queue)) else { panic!("waits") };
    assert_eq!(
        one(&world, ask_of("a.b", now, Overlap::Skip)),
        Offered::Waits(first.clone()),
        "known by its due time"
    );
    assert!(
        matches!(one(&world, ask_of("a.b", now + 1, Overlap::Skip)), Offered::Skipped(_, why) if why.contains("waits or works"))
    );
    assert!(matches!(one(&world, ask_of("other", now, Overlap::Skip)), Offered::Waits(_)));
    // Who asks by hand knows the run by its id, and does not get that of somebody else.
    let by_hand = RunId::known("by-hand");
    let asked = Ask { id: Some(by_hand.clone()), ..ask_of("other", now, Overlap::Queue) };
    assert_eq!(one(&world, asked), Offered::Waits(by_hand.clone()));
    assert_eq!(open_runs(&world), 3);
    let cancelled = run(async {
        let queue = Queue::open(&world.state, &world.agenda).await.expect("a server");
        queue.cancel(&by_hand, "no more", wall()).await.expect("a server")
    });
    assert_eq!(cancelled, Cancelled::Now);
    assert!(matches!(one(&world, ask_of("a.b", now + 2, Overlap::Queue)), Offered::Waits(_)));
    assert!(
        matches!(one(&world, ask_of("a.b", now + 3, Overlap::Queue)), Offered::Skipped(_, why) if why.contains("is full: 3 wait"))
    );
    assert_eq!(open_runs(&world), 3);
    let Offered::Waits(new) = one(&world, ask_of("a.b", now + 4, Overlap::Replace)) else { panic!("waits") };
    assert_eq!(open_runs(&world), 2);
    let cancel = |id: &RunId| {
        run(async {
            let queue = Queue::open(&world.state, &world.agenda).await.expect("a server");
            queue.cancel(id, "no more", wall()).await.expect("a server")
        })
    };
    assert_eq!(cancel(&first), Cancelled::Unknown);
    // Whoever waits for it hears of that, though it has never begun.
    let end = run(async {
        let queue = Queue::open(&world.state, &world.agenda).await.expect("a server");
        let mut ends = queue.ends_of(&new).await.expect("a server").expect("a server");
        let cancelled = queue.cancel(&new, "no more", wall()).await.expect("a server");
        assert_eq!(cancelled, Cancelled::Now);
        ends.next().await.expect("an end")
    });
    assert_eq!((end.state, end.reason.as_deref()), (RunState::Cancelled, Some("no more")));
    let purged = run(async {
        let queue = Queue::open(&world.state, &world.agenda).await.expect("a server");
        queue.purge(None, Scope::Waiting, wall()).await.expect("a server")
    });
    assert_eq!((purged, open_runs(&world)), (1, 0));
}

#[test]
fn what_works_on_another_machine_is_replaced_and_cancelled() {
    let server = Server::start();
    let tasks = [task("job", shell("echo $MINDER_RUN >> lines; exec sleep 1000"))];
    let machines = [1, 1].map(|at_once| machine(&server, &tasks, &[worker("default", at_once)]));
    let _worker = machines[1].worker("default");
    let now = wall().0;
    let Offered::Waits(first) = one(&machines[0], ask_of("job", now, Overlap::Replace)) else {
        panic!("waits")
    };
    until("it works", || (lines_of(&machines[1]).len() == 1).then_some(()));
    let Offered::Waits(second) = one(&machines[0], ask_of("job", now + 1, Overlap::Replace)) else {
        panic!("waits")
    };
    let ended = machines[1].ended(&first);
    assert_eq!((ended.state, ended.reason), (RunState::Cancelled, Some(format!("replaced by run {second}"))));
    until("the second works", || (lines_of(&machines[1]).len() == 2).then_some(()));
    let cancelled = run(async {
        let queue = Queue::open(&machines[0].state, &machines[0].agenda).await.expect("a server");
        let mut ends = queue.ends_of(&second).await.expect("a server").expect("a server");
        let cancelled = queue.cancel(&second, "no more", wall()).await.expect("a server");
        let end = ends.next().await.expect("an end");
        assert_eq!((end.state, end.reason.as_deref()), (RunState::Cancelled, Some("no more")));
        cancelled
    });
    assert_eq!(cancelled, Cancelled::Told);
}

#[test]
fn a_run_that_fails_is_tried_again_after_its_delay() {
    let server = Server::start();
    let mut job = task("job", shell("echo $MINDER_ATTEMPT; test $MINDER_ATTEMPT = 3"));
    job.retry =
        Retry { times: 3, delay: Duration::from_millis(300), factor_percent: 200, ..Retry::default() };
    let world = machine(&server, &[job], &[worker("default", 1)]);
    let _worker = world.worker("default");
    let id = offer(&world, "job", 1).remove(0);
    let run = until("an attempt does well", || {
        world.store().run(&id).expect("a database").filter(|run| run.state == RunState::Done)
    });
    assert_eq!((run.attempt, run.tail.as_str()), (3, "3\n"));
    let attempts = world.store().runs(&Filter::default()).expect("a database");
    assert!(
        attempts
            .windows(2)
            .all(|pair| pair[0].begin >= Some(pair[0].not_before) && pair[0].begin > pair[1].end)
    );
}

#[test]
fn a_worker_that_ends_in_peace_gives_back_at_once() {
    let server = Server::start();
    let tasks = [task("job", shell("echo begin >> lines; test -e slow && exec sleep 1000; exit 0"))];
    let machines = [1, 1].map(|at_once| machine(&server, &tasks, &[worker("default", at_once)]));
    std::fs::write(machines[0].path("slow"), "").expect("a file");
    let mut first = machines[0].worker("default");
    let id = offer(&machines[0], "job", 1).remove(0);
    until("the first works", || (!lines_of(&machines[0]).is_empty()).then_some(()));
    first.signal(Signal::TERM);
    until("it drains", || {
        let row = machines[0].store().worker(&WorkerName::new("default")).expect("a database")?;
        (row.mode == minder_tasks::store::Mode::Draining).then_some(())
    });
    let _second = machines[1].worker("default");
    first.signal(Signal::TERM);
    assert!(first.ends_well());
    assert_eq!(machines[1].ended(&id).state, RunState::Done);
}

#[test]
fn a_server_that_crashes_and_comes_back_has_lost_nothing() {
    let server = Server::start();
    let mut job = task("job", shell("echo $MINDER_RUN >> lines; sleep 0.1; echo 1 > $MINDER_OUTPUT"));
    job.then = vec![TaskName::new("follower")];
    let tasks = [job, task("follower", shell("true"))];
    let world = machine(&server, &tasks, &[worker("default", 1)]);
    let ids = offer(&world, "job", 12);
    let _worker = world.worker("default");
    until("some are done", || (lines_of(&world).len() >= 3).then_some(()));
    let _server = server.restart();
    for id in &ids {
        assert_eq!(world.ended(id).state, RunState::Done);
    }
    until("all that follows is done", || {
        let followers = world.runs("follower");
        (followers.len() == ids.len() && followers.iter().all(|run| run.state == RunState::Done))
            .then_some(())
    });
}

#[test]
fn a_beat_on_one_machine_gives_work_to_a_worker_on_another() {
    let server = Server::start();
    let mut often = task("often", shell("true"));
    often.due = Due::Every { interval: Duration::from_millis(200), phase: Phase::Free };
    let tasks = [often];
    let machines = [1, 1].map(|at_once| machine(&server, &tasks, &[worker("default", at_once)]));
    let _worker = machines[1].worker("default");
    let _beat = machines[0].beat();
    until("three are done", || {
        let done = machines[1].runs("often").iter().filter(|run| run.state == RunState::Done).count();
        (done >= 3).then_some(())
    });
}
