//! Measures the keeper: what it costs idle, and what a spawn costs against a bare loop of `posix_spawn`.
//!
//! `cargo run --release -p minder-keeper --example measure`

use std::collections::VecDeque;
use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use minder_keeper::wire::{
    ChildId, ErrorTo, FromKeeper, Leader, OutputTo, Port, SpawnRequest, StdinFrom, ToKeeper,
};
use minder_keeper::{Boot, Role, run};
use rustix::event::{PollFd, PollFlags, poll};

const COUNT: u32 = 1000;

fn main() -> ExitCode {
    match Role::take() {
        Ok(Role::Front) => {
            let (argv, envs) =
                (std::env::args_os().collect::<Vec<_>>(), std::env::vars_os().collect::<Vec<_>>());
            eprintln!("{}", Boot::default().exec(&argv, &envs));
            ExitCode::FAILURE
        }
        Ok(Role::Keeper(boot)) => ExitCode::from(u8::try_from(run(boot)).unwrap_or(1)),
        Ok(Role::Mind(port)) => measure(&port),
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(port: &Port) -> ExitCode {
    let keeper = loop {
        match hear(port) {
            FromKeeper::Hello { keeper, .. } => break keeper,
            other => println!("{other:?}"),
        }
    };
    hear(port);
    port.send(&ToKeeper::Ready, &[]).unwrap();
    println!("keeper idle, no children   : {}", pss(keeper));
    for round in 0..3 {
        let bare = posix_spawn_loop();
        let lean = keeper_loop(port, OutputTo::Null, ErrorTo::Null);
        let piped = keeper_loop(port, OutputTo::Pipe, ErrorTo::Pipe);
        println!(
            "round {round}: {COUNT} x /bin/true, ms: posix_spawn {bare}, keeper {lean}, with pipes {piped}"
        );
    }
    println!("keeper idle, after {COUNT} x 6: {}", pss(keeper));
    for child in 0..100 {
        let request = request(b"/bin/sleep", &[b"sleep", b"100"], OutputTo::Pipe, ErrorTo::Pipe);
        port.send(&ToKeeper::Spawn { child: ChildId(child), request: Box::new(request) }, &[]).unwrap();
        hear(port);
    }
    println!("keeper idle, 100 children  : {}", pss(keeper));
    for child in 0..100 {
        let (child, reach) = (ChildId(child), minder_keeper::wire::Reach::Process);
        port.send(&ToKeeper::Signal { child, signal: 9, reach }, &[]).unwrap();
        hear(port);
    }
    port.send(&ToKeeper::Finish { status: 0 }, &[]).unwrap();
    ExitCode::SUCCESS
}

/// As many as there is room for at once, each acknowledged.
fn keeper_loop(port: &Port, stdout: OutputTo, stderr: ErrorTo) -> u128 {
    let start = Instant::now();
    let mut letters = (0..COUNT)
        .map(|child| ToKeeper::Spawn {
            child: ChildId(child),
            request: Box::new(request(b"/bin/true", &[b"true"], stdout, stderr)),
        })
        .collect::<VecDeque<_>>();
    let mut exited = 0;
    while exited < COUNT {
        while letters.front().is_some_and(|letter| port.send(letter, &[]).is_ok()) {
            letters.pop_front();
        }
        if let FromKeeper::Exited { child, .. } = hear(port) {
            exited += 1;
            letters.push_front(ToKeeper::Acknowledge { child });
        }
    }
    let took = start.elapsed().as_millis();
    while letters.front().is_some_and(|letter| port.send(letter, &[]).is_ok()) {
        letters.pop_front();
    }
    took
}

/// `std` uses `posix_spawn` here; all are started before the first is waited for.
fn posix_spawn_loop() -> u128 {
    let start = Instant::now();
    let null = Stdio::null;
    let spawn = |_| Command::new("/bin/true").stdin(null()).stdout(null()).stderr(null()).spawn().unwrap();
    let children = (0..COUNT).map(spawn).collect::<Vec<_>>();
    children.into_iter().for_each(|mut child| assert!(child.wait().unwrap().success()));
    start.elapsed().as_millis()
}

fn request(program: &[u8], argv: &[&[u8]], stdout: OutputTo, stderr: ErrorTo) -> SpawnRequest {
    SpawnRequest {
        program: program.to_vec(),
        argv: argv.iter().map(|word| word.to_vec()).collect(),
        environment: std::env::vars().map(|(name, value)| format!("{name}={value}").into_bytes()).collect(),
        directory: None,
        credentials: None,
        umask: None,
        limits: Vec::new(),
        leader: Leader::Group,
        stdin: StdinFrom::Null,
        stdout,
        stderr,
        inherited: Vec::new(),
        pid_variable: None,
    }
}

fn hear(port: &Port) -> FromKeeper {
    poll(&mut [PollFd::new(port, PollFlags::IN)], None).unwrap();
    let mut delivery = port.receive().unwrap().unwrap();
    assert_eq!(delivery.messages.len(), 1);
    delivery.messages.remove(0)
}

fn pss(keeper: u32) -> String {
    let rollup = fs::read_to_string(format!("/proc/{keeper}/smaps_rollup")).unwrap();
    let lines =
        rollup.lines().filter(|line| ["Pss:", "Pss_Anon:", "Rss:"].iter().any(|key| line.starts_with(key)));
    lines.map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>().join(", ")
}
