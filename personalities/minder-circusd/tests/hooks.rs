//! Hooks against a real python3 and a real shell.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use minder_circusd::hooks::{HookError, HookReturn, Hooks, Import, WatcherView};
use serde_json::{Value, json};

const MODULE: &str = include_str!("hooks/brewhooks.py");
/// A hang of the code under test fails the test by this.
const LIMIT: Duration = Duration::from_secs(60);

struct Place {
    directory: tempfile::TempDir,
    hooks: Hooks,
}

impl Place {
    fn with_module(text: &str) -> Self {
        let place = Self { directory: tempfile::tempdir().unwrap(), hooks: Hooks::new() };
        place.write("brewhooks.py", text);
        place
    }

    /// With this bound for each call from now on, and a new interpreter.
    fn bounded(self, bound: Duration) -> Self {
        Self { hooks: Hooks::with_bound(bound), ..self }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text).unwrap();
    }

    fn path(&self) -> String {
        self.directory.path().to_str().unwrap().to_owned()
    }

    fn watcher(&self) -> WatcherView {
        WatcherView {
            name: "Web Server".into(),
            res_name: "web_server".into(),
            cmd: "serve".into(),
            args: json!(["-v"]),
            env: vec![("COLOUR".into(), "rouge".into()), ("PYTHONPATH".into(), self.path())],
            pids: vec![std::process::id()],
            numprocesses: 2,
            working_dir: Some("/srv".into()),
            options: json!({"graceful_timeout": 30.0}).as_object().cloned().unwrap(),
        }
    }

    async fn call_with(&self, callable: &str, extra: &[(&str, Value)]) -> Result<HookReturn, HookError> {
        let extra: Vec<_> = extra.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let watcher = self.watcher();
        let call = self.hooks.call(callable, "before_signal", &watcher, &extra);
        tokio::time::timeout(LIMIT, call).await.expect("a call ends within its bound")
    }

    async fn truth(&self, callable: &str) -> bool {
        self.call_with(callable, &[]).await.unwrap().truth
    }

    async fn error(&self, callable: &str) -> HookError {
        self.call_with(callable, &[]).await.unwrap_err()
    }

    async fn resolve(&self, callable: &str, import: Import) -> Result<(), String> {
        let resolved = self.hooks.resolve(callable, &[self.path()], import).await;
        resolved.map_err(|error| error.to_string())
    }
}

/// Waits for the end of a process. Whoever adopts orphans here may leave them unreaped.
async fn gone(pid: u64) {
    let running = |stat: String| !stat.contains(") Z ");
    let gone = async {
        while std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(running) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, gone).await.expect("the process ends");
}

#[tokio::test]
async fn what_a_hook_returns_is_taken_for_its_truth() {
    let place = Place::with_module(MODULE);
    assert!(place.truth("brewhooks.true").await);
    assert!(place.truth("brewhooks:true").await);
    assert!(!place.truth("brewhooks.falsy").await);
    assert!(!place.truth("brewhooks.nothing").await);
}

#[tokio::test]
async fn an_exception_comes_with_its_text_and_its_place() {
    let place = Place::with_module(MODULE);
    let HookError::Raised { kind, text, trace } = place.error("brewhooks.raises").await else {
        panic!("it raises");
    };
    assert_eq!((kind.as_str(), text.as_str()), ("ValueError", "no ﬁsh today"));
    assert!(trace.contains("brewhooks.py\", line 22, in raises"), "{trace}");
    assert!(!trace.contains("<minder hooks>"), "{trace}");
    assert_eq!(place.error("brewhooks.leaves").await.to_string(), "4");
}

#[tokio::test]
async fn a_hook_sees_its_watcher_and_is_told_what_it_cannot_have() {
    let place = Place::with_module(MODULE);
    let error = place.call_with("brewhooks.looks", &[("signum", json!(15))]).await.unwrap_err();
    let expected = "watcher.start is not available: hooks run in a process of their own, beside the daemon";
    assert_eq!(error.to_string(), expected, "{error:?}");
}

