//! One line to one action, and what becomes of what the action lets through.

use std::io;

use super::actions::{self, Flow};
use super::console::Console;
use super::exception::Exception;
use super::fault_codes;
use super::settings::{Settings, os_path};
use crate::client::{Address, Client, ClientError, Credentials};
use crate::conf::python::strip;
use crate::xmlrpc::Value;

/// Nothing went wrong.
pub(super) const EXIT_SUCCESS: u8 = 0;
/// Something went wrong that has no number of its own.
pub(super) const EXIT_GENERIC: u8 = 1;
/// The arguments make no sense.
pub(super) const EXIT_INVALID_ARGS: u8 = 2;
/// The server has no Supervisor methods.
pub(super) const EXIT_UNIMPLEMENTED: u8 = 3;
/// The server refused the connection. LSB calls this one "insufficient privileges".
pub(super) const EXIT_REFUSED: u8 = 4;
/// The server speaks another version.
pub(super) const EXIT_NOT_INSTALLED: u8 = 5;
/// The server, or the process, does not run.
pub(super) const EXIT_NOT_RUNNING: u8 = 7;

/// The version of the interface that supervisorctl wants to hear of.
const API_VERSION: &str = "3.0";

/// Whether the server can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Server {
    Up,
    /// It cannot, and the user has been told so.
    Unusable,
}

/// What actions work with.
pub(super) struct Controller {
    pub(super) console: Console,
    pub(super) settings: Settings,
    /// Ask before a shutdown, and for a password.
    pub(super) interactive: bool,
    /// What the program will exit with, unless it is a shell. The last one that was set counts.
    pub(super) exit_status: u8,
}

impl Controller {
    /// # Errors
    /// When the kernel gives no event loop.
    pub(super) fn new(settings: Settings, interactive: bool) -> io::Result<Controller> {
        Ok(Controller { console: Console::new()?, settings, interactive, exit_status: EXIT_SUCCESS })
    }

    /// Runs the line that stood on the command line and returns the exit status.
    pub(super) fn run_once(&mut self, line: &str) -> u8 {
        // An interrupt ends the program by itself here, unless an action asked for it and has dealt with it.
        if self.run_line(line).is_err() {
            self.say("");
        }
        self.console.flush();
        self.exit_status
    }

    /// Runs a line.
    ///
    /// # Errors
    /// Only [`Exception::Interrupted`]; all others are printed.
    pub(super) fn run_line(&mut self, line: &str) -> Result<Flow, Exception> {
        let (word, arg, whole) = split_line(line);
        if whole.is_empty() {
            return Ok(Flow::Continue);
        }
        let Some(action) = actions::find(word) else {
            self.say(&format!("*** Unknown syntax: {whole}"));
            self.exit_status = EXIT_GENERIC;
            return Ok(Flow::Continue);
        };
        loop {
            let exception = match (action.run)(self, arg) {
                Ok(flow) => return Ok(flow),
                Err(exception) => exception,
            };
            let exception = match exception {
                Exception::Server(ClientError::Unauthorized { .. }) => match self.unauthorized(action, arg) {
                    Ok(Some(flow)) => return Ok(flow),
                    Ok(None) => continue,
                    Err(exception) => exception,
                },
                Exception::Server(_)
                | Exception::BadUrl(_)
                | Exception::Overflow
                | Exception::EndOfInput
                | Exception::NoPassword
                | Exception::UnknownResult { .. }
                | Exception::UnexpectedAnswer(_)
                | Exception::Interrupted => exception,
            };
            if matches!(exception, Exception::Interrupted) {
                return Err(exception);
            }
            self.say(&exception.line());
            self.exit_status = EXIT_GENERIC;
            return Ok(Flow::Continue);
        }
    }

    /// In a shell: asks who the user is, and `None` asks for another try. Otherwise the original says what is the
    /// matter and runs the action a second time, which fails in the same way; so do we, because of what that prints.
    fn unauthorized(&mut self, action: &actions::Action, arg: &str) -> Result<Option<Flow>, Exception> {
        self.say("Server requires authentication");
        if !self.interactive {
            self.exit_status = EXIT_GENERIC;
            return (action.run)(self, arg).map(|_| Some(Flow::Continue));
        }
        let username = self.console.question("Username:")?;
        let password = self.console.secret("Password:")?;
        self.say("");
        self.settings.username = Some(username);
        self.settings.password = Some(password);
        Ok(None)
    }

    /// Prints a line.
    pub(super) fn say(&mut self, line: &str) {
        self.console.say(line);
    }

