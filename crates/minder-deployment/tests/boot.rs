//! Boot units, with programs of the test in the place of `systemctl` and `crontab`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use minder_deployment::boot::{Boot, BootUnit, CronEntry, ServiceState};
use minder_deployment::outside::Outside;
use minder_deployment::undo::Undo;

struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for folder in ["bin", "units", "state"] {
            std::fs::create_dir(dir.path().join(folder)).expect("made");
        }
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A program of this name, with `$S` for the folder of its state.
    fn program(&self, name: &str, script: &str) {
        let text = format!("#!/bin/sh\nS='{}'\n{script}\n", self.path("state").display());
        executable(&self.path("bin").join(name), &text);
    }

    fn boot(&self) -> Boot {
        let path = format!("{}:/usr/bin:/bin", self.path("bin").display());
        Boot::find(&Outside::of_path(path), &self.path("units"), "a.service")
    }

    fn state(&self, name: &str) -> String {
        std::fs::read_to_string(self.path("state").join(name)).unwrap_or_default()
    }

    fn unit(&self) -> BootUnit {
        let cron = CronEntry { start: self.path("bin/start.sh"), stop: self.path("bin/stop.sh") };
        BootUnit { name: "a.service".into(), text: "[Service]\n".into(), cron: Some(cron) }
    }
}

fn executable(path: &Path, text: &str) {
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// A user manager that keeps a unit's state in a file.
const SYSTEMCTL: &str = r#"
echo "$*" >> "$S/calls"
case "$2" in
is-active) cat "$S/$3" 2>/dev/null || echo inactive; [ "$(cat "$S/$3" 2>/dev/null)" = active ] ;;
enable) echo enabled > "$S/enabled"; echo "Created symlink $3." >&2 ;;
disable) rm -f "$S/enabled" ;;
is-enabled) [ -e "$S/enabled" ] && echo enabled || { echo disabled; exit 1; } ;;
start) [ -e "$S/broken" ] && { echo "Job for $3 failed." >&2; exit 1; }; echo active > "$S/$3" ;;
stop) echo inactive > "$S/$3" ;;
esac"#;

const SILENT: &str = "echo 'Failed to connect to bus: No medium found' >&2; exit 1";

const CRONTAB: &str = r#"
case "$1" in
-l) cat "$S/table" 2>/dev/null || { echo "no crontab for ann" >&2; exit 1; } ;;
-) cat > "$S/table" ;;
esac"#;

#[test]
fn a_unit_is_installed_enabled_started_stopped_and_disabled() {
    let place = Place::new();
    place.program("systemctl", SYSTEMCTL);
    let boot = place.boot();
    assert!(matches!(boot, Boot::Systemd(_)), "{boot:?}");
    let (unit, mut undo) = (place.unit(), Undo::new());
    boot.install(std::slice::from_ref(&unit), &mut undo).expect("installed");
    boot.install(std::slice::from_ref(&unit), &mut undo).expect("installed again");
    assert_eq!(boot.enable(&unit, &mut undo).expect("enabled"), "Created symlink a.service.\n");
    assert_eq!(boot.is_enabled(&unit), Some(true));
    boot.start(&unit, &mut undo).expect("started");
    assert_eq!(boot.state(&unit), Some(ServiceState::Active));
    boot.stop(&unit).expect("stopped");
    boot.disable(&unit).expect("disabled");
    assert_eq!(boot.state(&unit), Some(ServiceState::Inactive));
    assert_eq!(boot.is_enabled(&unit), Some(false));
    let calls = place.state("calls");
    let orders: Vec<&str> = calls.lines().filter(|call| !call.contains("is-")).collect();
    let expected = ["daemon-reload", "daemon-reload", "enable", "start", "stop", "disable"];
    let verbs: Vec<&str> = orders.iter().filter_map(|order| order.split(' ').nth(1)).collect();
    assert_eq!(verbs, expected);
}

#[test]
fn a_start_that_fails_is_undone_backwards() {
    let place = Place::new();
    place.program("systemctl", SYSTEMCTL);
    std::fs::write(place.path("state/broken"), "").expect("written");
    let boot = place.boot();
    let (unit, mut undo) = (place.unit(), Undo::new());
    boot.install(std::slice::from_ref(&unit), &mut undo).expect("installed");
    boot.enable(&unit, &mut undo).expect("enabled");
    let error = boot.start(&unit, &mut undo).expect_err("it is broken");
    assert_eq!(error.to_string(), "`systemctl --user start a.service` failed: Job for a.service failed.");
    let undone: Vec<String> = undo.undo().iter().map(ToString::to_string).collect();
    let file = place.path("units/a.service");
    let removed = format!("removed {}", file.display());
    assert_eq!(undone, ["stopped a.service", "disabled a.service", removed.as_str()]);
    assert!(!file.exists());
    assert_eq!(boot.is_enabled(&unit), Some(false));
}

#[test]
fn cron_starts_it_where_no_user_manager_answers() {
    let place = Place::new();
    place.program("systemctl", SILENT);
    place.program("crontab", CRONTAB);
    place.program("start.sh", "echo running > $S/it");
    place.program("stop.sh", "echo ended > $S/it");
    std::fs::write(place.path("state/table"), "0 1 * * * other\n").expect("written");
    let boot = place.boot();
    assert!(matches!(boot, Boot::Cron(_)), "{boot:?}");
    let (unit, mut undo) = (place.unit(), Undo::new());
    boot.install(std::slice::from_ref(&unit), &mut undo).expect("nothing to install");
    boot.enable(&unit, &mut undo).expect("enabled");
    boot.enable(&unit, &mut undo).expect("enabled again");
    let start = place.path("bin/start.sh");
    let table = format!("0 1 * * * other\n@reboot '{}' # minder deployment: a.service\n", start.display());
    assert_eq!(place.state("table"), table);
    boot.start(&unit, &mut undo).expect("started");
    assert_eq!(place.state("it"), "running\n");
    let undone: Vec<String> = undo.undo().iter().map(ToString::to_string).collect();
    assert_eq!(undone, ["stopped a.service", "removed the line of a.service from the crontab"]);
    assert_eq!((place.state("it"), place.state("table")), ("ended\n".into(), "0 1 * * * other\n".into()));
    boot.disable(&unit).expect("nothing to disable");
}

#[test]
fn where_nobody_starts_anything_that_is_said() {
    let place = Place::new();
    place.program("systemctl", SILENT);
    let path = place.path("bin").display().to_string();
    let boot = Boot::find(&Outside::of_path(path), &place.path("units"), "a.service");
    let Boot::Nothing(why) = &boot else { panic!("{boot:?}") };
    let expected = "`systemctl --user` does not answer (Failed to connect to bus: No medium found); \
                    there is no `crontab`";
    assert_eq!(why, expected);
    assert!(boot.enable(&place.unit(), &mut Undo::new()).is_err());
    assert_eq!(boot.state(&place.unit()), Some(ServiceState::Unknown));
}
