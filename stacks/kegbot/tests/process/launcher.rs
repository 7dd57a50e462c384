//! The launcher's old file, with these daemons: `kegbot_master.py start`, `status`, `stop`.

use std::os::unix::fs::symlink;
use std::path::Path;

use crate::bar::{Bar, wait_for_drinks, wait_for_path};

#[test]
fn an_old_kegbot_cfg_starts_shows_and_stops_them() {
    let minder = Path::new(env!("CARGO_BIN_EXE_kegbot")).parent().unwrap().join("minder");
    assert!(minder.exists(), "no minder at {}: `cargo xtask test` builds it", minder.display());
    let bar = Bar::new();
    symlink(&minder, bar.path("kegbot_master.py")).unwrap();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let directory = bar.path("").display().to_string();
    let file = format!(
        "[kegbot_core]\n_enabled = True\napi_url = '{api_url}'\nkb_core_bind_addr = localhost:{port}\n\
         outbox = {directory}/outbox.sqlite\n\
         [kegboard_daemon]\n_enabled = True\nkegboard_device = {directory}/board\nkb_core_addr = localhost:{port}\n\
         [lcd_daemon]\nlcd_device_path = /dev/ttyUSB1\n"
    );
    std::fs::write(bar.path("keg.cfg"), file).unwrap();
    std::fs::write(bar.path("scenes.txt"), "wait 1s\npour flow0 1000ticks in 1s\n").unwrap();
    let _board = bar.start("kegbot", &["simulate-board", "--link", "board", "--scenes", "scenes.txt"]);
    wait_for_path(&bar.path("board"));
    let flags = [
        "--master_config=keg.cfg".to_owned(),
        format!("--logfile_dir={directory}"),
        format!("--pidfile_dir={directory}"),
    ];
    let master = |word: &str| {
        let mut words: Vec<&str> = flags.iter().map(String::as_str).collect();
        words.push(word);
        let output = bar.run("./kegbot_master.py", &words);
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (status, said) = master("start");
    assert!(status == Some(0) && said.contains("Started kegboard_daemon OK"), "{said}");
    // The launcher's OK means that the flags are understood. They run when they have their pidfiles.
    for name in ["kegbot_core.pid", "kegboard_daemon.pid"] {
        wait_for_path(&bar.path(name));
    }
    let shown = master("status").1;
    assert_eq!(shown.matches(" : running (").count(), 2, "{shown}");
    assert_eq!(wait_for_drinks(&api_url, 1)[0]["ticks"], 1000);
    let (status, said) = master("stop");
    assert!(status == Some(0) && said.contains("kegboard_daemon stopped."), "{said}");
    assert_eq!(master("status").1.matches(" : stopped").count(), 2);
    let log = std::fs::read_to_string(bar.path("kegbot_core.log")).unwrap();
    assert!(log.contains("(main) Kegbot stopped."), "{log}");
}
