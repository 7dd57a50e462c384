//! `minder demo`: it comes up, can be asked, and goes without leaving a process or a file.

mod load;
mod minder;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use load::Load;
use minder::{Said, minder};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A demo, in a directory that is all its own.
struct Demo {
    child: Child,
    out: Box<dyn Iterator<Item = String>>,
    runtime: tempfile::TempDir,
}

impl Demo {
    fn start() -> Demo {
        Demo::of(minder().arg("demo"))
    }

    fn of(command: &mut Command) -> Demo {
        let runtime = tempfile::tempdir().expect("a temporary directory");
        command.env("XDG_RUNTIME_DIR", runtime.path()).process_group(0);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the program starts");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        Demo { child, out: Box::new(out.lines().map_while(Result::ok)), runtime }
    }

    /// What it says up to and including a line.
    fn until(&mut self, last: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for line in &mut self.out {
            lines.push(line.clone());
            if line == last {
                return lines;
            }
        }
        panic!("the demo ended before it said {last:?}: {lines:#?}");
    }

    fn directory(&self) -> PathBuf {
        let directory = fs::read_dir(self.runtime.path()).expect("a directory").next().expect("an entry");
        directory.expect("an entry").path()
    }

    fn configuration(&self) -> String {
        self.directory().join("supervisord.conf").display().to_string()
    }

    /// Its end: the rest of what it says, and its exit status.
    fn end(mut self) -> (Vec<String>, Option<i32>) {
        let rest = self.out.by_ref().collect();
        let status = self.child.wait().expect("a child");
        let mark = self.runtime.path().display().to_string();
        assert_eq!(fs::read_dir(self.runtime.path()).expect("a directory").count(), 0, "files are left");
        assert_eq!(processes_with(&mark), Vec::<String>::new(), "processes are left");
        (rest, status.code())
    }
}

impl Drop for Demo {
    /// A test that fails must not leave a station behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// The command lines that hold a text, or whose environment does.
fn processes_with(mark: &str) -> Vec<String> {
    let holds = |bytes: &[u8]| bytes.windows(mark.len()).any(|window| window == mark.as_bytes());
    let entries = fs::read_dir("/proc").expect("/proc");
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|entry| {
            // What has ended in the meantime cannot be read, and is not left.
            let line = fs::read(entry.path().join("cmdline")).ok()?;
            let environment = fs::read(entry.path().join("environ")).unwrap_or_default();
            (holds(&line) || holds(&environment)).then(|| String::from_utf8_lossy(&line).replace('\0', " "))
        })
        .collect()
}

#[test]
fn it_comes_up_answers_and_goes_without_a_trace() {
    let mut demo = Demo::start();
    let shown = demo.until("Ctrl-C stops everything.").join("\n");
    let configuration = demo.configuration();
    assert!(shown.contains(&configuration), "{shown}");

    let said = Said::of(minder().args(["status", "--json", "-c", &configuration]));
    let all: serde_json::Value = serde_json::from_str(&said.out).expect("one JSON value");
    assert_eq!(all["programs"].as_array().map(Vec::len), Some(7), "{all:#}");
    assert_eq!((&all["state"], said.status), (&"RUNNING".into(), Some(0)), "{all:#}");

    let said = Said::of(minder().args(["restart", "worker", "-c", &configuration]));
    assert_eq!(said.status, Some(0), "{}{}", said.out, said.err);
    assert_eq!(said.out.matches(" started").count(), 3, "{}", said.out);
    let said = Said::of(minder().args(["stop", "web", "--json", "-c", &configuration]));
    let all: serde_json::Value = serde_json::from_str(&said.out).expect("one JSON value");
    assert_eq!(
        (&all["results"][0]["outcome"], &all["results"][0]["state"]),
        (&"stopped".into(), &"STOPPED".into())
    );
    let said = Said::of(minder().args(["logs", "worker:worker_01", "-n", "1", "-c", &configuration]));
    assert!(said.out.starts_with("worker 1"), "{}", said.out);
    let said = Said::of(minder().args(["start", "wrker", "-c", &configuration]));
    assert_eq!(said.err, "error: no program is called `wrker`\n  hint: did you mean `worker`?\n");
    assert_eq!(said.status, Some(1));

    // As a terminal does it: to the whole group, and by an impatient user twice.
    let group = Pid::from_child(&demo.child);
    kill_process_group(group, Signal::INT).expect("the demo runs");
    let _ = kill_process_group(group, Signal::INT);
    let (rest, status) = demo.end();
    assert!(rest.last().is_some_and(|line| line.starts_with("everything is stopped")), "{rest:#?}");
    assert_eq!(status, Some(0));
}

#[test]
fn two_at_once_do_not_disturb_each_other_and_a_request_to_terminate_is_enough() {
    let (mut one, mut two) = (Demo::start(), Demo::start());
    for demo in [&mut one, &mut two] {
        demo.until("Ctrl-C stops everything.");
    }
    for demo in [one, two] {
        kill_process(Pid::from_child(&demo.child), Signal::TERM).expect("the demo runs");
        assert_eq!(demo.end().1, Some(0));
    }
}

#[test]
fn an_interrupt_during_the_start_ends_it_as_cleanly() {
    let mut demo = Demo::start();
    demo.until("minder demo: a small station from examples/first/supervisord.conf");
    kill_process_group(Pid::from_child(&demo.child), Signal::INT).expect("the demo runs");
    let (_, status) = demo.end();
    assert_eq!(status, Some(0));
}

