"""Plugins that stand in the file: each does its work on the watchers of the daemon that runs it. In the original they are
Python classes; in minder those of Circus itself are built in, and one of somebody's own runs in the real circus-plugin."""

import http.server
import os
import re
import socket
import subprocess
import sys
import threading
import time

from stage import say, wait_until

WATCHED = "[watcher:web]\ncmd = sleep 1000\ncopy_env = True\n[watcher:other]\ncmd = sleep 1000\n"

VENV = os.path.dirname(sys.executable)


def _start(d, plugins, watchers=WATCHED, circus=""):
    d.configure(watchers + plugins, circus)
    # Where a shell would look for the real circus-plugin, and Python for a class of one's own.
    d.start(env=dict(os.environ, PATH=VENV + ":/usr/bin:/bin", PYTHONPATH=d.directory))
    d.ready()


def _plugin_runs(d, name):
    """A plugin tells nobody that it listens, but a process that is Python or ours has its command line."""
    wait_until(lambda: d.pids_of("plugin:" + name), "a process of " + name)


def _another(d, watcher, before, what):
    wait_until(lambda: d.pids_of(watcher) and not set(d.pids_of(watcher)) & set(before), what)


def _port(kind):
    with socket.socket(socket.AF_INET, kind) as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


class _Statsd:
    """Hears what is counted."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(30)
        self.heard = set()

    def config(self):
        return "host = 127.0.0.1\nport = %d\n" % self.socket.getsockname()[1]

    def until(self, *names):
        while not set(names) <= self.heard:
            line = self.socket.recv(4096).decode()
            self.heard.add(re.split(r"[:|]", line)[0])
        return sorted(names)


def plugins_are_watchers(d):
    _start(d, "[plugin:flap]\nuse = circus.plugins.flapping.Flapping\nmax_retry = 3\n"
              "[plugin:off]\nuse = circus.plugins.watchdog.WatchDog\nactive = False\nautostart = False\n")
    say(sorted(d.ask("list")["watchers"]))
    wait_until(lambda: d.ask("status", name="plugin:flap")["status"] == "active", "flap")
    # The original looks after its watchers now and then, and calls one that it looks after "starting".
    wait_until(lambda: "starting" not in d.ask("status")["statuses"].values(), "the end of the start")
    say(sorted(d.ask("status")["statuses"].items()))
    say([d.ask("options", name="plugin:flap")["options"][key] for key in
         ("numprocesses", "singleton", "max_retry", "copy_env", "priority", "respawn")])
    # A plugin that is killed comes back, as any watcher's process does.
    before = d.living("plugin:flap", 1)
    os.kill(before[0], 9)
    _another(d, "plugin:flap", before, "another flap")
    say(d.ask("stop", name="plugin:flap", waiting=True)["status"], d.ask("status", name="plugin:flap")["status"])


def who_flaps_is_stopped(d):
    """minder alone: whether the original's order to stop is heard is a matter of luck, when something else is under way."""
    _start(d, "[plugin:flap]\nuse = circus.plugins.flapping.Flapping\nattempts = 2\nwindow = 20\nretry_in = 0.5\nmax_retry = 1\n",
           WATCHED + "[watcher:shaky]\ncmd = sh -c 'sleep 0.3; exit 1'\nautostart = False\ngraceful_timeout = 2\n")
    _plugin_runs(d, "flap")
    d.ask("start", name="shaky", waiting=True)
    wait_until(lambda: d.ask("status", name="shaky")["status"] == "stopped", "the stop")
    assert d.ask("status", name="web")["status"] == "active"
    say("passed")


def who_gives_no_sign_is_replaced(d):
    port = _port(socket.SOCK_DGRAM)
    beat = d.write("beat.py", "import os, socket, time\nbeat = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                              "while True:\n    beat.sendto(('%%d;%%f' %% (os.getpid(), time.time())).encode(), ('127.0.0.1', %d))\n"
                              "    time.sleep(0.1)\n" % port)
    _start(d, "[plugin:dog]\nuse = circus.plugins.watchdog.WatchDog\nloop_rate = 0.4\nmax_count = 3\nport = %d\n"
              "watchers_regex = ^(alive|dead)$\n" % port,
           "[watcher:alive]\ncmd = %s %s\ncopy_env = True\n[watcher:dead]\ncmd = sleep 1000\ngraceful_timeout = 1\n"
           "[watcher:other]\ncmd = sleep 1000\n" % (sys.executable, beat))
    dead, alive, other = (d.living(name, 1) for name in ("dead", "alive", "other"))
    _another(d, "dead", dead, "the end of the dead")
    say(d.pids_of("alive") == alive, d.pids_of("other") == other)


def events_are_counted(d):
    statsd = _Statsd()
    _start(d, "[plugin:count]\nuse = circus.plugins.statsd.StatsdEmitter\napplication_name = proof\n" + statsd.config())
    _plugin_runs(d, "count")

    # Whether it listens already nobody can tell but by what it counts.
    def heard():
        d.ask("restart", name="web", waiting=True)
        statsd.socket.settimeout(1)
        try:
            statsd.until("circus.proof.watcher.web.spawn", "circus.proof.watcher.web.reap")
            return True
        except socket.timeout:
            return False
    wait_until(heard, "a count")
    say("counted")


def everybodys_figures_are_told(d):
    statsd = _Statsd()
    _start(d, "[plugin:full]\nuse = circus.plugins.statsd.FullStats\nloop_rate = 0.5\napplication_name = proof\n" + statsd.config())
    say(statsd.until(*("circus.proof.watcher._stats." + name for name in ("web.cpu_max", "web.mem_max", "other.cpu_sum"))))


