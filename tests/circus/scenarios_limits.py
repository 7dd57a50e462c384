"""Limits that a file sets: the original takes no notice of them, and minder keeps to them."""

import json
import os
import signal
import socket

import footprint
import zmq

from stage import say, show, wait_until

LIMITS = ("[minder:limits]\npeers = 6\nhandshake = 1\nmessage_bytes = 64KB\nqueued_messages = 20\nqueued_bytes = 64KB\n"
          "[watcher:a]\ncmd = sleep 1000\n")


def a_file_with_limits(d):
    d.configure(LIMITS)
    d.start().ready()
    show(d, "watchers", d.ask("list"))


def _silent(d):
    raw = socket.socket(socket.AF_UNIX)
    raw.settimeout(30)
    raw.connect(d.path("control.sock"))
    return raw


def _ends(raw):
    """Whether the other side has hung up, what it said before left aside."""
    try:
        while raw.recv(4096):
            pass
    except ConnectionError:
        pass
    raw.close()
    return True


def _answer(client, message):
    client.send(message)
    try:
        return json.loads(client.recv())
    except zmq.Again:
        return None


def limits_that_hold(d):
    d.configure(LIMITS)
    d.start().ready()
    wait_until(lambda: _ends(_silent(d)), "the end of a silent one, within a second and not half a minute")
    short, long = (b'{"command": "list", "x": "%s"}' % (b"y" * count) for count in (60000, 70000))
    client = d.connect()
    assert _answer(client, short)["status"] == "ok"
    client.RCVTIMEO = 1000
    assert _answer(client, long) is None
    crowd = [_silent(d) for _ in range(6)]
    # They have not said what they are, so that there is room for who does.
    assert d.raw({"command": "numwatchers"})["numwatchers"] == 1
    assert all(_ends(raw) for raw in crowd)
    # A later mind goes by what the one before it kept.
    before = footprint.mind_of(d.process.pid)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: footprint.mind_of(d.process.pid) not in (None, before), "another mind")
    client = d.connect()
    assert _answer(client, short)["status"] == "ok"
    client.RCVTIMEO = 1000
    assert _answer(client, long) is None
    assert d.raw({"command": "numwatchers"})["numwatchers"] == 1
    say("passed")
