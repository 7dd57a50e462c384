"""What scenarios of Circus are played on: a daemon in a directory of its own, a client, a listener, and a transcript.

    python stage.py SCENARIO CIRCUSD DIRECTORY CIRCUSCTL

runs the function SCENARIO of the file scenarios_*.py that has it, against the daemon CIRCUSD, in DIRECTORY, with the client CIRCUSCTL. What is printed is
the transcript. It is compared with that of the other daemon, so whatever differs by nature (pids, times, paths, numbers of
descriptors) is put into a normal form here. Nothing waits for a time: every wait has a condition, and a bound after which the
scenario fails.
"""

import glob
import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid

import zmq

PATIENCE = 30.0


class TookTooLong(Exception):
    pass


def wait_until(condition, what):
    """Waits until a condition holds, and gives what it gave."""
    deadline = time.monotonic() + PATIENCE
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TookTooLong(what)
        time.sleep(0.02)


class Daemon:
    """A circusd of either kind."""

    def __init__(self, circusd, directory, circusctl):
        self.circusd = circusd
        self.circusctl = circusctl
        self.directory = directory
        self.process = None
        self.context = zmq.Context()
        self.dealer = None
        self.subscriber = None
        self.pids = {}

    def path(self, name):
        return os.path.join(self.directory, name)

    def endpoint(self, name):
        return "ipc://" + self.path(name + ".sock")

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text.replace("{dir}", self.directory))
        return self.path(name)

    def configure(self, text, circus=""):
        usual = (
            "[circus]\nendpoint = {control}\npubsub_endpoint = {events}\nstats_endpoint_ = {stats}\n"
            "multicast_endpoint =\n{circus}\n"
        ).format(control=self.endpoint("control"), events=self.endpoint("events"), stats=self.endpoint("stats"),
                 circus=circus if "check_delay" in circus else "check_delay = 0.5\n" + circus)
        return self.write("circus.ini", usual.replace("stats_endpoint_", "; stats_endpoint") + text)

    def start(self, *words, env=None, cwd=None):
        environment = dict(os.environ if env is None else env)
        self.out = open(self.path("out"), "ab")
        self.err = open(self.path("err"), "ab")
        self.process = subprocess.Popen(
            [self.circusd, *(words or [self.path("circus.ini")])], stdin=subprocess.DEVNULL, stdout=self.out,
            stderr=self.err, env=environment, cwd=cwd or self.directory, start_new_session=True)
        return self

    def run(self, *words, env=None):
        """Runs it to its end: status, standard output, last line of standard error."""
        done = subprocess.run([self.circusd, *words], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
                              cwd=self.directory, env=env)
        last = (done.stderr.decode().strip().splitlines() or [""])[-1]
        return done.returncode, done.stdout.decode(), last

    def ready(self):
        """Waits until all that starts has started, and nothing is under way."""
        wait_until(lambda: os.path.exists(self.path("control.sock")), "the endpoint")
        self.dealer = self.connect()
        # A start that changes nothing is refused for as long as something else is under way.
        def idle():
            reply = self.raw({"command": "incr", "properties": {"name": "no such watcher"}, "id": "x"})
            probe = self.raw({"command": "stop", "properties": {"name": "probe*", "match": "simple"}, "id": "x"})
            return reply is not None and probe is not None
        wait_until(idle, "an answer")
        wait_until(lambda: "starting" not in self.raw({"command": "status"})["statuses"].values()
                   and not self.busy(), "the end of the start")
        return self

    def busy(self):
        log = self.log()
        return "Arbiter now waiting for commands" not in log

    def connect(self):
        dealer = self.context.socket(zmq.DEALER)
        dealer.setsockopt(zmq.IDENTITY, uuid.uuid4().hex.encode())
        dealer.setsockopt(zmq.LINGER, 0)
        dealer.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        dealer.connect(self.endpoint("control"))
        return dealer

    def send(self, message):
        self.dealer.send(message if isinstance(message, bytes) else json.dumps(message).encode())

    def raw(self, message):
        self.send(message)
        return json.loads(self.dealer.recv())

    def ask(self, command, _conflicts="retried", **properties):
        """Asks, and asks again while something else is under way."""
        message = {"command": command, "properties": properties, "id": "an id"}
        deadline = time.monotonic() + PATIENCE
        while True:
            reply = self.raw(message)
            conflict = reply.get("reason", "").startswith("arbiter is already running")
            if not conflict or _conflicts != "retried" or time.monotonic() > deadline:
                return reply
            time.sleep(0.05)

    def listen(self, topic=""):
        self.subscriber = self.context.socket(zmq.SUB)
        self.subscriber.setsockopt(zmq.LINGER, 0)
        self.subscriber.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.subscriber.connect(self.endpoint("events"))
        self.subscriber.setsockopt_string(zmq.SUBSCRIBE, topic)
        self.ask("add", name="canary", cmd="true")

        def heard():
            self.ask("set", name="canary", options={"max_retry": 5})
            self.subscriber.setsockopt(zmq.RCVTIMEO, 50)
            try:
                self.subscriber.recv_multipart()
                return True
            except zmq.Again:
                return False
        if topic == "":
            wait_until(heard, "the first event")
        self.subscriber.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        self.ask("rm", name="canary", waiting=True)
        self.events_until("watcher.canary.remove")

    def event(self):
        topic, payload = self.subscriber.recv_multipart()
        return topic.decode(), json.loads(payload)

    def events_until(self, *last):
        """The events up to the one of this topic; of several, up to where all have come."""
        events, missing = [], list(last)
        while missing:
            topic, payload = self.event()
            events.append((topic, payload))
            if topic in missing:
                missing.remove(topic)
        return events

    def events_for(self, mark):
        """All events up to now: a watcher is added and removed, and what came before that had come by then."""
        self.ask("add", name=mark, cmd="true")
        self.ask("rm", name=mark, waiting=True)
        events = self.events_until("watcher.%s.remove" % mark)
        return [event for event in events if ".%s." % mark not in event[0]]

    def log(self):
        with open(self.path("err")) as file:
            return file.read()

    def pids_of(self, name):
        return self.ask("list", name=name)["pids"]

    def living(self, name, number):
        """The pids of a watcher, once there are so many."""
        return wait_until(lambda: (lambda pids: pids if len(pids) == number else None)(self.pids_of(name)),
                          "%d processes of %s" % (number, name))

    def normal(self, value):
        """A value without what differs by nature."""
        if isinstance(value, dict):
            # The title of the section leaks into the original's options; nobody is meant to see it.
            return {self.normal_key(key): self.normal_field(key, field) for key, field in value.items() if key != "__name__"}
        if isinstance(value, (list, tuple)):
            return [self.normal(item) for item in value]
        if isinstance(value, str):
            return self.normal_text(value)
        return value

    def normal_key(self, key):
        return self.name_of(int(key)) if key.isdigit() and int(key) in self.pids else key

    def normal_field(self, key, field):
        if key in ("time", "started", "create_time", "age") and isinstance(field, (int, float)):
            return "TIME"
        if key in ("process_pid", "pid") and isinstance(field, int):
            return self.name_of(field)
        if key in ("pids", "stopped", "started", "kept") and isinstance(field, list):
            return [self.name_of(pid) for pid in field]
        if key == "statuses":
            # What comes later comes in an order by chance.
            return dict(sorted(field.items()))
        if key == "tb" and field is not None:
            return "TRACEBACK"
        return self.normal(field)

    def normal_text(self, text):
        # The title of a section leaks into the environment of the original's workers, and Python gives advice.
        text = re.sub(r", \('__name__', '[^']*'\)", "", text)
        text = re.sub(r", \('MINDER_PROOF_MARK', '[^']*'\)", "", text)
        text = re.sub(r"\. Did you mean: .*\?", "", text)
        text = text.replace(os.path.realpath(self.directory), "{dir}").replace(self.directory, "{dir}")
        return text

    def name_of(self, pid):
        return self.pids.setdefault(pid, "pid%d" % (len(self.pids) + 1))

    def stop(self):
        if self.process is None:
            return
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            # The original forgets a signal that comes while something else is under way, so it is sent again.
            self.process.send_signal(signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL)
            try:
                self.process.wait(0.5)
            except subprocess.TimeoutExpired:
                pass
        # Whoever is left over is of this session or of one of its children, and has our directory in its environment.
        self.out.close()
        self.err.close()


