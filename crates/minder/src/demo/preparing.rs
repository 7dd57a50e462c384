//! What `pyapps` and `web-chain` need beyond minder: a virtual environment with their programs from PyPI, and a redis-server
//! or an nginx.
//!
//! An environment is made once and kept in the user's cache. Packages of the system are installed only by root, and
//! only where there is apt; elsewhere the demo says what is missing.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::Complaint;
use crate::cli::terminal::{self, Colour, coloured};

/// The file that says that an environment is complete.
const STAMP: &str = "minder-demo-complete";

/// A virtual environment of the user's cache.
struct Environment {
    /// Its directory there.
    name: &'static str,
    /// What is installed from PyPI.
    packages: &'static [&'static str],
    /// The packages in words.
    shown: &'static str,
}

const PYAPPS: Environment = Environment {
    name: "pyapps-venv",
    packages: &["gunicorn", "celery[redis]"],
    shown: "gunicorn and celery",
};
const WEB_CHAIN: Environment =
    Environment { name: "web-chain-venv", packages: &["chaussette"], shown: "chaussette" };

/// What the programs of an example are started with.
#[derive(Debug)]
pub(super) struct Tools {
    /// `PATH` with the environment's programs in front.
    pub(super) path: String,
    /// The server that no environment holds: redis-server or nginx.
    pub(super) server: PathBuf,
}

/// Makes what is missing for `pyapps` and shows how it goes.
pub(super) fn prepare_pyapps() -> Result<Tools, Complaint> {
    prepare(&PYAPPS, "redis-server", "the broker of the example")
}

/// Makes what is missing for `web-chain` and shows how it goes.
pub(super) fn prepare_web_chain() -> Result<Tools, Complaint> {
    prepare(&WEB_CHAIN, "nginx", "the front of the example")
}

fn prepare(environment: &Environment, server: &str, purpose: &str) -> Result<Tools, Complaint> {
    let server = match found(server) {
        Some(server) => server,
        None => {
            install(server, purpose)?;
            found(server).ok_or_else(|| missing(server, purpose))?
        }
    };
    let directory = cache(environment.shown)?.join(environment.name);
    if !directory.join(STAMP).is_file() {
        make(&directory, environment)?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    Ok(Tools { path: format!("{}:{path}", directory.join("bin").display()), server })
}

fn make(directory: &Path, environment: &Environment) -> Result<(), Complaint> {
    let shown = directory.display();
    let python = found("python3").ok_or_else(|| missing("python3", environment.shown))?;
    terminal::say(&format!("preparing {shown}, once\n"));
    let clear = |error: std::io::Error| Complaint::failed(format!("cannot make {shown}: {error}"));
    fs::create_dir_all(directory).map_err(clear)?;
    let venv = || step(Command::new(&python).args(["-m", "venv", "--clear"]).arg(directory));
    if venv().is_err() {
        // Debian keeps a part of the venv module in a package of its own.
        install("python3-venv", "virtual environments")?;
        venv()?;
    }
    let mut pip = Command::new(directory.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "--no-color"]);
    step(pip.args(environment.packages)).map_err(|complaint| {
        complaint.with_hint("the packages come from PyPI; is there a network, or a pip.conf for a mirror?")
    })?;
    fs::write(directory.join(STAMP), "").map_err(clear)
}

/// Installs a package of the system, where that is ours to do.
fn install(package: &str, purpose: &str) -> Result<(), Complaint> {
    let Some(apt) = found("apt-get").filter(|_| rustix::process::geteuid().is_root()) else {
        return Err(missing(package, purpose));
    };
    terminal::say(&format!("installing {package} with apt-get\n"));
    let run = |words: &[&str]| step(Command::new(&apt).args(words).env("DEBIAN_FRONTEND", "noninteractive"));
    let words = ["install", "--yes", "--no-install-recommends", package];
    // The lists of packages may never have been fetched on this machine.
    run(&words).or_else(|_| run(&["update"]).and_then(|()| run(&words)))
}

fn missing(program: &str, purpose: &str) -> Complaint {
    Complaint::failed(format!("{program} is missing, which is needed for {purpose}"))
        .with_hint(format!(
            "install it, for instance with `apt-get install {program}`, and start the demo again"
        ))
        .with_hint("`minder demo first` needs nothing")
}

/// Runs a command and shows what it says.
fn step(command: &mut Command) -> Result<(), Complaint> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let failed = |why: String| Complaint::failed(format!("{shown} failed: {why}"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    if let Some(out) = child.stdout.take() {
        let paint = terminal::paint();
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            terminal::say(&format!("  {}\n", coloured(&line, Colour::Dim, paint)));
        }
    }
    match child.wait() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(status.to_string())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A program in `PATH`, or where Debian keeps servers, which is in the `PATH` of root alone.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
}

fn cache(wanted: &str) -> Result<PathBuf, Complaint> {
    let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = given.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    let cache =
        cache.ok_or_else(|| Complaint::failed(format!("there is no home directory to keep {wanted} in")))?;
    Ok(cache.join("minder"))
}
