//! What the keeper promises, one function each.
//!
//! Long because it is the list of promises.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::time::Duration;

use minder_keeper::wire::{
    ChildId, ChildState, CredentialCall, Credentials, ErrorTo, FromKeeper, Leader, Limit, OutputTo, Reach,
    SpawnRequest, SpawnStep, Stage, StageFailure, StdinFrom, ToKeeper,
};
use rustix::fs::MemfdFlags;
use rustix::process::Signal;

use crate::world::{SNAPSHOT, World, await_readable, pid, read_available, read_line, script};

macro_rules! promises {
    ($($name:ident),* $(,)?) => { pub(crate) const ALL: &[(&str, fn())] = &[$((stringify!($name), $name)),*]; };
}
promises![
    what_goes_in_comes_out,
    an_exit_has_its_status,
    a_failure_names_its_stage,
    an_impossible_request_is_refused,
    umask_limits_and_directory_are_as_asked,
    a_program_runs_as_the_user_it_should,
    held_descriptors_are_inherited_where_asked,
    a_program_inherits_nothing_else,
    a_program_gets_what_the_keeper_was_started_with,
    a_session_leader_leads_a_session,
    kill_minus_nine_of_the_mind_loses_nothing,
    what_a_mind_said_before_it_died_is_done,
    an_exit_nobody_saw_is_told_to_every_mind,
    orphans_are_buried,
    five_hundred_spawns_wait_for_a_mind_that_does_not_read,
    signals_are_passed_on,
    a_signal_nobody_obeyed_is_told_to_the_next_mind,
    a_mind_that_does_not_obey_is_replaced,
    a_signal_nobody_obeyed_outlives_the_keeper,
    signals_reach_a_group,
    a_dead_child_is_not_signalled,
    a_released_descriptor_is_gone,
    finish_ends_the_keeper,
    again_starts_the_program_afresh,
    a_keeper_becomes_another_program_with_its_children,
    what_cannot_be_executed_changes_nothing,
    a_mind_that_gives_up_at_once_ends_the_keeper,
    a_mind_that_is_killed_at_once_is_tried_again,
    garbage_does_no_harm,
    a_mind_that_hangs_is_replaced,
    a_mind_that_has_noted_an_exit_owes_nothing_for_it,
    a_long_environment_arrives,
    the_mind_looks_as_the_user_started_it,
];

const ENOENT: i32 = 2;
const EACCES: i32 = 13;
const EEXIST: i32 = 17;
const EINVAL: i32 = 22;
const ESRCH: i32 = 3;
const NOFILE: i32 = 7;

fn root() -> bool {
    rustix::process::geteuid().is_root()
}

fn exited(code: i32) -> i32 {
    code << 8
}

fn what_goes_in_comes_out() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let request = SpawnRequest { stdin: StdinFrom::Pipe, stderr: ErrorTo::Pipe, ..script("cat; echo never") };
    let cat = mind.spawn(&mut world, 1, request);
    rustix::io::write(cat.fds.stdin.as_ref().unwrap(), b"there and back\n").unwrap();
    assert_eq!(read_line(cat.fds.stdout.as_ref().unwrap()), "there and back\n");
    assert!(cat.fds.stderr.is_some());
    mind.say(&ToKeeper::Signal { child: ChildId(1), signal: 15, reach: Reach::Group });
    assert_eq!(mind.await_exit(1), 15);
    await_readable(&cat.fds.pidfd.unwrap(), "the pidfd to tell the end");
}

fn an_exit_has_its_status() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    for (child, code) in (0..).zip([0, 1, 7, 255]) {
        mind.spawn(&mut world, child, script(&format!("exit {code}")));
        assert_eq!(mind.await_exit(child), exited(code));
    }
    for signal in [1, 9, 13, 15] {
        mind.spawn(&mut world, 5, script(&format!("kill -{signal} $$")));
        assert_eq!(mind.await_exit(5), signal);
    }
}

