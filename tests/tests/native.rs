//! A minder.toml on the real program: its programs, tasks and workers, whoever is killed.

use std::process::Command;

use minder_tests::place::{MARK, Place, minder_binary};
use minder_tests::process::finish;
use minder_tests::{Value, json, signal_pid, until};
use rustix::process::Signal;

const FILE: &str = r#"
[environment]
GREETING = "hello"

[socket.web]
port = "127.0.0.1:0"

[program.sleeper]
command = "sleep 1000"

[program.listener]
command = "sh -c 'echo $LISTEN_FDS $GREETING; exec sleep 1000'"
sockets = ["web"]
copies = 2

[task.count]
command = "sh -c 'echo $MINDER_DUE >> {dir}/count'"
every = "1s"

[task.first]
command = "sh -c 'echo {\\\"answer\\\": 42} > $MINDER_OUTPUT'"
then = ["second"]

[task.second]
command = "sh -c 'cp $MINDER_INPUT {dir}/second'"
worker = "recording"
"#;

struct Native {
    place: Place,
}

impl Native {
    fn start() -> Self {
        let native = Self { place: Place::new() };
        native.write(FILE);
        let started = native.minder(&["run", "--daemon", &native.file()]);
        assert_eq!(started.0, "exit 0", "{}", started.1);
        native
    }

    fn write(&self, text: &str) {
        let text = text.replace("{dir}", &self.place.dir().display().to_string());
        std::fs::write(self.place.path("minder.toml"), text).expect("a file of ours");
    }

    fn file(&self) -> String {
        self.place.path("minder.toml").display().to_string()
    }

    /// How it ended, and all that was said.
    fn minder(&self, words: &[&str]) -> (String, String) {
        let mut command = Command::new(minder_binary());
        command.args(words).env(MARK, self.place.mark()).current_dir(self.place.dir());
        let finished = finish(command, "");
        (finished.status, format!("{}{}", finished.stdout, finished.stderr))
    }

    fn asked(&self, words: &[&str]) -> Value {
        let (_, said) = self.minder(words);
        serde_json::from_str(&said).unwrap_or(Value::Null)
    }

    /// The pids of programs that run, by name.
    fn running(&self) -> Vec<(String, i64)> {
        let status = self.asked(&["status", "--json"]);
        let programs = status["programs"].as_array().cloned().unwrap_or_default();
        let of = |program: &Value| {
            let name = program["name"].as_str()?.to_owned();
            let pid = program["pid"].as_i64()?;
            (program["state"] == "RUNNING").then_some((name, pid))
        };
        programs.iter().filter_map(of).collect()
    }

    fn all_running(&self) -> Vec<(String, i64)> {
        let running = || Some(self.running()).filter(|running| running.len() == 6);
        until("all programs run", running, || self.minder(&["status"]).1)
    }

    fn lines(&self, file: &str) -> usize {
        std::fs::read_to_string(self.place.path(file)).unwrap_or_default().lines().count()
    }

    fn keeper(&self) -> u32 {
        let text = std::fs::read_to_string(self.place.path(".minder/minder.pid")).unwrap_or_default();
        text.trim().parse().unwrap_or(0)
    }

    fn mind(&self) -> u32 {
        let keeper = self.keeper();
        let children =
            std::fs::read_to_string(format!("/proc/{keeper}/task/{keeper}/children")).unwrap_or_default();
        let minds = children.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok());
        let binary = minder_binary().canonicalize().expect("a program");
        let running: Vec<i64> = self.running().iter().map(|(_, pid)| *pid).collect();
        minds
            .filter(|pid| !running.contains(&i64::from(*pid)))
            .find(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == binary))
            .expect("a mind")
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        let keeper = self.keeper();
        if keeper > 1 {
            signal_pid(keeper, Signal::TERM);
        }
        let gone = || self.place.processes().is_empty().then_some(());
        minder_tests::wait::within(minder_tests::wait::PATIENCE, gone);
        for (pid, _) in self.place.processes() {
            signal_pid(pid, Signal::KILL);
        }
    }
}

#[test]
fn programs_sockets_tasks_and_workers_of_a_minder_toml_run() {
    let native = Native::start();
    let names: Vec<String> = native.all_running().into_iter().map(|(name, _)| name).collect();
    let expected = [
        "beat",
        "listener:listener-1",
        "listener:listener-2",
        "sleeper",
        "workers:default",
        "workers:recording",
    ];
    assert_eq!(names, expected);
    until(
        "what is due is done",
        || (native.lines("count") >= 2).then_some(()),
        || native.minder(&["task", "list"]).1,
    );
    let log = || std::fs::read_to_string(native.place.path(".minder/logs/listener-listener-1.log")).ok();
    let said = until("the listener has spoken", || log().filter(|log| !log.is_empty()), String::new);
    assert_eq!(said, "1 hello\n");
    let (status, said) = native.minder(&["task", "run", "first"]);
    assert_eq!(status, "exit 0", "{said}");
    let output = || std::fs::read_to_string(native.place.path("second")).ok().filter(|text| !text.is_empty());
    let output = until("the second task has its input", output, || native.minder(&["task", "history"]).1);
    assert_eq!(serde_json::from_str::<Value>(&output).expect("a record"), json!({"answer": 42}));
}

#[test]
fn a_killed_mind_and_a_killed_keeper_cost_no_program_and_no_worker() {
    let native = Native::start();
    let before = native.all_running();
    let mind = native.mind();
    signal_pid(mind, Signal::KILL);
    until(
        "another mind answers",
        || (native.running() == before).then_some(()),
        || native.minder(&["status"]).1,
    );
    let keeper = native.keeper();
    signal_pid(keeper, Signal::KILL);
    let succeeded = || (native.keeper() != keeper && native.running() == before).then_some(());
    until("another keeper has the same programs", succeeded, || native.minder(&["status"]).1);
    let count = native.lines("count");
    until("what is due is done on", || (native.lines("count") > count).then_some(()), String::new);
}

#[test]
fn a_reload_starts_again_what_changed_and_touches_nothing_else() {
    let native = Native::start();
    let before = native.all_running();
    native.write(&FILE.replace("every = \"1s\"", "every = \"2s\""));
    let changed = native.asked(&["reload", "--json"]);
    assert_eq!(changed["changed"], json!(["workers", "beat"]), "{changed}");
    let after = native.all_running();
    let kept = |running: &[(String, i64)]| -> Vec<(String, i64)> {
        let programs = running.iter().filter(|(name, _)| name.starts_with("listener") || name == "sleeper");
        programs.cloned().collect()
    };
    assert_eq!(kept(&after), kept(&before));
    assert!(after.iter().all(|running| !before.contains(running) || kept(&before).contains(running)));
    native.write("[program.sleeper]\ncommand = 5\n");
    let (status, said) = native.minder(&["reload"]);
    assert_eq!(status, "exit 1");
    assert!(said.contains("minder.toml:2:11") && said.contains("found \"5\""), "{said}");
    assert_eq!(native.running(), after);
}
