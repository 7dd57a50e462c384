//! circus-plugin.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::Signal;

use crate::beside::circusd::Circusd;
use crate::beside::programs::{Running, Whose, command, run};
use crate::beside::{PATIENCE, venv, wait_for};

/// A statsd that only listens.
struct Statsd(UdpSocket);

impl Statsd {
    fn new() -> Statsd {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        Statsd(socket)
    }

    fn config(&self) -> String {
        format!("host:127.0.0.1:::port:{}", self.0.local_addr().expect("it is bound").port())
    }

    fn next(&self) -> String {
        let mut datagram = [0; 2048];
        let length = self.0.recv(&mut datagram).expect("a datagram in time");
        String::from_utf8(datagram[..length].to_vec()).expect("text")
    }

    /// What comes, until this does.
    fn until(&self, last: &str) -> Vec<String> {
        let mut heard = Vec::new();
        while heard.last().is_none_or(|heard| heard != last) {
            heard.push(self.next());
        }
        heard
    }
}

fn plugin(whose: Whose, circusd: &Circusd, class: &str, config: &str) -> Running {
    let log = format!("{}/{whose:?}.log", circusd.here().display());
    let (endpoint, pubsub) = (circusd.endpoint("endpoint"), circusd.endpoint("pubsub"));
    let class = format!("circus.plugins.{class}");
    let arguments = [
        "--endpoint",
        &endpoint,
        "--pubsub",
        &pubsub,
        "--config",
        config,
        "--check-delay",
        "0.2",
        "--log-output",
        &log,
        &class,
    ];
    Running::start(command(whose, "circus-plugin", &arguments))
}

fn log(circusd: &Circusd, whose: Whose) -> String {
    std::fs::read_to_string(circusd.here().join(format!("{whose:?}.log"))).unwrap_or_default()
}

#[test]
fn events_are_counted_as_by_the_original() {
    let circusd = Circusd::start("[watcher:web]\ncmd = sleep 1000\n[watcher:Beta Two]\ncmd = sleep 1000\n");
    let both = [Whose::Original, Whose::Ours].map(|whose| {
        let statsd = Statsd::new();
        let config = format!("{}:::application_name:my:::sample_rate:0.25", statsd.config());
        let running = plugin(whose, &circusd, "statsd.StatsdEmitter", &config);
        // Nobody tells when it has subscribed: it has when the first event is counted.
        wait_for("the first event", || {
            circusd.ctl(&["incr", "web", "--waiting"]);
            statsd.0.set_read_timeout(Some(Duration::from_millis(200))).expect("a socket");
            statsd.0.recv(&mut [0; 100]).ok()
        });
        statsd.0.set_read_timeout(Some(PATIENCE)).expect("a socket");
        (running, statsd)
    });
    circusd.ctl(&["restart", "beta two", "--waiting"]);
    circusd.ctl(&["stop", "web", "--waiting"]);
    let [theirs, ours] = both.map(|(mut running, statsd)| {
        let heard = statsd.until("circus.my.watcher.web.stop:1|c|@0.25");
        running.signal(Signal::INT);
        assert_eq!(running.ended().code(), Some(0));
        let begin = heard.iter().position(|datagram| datagram.contains("beta_two")).expect("a restart");
        heard[begin..].to_vec()
    });
    assert_eq!(ours, theirs);
}

#[test]
fn everybodys_figures_are_told_as_by_the_original() {
    let circusd = Circusd::start(
        "[watcher:web]\ncmd = sleep 1000\nnumprocesses = 2\n[watcher:idle]\ncmd = x\nautostart = False\n",
    );
    let [theirs, ours] = [Whose::Original, Whose::Ours].map(|whose| {
        let statsd = Statsd::new();
        let config = format!("{}:::loop_rate:0.5", statsd.config());
        let _running = plugin(whose, &circusd, "statsd.FullStats", &config);
        let mut heard: Vec<String> = (0..8).map(|_| statsd.next()).collect();
        heard.sort();
        heard
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours[0], "circus.app.watcher._stats.idle.watchers_num:0|g");
}

#[test]
fn who_uses_too_much_is_restarted_as_by_the_original() {
    let circusd = Circusd::start("[watcher:Web]\ncmd = sleep 1000\n");
    let [theirs, ours] = [Whose::Original, Whose::Ours].map(|whose| {
        let before = circusd.pids("web");
        let statsd = Statsd::new();
        let config = format!("{}:::loop_rate:0.3:::watcher:web:::max_mem:10K:::max_count:1", statsd.config());
        let _running = plugin(whose, &circusd, "resource_watcher.ResourceWatcher", &config);
        let heard = statsd.until("circus.app.watcher._resource_watcher.web.restarting:1|c");
        wait_for("another process", || {
            let now = circusd.pids("web");
            (now.len() == 1 && now != before).then_some(())
        });
        heard
    });
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 3);
}

