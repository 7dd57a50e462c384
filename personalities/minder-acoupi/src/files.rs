//! What `acoupi setup` writes besides the configuration: scripts, the settings of the queue, the folders of what runs.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use minder_deployment::write_whole;
use serde_json::{Value, json};

use crate::settings::Settings;
use crate::wizard::arguments::Arguments;

/// A file that cannot be written.
#[derive(Debug)]
pub(crate) struct FileError(PathBuf, io::Error);

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.0.display(), self.1)
    }
}

impl std::error::Error for FileError {}

/// Writes a file that a power cut leaves whole.
pub(crate) fn write(path: &Path, text: &str, mode: u32) -> Result<(), FileError> {
    write_whole(path, text, mode).map_err(|error| FileError(path.to_owned(), error))
}

/// Makes a folder.
pub(crate) fn make(path: &Path) -> Result<(), FileError> {
    std::fs::create_dir_all(path).map_err(|error| FileError(path.to_owned(), error))
}

/// The four scripts. `executable` is minder.
pub(crate) fn write_scripts(settings: &Settings, executable: &Path, now: Timestamp) -> Result<(), FileError> {
    let minder = quoted(executable);
    let toml = quoted(&settings.minder_toml);
    let acoupi = format!("export ACOUPI_HOME={}\nexec -a acoupi {minder}", quoted(&settings.home));
    let scripts = [
        (
            &settings.start_script,
            "starts the workers",
            format!("exec -a minder {minder} run --daemon {toml}"),
        ),
        (
            &settings.stop_script,
            "stops the workers when they have done what they do",
            format!("{acoupi} workers stop"),
        ),
        (&settings.restart_script, "restarts the workers", format!("{acoupi} workers restart")),
        (&settings.beat_script, "runs the beat", format!("{acoupi} beat")),
    ];
    for (path, what, command) in scripts {
        let shown = now.strftime("%Y-%m-%d %H:%M:%S.%6f");
        let text = format!(
            "#!/bin/bash\n# This {what}.\n# Written by minder as `acoupi setup`: it is written again, so do not edit it.\n\
             # Date: {shown}\n\n{command}\n"
        );
        write(path, &text, 0o755)?;
    }
    Ok(())
}

/// A word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

/// What stands where the original's task application is: whoever looks for it knows by it that acoupi is set up.
pub(crate) fn program_file(module: &str) -> String {
    format!(
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n\"\"\"The program {module}, which minder runs.\n\n\
         Written by minder as `acoupi setup`: it says that acoupi is set up, and nothing else.\n\"\"\"\n"
    )
}

/// `celery.json`. Nobody is asked for any of it.
pub(crate) fn celery_settings(arguments: &Arguments) -> String {
    let mut settings = json!({
        "enable_utc": true,
        "timezone": "UTC",
        "broker_url": "pyamqp://guest@localhost//",
        "broker_connection_retry_on_startup": true,
        "result_backend": "rpc://",
        "result_persistent": false,
        "task_serializer": "pickle",
        "result_serializer": "pickle",
        "accept_content": ["pickle"],
        "task_acks_late": true,
        "worker_prefetch_multiplier": 1,
        "task_soft_time_limit": 30,
        "task_time_limit": 60,
        "beat_max_loop_interval": 1,
    });
    for (name, value) in settings.as_object_mut().into_iter().flatten() {
        if let Some(said) = said(arguments, name, value) {
            *value = said;
        }
    }
    pretty(&settings)
}

/// What was said of a setting, if it can be one.
fn said(arguments: &Arguments, name: &str, preset: &Value) -> Option<Value> {
    match preset {
        Value::Array(_) => arguments.list(name).map(|list| json!(list)),
        Value::Bool(_) => match arguments.value(name)?.to_lowercase().as_str() {
            "true" | "t" | "yes" | "y" => Some(json!(true)),
            "false" | "f" | "no" | "n" => Some(json!(false)),
            _ => None,
        },
        Value::Number(_) => arguments.value(name)?.parse::<i64>().ok().map(|number| json!(number)),
        Value::String(_) | Value::Null | Value::Object(_) => arguments.value(name).map(|text| json!(text)),
    }
}

/// JSON as acoupi's files have it.
pub(crate) fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{celery_settings, quoted};
    use crate::wizard::arguments::Arguments;

    #[test]
    fn settings_of_the_queue_are_taken_from_the_command_line() {
        let words = ["--task_time_limit", "90", "--accept_content.0", "json", "--broker_url", "amqp://x"];
        let text = celery_settings(&Arguments::of(&words.map(str::to_owned)));
        for line in
            ["\"task_time_limit\": 90", "\"json\"", "\"broker_url\": \"amqp://x\"", "\"timezone\": \"UTC\""]
        {
            assert!(text.contains(line), "{line} in {text}");
        }
        assert!(text.starts_with("{\n  \"enable_utc\": true,\n"));
    }

    #[test]
    fn any_path_is_one_word() {
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
