//! `minder task` and `minder worker`, with real workers.

mod minder;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use minder::{Said, minder};
use minder_core::agenda::{
    Agenda, AgendaSettings, Bound, Due, Job, JobCommand, Missed, Overlap, Retry, TaskSpec, Timeout,
    WorkerSpec,
};
use minder_core::ids::{ByteString, TaskName, WorkerName};
use minder_tasks::state_dir::StateDir;
use serde_json::Value;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

struct Home {
    dir: tempfile::TempDir,
    hash: String,
}

struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn task(name: &str, script: &str) -> TaskSpec {
    let argv = ["sh", "-c", script].iter().map(|word| ByteString::from(word.as_bytes())).collect();
    TaskSpec {
        name: TaskName::new(name),
        job: Job::Command(JobCommand { argv, directory: None, environment: vec![] }),
        due: Due::OnDemand,
        zone: None,
        between: None,
        jitter: Duration::ZERO,
        overlap: Overlap::Queue,
        missed: Missed::Skip,
        timeout: Timeout::default(),
        retry: Retry::default(),
        then: Vec::new(),
        worker: WorkerName::new("default"),
    }
}

impl Home {
    fn new() -> Self {
        let mut flaky = task("flaky", "echo attempt $MINDER_ATTEMPT; test $MINDER_ATTEMPT = 2");
        flaky.retry = Retry { times: 1, delay: Duration::from_millis(10), ..Retry::default() };
        let mut nightly = task("nightly", "true");
        nightly.due = Due::Cron("0 2 * * *".into());
        let mut alone = task("alone", "sleep 1000");
        alone.overlap = Overlap::Skip;
        let tasks = vec![
            task("greet", "cat; echo; echo '{\"said\":1}' > $MINDER_OUTPUT"),
            task("fail", "echo no; exit 3"),
            flaky,
            nightly,
            alone,
        ];
        let worker = WorkerSpec {
            name: WorkerName::new("default"),
            at_once: NonZeroU32::new(2),
            backlog: 10,
            bound: Bound::Refuse,
        };
        let agenda =
            Agenda::new(tasks, vec![worker], vec![], AgendaSettings::default()).expect("a valid agenda");
        let dir = tempfile::tempdir().expect("a temporary directory");
        let state = StateDir::new(dir.path().join(".minder"));
        let hash = minder_tasks::agenda_file::accept(&state, &agenda).expect("a place to write");
        Self { dir, hash }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join(".minder")
    }

    fn say(&self, words: &[&str]) -> Said {
        Said::of(minder().args(words).arg("-c").arg(self.dir.path().join("minder.toml")))
    }

    fn json(&self, words: &[&str]) -> Value {
        let said = self.say(&[words, &["--json"]].concat());
        serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
    }

    fn start(&self, words: &[&str]) -> Process {
        let mut command = minder();
        command.args(words).arg("--state").arg(self.state()).arg("--agenda").arg(&self.hash);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Process(process.expect("the program starts"))
    }

    fn worker(&self) -> Process {
        let process = self.start(&["worker", "run", "default"]);
        until("the worker works", || {
            let pid = &self.json(&["worker", "status"])["workers"][0]["pid"];
            (*pid == process.0.id()).then_some(())
        });
        process
    }
}

fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_task_is_done_now_and_what_it_printed_is_shown() {
    let home = Home::new();
    let _worker = home.worker();
    let said = home.say(&["task", "run", "greet", "--input", "{\"a\": 1}"]);
    assert_eq!(said.status, Some(0), "{said:?}");
    assert!(said.out.starts_with("{\"a\":1}\n\ndone after "), "{}", said.out);
    let run = home.json(&["task", "run", "greet"]);
    assert_eq!(
        (&run["state"], &run["output"]["said"], &run["exit"]),
        (&"done".into(), &1.into(), &"0".into())
    );
    let failed = home.say(&["task", "run", "fail"]);
    assert_eq!(failed.status, Some(1));
    assert!(
        failed.out.starts_with("no\nfailed after ") && failed.out.contains(": exit status 3 (run "),
        "{failed:?}"
    );
    // It waits for the last attempt.
    let flaky = home.json(&["task", "run", "flaky"]);
    assert_eq!((&flaky["state"], &flaky["attempt"]), (&"done".into(), &2.into()));
}