fn a_failure_names_its_stage() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let text = world.path().join("text");
    fs::write(&text, "not a program").unwrap();
    let text = text.into_os_string().into_encoded_bytes();
    let cases = [
        (SpawnRequest { directory: Some(b"/not/there".to_vec()), ..script("") }, Stage::Directory, ENOENT),
        (SpawnRequest { program: b"/not/there".to_vec(), ..script("") }, Stage::Exec, ENOENT),
        (SpawnRequest { program: text, ..script("") }, Stage::Exec, EACCES),
        (
            SpawnRequest { limits: vec![Limit { resource: NOFILE, soft: 9, hard: 8 }], ..script("") },
            Stage::Limits,
            EINVAL,
        ),
    ];
    for (child, (request, stage, errno)) in (0..).zip(cases) {
        let born = mind.spawn(&mut world, child, request);
        assert_eq!(born.failure, Some(StageFailure { stage, errno }));
        assert_eq!(mind.await_exit(child), exited(127));
    }
    let nobody = Some(Credentials { uid: u32::MAX, gid: 0, groups: vec![] });
    let born = mind.spawn(&mut world, 9, SpawnRequest { credentials: nobody, ..script("") });
    let call = if root() { CredentialCall::User } else { CredentialCall::Groups };
    assert_eq!(born.failure.unwrap().stage, Stage::Credentials(call));
}

fn an_impossible_request_is_refused() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    mind.spawn(&mut world, 1, script("exec sleep 1000"));
    let snapshot = |target| (b"snapshot".to_vec(), target);
    let cases = [
        (1, script(""), EEXIST),
        (2, SpawnRequest { stdin: StdinFrom::Held(b"nothing".to_vec()), ..script("") }, ENOENT),
        (2, SpawnRequest { program: b"/bin/\0sh".to_vec(), ..script("") }, EINVAL),
        (2, SpawnRequest { inherited: vec![snapshot(2)], ..script("") }, EINVAL),
        (2, SpawnRequest { inherited: vec![snapshot(4), snapshot(4)], ..script("") }, EINVAL),
        (2, SpawnRequest { inherited: vec![snapshot(i32::MAX)], ..script("") }, EINVAL),
    ];
    for (child, request, errno) in cases {
        let child = ChildId(child);
        mind.say(&ToKeeper::Spawn { child, request: Box::new(request) });
        assert_eq!(mind.hear_own().0, FromKeeper::NotSpawned { child, step: SpawnStep::Request, errno });
    }
    let request = SpawnRequest { inherited: vec![snapshot(i32::MAX - 1)], ..script("") };
    mind.say(&ToKeeper::Spawn { child: ChildId(2), request: Box::new(request) });
    let refusal = FromKeeper::NotSpawned { child: ChildId(2), step: SpawnStep::Pipes, errno: EINVAL };
    assert_eq!(mind.hear_own().0, refusal);
}

fn umask_limits_and_directory_are_as_asked() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let request = SpawnRequest {
        umask: Some(0o027),
        directory: Some(b"/usr".to_vec()),
        limits: vec![Limit { resource: NOFILE, soft: 123, hard: 456 }],
        ..script("umask; pwd; ulimit -Sn; ulimit -Hn; env | sort | head -n 1; echo problem >&2")
    };
    assert_eq!(mind.output(&mut world, 1, request), "0027\n/usr\n123\n456\nPATH=/usr/bin:/bin\nproblem\n");
}

fn a_program_runs_as_the_user_it_should() {
    if !root() {
        return;
    }
    let mut world = World::new();
    let mind = world.fresh_mind();
    let credentials = Some(Credentials { uid: 4242, gid: 4343, groups: vec![4343, 4444] });
    let request = SpawnRequest { credentials: credentials.clone(), ..script("id -u; id -g; id -G") };
    assert_eq!(mind.output(&mut world, 1, request), "4242\n4343\n4343 4444\n");
    // The user comes before the directory: what root may enter is not what the user may.
    let directory = Some(b"/root".to_vec());
    fs::set_permissions("/root", std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let born = mind.spawn(&mut world, 2, SpawnRequest { credentials, directory, ..script("") });
    assert_eq!(born.failure, Some(StageFailure { stage: Stage::Directory, errno: EACCES }));
}

fn held_descriptors_are_inherited_where_asked() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    // Low numbers, which in the keeper are its own descriptors and the sources of each other.
    let mut names = Vec::new();
    for number in 3..12 {
        let memfd = rustix::fs::memfd_create("held", MemfdFlags::CLOEXEC).unwrap();
        rustix::io::write(&memfd, format!("{number}\n").as_bytes()).unwrap();
        let name = format!("held {number}").into_bytes();
        mind.port.send(&ToKeeper::Hold { name: name.clone() }, &[memfd.as_fd()]).unwrap();
        names.push((name, 14 - number));
    }
    let read = (3..12).map(|number| format!("cat /proc/self/fd/{number}; ")).collect::<String>();
    let request = SpawnRequest {
        stdin: StdinFrom::Held(b"snapshot".to_vec()),
        inherited: names,
        ..script(&format!("cat /proc/self/fd/0; echo; {read}"))
    };
    let numbers = (3..12).rev().map(|number| format!("{number}\n")).collect::<String>();
    assert_eq!(mind.output(&mut world, 1, request), format!("{SNAPSHOT}\n{numbers}"));
}

