//! A resident in a process of its own, told of runs as a worker does.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use jiff::tz::TimeZone;
use minder_recorder::messages::{Message, MessageKind};
use minder_recorder::store::MessageStore;
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) struct Resident {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Resident {
    pub(crate) fn start(program: &str, configuration: &Path) -> Self {
        Self::start_believing(program, configuration, Path::new(""))
    }

    /// Starts one that believes in these certificates only.
    pub(crate) fn start_believing(program: &str, configuration: &Path, believed: &Path) -> Self {
        let built = std::env::current_exe().unwrap();
        let built = built.parent().and_then(Path::parent).unwrap().join("examples/recorder_resident");
        let mut child = Command::new(built)
            .arg(program)
            .arg(configuration)
            .env("SSL_CERT_FILE", believed)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, answers }
    }

    pub(crate) fn ask(&mut self, task: &str) {
        let run = json!({"run": Uuid::new_v4(), "task": task, "attempt": 1, "due": "2024-06-01T00:00:00Z",
                         "input": null});
        writeln!(self.child.stdin.as_mut().unwrap(), "{run}").unwrap();
    }

    pub(crate) fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    pub(crate) fn run(&mut self, task: &str) -> Value {
        self.ask(task);
        self.answer()
    }

    /// Ends it in the middle of whatever it is at.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
    }
}

impl Drop for Resident {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The files of a program `connected` that sends as it is told.
pub(crate) struct Place {
    pub(crate) directory: tempfile::TempDir,
}

impl Place {
    pub(crate) fn make() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the configuration, and says where.
    pub(crate) fn configure(&self, mut messaging: Value, minder: &Value) -> PathBuf {
        messaging["messages_db"] = json!(self.path("messages.db"));
        let value = json!({
            "microphone": {"device_name": "simulated"},
            "paths": {"tmp_audio": self.path("tmp"), "recordings": self.path("recordings"),
                      "db_metadata": self.path("metadata.db")},
            "messaging": messaging,
            "minder": minder,
        });
        let path = self.path("program.json");
        std::fs::write(&path, value.to_string()).unwrap();
        path
    }

    pub(crate) fn store(&self) -> MessageStore {
        MessageStore::open(&self.path("messages.db"), &TimeZone::UTC).unwrap()
    }

    /// Stores so many messages, each with its number.
    pub(crate) fn write(&self, numbers: std::ops::Range<u32>) {
        let store = self.store();
        for number in numbers {
            let second = i64::from(number);
            store
                .store(&Message {
                    id: Uuid::from_u128(u128::from(number)),
                    content: json!({"number": number, "name": "Wytham – süd"}).to_string().into_bytes(),
                    created_on: jiff::Timestamp::from_second(1_700_000_000 + second).unwrap(),
                    kind: Some(MessageKind::Detection),
                })
                .unwrap();
        }
    }

    /// How many answers of each status each message has: number, successes, others.
    pub(crate) fn recorded(&self) -> Vec<(u32, u32, u32)> {
        let connection = rusqlite::Connection::open(self.path("messages.db")).unwrap();
        let mut statement = connection
            .prepare(
                "SELECT m.content, sum(r.status = 0), sum(r.status != 0) FROM message m \
                 LEFT JOIN response r ON r.message_id = m.id GROUP BY m.id ORDER BY m.id",
            )
            .unwrap();
        let rows = statement.query_map([], |row| {
            let content: Vec<u8> = row.get(0)?;
            let value: Value = serde_json::from_slice(&content).unwrap();
            let count = |index| row.get::<_, Option<u32>>(index).map(Option::unwrap_or_default);
            Ok((u32::try_from(value["number"].as_u64().unwrap()).unwrap(), count(1)?, count(2)?))
        });
        rows.unwrap().map(Result::unwrap).collect()
    }
}
