//! `minder deployment` of a `minder.toml`, with programs of the test in the place of `systemctl` and `crontab`.

#[path = "acoupi/home.rs"]
#[expect(dead_code, reason = "it is a home for acoupi too")]
mod home;

use home::{Home, Init, Said, kill};
use serde_json::Value;

const FILE: &str = r#"
[program.station]
command = "sleep 600"

[task.upload]
command = ["sh", "-c", "echo upload >> done; left=$(cat left 2>/dev/null || echo 0); echo $((left - 1)) > left; [ $left -gt 1 ] && echo \"{\\\"remaining\\\": $((left - 1))}\" > $MINDER_OUTPUT; true"]
every = "1h"
directory = "@"

[deployment]
directories = ["data"]
drain = ["upload"]

[check.room]
free-space = 1
path = "data"
"#;

fn home(init: Init) -> Home {
    let home = Home::new(init);
    home.write("site/minder.toml", &FILE.replace('@', &home.path("site").display().to_string()));
    home
}

fn minder(home: &Home, words: &[&str]) -> Said {
    let mut command = home.command(env!("CARGO_BIN_EXE_minder"));
    command.arg("deployment").args(words).current_dir(home.path("site"));
    home::said(&mut command, "")
}

fn start(home: &Home, more: &[&str]) -> Said {
    let words = ["start", "--name", "north ridge", "--latitude", "51.5", "--longitude", "-0.1"];
    minder(home, &[&words[..], more].concat())
}

fn json(said: &Said) -> Value {
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn a_deployment_begins_is_well_and_ends_with_what_must_not_be_left() {
    let home = home(Init::Systemd);
    let before = minder(&home, &["status", "--json"]);
    assert_eq!(before.status, 1, "{before:?}");
    assert_eq!(json(&before)["deployment"]["state"], "inactive");
    let begun = start(&home, &["--json"]);
    assert_eq!(begun.status, 0, "{begun:?}\n{}", home.logs());
    let id = json(&begun)["deployment"]["id"].as_str().expect("an id").to_owned();
    assert!(home.path("site/data").is_dir());
    home.wait("all is well", |home| minder(home, &["status"]).status == 0);
    let status = json(&minder(&home, &["status", "--json"]));
    assert_eq!(status["well"], true);
    assert_eq!(status["service"]["state"], "active");
    assert_eq!(status["workers"]["workers"][0]["state"], "ok");
    assert_eq!(status["program"]["state"], "ok");
    assert_eq!(status["deployment"]["record"]["name"], "north ridge");
    let second = start(&home, &[]);
    assert!(second.status == 1 && second.err.contains("goes on since"), "{second:?}");
    home.write("site/left", "3\n");
    let ended = minder(&home, &["stop"]);
    assert_eq!(ended.status, 0, "{ended:?}\n{}", home.logs());
    assert_eq!(ended.out, "the deployment `north ridge` has ended\n");
    assert_eq!(home.text("site/done").lines().count(), 3, "it was done until nothing was left");
    let orders = home.orders();
    let verbs: Vec<&str> = orders.iter().map(|order| order.split(' ').next().unwrap_or_default()).collect();
    assert_eq!(verbs, ["daemon-reload", "enable", "start", "stop", "disable"]);
    let again = minder(&home, &["stop"]);
    assert!(again.status == 1 && again.err.contains("there is no deployment that could end"), "{again:?}");
    let listed = json(&minder(&home, &["list", "--json"]));
    assert!(listed[0]["id"] == id.as_str() && listed[0]["ended_on"].is_string(), "{listed}");
    let shown = minder(&home, &["show", &id[..8]]);
    assert!(shown.out.contains("name           north ridge\n"), "{}", shown.out);
}

#[test]
fn its_unit_is_one_that_systemd_understands() {
    let home = home(Init::Systemd);
    assert_eq!(start(&home, &[]).status, 0, "{}", home.logs());
    let orders = home.orders();
    let name = orders[1].split(' ').nth(1).expect("a unit");
    let mut verify = home.command("systemd-analyze");
    verify.args(["--user", "verify"]).arg(home.path(".config/systemd/user").join(name));
    let output = verify.env("XDG_RUNTIME_DIR", home.path("state")).output();
    let output = output.expect("systemd-analyze, which `cargo xtask setup` installs");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !told.contains(name), "{told}");
    assert_eq!(minder(&home, &["stop", "--no-drain"]).status, 0);
}

