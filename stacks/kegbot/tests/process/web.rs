//! Pages.

use std::io::{Read as _, Write as _};

use minder_tests::browser::Browser;
use minder_tests::json;

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

#[test]
fn a_browser_sees_a_pour_as_it_happens_and_taps_a_new_keg() {
    let bar = Bar::new();
    // The server's own pages have to know the core, whose port is not known before there is a server.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let core = format!("--kb_core_addr=localhost:{port}");
    let words = ["simulate-server", "--listen=127.0.0.1:0", "--database=server.sqlite", &core];
    let mut server = bar.start("kegbot", &words);
    let page = server.wait_for("http://");
    let (url, bind) = (format!("--api_url={page}api/"), format!("--kb_core_bind_addr=localhost:{port}"));
    let mut core = bar.start("kegbot_core.py", &[&url, &bind, "--outbox=outbox.sqlite"]);
    core.wait_for("All threads started.");
    let mut browser = Browser::start("");
    for (width, height) in [(360, 740), (1280, 800)] {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        browser.command("Emulation.setDeviceMetricsOverride", &screen);
        for path in ["", "taps/1", "temperatures", "nowhere"] {
            browser.open(&format!("{page}{path}"));
            let wide = browser.evaluate("document.documentElement.scrollWidth").as_i64();
            assert!(wide.is_some_and(|wide| wide <= width), "/{path} has {wide:?} pixels of {width}");
        }
    }
    browser.open(&page);
    browser.wait_text("there are taps", |text| text.contains("Left tap") && text.contains("No drinks yet"));
    core.wait_for("Remote host connected:");
    let mut wire = Wire::to(port);
    wire.pour(0, 1000);
    browser
        .wait_text("the pour is shown", |text| text.contains("pouring for a guest") && text.contains("455"));
    wire.stop_flow();
    browser
        .wait_text("the drink is shown", |text| text.contains("455 mL") && !text.contains("No drinks yet"));
    browser.open(&format!("{page}taps/2"));
    browser.evaluate("document.querySelector('input[name=beer]').value = 'New <b>Stout</b>'");
    browser.click("form button");
    browser
        .wait_text("it is tapped", |text| text.contains("New <b>Stout</b>") && text.contains("Last drinks"));
    let complaints = browser.complaints();
    let complaints: Vec<_> = complaints.iter().filter(|text| !text.contains("/nowhere")).collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn a_change_needs_the_page_that_it_comes_from_and_the_interface_its_key() {
    let bar = Bar::new();
    let words = [
        "simulate-server",
        "--listen=127.0.0.1:0",
        "--database=server.sqlite",
        "--api_key=secret",
        "--kb_core_addr=1",
    ];
    let mut server = bar.start("kegbot", &words);
    let page = server.wait_for("http://");
    let host = page.trim_start_matches("http://").trim_end_matches('/');
    let post = |path: &str, headers: &str, body: &str| {
        let mut stream = std::net::TcpStream::connect(host).unwrap();
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(post("/taps/1/keg", "", "beer=x&litres=5").starts_with("HTTP/1.1 403"));
    let pour = "ticks=1000&tap_name=kegboard.flow0";
    let refused = post("/api/taps/kegboard.flow0", "", pour);
    assert!(refused.starts_with("HTTP/1.1 401") && refused.contains("NoAuthTokenError"), "{refused}");
    let wrong = post("/api/taps/kegboard.flow0", "X-Kegbot-Api-Key: guess\r\n", pour);
    assert!(wrong.starts_with("HTTP/1.1 401") && wrong.contains("BadApiKeyError"), "{wrong}");
    let poured = post("/api/taps/kegboard.flow0", "X-Kegbot-Api-Key: secret\r\n", pour);
    assert!(poured.starts_with("HTTP/1.1 200") && poured.contains("\"ticks\": 1000"), "{poured}");
}