def mark_environment(directory):
    os.environ["MINDER_PROOF_PLACE"] = directory
    # What a worker inherits is to be the same on both sides, whoever runs the tests.
    for name in list(os.environ):
        if name not in ("PATH", "HOME", "MINDER_PROOF_PLACE", "MINDER_PROOF_MARK", "PYTHONPATH", "LANG", "TZ"):
            del os.environ[name]


def say(*words, end="\n"):
    print(*words, end=end, flush=True)


def show(daemon, label, value):
    say(label, json.dumps(daemon.normal(value), sort_keys=False))


def scenarios():
    found = {}
    for file in sorted(glob.glob(os.path.join(os.path.dirname(os.path.abspath(__file__)), "scenarios_*.py"))):
        spec = importlib.util.spec_from_file_location(os.path.basename(file)[:-3], file)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found.update({name: function for name, function in vars(module).items()
                      if not name.startswith("_") and getattr(function, "__module__", None) == module.__name__
                      and callable(function)})
    return found


def main():
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    if sys.argv[1] == "--list":
        print("\n".join(scenarios()))
        return
    scenario, circusd, directory, circusctl = sys.argv[1:5]
    mark_environment(directory)
    daemon = Daemon(circusd, directory, circusctl)
    try:
        scenarios()[scenario](daemon)
    finally:
        daemon.stop()
        if os.environ.get("SHOW_LOG"):
            say(daemon.log())


if __name__ == "__main__":
    main()