fn a_program_inherits_nothing_else() {
    let mut world = World::with(|command| {
        command.env("BEFORE", "exec 7</dev/null 9</dev/null");
    });
    let mind = world.fresh_mind();
    let inherited = vec![(b"snapshot".to_vec(), 5)];
    let argv = vec![b"ls".to_vec(), b"/proc/self/fd".to_vec()];
    let list = SpawnRequest { program: b"/bin/ls".to_vec(), argv, inherited, ..script("") };
    // The 3 is where `ls` has opened the directory.
    assert_eq!(mind.output(&mut world, 1, list), "0\n1\n2\n3\n5\n");
}

fn a_program_gets_what_the_keeper_was_started_with() {
    let mut world = World::with(|command| {
        command.env("BEFORE", "ulimit -Sn 321; trap '' USR1 PIPE; echo 77 > /proc/self/oom_score_adj");
    });
    let mind = world.fresh_mind();
    let text = "ulimit -Sn; cat /proc/self/oom_score_adj; grep -E '^Sig(Blk|Ign)' /proc/self/status";
    let nothing = "0".repeat(16);
    let expected = format!("321\n77\nSigBlk:\t{nothing}\nSigIgn:\t{nothing}\n");
    assert_eq!(mind.output(&mut world, 1, script(text)), expected);
    let own = fs::read_to_string(format!("/proc/{}/oom_score_adj", world.keeper.id())).unwrap();
    let mind_own = fs::read_to_string(format!("/proc/{}/oom_score_adj", mind.pid)).unwrap();
    assert_eq!(mind_own, "77\n");
    // Lower needs a capability that not even every root has.
    assert!(["-900\n", "77\n"].contains(&own.as_str()));
}

fn a_session_leader_leads_a_session() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let stat = "read -r pid name state parent group session rest < /proc/$$/stat; echo $pid $group $session";
    let born = mind.spawn(&mut world, 1, SpawnRequest { leader: Leader::Session, ..script(stat) });
    mind.await_exit(1);
    let pid = born.pid;
    assert_eq!(read_available(&born.fds.stdout.unwrap()), format!("{pid} {pid} {pid}\n"));
    let born = mind.spawn(&mut world, 1, script(stat));
    mind.await_exit(1);
    let line = read_available(&born.fds.stdout.unwrap());
    assert!(line.starts_with(&format!("{0} {0} ", born.pid)) && !line.ends_with(&format!(" {}\n", born.pid)));
}