#[test]
fn all_that_does_not_hold_is_told_and_nothing_is_changed() {
    let home = home(Init::Systemd);
    let more = "[check.disk]\nfree-space = \"900000GB\"\nhint = \"buy a disk\"\n\
                [check.modem]\ncommand = \"sh -c 'echo no carrier; exit 1'\"\nhint = \"plug it in\"\n";
    home.write("site/minder.toml", &format!("{}{more}", home.text("site/minder.toml")));
    let checked = minder(&home, &["check"]);
    assert_eq!(checked.status, 1, "{checked:?}");
    assert!(checked.out.contains("modem: no carrier\n  hint: plug it in\n"), "{checked:?}");
    assert!(
        checked.out.contains("disk: ") && checked.out.contains("  hint: buy a disk\n"),
        "{}",
        checked.out
    );
    let refused = start(&home, &[]);
    assert_eq!(refused.status, 1, "{refused:?}");
    assert!(refused.err.contains("nothing was started"), "{}", refused.err);
    assert!(!home.path("site/data").exists());
    assert_eq!(home.orders(), [""; 0]);
    let status = json(&minder(&home, &["status", "--json"]));
    assert_eq!(status["program"]["state"], "unhealthy");
    assert_eq!(json(&minder(&home, &["list", "--json"])), serde_json::json!([]));
}

#[test]
fn a_failure_half_way_is_undone() {
    let home = home(Init::Systemd);
    let name = {
        let begun = start(&home, &[]);
        assert_eq!(begun.status, 0, "{begun:?}");
        assert_eq!(minder(&home, &["stop", "--no-drain"]).status, 0);
        let orders = home.orders();
        orders[1].split(' ').nth(1).expect("a unit").to_owned()
    };
    std::fs::remove_dir(home.path("site/data")).expect("removed");
    home.write(&format!("state/{name}.broken"), "");
    let failed = start(&home, &[]);
    assert_eq!(failed.status, 1, "{failed:?}");
    let undone = format!("undone: stopped {name}, disabled {name}, removed ");
    assert!(failed.err.contains(&undone), "{}", failed.err);
    assert!(!home.path("site/data").exists());
    assert_eq!(json(&minder(&home, &["list", "--json"])).as_array().map(Vec::len), Some(1));
}

#[test]
fn answers_that_cannot_be_are_said_to_be_wrong() {
    let home = home(Init::Systemd);
    let far = minder(&home, &["start", "--name", "a", "--latitude", "91", "--longitude", "0"]);
    assert_eq!(far.status, 2);
    assert!(far.err.contains("--latitude: latitude must be between -90 and 90"), "{}", far.err);
    let silent = minder(&home, &["start", "--latitude", "1", "--longitude", "0"]);
    assert!(silent.status == 2 && silent.err.contains("give it by --name"), "{silent:?}");
    home.write("site/minder.toml", "[program.x]\ncommand = \"a\"\ncomand = \"a\"\n");
    let broken = minder(&home, &["start"]);
    assert!(broken.status == 1 && broken.err.contains("comand"), "{broken:?}");
}

#[test]
fn a_worker_that_was_killed_is_notok_until_it_is_back() {
    let home = home(Init::Systemd);
    assert_eq!(start(&home, &[]).status, 0, "{}", home.logs());
    home.wait("all is well", |home| minder(home, &["status"]).status == 0);
    let pid = worker(&home).expect("it works");
    kill(pid, "KILL");
    let missed = |home: &Home| {
        let said = minder(home, &["status"]);
        said.status == 1 && said.out.contains("default: notok\n") && said.out.contains("/default.log")
    };
    home.wait("it is missed", missed);
    home.wait("another one is there", |home| worker(home).is_some_and(|other| other != pid));
    let said = minder(&home, &["status"]);
    assert!(missed(&home) && said.out.contains("it died, and has begun again"), "{said:?}");
    home.wait("it is back", |home| worker(home) != Some(pid) && minder(home, &["status"]).status == 0);
    assert_eq!(minder(&home, &["stop"]).status, 0);
}

#[test]
fn cron_starts_it_where_no_user_manager_answers() {
    let home = home(Init::Cron);
    let begun = start(&home, &[]);
    assert_eq!(begun.status, 0, "{begun:?}");
    let table = home.text("state/table");
    assert!(
        table.starts_with("@reboot '") && table.contains("boot/start.sh' # minder deployment: minder-site-"),
        "{table}"
    );
    home.wait("all is well", |home| minder(home, &["status"]).status == 0);
    let ended = minder(&home, &["stop"]);
    assert_eq!(ended.status, 0, "{ended:?}");
    assert_eq!(home.text("state/table"), "");
    let status = json(&minder(&home, &["status", "--json"]));
    assert_eq!(status["service"]["state"], "inactive");
}

fn worker(home: &Home) -> Option<i32> {
    let connection = rusqlite::Connection::open(home.path("site/.minder/queue.db")).ok()?;
    connection.query_row("SELECT pid FROM workers WHERE name = 'default'", [], |row| row.get(0)).ok()
}