#[test]
fn who_flaps_is_stopped_started_again_and_stopped_for_good() {
    let circusd =
        Circusd::start("[watcher:My App]\ncmd = false\nautostart = False\nflapping.max_retry = 1\n");
    let config = "attempts:2:::window:20:::retry_in:0.5:::max_retry:9";
    let _running = plugin(Whose::Ours, &circusd, "flapping.Flapping", config);
    wait_for("it to start", || log(&circusd, Whose::Ours).contains("Starting").then_some(()));
    circusd.ctl(&["start", "my app"]);
    wait_for("the second attempt", || {
        log(&circusd, Whose::Ours)
            .contains("my_app: flapping detected: reached max retry limit")
            .then_some(())
    });
    wait_for("the watcher to stop", || (circusd.status("my app") == "stopped").then_some(()));
    let log = log(&circusd, Whose::Ours);
    assert!(log.contains("[INFO] my_app: flapping detected: retry in  0s (attempt number 1)\n"), "{log}");
    assert!(!log.contains("WARNING") && !log.contains("(attempt number 2)"), "{log}");
}

#[test]
fn who_is_restarted_on_purpose_does_not_flap() {
    let circusd =
        Circusd::start("[watcher:web]\ncmd = sleep 1000\n[watcher:bad]\ncmd = false\nautostart = False\n");
    let _running = plugin(Whose::Ours, &circusd, "flapping.Flapping", "window:20:::max_retry:0");
    wait_for("it to start", || log(&circusd, Whose::Ours).contains("Starting").then_some(()));
    for _ in 0..4 {
        circusd.ctl(&["restart", "web", "--waiting"]);
    }
    circusd.ctl(&["start", "bad"]);
    wait_for("the one that does flap", || log(&circusd, Whose::Ours).contains("bad: flapping").then_some(()));
    assert!(!log(&circusd, Whose::Ours).contains("web: flapping"));
    assert_eq!(circusd.status("web"), "active");
}

#[test]
fn who_gives_no_sign_of_life_is_ended_whatever_else_arrives() {
    let free =
        UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let worker = format!(
        "import os, socket, time\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         while True:\n    s.sendto(b'%d;%f' % (os.getpid(), time.time()), ('127.0.0.1', {free}))\n    time.sleep(0.05)\n"
    );
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), worker).expect("it is ours");
    let circusd = Circusd::start(&format!(
        "[watcher:alive]\ncmd = {}/bin/python {}\n[watcher:Dead One]\ncmd = sleep 1000\n",
        venv().display(),
        file.path().display()
    ));
    let (alive, dead) = (circusd.pids("alive"), circusd.pids("dead one"));
    let config = format!("loop_rate:0.5:::max_count:4:::port:{free}:::watchers_stop_signal:KILL");
    let _running = plugin(Whose::Ours, &circusd, "watchdog.WatchDog", &config);
    wait_for("it to listen", || log(&circusd, Whose::Ours).contains("listening").then_some(()));
    let noise = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    for round in 0..2_u8 {
        let before = circusd.pids("dead one");
        for seed in 0..200_u8 {
            let bytes: Vec<u8> = (0..seed).map(|i| i.wrapping_mul(seed).wrapping_add(round)).collect();
            noise.send_to(&bytes, ("127.0.0.1", free)).expect("it listens");
            noise.send_to(&[b';'; 3000], ("127.0.0.1", free)).expect("it listens");
        }
        // The second time it knows the watcher only by the name in its events.
        wait_for("another process", || {
            let now = circusd.pids("dead one");
            (now.len() == 1 && now != before).then_some(())
        });
    }
    assert_ne!(circusd.pids("dead one"), dead);
    assert_eq!(circusd.pids("alive"), alive);
}

