//! What a hook gets to see of a watcher.

use serde_json::{Map, Value, json};

/// A watcher at the moment of the call. In Python its fields are the attributes of `watcher`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WatcherView {
    /// As it is written.
    pub name: String,
    /// As it stands in topics of events.
    pub res_name: String,
    /// What its processes execute.
    pub cmd: String,
    /// Further arguments: text, a list or nothing.
    pub args: Value,
    /// The environment of its processes. `PYTHONPATH` in it is where hooks are looked for.
    pub env: Vec<(String, String)>,
    /// Its processes, by wid.
    pub pids: Vec<u32>,
    /// How many there are to be.
    pub numprocesses: u32,
    /// Where they run.
    pub working_dir: Option<String>,
    /// Its other options by their names, such as `graceful_timeout`, and what else its section has.
    pub options: Map<String, Value>,
}

impl WatcherView {
    /// As the interpreter reads it.
    pub(super) fn to_json(&self) -> Value {
        let env: Map<String, Value> =
            self.env.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        json!({
            "name": self.name,
            "res_name": self.res_name,
            "cmd": self.cmd,
            "args": self.args,
            "env": env,
            "pids": self.pids,
            "numprocesses": self.numprocesses,
            "working_dir": self.working_dir,
            "options": self.options,
        })
    }

    /// The directories in which its hooks are looked for.
    pub(super) fn python_path(&self) -> Vec<&str> {
        let variable = self.env.iter().rfind(|(name, _)| name == "PYTHONPATH");
        variable
            .map(|(_, value)| value.split(':').filter(|entry| !entry.is_empty()).collect())
            .unwrap_or_default()
    }
}
