//! The words that one process is started with.

use super::environment::Environment;
use super::exception::Exception;
use super::shellwords;
use super::substitute::Names;
use super::watcher::{Account, Args, SHOWN, WatcherOptions};
use crate::ini::machine::Machine;
use serde_json::{Map, Value, json};

/// Options that references see as the process has them, not as the watcher has.
const HIDDEN: [&str; 7] = ["shell", "args", "env", "working_dir", "uid", "gid", "executable"];

/// What is known only when a process starts.
pub struct SpawnContext<'a> {
    /// The process's number within its watcher, from 1.
    pub wid: u32,
    /// The descriptor of each socket by its name in lower case; the number is the same in the process.
    pub sockets: &'a [(String, i32)],
    /// Who knows users and groups.
    pub machine: &'a dyn Machine,
}

/// Why a process cannot be started: the text that the original logs behind `error in 'NAME': `.
pub type SpawnError = Exception;

/// The words to execute. The first one is searched in the `PATH` of the process's environment unless it holds a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// At least one word.
    pub words: Vec<String>,
}

impl WatcherOptions {
    /// The words for one process: references replaced, split, and wrapped in a shell's if `shell` is on.
    ///
    /// # Errors
    ///
    /// If there is no word, a quote stays open, or the user is unknown, whose number a reference might ask for.
    pub fn command(&self, context: &SpawnContext<'_>) -> Result<CommandLine, SpawnError> {
        let names = self.names(context)?;
        // The environment is brought into the command first and alone, so a reference in a variable is replaced too.
        let cmd = match &self.env {
            Some(environment) => Names::of_environment(environment).replace(&self.cmd),
            None => self.cmd.clone(),
        };
        // The arguments are looked at first: of two open quotes, theirs is told.
        let args = replaced(&self.args, &names)?;
        let mut words = shellwords::split(&names.replace(&cmd))?;
        words.extend(args);
        if self.shell {
            let quoted: Vec<String> = words.iter().map(|word| shellwords::quote(word)).collect();
            words = vec!["/bin/sh".to_owned(), "-c".to_owned(), quoted.join(" ")];
            words.extend(replaced(&self.shell_args, &names)?);
        }
        if words.is_empty() {
            return Err(Exception::new(super::exception::Class::Index, "list index out of range"));
        }
        Ok(CommandLine { words })
    }

    /// The environment that a process has.
    #[must_use]
    pub fn environment(&self) -> Environment {
        self.env.clone().unwrap_or_default()
    }

    /// The descriptor that becomes standard input, if one should.
    ///
    /// # Errors
    ///
    /// If there is no socket of that name.
    pub fn stdin_socket(&self, context: &SpawnContext<'_>) -> Result<Option<i32>, SpawnError> {
        let Some(wanted) = &self.stdin_socket else { return Ok(None) };
        let socket = context.sockets.iter().find(|(name, _)| name == wanted);
        match socket {
            Some((_, descriptor)) => Ok(Some(*descriptor)),
            None => Err(Exception::value(format!("stdin_socket '{wanted}' does not exist"))),
        }
    }

    /// What references in the command may name. What is put in later hides what was there.
    fn names(&self, context: &SpawnContext<'_>) -> Result<Names, SpawnError> {
        let identity = self.identity(context.machine)?;
        let mut names = Names::new();
        let limits: Map<String, Value> =
            self.rlimits.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let sockets: Map<String, Value> =
            context.sockets.iter().map(|(name, descriptor)| (name.clone(), json!(descriptor))).collect();
        names.add("wid", &json!(context.wid));
        names.add("shell", &json!(self.shell));
        names.add("args", &self.args.to_json());
        names.add_environment(self.env.as_ref().unwrap_or(&Environment::new()));
        names.add("working_dir", &json!(self.working_dir));
        names.add("uid", &identity.uid.map_or(Value::Null, |uid| json!(uid)));
        names.add("gid", &identity.gid.map_or(Value::Null, |gid| json!(gid)));
        names.add("rlimits", &Value::Object(limits));
        names.add("executable", &Value::Null);
        names.add("use_fds", &json!(self.use_sockets));
        names.add("sockets", &Value::Object(sockets));
        // Free options cannot be named: the original looks for attributes, and they are none.
        for name in SHOWN.iter().filter(|name| !HIDDEN.contains(name)) {
            if let Some(value) = self.get(name) {
                names.add(name, &value);
            }
        }
        Ok(names)
    }
}

fn replaced(args: &Args, names: &Names) -> Result<Vec<String>, SpawnError> {
    match args {
        Args::None => Ok(Vec::new()),
        Args::Text(text) => shellwords::split(&names.replace(text)),
        Args::List(words) => Ok(words.iter().map(|word| names.replace(word)).collect()),
    }
}

impl Account {
    /// Whether the account was given at all: an empty name and the number 0 are none.
    #[must_use]
    pub fn is_given(&self) -> bool {
        match self {
            Self::Id(id) => *id != 0,
            Self::Name(name) => !name.is_empty(),
        }
    }
}
