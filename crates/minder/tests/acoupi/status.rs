//! What `deployment status` says of what is not well.

use crate::home::{Home, Init, kill};

const START: [&str; 8] = ["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"];

#[test]
fn nothing_that_was_deployed_is_inactive() {
    let home = Home::new(Init::Systemd);
    assert_eq!(home.acoupi(&["setup", "--no-prompt"]).status, 0);
    let status = home.acoupi(&["deployment", "status"]);
    let out = "Setting up test program\nChecking test program configurations\nAcoupi status:\n\n\
               ● System Services\n      acoupi : inactive\n        beat : inactive\n\n\
               ● Celery\n      status : unavailable\n\n\
               ● Program\n      status : ok\n\n\
               ● Deployment\n      status : inactive\n";
    assert_eq!((status.status, status.out.as_str()), (0, out));
    std::fs::remove_file(home.path(".config/systemd/user/acoupi-beat.service")).expect("removed");
    let status = home.acoupi(&["deployment", "status"]).out;
    assert!(status.contains("      acoupi : uninstalled\n        beat : uninstalled\n"), "{status}");
    assert_eq!(home.acoupi(&["config", "set", "--field", "name", "x"]).status, 0);
    let status = home.acoupi(&["deployment", "status"]).out;
    let program = "● Program\n      status : unhealthy\n\n               Configuration errors were found\n\
                   \x20              Run `acoupi check` for details.\n";
    assert!(status.contains(program), "{status}");
    home.write(".acoupi/config/program.json", "{");
    let status = home.acoupi(&["deployment", "status"]);
    assert!(status.status == 0 && status.out.contains("● Program\n      status : error\n"), "{status:?}");
}

#[test]
fn every_word_of_the_user_manager_is_shown() {
    let home = Home::new(Init::Systemd);
    assert_eq!(home.acoupi(&["setup", "--no-prompt"]).status, 0);
    for (word, shown) in [
        ("active", "active"),
        ("activating", "activating"),
        ("deactivating", "deactivating"),
        ("reloading", "reloading"),
        ("failed", "failed"),
        ("maintenance", "unknown"),
    ] {
        home.write("state/acoupi.service", word);
        let status = home.acoupi(&["deployment", "status"]).out;
        assert!(status.contains(&format!("      acoupi : {shown}\n")), "{word}: {status}");
    }
}

#[test]
fn a_service_that_failed_shows_the_last_lines_of_its_logs() {
    let home = Home::recording(Init::Systemd);
    home.write("state/acoupi.service", "failed");
    home.write(".acoupi/log/recording.log", "first\nthe microphone is on fire\n");
    let status = home.acoupi(&["deployment", "status"]).out;
    let log = home.path(".acoupi/log/recording.log");
    let shown = format!(
        "               acoupi.service has failed:\n               {}:\n                 first\n\
         \x20                the microphone is on fire\n",
        log.display()
    );
    assert!(status.contains(&shown), "{status}");
}

#[test]
fn a_worker_that_was_killed_is_notok_until_it_is_back() {
    let home = Home::recording(Init::Systemd);
    assert_eq!(home.acoupi(&START).status, 0, "{}", home.logs());
    // One that has worked for a while is started again at once.
    home.wait("it has settled", |home| {
        home.text(".acoupi/log/minder.log").contains("success: recording entered RUNNING state")
    });
    let pid = home.pid("recording").expect("it works");
    let log = home.path(".acoupi/log/recording.log");
    kill(pid, "KILL");
    let status = home.acoupi(&["deployment", "status"]).out;
    let part = "     workers\n   recording : notok\n     default : ok\n\n               recording ";
    assert!(status.contains(part), "{status}\n{}", home.logs());
    assert!(status.contains(&format!(": see {}\n", log.display())), "{status}");
    home.wait("another process", |home| home.pid("recording").is_some_and(|other| other != pid));
    let status = home.acoupi(&["deployment", "status"]).out;
    let part = format!("{part}died, and has begun again: see {}\n", log.display());
    assert!(status.contains(&part), "{status}\n{}", home.logs());
    home.wait("it works", |home| home.acoupi(&["deployment", "status"]).out.contains("   recording : ok\n"));
    // Who was asked to end has not died.
    assert_eq!(home.acoupi(&["workers", "restart"]).status, 0);
    let status = home.acoupi(&["deployment", "status"]).out;
    assert!(status.contains("   recording : ok\n     default : ok\n"), "{status}");
}

#[test]
fn a_record_without_services_is_no_active_deployment() {
    let home = Home::recording(Init::Systemd);
    let record =
        r#"{"id":"aaa5d000-2693-4644-9cbb-e93aa08428c1","name":"b","started_on":"2024-01-01T10:00:00.5Z"}"#;
    home.write(".acoupi/config/deployment.json", record);
    let status = home.acoupi(&["deployment", "status"]).out;
    let part = "● Deployment\n      status : inactive\n\n               It was started and has not ended, but its services \
                do not run.\n";
    assert!(status.contains(part), "{status}");
    let info = "        info\n  started on : Monday, 01. January 2024 10:00AM\n        name : b\n";
    assert!(status.ends_with(info), "{status}");
}

#[test]
fn a_record_that_cannot_be_read_is_said_to_be_in_the_way() {
    let home = Home::recording(Init::Systemd);
    home.write(".acoupi/config/deployment.json", "{");
    let status = home.acoupi(&["deployment", "status"]).out;
    let path = home.path(".acoupi/config/deployment.json");
    let part = format!("● Deployment\n      status : inactive\n\n               {}: ", path.display());
    assert!(status.contains(&part), "{status}");
    assert!(status.ends_with("Mend or remove it; until then nothing begins or ends.\n"), "{status}");
}
