//! `brewpi ask`: a request to the script of a device, as pages make it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

use crate::device::{Device, Endpoint};
use crate::places::Places;
use crate::script::{bytes, text};
use crate::table::Table;

const USAGE: &str = "\
brewpi ask NAME REQUEST

Asks the script of a device, and prints what it answers: getDashInfo, getDeviceList, setBeer=18.5, setOff and so on.
";
/// How long a script may take.
const WITHIN: Duration = Duration::from_secs(15);

pub(super) fn run(places: &Places, words: &[String]) -> ExitCode {
    let [name, request] = words else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    let device = match Table::open_to_read(&places.database).and_then(|table| table.device(name)) {
        Ok(Some(device)) => device,
        Ok(None) => return failed(&format!("there is no device `{name}`; `brewpi device list` shows them")),
        Err(error) => return failed(&error.to_string()),
    };
    match ask(places, &device, request) {
        Ok(answer) => {
            println!("{answer}");
            ExitCode::SUCCESS
        }
        Err(error) => failed(&format!("the script of `{name}` does not answer: {error}")),
    }
}

fn failed(text: &str) -> ExitCode {
    eprintln!("brewpi ask: {text}");
    ExitCode::FAILURE
}

fn ask(places: &Places, device: &Device, request: &str) -> io::Result<String> {
    match &device.endpoint {
        Endpoint::File(name) => {
            let stream = UnixStream::connect(places.run.join(name))?;
            stream.set_read_timeout(Some(WITHIN))?;
            talk(stream, request)
        }
        Endpoint::Port { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port))?;
            stream.set_read_timeout(Some(WITHIN))?;
            talk(stream, request)
        }
    }
}

fn talk(mut stream: impl Read + Write, request: &str) -> io::Result<String> {
    stream.write_all(&bytes(request))?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(text(&answer))
}
