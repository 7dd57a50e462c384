//! A plugin that is not built in is a Python class: the real circus-plugin runs it, in this very process.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Why nobody runs the plugin.
#[derive(Debug)]
pub(super) enum NoPython {
    /// There is neither a `circus-plugin` of Python's on `PATH` nor a `python3` that has circus.
    Missing { plugin: String },
    /// It was found and cannot be run.
    Exec { program: PathBuf, source: io::Error },
    /// It was found, and cannot import the class; with its reason.
    Import { plugin: String, reason: String },
}

impl fmt::Display for NoPython {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoPython::Missing { plugin } => {
                let module = plugin.rsplit_once(['.', ':']).map_or(plugin.as_str(), |(module, _)| module);
                write!(
                    f,
                    "the plugin {plugin} is not built in, and there is no Python with Circus that could import {module}\n  \
                     hint: run `pip install circus` (and what {module} needs) for the python3 on PATH, or put the \
                     circus-plugin of a virtual environment on PATH"
                )
            }
            NoPython::Exec { program, source } => write!(f, "cannot run {}: {source}", program.display()),
            NoPython::Import { plugin, reason } => write!(f, "cannot import the plugin {plugin}: {reason}"),
        }
    }
}

/// Whether a Python could import the class, told before anything runs, as the original does: a plugin's own words go
/// nowhere.
///
/// # Errors
/// With the reason why not.
pub(super) fn check(plugin: &str) -> Result<(), NoPython> {
    let interpreter = match script().map(|script| interpreter_of(&script)) {
        Some(Some(interpreter)) => interpreter,
        // Started in some way that only a shell understands; what comes of it will show.
        Some(None) => return Ok(()),
        None => {
            has_circus(plugin)?;
            "python3".into()
        }
    };
    let program = "import sys; from circus.util import resolve_name; resolve_name(sys.argv[1])";
    let answer = Command::new(&interpreter).args(["-c", program, plugin]).stdin(Stdio::null()).output();
    let answer = answer.map_err(|source| NoPython::Exec { program: interpreter, source })?;
    if answer.status.success() {
        return Ok(());
    }
    let told = String::from_utf8_lossy(&answer.stderr);
    let reason = told.lines().last().unwrap_or("its Python ended without a word").to_owned();
    Err(NoPython::Import { plugin: plugin.to_owned(), reason })
}

/// Becomes the circus-plugin of a Python, with the same arguments. Returns only if there is none.
pub(super) fn become_python(plugin: &str, arguments: &[OsString]) -> NoPython {
    if let Some(script) = script() {
        let source = Command::new(&script).args(arguments).exec();
        return NoPython::Exec { program: script, source };
    }
    if let Err(missing) = has_circus(plugin) {
        return missing;
    }
    let program = "from circus import plugins; plugins.main()";
    let source = Command::new("python3").args(["-c", program]).args(arguments).exec();
    NoPython::Exec { program: "python3".into(), source }
}

/// The circus-plugin of a Python, on `PATH`.
fn script() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).map(|dir| dir.join("circus-plugin")).find(|file| is_script(file))
}

/// The interpreter that a script names in its first line, if it is a Python.
fn interpreter_of(script: &Path) -> Option<PathBuf> {
    let text = std::fs::read(script).ok()?;
    let line = text.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let path = PathBuf::from(std::str::from_utf8(line).ok()?.trim());
    path.file_name()?.to_str()?.starts_with("python").then_some(path)
}

fn has_circus(plugin: &str) -> Result<(), NoPython> {
    let mut question = Command::new("python3");
    question
        .args(["-c", "import circus.plugins"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match question.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => Err(NoPython::Missing { plugin: plugin.to_owned() }),
    }
}

/// Whether this is an executable that names its interpreter, as everything does that Python's installers put on `PATH`. We do
/// not, under whatever name or link, so nobody runs ourselves for ever.
fn is_script(file: &Path) -> bool {
    let executable =
        file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let mut magic = [0; 2];
    executable && File::open(file).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"#!"
}