/// The virtual environment that `cargo xtask setup` makes; gunicorn, celery and chaussette are in it.
fn reference_venv() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/reference-venv");
    let venv = std::env::var_os("MINDER_REFERENCE_VENV").map_or(default, PathBuf::from);
    for program in ["celery", "chaussette"] {
        let program = venv.join("bin").join(program);
        let advice = "run the tests with `cargo xtask test`, which installs it";
        assert!(program.is_file(), "no {}: {advice}", program.display());
    }
    venv
}

fn is_in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").expect("a PATH");
    let found = std::env::split_paths(&path).any(|directory| directory.join(program).is_file());
    if !found {
        eprintln!("not tried: there is no {program}");
    }
    found
}

/// A cache as if the demo had made its environment before, so that a test needs no network.
fn prepared(environment: &str) -> tempfile::TempDir {
    let cache = tempfile::tempdir().expect("a temporary directory");
    let environment = cache.path().join("minder").join(environment);
    fs::create_dir_all(&environment).expect("a directory in it");
    symlink(reference_venv().join("bin"), environment.join("bin")).expect("a link");
    fs::write(environment.join("minder-demo-complete"), "").expect("a file");
    cache
}

#[test]
fn a_task_goes_through_gunicorn_redis_and_celery() {
    if !is_in_path("redis-server") {
        return;
    }
    let cache = prepared("pyapps-venv");
    let mut demo = Demo::of(minder().args(["demo", "pyapps"]).env("XDG_CACHE_HOME", cache.path()));
    let shown = demo.until("Ctrl-C stops everything.").join("\n");
    assert!(shown.contains("\"result\": 42"), "{shown}");
    let configuration = demo.configuration();
    let said = Said::of(minder().args(["restart", "pyapps", "-c", &configuration]));
    assert_eq!((said.status, said.out.matches(" started").count()), (Some(0), 2), "{}{}", said.out, said.err);

    let group = Pid::from_child(&demo.child);
    kill_process_group(group, Signal::INT).expect("the demo runs");
    assert_eq!(demo.end().1, Some(0));
}

/// The web chain, as its user sees it.
struct Chain {
    demo: Demo,
    port: u16,
    _cache: tempfile::TempDir,
}

impl Chain {
    fn start() -> Chain {
        let cache = prepared("web-chain-venv");
        let mut demo = Demo::of(minder().args(["demo", "web-chain"]).env("XDG_CACHE_HOME", cache.path()));
        let shown = demo.until("Ctrl-C stops everything.").join("\n");
        assert!(shown.contains("nginx: active\n  web: active\n"), "{shown}");
        let (_, port) = shown.split_once("http://127.0.0.1:").expect("where the page is");
        let port = port.split_once('/').expect("the end of the address").0.parse().expect("a port");
        Chain { demo, port, _cache: cache }
    }

    fn ctl(&self, words: &[&str]) -> Said {
        let mut command = minder();
        let endpoint = format!("ipc://{}", self.demo.directory().join("control.sock").display());
        Said::of(command.arg0("circusctl").args(["--endpoint", &endpoint]).args(words))
    }

    fn workers(&self) -> Vec<u32> {
        let said = self.ctl(&["list", "web"]).out;
        said.trim().split(',').filter_map(|pid| pid.trim().parse().ok()).collect()
    }

    /// The mind: the child of the keeper, which is the child of the demo.
    fn mind(&self) -> u32 {
        let keeper = child_called_circusd(self.demo.child.id()).expect("a keeper");
        load::wait_for("a mind", || child_called_circusd(keeper))
    }

    /// Kills a worker in whatever it is doing, and waits for its successor.
    fn kill_a_worker(&self) {
        let before = load::wait_for("two workers", || Some(self.workers()).filter(|pids| pids.len() == 2));
        kill(before[0]);
        load::wait_for("another worker", || {
            Some(self.workers()).filter(|now| now.len() == 2 && !now.contains(&before[0]))
        });
    }

    fn kill_the_mind(&self) {
        let before = self.mind();
        kill(before);
        load::wait_for("another mind", || Some(self.mind()).filter(|now| *now != before));
        load::wait_for("its answer", || {
            Some(self.ctl(&["status", "web"])).filter(|said| said.out == "active\n")
        });
    }
}

fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a pid");
    kill_process(pid, Signal::KILL).expect("it runs");
}

fn child_called_circusd(parent: u32) -> Option<u32> {
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    children.split_whitespace().filter_map(|pid| pid.parse().ok()).find(|pid: &u32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"circusd"))
    })
}

#[test]
fn no_request_is_lost_when_workers_are_replaced_or_killed_or_the_mind_is() {
    if !is_in_path("nginx") {
        return;
    }
    let chain = Chain::start();
    let load = Load::start(chain.port);
    load.until_served(100);
    for _ in 0..3 {
        let said = chain.ctl(&["reload", "web", "--waiting"]);
        assert_eq!((said.status, said.out.as_str()), (Some(0), "ok\n"), "{}", said.err);
        chain.kill_a_worker();
        chain.kill_the_mind();
        load.until_served(100);
    }
    let served = load.end();
    eprintln!("{} requests were served by {} workers", served.requests, served.workers.len());
    assert_eq!(served.failures, Vec::<String>::new(), "of {} requests", served.requests);
    // At least one of the beginning, and one of every round, since each ends with two that are new.
    assert!(served.workers.len() >= 4, "{:?}", served.workers);

    kill_process(Pid::from_child(&chain.demo.child), Signal::INT).expect("the demo runs");
    assert_eq!(chain.demo.end().1, Some(0));
}
