//! `examples/keg`, as its README has it, on ports that nobody else has.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::bar::{wait_for_drinks, wait_for_path};

/// A group of processes, ended as Ctrl-C does.
struct Group(std::process::Child);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-s", "INT", &self.0.id().to_string()]).status();
        let _ = self.0.wait();
    }
}

#[test]
fn the_example_pours_and_serves_its_pages() {
    let binaries = Path::new(env!("CARGO_BIN_EXE_kegbot")).parent().unwrap();
    let minder = binaries.join("minder");
    assert!(minder.exists(), "no minder at {}: `cargo xtask test` builds it", minder.display());
    let example = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/keg"));
    let place = tempfile::tempdir().unwrap();
    let port = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (web, core) = (port(), port());
    for name in ["minder.toml", "run.sh", "evening.txt"] {
        let text = std::fs::read_to_string(example.join(name)).unwrap();
        let text = text
            .replace("127.0.0.1:8000", &format!("127.0.0.1:{web}"))
            .replace("simulate-server ", &format!("simulate-server --kb_core_addr localhost:{core} "))
            .replace("kegbot_core ", &format!("kegbot_core --kb_core_bind_addr=localhost:{core} "))
            .replace("kegboard_daemon ", &format!("kegboard_daemon --kb_core_addr=localhost:{core} "))
            // Nobody wants to wait for a pint.
            .replace("in 14s", "in 1s");
        std::fs::write(place.path().join(name), text).unwrap();
    }
    let path = std::env::var("PATH").unwrap_or_default();
    let _group = Group(
        Command::new("sh")
            .arg(place.path().join("run.sh"))
            .env("PATH", format!("{}:{path}", binaries.display()))
            .env("MINDER", &minder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_for_path(&place.path().join("state/kegboard"));
    wait_for_path(&place.path().join("state/outbox.sqlite"));
    let drinks = wait_for_drinks(&format!("http://127.0.0.1:{web}/api/"), 1);
    assert_eq!(drinks[drinks.len() - 1]["user_id"], "mikey");
    let front = crate::bar::get(&format!("http://127.0.0.1:{web}/"));
    assert!(front.contains("Cellar Lager") && front.contains("mikey"), "{front}");
}
