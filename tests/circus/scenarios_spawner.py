"""A stand-in for Fermentrack's spawner: through the original's own client it adds, restarts and removes watchers of devices
while the daemon runs, as that does for years. What it sends is what that sends."""

import glob
import os
import random
import re

from circus.client import CircusClient

from stage import say, wait_until

MAX_BYTES = 2097152
BACKUPS = 5

FILE = "[watcher:Fermentrack]\ncmd = sleep 1000\ncopy_env = True\n[watcher:brewpi-spawner]\ncmd = sleep 1000\ncopy_env = True\n"

# Tells who it is on both streams. Asked for numbers, it prints so many of them first.
DEVICE = """#!/bin/sh
echo "$2 complains" >&2
echo "$1 $2 of $FERMENTRACK begun as $$"
test -n "$NUMBERS" && seq 1 "$NUMBERS"
exec sleep 1000
"""


class _Manager:
    """The calls of the spawner and of the pages for a device."""

    def __init__(self, d):
        self.d = d
        self.client = CircusClient(timeout=30, endpoint=d.endpoint("control"))

    def call(self, command, **properties):
        """Asks again while something else is under way, as the next round would."""
        def answered():
            reply = self.client.send_message(command, **properties)
            return None if "already running" in reply.get("reason", "") else reply
        return wait_until(answered, "%s %s" % (command, properties))

    def devices(self):
        return sorted(name for name in self.call("list")["watchers"] if name.startswith("dev-"))

    def add(self, device, **env):
        name = ("dev-" + device).lower()
        stream = {"class": "FileStream", "max_bytes": MAX_BYTES, "backup_count": BACKUPS}
        options = {
            "copy_env": True,
            "stdout_stream": dict(stream, filename=self.d.path("log/%s-stdout.log" % name)),
            "stderr_stream": dict(stream, filename=self.d.path("log/%s-stderr.log" % name)),
        }
        if env:
            options["env"] = env
        return self.call("add", cmd='sh %s --dbcfg "%s"' % (self.d.path("device.sh"), device), name=name, start=True,
                         options=options)

    def state(self, device):
        return self.call("status", name=("dev-" + device).lower()).get("status")

    def pid(self, device):
        """The one process of a device, once there is one and it has spoken: until then a signal would meet a shell."""
        name = ("dev-" + device).lower()

        def spoken():
            pid = (self.call("list", name=name).get("pids") or [None])[0]
            return pid if pid and "begun as %d\n" % pid in _text(self.d, name + "-stdout.log") else None
        return wait_until(spoken, "the words of " + device)


def _manager(d):
    os.mkdir(d.path("log"))
    d.write("device.sh", DEVICE)
    d.configure(FILE)
    d.start(env=dict(os.environ, FERMENTRACK="cellar"))
    d.ready()
    return _Manager(d)


def _text(d, name):
    try:
        with open(d.path("log/" + name)) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _without_pids(text):
    return re.sub(r"as \d+", "as PID", text)


def the_life_of_devices(d):
    """What is answered, logged and listed, step by step."""
    m = _manager(d)

    def show(label, reply):
        reply = {key: value for key, value in d.normal(reply).items() if key not in ("time", "id")}
        if "reason" in reply:
            reply["reason"] = re.sub(r"[0-9a-f]{32}", "ID", reply["reason"])
        say(label, sorted(reply.items()))

    for device in ("BrewPi1", "Cellar Two"):
        show("add", m.add(device))
        wait_until(lambda: m.state(device) == "active", device)
        m.pid(device)
    show("again", m.call("status"))
    show("add twice", m.add("BrewPi1"))
    say(m.devices())
    for device, command in (("BrewPi1", "restart"), ("BrewPi1", "stop"), ("BrewPi1", "start"), ("Cellar Two", "reload")):
        before = m.call("list", name=("dev-" + device).lower())["pids"]
        show(command, m.call(command, name=("dev-" + device).lower(), waiting=True))
        if command != "stop":
            wait_until(lambda: m.pid(device) not in before, "another process")
        say(m.state(device))
    show("rm", m.call("rm", name="dev-cellar two", waiting=True))
    say(m.devices())
    show("status", m.call("status", name="dev-cellar two"))
    say(sorted(os.listdir(d.path("log"))))
    for name in sorted(os.listdir(d.path("log"))):
        say(name, _without_pids(_text(d, name)).splitlines())


