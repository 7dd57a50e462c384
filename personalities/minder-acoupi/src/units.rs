//! acoupi's two units.

use std::path::Path;

use minder_deployment::boot::{BootUnit, CronEntry};

use crate::machinery;
use crate::settings::Settings;

/// The unit of the workers, and that of the beat.
pub(crate) fn units(settings: &Settings) -> [BootUnit; 2] {
    let cron = CronEntry { start: settings.start_script.clone(), stop: settings.stop_script.clone() };
    [
        BootUnit { name: settings.service.clone(), text: workers(settings), cron: Some(cron) },
        // Where there is only cron, minder runs the beat beside the workers.
        BootUnit { name: settings.beat_service.clone(), text: beat(settings), cron: None },
    ]
}

fn workers(settings: &Settings) -> String {
    let kind = format!(
        "ExecStart={}\nExecStop={}\nExecReload={}\nTimeoutStopSec={}\n",
        word(&settings.start_script),
        word(&settings.stop_script),
        word(&settings.restart_script),
        // Else systemd kills a recording that takes longer than a minute and a half.
        machinery::ENDING.as_secs()
    );
    unit(settings, "Acoupi Service", "forking", &kind)
}

fn beat(settings: &Settings) -> String {
    unit(
        settings,
        "Acoupi Scheduler Service",
        "simple",
        &format!("ExecStart={}\n", word(&settings.beat_script)),
    )
}

/// The original gives its settings of the queue for a file of variables, which they are not, and systemd complains. The file
/// here may be missing.
fn unit(settings: &Settings, description: &str, kind: &str, commands: &str) -> String {
    format!(
        "[Unit]\nDescription={description}\nAfter=network.target\n\n[Service]\nType={kind}\nEnvironmentFile=-{}\n\
         WorkingDirectory={}\n{commands}Restart=always\nRestartSec=3\n\n[Install]\nWantedBy=default.target\n",
        escaped(&settings.env_file),
        escaped(&settings.home),
    )
}

/// A path that systemd takes as it is: all but specifiers.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace('%', "%%")
}

/// A path as a word of a command line.
fn word(path: &Path) -> String {
    let text = escaped(path);
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-%+@:".contains(&byte)) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::{units, word};
    use crate::settings::Settings;
    use std::collections::BTreeMap;
    use std::path::Path;

    #[test]
    fn units_have_the_keys_of_the_original() {
        let variables = BTreeMap::from([("HOME".into(), "/h".into())]);
        let [workers, beat] = units(&Settings::of(&variables));
        assert_eq!(workers.name, "acoupi.service");
        assert_eq!(
            workers.text,
            "[Unit]\nDescription=Acoupi Service\nAfter=network.target\n\n[Service]\nType=forking\n\
             EnvironmentFile=-/h/.acoupi/config/env\nWorkingDirectory=/h/.acoupi\n\
             ExecStart=/h/.acoupi/bin/acoupi-workers-start.sh\n\
             ExecStop=/h/.acoupi/bin/acoupi-workers-stop.sh\n\
             ExecReload=/h/.acoupi/bin/acoupi-workers-restart.sh\nTimeoutStopSec=660\n\
             Restart=always\nRestartSec=3\n\n[Install]\nWantedBy=default.target\n"
        );
        assert!(beat.text.contains("Type=simple\n") && !beat.text.contains("ExecStop"), "{}", beat.text);
        assert_eq!(word(Path::new("/a b/50%")), "\"/a b/50%%\"");
    }
}
