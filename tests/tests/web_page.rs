//! The web page, in a real browser that runs none of the page's JavaScript: what it shows, what its buttons do, and
//! what a page of somebody else cannot do.

use minder_tests::browser::Browser;
use minder_tests::{Daemon, Kind, json};
use std::io::{Read, Write};

const CONFIG: &str = "
[supervisord]
logfile={dir}/main.log
pidfile={dir}/main.pid
childlogdir={dir}
loglevel=trace
user=root
[unix_http_server]
file={dir}/supervisor.sock
[inet_http_server]
port=127.0.0.1:{port}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:web]
command=sh -c 'echo \"<b>hello</b>\"; exec sleep 1000'
startsecs=0
[program:manual]
command=sleep 1000
autostart=false
startsecs=0
[program:nofile]
command=/no/such/program
startretries=0
[program:a-name-that-is-much-too-long-for-a-telephone-and-was-made-by-a-deploy-tool]
command=sleep 1000
startsecs=0
";

fn site(daemon: &Daemon) -> String {
    format!("http://127.0.0.1:{}/", daemon.port())
}

fn start() -> (Daemon, Browser) {
    let daemon = Daemon::start(Kind::Minder, CONFIG);
    daemon.wait_state("web", "RUNNING");
    daemon.wait_state("nofile", "FATAL");
    let mut browser = Browser::start(daemon.place().mark());
    browser.command("Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    (daemon, browser)
}

#[test]
fn buttons_do_what_they_say() {
    let (daemon, mut browser) = start();
    browser.open(&site(&daemon));
    let page = browser.text();
    for part in ["Supervisor status", "running", "stopped", "fatal", "can't find command '/no/such/program'"]
    {
        assert!(page.contains(part), "{part:?} is not in:\n{page}");
    }

    let pid = daemon.pid_of("web");
    browser.click("button[aria-label='Stop web']");
    browser.wait_text("web is stopped", |text| text.contains("Process web stopped"));
    assert_eq!(daemon.state("web"), "STOPPED");
    browser.click("button[aria-label='Start web']");
    browser.wait_text("web is started", |text| text.contains("Process web started"));
    assert_eq!(daemon.state("web"), "RUNNING");
    assert_ne!(daemon.pid_of("web"), pid);
    browser.click("button[aria-label='Start nofile']");
    browser.wait_text("why nofile cannot start", |text| text.contains("ERROR: Process nofile: no such file"));
    assert!(browser.spoken().iter().any(|node| node.starts_with("alert")), "an error is announced");
    browser.click("button[value=stopall]");
    browser.wait_text("all are stopped", |text| text.contains("All stopped at"));
    assert_eq!(daemon.state("web"), "STOPPED");

    browser.open(&format!("{}tail.html?processname=web", site(&daemon)));
    assert!(browser.text().contains("<b>hello</b>"), "a log is text: {}", browser.text());
}

#[test]
fn every_button_has_a_name_of_its_own_and_a_telephone_shows_it() {
    let (daemon, mut browser) = start();
    for (width, height) in [(1200, 800), (360, 740)] {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        browser.command("Emulation.setDeviceMetricsOverride", &screen);
        browser.open(&site(&daemon));
        let spoken = browser.spoken();
        for node in [
            "button Stop web",
            "button Restart web",
            "button Start manual",
            "link Tail -f Stdout of web",
            "button Stop All",
            "columnheader State",
            "table ",
            "heading Supervisor status",
        ] {
            assert!(spoken.iter().any(|seen| seen == node), "{node:?} at {width} is not in {spoken:#?}");
        }
        let mut buttons: Vec<_> = spoken.iter().filter(|node| node.starts_with("button ")).collect();
        let all = buttons.len();
        buttons.sort();
        buttons.dedup();
        assert_eq!(buttons.len(), all, "two buttons have one name: {spoken:#?}");
        let wide = browser.evaluate("document.documentElement.scrollWidth");
        assert!(wide.as_u64().is_some_and(|wide| wide <= width), "{wide} pixels on a screen of {width}");
    }
}

#[test]
fn a_page_of_somebody_else_cannot_stop_a_program() {
    let (daemon, mut browser) = start();
    let target = site(&daemon);
    let call = "<methodCall><methodName>supervisor.stopAllProcesses</methodName></methodCall>";
    // Here the foreign page may run what it likes.
    browser.command("Emulation.setScriptExecutionDisabled", &json!({"value": false}));
    let pages = [
        format!("<img src='{target}index.html?action=stop&processname=web'>"),
        format!("<script>location = '{target}index.html?action=stop&processname=web'</script>"),
        format!(
            "<form method=post action='{target}index.html'><input name=action value=stop>\
             <input name=processname value=web></form><script>document.forms[0].submit()</script>"
        ),
        format!(
            "<form method=post enctype='text/plain' action='{target}RPC2'>\
             <input name=\"{}\" value='1.0\"?>{call}'></form><script>document.forms[0].submit()</script>",
            "<?xml version"
        ),
        format!(
            "<script>fetch('{target}RPC2', {{method: 'POST', mode: 'no-cors', body: '{call}'}})</script>"
        ),
        format!(
            "<script>fetch('{target}RPC2', {{method: 'POST', body: '{call}', \
             headers: {{'Content-Type': 'text/xml'}}}})</script>"
        ),
        format!("<iframe src='{target}'></iframe>"),
    ];
    let pid = daemon.pid_of("web");
    for page in &pages {
        // Two names of one machine are two sites to a browser; two ports of one name are two origins.
        for host in ["localhost", "127.0.0.1"] {
            let port = serve(page);
            let asked = requests(&daemon);
            browser.command("Page.navigate", &json!({"url": format!("http://{host}:{port}/")}));
            daemon.until("the attack arrives", || (requests(&daemon) > asked).then_some(()));
            assert_eq!(
                (daemon.state("web").as_str(), daemon.pid_of("web")),
                ("RUNNING", pid),
                "{host}: {page}"
            );
        }
    }

    // What was asked for by a link is asked back, and then done.
    browser.open(&format!("{target}index.html?action=stop&processname=web"));
    assert!(browser.text().contains("Nothing has been done yet"));
    browser.click("button[value=stop]");
    browser.wait_text("web is stopped", |text| text.contains("Process web stopped"));
}

/// How many requests of browsers have been answered.
fn requests(daemon: &Daemon) -> usize {
    daemon.log().lines().filter(|line| line.contains("TRAC 127.0.0.1:")).count()
}

/// Serves one page, to whoever asks for anything, until the test ends.
fn serve(page: &str) -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let body = format!("<!doctype html><title>foreign</title><p>foreign</p>{page}");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let _ = stream.read(&mut [0; 4096]);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close";
            let _ = write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        }
    });
    port
}
