//! What every machine must have that is to go on after a power cut: somebody who starts it again, and a clock.

use std::path::Path;
use std::time::Duration;

use crate::boot::Boot;
use crate::checks::Finding;
use crate::moment::Clock;
use crate::outside::Outside;

/// Where logind notes whose user manager runs without a login.
const LINGERING: &str = "/var/lib/systemd/linger";

/// How long another program may take to say what it knows.
const LIMIT: Duration = Duration::from_secs(20);

/// Whether the user manager runs before somebody logs in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Linger {
    /// It does.
    Yes,
    /// It does not: after a boot nothing runs until somebody logs in.
    No,
    /// Nobody knows.
    Unknown,
}

/// Everything about the machine, for a deployment that begins by `boot`.
pub fn look(outside: &Outside, boot: &Boot, zone: &str, clock: Clock) -> Vec<Finding> {
    let mut findings = vec![starts_again(boot)];
    if matches!(boot, Boot::Systemd(_)) {
        findings.push(lingers(linger(outside, &user()), &user()));
    }
    findings.push(knows_zone(zone));
    findings.push(knows_time(clock));
    findings
}

fn starts_again(boot: &Boot) -> Finding {
    let name = "boot";
    match boot {
        Boot::Systemd(_) | Boot::Cron(_) => Finding::holds(name),
        Boot::Nothing(why) => Finding::warns(
            name,
            format!("Nothing would start it again after a boot: {why}."),
            "Log in as a user with a systemd user manager, or install cron.",
        ),
    }
}

fn lingers(linger: Linger, user: &str) -> Finding {
    let name = "linger";
    let hint = format!("Run `sudo loginctl enable-linger {user}`.");
    match linger {
        Linger::Yes => Finding::holds(name),
        Linger::No => Finding::fails(
            name,
            format!("After a boot nothing would run until {user} logs in: linger is not enabled."),
            &hint,
        ),
        Linger::Unknown => Finding::warns(
            name,
            format!(
                "Nobody knows whether linger is enabled for {user}; without it nothing runs after a boot."
            ),
            &hint,
        ),
    }
}

fn knows_zone(zone: &str) -> Finding {
    let name = "time zone";
    if zone.is_empty() {
        return match jiff::tz::TimeZone::try_system() {
            Ok(_) => Finding::holds(name),
            Err(error) => Finding::warns(
                name,
                format!("The machine has no time zone: {error}."),
                "Set one with `sudo timedatectl set-timezone AREA/CITY`.",
            ),
        };
    }
    match jiff::tz::TimeZone::get(zone) {
        Ok(_) => Finding::holds(name),
        Err(_) => Finding::fails(
            name,
            format!("The machine does not know the time zone {zone}."),
            "Install the package tzdata, or set another time zone.",
        ),
    }
}

fn knows_time(clock: Clock) -> Finding {
    let name = "clock";
    if clock.is_plausible() {
        return Finding::holds(name);
    }
    let now = clock.now();
    Finding::fails(
        name,
        format!("The machine takes this for {now:.0}."),
        "Set the clock with `sudo timedatectl set-time`, or connect to a network once.",
    )
}

/// Whether the user manager of this user runs before a login.
pub fn linger(outside: &Outside, user: &str) -> Linger {
    let arguments = ["show-user", user, "--property=Linger", "--value"];
    if let Ok(answer) = outside.ask("loginctl", &arguments, LIMIT) {
        match answer.output.trim().trim_start_matches("Linger=") {
            "yes" => return Linger::Yes,
            "no" => return Linger::No,
            _ => {}
        }
    }
    if Path::new(LINGERING).join(user).exists() { Linger::Yes } else { Linger::Unknown }
}

/// The name of the user whom this process belongs to.
pub fn user() -> String {
    let number = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let found = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id == number).then(|| name.to_owned())
    });
    found.or_else(|| std::env::var("USER").ok()).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::{Linger, knows_time, knows_zone, linger, lingers};
    use crate::checks::Verdict;
    use crate::moment::Clock;
    use crate::outside::Outside;
    use std::os::unix::fs::PermissionsExt as _;

    fn saying(text: &str) -> (tempfile::TempDir, Outside) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let file = dir.path().join("loginctl");
        std::fs::write(&file, format!("#!/bin/sh\necho {text}\n")).expect("written");
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).expect("executable");
        let outside = Outside::of_path(dir.path());
        (dir, outside)
    }

    #[test]
    fn linger_is_asked_for_and_said_how_to_enable() {
        for (said, expected) in [("yes", Linger::Yes), ("no", Linger::No), ("Linger=no", Linger::No)] {
            let (_dir, outside) = saying(said);
            assert_eq!(linger(&outside, "nobody-of-this-name"), expected, "{said}");
        }
        assert_eq!(linger(&Outside::of_path("/none"), "nobody-of-this-name"), Linger::Unknown);
        let finding = lingers(Linger::No, "ann");
        assert!(matches!(finding.verdict, Verdict::Fails(_)));
        assert_eq!(finding.hint.as_deref(), Some("Run `sudo loginctl enable-linger ann`."));
    }

    #[test]
    fn zones_and_clocks_are_looked_at() {
        assert_eq!(knows_zone("Europe/London").verdict, Verdict::Holds);
        assert!(matches!(knows_zone("Mars/Phobos").verdict, Verdict::Fails(_)));
        let early = Clock::Fixed("1970-01-01T00:05:00Z".parse().expect("a time"));
        assert!(matches!(knows_time(early).verdict, Verdict::Fails(_)));
        assert_eq!(knows_time(Clock::Machine).verdict, Verdict::Holds);
    }
}
