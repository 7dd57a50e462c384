"""What no client should send; another client is answered all the while."""

import random
import socket

import zmq

from stage import say, show


def _ready(d):
    d.configure("[watcher:a]\ncmd = sleep 1000\n")
    d.start().ready()
    d.name_of(d.living("a", 1)[0])


def _alive(d, label):
    show(d, label, d.ask("numwatchers"))


def _raw(d, data):
    """A connection of no particular protocol."""
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(10)
        raw.connect(d.path("control.sock"))
        try:
            raw.sendall(data)
        except OSError:
            pass


def noise_at_the_endpoint(d):
    _ready(d)
    noise = random.Random(7)
    greeting = b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x00" + b"NULL" + b"\0" * 16 + b"\0" + b"\0" * 31
    for number in range(60):
        junk = bytes(noise.getrandbits(8) for _ in range(noise.randrange(1, 300)))
        _raw(d, junk if number % 2 else greeting + junk)
    for data in (b"GET / HTTP/1.0\r\n\r\n", greeting, greeting[:20], greeting + b"\x04\x05READY", greeting + b"\x06" + b"\xff" * 8,
                 greeting + b"\x02\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 100):
        _raw(d, data)
    _alive(d, "after the noise")


def requests_that_make_no_sense(d):
    _ready(d)
    other = d.connect()
    for number in range(10000):
        other.send(b'{"command": "nonsense%d"}' % number)
        if number % 100 == 99:
            for _ in range(100):
                other.recv()
    _alive(d, "after ten thousand")
    for label, message in [
        ("many frames", None), ("long", b'{"command": "list", "x": "' + b"y" * 3000000 + b'"}'),
        ("long name", b'{"command": "' + b"n" * 1000 + b'"}'),         ("twice", b'{"command": "nope", "command": "list"}'), ("nul", b'{"command": "li\\u0000st"}'),
        ("utf-16", '{"command": "list"}'.encode("utf-16")), ("bom", b"\xef\xbb\xbf" + b'{"command": "list"}'),
    ]:
        client = d.connect()
        client.RCVTIMEO = 400
        if message is None:
            client.send_multipart([b"x"] * 1000)
        else:
            client.send(message)
        try:
            reply = client.recv_json()
            show(d, label, {key: reply[key] if key != "reason" else reply[key][:60] for key in reply if key != "time"})
        except zmq.Again:
            say(label, "no answer")
        client.close()
    _alive(d, "after all")


def nonsense_that_stops_the_original(d):
    _ready(d)
    for message in (b"[" * 900 + b"]" * 900, b"[" * 1000000, b'{"command":' * 100000, b'{"command": "list", "id": 1' + b"0" * 400 + b"}",
                    b'{"command": "\\ud800"}', b'{"command": "list", "id": NaN}'):
        reply = d.raw(message)
        assert reply["errno"] == 1 and reply["reason"] == "json invalid", reply
    assert d.ask("numwatchers")["numwatchers"] == 1
    say("passed")


def clients_that_do_not_read(d):
    _ready(d)
    deaf = d.connect()
    deaf.setsockopt(zmq.RCVHWM, 1)
    for _ in range(3000):
        try:
            deaf.send(b'{"command": "options", "properties": {"name": "a"}}', zmq.DONTWAIT)
        except zmq.Again:
            break
    _alive(d, "beside one that does not read")
    deaf.close()
    for _ in range(50):
        brief = d.connect()
        brief.send(b'{"command": "options", "properties": {"name": "a"}}')
        brief.close()
    _alive(d, "beside those that leave")