#[test]
fn a_dog_without_its_port_ends_nobody() {
    let circusd = Circusd::start("[watcher:web]\ncmd = sleep 1000\n");
    let taken = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let config = format!("port:{}", taken.local_addr().expect("it is bound").port());
    let mut running = plugin(Whose::Ours, &circusd, "watchdog.WatchDog", &config);
    assert_eq!(running.ended().code(), Some(1));
}

#[test]
fn a_command_that_changed_is_restarted() {
    let script = tempfile::NamedTempFile::new().expect("a temporary file").into_temp_path();
    std::fs::write(&script, "#!/bin/sh\nexec sleep 1000\n").expect("it is ours");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("it is ours");
    let circusd = Circusd::start(&format!(
        "[watcher:arguments]\ncmd = sleep 1000\n[watcher:web]\ncmd = {}\n",
        script.display()
    ));
    let before = circusd.pids("web");
    let _running = plugin(Whose::Ours, &circusd, "command_reloader.CommandReloader", "");
    let mut time = std::time::SystemTime::UNIX_EPOCH;
    wait_for("it to see a change", || {
        time += Duration::from_secs(1);
        // Closed at once: nobody can run a file that is open for writing.
        let file = std::fs::File::options().append(true).open(&script).expect("it is ours");
        file.set_modified(time).expect("it is ours");
        drop(file);
        std::thread::sleep(Duration::from_millis(300));
        log(&circusd, Whose::Ours).contains("modified. Restarting.").then_some(())
    });
    wait_for("another process", || {
        let now = circusd.pids("web");
        (now.len() == 1 && now != before).then_some(())
    });
}

/// A web server that answers one request a connection, each with the next of these.
fn web(answers: Vec<String>) -> u16 {
    serve(answers, |stream, answer| {
        request_head(stream);
        // Whoever does not want to hear it may go.
        let _ = stream.get_mut().write_all(answer.as_bytes());
    })
}

/// A Redis that answers one command after the other, for each connection with the next of these.
fn redis(answers: Vec<Vec<String>>) -> u16 {
    serve(answers, |stream, answers| {
        for answer in answers {
            let mut line = String::new();
            let _ = stream.read_line(&mut line);
            let words: usize = line.trim().trim_start_matches('*').parse().expect("a number of words");
            (0..words * 2).for_each(|_| assert!(stream.read_line(&mut line).is_ok()));
            let _ = stream.get_mut().write_all(answer.as_bytes());
        }
    })
}

/// Serves connections one after the other.
fn serve<T: Send + 'static>(
    answers: Vec<T>,
    answer: impl Fn(&mut BufReader<std::net::TcpStream>, T) + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    std::thread::spawn(move || {
        for next in answers {
            let Ok((stream, _)) = listener.accept() else { return };
            answer(&mut BufReader::new(stream), next);
        }
    });
    port
}

fn request_head(stream: &mut BufReader<std::net::TcpStream>) {
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|length| length > 2) {
        line.clear();
    }
}

#[test]
fn a_page_is_timed_and_its_watcher_restarted_when_it_fails() {
    let circusd = Circusd::start("[watcher:web]\ncmd = sleep 1000\n");
    let before = circusd.pids("web");
    let answers = [
        "HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.0 503 Busy\r\n\r\nno",
        "no HTTP at all\r\n",
    ];
    let port = web(answers.map(str::to_owned).to_vec());
    let statsd = Statsd::new();
    let url = format!("http://127.0.0.1:{port}/here");
    let config = format!("{}:::loop_rate:0.3:::check_url:{url}:::restart_on_error:web", statsd.config());
    let _running = plugin(Whose::Ours, &circusd, "http_observer.HttpObserver", &config);
    let heard = statsd.until("circus.http_observer.watcher.http_stats.error.599:1|c");
    let (time, rest) = heard.split_first().expect("several");
    assert!(
        time.starts_with("circus.http_observer.watcher.http_stats.request_time:") && time.ends_with("|ms")
    );
    let buckets = ["error:1|c", "error.503:1|c", "restart_on_error:1|c", "error:1|c", "error.599:1|c"];
    assert_eq!(rest, buckets.map(|bucket| format!("circus.http_observer.watcher.http_stats.{bucket}")));
    wait_for("another process", || {
        let now = circusd.pids("web");
        (now.len() == 1 && now != before).then_some(())
    });
}

