//! `examples/pyapps`: gunicorn and celery from a configuration of the field, and a redis-server beside it.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::Instant;

use super::changes::Changes;
use super::place::{Place, Port};
use super::preparing::Tools;
use super::station::{Interrupts, Process, Station, Woken};
use super::{Over, bring_up, list, next_steps, put_away, stay, take_down};
use crate::cli::terminal::{self, Colour, coloured};
use crate::cli::{Complaint, Ended};

/// The example, file by file.
const FILES: &[(&str, &str)] = &[
    ("supervisord.conf", include_str!("../../../../examples/pyapps/supervisord.conf")),
    ("wsgi.py", include_str!("../../../../examples/pyapps/wsgi.py")),
    ("pyapp.py", include_str!("../../../../examples/pyapps/pyapp.py")),
    ("settings/__init__.py", include_str!("../../../../examples/pyapps/settings/__init__.py")),
    ("settings/production.py", include_str!("../../../../examples/pyapps/settings/production.py")),
];
/// The port of the application, if it is free.
const APPLICATION_PORT: u16 = 8000;
/// How long redis-server may take to listen, and how long the application may take to answer.
const BROKER_MAX: Duration = Duration::from_secs(20);
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// A request that takes a task through everything.
const REQUEST: &str = "/add?a=2&b=40";

pub(super) async fn run(tools: &Tools) -> Result<Ended, Complaint> {
    let mut interrupts = Interrupts::catch()?;
    let place = Place::new(FILES)?;
    let port = Port::free(APPLICATION_PORT)?;
    terminal::say("minder demo: gunicorn and celery from examples/pyapps/supervisord.conf\n");
    let mut broker = start_broker(&place, tools).await?;
    let over = with_broker(&place, tools, port.number, &mut interrupts).await;
    // The broker goes last: the worker says goodbye to it.
    broker.ask_to_end();
    broker.ended().await;
    let _ = broker.reap();
    put_away(place, over)
}

async fn with_broker(place: &Place, tools: &Tools, port: u16, interrupts: &mut Interrupts) -> Over {
    let variables = [
        ("PATH", tools.path.clone()),
        ("APPLICATION_PORT", port.to_string()),
        ("BROKER_URL", format!("redis+socket://{}", place.file("redis.sock").display())),
        // Python's compiled files would be written into the example otherwise, and its output would come in lumps.
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
    ];
    let logs = place.file("log");
    let mut station = match Station::start(place, &variables, &[place.directory(), &logs]) {
        Ok(station) => station,
        Err(complaint) => return Over::Broken(complaint),
    };
    let over = match up(place, port, &mut station, interrupts).await {
        Ok(()) => stay(&mut station, interrupts).await,
        Err(over) => over,
    };
    take_down(&mut station, interrupts, &over).await;
    over
}

async fn up(
    place: &Place,
    port: u16,
    station: &mut Station,
    interrupts: &mut Interrupts,
) -> Result<(), Over> {
    bring_up(station, interrupts).await?;
    terminal::say(&format!("\n  GET {REQUEST}: gunicorn, redis, celery, redis, gunicorn …\n"));
    let answer = until_answered(port, station, interrupts).await?;
    terminal::say(&format!("  {}\n", coloured(answer.trim_end(), Colour::Green, terminal::paint())));
    terminal::say(&introduction(place, port));
    Ok(())
}

/// Asks the application until it answers. Gunicorn writes to its log when it listens, which wakes us to ask.
async fn until_answered(
    port: u16,
    station: &mut Station,
    interrupts: &mut Interrupts,
) -> Result<String, Over> {
    let deadline = Instant::now() + ANSWER_MAX;
    loop {
        match tokio::time::timeout_at(deadline, get(port)).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => {}
            Ok(Err(error)) => {
                let complaint = Complaint::failed(format!("the application does not answer: {error}"));
                return Err(Over::Broken(complaint));
            }
            Err(_) => return Err(Over::Broken(too_late())),
        }
        match station.wait(interrupts, Some(deadline)).await {
            Woken::Changed => {}
            Woken::Interrupted => return Err(Over::Asked),
            Woken::Ended => return Err(Over::Broken(station.broken())),
            Woken::Late => return Err(Over::Broken(too_late())),
        }
    }
}

fn too_late() -> Complaint {
    Complaint::failed(format!("the application has not answered within {} seconds", ANSWER_MAX.as_secs()))
}

/// One request, and the body of its answer.
async fn get(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request = format!("GET {REQUEST} HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => Err(io::Error::other(answer.lines().next().unwrap_or("an empty answer").to_owned())),
    }
}

/// Starts a redis-server of our own on a socket and waits until it listens. It has a process group of its own, so that a
/// Ctrl-C does not take it from under the worker.
async fn start_broker(place: &Place, tools: &Tools) -> Result<Process, Complaint> {
    let failed = |error: io::Error| Complaint::failed(format!("cannot start redis-server: {error}"));
    // Between the socket's appearance and its first connection there is a moment; the line in the log comes behind it.
    let changes = Changes::of(&[place.directory(), &place.file("log")]).map_err(failed)?;
    let socket = place.file("redis.sock");
    let mut command = Command::new(&tools.server);
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--daemonize", "no", "--unixsocket"]);
    command.arg(&socket).arg("--dir").arg(place.directory()).process_group(0);
    let mut process = Process::start(&mut command, &place.file("log/redis.log")).map_err(failed)?;
    let deadline = Instant::now() + BROKER_MAX;
    while UnixStream::connect(&socket).await.is_err() {
        tokio::select! {
            change = changes.next() => change.map_err(failed)?,
            () = process.ended() => {
                let status = process.reap().map(|status| status.to_string()).unwrap_or_default();
                let words = std::fs::read_to_string(place.file("log/redis.log")).unwrap_or_default();
                return Err(Complaint::failed(format!("redis-server ended at once: {status}")).with_hint(words));
            }
            () = tokio::time::sleep_until(deadline) => {
                process.ask_to_end();
                process.ended().await;
                let _ = process.reap();
                return Err(Complaint::failed("redis-server does not listen"));
            }
        }
    }
    Ok(process)
}

fn introduction(place: &Place, port: u16) -> String {
    let places = list(&[
        ("configuration", place.file("supervisord.conf").display().to_string()),
        ("socket", place.file("supervisor.sock").display().to_string()),
        ("logs", place.file("log").display().to_string()),
        ("application", format!("http://127.0.0.1:{port}/")),
        ("broker", place.file("redis.sock").display().to_string()),
    ]);
    let steps = next_steps(
        place,
        &[
            ("bin/supervisorctl restart pyapps:*", "gunicorn by SIGKILL, celery by SIGINT"),
            ("bin/supervisorctl tail -f pyapps:celery stderr", "the worker's log"),
            ("bin/minder status", "in minder's own words"),
        ],
    );
    format!("\n{places}{steps}")
}
