//! A deployment from its begin to its end, with everything real but the sound card and the user manager.

use crate::home::{Home, Init};

const START: [&str; 8] =
    ["deployment", "start", "--name", "site a", "--latitude", "51.5", "--longitude", "-0.1"];

#[test]
fn a_deployment_begins_records_and_ends() {
    let home = Home::recording(Init::Systemd);
    let said = home.acoupi(&START);
    let out = "Running health checks...\nHealth checks passed.\nStarting acoupi...\nAcoupi started.\n";
    assert_eq!((said.status, said.out.as_str()), (0, out), "{said:?}\n{}", home.logs());
    let orders = home.orders();
    let expected = [
        "daemon-reload",
        "enable acoupi.service",
        "enable acoupi-beat.service",
        "start acoupi.service",
        "start acoupi-beat.service",
    ];
    assert_eq!(orders, expected);
    let line = home.text(".acoupi/config/deployment.json");
    assert!(!line.contains('\n') && !line.contains("ended_on"), "{line}");
    let record = home.deployment();
    assert_eq!(
        (&record["name"], &record["latitude"], &record["longitude"]),
        (&"site a".into(), &51.5.into(), &(-0.1).into())
    );
    let query = "SELECT name || ' ' || latitude || ' ' || longitude || ' ' || lower(hex(id)) FROM deployment";
    let id = record["id"].as_str().expect("an id").replace('-', "");
    assert_eq!(home.rows(query), [format!("site a 51.5 -0.1 {id}")]);
    home.wait("something is recorded", |home| home.rows("SELECT path FROM recording").len() >= 2);
    assert!(home.path("storages/recordings").is_dir());

    let second = home.acoupi(&START);
    assert_eq!(second.status, 1);
    assert!(second.err.contains("Acoupi has already been deployed."), "{second:?}");
    assert_eq!(home.text(".acoupi/config/deployment.json"), line, "and the first one goes on");

    let status = home.acoupi(&["deployment", "status"]);
    assert_eq!(status.status, 0);
    let year = &record["started_on"].as_str().expect("a time")[..4];
    assert!(status.out.contains(year), "{}", status.out);
    let begin = "Acoupi status:\n\n● System Services\n      acoupi : active\n        beat : active\n\n\
                 ● Celery\n      status : available\n\n     workers\n   recording : ok\n     default : ok\n\n\
                 ● Program\n      status : ok\n\n● Deployment\n      status : active\n\n        info\n  started on : ";
    assert!(status.out.starts_with(begin), "{}\n{}", status.out, home.logs());
    assert!(status.out.ends_with("        name : site a\n    latitude : 51.5\n   longitude : -0.1\n"));

    let said = home.acoupi(&["deployment", "stop"]);
    assert_eq!(said.status, 0, "{said:?}\n{}", home.logs());
    assert!(
        said.out.starts_with("Stopping acoupi...\n") && said.out.ends_with("Acoupi stopped.\n"),
        "{}",
        said.out
    );
    let expected = [
        "stop acoupi.service",
        "stop acoupi-beat.service",
        "disable acoupi.service",
        "disable acoupi-beat.service",
    ];
    assert_eq!(home.orders()[orders.len()..], expected);
    assert!(home.deployment()["ended_on"].is_string());
    assert_eq!(home.rows("SELECT ended_on FROM deployment").len(), 1);
    let recorded = home.rows("SELECT path FROM recording");
    assert_eq!(home.kept(), recorded.len(), "every recording was kept: {}", home.logs());
    assert_eq!(std::fs::read_dir(home.path("tmp")).expect("readable").count(), 0);
    for path in recorded {
        assert!(std::path::Path::new(&path).is_file(), "{path}");
    }
}

#[test]
fn what_has_ended_comes_back_only_by_a_new_begin() {
    let home = Home::new(Init::Systemd);
    assert_eq!(home.acoupi(&["setup", "--no-prompt"]).status, 0);
    let never = home.acoupi(&["deployment", "stop"]);
    assert_eq!(never.status, 1);
    assert!(never.err.contains("Acoupi has not been deployed yet."), "{never:?}");
    assert_eq!(home.acoupi(&START).status, 0, "{}", home.logs());
    let first = home.deployment();
    let stopped = home.acoupi(&["deployment", "stop"]);
    assert_eq!(stopped.status, 0, "{stopped:?}");
    let again = home.acoupi(&["deployment", "stop"]);
    assert_eq!(again.status, 1);
    assert!(again.err.contains("Acoupi deployment has already ended."), "{again:?}");
    assert!(!home.path("state/acoupi.service.enabled").exists(), "nothing starts after a boot");
    let status = home.acoupi(&["deployment", "status"]).out;
    assert!(status.contains("● Deployment\n      status : inactive\n"), "{status}");
    assert_eq!(home.acoupi(&START).status, 0, "{}", home.logs());
    let second = home.deployment();
    assert_ne!(first["id"], second["id"]);
    assert!(second["ended_on"].is_null());
}