fn kill_minus_nine_of_the_mind_loses_nothing() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let memo = rustix::fs::memfd_create("memo", MemfdFlags::CLOEXEC).unwrap();
    rustix::io::write(&memo, b"remember").unwrap();
    mind.port.send(&ToKeeper::Hold { name: b"memo".to_vec() }, &[memo.as_fd()]).unwrap();
    drop(memo);
    let request = SpawnRequest { stdin: StdinFrom::Pipe, ..script("echo unread; exec cat") };
    let cat = mind.spawn(&mut world, 1, request);
    await_readable(cat.fds.stdout.as_ref().unwrap(), "bytes that nobody reads");
    let ended = mind.spawn(&mut world, 2, script("echo last words; exit 3"));
    let (FromKeeper::Exited { .. }, _) = mind.hear_own() else { panic!("no exit") };
    let missing = mind.spawn(&mut world, 3, SpawnRequest { program: b"/not/there".to_vec(), ..script("") });
    let (FromKeeper::Exited { .. }, _) = mind.hear_own() else { panic!("no exit") };
    let old = mind.pid;
    mind.kill();

    let mind = world.mind();
    assert_ne!(mind.pid, old);
    let hello = mind.hello();
    assert_eq!((hello.keeper, hello.lives), (world.keeper.id(), 1));
    let names = hello.held.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names, [b"memo".to_vec(), b"snapshot".to_vec()]);
    for ((_, fd), content) in hello.held.into_iter().zip(["remember", SNAPSHOT]) {
        let mut file = File::from(fd);
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, content);
    }
    let facts =
        hello.children.iter().map(|(child, pid, state, failure, _)| (child.0, *pid, *state, *failure));
    let expected = [
        (1, cat.pid, ChildState::Alive, None),
        (2, ended.pid, ChildState::Exited(exited(3)), None),
        (3, missing.pid, ChildState::Exited(exited(127)), missing.failure),
    ];
    assert_eq!(facts.collect::<Vec<_>>(), expected);
    let fds = hello.children.into_iter().map(|(_, _, _, _, fds)| fds).collect::<Vec<_>>();
    assert_eq!(read_line(fds[0].stdout.as_ref().unwrap()), "unread\n");
    assert_eq!(read_available(fds[1].stdout.as_ref().unwrap()), "last words\n");
    rustix::io::write(fds[0].stdin.as_ref().unwrap(), b"still here\n").unwrap();
    assert_eq!(read_line(fds[0].stdout.as_ref().unwrap()), "still here\n");
    mind.say(&ToKeeper::Acknowledge { child: ChildId(2) });
    mind.say(&ToKeeper::Acknowledge { child: ChildId(3) });
    mind.say(&ToKeeper::Signal { child: ChildId(1), signal: 9, reach: Reach::Process });
    assert_eq!(mind.await_exit(1), 9);
    mind.kill();
    assert!(world.mind().hello().children.is_empty());
}

fn what_a_mind_said_before_it_died_is_done() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    // Nothing is read between these: the keeper's answers are still in the socket when the mind dies.
    for child in 1..=20 {
        mind.say(&ToKeeper::Spawn { child: ChildId(child), request: Box::new(script("exec sleep 1000")) });
    }
    mind.kill();
    let children = world.mind().hello().children;
    children.iter().for_each(|(_, pid, ..)| world.clear_away(*pid));
    assert_eq!(children.len(), 20);
    assert!(children.iter().all(|(_, _, state, _, _)| *state == ChildState::Alive));
}

fn an_exit_nobody_saw_is_told_to_every_mind() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    mind.spawn(&mut world, 1, script("exit 4"));
    let (FromKeeper::Exited { .. }, _) = mind.hear_own() else { panic!("no exit") };
    mind.kill();
    for lives in 1..4 {
        let mind = world.mind();
        let hello = mind.hello();
        assert_eq!(hello.lives, lives);
        assert_eq!(hello.children[0].2, ChildState::Exited(exited(4)));
        mind.exit(0);
    }
}

