//! A program that tells a server.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use crate::home::{Home, Init};

/// A server that takes everything, and tells what it was given.
fn server() -> (u16, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // Somebody may have hung up.
            let _ = answer(stream, &tell);
        }
    });
    (port, told)
}

fn answer(mut stream: TcpStream, tell: &Sender<(String, String)>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let lower = line.trim().to_lowercase();
        if lower.is_empty() {
            break;
        }
        if let Some(value) = lower.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(
        b"HTTP/1.1 200 OK\r\nAllow: OPTIONS, POST\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    )?;
    let method = first.split(' ').next().unwrap_or_default().to_owned();
    // The test has ended when nobody listens.
    let _ = tell.send((method, String::from_utf8_lossy(&body).into_owned()));
    Ok(())
}

#[test]
fn a_connected_program_asks_for_its_server_and_tells_it_that_it_lives() {
    let (port, told) = server();
    let home = Home::new(Init::Systemd);
    let url = format!("http://127.0.0.1:{port}/");
    let more = ["--messaging.http.base_url", &url, "--messaging.heartbeat_interval", "1"];
    assert_eq!(home.setup("acoupi.programs.connected", &more).status, 0);
    let start = ["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"];
    let said = home.acoupi(&start);
    assert_eq!(said.status, 0, "{said:?}\n{}", home.logs());
    assert!(home.path("storages/messages.db").is_file());
    let next = || told.recv_timeout(Duration::from_secs(60)).unwrap_or_else(|_| panic!("{}", home.logs()));
    assert_eq!(next().0, "OPTIONS", "the check");
    let (method, body) = next();
    assert_eq!(method, "POST");
    assert!(body.contains("\"status\":\"OK\"") && body.contains("\"device_id\""), "{body}");
    let listed = home.acoupi(&["task", "list"]).out;
    assert!(listed.contains("  • send_messages_task\n  • heartbeat_task\n"), "{listed}");
    let said = home.acoupi(&["deployment", "stop"]);
    assert_eq!(said.status, 0, "{said:?}");
    assert!(said.out.contains("Running messaging task to send remaining messages.\n"), "{}", said.out);
}

#[test]
fn a_server_that_is_not_there_is_found_out_before_it_begins() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let home = Home::new(Init::Systemd);
    let said = home.setup("acoupi.programs.connected", &["--messaging.http.base_url", &url]);
    assert_eq!(said.status, 0, "{said:?}");
    let start = ["deployment", "start", "--name", "a", "--latitude", "1", "--longitude", "2"];
    let said = home.acoupi(&start);
    assert_eq!(said.status, 1);
    let error = format!("Error: Health check failed: Unable to connect to {url}.");
    assert!(said.out.contains(&error), "{}", said.out);
    assert!(home.deployment().is_null());
}