def _rotated(d, device, numbers):
    """Checks the logs of a device that printed so many numbers: names, sizes, and that the newest are all there."""
    base = d.path("log/%s-stdout.log" % device)
    last = str(numbers)
    wait_until(lambda: os.path.exists(base) and open(base).read().endswith("\n%s\n" % last), "the last number")
    names = sorted(os.path.basename(path) for path in glob.glob(glob.escape(base) + "*"))
    assert names == sorted([os.path.basename(base)] + [os.path.basename(base) + ".%d" % n for n in range(1, BACKUPS + 1)]), names
    text = ""
    for path in [base + ".%d" % n for n in range(BACKUPS, 0, -1)] + [base]:
        assert 0 < os.path.getsize(path) <= MAX_BYTES, (path, os.path.getsize(path))
        with open(path) as file:
            text += file.read()
    kept = text.split("\n")[1:-1]
    assert kept == [str(n) for n in range(numbers - len(kept) + 1, numbers + 1)], "a line is missing"
    return len(kept)


def two_megabytes_five_times(d):
    m = _manager(d)
    m.add("Talker", NUMBERS="3000000")
    kept = _rotated(d, "dev-talker", 3000000)
    # All files together are full but for one.
    assert kept * 8 > MAX_BYTES * BACKUPS * 0.95, kept
    say(m.state("Talker"), sorted(os.listdir(d.path("log"))))


def _threads_of(d):
    """The daemon's own processes."""
    own = os.readlink("/proc/%d/exe" % d.process.pid)
    found = []
    for pid in [d.process.pid] + _children(d.process.pid):
        try:
            if os.readlink("/proc/%d/exe" % pid) == own:
                found.append(pid)
        except OSError:
            pass
    return found


def _children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(child) for child in file.read().split()]


def _zombies(d):
    def state(pid):
        try:
            with open("/proc/%d/stat" % pid) as file:
                return file.read().rsplit(")", 1)[1].split()[0]
        except OSError:
            return None
    return [pid for own in _threads_of(d) for pid in _children(own) if state(pid) == "Z"]


def _descriptors(d):
    return [len(os.listdir("/proc/%d/fd" % pid)) for pid in _threads_of(d)]


def _memory(d):
    """Kilobytes of both processes that are their own."""
    total = 0
    for pid in _threads_of(d):
        with open("/proc/%d/smaps_rollup" % pid) as file:
            total += int(re.search(r"^Pss_Anon:\s+(\d+)", file.read(), re.M).group(1))
    return total


def years_of_devices(d):
    """minder alone: hundreds of rounds, and afterwards nothing is left of them."""
    m = _manager(d)
    chance = random.Random(7)
    devices = ["Alpha", "Beta Two", "gamma", "DELTA", "epsilon-5", "zeta.6"]
    there = {}

    def round_of_the_spawner():
        device = chance.choice(devices)
        name = ("dev-" + device).lower()
        if device not in there:
            m.add(device)
        else:
            command = chance.choice(["rm", "restart", "stop", "start", "reload", "rm"])
            m.call(command, name=name, waiting=chance.random() < 0.5)
            if command == "rm":
                del there[device]
                wait_until(lambda: name not in m.devices(), "the end of " + name)
            elif command == "stop":
                there[device] = "stopped"
            else:
                # A restart or a reload also begins what was stopped.
                there[device] = "active"
        if device not in there and name in m.devices():
            there[device] = "active"
        for other, state in there.items():
            wait_until(lambda: m.state(other) == state, "%s is %s" % (other, state))
            if state == "active":
                m.pid(other)
        assert m.devices() == sorted(("dev-" + device).lower() for device in there), (m.devices(), there)

    def nothing_there():
        for device in list(there):
            m.call("rm", name=("dev-" + device).lower(), waiting=True)
            del there[device]
        wait_until(lambda: not m.devices() and not _zombies(d), "rest")

    for _ in range(60):
        round_of_the_spawner()
    nothing_there()
    descriptors, memory = _descriptors(d), _memory(d)
    for _ in range(800):
        round_of_the_spawner()
    nothing_there()
    assert _descriptors(d) == descriptors, (_descriptors(d), descriptors)
    assert _memory(d) < memory + 2000, (_memory(d), memory)
    assert sorted(m.call("list")["watchers"]) == ["brewpi-spawner", "fermentrack"], m.call("list")
    # The two that were there from the beginning, and the mind.
    assert len(_children(d.process.pid)) == 3, _children(d.process.pid)
    for device in devices:
        name = ("dev-" + device).lower()
        begun = _text(d, name + "-stdout.log").count("--dbcfg %s of cellar begun" % device)
        # It complains first, and one that was ended right then never came to its other words.
        assert _text(d, name + "-stderr.log").count(device + " complains") >= begun > 20, name
    assert len(os.listdir(d.path("log"))) == 2 * len(devices), os.listdir(d.path("log"))
    say("passed")
