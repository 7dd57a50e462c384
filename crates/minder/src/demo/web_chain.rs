//! `examples/web-chain`: nginx, a socket that minder keeps open, and two chaussettes that share it, from a `circus.ini`.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::place::{Place, Port};
use super::preparing::Tools;
use super::station::{Interrupts, Station, Woken};
use super::{Over, list, put_away, stay, steps_after, take_down};
use crate::cli::terminal::{self, Colour, coloured};
use crate::cli::{Complaint, Ended};

const CONFIGURATION: &str = include_str!("../../../../examples/web-chain/circus.ini");
const NGINX: &str = include_str!("../../../../examples/web-chain/nginx.conf");
const APPLICATION: &str = include_str!("../../../../examples/web-chain/app.py");
/// The ports of nginx and of the workers' socket, if they are free.
const HTTP_PORT: u16 = 8080;
const WEB_PORT: u16 = 8081;
/// How long the chain may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(60);

pub(super) async fn run(tools: &Tools) -> Result<Ended, Complaint> {
    let mut interrupts = Interrupts::catch()?;
    let (http, web) = (Port::free(HTTP_PORT)?, Port::free(WEB_PORT)?);
    let nginx = NGINX
        .replace("127.0.0.1:HTTP_PORT", &format!("127.0.0.1:{}", http.number))
        .replace("127.0.0.1:WEB_PORT", &format!("127.0.0.1:{}", web.number));
    let place =
        Place::new(&[("circus.ini", CONFIGURATION), ("nginx.conf", &nginx), ("app.py", APPLICATION)])?;
    terminal::say("minder demo: nginx and two chaussettes from examples/web-chain/circus.ini\n");
    let over = in_place(&place, tools, &http, &web, &mut interrupts).await;
    put_away(place, over)
}

async fn in_place(
    place: &Place,
    tools: &Tools,
    http: &Port,
    web: &Port,
    interrupts: &mut Interrupts,
) -> Over {
    let logs = place.file("log");
    // nginx makes what is below it, and does not make it.
    if let Err(error) = fs::create_dir(place.file("tmp")) {
        return Over::Broken(Complaint::failed(format!("cannot make a directory for nginx: {error}")));
    }
    let variables = [
        ("PATH", tools.path.clone()),
        ("STATION", place.directory().display().to_string()),
        ("NGINX_PROGRAM", tools.server.display().to_string()),
        ("WEB_PORT", web.number.to_string()),
        ("PYTHONDONTWRITEBYTECODE", "1".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
    ];
    let mut station = match Station::start_circusd(place, &variables, &[place.directory(), &logs]) {
        Ok(station) => station,
        Err(complaint) => return Over::Broken(complaint),
    };
    let over = match up(place, http, web, &mut station, interrupts).await {
        Ok(()) => stay(&mut station, interrupts).await,
        Err(over) => over,
    };
    take_down(&mut station, interrupts, &over).await;
    over
}

async fn up(
    place: &Place,
    http: &Port,
    web: &Port,
    station: &mut Station,
    interrupts: &mut Interrupts,
) -> Result<(), Over> {
    station.until_answering(interrupts).await?;
    let answer = until_answered(http.number, station, interrupts).await?;
    terminal::say(&format!("\n{}\n", status(place)?));
    terminal::say("  GET /: nginx, the socket, one of the workers …\n");
    terminal::say(&format!("  {}\n", coloured(answer.trim_end(), Colour::Green, terminal::paint())));
    terminal::say(&introduction(place, http, web));
    Ok(())
}

/// Asks nginx until it answers. It writes its pidfile when it listens, which wakes us to ask; from then on a request waits
/// in the socket until there is a worker.
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
                return Err(Over::Broken(Complaint::failed(format!("nginx does not answer: {error}"))));
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
    Complaint::failed(format!("nginx has not answered within {} seconds", ANSWER_MAX.as_secs()))
}

/// One request, and the body of its answer.
async fn get(port: u16) -> io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.contains(" 200 ") => Ok(body.to_owned()),
        _ => Err(io::Error::other(answer.lines().next().unwrap_or("an empty answer").to_owned())),
    }
}

fn endpoint(place: &Place) -> String {
    format!("ipc://{}", place.file("control.sock").display())
}

/// What circusctl says of it all, indented. It gives up by itself on a daemon that does not answer.
fn status(place: &Place) -> Result<String, Complaint> {
    let said = Command::new(place.minder())
        .arg0("circusctl")
        .args(["--endpoint", &endpoint(place), "status"])
        .output()
        .map_err(|error| Complaint::failed(format!("cannot start circusctl: {error}")))?;
    Ok(String::from_utf8_lossy(&said.stdout).lines().map(|line| format!("  {line}\n")).collect())
}

fn introduction(place: &Place, http: &Port, web: &Port) -> String {
    let places = list(&[
        ("configuration", place.file("circus.ini").display().to_string()),
        ("endpoint", endpoint(place)),
        ("logs", place.file("log").display().to_string()),
        ("page", format!("http://127.0.0.1:{}/", http.number)),
        ("workers' socket", format!("127.0.0.1:{}", web.number)),
    ]);
    let ctl = |words: &str| format!("bin/circusctl --endpoint {} {words}", endpoint(place));
    let (reload, pids) = (ctl("reload web"), ctl("list web"));
    let steps = steps_after(
        &format!("{} --endpoint {} status", place.file("bin/circusctl").display(), endpoint(place)),
        place,
        &[
            (
                &format!("while curl -sS http://127.0.0.1:{}/; do :; done", http.number),
                "meanwhile, in a third",
            ),
            (&reload, "new workers, nobody notices"),
            (&pids, "whom to kill -9; nobody notices either"),
        ],
    );
    format!("\n{places}{steps}")
}
