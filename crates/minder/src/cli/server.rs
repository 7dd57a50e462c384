//! Which server is asked, how it is asked, and what it means when it does not answer.

use std::path::{Path, PathBuf};

use clap::Args;
use minder_config::Sources;
use minder_supervisord::client::{Address, BlockingClient, Client, ClientError, Credentials};
use minder_supervisord::conf::bare::Stay;
use minder_supervisord::conf::expand::expand;
use minder_supervisord::conf::ini::{Included, Tree};
use minder_supervisord::conf::names::{Names, Scope};
use minder_supervisord::xmlrpc::Value;

use super::dialect::Dialect;
use super::ended::{Complaint, Ended, Form};
use crate::assemble::native::Origin;

/// The environment variable that names a server.
const VARIABLE: &str = "MINDER_SERVER";
/// Where a Supervisor server is looked for when nothing says where it is.
const DEFAULT_URL: &str = "http://localhost:9001";
/// Where a configuration is looked for.
const PLACES: [&str; 6] = [
    "minder.toml",
    "/etc/minder/minder.toml",
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
];

/// Which server, on the command line of every command that asks one.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Server")]
pub(crate) struct Which {
    /// The configuration that the server runs. Without this, without -s and without the environment variable
    /// MINDER_SERVER, it is minder.toml here or in /etc/minder, or looked for where supervisorctl looks.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The server itself: unix:///path/to/socket or http://host:port.
    #[arg(short, long, value_name = "URL")]
    server: Option<String>,
    /// User name, if the server asks for one; better written in the configuration.
    #[arg(short, long)]
    username: Option<String>,
    /// Password, if the server asks for one; better written in the configuration.
    #[arg(short, long)]
    password: Option<String>,
}

/// A server that can be asked, and how to speak of it.
#[derive(Debug)]
pub(crate) struct Server {
    client: BlockingClient,
    url: String,
    /// The file that told where it is.
    file: Option<PathBuf>,
    form: Form,
}

/// Where a configuration says that its server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whereabouts {
    /// `unix:///path` or `http://host:port`.
    pub(crate) url: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

impl Which {
    /// Decides on a server. Nothing is connected yet.
    pub(crate) fn server(&self, form: Form) -> Result<Server, Complaint> {
        self.decide(form).map_err(|complaint| complaint.in_form(form))
    }

    fn decide(&self, form: Form) -> Result<Server, Complaint> {
        let named = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty() && self.config.is_none());
        let url = self.server.clone().or(named);
        let file = match (&self.config, &url) {
            (Some(file), _) => Some(file.clone()),
            (None, Some(_)) => None,
            (None, None) => PLACES.iter().map(PathBuf::from).find(|path| path.is_file()),
        };
        let found = file.as_deref().map(whereabouts).transpose()?.unwrap_or_default();
        let url = url.or(found.url).unwrap_or_else(|| DEFAULT_URL.to_owned());
        let address = Address::parse(&url).map_err(|error| {
            Complaint::new(Ended::Misused, format!("`{url}` is no server: {error}"))
                .with_hint("write unix:///path/to/socket or http://host:port")
        })?;
        let username = self.username.clone().or(found.username).filter(|name| !name.is_empty());
        let password = self.password.clone().or(found.password);
        let credentials =
            username.map(|username| Credentials { username, password: password.unwrap_or_default() });
        let client = BlockingClient::new(Client::new(address, credentials))
            .map_err(|error| Complaint::failed(format!("cannot make an event loop: {error}")))?;
        Ok(Server { client, url, file, form })
    }
}

impl Server {
    /// What it is called.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// In which form the answers are wanted.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// The options that lead to the same server, to be shown in advice.
    pub(crate) fn options(&self) -> String {
        match &self.file {
            Some(file) if PLACES.iter().any(|place| Path::new(place) == file) => String::new(),
            Some(file) => format!(" -c {}", file.display()),
            None if std::env::var(VARIABLE).is_ok_and(|url| url == self.url) || self.url == DEFAULT_URL => {
                String::new()
            }
            None => format!(" -s {}", self.url),
        }
    }

