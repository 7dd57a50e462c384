//! What is deployed: a `minder.toml`, its records, and the unit that starts it after a boot.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use minder_config::native::Native;
use minder_config::{Paint, Severity, render_text};
use minder_core::deployment::Storage;
use minder_deployment::book::Book;
use minder_deployment::boot::{Boot, BootUnit, CronEntry};
use minder_deployment::checks::{self, Report};
use minder_deployment::daemon::Daemon;
use minder_deployment::machine;
use minder_deployment::moment::Clock;
use minder_deployment::outside::Outside;
use minder_deployment::undo::Undo;
use minder_deployment::write_whole;
use minder_supervisord::conf::bare::Stay;

use crate::assemble::native::Origin;
use crate::cli::ended::{Complaint, Form};

/// Where a configuration is looked for.
const FILE: &str = "minder.toml";
/// How long minder and what it runs may take to end.
const ENDING: Duration = Duration::from_secs(660);

/// Which configuration.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct Which {
    /// The minder.toml that is deployed. Without this it is `minder.toml` in this directory.
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// A configuration, and all that a deployment of it is made of.
pub(crate) struct Site {
    /// From the root.
    pub(crate) file: PathBuf,
    /// What it says.
    pub(crate) native: Native,
    /// Its deployments.
    pub(crate) book: Book,
    /// What starts it after a boot.
    pub(crate) unit: BootUnit,
    pub(crate) outside: Outside,
    pub(crate) clock: Clock,
    pub(crate) form: Form,
}

impl Which {
    /// The file, from the root.
    pub(super) fn file(&self) -> PathBuf {
        let file = self.config.clone().unwrap_or_else(|| FILE.into());
        std::path::absolute(&file).unwrap_or(file)
    }

    /// Reads it. With mistakes in it there is nothing to deploy.
    pub(super) fn site(&self, form: Form) -> Result<Site, Complaint> {
        let file = self.file();
        let draft = Origin::new(&file, Stay::Foreground).read();
        let Some(native) = draft.native else {
            let error = draft.problems.iter().find(|problem| problem.severity == Severity::Error);
            let text = error.map(|problem| render_text(problem, &draft.sources, Paint::Plain));
            let text = text.as_deref().map_or("it cannot be read", str::trim_end).to_owned();
            return Err(Complaint::failed(text)
                .with_hint(format!("`minder check {}` shows all that is wrong", file.display()))
                .in_form(form));
        };
        let book = Book::new(native.minder.state.join("deployments"));
        let unit = unit(&file, &native.minder.state);
        Ok(Site {
            file,
            native,
            book,
            unit,
            outside: Outside::of_this_process(),
            clock: Clock::Machine,
            form,
        })
    }
}

impl Site {
    /// Who starts it after a boot.
    pub(super) fn boot(&self) -> Boot {
        Boot::find(&self.outside, &units(), &self.unit.name)
    }

    /// Looks at everything that must hold.
    pub(super) fn check(&self, boot: &Boot) -> Report {
        let mut report = checks::run(&self.native.deployment.checks);
        let zone = &self.native.agenda.settings().zone;
        report.findings.extend(machine::look(&self.outside, boot, zone, self.clock));
        report
    }

    /// minder, if it runs.
    pub(super) fn daemon(&self) -> Daemon {
        Daemon { pidfile: self.native.minder.pidfile.clone(), word: self.file.clone() }
    }

    /// Ends minder, if it runs.
    pub(super) fn end_daemon(&self) -> Result<bool, String> {
        self.daemon().stop(ENDING)
    }

    /// What cron runs, where there is only cron.
    pub(super) fn write_scripts(&self, undo: &mut Undo) -> Result<(), String> {
        let Some(CronEntry { start, stop }) = &self.unit.cron else { return Ok(()) };
        let (minder, file) = (quoted(&own_program()), quoted(&self.file));
        for (path, command) in [
            (start, format!("exec {minder} run --daemon {file}")),
            (stop, format!("exec {minder} deployment halt -c {file}")),
        ] {
            let text = format!("#!/bin/sh\n# Written by `minder deployment start`.\n{command}\n");
            if !path.exists() {
                let file = path.clone();
                undo.note(format!("removed {}", path.display()), move || {
                    std::fs::remove_file(&file).map_err(|error| error.to_string())
                });
            }
            write_whole(path, &text, 0o755).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }

    /// What is made when it begins.
    pub(super) fn storages(&self) -> &[Storage] {
        &self.native.deployment.storages
    }

    /// A complaint in the form that was asked for.
    pub(super) fn failed(&self, message: impl Into<String>) -> Complaint {
        Complaint::failed(message).in_form(self.form)
    }
}

/// Where the user manager looks for units.
fn units() -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let config = std::env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    config.unwrap_or_else(|| home.join(".config")).join("systemd/user")
}

/// The unit of a file: `minder-DIRECTORY-HASH.service`, so that two files never have one.
fn unit(file: &Path, state: &Path) -> BootUnit {
    let folder = file.parent().unwrap_or(Path::new("/"));
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = format!("minder-{plain}-{:08x}.service", hash(file.as_os_str().as_bytes()));
    let text = format!(
        "[Unit]\nDescription=minder, deployed from {}\nAfter=network.target\n\n\
         [Service]\nType=simple\nWorkingDirectory={}\nExecStart={} run {}\n\
         Restart=always\nRestartSec=3\n\
         # What runs goes on when minder itself is killed, and is adopted by the next one.\n\
         KillMode=process\nTimeoutStopSec={}\n\n\
         [Install]\nWantedBy=default.target\n",
        escaped(file),
        escaped(folder),
        word(&own_program()),
        word(file),
        ENDING.as_secs()
    );
    let cron = CronEntry { start: state.join("boot/start.sh"), stop: state.join("boot/stop.sh") };
    BootUnit { name, text, cron: Some(cron) }
}

/// FNV-1a, which any minder computes alike.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

fn own_program() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("minder"))
}

/// A path that systemd takes as it is: all but specifiers.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace('%', "%%")
}

/// A path as a word of a command line of systemd.
fn word(path: &Path) -> String {
    format!("\"{}\"", escaped(path).replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"))
}

/// A path as a word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::unit;
    use std::path::Path;

    #[test]
    fn two_files_have_two_units() {
        let of = |file: &str| unit(Path::new(file), Path::new("/state"));
        let (one, other) = (of("/home/ann/birds/minder.toml"), of("/srv/birds/minder.toml"));
        assert!(one.name.starts_with("minder-birds-") && one.name != other.name, "{}", one.name);
        assert!(one.text.contains("run \"/home/ann/birds/minder.toml\"\n"), "{}", one.text);
    }
}