#[tokio::test]
async fn stats_come_back_as_the_hook_left_them() {
    let place = Place::with_module(MODULE);
    let extra = [("pid", json!(7)), ("stats", json!({"cpu": 1.5, "mem": "2M"}))];
    let result = place.call_with("brewhooks.stats", &extra).await.unwrap();
    assert_eq!(result.stats, Some(json!({"mem": "2M", "seen": ["before_signal", 7]})));
    let error = place.call_with("brewhooks.unspeakable", &extra).await.unwrap_err();
    assert!(error.to_string().contains("not JSON compliant"), "{error}");
}

#[tokio::test]
async fn what_a_hook_prints_and_reads_is_not_the_protocol() {
    let place = Place::with_module(MODULE);
    assert!(place.truth("brewhooks.prints").await);
    assert!(place.truth("brewhooks.true").await);
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_in_pythons_words() {
    let place = Place::with_module(MODULE);
    place.write("broken.py", "def f(:\n");
    let resolve = async |callable| place.resolve(callable, Import::Once).await.unwrap_err();
    assert_eq!(resolve("nowhere.f").await, "No module named 'nowhere'");
    assert_eq!(resolve("brewhooks.g").await, "module 'brewhooks' has no attribute 'g'");
    assert!(resolve("broken.f").await.starts_with("invalid syntax"));
    assert_eq!(place.resolve("brewhooks.true", Import::Once).await, Ok(()));
}

#[tokio::test]
async fn modules_are_found_in_the_path_of_their_watcher() {
    let place = Place::with_module(MODULE);
    let refused = place.hooks.resolve("brewhooks.true", &[], Import::Once).await.unwrap_err();
    assert_eq!(refused.to_string(), "No module named 'brewhooks'");
    assert!(place.truth("brewhooks.true").await);
}

#[tokio::test]
async fn a_module_is_read_again_only_when_that_is_wanted() {
    let place = Place::with_module("def f(**kwargs):\n    return False\n");
    assert!(!place.truth("brewhooks.f").await);
    place.write("brewhooks.py", "def f(**kwargs):\n    return not not True\n");
    place.resolve("brewhooks.f", Import::Once).await.unwrap();
    assert!(!place.truth("brewhooks.f").await);
    place.resolve("brewhooks.f", Import::Again).await.unwrap();
    assert!(place.truth("brewhooks.f").await);
}

#[tokio::test]
async fn an_interpreter_that_dies_fails_one_call_and_is_replaced() {
    let place = Place::with_module(MODULE);
    let error = place.error("brewhooks.dies").await;
    assert_eq!(error.to_string(), "the hook ended its process (signal: 9 (SIGKILL))");
    assert!(place.truth("brewhooks.true").await);
}

#[tokio::test]
async fn an_interpreter_that_hangs_is_killed() {
    let place = Place::with_module(MODULE).bounded(Duration::from_millis(500));
    let error = place.error("brewhooks.hangs").await;
    assert_eq!(error.to_string(), "the hook was killed after 0.5 s");
}

#[tokio::test]
async fn a_call_that_is_given_up_does_not_spoil_the_next() {
    let place = Place::with_module(MODULE);
    assert!(place.truth("brewhooks.true").await);
    let given_up = tokio::time::timeout(Duration::from_millis(1), place.error("brewhooks.hangs")).await;
    assert!(given_up.is_err(), "it hangs");
    assert!(place.truth("brewhooks.true").await);
}

#[tokio::test]
async fn a_hook_that_forks_is_answered_once() {
    let place = Place::with_module(MODULE);
    assert!(place.truth("brewhooks.forks").await);
    assert!(!place.truth("brewhooks.falsy").await);
    assert!(place.truth("brewhooks.true").await);
}

#[tokio::test]
async fn one_interpreter_serves_all_and_ends_with_its_owner() {
    let place = Place::with_module(MODULE);
    let stats = [("stats", json!({}))];
    let first = place.call_with("brewhooks.own_pid", &stats).await.unwrap();
    let second = place.call_with("brewhooks.own_pid", &stats).await.unwrap();
    assert_eq!(first, second);
    drop(place);
    gone(first.stats.unwrap()["pid"].as_u64().unwrap()).await;
}

#[tokio::test]
async fn shell_hooks_answer_by_their_status_and_know_what_they_are_about() {
    let place = Place::with_module(MODULE);
    assert!(place.truth("shell:true").await);
    assert!(!place.truth("shell:exit 3").await);
    assert!(!place.truth("shell:kill -9 $$").await);
    let told = r#"shell:[ "$CIRCUS_HOOK,$CIRCUS_WATCHER,$COLOUR,$CIRCUS_PID,$CIRCUS_STATUS" = "before_signal,Web Server,rouge,7," ]"#;
    let extra = [("pid", json!(7)), ("status", Value::Null)];
    assert!(place.call_with(told, &extra).await.unwrap().truth);
    place.resolve("shell:nonsense", Import::Once).await.unwrap();
}

#[tokio::test]
async fn an_executable_file_is_a_hook() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::with_module(MODULE);
    place.write("a hook", "#!/bin/sh\nexit 0\n");
    let file = place.directory.path().join("a hook");
    let file = file.to_str().unwrap();
    assert!(place.call_with(file, &[]).await.is_err());
    std::fs::set_permissions(Path::new(file), std::fs::Permissions::from_mode(0o755)).unwrap();
    assert!(place.truth(file).await);
}