fn orphans_are_buried() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let fork = mind.spawn(
        &mut world,
        1,
        script("(sh -c 'echo $$; read wait < /proc/self/fd/0; exit 6' & ); exit 0"),
    );
    let orphan = read_line(fork.fds.stdout.as_ref().unwrap()).trim().parse::<u32>().unwrap();
    let mut seen = BTreeMap::new();
    let mut exit = None;
    while exit.is_none() || !seen.contains_key(&orphan) {
        match mind.hear().0 {
            FromKeeper::Exited { status, .. } => exit = Some(status),
            FromKeeper::Reaped { pid, status } => assert_eq!(seen.insert(pid, status), None),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((exit, seen[&orphan]), (Some(0), exited(6)));
}

fn five_hundred_spawns_wait_for_a_mind_that_does_not_read() {
    const COUNT: u32 = 500;
    let world = World::new();
    let mind = world.fresh_mind();
    for child in 0..COUNT {
        let request = SpawnRequest { stdout: OutputTo::Null, ..script(&format!("exit {}", child % 7)) };
        mind.say(&ToKeeper::Spawn { child: ChildId(child), request: Box::new(request) });
    }
    let (mut born, mut dead) = (BTreeMap::new(), BTreeMap::new());
    while dead.len() < COUNT as usize {
        match mind.hear_own().0 {
            FromKeeper::Spawned { child, pid, failure: None, .. } => {
                assert_eq!(born.insert(child, pid), None);
            }
            FromKeeper::Exited { child, status } => {
                assert!(born.contains_key(&child));
                assert_eq!(dead.insert(child, status), None);
                mind.say(&ToKeeper::Acknowledge { child });
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(dead.iter().all(|(child, status)| *status == exited((child.0 % 7).cast_signed())));
    mind.kill();
    assert!(world.mind().hello().children.is_empty());
}

fn signals_are_passed_on() {
    let world = World::new();
    let mind = world.fresh_mind();
    let asked = [Signal::TERM, Signal::INT, Signal::QUIT, Signal::HUP, Signal::USR1, Signal::USR2];
    for signal in asked {
        world.signal_keeper(signal);
        assert_eq!(mind.hear_own().0, FromKeeper::Asked { signal: signal.as_raw() });
        mind.say(&ToKeeper::Obeyed { signal: signal.as_raw() });
    }
    for ignored in ["34", "40", "64"] {
        let keeper = world.keeper.id().to_string();
        assert!(
            std::process::Command::new("/bin/kill")
                .args(["-s", ignored, &keeper])
                .status()
                .unwrap()
                .success()
        );
    }
    world.signal_keeper(Signal::TERM);
    assert_eq!(mind.hear_own().0, FromKeeper::Asked { signal: 15 });
}

fn a_signal_nobody_obeyed_is_told_to_the_next_mind() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    for signal in [Signal::HUP, Signal::TERM] {
        world.signal_keeper(signal);
        assert_eq!(mind.hear_own().0, FromKeeper::Asked { signal: signal.as_raw() });
    }
    mind.say(&ToKeeper::Obeyed { signal: 1 });
    mind.kill();
    let next = world.fresh_mind();
    assert_eq!(next.hear_own().0, FromKeeper::Asked { signal: 15 });
    next.say(&ToKeeper::Obeyed { signal: 15 });
    next.kill();
    let last = world.fresh_mind();
    world.signal_keeper(Signal::USR2);
    assert_eq!(last.hear_own().0, FromKeeper::Asked { signal: 12 });
    last.say(&ToKeeper::Finish { status: 0 });
    last.exit(0);
    assert_eq!(world.keeper_status(), Some(0));
}

fn a_mind_that_does_not_obey_is_replaced() {
    let world = World::with_patience(Duration::from_millis(300));
    let mind = world.fresh_mind();
    world.signal_keeper(Signal::TERM);
    assert_eq!(mind.hear_own().0, FromKeeper::Asked { signal: 15 });
    let next = world.fresh_mind();
    assert_eq!(next.hear_own().0, FromKeeper::Asked { signal: 15 });
}

fn a_signal_nobody_obeyed_outlives_the_keeper() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    mind.say(&ToKeeper::Again);
    world.signal_keeper(Signal::TERM);
    assert_eq!(mind.hear_own().0, FromKeeper::Asked { signal: 15 });
    mind.exit(0);
    assert_eq!(world.front_again(), world.keeper.id());
    // It is held back: this front ends by itself, and not by the signal.
    assert_eq!(world.keeper_status(), Some(5));
}

fn signals_reach_a_group() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    // The outer one is ready before the inner one exists, and the inner one when it says so.
    let inner = "trap \"echo inner; exit 0\" USR1; echo up; while :; do sleep 1000 & wait; done";
    let text = &format!("trap 'echo outer; wait; exit 0' USR1; sh -c '{inner}' & wait; exit 0");
    let born = mind.spawn(&mut world, 1, script(text));
    let stdout = born.fds.stdout.unwrap();
    assert_eq!(read_line(&stdout), "up\n");
    mind.say(&ToKeeper::Signal { child: ChildId(1), signal: Signal::USR1.as_raw(), reach: Reach::Group });
    let mut said = String::new();
    while !(said.contains("inner\n") && said.contains("outer\n")) {
        said += &read_line(&stdout);
    }
    mind.await_exit(1);
}

fn a_dead_child_is_not_signalled() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    mind.spawn(&mut world, 1, script("exit 0"));
    let (FromKeeper::Exited { .. }, _) = mind.hear_own() else { panic!("no exit") };
    for (child, reach) in [(1, Reach::Process), (1, Reach::Group), (77, Reach::Process)] {
        let child = ChildId(child);
        mind.say(&ToKeeper::Signal { child, signal: 15, reach });
        assert_eq!(mind.hear_own().0, FromKeeper::SignalFailed { child, errno: ESRCH });
    }
    mind.spawn(&mut world, 2, script("exec sleep 1000"));
    mind.say(&ToKeeper::Signal { child: ChildId(2), signal: 99, reach: Reach::Process });
    assert_eq!(mind.hear_own().0, FromKeeper::SignalFailed { child: ChildId(2), errno: EINVAL });
}

