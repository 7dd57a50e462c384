//! Running one client or both, and making what they say comparable.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::servers::Server;
use super::venv;

/// Set in the environment of a run of this program that is to be supervisorctl.
const BECOME: &str = "MINDER_TEST_BECOME_SUPERVISORCTL";
/// Printed before the client's own output, because the test runner has printed something by then.
const BEGIN: &str = "\u{1}begin\n";
/// Longest any client may take.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    Original,
    Ours,
}

/// What a client printed, and how it ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) exit: Option<i32>,
}

/// Runs supervisorctl in this process if that is what it was started for.
#[allow(clippy::exit, reason = "a test cannot hand an exit status to the runner")]
pub(crate) fn become_supervisorctl_if_asked() {
    let Ok(args) = std::env::var(BECOME) else { return };
    print!("{BEGIN}");
    let _ = std::io::stdout().flush();
    let args = args.split('\u{1f}').map(Into::into).collect();
    let code = minder_supervisord::ctl::main(args);
    // There is no way back from an `ExitCode` to its number but the text that `Debug` makes of it.
    let digits: String = format!("{code:?}").chars().filter(char::is_ascii_digit).collect();
    std::process::exit(digits.parse().unwrap_or(255));
}

impl Client {
    /// A session of its own keeps both clients away from the terminal of whoever runs the tests, and a runner in the
    /// background would hand down that Ctrl-C is to be ignored.
    fn command(self, args: &[&str]) -> Command {
        let mut command = Command::new("setsid");
        command.args(["env", "--default-signal=INT"]);
        match self {
            Client::Original => {
                command.arg(venv().join("bin/supervisorctl")).args(args);
            }
            Client::Ours => {
                let me = std::env::current_exe().expect("the path of this program");
                command.arg(me).args(["--exact", "supervisorctl_itself", "--nocapture", "--quiet"]);
                let all: Vec<&str> = ["supervisorctl"].iter().chain(args).copied().collect();
                command.env(BECOME, all.join("\u{1f}"));
            }
        }
        command.env("LANG", "C.UTF-8").env("PYTHONIOENCODING", "utf-8").env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the client to its end with this standard input.
    pub(crate) fn run(self, args: &[&str], input: &str, here: &str) -> Said {
        let mut child = self.command(args).spawn().expect("setsid of util-linux");
        let mut stdin = child.stdin.take().expect("a pipe");
        // A client that reads nothing has closed its end by now.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let pid = Pid::from_child(&child);
        let (ended, watched) = mpsc::channel::<()>();
        let watch = std::thread::spawn(move || {
            if watched.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = kill_process(pid, Signal::KILL);
            }
        });
        let output = child.wait_with_output().expect("the client's output");
        drop(ended);
        watch.join().expect("nothing to fail there");
        let said = Said {
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            exit: output.status.code(),
        };
        said.normalised(here, self)
    }
}

impl Said {
    /// Takes out what may differ: numbers of processes, times, directories, and places in Python source.
    pub(crate) fn normalised(mut self, here: &str, client: Client) -> Said {
        if client == Client::Ours
            && let Some((_, own)) = self.out.split_once(BEGIN)
        {
            self.out = own.to_owned();
        }
        self.out = self.out.replace(here, "HERE").split_inclusive('\n').map(normalised_line).collect();
        let err = self.err.replace(here, "HERE");
        self.err = if err.contains("Traceback") || err.contains("arning: ") {
            // What Python says of itself; only that something is said is worth comparing.
            "TROUBLE".to_owned()
        } else {
            err.split_inclusive('\n').map(normalised_line).collect()
        };
        self
    }
}

fn normalised_line(line: &str) -> String {
    let text = line.trim_end_matches('\n');
    let end = &line[text.len()..];
    if let Some(answer) = line.strip_prefix("supervisor> ") {
        return format!("supervisor> {}", normalised_line(answer));
    }
    if !text.is_empty() && text != "0" && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("PID{end}");
    }
    if text.starts_with("For help, use ") {
        return format!("For help, use ME -h{end}");
    }
    // Help is in words of our own; what to type is not.
    if text.starts_with("Note: ") {
        return format!("NOTE{end}");
    }
    if let Some((usage, _)) = text.split_once('\t') {
        return format!("{}{end}", usage.trim_end());
    }
    if text.contains("error: <class ")
        && let Some((what, _)) = text.rsplit_once(": file: ")
    {
        // What is wrong with XML, each reader says in words of its own.
        let what = what.split_once("ExpatError'>").map_or(what, |(before, _)| before);
        return format!("{what}{end}");
    }
    if let Some((before, _)) = text.split_once(", uptime ") {
        let before = before.rsplit_once(' ').map_or(before, |(before, _)| before);
        return format!("{before} N, uptime T{end}");
    }
    for state in ["EXITED    ", "STOPPED   "] {
        if let Some((before, date)) = text.split_once(state)
            && (date.ends_with(" AM") || date.ends_with(" PM"))
        {
            return format!("{before}{state}DATE{end}");
        }
    }
    line.to_owned()
}

