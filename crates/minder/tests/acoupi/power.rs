//! A power cut: everything is killed at once, and what is enabled is started again.

use std::process::Command;

use crate::home::{Home, Init, kill};

#[test]
fn the_same_deployment_goes_on_after_a_power_cut() {
    let home = Home::recording(Init::Systemd);
    let start = ["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"];
    assert_eq!(home.acoupi(&start).status, 0, "{}", home.logs());
    home.wait("something is recorded", |home| !home.rows("SELECT path FROM recording").is_empty());
    let before = home.text(".acoupi/config/deployment.json");
    cut(&home);
    let recorded = home.rows("SELECT path FROM recording").len();
    // What the user manager does after a boot with what is enabled.
    for unit in ["acoupi.service", "acoupi-beat.service"] {
        assert!(home.path(&format!("state/{unit}.enabled")).exists(), "{unit}");
        let status =
            home.command("sh").arg(home.path("bin/systemctl")).args(["--user", "start", unit]).status();
        assert!(status.expect("it runs").success(), "{}", home.logs());
    }
    home.wait("more is recorded", |home| home.rows("SELECT path FROM recording").len() > recorded);
    assert_eq!(home.text(".acoupi/config/deployment.json"), before);
    assert_eq!(home.rows("SELECT name FROM deployment"), ["a"]);
    // The machine was not booted, so they have died for all that they know.
    home.wait("all is well", |home| {
        let status = home.acoupi(&["deployment", "status"]).out;
        status.contains("   recording : ok\n     default : ok\n") && status.contains("status : active\n")
    });
}

/// Kills every process that has this home, at once.
fn cut(home: &Home) {
    let word = home.path(".acoupi").display().to_string();
    loop {
        let found: Vec<i32> = processes(&word);
        if found.is_empty() {
            break;
        }
        for pid in found {
            kill(pid, "KILL");
        }
    }
}

fn processes(word: &str) -> Vec<i32> {
    let listed = Command::new("ps").args(["-eo", "pid=,stat=,args="]).output().expect("ps");
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let ours = text.lines().filter_map(|line| {
        let mut fields = line.split_whitespace();
        let (pid, state) = (fields.next()?, fields.next()?);
        let is_own = line.contains(word) && !state.starts_with('Z');
        pid.parse().ok().filter(|_| is_own)
    });
    ours.collect()
}
