"""Fermentrack's spawner at work: watchers come and go at run time for as long as the daemon lives."""

import glob
import os
import random
import re
import signal

from circus.client import CircusClient

import footprint
from spawner import BACKUPS, MAX_BYTES, TIMEOUT, Spawner, ask, watcher_of
from stage import say, show, wait_until

OUTPUTS = ("stdout", "stderr")
# So many lines fill a file and all five before it, and then some, so that the oldest is thrown away.
FLOOD = MAX_BYTES * (BACKUPS + 2) // len("000000000001 temperature of beer and chamber 20.12 18.94\n")
# What minder and the original read at once, and so the most by which a file that is full may fall short of its bound.
READ_MAX = 1024


class _Brewery:
    """Devices, what is expected of their watchers, and what their controllers have written."""

    def __init__(self, d):
        self.d = d
        self.logs = d.path("log")
        os.mkdir(self.logs)
        controller = os.path.join(os.path.dirname(os.path.abspath(__file__)), "controller.sh")
        self.spawner = Spawner(d.endpoint("control"), "sh " + controller, self.logs, env={"CONTROLLERS": d.directory})
        self.devices = []
        self.states = {}
        self.lines = {}

    def expect_start(self, device, lines=20):
        self.d.write(device + ".lines", "%d\n" % lines)
        self.lines[device] = self.lines.get(device, 0) + lines
        self.states[watcher_of(device)] = "active"

    def look(self):
        """The spawner looks until it finds nothing to do, as it would every 15 seconds. Gives what it did."""
        for device in self.devices:
            if watcher_of(device) not in self.states:
                self.expect_start(device)
        done = []

        def nothing_to_do():
            said = self.spawner.look(self.devices)
            done.extend(each for each in said if each[2]["status"] == "ok")
            return not said
        wait_until(nothing_to_do, "that the spawner has nothing to do")
        for name in list(self.states):
            if name not in map(watcher_of, self.devices):
                del self.states[name]
        return done

    def press(self, action, device):
        """A button of the web page, which opens a client of its own each time, and is pressed again after a refusal."""
        client = CircusClient(timeout=TIMEOUT, endpoint=self.d.endpoint("control"))

        def pressed():
            reply = ask(client, action, name=watcher_of(device), waiting=False)
            return None if reply.get("reason", "").startswith("arbiter is already running") else reply
        try:
            return wait_until(pressed, "%s of %s" % (action, device))
        finally:
            client.stop()

    def settle(self):
        """Waits until everything is as expected: statuses, processes, and what the controllers that run have written."""
        def settled():
            statuses = ask(self.spawner.client, "status")["statuses"]
            found = {name: state for name, state in statuses.items() if name.startswith("dev-")}
            if found != self.states or not all(self.has_written(device) for device in self.devices):
                return False
            return all(len(self.d.pids_of(name)) == (state == "active") for name, state in self.states.items())
        wait_until(settled, "that the watchers are %r" % self.states)

    def has_written(self, device):
        try:
            with open(self.d.path(device + ".count")) as file:
                return int(file.read()) == self.lines[device]
        except FileNotFoundError:
            return False

    def log(self, device, which):
        return os.path.join(self.logs, "%s-%s.log" % (watcher_of(device), which))

    def check(self, device):
        """Waits until the logs end with what was written last; then holds what they are called, and all that is in them."""
        for which in OUTPUTS:
            path = self.log(device, which)
            wait_until(lambda: self.last_of(path) == self.lines[device], "line %d in %s" % (self.lines[device], path))
            suffixes = {name[len(path):] for name in glob.glob(glob.escape(path) + "*")}
            assert suffixes <= {""} | {".%d" % number for number in range(1, BACKUPS + 1)}, (path, suffixes)
            backups = len(suffixes) - 1
            parts = []
            for suffix in [".%d" % number for number in range(backups, 0, -1)] + [""]:
                with open(path + suffix, "rb") as file:
                    parts.append(file.read())
            # A write is never split, and it goes into a new file if the old one would reach its bound.
            sizes = [len(part) for part in parts]
            assert max(sizes) < MAX_BYTES and all(size >= MAX_BYTES - READ_MAX for size in sizes[:-1]), (path, sizes)
            lines = b"".join(parts).split(b"\n")
            assert lines.pop() == b"", path
            # What is full may have lost its oldest file, which may have had the beginning of the first line.
            kept = [int(line[:12]) for line in (lines[1:] if backups == BACKUPS else lines)]
            first = kept[0] if backups == BACKUPS else 1
            assert kept == list(range(first, self.lines[device] + 1)), path

    def last_of(self, path):
        try:
            with open(path, "rb") as file:
                file.seek(max(0, os.path.getsize(path) - 200))
                lines = file.read().split(b"\n")
        except FileNotFoundError:
            return None
        return int(lines[-2][:12]) if len(lines) > 2 and lines[-1] == b"" else None


