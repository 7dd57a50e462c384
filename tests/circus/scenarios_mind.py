"""minder alone: the process that decides is killed, and nothing is lost. The one that holds everything starts another."""

import os
import signal
import socket
import sys

import zmq

import footprint
from stage import say, wait_until


def _mind(d):
    return wait_until(lambda: footprint.mind_of(d.process.pid), "a mind")


def _kill_mind(d):
    before = _mind(d)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: not os.path.exists("/proc/%d" % before) or _mind(d) != before, "the end of the mind")
    _reconnect(d)


def _reconnect(d):
    """Answers that were under way are lost with the mind; whoever asks again is answered."""
    def answered():
        d.dealer.close()
        d.dealer = d.connect()
        d.dealer.RCVTIMEO = 300
        try:
            return d.raw({"command": "numwatchers"})
        except zmq.Again:
            return None
    wait_until(answered, "an answer")
    d.dealer.RCVTIMEO = 30000


FILE = ("[watcher:two]\ncmd = sleep 1000\nnumprocesses = 2\n[watcher:off]\ncmd = sleep 1000\nautostart = False\n"
        "[watcher:stubborn]\ncmd = sh -c 'trap \"\" TERM; echo ready > {dir}/ready; while :; do sleep 0.05; done'\ngraceful_timeout = 1\n"
        "[socket:web]\nport = 0\nhost = 127.0.0.1\n")


def _ready(d):
    d.configure(FILE.replace("{dir}", d.directory))
    d.start().ready()
    d.living("two", 2)
    wait_until(lambda: os.path.exists(d.path("ready")), "the shell")


def _facts(d):
    replies = [d.ask("status"), d.ask("listsockets"), d.ask("options", name="two"), d.ask("globaloptions")]
    for name in d.ask("list")["watchers"]:
        replies += [d.ask("list", name=name), {pid: info["wid"] for pid, info in d.ask("stats", name=name)["info"].items()}]
    for reply in replies:
        reply.pop("time", None)
    return replies


def a_mind_that_dies_at_rest(d):
    _ready(d)
    d.ask("add", name="Late One", cmd="sleep 1000", start=True, waiting=True, options={"numprocesses": 2, "copy_env": True})
    d.ask("set", name="two", options={"graceful_timeout": 7, "max_retry": 3}, waiting=True)
    d.ask("incr", name="two", waiting=True)
    before = _facts(d)
    for _ in range(3):
        _kill_mind(d)
        after = _facts(d)
        assert after == before, (before, after)
    pid = d.pids_of("two")[0]
    os.kill(pid, signal.SIGKILL)
    d.living("two", 3)
    assert d.ask("quit", waiting=True)["status"] == "ok"
    assert d.process.wait(30) == 0
    say("passed")


def a_mind_that_dies_at_work(d):
    """Whatever is under way is done in the end, or was never begun; no process is lost and none is there twice."""
    _ready(d)
    for command, properties, rests in [
        ("stop", {"name": "two"}, {"stopped": 0, "active": 2}), ("start", {"name": "two"}, {"active": 2, "stopped": 0}),
        ("start", {"name": "off"}, {"active": 1, "stopped": 0}), ("stop", {"name": "stubborn"}, {"stopped": 0, "active": 1}),
        ("start", {"name": "stubborn"}, {"active": 1, "stopped": 0}), ("restart", {"name": "stubborn"}, {"active": 1, "stopped": 0}),
        ("reload", {"name": "two"}, {"active": 2, "stopped": 0}), ("reload", {"name": "two", "sequential": True}, {"active": 2}),
        ("kill", {"name": "two"}, {"active": 2}), ("reloadconfig", {}, {}), ("reload", {}, {}),
    ]:
        d.send({"command": command, "properties": properties, "msg_type": "cast"})
        _kill_mind(d)

        def at_rest():
            name = properties.get("name", "two")
            status = d.ask("status", name=name)["status"]
            return status in (rests or {"active": 2}) and len(d.pids_of(name)) == (rests or {"active": 2})[status]
        wait_until(at_rest, "rest after %s %s" % (command, properties))
        for name in ("two", "off", "stubborn"):
            d.ask("start", name=name, waiting=True)
        for name, number in (("two", 2), ("off", 1), ("stubborn", 1)):
            d.living(name, number)
        wait_until(lambda: sorted(_sessions(d)) == sorted(pid for name in ("two", "off", "stubborn") for pid in d.pids_of(name)),
                   "that all processes are known after %s" % command)
    assert d.ask("quit", waiting=True)["status"] == "ok"
    assert d.process.wait(30) == 0
    assert not _sessions(d)
    say("passed")


