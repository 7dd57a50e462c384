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
        }
    }
}

/// Becomes the circus-plugin of a Python, with the same arguments. Returns only if there is none.
pub(super) fn become_python(plugin: &str, arguments: &[OsString]) -> NoPython {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if let Some(script) =
        std::env::split_paths(&path).map(|dir| dir.join("circus-plugin")).find(|file| is_script(file))
    {
        let source = Command::new(&script).args(arguments).exec();
        return NoPython::Exec { program: script, source };
    }
    let mut question = Command::new("python3");
    question
        .args(["-c", "import circus.plugins"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if !question.status().is_ok_and(|status| status.success()) {
        return NoPython::Missing { plugin: plugin.to_owned() };
    }
    let program = "from circus import plugins; plugins.main()";
    let source = Command::new("python3").args(["-c", program]).args(arguments).exec();
    NoPython::Exec { program: "python3".into(), source }
}

/// Whether this is an executable that names its interpreter, as everything does that Python's installers put on `PATH`. We do
/// not, under whatever name or link, so nobody runs ourselves for ever.
fn is_script(file: &Path) -> bool {
    let executable =
        file.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    let mut magic = [0; 2];
    executable && File::open(file).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == *b"#!"
}
