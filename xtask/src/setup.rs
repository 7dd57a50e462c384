//! `cargo xtask setup`: what the tests need and a fresh machine does not have.
//!
//! The real Supervisor, superlance, Circus, chaussette and acoupi, and what the example of Python applications runs, go into virtual environments
//! in `target/`; nothing else of the user's Python is touched. System packages are installed only where they are
//! missing and only by root; otherwise the command to type is printed.

use crate::step::{self, Problem};
use crate::workspace;
use std::path::Path;
use std::process::{Command, Stdio};

/// What goes into the virtual environment: the originals, then what `examples/pyapps` runs.
const PINS: &[&str] = &[
    "supervisor==4.3.0",
    "superlance==2.0.0",
    "circus==0.19.0",
    "pyzmq==27.3.0",
    "tornado==6.6.1",
    "psutil==7.2.2",
    "chaussette==1.3.0",
    "gunicorn==23.0.0",
    "celery==5.5.3",
    "redis==5.2.1",
    // An independent reader of serial ports.
    "pyserial==3.5",
];

/// The real acoupi.
const ACOUPI: &[&str] = &["acoupi==0.8.0"];

/// A program of the system, the package that has it, and what for.
const PROGRAMS: &[(&str, &[&str], &str)] = &[
    ("python3", &["--version"], "python3"),
    ("python3", &["-c", "import ensurepip, venv"], "python3-venv"),
    ("ps", &["--version"], "procps"),
    ("unshare", &["--version"], "util-linux"),
    ("sh", &["-c", "command -v crontab"], "cron"),
    ("chromium", &["--version"], "chromium"),
    ("nginx", &["-v"], "nginx-light"),
    ("redis-server", &["--version"], "redis-server"),
    ("sh", &["-c", "command -v /usr/sbin/mosquitto"], "mosquitto"),
    ("sh", &["-c", "command -v mosquitto_sub"], "mosquitto-clients"),
    ("openssl", &["version"], "openssl"),
    // It looks at unit files, and needs no systemd that runs.
    ("systemd-analyze", &["--version"], "systemd"),
    ("flock", &["--version"], "util-linux"),
    ("script", &["--version"], "bsdutils"),
    // What acoupi's way to a microphone is built from.
    ("sh", &["-c", "test -e /usr/include/portaudio.h"], "portaudio19-dev"),
    (
        "python3",
        &["-c", "import os, sysconfig; os.stat(sysconfig.get_path('include') + '/Python.h')"],
        "python3-dev",
    ),
    ("nats-server", &["--version"], "nats-server"),
];

/// Prepares, or says plainly what is missing.
///
/// # Errors
/// When something is missing that cannot be provided.
pub(crate) fn run() -> Result<(), Problem> {
    packages()?;
    environment(&workspace::reference_venv(), PINS)?;
    environment(&workspace::acoupi_venv(), ACOUPI)
}

/// A virtual environment with these packages, unless it is there already.
fn environment(venv: &Path, pins: &[&str]) -> Result<(), Problem> {
    let stamp = venv.join("pins.txt");
    let wanted = pins.join("\n");
    if std::fs::read_to_string(&stamp).is_ok_and(|text| text == wanted) {
        println!("✔ the originals are in {}", venv.display());
        return Ok(());
    }
    step::run("a virtual environment", Command::new("python3").args(["-m", "venv", "--clear"]).arg(venv))?;
    let mut pip = Command::new(venv.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]).args(pins);
    step::run(&format!("{} from PyPI", pins.join(", ")), &mut pip)?;
    std::fs::write(&stamp, wanted).map_err(|error| Problem::File(stamp.display().to_string(), error))
}

fn packages() -> Result<(), Problem> {
    let missing: Vec<_> =
        PROGRAMS.iter().filter(|(program, probe, _)| !step::works(program, probe)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(|(_, _, package)| *package).collect();
    let root = step::output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if root && step::works("apt-get", &["--version"]) {
        let quiet = |arguments: &[&str]| {
            let mut command = Command::new("apt-get");
            command
                .env("DEBIAN_FRONTEND", "noninteractive")
                .args(["-qq", "-o", "Dpkg::Use-Pty=0"])
                .args(arguments)
                .stdout(Stdio::null());
            command
        };
        // Lists may be old or absent on a fresh machine; what matters is the install.
        let _ = step::run("apt-get update", &mut quiet(&["update"]));
        let mut install = quiet(&["install", "-y", "--no-install-recommends"]);
        let _ = step::run(&format!("apt-get install {}", names.join(" ")), install.args(&names));
    }
    for (program, probe, package) in missing {
        if !step::works(program, probe) {
            return Err(Problem::Missing(format!(
                "{package} is missing; as root: apt-get install {package}"
            )));
        }
    }
    Ok(())
}