def controllers_come_and_go(d):
    d.configure("[watcher:Fermentrack]\ncmd = sleep 1000\n")
    d.start().ready()
    brewery = _Brewery(d)

    def round_of(label):
        # What is refused because something else is under way is done in the next look, so the order is chance.
        for action, watcher, reply in sorted(brewery.look(), key=lambda done: done[:2]):
            show(d, "%s: %s %s" % (label, action, watcher), _without_id(reply))
        brewery.settle()
        for device in brewery.devices:
            brewery.check(device)
        show(d, "status", _without_id(ask(brewery.spawner.client, "status")))
        show(d, "list", _without_id(ask(brewery.spawner.client, "list")))
        say(sorted(os.listdir(brewery.logs)))

    brewery.devices = ["BrewPi1", "Cold Room"]
    round_of("two devices")
    options = ask(brewery.spawner.client, "options", name="dev-brewpi1")["options"]
    say("its environment has what it was given", options.pop("env")["CONTROLLERS"] == d.directory)
    options["cmd"] = re.sub(r"\S*/controller.sh", "CONTROLLER", options["cmd"])
    show(d, "options", options)
    for action, state, lines in [("stop", "stopped", 0), ("start", "active", 20), ("restart", "active", FLOOD), ("reload", "active", 20)]:
        if lines:
            brewery.expect_start("BrewPi1", lines)
        brewery.states["dev-brewpi1"] = state
        show(d, action, _without_id(brewery.press(action, "BrewPi1")))
        round_of(action)
    show(d, "a device that is not there", _without_id(brewery.press("stop", "Nobody")))
    brewery.devices = ["BrewPi1 renamed"]
    round_of("renamed and disabled")
    brewery.devices = ["BrewPi1 renamed", "BrewPi1"]
    round_of("an old name comes back")
    brewery.devices = []
    round_of("none")


def _without_id(reply):
    return {key: value for key, value in reply.items() if key not in ("id", "time")}


ROUNDS = 300
# Until then buffers and tables may still grow to the size at which they stay.
WARM = 60
# In each so many rounds a controller floods its logs; which one, they take in turns.
FLOODS = 30
DEVICES = ["BrewPi1", "Cold Room", "lager", "Kühlschrank"]
# The allocator's pages, not what it was asked for, are what is seen from outside.
GROWTH_KB = 2048
# What a later mind is to find is written to the byte.
KEPT_GROWTH_KB = 32


def hundreds_of_rounds_of_a_spawner(d):
    """minder alone, because it counts what minder takes: nothing is left of a watcher that is gone."""
    d.configure("[watcher:Fermentrack]\ncmd = sleep 1000\nnumprocesses = 2\n")
    d.start().ready()
    keeper, mind = d.process.pid, wait_until(lambda: footprint.mind_of(d.process.pid), "a mind")
    brewery = _Brewery(d)
    chance = random.Random(1)
    at_rest = None
    for number in range(ROUNDS):
        _round(d, brewery, chance, number)
        if number == WARM:
            _close(d, brewery)
            at_rest = {pid: (footprint.descriptors(pid), footprint.threads(pid)) for pid in (keeper, mind)}
            memory = sum(map(footprint.kilobytes, (keeper, mind)))
            kept = footprint.kept_kilobytes(keeper)
    _close(d, brewery)
    for device in DEVICES:
        brewery.check(device)
    wait_until(lambda: {pid: (footprint.descriptors(pid), footprint.threads(pid)) for pid in (keeper, mind)} == at_rest,
               "as many descriptors and threads as before: %r" % at_rest)
    grown = sum(map(footprint.kilobytes, (keeper, mind))) - memory
    assert grown < GROWTH_KB, "%d kB more than the %d kB before" % (grown, memory)
    kept_more = footprint.kept_kilobytes(keeper) - kept
    assert kept_more < KEPT_GROWTH_KB, "%d kB more than the %d kB kept before" % (kept_more, kept)
    assert footprint.mind_of(keeper) == mind, "the mind did not stay"
    names = {"%s-%s.log" % (watcher_of(device), which) for device in DEVICES for which in OUTPUTS}
    found = set(os.listdir(brewery.logs))
    assert found == names | {"%s.%d" % (name, n) for name in names for n in range(1, BACKUPS + 1)}, found
    say("passed")


def _round(d, brewery, chance, number):
    floods = number % FLOODS == FLOODS - 1
    device = DEVICES[number // FLOODS % len(DEVICES)] if floods else chance.choice(DEVICES)
    lines = FLOOD if floods else 20
    state = brewery.states.get(watcher_of(device))
    if state is None:
        brewery.expect_start(device, lines)
        brewery.devices.append(device)
    elif state == "stopped":
        brewery.expect_start(device, lines)
        assert brewery.press("start", device)["status"] == "ok"
    else:
        ends = [] if floods else ["remove", "stop"]
        _disturb(d, brewery, device, chance.choice(["replace", "restart", "reload", "crash"] + ends), lines)
    brewery.look()
    brewery.settle()
    # Others are told to stop while their last lines may be on the way, and are looked through in the end.
    if floods:
        brewery.check(device)


def _disturb(d, brewery, device, what, lines):
    """Does something to a device whose controller runs."""
    if what == "remove":
        brewery.devices.remove(device)
    elif what == "replace":
        # It is gone for one look, and back in the next.
        brewery.devices.remove(device)
        brewery.look()
        brewery.expect_start(device, lines)
        brewery.devices.append(device)
    elif what == "stop":
        brewery.states[watcher_of(device)] = "stopped"
        assert brewery.press("stop", device)["status"] == "ok"
    else:
        before = d.living(watcher_of(device), 1)
        brewery.expect_start(device, lines)
        if what == "crash":
            os.kill(before[0], signal.SIGKILL)
        else:
            assert brewery.press(what, device)["status"] == "ok"
        wait_until(lambda: d.pids_of(watcher_of(device)) not in ([], before), "another process of %s" % device)


def _close(d, brewery):
    """No device is left: neither a watcher, nor a process, nor anything unreaped."""
    brewery.devices = []
    brewery.look()
    brewery.settle()
    own = d.pids_of("Fermentrack")
    mind = footprint.mind_of(d.process.pid)
    wait_until(lambda: sorted(footprint.children_of(d.process.pid)) == sorted([*own, mind]), "that no child is left")
    strays = footprint.residents(d.directory, [d.process.pid, mind, *own])
    assert not strays, strays
