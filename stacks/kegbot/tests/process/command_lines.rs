//! Flags, help, pidfiles, and starts that cannot be.

use std::net::TcpListener;

use crate::bar::{Bar, without_times};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn every_name_leads_to_its_program_whatever_its_form() {
    for name in ["kegbot_core", "kegbot-core.py", "kegboard-tester", "kegboard_tester.py", "test-flow"] {
        assert!(minder_kegbot::programs::named(name).is_some(), "{name}");
    }
    assert!(minder_kegbot::programs::named("kegbot").is_none());
    let bar = Bar::new();
    let by_word = bar.run("kegbot", &["test_flow", "--helpshort"]);
    assert!(text(&by_word.stdout).contains("--ticks"), "{by_word:?}");
}

#[test]
fn help_is_printed_with_status_one_and_mistakes_are_told_behind_the_flags() {
    let bar = Bar::new();
    let help = bar.run("kegbot_core.py", &["--help"]);
    assert_eq!(help.status.code(), Some(1));
    let help = text(&help.stdout);
    for flag in
        ["--api_url:", "--api_key:", "--kb_core_bind_addr:", "--[no]daemon:", "--pidfile:", "--logformat:"]
    {
        assert!(help.contains(flag), "{flag} in {help}");
    }
    let short = text(&bar.run("kegbot_core.py", &["--helpshort"]).stdout);
    assert!(!short.contains("--"), "the script itself has none: {short}");
    for (words, message) in [
        (&["--steps"][..], "option --steps requires argument"),
        (&["--steps=abc"], "flag --steps=abc: invalid literal for int() with base 10: 'abc'"),
        (&["--ticks=0"], "flag --ticks=0: 0 is not a positive integer"),
        (&["--delay_seconds=61"], "flag --delay_seconds=61: 61.0 is not a number in the range [0, 60]"),
        (&["--noticks"], "Unknown command line flag 'noticks'"),
        (&["--nosuch"], "Unknown command line flag 'nosuch'"),
        (&["-ticks", "5"], "option -t not recognized"),
        (&["--verbose=maybe"], "flag --verbose=maybe: ('Non-boolean argument to boolean flag', 'maybe')"),
    ] {
        let output = bar.run("test_flow.py", words);
        assert_eq!(output.status.code(), Some(1), "{words:?}");
        let out = text(&output.stdout);
        assert!(out.starts_with("Usage: ") && out.contains("test_flow.py ARGS\n"), "{out}");
        assert!(out.ends_with(&format!("\n\nError: {message}\n")), "{words:?}: {out}");
    }
}

#[test]
fn a_core_starts_as_it_always_did_and_ends_when_it_is_asked() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (mut core, port) = bar.core(&api_url);
    let wire = crate::bar::Wire::to(port);
    core.wait_for("Remote host connected: 127.0.0.1:");
    drop(wire);
    core.wait_for("Remote host closed: 127.0.0.1:");
    core.signal("TERM");
    let (status, said) = core.stop();
    assert_eq!(status, Some(0), "{said:?}");
    let said = without_times(&said);
    let expected = [
        "(main) Kegbot is starting up.",
        "(main) Querying backend liveness.",
        "(main) Backend appears to be alive.",
        "(main) Found 2 taps, adding to tap manager.",
        "(tap-manager) Registering new tap: kegboard.flow0",
        "(tap-manager) Registering new tap: kegboard.flow1",
        "(main) Starting all service threads.",
        "(main) starting thread \"service-thread\"",
        "(main) starting thread \"net-thread\"",
        "(main) starting thread \"watchdog-thread\"",
        "(main) starting thread \"eventhub-thread\"",
        "(main) starting thread \"heartbeat-thread\"",
        "(main) All threads started.",
        "(main) Got signal 15",
        "(main) Stopping any remaining threads",
        "(main) Stopping all service threads.",
        "(main) All service threads stopped.",
        "(main) Kegbot stopped.",
    ];
    let mut rest = said.iter();
    for line in expected {
        let found = rest.by_ref().any(|said| said.split_once(' ').is_some_and(|(_, text)| text == line));
        assert!(found, "no `{line}` behind what came before it in {said:#?}");
    }
    for line in
        ["(net-thread) network thread started", "(kegnet) Stopping server", "(kegnet) Closing down..."]
    {
        assert!(said.iter().any(|said| said.ends_with(line)), "{line}");
    }
    for thread in ["service-thread", "net-thread", "eventhub-thread", "heartbeat-thread"] {
        let line = format!("INFO ({thread}) got quit event, quitting");
        assert!(said.contains(&line), "{line} in {said:#?}");
    }
}

