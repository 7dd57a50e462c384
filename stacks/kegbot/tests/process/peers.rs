//! Independent readers: Python's own sockets, files and JSON, by the forms of the wire.

use std::process::Command;

use crate::bar::{Bar, wait_for_drinks, wait_for_path};

/// A client as the originals were: it frames and reads messages by hand.
const CLIENT: &str = r#"
import json, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def send(name, **data):
    s.sendall(json.dumps({"event": name, "data": data}).encode() + b"\n\n")
send("Ping")
send("TokenAuthEvent", tap_name="__all_taps__", auth_device_name="core.rfid", token_value="680096068f", status="added")
send("TokenAuthEvent", tap_name="__all_taps__", auth_device_name="core.rfid", token_value="680096068f", status="removed")
for reading in (0, 250, 500):
    send("MeterUpdate", tap_name="kegboard.flow0", reading=reading)
send("FlowRequest", tap_name="kegboard.flow0", request="stop_flow")
held = b""
while True:
    while b"\n\n" not in held:
        held += s.recv(65536)
    one, held = held.split(b"\n\n", 1)
    message = json.loads(one)
    assert set(message) == {"event", "data"}, message
    if message["event"] == "DrinkCreatedEvent":
        assert set(message["data"]) == {"flow_id", "drink_id", "tap_name", "start_time", "end_time", "username"}, message
        print(message["data"]["username"])
        break
"#;

/// A reader of frames on a serial port, which shares nothing with ours but the description of the protocol.
const READER: &str = r#"
import struct, sys
import serial
port = serial.Serial(sys.argv[1], 115200, timeout=30)
def crc(data):
    c = 0
    for b in data:
        c ^= b
        for _ in range(8):
            c = (c >> 1) ^ 0x8408 if c & 1 else c >> 1
    return c
def frame(kind, payload=b""):
    body = b"KBSP v1:" + struct.pack("<HH", kind, len(payload)) + payload
    return body + struct.pack("<H", crc(body)) + b"\r\n"
def read():
    while port.read_until(b"KBSP v1:")[-8:] == b"KBSP v1:":
        head = port.read(4)
        kind, length = struct.unpack("<HH", head)
        rest = port.read(length + 4)
        assert crc(b"KBSP v1:" + head + rest[:-2]) == 0 and rest[-2:] == b"\r\n", (head, rest)
        yield kind, rest[:length]
port.write(frame(0x81))
port.write(frame(0x84, b"\x01\x01\x00\x02\x02\x01\x00"))
seen = set()
for kind, payload in read():
    seen.add(kind)
    if {0x01, 0x10, 0x11, 0x12} <= seen:
        break
print("all kinds of messages were read")
"#;

/// The Python of the references, which has pyserial.
fn python(script: &str, word: &str) -> String {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/reference-venv");
    let venv = std::env::var("MINDER_REFERENCE_VENV").unwrap_or_else(|_| default.to_owned());
    let python = std::path::Path::new(&venv).join("bin/python3");
    assert!(python.exists(), "no reference at {venv}: `cargo xtask test` installs it");
    let output = Command::new(python).args(["-c", script, word]).output().expect("python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_client_in_python_pours_a_drink() {
    let bar = Bar::new();
    let (_server, api_url) = bar.server("127.0.0.1:0");
    let (_core, port) = bar.core(&api_url);
    assert_eq!(python(CLIENT, &port.to_string()), "mikey");
    assert_eq!(wait_for_drinks(&api_url, 1)[0]["ticks"], 500);
}

#[test]
fn a_reader_in_python_understands_the_board() {
    let bar = Bar::new();
    let _board = bar.start("kegbot", &["simulate-board", "--link", "board"]);
    wait_for_path(&bar.path("board"));
    let said = python(READER, &bar.path("board").display().to_string());
    assert_eq!(said, "all kinds of messages were read");
}