def _sessions(d):
    """All processes that lead a session and were started below the daemon's directory, except the daemon and its parts."""
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == d.process.pid:
            continue
        pid = int(name)
        try:
            if (os.readlink("/proc/%d/cwd" % pid) == os.path.realpath(d.directory) and os.getsid(pid) == pid
                    and os.readlink("/proc/%d/exe" % pid) != os.path.realpath(d.circusd)
                    and open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()[0] != "Z"):
                found.append(pid)
        except OSError:
            pass
    return found


def a_mind_that_dies_while_it_ends(d):
    _ready(d)
    d.send({"command": "quit", "msg_type": "cast"})
    wait_until(lambda: "Arbiter exiting" in d.log(), "the end")
    os.kill(_mind(d), signal.SIGKILL)
    assert d.process.wait(30) == 0
    assert not _sessions(d)
    say("passed")


def both_that_die_at_once(d):
    """Whoever is started next takes over workers, sockets and wishes: the port is taken, and by nobody but the workers."""
    d.write("page.py", "import os, socket, sys\nsock = socket.socket(fileno=int(sys.argv[1]))\nsock.setblocking(True)\n"
                       "while True:\n    peer, _ = sock.accept()\n    peer.sendall(b'%d' % os.getpid())\n    peer.close()\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    d.configure("[socket:web]\nhost = 127.0.0.1\nport = %d\n[watcher:web]\ncmd = %s %s $(circus.sockets.web)\nuse_sockets = True\n"
                "numprocesses = 2\ncopy_env = True\n[watcher:off]\ncmd = sleep 1000\n" % (port, sys.executable, d.path("page.py")))
    d.start().ready()
    workers = d.living("web", 2)

    def page():
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as peer:
                return int(peer.recv(20) or 0)
        except OSError:
            return None
    wait_until(lambda: page() in workers, "the page")
    d.ask("stop", name="off", waiting=True)
    d.ask("add", name="late", cmd="sleep 1000", start=True, waiting=True)
    d.ask("incr", name="web", waiting=True)
    workers = d.living("web", 3)
    late = d.pids_of("late")
    keeper, mind = d.process.pid, _mind(d)
    # Not the other way round: a stopped mind is woken when it is orphaned, and becomes the keeper.
    os.kill(keeper, signal.SIGSTOP)
    for pid in (mind, keeper):
        os.kill(pid, signal.SIGKILL)
    d.process.wait(30)
    wait_until(lambda: not os.path.exists("/proc/%d/exe" % mind) or not _line(mind), "the end of the mind")
    assert page() in workers, "the workers go on alone"
    d.start()
    _reconnect(d)
    assert sorted(d.living("web", 3)) == sorted(workers), (d.pids_of("web"), workers)
    assert d.pids_of("late") == late and d.ask("status", name="off")["status"] == "stopped"
    # A new worker gets the old socket.
    os.kill(workers[0], signal.SIGKILL)
    wait_until(lambda: len(d.pids_of("web")) == 3 and workers[0] not in d.pids_of("web"), "another worker")
    wait_until(lambda: page() not in workers + [None], "a page of the new one")
    assert d.ask("quit", waiting=True)["status"] == "ok"
    assert d.process.wait(30) == 0
    say("passed")


def _line(pid):
    with open("/proc/%d/cmdline" % pid, "rb") as file:
        return file.read()
