//! Real workers, with real processes: what they are given, what is recorded, and what happens when they die.

mod world;

use std::time::Duration;

use minder_core::agenda::{Overlap, Retry, Timeout};
use minder_core::ids::{TaskName, WorkerName};
use minder_tasks::clock::wall;
use minder_tasks::run::{DELIVERIES_MAX, Exit, Record, RunState};
use minder_tasks::store::{Cancelled, Filter};
use rustix::process::Signal;
use serde_json::json;
use world::{Dice, World, is_alive, resident, shell, task, until, worker};

#[test]
fn a_run_is_told_what_it_is_and_its_end_is_recorded() {
    let script = r#"
        env | grep ^MINDER_ | sort
        read -r line; echo "stdin: $line"
        echo "file: $(cat "$MINDER_INPUT")"
        echo to stderr >&2
        printf '{\n "made": [1]\n}' > "$MINDER_OUTPUT"
    "#;
    let world = World::new(vec![task("a task", shell(script))], vec![worker("default", 1)], vec![]);
    let id = world.ask("a task", Some(json!({ "x": "ü" })));
    let _worker = world.worker("default");
    let run = world.ended(&id);
    assert_eq!((run.state, run.exit, run.attempt), (RunState::Done, Some(Exit::Code(0)), 1), "{run:?}");
    assert_eq!(run.output.as_ref().map(Record::as_str), Some(r#"{"made":[1]}"#));
    for line in [
        "MINDER_ATTEMPT=1",
        &format!("MINDER_RUN={id}"),
        "MINDER_TASK=a task",
        "MINDER_DUE=20",
        "stdin: {\"x\":\"ü\"}",
        "file: {\"x\":\"ü\"}",
        "to stderr",
    ] {
        assert!(run.tail.lines().any(|found| found.starts_with(line)), "no `{line}` in {}", run.tail);
    }
    assert!(run.begin >= Some(run.asked) && run.end >= run.begin && run.duration.is_some());
    until("the log has its lines", || {
        world.lines("log").contains(&format!("a task {}: to stderr", id.short())).then_some(())
    });
    assert_eq!(
        std::fs::read_dir(world.state.runs()).map(Iterator::count).unwrap_or(0),
        0,
        "its folder is gone"
    );
}

#[test]
fn bad_ends_say_what_was_wrong() {
    let world = World::new(
        vec![
            task("exit", shell("echo why; exit 3")),
            task("signal", shell("kill -ABRT $$")),
            task("record", shell("echo '{' > $MINDER_OUTPUT")),
            task("long", shell("head -c 500000 /dev/zero > $MINDER_OUTPUT")),
            task("pipe", shell("mkfifo $MINDER_OUTPUT")),
            task("absent", {
                let mut job = shell("");
                if let minder_core::agenda::Job::Command(command) = &mut job {
                    command.argv = vec![minder_core::ids::ByteString::from(&b"/no/such/program"[..])];
                }
                job
            }),
        ],
        vec![worker("default", 2)],
        vec![],
    );
    let _worker = world.worker("default");
    for (name, exit, reason) in [
        ("exit", Some(Exit::Code(3)), "exit status 3"),
        ("signal", Some(Exit::Signal(6)), "ended by signal 6"),
        ("record", Some(Exit::Code(0)), "its output record: no JSON"),
        ("long", Some(Exit::Code(0)), "its output record: 409601 bytes"),
        ("pipe", Some(Exit::Code(0)), "its output record: it is not a regular file"),
        ("absent", None, "cannot start `/no/such/program`: No such file"),
    ] {
        let run = world.ended(&world.ask(name, None));
        assert_eq!((run.state, run.exit), (RunState::Failed, exit), "{run:?}");
        assert!(run.reason.as_deref().is_some_and(|found| found.starts_with(reason)), "{run:?}");
    }
    assert_eq!(world.runs("exit")[0].tail, "why\n");
}

#[test]
fn outputs_become_the_inputs_of_what_follows() {
    let mut first = task("record", shell(r#"echo '{"n":1}' > $MINDER_OUTPUT"#));
    first.then = vec![TaskName::new("detect"), TaskName::new("keep")];
    let mut second = task("detect", shell("cat; cat > $MINDER_OUTPUT < $MINDER_INPUT"));
    second.then = vec![TaskName::new("keep")];
    let silent = task("keep", shell("cat"));
    let world = World::new(vec![first, second, silent], vec![worker("default", 2)], vec![]);
    let _worker = world.worker("default");
    let id = world.ask("record", None);
    let kept = until("both are kept", || {
        let kept = world.runs("keep");
        (kept.len() == 2 && kept.iter().all(|run| run.state == RunState::Done)).then_some(kept)
    });
    assert!(kept.iter().all(|run| run.tail == "{\"n\":1}\n"), "{kept:?}");
    let detect = &world.runs("detect")[0];
    assert_eq!(detect.after.as_ref(), Some(&id));
    assert!(kept.iter().any(|run| run.after.as_ref() == Some(&detect.id)));
}

#[test]
fn a_run_that_takes_too_long_is_asked_then_killed_with_all_it_started() {
    let times = |soft, hard| Timeout {
        soft: Some(Duration::from_millis(soft)),
        hard: Some(Duration::from_millis(hard)),
    };
    let mut polite = task("polite", shell("trap 'echo asked; exit 0' TERM; sleep 1000 & wait"));
    polite.timeout = times(100, 100_000);
    let mut stubborn = task("stubborn", shell("trap '' TERM; sh -c 'sleep 1000; :' & echo $!; wait; :"));
    stubborn.timeout = times(50, 200);
    stubborn.retry = Retry { times: 1, ..Retry::default() };
    let world = World::new(vec![polite, stubborn], vec![worker("default", 2)], vec![]);
    let _worker = world.worker("default");
    let run = world.ended(&world.ask("polite", None));
    assert_eq!(
        (run.state, run.exit, run.tail.as_str()),
        (RunState::TimedOut, Some(Exit::Code(0)), "asked\n")
    );
    assert_eq!(run.reason.as_deref(), Some("took longer than 100ms"));
    world.ask("stubborn", None);
    let runs = until("both attempts have ended", || {
        let runs = world.runs("stubborn");
        (runs.len() == 2 && runs.iter().all(|run| run.state == RunState::TimedOut)).then_some(runs)
    });
    for run in runs {
        assert_eq!(run.exit, Some(Exit::Signal(9)));
        let grandchild: u32 = run.tail.trim().parse().expect("a pid");
        until("the grandchild is gone", || (!is_alive(grandchild)).then_some(()));
    }
}

#[test]
fn a_run_that_fails_is_tried_again_and_the_attempts_are_remembered() {
    let mut flaky = task("flaky", shell("echo attempt $MINDER_ATTEMPT; test $MINDER_ATTEMPT -ge 3"));
    flaky.retry =
        Retry { times: 5, delay: Duration::from_millis(20), factor_percent: 200, ..Retry::default() };
    let world = World::new(vec![flaky], vec![worker("default", 1)], vec![]);
    let _worker = world.worker("default");
    let id = world.ask("flaky", None);
    let run = until("an attempt does well", || {
        world.store().run(&id).expect("a database").filter(|run| run.state == RunState::Done)
    });
    assert_eq!((run.attempt, run.tail.as_str()), (3, "attempt 3\n"));
    let runs = world.runs("flaky");
    assert_eq!(runs.iter().map(|run| run.attempt).collect::<Vec<_>>(), [3, 2, 1]);
    assert!(
        runs[1].not_before.0 - runs[1].asked.0 == 20_000 && runs[0].not_before.0 - runs[0].asked.0 == 40_000
    );
}

#[test]
fn a_worker_that_is_killed_again_and_again_loses_no_run_and_records_each_end_once() {
    const RUNS: usize = 60;
    let script = "echo begin $MINDER_RUN >> lines; sleep 0.0$((($$ % 3) + 1)); echo end $MINDER_RUN >> lines";
    let mut first = task("job", shell(&format!("{script}; echo 1 > $MINDER_OUTPUT")));
    first.then = vec![TaskName::new("follower")];
    let world = World::new(vec![first, task("follower", shell(script))], vec![worker("default", 3)], vec![]);
    let ids: Vec<_> = (0..RUNS).map(|_| world.ask("job", None)).collect();
    let mut dice = Dice::new();
    let mut kills = 0;
    let open = || {
        let backlog = world.store().backlog().expect("a database");
        backlog.iter().map(|entry| entry.waiting + entry.claimed).sum::<u32>()
    };
    while open() > 0 {
        let worker = world.worker("default");
        std::thread::sleep(Duration::from_millis(dice.roll(250)));
        // One that was killed with its worker four times may fail the next time, as it should; it is spared here.
        until("nobody is at his last try", || (!has_last_tries(&world)).then_some(()));
        worker.signal(Signal::KILL);
        drop(worker);
        kills += 1;
    }
    println!("{kills} kills");
    let lines = world.lines("lines");
    let all: Vec<_> = world.runs("job").into_iter().chain(world.runs("follower")).collect();
    assert_eq!(all.len(), RUNS * 2, "each follows once");
    for run in &all {
        assert_eq!(run.state, RunState::Done, "{run:?}");
        let ends = lines.iter().filter(|line| **line == format!("end {}", run.id)).count();
        assert!(ends >= 1, "{} was never done", run.id);
        let last = lines.iter().rfind(|line| line.ends_with(run.id.as_str())).expect("a line");
        assert!(last.starts_with("end"), "somebody went on with {} after its end", run.id);
    }
    for id in &ids {
        let followers = all.iter().filter(|run| run.after.as_ref() == Some(id)).count();
        assert_eq!(followers, 1, "one follower of {id}");
    }
}

/// Whether a run has not ended that must not be killed once more.
fn has_last_tries(world: &World) -> bool {
    let states = vec![RunState::Waiting, RunState::Claimed];
    let open = world.store().runs(&Filter { states, ..Filter::default() }).expect("a database");
    open.iter().any(|run| run.deliveries + 1 >= DELIVERIES_MAX)
}

#[test]
fn runs_beside_one_that_kills_its_worker_are_done_all_the_same() {
    let slow = |name| task(name, shell("sleep 0.2; echo done >> lines"));
    let killer = task("killer", shell("sleep 0.05; kill -KILL $PPID; sleep 1000"));
    let tasks = vec![slow("a"), killer, slow("b"), slow("c")];
    let world = World::new(tasks, vec![worker("default", 4)], vec![]);
    let [a, killer, b, c] = ["a", "killer", "b", "c"].map(|name| world.ask(name, None));
    let open = || {
        let backlog = world.store().backlog().expect("a database");
        backlog.iter().map(|entry| entry.waiting + entry.claimed).sum::<u32>()
    };
    while open() > 0 {
        let mut worker = world.second_worker();
        until("the worker ends, or all is done", || {
            (open() == 0 || worker.0.try_wait().expect("a child").is_some()).then_some(())
        });
    }
    assert_eq!(world.ended(&killer).state, RunState::Failed);
    for good in [a, b, c] {
        let run = world.ended(&good);
        assert!(run.state == RunState::Done && run.deliveries < DELIVERIES_MAX, "{run:?}");
    }
}

#[test]
fn what_a_dead_worker_has_left_running_is_killed_before_it_is_done_again() {
    let script = "test -e left && exit 0; setsid sleep 1000 & echo $! > new; mv new left; wait";
    let world = World::new(vec![task("job", shell(script))], vec![worker("default", 1)], vec![]);
    let id = world.ask("job", None);
    let first = world.worker("default");
    let left: u32 = until("it runs", || world.lines("left").first()?.parse().ok());
    first.signal(Signal::KILL);
    drop(first);
    assert!(is_alive(left));
    let _second = world.worker("default");
    until("what was left is gone", || (!is_alive(left)).then_some(()));
    let run = world.ended(&id);
    assert_eq!((run.state, run.deliveries), (RunState::Done, 2));
}

#[test]
fn what_a_run_has_left_in_a_session_of_its_own_is_killed_when_it_is_stopped() {
    let script = "setsid sleep 1000 & echo $! > new; mv new left; wait";
    let world = World::new(vec![task("job", shell(script))], vec![worker("default", 1)], vec![]);
    let _worker = world.worker("default");
    let id = world.ask("job", None);
    let left: u32 = until("it runs", || world.lines("left").first()?.parse().ok());
    world.store().cancel(&id, "no more", wall()).expect("a database");
    assert_eq!(world.ended(&id).state, RunState::Cancelled);
    until("what was left is gone", || (!is_alive(left)).then_some(()));
}

#[test]
fn a_run_that_kills_its_worker_each_time_has_failed_in_the_end() {
    let world = World::new(
        vec![task("killer", shell("kill -KILL $PPID; sleep 1000")), task("good", shell("true"))],
        vec![worker("default", 1)],
        vec![],
    );
    let id = world.ask("killer", None);
    let good = world.ask("good", None);
    let run = until("it has failed", || {
        let mut worker = world.second_worker();
        until("the worker ends, or the run", || {
            let ended = world.store().run(&id).expect("a database").filter(|run| run.state.has_ended());
            (ended.is_some() || worker.0.try_wait().expect("a child").is_some()).then_some(())
        });
        let run = world.store().run(&id).expect("a database")?;
        run.state.has_ended().then(|| (world.ended(&good), run))
    });
    assert_eq!((run.1.state, run.1.deliveries), (RunState::Failed, 5));
    assert_eq!(run.1.reason.as_deref(), Some("its worker died 5 times while it worked"));
    assert_eq!(run.0.state, RunState::Done, "others are done after it");
}

#[test]
fn a_worker_that_is_told_to_end_ends_what_it_has_begun_and_the_second_time_gives_it_back() {
    let world = World::new(
        vec![task("slow", shell("echo begun >> marks; while ! test -e go; do sleep 0.01; done"))],
        vec![worker("default", 1)],
        vec![],
    );
    let (first, second) = (world.ask("slow", None), world.ask("slow", None));
    let mut worker = world.worker("default");
    until("it works", || (!world.lines("marks").is_empty()).then_some(()));
    worker.signal(Signal::TERM);
    let draining = || {
        let row = world.store().workers().expect("a database").remove(0);
        (row.mode == minder_tasks::store::Mode::Draining).then_some(())
    };
    until("it drains", draining);
    std::fs::write(world.path("go"), "").expect("a file");
    assert!(worker.ends_well());
    assert_eq!(world.ended(&first).state, RunState::Done);
    assert_eq!(world.store().run(&second).expect("a database").map(|run| run.state), Some(RunState::Waiting));

    std::fs::remove_file(world.path("go")).expect("the file");
    let mut worker = world.worker("default");
    until("it works", || (world.lines("marks").len() == 2).then_some(()));
    worker.signal(Signal::TERM);
    until("it drains", draining);
    worker.signal(Signal::TERM);
    assert!(worker.ends_well());
    let run = world.store().run(&second).expect("a database").expect("a run");
    assert_eq!((run.state, run.deliveries, run.begin), (RunState::Waiting, 0, None));
}

#[test]
fn what_works_can_be_cancelled_and_replaced() {
    let mut job = task("job", shell("echo $MINDER_RUN >> marks; exec sleep 1000"));
    job.overlap = Overlap::Replace;
    let world = World::new(vec![job], vec![worker("default", 2)], vec![]);
    let _worker = world.worker("default");
    let first = world.ask("job", None);
    until("the first works", || (world.lines("marks").len() == 1).then_some(()));
    let second = world.ask("job", None);
    let run = world.ended(&first);
    assert_eq!((run.state, run.exit), (RunState::Cancelled, Some(Exit::Signal(15))));
    assert_eq!(run.reason, Some(format!("replaced by run {second}")));
    until("the second works", || (world.lines("marks").len() == 2).then_some(()));
    assert_eq!(world.store().cancel(&second, "not today", wall()).expect("a database"), Cancelled::Told);
    let run = world.ended(&second);
    assert_eq!((run.state, run.reason.as_deref()), (RunState::Cancelled, Some("not today")));
    let again = world.store().cancel(&second, "", wall()).expect("a database");
    assert_eq!(again, Cancelled::Ended(RunState::Cancelled));
}

#[test]
fn there_is_one_worker_of_a_name() {
    let world = World::new(vec![], vec![worker("default", 1)], vec![]);
    let _first = world.worker("default");
    let mut second = world.second_worker();
    assert!(!second.ends_well());
    assert!(
        world.lines("log").iter().any(|line| line.contains("another process is worker `default` already"))
    );
}

#[test]
fn a_resident_does_one_run_after_another() {
    let (job, spec) = resident();
    let world = World::new(vec![task("ask", job)], vec![worker("default", 1)], vec![spec]);
    let mut worker = world.worker("default");
    let output = |input| {
        let run = world.ended(&world.ask("ask", input));
        assert_eq!(run.state, RunState::Done, "{run:?}");
        run.output.expect("an output").value()
    };
    let (first, second) = (output(Some(json!([1, "ü"]))), output(None));
    assert_eq!((&first["count"], &first["input"]), (&json!(1), &json!([1, "ü"])));
    assert_eq!((&second["count"], &second["pid"]), (&json!(2), &first["pid"]));
    assert_eq!(world.runs("ask")[0].tail, "run number 2\n");
    let pid = u32::try_from(second["pid"].as_u64().expect("a pid")).expect("a pid");
    worker.signal(Signal::TERM);
    assert!(worker.ends_well());
    assert!(!is_alive(pid), "it ends with its worker");
}

#[test]
fn whatever_a_resident_says_its_run_ends_and_the_next_one_finds_one_that_works() {
    let (job, spec) = resident();
    let mut asked = task("ask", job);
    asked.timeout = Timeout { soft: Some(Duration::from_secs(20)), hard: None };
    let world = World::new(vec![asked], vec![worker("default", 1)], vec![spec]);
    let _worker = world.worker("default");
    for (what, state, reason, comes_again) in [
        ("fail", RunState::Failed, "as you wish", false),
        ("nonsense", RunState::Failed, "its answer was not understood: found `what do you mean?`", true),
        ("another", RunState::Failed, "its answer was not understood", true),
        ("garbage", RunState::Failed, "its answer was not understood", true),
        ("flood", RunState::Failed, "its answer is longer than", true),
        ("die", RunState::Failed, "resident helper ended: exit status 7", true),
    ] {
        let before = world.ended(&world.ask("ask", None)).output.expect("an output").value();
        let run = world.ended(&world.ask("ask", Some(json!({ "do": what }))));
        assert_eq!(run.state, state, "{what}: {run:?}");
        assert!(run.reason.as_deref().is_some_and(|found| found.starts_with(reason)), "{what}: {run:?}");
        let after = world.ended(&world.ask("ask", None)).output.expect("an output").value();
        assert_eq!(before["pid"] != after["pid"], comes_again, "{what}");
    }
    // What it says unasked is not taken for the next answer.
    assert_eq!(world.ended(&world.ask("ask", Some(json!({ "do": "talk" })))).state, RunState::Done);
    assert_eq!(world.ended(&world.ask("ask", None)).state, RunState::Done);
}

#[test]
fn a_resident_that_hangs_is_ended_and_started_again_for_the_next_run() {
    let (job, spec) = resident();
    let mut asked = task("ask", job);
    asked.timeout = Timeout { soft: Some(Duration::from_millis(300)), hard: None };
    let world = World::new(vec![asked], vec![worker("default", 1)], vec![spec]);
    let _worker = world.worker("default");
    let hung = world.ended(&world.ask("ask", Some(json!({ "do": "hang" }))));
    assert_eq!((hung.state, hung.exit), (RunState::TimedOut, Some(Exit::Signal(15))));
    let next = until("the next one does well", || {
        Some(world.ended(&world.ask("ask", None))).filter(|run| run.state == RunState::Done)
    });
    assert_eq!(next.output.expect("an output").value()["count"], json!(1));
}

#[test]
fn a_resident_that_was_killed_while_it_had_nothing_to_do_is_missed_by_nobody() {
    let (job, spec) = resident();
    let world = World::new(vec![task("ask", job)], vec![worker("default", 1)], vec![spec]);
    let _worker = world.worker("default");
    let pid = |run: minder_tasks::run::Run| {
        u32::try_from(run.output.expect("an output").value()["pid"].as_u64().expect("a pid")).expect("a pid")
    };
    let first = pid(world.ended(&world.ask("ask", None)));
    let raw = rustix::process::Pid::from_raw(i32::try_from(first).expect("a pid")).expect("a pid");
    rustix::process::kill_process(raw, Signal::KILL).expect("a process");
    until("it is gone", || (!is_alive(first)).then_some(()));
    assert_ne!(pid(world.ended(&world.ask("ask", None))), first);
}

#[test]
fn what_a_resident_had_started_does_not_outlive_its_worker_for_long() {
    let (job, spec) = resident();
    let world = World::new(vec![task("ask", job)], vec![worker("default", 1)], vec![spec]);
    let first = world.worker("default");
    let started = world.ended(&world.ask("ask", Some(json!({ "do": "start" })))).output.expect("an output");
    let pid: u32 = started.as_str().parse().expect("a pid");
    until("it sleeps", || {
        std::fs::read(format!("/proc/{pid}/comm")).is_ok_and(|name| name == b"sleep\n").then_some(())
    });
    first.signal(Signal::KILL);
    drop(first);
    assert!(is_alive(pid));
    let _second = world.worker("default");
    until("it is gone", || (!is_alive(pid)).then_some(()));
}

#[test]
fn an_end_that_a_full_disk_does_not_take_is_recorded_when_there_is_room_again() {
    let script = "echo $MINDER_RUN >> begun; while [ ! -e go ]; do sleep 0.02; done";
    let world = World::new(vec![task("a", shell(script))], vec![worker("default", 2)], vec![]);
    let mut part = world.worker("default");
    let id = world.ask("a", None);
    until("it works", || (!world.lines("begun").is_empty()).then_some(()));
    // Enough for the log, and less than the database has.
    let limit_files = |bytes| {
        let pid = rustix::process::Pid::from_child(&part.0);
        let limit = rustix::process::Rlimit { current: bytes, maximum: None };
        rustix::process::prlimit(Some(pid), rustix::process::Resource::Fsize, limit)
            .expect("a process of ours");
    };
    limit_files(Some(16 * 1024));
    std::fs::write(world.path("go"), "").expect("a file");
    until("it cannot be recorded", || {
        world.lines("log").iter().any(|line| line.contains("cannot record its end")).then_some(())
    });
    limit_files(None);
    assert_eq!(world.ended(&id).state, RunState::Done);
    assert_eq!(world.lines("begun").len(), 1, "done once");
    assert!(part.0.try_wait().expect("a child of ours").is_none(), "the same worker");
}

#[test]
fn what_a_worker_had_claimed_that_is_no_more_is_done_by_the_one_who_has_its_task_now() {
    let of = |name: &str| {
        let mut task = task("a", shell("echo $MINDER_RUN >> begun; while [ ! -e go ]; do sleep 0.02; done"));
        task.worker = WorkerName::new(name);
        task
    };
    let mut world = World::new(vec![of("old")], vec![worker("old", 1)], vec![]);
    let part = world.worker("old");
    let id = world.ask("a", None);
    until("it works", || (!world.lines("begun").is_empty()).then_some(()));
    drop(part);
    world.agenda = minder_core::agenda::Agenda::new(
        vec![of("new")],
        vec![worker("new", 1)],
        vec![],
        minder_core::agenda::AgendaSettings::default(),
    )
    .expect("a valid agenda");
    world.hash = minder_tasks::agenda_file::accept(&world.state, &world.agenda).expect("a place to write");
    let _part = world.worker("new");
    std::fs::write(world.path("go"), "").expect("a file");
    let run = world.ended(&id);
    assert_eq!((run.state, run.worker.as_str()), (RunState::Done, "new"));
}
