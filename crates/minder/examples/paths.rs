//! The paths that matter most, each again and again, for a tool that counts instructions: `cargo xtask bench --only
//! instructions` runs this under callgrind, twice as often the second time, so that everything else cancels out.
//!
//! `cargo run --release -p minder --example paths -- PATH TIMES`

#[path = "../../../personalities/minder-supervisord/tests/rpc/fake.rs"]
mod fake;

use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::sync::Arc;

use minder_core::effect::Effect;
use minder_core::ids::{ExitStatus, InstanceId, Pid};
use minder_core::input::Input;
use minder_core::instance::Phase;
use minder_core::plan::GroupSpec;
use minder_core::program::{LogTarget, OutputFilter, OutputSpec, Publish, Rotation, Startup, Syslog};
use minder_core::restart::RestartPolicy;
use minder_core::supervision::Supervision;
use minder_core::time::{Instant, Now, WallTime};
use minder_keeper::wire::{ChildId, Message, ToKeeper};
use minder_runtime::launch;
use minder_runtime::ledger::{Ledger, Record};
use minder_runtime::logs::{Audience, ChannelLog};
use minder_runtime::shelf::Shelf;
use minder_supervisord::xmlrpc::encode_call;
use rustix::pipe::{PipeFlags, pipe_with};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [path, times] = words.as_slice() else { return usage() };
    let Ok(times) = times.parse() else { return usage() };
    match path.as_str() {
        "spawn" => spawn(times),
        "restart" => restart(times),
        "chunk" => chunk(times),
        "info" => info(times),
        _ => return usage(),
    }
    ExitCode::SUCCESS
}

fn usage() -> ExitCode {
    eprintln!("usage: paths spawn|restart|chunk|info TIMES");
    ExitCode::from(2)
}

/// What a mind and a keeper do for an order, before there is a clone: the request, its bytes, and the request again.
fn spawn(times: u32) {
    let spec = fake::program("cat", "/bin/cat -u");
    let inherited: Vec<_> = (0..20).map(|n| (format!("NAME_{n}").into_bytes(), b"value".to_vec())).collect();
    for child in 0..times {
        let program = launch::executable(&spec.command, None).expect("cat is there");
        let request = launch::request(&spec, "group", &program, &inherited, Vec::new());
        let order = ToKeeper::Spawn { child: ChildId(child), request: Box::new(request) };
        assert_eq!(ToKeeper::decode(&order.encode()).as_ref(), Ok(&order));
    }
}

/// From an exit to the order for the next process and the news of it, with all that is written down on the way.
fn restart(times: u32) {
    let mut spec = fake::program("crasher", "/bin/false");
    spec.startup = Startup::Automatic;
    spec.restart = RestartPolicy::Always;
    spec.readiness = minder_core::program::Readiness::StaysUp(std::time::Duration::ZERO);
    let group = GroupSpec {
        name: minder_core::ids::GroupName::new("crasher"),
        priority: 0,
        programs: vec![Arc::new(spec)],
        subscription: None,
        socket: None,
    };
    let ledger = Ledger::new(Shelf::Nameless.file("paths").expect("memory"));
    let mut world = Supervision::new();
    let mut now = Now { monotonic: Instant(1), wall: WallTime(1) };
    let mut step = |world: &mut Supervision, input| {
        let mut effects = Vec::new();
        now.monotonic.0 += 1_000_000_000;
        world.step(now, input, &mut effects);
        for effect in &effects {
            if let &Effect::Keep(id) = effect
                && let Some(instance) = world.instance(id)
            {
                let facts = instance.facts.clone();
                let record = Record {
                    facts,
                    child: 1,
                    birthmark: None,
                    mark: None,
                    owed: None,
                    stdout_log: None,
                    stderr_log: None,
                };
                ledger.write(id, &record).expect("memory");
            }
        }
    };
    let id = InstanceId(0);
    step(&mut world, Input::AddGroup(Arc::new(group)));
    step(&mut world, Input::Begin);
    for pid in 1..=times {
        step(&mut world, Input::Spawned(id, Pid::new(pid).expect("not zero")));
        step(&mut world, Input::Tick);
        step(&mut world, Input::Exited(id, ExitStatus::Code(0)));
        let phase = world.instance(id).map(|instance| instance.facts.phase);
        assert_eq!(phase, Some(Phase::Spawning), "it is ordered again");
    }
}

/// A chunk of four kilobytes from a pipe into a rotated log.
fn chunk(times: u32) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("program.log");
    let spec = OutputSpec {
        log: LogTarget::File(path.as_os_str().as_bytes().into()),
        rotation: Rotation::AfterWrite { max_bytes: Some(50 << 20), backups: 10 },
        syslog: Syslog::Off,
        filter: OutputFilter::Raw,
        capture: None,
        publish: Publish::Silent,
    };
    let mut log = ChannelLog::new(&spec, "program", Audience::None);
    log.open().expect("a file");
    let (pipe, program) = pipe_with(PipeFlags::NONBLOCK).expect("a pipe");
    let bytes = [b'x'; 4096];
    for _ in 0..times {
        rustix::io::write(&program, &bytes).expect("room");
        let mut told = Vec::new();
        log.pump(pipe.as_fd(), WallTime(0), &mut told);
        assert!(told.is_empty());
    }
}

/// A whole `getProcessInfo`, from the body of the request to that of the answer.
fn info(times: u32) {
    let server = fake::Fake::with(vec![("cat", 999, vec![fake::program("cat", "/bin/cat")])]);
    server.set_phase("cat", fake::up(100));
    let rpc = server.rpc();
    let body = encode_call("supervisor.getProcessInfo", &["cat".into()]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        for _ in 0..times {
            rpc.respond(&body).await;
        }
    });
}