#[test]
fn a_server_that_cannot_be_used_is_told_with_a_hint() {
    let bar = Bar::new();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let page = api_url.trim_end_matches("api/").to_owned();
    for (url, reason) in [
        (
            format!("http://{nobody}/api"),
            "Kegbot backend was unreachable due to socket error: [Errno 111] Connection refused",
        ),
        (page, "Kegbot API backend returned a server error: "),
        (format!("{api_url}nosuch"), "Kegbot API backend returned a server error: NotFoundError"),
        ("nonsense".to_owned(), "Kegbot backend was unreachable due to socket error: "),
    ] {
        let output = bar.run("kegbot_core.py", &[&format!("--api_url={url}")]);
        assert_eq!(output.status.code(), Some(1));
        let lines: Vec<String> = text(&output.stdout).lines().map(str::to_owned).collect();
        let said = without_times(&lines);
        assert!(said[2].starts_with(&format!("ERROR (main) {reason}")), "{said:#?}");
        assert_eq!(said[3], format!("ERROR (main) Is --api_url correct? (current={url})"));
    }
}

#[test]
fn a_port_that_is_taken_ends_the_core_with_a_failure() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = format!("--kb_core_bind_addr=localhost:{}", taken.local_addr().unwrap().port());
    let output = bar.run("kegbot_core.py", &[&format!("--api_url={api_url}"), &bind, "--outbox=o.sqlite"]);
    assert_eq!(output.status.code(), Some(1));
    let out = text(&output.stdout);
    assert!(out.contains("Error was: error: [Errno 98] Address already in use"), "{out}");
    assert!(out.contains("Thread net-thread died unexpectedly"), "{out}");
}

#[test]
fn in_the_background_it_has_a_pidfile_and_a_log_and_the_second_one_gives_way() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let url = format!("--api_url={api_url}");
    let words = [
        &*url,
        "--kb_core_bind_addr=localhost:0",
        "--daemon=True",
        "--pidfile=core.pid",
        "--log_to_file",
        "--logfile=core.log",
        "--outbox=o.sqlite",
    ];
    let launched = bar.run("kegbot_core.py", &words);
    assert_eq!(launched.status.code(), Some(0));
    assert!(launched.stdout.is_empty(), "a daemon prints nothing: {launched:?}");
    crate::bar::wait_for_path(&bar.path("core.pid"));
    let pid = std::fs::read_to_string(bar.path("core.pid")).unwrap();
    let second = bar.run("kegbot_core.py", &[&url, "--pidfile=core.pid", "--outbox=p.sqlite"]);
    assert_eq!(second.status.code(), Some(1));
    let out = text(&second.stdout);
    assert!(out.contains("Pidfile already exists, checking liveness"), "{out}");
    assert!(out.contains(&format!("Old pid {} is still alive, aborting", pid.trim())), "{out}");
    assert!(std::process::Command::new("kill").arg(pid.trim()).status().unwrap().success());
    let end = std::time::Instant::now() + crate::bar::PATIENCE;
    while bar.path("core.pid").exists() {
        assert!(std::time::Instant::now() < end, "the pidfile stays");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let log = std::fs::read_to_string(bar.path("core.log")).unwrap();
    assert!(log.contains("(main) Running in background.") && log.contains("(main) Kegbot stopped."), "{log}");
}

#[test]
fn publishers_that_went_say_where_they_went() {
    let bar = Bar::new();
    let gone = bar.run("kegbot", &["fb_publisher"]);
    assert_eq!(gone.status.code(), Some(1));
    assert!(text(&gone.stderr).contains("webhook_publisher --webhook_url=URL"), "{gone:?}");
}
