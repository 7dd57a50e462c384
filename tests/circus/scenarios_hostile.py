"""What no client should send; another client is answered all the while."""

import random
import socket

import zmq

from stage import say, show, wait_until


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


def thousands_of_commands_by_chance(d):
    """minder alone: whatever is asked is answered, and nothing of it disturbs who asks for something sensible."""
    chance = random.Random(11)
    d.configure("[watcher:calm]\ncmd = sleep 1000\n[watcher:toy]\ncmd = sleep 1000\nautostart = False\n"
                "stdout_stream.class = FileStream\nstdout_stream.filename = {dir}/toy.log\n")
    d.start().ready()
    calm = d.pids_of("calm")
    names = ["toy", "TOY", "new", "plugin:x", "", "*", "t*", "[", "\u00e4\U0001f98a", "a" * 300, "a.b", "..", "/", "toy\n", None, 5, [], {}]
    keys = ["cmd", "args", "env", "numprocesses", "max_retry", "working_dir", "uid", "gid", "shell", "stop_signal", "warmup_delay",
            "graceful_timeout", "max_age", "stdout_stream.max_bytes", "stdout_stream", "rlimit_nofile", "hooks.before_start", "priority",
            "singleton", "respawn", "virtualenv", "copy_env", "send_hup", "use_sockets", "bogus", "", "\u00e4"]
    commands = ["add", "decr", "dstats", "get", "globaloptions", "incr", "ipython", "kill", "list", "listen", "listsockets",
                "numprocesses", "numwatchers", "options", "reload", "restart", "rm", "set", "signal", "start", "stats",
                "status", "stop", "Status", "bogus", ""]

    def value(depth=0):
        kind = chance.randrange(10 if depth < 3 else 8)
        return [lambda: None, lambda: chance.choice([True, False]), lambda: chance.choice([0, 1, -1, 2, 1 << 31, -(1 << 63), 1 << 63, 3]),
                lambda: chance.choice([0.0, 0.5, -1.5, 1e300]), lambda: chance.choice(["", "1", "x", "sleep 1000", "TERM", "-9", "$(circus.wid)", "((circus.env.HOME))"]),
                lambda: chance.choice(names), lambda: chance.choice(keys), lambda: "\x00" + "b" * chance.randrange(50),
                lambda: [value(depth + 1) for _ in range(chance.randrange(4))],
                lambda: {str(chance.choice(keys)): value(depth + 1) for _ in range(chance.randrange(4))}][kind]()

    for number in range(4000):
        if number % 10 == 0:
            # Somebody took them away, perhaps.
            d.raw({"command": "add", "properties": {"name": ("toy", "new")[number // 10 % 2], "cmd": "sleep 1000", "start": True,
                                                     "options": {"graceful_timeout": 0.2}}})
        properties = {chance.choice(["name", "options", "keys", "cmd", "signum", "pid", "process", "nb", "match", "start", "childpid",
                                     "children", "recursive", "waiting", "graceful", "sequential", "option", "args", "nostop"]): value()
                      for _ in range(chance.randrange(5))}
        command = chance.choice(commands)
        if chance.random() < 0.7:
            properties["name"] = chance.choice(names[:4])
        # Nobody may touch the calm one: all watchers at once are left alone, by name and by pattern.
        if str(properties.get("name")) in ("*", "[", "None", "", "5", "[]", "{}") or properties.get("match") == "regex" \
                or command in ("reload", "restart", "stop", "start", "kill", "signal", "rm") and str(properties.get("name")).lower() not in ("toy", "new"):
            continue
        properties.pop("pid", None), properties.pop("childpid", None)
        if isinstance(properties.get("nb"), int):
            properties["nb"] = 1
        options = properties.get("options")
        if isinstance(options, dict):
            options.pop("numprocesses", None)
            # Thirty processes a second would be what is asked for, too, and a stop that takes for ever.
            options.pop("cmd", None), options.pop("graceful_timeout", None)
        if isinstance(properties.get("waiting"), bool):
            properties["waiting"] = False
        reply = d.raw({"command": command, "properties": properties, "id": number})
        assert reply.get("id") == number and isinstance(reply["status"], str), (command, properties, reply)
    for name in d.ask("list")["watchers"]:
        if name != "calm":
            d.ask("rm", name=name, waiting=True)
    assert d.ask("list")["watchers"] == ["calm"] and d.pids_of("calm") == calm
    say("passed")
