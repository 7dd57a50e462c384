//! Recording events: a listener that writes down everything it is sent, and what can be asked of its notes.

use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// The listener. Each event becomes one line of JSON: header, payload. It reads `len` *characters*, as superlance does.
pub const RECORDER: &str = r#"import io, json, sys
stdin = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="backslashreplace", newline="\n")
notes = open(sys.argv[1], "a", encoding="ascii")
answer = sys.argv[2] if len(sys.argv) > 2 else "OK"
while True:
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    line = stdin.readline()
    if not line:
        break
    header = dict(token.split(":", 1) for token in line.split())
    payload = stdin.read(int(header["len"]))
    notes.write(json.dumps([header, payload]) + "\n")
    notes.flush()
    sys.stdout.write("RESULT %d\n%s" % (len(answer), answer))
    sys.stdout.flush()
"#;

/// The section that runs the recorder for all events, with room for everything that happens before it is ready.
pub const RECORDER_SECTION: &str = "
[eventlistener:recorder]
command={recorder}
events=EVENT
buffer_size=1000
stopwaitsecs=3
";

/// One event as the listener got it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The tokens of the header.
    pub header: BTreeMap<String, String>,
    /// The payload as it was.
    pub payload: String,
}

impl Recorded {
    /// The type.
    pub fn name(&self) -> &str {
        self.token("eventname")
    }

    /// A token of the header; empty when it is not there.
    pub fn token(&self, name: &str) -> &str {
        self.header.get(name).map_or("", String::as_str)
    }

    /// A `key:value` token of the first line of the payload; empty when it is not there.
    pub fn field(&self, name: &str) -> &str {
        let line = self.payload.lines().next().unwrap_or("");
        line.split(' ')
            .filter_map(|token| token.split_once(':'))
            .find(|(key, _)| *key == name)
            .map_or("", |(_, v)| v)
    }

    /// `group:name` of the program it is about; empty for other events.
    pub fn program(&self) -> String {
        match (self.field("groupname"), self.field("processname")) {
            (_, "") => String::new(),
            (group, name) => format!("{group}:{name}"),
        }
    }

    /// The state a program went into, for PROCESS_STATE events.
    pub fn state(&self) -> Option<&str> {
        self.name().strip_prefix("PROCESS_STATE_")
    }
}

/// Reads a recorder's notes. A last line that is still being written is left for the next time.
pub fn read(path: &Path) -> Vec<Recorded> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|entry| {
            let header = entry[0].as_object()?;
            let header =
                header.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_owned())).collect();
            Some(Recorded { header, payload: entry[1].as_str()?.to_owned() })
        })
        .collect()
}