    /// Calls a method and lets the caller tell faults apart.
    pub(crate) fn try_call(&self, method: &str, params: &[Value]) -> Result<Value, ClientError> {
        self.client.call(method, params)
    }

    /// Calls a method that must succeed.
    pub(crate) fn call(&self, method: &str, params: &[Value]) -> Result<Value, Complaint> {
        self.try_call(method, params).map_err(|error| self.complaint(&error))
    }

    /// Follows a log, and ends when the server does.
    pub(crate) fn stream(&self, path: &str, mut sink: impl FnMut(&[u8])) -> Result<(), Complaint> {
        let sink = |bytes: &[u8]| {
            sink(bytes);
            std::ops::ControlFlow::Continue(())
        };
        self.client.stream(path, sink).map_err(|error| self.complaint(&error))
    }

    /// What it means that the server did not do it.
    pub(crate) fn complaint(&self, error: &ClientError) -> Complaint {
        let url = &self.url;
        let unreachable = |message: String| Complaint::new(Ended::Unreachable, message);
        let complaint = match error {
            ClientError::Refused | ClientError::MissingSocket => {
                let why = match error {
                    ClientError::Refused => "connection refused",
                    _ => "no such socket",
                };
                let file = self.file.as_deref().unwrap_or(Path::new("FILE"));
                let complaint = unreachable(format!("no server at {url}: {why}"))
                    .with_hint(format!("start it with `minder run {}`", file.display()));
                match self.file {
                    Some(_) => complaint,
                    None => complaint.with_hint("if it runs, say where: -c FILE, -s URL or MINDER_SERVER"),
                }
            }
            ClientError::Io(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
                unreachable(format!("no access to the server at {url}: permission denied")).with_hint(
                    "ask as the user that owns the socket, or see chmod= and chown= in [unix_http_server]",
                )
            }
            ClientError::Unauthorized { .. } => {
                unreachable(format!("the server at {url} wants a user name and a password"))
                    .with_hint("write username= and password= in [supervisorctl], or give -u and -p")
            }
            ClientError::Fault(fault) => Complaint::failed(format!("{} (fault {})", fault.text, fault.code)),
            ClientError::UnknownHost(_)
            | ClientError::Io(_)
            | ClientError::Disconnected
            | ClientError::Status { .. }
            | ClientError::Http(_)
            | ClientError::BadResponse(_) => unreachable(format!("no use of the server at {url}: {error}")),
        };
        complaint.in_form(self.form)
    }
}

