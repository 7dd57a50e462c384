//! The program as a `minder.toml`: no programs of its own, its tasks, its workers, and one resident that does them all.

use std::path::Path;
use std::time::Duration;

use minder_recorder::program::plan::{PlannedTask, PlannedWorker};
use minder_recorder::program::{Program, ProgramKind};

use crate::settings::Settings;

/// acoupi's time limits: a task is asked to end after so many seconds, and killed after so many.
const SOFT: u64 = 30;
const HARD: u64 = 60;

/// Who puts in what is due.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Beat {
    /// A unit of its own.
    Unit,
    /// minder, beside the workers: where only cron starts things, nobody would start a second one again.
    Minder,
}

/// The text of the file.
pub(crate) fn text(
    settings: &Settings,
    kind: ProgramKind,
    program: &Program,
    executable: &Path,
    beat: Beat,
) -> String {
    let path = |path: &Path| quoted(&path.display().to_string());
    let zone = match program {
        Program::Test(_) => String::new(),
        Program::Recorder(program) => format!("\n[deployment]\nzone = {}\n", quoted(&program.timezone)),
    };
    let beat = match beat {
        Beat::Unit => "elsewhere",
        Beat::Minder => "here",
    };
    let mut text = format!(
        "# Written by minder as `acoupi setup`, and whenever the configuration changes: do not edit it.\n\
         # The configuration is {}.\n\n\
         [minder]\nname = \"acoupi\"\nstate = {}\nlogs = {}\npidfile = {}\n{zone}\n[queue]\nbeat = \"{beat}\"\n",
        settings.program_config_file.display(),
        path(&settings.state_dir),
        path(&settings.log_dir),
        path(&settings.pidfile()),
    );
    let workers = program.workers();
    for worker in &workers {
        text.push_str(&worker_section(worker));
    }
    for task in program.tasks() {
        text.push_str(&task_section(&task, program, &workers));
    }
    text.push_str(&format!(
        "\n[resident.recorder]\ncommand = [{}, \"recorder\", \"resident\", \"--program\", {}, \"--config\", {}]\n",
        path(executable),
        quoted(kind.module()),
        path(&settings.program_config_file),
    ));
    text
}

fn worker_section(worker: &PlannedWorker) -> String {
    let at_once = worker.at_once.map_or_else(|| "\"processors\"".to_owned(), |count| count.to_string());
    format!("\n[worker.{}]\nat-once = {at_once}\n", worker.name)
}

fn task_section(task: &PlannedTask, program: &Program, workers: &[PlannedWorker]) -> String {
    let worker = workers.iter().find(|worker| worker.queues.contains(&task.queue)).or(workers.first());
    let worker = worker.map_or("default", |worker| worker.name);
    let mut text = format!("\n[task.{}]\nresident = \"recorder\"\nworker = \"{worker}\"\n", task.name);
    if let Some(every) = task.every {
        text.push_str(&format!("every = \"{}\"\n", duration(every)));
    }
    if task.every.is_none() || without_a_pause(task, program) {
        // Each recording is looked at, however many wait; and one that begins where another ends is due before that has ended.
        text.push_str("overlap = \"queue\"\n");
    }
    if !task.then.is_empty() {
        let names: Vec<String> = task.then.iter().map(|name| quoted(name)).collect();
        text.push_str(&format!("then = [{}]\n", names.join(", ")));
    }
    let longer = longer_than_usual(task, program);
    text.push_str(&format!("timeout = \"{}s\"\nkill-after = \"{}s\"\n", SOFT + longer, HARD + longer));
    text
}

/// Whether recordings follow one another.
fn without_a_pause(task: &PlannedTask, program: &Program) -> bool {
    let Program::Recorder(program) = program else { return false };
    let length = Duration::from_secs(u64::from(program.recording.duration));
    task.name == "recording_task" && task.every.is_some_and(|every| every <= length)
}

/// A recording may take as long as it is, and what a detector may take is said elsewhere; acoupi would kill them. The others
/// have much to do after a long night.
fn longer_than_usual(task: &PlannedTask, program: &Program) -> u64 {
    let Program::Recorder(program) = program else { return 0 };
    match task.name {
        "recording_task" => u64::from(program.recording.duration),
        "detection_task" => u64::from(program.minder.detector_timeout),
        "file_management_task" | "send_messages_task" => 570,
        _ => 0,
    }
}

/// As `minder.toml` writes one: whole seconds, and the rest in milliseconds.
fn duration(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (seconds, 0) => format!("{seconds}s"),
        (0, millis) => format!("{millis}ms"),
        (seconds, millis) => format!("{seconds}s{millis}ms"),
    }
}

/// A text of TOML that is not looked into for variables.
fn quoted(text: &str) -> String {
    let escaped = text.replace("$$", "$$$$").replace("${", "$${");
    serde_json::Value::String(escaped).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use minder_recorder::program::{Prey, Program, ProgramKind, Surroundings};
    use serde_json::json;

    use super::{Beat, text};
    use crate::settings::Settings;

    fn toml(kind: ProgramKind, configuration: &serde_json::Value) -> String {
        let surroundings = Surroundings { home: "/h".into(), temporary: PathBuf::from("/run/shm") };
        let program = Program::from_json(kind, configuration, &surroundings).expect("a configuration");
        let settings = Settings::of(&BTreeMap::from([("HOME".into(), "/h".into())]));
        text(&settings, kind, &program, Path::new("/usr/bin/minder"), Beat::Unit)
    }

    #[test]
    fn tasks_and_workers_are_those_of_the_program() {
        let microphone = json!({"microphone": {"device_name": "simulated"}, "messaging": {}});
        let text = toml(ProgramKind::Detection(Prey::Bats), &microphone);
        for part in [
            "[worker.recording]\nat-once = 1\n",
            "[worker.detection]\nat-once = 1\n",
            "[worker.default]\nat-once = \"processors\"\n",
            "[task.recording_task]\nresident = \"recorder\"\nworker = \"recording\"\nevery = \"10s\"\n\
             then = [\"detection_task\"]\ntimeout = \"33s\"\n",
            "[task.detection_task]\nresident = \"recorder\"\nworker = \"detection\"\noverlap = \"queue\"\n",
            "[task.file_management_task]\nresident = \"recorder\"\nworker = \"default\"\nevery = \"120s\"\n",
            "zone = \"Europe/London\"",
            "beat = \"elsewhere\"",
            "command = [\"/usr/bin/minder\", \"recorder\", \"resident\", \"--program\", \"acoupi_batdetect2.program\", \
             \"--config\", \"/h/.acoupi/config/program.json\"]",
        ] {
            assert!(text.contains(part), "{part}\nin\n{text}");
        }
        assert!(!text.contains("send_messages_task"), "there is nobody to send to");
    }

    #[test]
    fn the_test_program_has_one_worker_and_one_task() {
        let text = toml(ProgramKind::Test, &json!({}));
        assert!(text.contains("[worker.acoupi]\n") && text.contains("[task.test_task]\n"), "{text}");
        assert!(text.contains("worker = \"acoupi\"\nevery = \"10s\"\n"), "{text}");
    }
}
