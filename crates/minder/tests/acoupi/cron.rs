//! A machine without a user manager, where cron starts things after a boot.

use crate::home::{Home, Init};

#[test]
fn cron_takes_the_place_of_units() {
    let home = Home::recording(Init::Cron);
    home.write("state/table", "0 1 * * * other\n");
    let start = ["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"];
    let said = home.acoupi(&start);
    assert_eq!(said.status, 0, "{said:?}\n{}", home.logs());
    let script = home.path(".acoupi/bin/acoupi-workers-start.sh");
    let line = format!("@reboot '{}' # minder deployment: acoupi.service\n", script.display());
    assert_eq!(home.text("state/table"), format!("0 1 * * * other\n{line}"));
    home.wait("the beat puts in what is due", |home| !home.rows("SELECT path FROM recording").is_empty());
    let status = home.acoupi(&["deployment", "status"]).out;
    let services = "● System Services\n      acoupi : active\n        beat : active\n";
    assert!(status.contains(services) && status.contains("   recording : ok\n"), "{status}");
    let said = home.acoupi(&["deployment", "stop"]);
    assert_eq!(said.status, 0, "{said:?}\n{}", home.logs());
    assert_eq!(home.text("state/table"), "0 1 * * * other\n");
    let status = home.acoupi(&["deployment", "status"]).out;
    assert!(status.contains("      acoupi : inactive\n        beat : inactive\n"), "{status}");
}