def who_uses_too_much_is_restarted(d):
    statsd = _Statsd()
    _start(d, "[plugin:cpu]\nuse = circus.plugins.resource_watcher.ResourceWatcher\nwatcher = busy\nmax_mem = 10K\nloop_rate = 0.4\n"
              "max_count = 2\n" + statsd.config(),
           WATCHED + "[watcher:busy]\ncmd = sh -c 'while :; do :; done'\n")
    before, other = d.living("busy", 1), d.living("other", 1)
    _another(d, "busy", before, "another busy one")
    say(d.pids_of("other") == other)


def a_command_that_changed_is_restarted(d):
    tool, other = (d.write(name, "#!/bin/sh\nexec sleep 1000\n") for name in ("tool", "other"))
    os.chmod(tool, 0o755)
    os.chmod(other, 0o755)
    _start(d, "[plugin:again]\nuse = circus.plugins.command_reloader.CommandReloader\nloop_rate = 1\n",
           # The original gives up at a command with words behind it.
           "[watcher:tool]\ncmd = %s\ncopy_env = True\n[watcher:other]\ncmd = %s\ncopy_env = True\n" % (tool, other))
    before, other = d.living("tool", 1), d.living("other", 1)
    _plugin_runs(d, "again")

    def replaced():
        os.utime(tool, (time.time(), time.time()))
        return not set(d.pids_of("tool")) & set(before) and d.pids_of("tool")
    wait_until(replaced, "another tool")
    say(d.pids_of("other") == other)


def a_page_that_fails_restarts_its_watcher(d):
    """minder alone: the original's class cannot be made with a Tornado of today."""
    class Page(http.server.BaseHTTPRequestHandler):
        status, asked = 200, 0

        def do_GET(self):
            Page.asked += 1
            self.send_response(Page.status)
            self.end_headers()

        def log_message(self, *words):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    statsd = _Statsd()
    _start(d, "[plugin:page]\nuse = circus.plugins.http_observer.HttpObserver\nloop_rate = 0.3\ncheck_url = http://127.0.0.1:%d/\n"
              "restart_on_error = web\napplication_name = proof\n%s" % (server.server_address[1], statsd.config()))
    wait_until(lambda: Page.asked > 2, "three looks")
    before = d.living("web", 1)
    Page.status = 500
    _another(d, "web", before, "another web")
    server.shutdown()
    say("passed")


def a_redis_is_watched(d):
    """minder alone: the original tells nothing with the redis module of today."""
    port, statsd = _port(socket.SOCK_STREAM), _Statsd()
    redis = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", d.directory],
                             stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    try:
        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0
        wait_until(answers, "redis")
        _start(d, "[plugin:redis]\nuse = circus.plugins.redis_observer.RedisObserver\nloop_rate = 0.3\n"
                  "redis_url = redis://127.0.0.1:%d/0\napplication_name = proof\n%s" % (port, statsd.config()))
        wait_until(lambda: any("uptime" in name or "connected" in name for name in statsd.heard) or statsd.heard.add(
            re.split(r"[:|]", statsd.socket.recv(4096).decode())[0]), "its figures")
        say("passed")
    finally:
        redis.kill()
        redis.wait()


# Writes down what it is told, and asks circusd something itself.
OWN = """from circus.plugins import CircusPlugin

class Diary(CircusPlugin):
    name = 'diary'
    asked = None

    def __init__(self, *args, **config):
        super().__init__(*args, **config)
        self.file = open(config['file'], 'a')

    def handle_init(self):
        self.write('init')

    def handle_recv(self, data):
        if self.asked is None:
            self.asked = self.call('list')['watchers']
            self.write('list %s' % ' '.join(sorted(self.asked)))
        watcher, action, message = self.split_data(data)
        self.write('%s %s' % (watcher, action))

    def write(self, line):
        self.file.write(line + '\\n')
        self.file.flush()
"""


def a_class_of_ones_own(d):
    d.write("ownplugin.py", OWN)
    _start(d, "[plugin:diary]\nuse = ownplugin.Diary\nfile = {dir}/diary\n")
    diary = lambda: open(d.path("diary")).read().splitlines() if os.path.exists(d.path("diary")) else []
    say(wait_until(diary, "a diary")[0])

    def heard():
        d.ask("restart", name="web", waiting=True)
        return "web spawn" in diary() and "web reap" in diary()
    wait_until(heard, "what happened to web")
    say(diary()[1])
    say(d.ask("stop", name="plugin:diary", waiting=True)["status"])
    say(d.ask("status", name="plugin:diary")["status"])


def a_class_that_cannot_be_imported(d):
    """Both say why, and neither starts; in whose words does not matter."""
    d.configure(WATCHED + "[plugin:diary]\nuse = nosuchmodule.Diary\n")
    status, out, err = d.run(d.path("circus.ini"), env=dict(os.environ, PATH=VENV + ":/usr/bin:/bin"))
    say(status, out, "nosuchmodule" in err)


def a_class_that_nobody_can_run(d):
    """minder alone: where no Python has Circus it says what to install."""
    file = d.configure(WATCHED + "[plugin:diary]\nuse = ownplugin.Diary\n")
    status, out, err = d.run(file, env={"PATH": d.path("bin"), "HOME": d.directory})
    assert (status, out) == (1, ""), (status, out)
    assert "pip install circus" in err, err
    say("passed")
