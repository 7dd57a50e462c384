//! What `pyapps` needs beyond minder: a virtual environment with gunicorn and celery, and a redis-server.
//!
//! The environment is made once and kept in the user's cache. Packages of the system are installed only by root, and
//! only where there is apt; elsewhere the demo says what is missing.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::cli::Complaint;
use crate::cli::terminal::{self, Colour, coloured};

/// What is installed from PyPI.
const PACKAGES: [&str; 2] = ["gunicorn", "celery[redis]"];
/// The file that says that an environment is complete.
const STAMP: &str = "minder-demo-complete";

/// What the programs of the example are started with.
#[derive(Debug)]
pub(super) struct Tools {
    /// `PATH` with the environment's programs in front.
    pub(super) path: String,
    /// The redis-server.
    pub(super) redis: PathBuf,
}

/// Makes what is missing and shows how it goes.
pub(super) fn prepare() -> Result<Tools, Complaint> {
    let redis = match found("redis-server") {
        Some(redis) => redis,
        None => {
            install("redis-server", "the broker of the example")?;
            found("redis-server").ok_or_else(|| missing("redis-server", "the broker of the example"))?
        }
    };
    let environment = cache()?.join("pyapps-venv");
    if !environment.join(STAMP).is_file() {
        make(&environment)?;
    }
    let path = std::env::var("PATH").unwrap_or_default();
    Ok(Tools { path: format!("{}:{path}", environment.join("bin").display()), redis })
}

fn make(environment: &Path) -> Result<(), Complaint> {
    let shown = environment.display();
    let python = found("python3").ok_or_else(|| missing("python3", "gunicorn and celery"))?;
    terminal::say(&format!("preparing {shown}, once\n"));
    let clear = |error: std::io::Error| Complaint::failed(format!("cannot make {shown}: {error}"));
    fs::create_dir_all(environment).map_err(clear)?;
    let venv = || step(Command::new(&python).args(["-m", "venv", "--clear"]).arg(environment));
    if venv().is_err() {
        // Debian keeps a part of the venv module in a package of its own.
        install("python3-venv", "virtual environments")?;
        venv()?;
    }
    let mut pip = Command::new(environment.join("bin/python"));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "--no-color"]);
    step(pip.args(PACKAGES)).map_err(|complaint| {
        complaint.with_hint("the packages come from PyPI; is there a network, or a pip.conf for a mirror?")
    })?;
    fs::write(environment.join(STAMP), "").map_err(clear)
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

/// A program in `PATH`.
fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(program)).find(|path| path.is_file())
}

fn cache() -> Result<PathBuf, Complaint> {
    let given = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = given.or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
    let cache = cache
        .ok_or_else(|| Complaint::failed("there is no home directory to keep gunicorn and celery in"))?;
    Ok(cache.join("minder"))
}