fn a_released_descriptor_is_gone() {
    let world = World::new();
    let mind = world.fresh_mind();
    let (read, write) = rustix::pipe::pipe().unwrap();
    mind.port.send(&ToKeeper::Hold { name: b"pipe".to_vec() }, &[write.as_fd()]).unwrap();
    drop(write);
    mind.say(&ToKeeper::Release { name: b"pipe".to_vec() });
    await_readable(&read, "the last copy to be closed");
    mind.say(&ToKeeper::Release { name: b"snapshot".to_vec() });
    mind.kill();
    assert!(!world.mind().hello().held.iter().any(|(name, _)| name == b"snapshot"));
}

fn finish_ends_the_keeper() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    mind.say(&ToKeeper::Finish { status: 42 });
    mind.exit(1);
    assert_eq!(world.keeper_status(), Some(42));
}

fn again_starts_the_program_afresh() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    mind.say(&ToKeeper::Again);
    mind.exit(0);
    assert_eq!(world.front_again(), world.keeper.id());
    assert_eq!(world.keeper_status(), Some(5));
}

fn a_keeper_becomes_another_program_with_its_children() {
    let mut world = World::new();
    let first = world.fresh_mind();
    let ended = first.spawn(&mut world, 1, script("exit 3"));
    let (FromKeeper::Exited { .. }, _) = first.hear_own() else { panic!("no exit") };
    let reads = SpawnRequest { stdin: StdinFrom::Pipe, ..script("read word; echo $word; exit 7") };
    let lives = first.spawn(&mut world, 2, reads);
    let program = File::open(std::env::current_exe().unwrap()).unwrap();
    first.port.send(&ToKeeper::Become, &[program.as_fd()]).unwrap();
    first.exit(0);

    let second = world.mind();
    let hello = second.hello();
    assert_eq!((hello.keeper, hello.lives), (world.keeper.id(), 1));
    let mut children = hello.children.into_iter();
    let (child, pid, state, ..) = children.next().unwrap();
    assert_eq!((child, pid, state), (ChildId(1), ended.pid, ChildState::Exited(exited(3))));
    let (child, pid, state, _, fds) = children.next().unwrap();
    assert_eq!((child, pid, state), (ChildId(2), lives.pid, ChildState::Alive));
    assert!(hello.held.iter().any(|(name, _)| name == b"snapshot"));
    let mut stdin = File::from(fds.stdin.unwrap());
    std::io::Write::write_all(&mut stdin, b"word\n").unwrap();
    assert_eq!(second.await_exit(2), exited(7));
    assert_eq!(read_available(fds.stdout.as_ref().unwrap()), "word\n");
    // It is a keeper like any other.
    assert_eq!(second.output(&mut world, 3, script("echo again")), "again\n");
}

fn what_cannot_be_executed_changes_nothing() {
    let mut world = World::new();
    let first = world.fresh_mind();
    let lives = first.spawn(&mut world, 1, script("sleep 1000"));
    let program = tempfile::tempfile().unwrap();
    first.port.send(&ToKeeper::Become, &[program.as_fd()]).unwrap();
    first.exit(0);
    let second = world.mind();
    let hello = second.hello();
    let (child, pid, state, ..) = &hello.children[0];
    assert_eq!((*child, *pid, *state), (ChildId(1), lives.pid, ChildState::Alive));
    second.say(&ToKeeper::Signal { child: ChildId(1), signal: 9, reach: Reach::Process });
    assert_eq!(second.await_exit(1), 9);
}