#[test]
fn what_waits_is_listed_cancelled_and_purged() {
    let home = Home::new();
    let run = home.json(&["task", "run", "greet", "--no-wait"]);
    assert_eq!(run["state"], "waiting");
    let id = run["run"].as_str().expect("an id").to_owned();
    home.json(&["task", "run", "fail", "--no-wait"]);
    let list = home.json(&["task", "list"]);
    assert_eq!(list["open"].as_array().map(Vec::len), Some(2));
    let nightly = &list["tasks"][3];
    assert_eq!((&nightly["task"], &nightly["due"]), (&"nightly".into(), &"cron 0 2 * * *".into()));
    assert!(nightly["next"].as_f64().is_some_and(|next| next > 1.7e9));
    let shown = home.say(&["task", "list"]).out;
    assert!(shown.starts_with("TASK ") && shown.contains("on demand"), "{shown}");
    let cancelled = home.say(&["task", "cancel", &id[id.len() - 8..]]);
    assert_eq!((cancelled.status, cancelled.out), (Some(0), format!("run {id}: cancelled\n")));
    assert_eq!(home.say(&["task", "cancel", &id]).status, Some(1));
    assert_eq!(home.say(&["task", "cancel", "zzzzzzzz"]).status, Some(1));
    assert_eq!(home.say(&["task", "cancel", "zz"]).status, Some(2));
    assert_eq!(home.say(&["task", "purge"]).status, Some(2));
    assert_eq!(home.say(&["task", "purge", "--all"]).out, "1 runs cancelled\n");
    let history = home.json(&["task", "history"]);
    let states: Vec<_> =
        history["runs"].as_array().expect("a list").iter().map(|run| &run["state"]).collect();
    assert_eq!(states, ["cancelled", "cancelled"]);
    assert_eq!(home.json(&["task", "history", "--run", &id])["reason"], "cancelled by hand");
    assert!(home.say(&["task", "history", "greet"]).out.contains("cancelled by hand"));
    assert_eq!(home.say(&["task", "purge", "greet", "--ended"]).out, "1 runs forgotten\n");
    let unknown = home.say(&["task", "run", "nothing"]);
    assert_eq!(unknown.status, Some(1));
    assert_eq!(
        unknown.err,
        "error: no task `nothing`\n  hint: known are greet, fail, flaky, nightly, alone\n"
    );
}

#[test]
fn a_run_that_is_left_out_says_why() {
    let home = Home::new();
    home.json(&["task", "run", "alone", "--no-wait"]);
    let second = home.say(&["task", "run", "alone"]);
    assert_eq!(second.status, Some(1));
    assert!(
        second.err.starts_with("error: task alone was left out: run ")
            && second.err.ends_with(" of it waits\n"),
        "{second:?}"
    );
}

#[test]
fn workers_are_shown_with_what_they_do_and_restarted() {
    let home = Home::new();
    let status = home.say(&["worker", "status"]);
    assert_eq!(status.status, Some(1));
    let file = home.dir.path().join("minder.toml");
    let hint = format!(
        "hint: worker default does not run; `minder logs -c {} workers:default` shows its log\n",
        file.display()
    );
    assert!(status.out.contains("notok") && status.out.ends_with(&hint), "{}", status.out);
    assert_eq!(home.say(&["worker", "restart"]).status, Some(1));

    let mut worker = home.worker();
    home.json(&["task", "run", "alone", "--no-wait"]);
    let row = until("it works", || {
        let row = home.json(&["worker", "status"])["workers"][0].clone();
        (row["works_on"].as_array().map(Vec::len) == Some(1)).then_some(row)
    });
    assert_eq!(
        (&row["state"], &row["waiting"], &row["works_on"][0]["task"]),
        (&"ok".into(), &0.into(), &"alone".into())
    );
    let status = home.say(&["worker", "status"]);
    assert!(
        status.status == Some(0) && status.out.contains("0/10") && status.out.contains("alone "),
        "{status:?}"
    );

    let told = home.say(&["worker", "restart", "default"]);
    assert_eq!(
        (told.status, told.out.as_str()),
        (Some(0), "worker default: told to end; minder starts it again\n")
    );
    until("it drains", || {
        (home.json(&["worker", "status"])["workers"][0]["mode"] == "draining").then_some(())
    });
    assert_eq!(home.say(&["worker", "restart", "--now"]).status, Some(0));
    until("it has ended", || worker.0.try_wait().expect("a child of ours"));
    let list = home.json(&["task", "list"]);
    assert_eq!(list["open"][0]["state"], "waiting", "it was given back");
    assert_eq!(home.say(&["worker", "restart", "nobody"]).status, Some(1));
}

#[test]
fn a_directory_without_tasks_says_so() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("minder.toml");
    let said = Said::of(minder().args(["task", "list", "-c"]).arg(&file));
    assert_eq!(said.status, Some(1));
    let state = dir.path().join(".minder");
    assert_eq!(
        said.err,
        format!(
            "error: no tasks are known in {}\n  hint: start them with `minder run {}`, or say where they are: -c FILE\n",
            state.display(),
            file.display()
        )
    );
    assert!(!state.exists());
}

#[test]
fn hidden_parts_are_in_no_manual() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let said = Said::of(minder().arg("man").arg(dir.path()));
    assert_eq!(said.status, Some(0), "{said:?}");
    let pages: Vec<String> = std::fs::read_dir(dir.path())
        .expect("the folder")
        .filter_map(Result::ok)
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert!(pages.contains(&"minder-task-run.1".to_owned()), "{pages:?}");
    assert!(!pages.iter().any(|page| page.contains("worker-run") || page.contains("beat")), "{pages:?}");
    let bash = Said::of(minder().args(["completions", "bash"])).out;
    assert!(bash.contains("worker__subcmd__status") || bash.contains("worker__status"), "worker status");
    assert!(!bash.contains("worker__subcmd__run") && !bash.contains("worker__run"));
}