    /// Prints the help of an action after a mistake in its use.
    pub(super) fn usage(&mut self, mistake: &str, exit_status: u8, action: &str) -> Flow {
        self.say(mistake);
        self.exit_status = exit_status;
        if let Some(action) = actions::find(action) {
            self.say(action.help);
        }
        Flow::Continue
    }

    /// A client for the server as it is named now: `open` can name another.
    ///
    /// # Errors
    /// When the URL is none.
    pub(super) fn client(&self) -> Result<Client, Exception> {
        let address = match Address::parse(&self.settings.server_url).map_err(Exception::BadUrl)? {
            Address::Unix(path) => Address::Unix(os_path(&path.to_string_lossy())),
            Address::Tcp { host, port } => Address::Tcp { host, port },
        };
        let credentials = match (&self.settings.username, &self.settings.password) {
            (Some(username), Some(password)) => {
                Some(Credentials { username: username.clone(), password: password.clone() })
            }
            (None, _) | (_, None) => None,
        };
        Ok(Client::new(address, credentials))
    }

    /// Calls a method of the namespace `supervisor`.
    ///
    /// # Errors
    /// Whatever goes wrong, faults included.
    pub(super) fn call(&mut self, method: &str, params: &[Value]) -> Result<Value, Exception> {
        let client = self.client()?;
        let method = format!("supervisor.{method}");
        let answer = self.console.wait(client.call(&method, params))?;
        Ok(answer?)
    }

    /// Asks the server for its version before anything else, to tell the user what is the matter if it cannot answer.
    ///
    /// # Errors
    /// Whatever else goes wrong.
    pub(super) fn upcheck(&mut self) -> Result<Server, Exception> {
        let (text, status) = match self.call("getVersion", &[]) {
            Ok(Value::String(version)) if version == API_VERSION => return Ok(Server::Up),
            Ok(version) => (other_version(&version), EXIT_NOT_INSTALLED),
            Err(Exception::Server(ClientError::Refused)) => {
                (format!("{} refused connection", self.settings.server_url), EXIT_REFUSED)
            }
            Err(Exception::Server(ClientError::MissingSocket)) => {
                (format!("{} no such file", self.settings.server_url), EXIT_NOT_RUNNING)
            }
            Err(exception) if exception.fault().is_some_and(|f| f.code == fault_codes::UNKNOWN_METHOD) => {
                (NO_NAMESPACE.to_owned(), EXIT_UNIMPLEMENTED)
            }
            Err(exception) => return Err(exception),
        };
        self.say(&text);
        self.exit_status = status;
        Ok(Server::Unusable)
    }
}

const NO_NAMESPACE: &str = "Sorry, supervisord responded but did not recognize the supervisor namespace commands that \
     supervisorctl uses to control it.  Please check that the [rpcinterface:supervisor] section is enabled in the \
     configuration file (see sample.conf).";

fn other_version(version: &Value) -> String {
    let version = match version {
        Value::String(text) | Value::DateTime(text) => text.clone(),
        Value::Int(number) => number.to_string(),
        Value::Double(number) => format!("{number:?}"),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Nil => "None".to_owned(),
        Value::Array(_) | Value::Struct(_) => "something else".to_owned(),
    };
    format!(
        "Sorry, this version of supervisorctl expects to talk to a server with API version {API_VERSION}, but the \
         remote version is {version}."
    )
}

/// Splits a line as Python's `cmd` module does: the action is as much of it as is made of letters, digits and `_`, so
/// `tail-f x` is the action `tail`. Returns the action, its argument and the line as it is quoted in a complaint.
fn split_line(line: &str) -> (&str, &str, std::borrow::Cow<'_, str>) {
    let line = strip(line);
    if let Some(topic) = line.strip_prefix('?') {
        return ("help", strip(topic), format!("help {topic}").into());
    }
    let end = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(line.len());
    (&line[..end], strip(&line[end..]), line.into())
}

#[cfg(test)]
mod tests {
    use super::split_line;

    #[test]
    fn a_line_is_split_as_python_splits_it() {
        for (line, word, arg) in [
            ("  start  a b ", "start", "a b"),
            ("tail-f x", "tail", "-f x"),
            ("?", "help", ""),
            ("? stop", "help", "stop"),
            ("?stop", "help", "stop"),
            ("!ls", "", "!ls"),
            ("", "", ""),
        ] {
            let split = split_line(line);
            assert_eq!((split.0, split.1), (word, arg), "{line}");
        }
    }
}