fn a_mind_that_gives_up_at_once_ends_the_keeper() {
    let mut world = World::new();
    world.mind().exit(2);
    assert_eq!(world.keeper_status(), Some(2));
}

fn a_mind_that_is_killed_at_once_is_tried_again() {
    let mut world = World::new();
    for _ in 0..4 {
        world.mind().kill();
    }
    assert_eq!(world.keeper_status(), Some(1));
}

fn garbage_does_no_harm() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let mut state = 1_u32;
    for length in 1..400 {
        let bytes = (0..length).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_le_bytes()[3]
        });
        // First as it is, then as the body of a message. What is a farewell by chance is left out.
        let bytes = bytes.collect::<Vec<_>>();
        let body = [&[0, 200], &bytes[..]].concat();
        if bytes[0] > 1 {
            mind.blurt(&bytes);
        }
        mind.blurt(&body);
    }
    assert_eq!(mind.output(&mut world, 1, script("echo fine")), "fine\n");
    assert_eq!(mind.pid, rustix::process::test_kill_process(pid(mind.pid)).map(|()| mind.pid).unwrap());
}

fn a_mind_that_hangs_is_replaced() {
    let mut world = World::with_patience(Duration::from_millis(200));
    let mind = world.fresh_mind();
    // It owes nothing, so it may be silent for longer than the patience: nothing to wait for here but the time.
    std::thread::sleep(Duration::from_millis(500));
    let long = mind.spawn(&mut world, 1, script("exec sleep 1000"));
    mind.spawn(&mut world, 2, script("exit 0"));
    // It has heard of the exit, or will, and never acknowledges it.
    let next = world.mind();
    let hello = next.hello();
    assert_eq!(hello.children.iter().map(|child| child.1).next(), Some(long.pid));
    assert_eq!(hello.children[1].2, ChildState::Exited(0));
    next.say(&ToKeeper::Acknowledge { child: ChildId(2) });
    assert_eq!(next.output(&mut world, 3, script("echo fine")), "fine\n");
}

fn a_mind_that_has_noted_an_exit_owes_nothing_for_it() {
    let mut world = World::with_patience(Duration::from_millis(200));
    let mind = world.fresh_mind();
    let born = mind.spawn(&mut world, 1, script("exit 3"));
    assert_eq!(mind.hear_own().0, FromKeeper::Exited { child: ChildId(1), status: 3 << 8 });
    mind.say(&ToKeeper::Noted { child: ChildId(1) });
    // Nothing to wait for here but the time.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(mind.output(&mut world, 2, script("echo here")), "here\n");
    // The next one is told, and owes as the first did.
    mind.kill();
    let next = world.mind();
    let hello = next.hello();
    assert_eq!((hello.children[0].1, hello.children[0].2), (born.pid, ChildState::Exited(3 << 8)));
    let third = world.mind();
    assert_eq!(third.hello().children[0].2, ChildState::Exited(3 << 8));
}

fn a_long_environment_arrives() {
    let mut world = World::new();
    let mind = world.fresh_mind();
    let mut request = script("echo ${#LONG0} ${#LONG9}");
    for index in 0..10 {
        request.environment.push([format!("LONG{index}=").as_bytes(), &[b'x'; 100_000]].concat());
    }
    assert_eq!(mind.output(&mut world, 1, request), "100000 100000\n");
}

fn the_mind_looks_as_the_user_started_it() {
    let world = World::new();
    let mind = world.fresh_mind();
    let about = |pid: u32, file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    assert_eq!(about(mind.pid, "cmdline"), about(world.keeper.id(), "cmdline"));
    assert!(about(mind.pid, "comm").starts_with("keeper-"));
    assert!(about(world.keeper.id(), "comm").starts_with("keeper-"));
    let group = rustix::process::getpgid(Some(pid(mind.pid))).unwrap();
    assert_eq!(group, pid(mind.pid), "a terminal's Ctrl-C must not reach the mind");
}
