//! Pages.

use crate::bar::{Bar, Wire, get};

#[test]
fn the_front_page_has_taps_and_a_pour_as_it_happens() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    let (url, core) = (format!("--api_url={api_url}"), format!("--kb_core_addr=localhost:{port}"));
    let mut web = bar.start("kegbot", &["web", "--listen=127.0.0.1:0", &url, &core]);
    let page = web.wait_for("http://");
    let front = get(&page);
    assert!(front.contains("Cellar Lager") && front.contains("Left tap"), "{front}");
    let mut wire = Wire::to(port);
    wire.pour(0, 1000);
    let end = std::time::Instant::now() + crate::bar::PATIENCE;
    while !get(&page).contains("pouring for a guest") {
        assert!(std::time::Instant::now() < end, "the pour is not shown");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    wire.stop_flow();
    while !get(&page).contains("455 mL") {
        assert!(std::time::Instant::now() < end, "the drink is not shown");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_server_that_is_away_is_told_on_the_page() {
    let bar = Bar::new();
    let mut web = bar.start(
        "kegbot",
        &["web", "--listen=127.0.0.1:0", "--api_url=http://127.0.0.1:1/", "--kb_core_addr=1"],
    );
    let page = web.wait_for("http://");
    let front = get(&page);
    assert!(
        front.contains("The server cannot be asked:") && front.contains("Is --api_url correct?"),
        "{front}"
    );
}
