//! Begins that fail.

use crate::home::{Home, Init};

const START: [&str; 8] = ["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"];

#[test]
fn everything_that_is_wrong_is_told_and_nothing_is_changed() {
    let home = Home::recording(Init::Systemd);
    let set = |field: &str, value: &str| {
        let said = home.acoupi(&["config", "set", "--field", field, value]);
        assert_eq!(said.status, 0, "{said:?}");
    };
    home.program("no-sound", "#!/bin/sh\nexit 1\n");
    set("microphone.device_name", "Zed");
    set("paths.recordings", "/proc/none/recordings");
    let acoupi = home.path("bin/acoupi").display().to_string();
    for words in [&["check"][..], &START] {
        let mut command = home.command(&acoupi);
        command.args(words).env("MINDER_ARECORD", home.path("bin/no-sound"));
        let said = crate::home::said(&mut command, "");
        assert_eq!((said.status, said.err.as_str()), (1, "Aborted!\n"), "{said:?}");
        assert!(said.out.starts_with("Running health checks...\n"), "{}", said.out);
        let errors = said.out.lines().filter(|line| line.starts_with("Error: ")).count();
        let hints = said.out.lines().filter(|line| line.starts_with("Help: ")).count();
        assert!(errors >= 1 && hints >= errors, "{}", said.out);
        assert!(said.out.contains("/proc/none/recordings"), "{}", said.out);
    }
    assert!(home.deployment().is_null());
    assert_eq!(home.orders(), [""; 0]);
}

#[test]
fn a_failed_check_leaves_no_storages() {
    let home = Home::recording(Init::Systemd);
    home.program("loginctl", "#!/bin/sh\necho no\n");
    let said = home.acoupi(&START);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.out.contains("Error: After a boot nothing would run until "), "{}", said.out);
    assert!(said.out.contains("Help: Run `sudo loginctl enable-linger "), "{}", said.out);
    assert!(home.deployment().is_null());
    assert!(!home.path("storages").exists(), "nothing was made");
    let unchecked = [&START[..], &["--no-check"]].concat();
    assert_eq!(home.acoupi(&unchecked).status, 0, "{}", home.logs());
}

#[test]
fn a_failure_half_way_undoes_what_was_done() {
    let home = Home::recording(Init::Systemd);
    home.write("state/acoupi-beat.service.broken", "");
    let said = home.acoupi(&START);
    assert_eq!(said.status, 1, "{said:?}");
    let told =
        "Error: `systemctl --user start acoupi-beat.service` failed: Job for acoupi-beat.service failed.\n";
    assert!(said.err.ends_with(told), "{}", said.err);
    let place = |words: &str| said.err.find(words).unwrap_or_else(|| panic!("{words} in {}", said.err));
    let order = [
        place("  stopped acoupi-beat.service\n"),
        place("  stopped acoupi.service\n"),
        place("  disabled acoupi-beat.service\n"),
        place("  disabled acoupi.service\n"),
        place("  removed the deployment from "),
        place("deployment.json\n"),
    ];
    assert!(order.is_sorted(), "{}", said.err);
    assert!(home.deployment().is_null());
    assert!(!home.path("storages").exists(), "{}", said.err);
    assert_eq!(home.orders().last().map(String::as_str), Some("disable acoupi.service"));
    assert!(!home.path("state/acoupi.service.enabled").exists());
    let status = home.acoupi(&["deployment", "status"]).out;
    assert!(status.contains("● Celery\n      status : unavailable\n"), "{status}");
    std::fs::remove_file(home.path("state/acoupi-beat.service.broken")).expect("mended");
    let said = home.acoupi(&START);
    assert_eq!(said.status, 0, "{said:?}\n{}", home.logs());
}

#[test]
fn what_there_was_before_is_there_after_a_failure() {
    let home = Home::recording(Init::Systemd);
    assert_eq!(home.acoupi(&START).status, 0, "{}", home.logs());
    assert_eq!(home.acoupi(&["deployment", "stop"]).status, 0, "{}", home.logs());
    let (record, rows) =
        (home.text(".acoupi/config/deployment.json"), home.rows("SELECT hex(id) FROM deployment"));
    home.write("state/acoupi.service.broken", "");
    assert_eq!(home.acoupi(&START).status, 1);
    assert_eq!(home.text(".acoupi/config/deployment.json"), record);
    assert_eq!(home.rows("SELECT hex(id) FROM deployment"), rows);
}

#[test]
fn where_nothing_starts_after_a_boot_that_is_said() {
    let home = Home::new(Init::Nobody);
    assert_eq!(home.acoupi(&["setup", "--no-prompt"]).status, 0);
    let path = home.path("bin").display().to_string();
    let acoupi = home.path("bin/acoupi").display().to_string();
    let start = |more: &[&str]| {
        let mut command = home.command(&acoupi);
        // The machine may have a crontab of its own.
        std::os::unix::fs::symlink("/bin/bash", home.path("bin/bash")).ok();
        command.args(START).args(more).env("PATH", &path);
        crate::home::said(&mut command, "")
    };
    let said = start(&[]);
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.out.contains("Warning: Nothing would start it again after a boot: "), "{}", said.out);
    assert!(said.err.contains("`--no-check` starts it until the next boot."), "{}", said.err);
    assert!(home.deployment().is_null());
    let said = start(&["--no-check"]);
    assert_eq!(said.status, 0, "{said:?}\n{}", home.logs());
    home.wait("the worker works", |home| home.pid("acoupi").is_some());
}

#[test]
fn who_comes_second_looks_at_nothing_and_undoes_nothing() {
    let home = Home::recording(Init::Systemd);
    home.program("loginctl", "#!/bin/sh\ntouch \"$HOME/looked\"\necho yes\n");
    let lock = home.path(".acoupi/run/deployment.lock");
    let mut first = std::process::Command::new("flock");
    first.arg(lock).args(["sh", "-c", "echo held; exec sleep 600"]).stdout(std::process::Stdio::piped());
    let mut first = first.spawn().expect("flock");
    let mut line = String::new();
    let mut told = std::io::BufReader::new(first.stdout.take().expect("its words"));
    std::io::BufRead::read_line(&mut told, &mut line).expect("it holds the lock");
    // flock waits for the sleep, which holds the lock too.
    let said = home.acoupi(&START);
    let sleep =
        std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", first.id())).unwrap_or_default();
    for pid in sleep.split_whitespace() {
        crate::home::kill(pid.parse().expect("a number"), "KILL");
    }
    first.wait().expect("ended");
    assert_eq!(said.status, 1, "{said:?}");
    assert!(said.err.contains("another command begins or ends a deployment here"), "{said:?}");
    assert!(
        !home.path("looked").exists(),
        "what the first one makes meanwhile is not the second one's to remove"
    );
    assert!(home.deployment().is_null());
}
