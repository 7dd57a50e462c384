//! Where acoupi's files are, and what its environment says about it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where things are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Settings {
    /// The folder of everything else that is not said otherwise.
    pub(crate) home: PathBuf,
    /// The name of the task application.
    pub(crate) app_name: String,
    /// The task application of the original, which minder does not need.
    pub(crate) program_file: PathBuf,
    /// The name of the program.
    pub(crate) program_name_file: PathBuf,
    /// The configuration of the program.
    pub(crate) program_config_file: PathBuf,
    /// The settings of the queue.
    pub(crate) celery_config_file: PathBuf,
    /// The record of the deployment.
    pub(crate) deployment_file: PathBuf,
    /// Variables for the units; nobody has to write it.
    pub(crate) env_file: PathBuf,
    /// Where it is noted what runs.
    pub(crate) run_dir: PathBuf,
    /// The logs.
    pub(crate) log_dir: PathBuf,
    /// `INFO`.
    pub(crate) log_level: String,
    /// The scripts.
    pub(crate) start_script: PathBuf,
    pub(crate) stop_script: PathBuf,
    pub(crate) restart_script: PathBuf,
    pub(crate) beat_script: PathBuf,
    /// The names of the units.
    pub(crate) service: String,
    pub(crate) beat_service: String,
    /// The folder of the units.
    pub(crate) units: PathBuf,
    /// What is done by minder: tasks and workers of the program.
    pub(crate) minder_toml: PathBuf,
    /// Where minder remembers what waits and works.
    pub(crate) state_dir: PathBuf,
}

impl Settings {
    /// By the environment of this process.
    pub(crate) fn of_this_process() -> Self {
        Self::of(&std::env::vars_os().collect())
    }

    /// By these variables. Every path begins at the home unless a variable says otherwise.
    pub(crate) fn of(variables: &BTreeMap<OsString, OsString>) -> Self {
        let variable = |name: &str| {
            variables.get(&OsString::from(name)).filter(|value| !value.is_empty()).map(PathBuf::from)
        };
        let user = variable("HOME").unwrap_or_else(|| PathBuf::from("/"));
        let home = absolute(variable("ACOUPI_HOME").unwrap_or_else(|| user.join(".acoupi")));
        let path = |name: &str, below: &str| {
            absolute(variable(&format!("ACOUPI_{name}")).unwrap_or_else(|| home.join(below)))
        };
        let text = |name: &str, preset: &str| {
            let said = variable(&format!("ACOUPI_{name}"));
            said.map_or_else(|| preset.to_owned(), |said| said.to_string_lossy().into_owned())
        };
        // The original looks nowhere else for units.
        let units = user.join(".config/systemd/user");
        Self {
            app_name: text("APP_NAME", "app"),
            program_file: path("PROGRAM_FILE", "app.py"),
            program_name_file: path("PROGRAM_NAME_FILE", "config/name"),
            program_config_file: path("PROGRAM_CONFIG_FILE", "config/program.json"),
            celery_config_file: path("CELERY_CONFIG_FILE", "config/celery.json"),
            deployment_file: path("DEPLOYMENT_FILE", "config/deployment.json"),
            env_file: path("ENV_FILE", "config/env"),
            run_dir: path("RUN_DIR", "run"),
            log_dir: path("LOG_DIR", "log"),
            log_level: text("LOG_LEVEL", "INFO"),
            start_script: path("START_SCRIPT_PATH", "bin/acoupi-workers-start.sh"),
            stop_script: path("STOP_SCRIPT_PATH", "bin/acoupi-workers-stop.sh"),
            restart_script: path("RESTART_SCRIPT_PATH", "bin/acoupi-workers-restart.sh"),
            beat_script: path("BEAT_SCRIPT_PATH", "bin/acoupi-beat.sh"),
            service: text("ACOUPI_SERVICE_FILE", "acoupi.service"),
            beat_service: text("ACOUPI_BEAT_SERVICE_FILE", "acoupi-beat.service"),
            minder_toml: home.join("minder.toml"),
            state_dir: home.join("state"),
            units,
            home,
        }
    }

    /// Whether `acoupi setup` has been there.
    pub(crate) fn is_set_up(&self) -> bool {
        [&self.program_config_file, &self.program_file, &self.program_name_file]
            .into_iter()
            .all(|path| path.exists())
    }

    /// The file with the process id of what runs the workers.
    pub(crate) fn pidfile(&self) -> PathBuf {
        self.run_dir.join("acoupi.pid")
    }

    /// The log of a worker, or of the beat.
    pub(crate) fn log(&self, name: &str) -> PathBuf {
        self.log_dir.join(format!("{name}.log"))
    }
}

fn absolute(path: PathBuf) -> PathBuf {
    std::path::absolute(Path::new(&path)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::path::Path;

    use super::Settings;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let pairs = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        Settings::of(&pairs.collect::<BTreeMap<_, _>>())
    }

    #[test]
    fn every_path_begins_at_the_home() {
        let settings = settings(&[("HOME", "/h"), ("ACOUPI_HOME", "/other")]);
        assert_eq!(settings.program_config_file, Path::new("/other/config/program.json"));
        assert_eq!(settings.beat_script, Path::new("/other/bin/acoupi-beat.sh"));
        assert_eq!(settings.log("recording"), Path::new("/other/log/recording.log"));
        assert_eq!(settings.units, Path::new("/h/.config/systemd/user"));
    }

    #[test]
    fn each_can_be_said_otherwise() {
        let all = [
            "APP_NAME",
            "PROGRAM_FILE",
            "PROGRAM_NAME_FILE",
            "PROGRAM_CONFIG_FILE",
            "CELERY_CONFIG_FILE",
            "DEPLOYMENT_FILE",
            "ENV_FILE",
            "RUN_DIR",
            "LOG_DIR",
            "LOG_LEVEL",
            "START_SCRIPT_PATH",
            "STOP_SCRIPT_PATH",
            "RESTART_SCRIPT_PATH",
            "BEAT_SCRIPT_PATH",
            "ACOUPI_SERVICE_FILE",
            "ACOUPI_BEAT_SERVICE_FILE",
        ];
        let variables: BTreeMap<OsString, OsString> =
            all.iter().map(|name| (format!("ACOUPI_{name}").into(), format!("/x/{name}").into())).collect();
        let text = format!("{:?}", Settings::of(&variables));
        for name in all {
            assert!(text.contains(&format!("\"/x/{name}\"")), "{name} in {text}");
        }
    }
}