#[test]
fn a_person_is_asked_for_name_and_place_until_they_can_be() {
    let home = Home::new(Init::Systemd);
    assert_eq!(home.acoupi(&["setup", "--no-prompt"]).status, 0);
    let said = home.typing("\nsite a\nabc\n91\n51.5\n-200\n-0.1\n", &["deployment", "start"]);
    assert_eq!(said.status, 0, "{said:?}\n{}", home.logs());
    let asked = "Enter the name of the deployment: Enter the name of the deployment: \
                 Enter the latitude of the deployment: Error: 'abc' is not a valid float.\n\
                 Enter the latitude of the deployment: Error: latitude must be between -90 and 90.\n\
                 Enter the latitude of the deployment: \
                 Enter the longitude of the deployment: Error: longitude must be between -180 and 180.\n\
                 Enter the longitude of the deployment: Running health checks...\n";
    assert!(said.out.starts_with(asked), "{}", said.out);
    assert_eq!(home.deployment()["latitude"], 51.5);
}

#[test]
fn options_that_cannot_be_change_nothing() {
    let home = Home::new(Init::Systemd);
    assert_eq!(home.acoupi(&["setup", "--no-prompt"]).status, 0);
    for (option, value, why) in [
        ("--latitude", "91", "latitude must be between -90 and 90."),
        ("--longitude", "-181", "longitude must be between -180 and 180."),
        ("--latitude", "abc", "'abc' is not a valid float."),
    ] {
        let said = home.acoupi(&["deployment", "start", "--name", "a", option, value]);
        assert_eq!(said.status, 2, "{said:?}");
        assert!(said.err.ends_with(&format!("Error: Invalid value for '{option}': {why}\n")), "{}", said.err);
    }
    assert!(home.deployment().is_null());
    assert_eq!(home.orders(), [""; 0]);
}

#[test]
fn tasks_are_listed_and_done_here() {
    let home = Home::recording(Init::Systemd);
    let listed = home.acoupi(&["task", "list"]);
    let out = "Program Program tasks:\n\n  • recording_task\n  • file_management_task\n";
    assert_eq!((listed.status, listed.out.as_str()), (0, out));
    let ran = home.acoupi(&["task", "run", "recording_task"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "Running task recording_task\n"), "{ran:?}");
    assert_eq!(home.rows("SELECT path FROM recording").len(), 1);
    assert_eq!(home.acoupi(&["task", "run", "file_management_task"]).status, 0);
    assert_eq!(home.kept(), 1);
    let unknown = home.acoupi(&["task", "run", "x"]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.err.ends_with("\n\nError: Task x not found.\n"), "{}", unknown.err);
    let output = home.path("profile").display().to_string();
    let profiled = home.acoupi(&["task", "profile", "file_management_task", "--output", &output]);
    assert_eq!((profiled.status, profiled.out.as_str()), (0, "Profiling task file_management_task\n"));
    assert!(home.text("profile").contains("wall "), "{}", home.text("profile"));
}

#[test]
fn workers_are_started_recycled_and_stopped_by_hand() {
    let home = Home::recording(Init::Systemd);
    let down = home.acoupi(&["workers", "stop"]);
    assert!(
        down.status == 0 && down.out.contains("> recording@") && down.out.contains(": DOWN\n"),
        "{down:?}"
    );
    let started = home.acoupi(&["workers", "start"]);
    assert_eq!(started.status, 0, "{started:?}\n{}", home.logs());
    assert!(started.out.starts_with("> Starting nodes...\n\t> recording@"), "{}", started.out);
    let before = home.pid("recording").expect("it works");
    let celery = home.acoupi(&["celery", "status"]).out;
    assert!(celery.contains("->  recording@") && celery.ends_with("\n2 nodes online.\n"), "{celery}");
    let restarted = home.acoupi(&["workers", "restart"]);
    assert_eq!(restarted.status, 0, "{restarted:?}\n{}", home.logs());
    home.wait("another process", |home| home.pid("recording").is_some_and(|pid| pid != before));
    assert_eq!(home.acoupi(&["workers", "purge"]).status, 0);
    let stopped = home.acoupi(&["workers", "stop"]);
    assert!(stopped.status == 0 && stopped.out.contains("TERM -> "), "{stopped:?}");
    let celery = home.acoupi(&["celery", "status"]);
    assert_eq!((celery.status, celery.out.as_str()), (0, ""));
}

#[test]
fn what_nobody_has_stored_yet_is_kept_when_a_deployment_ends_and_what_is_not_ours_is_told() {
    let home = Home::recording(Init::Systemd);
    assert_eq!(home.acoupi(&START).status, 0, "{}", home.logs());
    home.wait("something is recorded", |home| !home.rows("SELECT path FROM recording").is_empty());
    let file = std::path::PathBuf::from(&home.rows("SELECT path FROM recording")[0]);
    let sound = std::fs::read(&file).expect("readable");
    assert_eq!(home.acoupi(&["workers", "stop"]).status, 0);
    // As if the disk had been full when it was to be stored.
    let left = home.path("tmp/20240601_220000.wav");
    let at = sound.windows(10).position(|part| part == b"Timestamp:").expect("a time") + 10;
    let year = sound[at..].windows(2).position(|part| part == b"20").expect("a year") + at;
    let mut other = sound.clone();
    other[year..year + 4].copy_from_slice(b"2024");
    std::fs::write(&left, other).expect("written");
    home.write("tmp/song.wav", "of somebody else");
    let said = home.acoupi(&["deployment", "stop"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(!left.exists(), "{said:?}");
    assert_eq!(home.rows("SELECT path FROM recording WHERE datetime LIKE '2024%'").len(), 1, "{said:?}");
    assert!(said.out.contains("Warning: 1 other files of sound are in "), "{said:?}");
}