#[tokio::test]
async fn a_shell_hook_that_hangs_is_killed_with_what_it_started() {
    let place = Place::with_module(MODULE).bounded(Duration::from_millis(500));
    let file = place.directory.path().join("pid");
    let error = place.error(&format!("shell:sleep 600 & echo $! > {}; wait", file.display())).await;
    assert!(matches!(error, HookError::TooLong(_)), "{error}");
    gone(std::fs::read_to_string(&file).unwrap().trim().parse().unwrap()).await;
}

/// A name for this test program in the role of a daemon; the value is the import path of its hooks.
const ROLE: &str = "MINDER_TEST_HOOKS";

/// Not a test of its own: calls a hook, tells what came of it, and goes on until it is killed.
#[tokio::test]
async fn role() {
    let Ok(path) = std::env::var(ROLE) else { return };
    let hooks = Hooks::new();
    let watcher = WatcherView { env: vec![("PYTHONPATH".into(), path)], ..WatcherView::default() };
    let extra = [("stats".to_owned(), json!({}))];
    match hooks.call("brewhooks.own_pid", "extended_stats", &watcher, &extra).await {
        Ok(result) => println!("\ninterpreter {}", result.stats.unwrap()["pid"]),
        Err(error) => println!("\nerror {error}"),
    }
    std::future::pending::<()>().await;
}

/// A daemon in a process of its own, killed at the latest when it is dropped.
struct Daemon(Child);

impl Daemon {
    fn start(place: &Place, path: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "role", "--nocapture", "--test-threads=1"]);
        command.env(ROLE, place.path()).env("PATH", path).stdout(Stdio::piped());
        Self(command.spawn().unwrap())
    }

    /// What it tells behind this word.
    fn says(&mut self, word: &str) -> String {
        let mut lines = BufReader::new(self.0.stdout.take().unwrap()).lines().map(Result::unwrap);
        lines.find_map(|line| line.strip_prefix(word).map(str::to_owned)).expect("it says something")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test]
async fn an_interpreter_does_not_outlive_a_daemon_that_is_killed() {
    let place = Place::with_module(MODULE);
    let mut daemon = Daemon::start(&place, &std::env::var("PATH").unwrap());
    let pid = daemon.says("interpreter ");
    drop(daemon);
    gone(pid.parse().unwrap()).await;
}

#[test]
fn without_python_hooks_say_what_is_missing() {
    let place = Place::with_module(MODULE);
    let expected = "a hook in Python needs python3, which is not in PATH; install it, or use a `shell:` hook";
    assert_eq!(Daemon::start(&place, "/nonexistent").says("error "), expected);
}