#[test]
fn a_redis_is_told_of_and_its_watcher_restarted_when_it_fails() {
    let circusd = Circusd::start("[watcher:redis]\ncmd = sleep 1000\n");
    let before = circusd.pids("redis");
    let info = "# Server\r\nused_memory:1000\r\nused_cpu_sys:1.50\r\nx\r\n";
    let info = format!("${}\r\n{info}\r\n", info.len());
    let port = redis(vec![
        vec!["+OK\r\n".to_owned(), "+OK\r\n".to_owned(), info],
        vec!["-NOAUTH no\r\n".to_owned()],
    ]);
    let statsd = Statsd::new();
    let url = format!("redis://:secret@127.0.0.1:{port}/1");
    let config = format!("{}:::loop_rate:0.3:::redis_url:{url}:::restart_on_timeout:redis", statsd.config());
    let _running = plugin(Whose::Ours, &circusd, "redis_observer.RedisObserver", &config);
    let heard = statsd.until("circus.redis_observer.watcher.redis_stats.restart_on_error:1|c");
    let buckets = ["used_memory:1000|g", "used_cpu_sys:1.5|g", "error:1|c", "restart_on_error:1|c"];
    assert_eq!(heard, buckets.map(|bucket| format!("circus.redis_observer.watcher.redis_stats.{bucket}")));
    wait_for("another process", || {
        let now = circusd.pids("redis");
        (now.len() == 1 && now != before).then_some(())
    });
}

#[test]
fn an_inactive_plugin_stays_and_does_nothing() {
    let circusd = Circusd::start("[watcher:web]\ncmd = sleep 1000\n");
    let mut running = plugin(Whose::Ours, &circusd, "flapping.Flapping", "active:False");
    wait_for("it to say so", || {
        log(&circusd, Whose::Ours).contains("[INFO] Will not start an inactive plugin").then_some(())
    });
    running.signal(Signal::INT);
    assert_eq!(running.ended().code(), Some(0));
}

#[test]
fn command_lines_are_understood_as_by_the_originals() {
    for (program, lines) in [
        (
            "circus-plugin",
            &["", "--help", "-h", "--version", "--bogus", "a b", "--log x a", "--check-delay x a"][..],
        ),
        ("circus-plugin", &["--check-delay", "--check-d=x a", "--version=1", "a -- --b", "--config --help"]),
        ("circusd-stats", &["--help", "--vers", "--bogus", "x", "--statspoint", "--s x", "--log-level a b"]),
    ] {
        for line in lines {
            let arguments: Vec<&str> = line.split_ascii_whitespace().collect();
            let [theirs, ours] =
                [Whose::Original, Whose::Ours].map(|whose| run(command(whose, program, &arguments)));
            assert_eq!(ours, theirs, "{program} {line}");
        }
    }
}

/// Ours, looking for a Python only here.
fn foreign(path: &Path, class: &str, config: &str) -> Command {
    let mut command = command(Whose::Ours, "circus-plugin", &["--config", config, class]);
    command.env("PATH", path);
    command
}

#[test]
fn a_class_of_ones_own_is_run_by_python() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let source = "from circus.plugins import CircusPlugin\n\
                  class Mine(CircusPlugin):\n    name = 'mine'\n    \
                  def handle_init(self):\n        open(self.config['file'], 'w').write(type(self).__name__)\n        \
                  raise KeyboardInterrupt\n";
    std::fs::write(dir.path().join("my_plugins.py"), source).expect("it is ours");
    let file = dir.path().join("file");
    let mut command = foreign(&venv().join("bin"), "my_plugins.Mine", &format!("file:{}", file.display()));
    let (out, err, status) = run({
        command.env("PYTHONPATH", dir.path());
        command
    });
    assert_eq!(std::fs::read_to_string(file).ok().as_deref(), Some("Mine"), "{out}{err}{status:?}");
}

#[test]
fn without_python_it_says_which_module_was_wanted_and_what_to_install() {
    let empty = tempfile::tempdir().expect("a temporary directory");
    // Ourselves under that name: no Python, and no reason to run ourselves again.
    let me = std::env::current_exe().expect("the path of this program");
    std::os::unix::fs::symlink(me, empty.path().join("circus-plugin")).expect("a link");
    let (_, err, status) = run(foreign(empty.path(), "my.plugins.Mine", ""));
    assert_eq!(status, Some(1));
    assert!(err.contains("my.plugins") && err.contains("pip install circus"), "{err}");
}