/// Reads where the server of a configuration is: from `[supervisorctl]`, and where that is silent from the sections of
/// the servers. The rest of the file is not looked at: it may need variables that only the server has.
pub(crate) fn whereabouts(file: &Path) -> Result<Whereabouts, Complaint> {
    let shown = file.display();
    if Dialect::of_file(file) == Dialect::Native {
        return native_whereabouts(file);
    }
    let bytes = std::fs::read(file)
        .map_err(|error| Complaint::new(Ended::Misused, format!("cannot read {shown}: {error}")))?;
    let mut sources = Sources::new();
    let id = sources.add(shown.to_string(), bytes);
    let mut tree = Tree::default();
    if let Some(fault) = tree.read(&sources, id, Included::No).into_iter().next() {
        let first = fault.text.lines().next().unwrap_or_default().to_owned();
        return Err(Complaint::new(Ended::Misused, format!("cannot read {shown}: {first}"))
            .with_hint(format!("`minder check {shown}` shows what is wrong")));
    }
    let here = std::path::absolute(file).ok();
    let here = here.as_deref().and_then(Path::parent).unwrap_or(Path::new("/")).display().to_string();
    let mut names = Names::new();
    for (name, value) in std::env::vars_os() {
        names.set_variable(&name.to_string_lossy(), &value.to_string_lossy());
    }
    names.set("here", here.as_str());
    let value = |section: &str, key: &str| match tree.get(section, key) {
        Some(entry) => expand(&entry.value, Scope(&[&names]), &format!("{section}.{key}"))
            .map(Some)
            .map_err(|error| Complaint::new(Ended::Misused, format!("{shown}: {error}"))),
        None => Ok(None),
    };
    let socket =
        |path: String| format!("unix://{}", std::path::absolute(&path).unwrap_or(path.into()).display());
    let url = match value("supervisorctl", "serverurl")? {
        Some(url) => Some(url.strip_prefix("unix://").map(|path| socket(path.to_owned())).unwrap_or(url)),
        None => match value("unix_http_server", "file")? {
            Some(path) => Some(socket(path)),
            None => value("inet_http_server", "port")?.map(|port| of_port(&port)),
        },
    };
    let either = |key: &str| -> Result<Option<String>, Complaint> {
        for section in ["supervisorctl", "unix_http_server", "inet_http_server"] {
            if let Some(found) = value(section, key)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    };
    // A hash lets nobody in; only the file's reader knows what it was made of.
    let password = either("password")?.filter(|password| !password.starts_with("{SHA}"));
    Ok(Whereabouts { url, username: either("username")?, password })
}

/// The socket of a minder.toml. One with mistakes is where it would be without being said: the server that still runs by what
/// the file said before is to be reached, and says what is wrong.
fn native_whereabouts(file: &Path) -> Result<Whereabouts, Complaint> {
    let shown = file.display();
    let socket = match Origin::new(file, Stay::Foreground).read().native {
        Some(native) => native.minder.socket,
        None => {
            let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
            let usual = file.with_file_name(".minder").join("minder.sock");
            if !usual.exists() {
                return Err(Complaint::new(Ended::Misused, format!("cannot read {shown}"))
                    .with_hint(format!("`minder check {shown}` shows what is wrong")));
            }
            usual
        }
    };
    Ok(Whereabouts { url: Some(format!("unix://{}", socket.display())), username: None, password: None })
}

/// `9001`, `*:9001` or `host:9001` as a URL for a client on this machine.
fn of_port(port: &str) -> String {
    match port.rsplit_once(':') {
        Some(("" | "*", number)) => format!("http://localhost:{number}"),
        Some(_) => format!("http://{port}"),
        None => format!("http://localhost:{port}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{of_port, whereabouts};

    fn url_of(text: &str) -> Option<String> {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("s.conf");
        std::fs::write(&file, text).expect("a file in it");
        let here = dir.path().to_str().expect("a plain path");
        whereabouts(&file).expect("a readable file").url.map(|url| url.replace(here, "HERE"))
    }

    #[test]
    fn the_section_of_the_client_comes_before_those_of_the_servers() {
        let servers = "[unix_http_server]\nfile=%(here)s/a.sock\n[inet_http_server]\nport=*:9001\n";
        assert_eq!(url_of(servers).as_deref(), Some("unix://HERE/a.sock"));
        let client = format!("{servers}[supervisorctl]\nserverurl=http://127.0.0.1:9002\n");
        assert_eq!(url_of(&client).as_deref(), Some("http://127.0.0.1:9002"));
        assert_eq!(url_of("[inet_http_server]\nport=*:9001\n").as_deref(), Some("http://localhost:9001"));
        assert_eq!(url_of("[supervisord]\n"), None);
    }

    #[test]
    fn a_program_that_needs_unknown_variables_is_no_obstacle() {
        let text = "[unix_http_server]\nfile=/s\n[program:x]\ncommand=%(ENV_NOT_SET_ANYWHERE)s\n";
        assert_eq!(url_of(text).as_deref(), Some("unix:///s"));
    }

    #[test]
    fn ports_are_understood_with_and_without_a_host() {
        for (port, url) in [
            ("9001", "http://localhost:9001"),
            ("*:9001", "http://localhost:9001"),
            (":9001", "http://localhost:9001"),
            ("10.0.0.1:9001", "http://10.0.0.1:9001"),
        ] {
            assert_eq!(of_port(port), url);
        }
    }
}
