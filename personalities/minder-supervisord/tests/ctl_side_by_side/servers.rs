//! Servers of the original, each in a directory of its own.

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use minder_supervisord::client::{Address, BlockingClient, Client as RpcClient};
use minder_supervisord::xmlrpc::Value;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::clients::{Client, Said, both, note, run_both};
use super::venv;

/// Longest a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    dir: TempDir,
    child: Child,
}

impl Server {
    pub(crate) fn start(config: &str) -> Server {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("s.conf");
        std::fs::write(&path, config).expect("a file in it");
        let child = Command::new(venv().join("bin/supervisord"))
            .arg("-c")
            .arg(&path)
            .env("IDENTIFIER", dir.path().file_name().expect("a name"))
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the original starts");
        let server = Server { dir, child };
        server.wait_until("its socket answers", || UnixStream::connect(server.path("s.sock")).is_ok());
        server
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("a plain path").to_owned()
    }

    pub(crate) fn here(&self) -> String {
        self.dir.path().to_str().expect("a plain path").to_owned()
    }

    fn wait_until(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !condition() {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn state(&self, process: &str) -> Option<i64> {
        let address = Address::Unix(self.path("s.sock").into());
        let client = BlockingClient::new(RpcClient::new(address, None)).expect("an event loop");
        let info = client.call("supervisor.getProcessInfo", &[process.into()]).ok()?;
        info.member("state").and_then(Value::as_int)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A polite end takes its programs along.
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
            let _ = self.child.wait();
        }
    }
}

/// A server for each client, with the same configuration.
pub(crate) struct Pair {
    original: Server,
    ours: Server,
}

impl Pair {
    pub(crate) fn start(config: &str) -> Pair {
        Pair { original: Server::start(config), ours: Server::start(config) }
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        for server in [&self.original, &self.ours] {
            std::fs::write(server.path(name), text).expect("a file");
        }
    }

    pub(crate) fn configure(&self, config: &str) {
        self.write("s.conf", config);
    }

    pub(crate) fn wait_until_running(&self, processes: &[&str]) {
        for process in processes {
            self.wait_until_state(process, 20);
        }
    }

    pub(crate) fn wait_until_exited(&self, process: &str) {
        self.wait_until_state(process, 100);
    }

    fn wait_until_state(&self, process: &str, state: i64) {
        for server in [&self.original, &self.ours] {
            server.wait_until(&format!("{process} is in state {state}"), || {
                server.state(process) == Some(state)
            });
        }
    }

    pub(crate) fn wait_until_logged(&self, file: &str, end: &str) {
        for server in [&self.original, &self.ours] {
            let ends = || {
                std::fs::read_to_string(Path::new(&server.path(file))).is_ok_and(|text| text.ends_with(end))
            };
            server.wait_until(&format!("{file} ends with {end:?}"), ends);
        }
    }

    pub(crate) fn wait_for_end(&mut self) {
        for server in [&mut self.original, &mut self.ours] {
            server.child.wait().expect("the server's end");
        }
    }

    pub(crate) fn each(&self, run: impl Fn(Client, &Server) -> Said) -> [Said; 2] {
        [run(Client::Original, &self.original), run(Client::Ours, &self.ours)]
    }

    pub(crate) fn compare(&self, args: &[&str], input: &str, differences: &mut Vec<String>) {
        run_both(&self.original, &self.ours, args, input, differences);
    }

    /// The same lines in any order.
    pub(crate) fn compare_sorted(&self, args: &[&str], differences: &mut Vec<String>) {
        let [original, ours] = both(&self.original, &self.ours, args, "").map(|mut said| {
            let mut lines: Vec<&str> = said.out.lines().collect();
            lines.sort_unstable();
            said.out = lines.join("\n");
            said
        });
        note(args, "", &original, &ours, differences);
    }

    /// The same exit status, and something printed by both or by neither.
    pub(crate) fn compare_exit(&self, args: &[&str], differences: &mut Vec<String>) {
        let [original, ours] = both(&self.original, &self.ours, args, "").map(|mut said| {
            said.out = said.out.is_empty().to_string();
            said
        });
        note(args, "", &original, &ours, differences);
    }

    /// With no `-c` but the one in `args`.
    pub(crate) fn compare_without_config(&self, args: &[&str], input: &str, differences: &mut Vec<String>) {
        let [original, ours] = self.each(|client, server| {
            let here = server.here();
            let args: Vec<String> = args.iter().map(|arg| arg.replace("HERE", &here)).collect();
            client.run(&args.iter().map(String::as_str).collect::<Vec<_>>(), input, &here)
        });
        // The names that a value may use are those of the environment, which is not quite the same for both.
        let cut = |mut said: Said| {
            if let Some((before, _)) = said.err.split_once("Available names:") {
                said.err = before.to_owned();
            }
            said
        };
        note(args, input, &cut(original), &cut(ours), differences);
    }
}