/// Runs the original against one server and ours against the other, and notes where they differ.
pub(crate) fn run_both(a: &Server, b: &Server, args: &[&str], input: &str, differences: &mut Vec<String>) {
    let [original, ours] = both(a, b, args, input);
    note(args, input, &original, &ours, differences);
}

/// Both clients at once, each against its server.
pub(crate) fn both(a: &Server, b: &Server, args: &[&str], input: &str) -> [Said; 2] {
    std::thread::scope(|scope| {
        let original = scope.spawn(|| run_with_config(Client::Original, a, args, input));
        let ours = run_with_config(Client::Ours, b, args, input);
        [original.join().expect("the original ran"), ours]
    })
}

fn run_with_config(client: Client, server: &Server, args: &[&str], input: &str) -> Said {
    let config = server.path("s.conf");
    let here = server.here();
    let args: Vec<String> = args.iter().map(|arg| arg.replace("HERE", &here)).collect();
    let args: Vec<&str> = ["-c", &config].into_iter().chain(args.iter().map(String::as_str)).collect();
    client.run(&args, input, &here)
}

/// Remembers a difference, with everything that is needed to understand it.
pub(crate) fn note(args: &[&str], input: &str, original: &Said, ours: &Said, differences: &mut Vec<String>) {
    if original != ours {
        differences.push(format!("{args:?} {input:?}\n  original: {original:?}\n  ours:     {ours:?}"));
    }
}

/// Runs a client until it has printed `awaited`, then presses Ctrl-C, and returns what it printed.
pub(crate) fn until_interrupted(
    client: Client,
    server: &Server,
    args: &[&str],
    input: &str,
    awaited: &str,
) -> Said {
    let config = server.path("s.conf");
    let args: Vec<&str> = ["-c", &config].into_iter().chain(args.iter().copied()).collect();
    let mut child = client.command(&args).spawn().expect("setsid of util-linux");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("the client reads");
    let mut out = read_until(&mut child, awaited);
    let pid = Pid::from_child(&child);
    wait_until_asleep(pid);
    kill_process(pid, Signal::INT).expect("the client runs");
    let rest = child.stdout.take().map(|mut rest| {
        let mut text = String::new();
        rest.read_to_string(&mut text).map(|_| text)
    });
    drop(stdin);
    let status = child.wait().expect("the client's end");
    out.push_str(&rest.transpose().ok().flatten().unwrap_or_default());
    Said { out, err: String::new(), exit: status.code() }.normalised(&server.here(), client)
}

/// Waits until a process that has printed its last waits for more. The original, when it is interrupted in the middle of
/// printing, mistakes that for a failure of its connection.
fn wait_until_asleep(pid: Pid) {
    let deadline = Instant::now() + PATIENCE;
    let asleep = || {
        let path = format!("/proc/{}/stat", pid.as_raw_nonzero());
        std::fs::read_to_string(path)
            .is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, s)| s.starts_with('S')))
    };
    while !asleep() {
        assert!(Instant::now() < deadline, "the client never came to rest");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Reads lines until one holds the awaited text; puts the pipe back for the rest.
fn read_until(child: &mut Child, awaited: &str) -> String {
    let pipe = child.stdout.take().expect("a pipe");
    let (send, receive) = mpsc::channel();
    let awaited_line = awaited.trim_end_matches('\n').to_owned();
    std::thread::spawn(move || {
        let mut lines = BufReader::with_capacity(1, pipe);
        let mut out = String::new();
        let mut line = String::new();
        while lines.read_line(&mut line).is_ok_and(|count| count > 0) {
            out.push_str(&line);
            if line.contains(&awaited_line) {
                break;
            }
            line.clear();
        }
        let _ = send.send((out, lines.into_inner()));
    });
    let Ok((out, pipe)) = receive.recv_timeout(PATIENCE) else {
        let _ = child.kill();
        panic!("the client never printed {awaited:?}");
    };
    child.stdout = Some(pipe);
    out
}
