//! `minder demo`: it comes up, can be asked, and goes without leaving a process or a file.

mod minder;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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

    fn configuration(&self) -> String {
        let directory = fs::read_dir(self.runtime.path()).expect("a directory").next().expect("an entry");
        directory.expect("an entry").path().join("supervisord.conf").display().to_string()
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

/// The virtual environment that `cargo xtask setup` makes; gunicorn and celery are in it.
fn reference_venv() -> PathBuf {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/reference-venv");
    let venv = std::env::var_os("MINDER_REFERENCE_VENV").map_or(default, PathBuf::from);
    let celery = venv.join("bin/celery");
    assert!(
        celery.is_file(),
        "no {}: run the tests with `cargo xtask test`, which installs it",
        celery.display()
    );
    venv
}

#[test]
fn a_task_goes_through_gunicorn_redis_and_celery() {
    let path = std::env::var_os("PATH").expect("a PATH");
    if !std::env::split_paths(&path).any(|directory| directory.join("redis-server").is_file()) {
        eprintln!("not tried: there is no redis-server");
        return;
    }
    // As if the demo had made its environment before, so that this needs no network.
    let cache = tempfile::tempdir().expect("a temporary directory");
    let environment = cache.path().join("minder/pyapps-venv");
    fs::create_dir_all(&environment).expect("a directory in it");
    symlink(reference_venv().join("bin"), environment.join("bin")).expect("a link");
    fs::write(environment.join("minder-demo-complete"), "").expect("a file");

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
