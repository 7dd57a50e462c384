"""What subscribers hear, and in which order."""

import os
import signal

from stage import say, show, wait_until

STUBBORN = "sh -c 'trap \"\" TERM; echo ready > {dir}/ready; while :; do sleep 0.1; done'"


def _ready(d, text, circus="check_delay = 0.5"):
    d.configure(text.replace("{dir}", d.directory), circus)
    d.start().ready()
    d.listen()


def _tell(d, what, mark):
    """What has been heard up to now. Several of one kind in a row may come in any order of pids."""
    say("--", what)
    for topic, payload in d.events_for(mark):
        pid = "process_pid" in payload
        payload = {key: value for key, value in payload.items() if key not in ("time", "process_pid")}
        say(topic, "PID" if pid else "", payload or "")


def _do(d, what, mark, command, **properties):
    show(d, what, {key: value for key, value in d.ask(command, **properties).items() if key in ("status", "reason")})
    _tell(d, what, mark)


def orderly_changes(d):
    _ready(d, "[watcher:Al Pha]\ncmd = sleep 1000\nnumprocesses = 2\ngraceful_timeout = 5\n")
    n = "al pha"
    d.living(n, 2)
    for number, (command, properties) in enumerate([
        ("stop", {}), ("start", {}), ("start", {}), ("restart", {}), ("reload", {}), ("reload", {"sequential": True}),
        ("reload", {"graceful": False}), ("incr", {"nb": 2}), ("decr", {}), ("set", {"options": {"numprocesses": 1}}),
        ("set", {"options": {"max_retry": 2, "graceful_timeout": 3}}), ("set", {"options": {"env": {"A": "b"}}}),
        ("signal", {"signum": "cont"}), ("stop", {}), ("stop", {}), ("reload", {}), ("kill", {}), ("rm", {}),
    ]):
        if command == "kill":
            # Whether the end is told as well depends on what the original's pass finds first.
            show(d, "kill", d.ask(command, name=n, waiting=True)["status"])
            d.living(n, 1)
            say(*[topic for topic, _ in d.events_for("pass") if not topic.endswith(".reap")])
            continue
        _do(d, "%s %r" % (command, properties), "m%d" % number, command, name=n, waiting=True, **properties)


def added_at_run_time(d):
    _ready(d, "")
    _do(d, "add", "m1", "add", name="late one", cmd="sleep 1000")
    _do(d, "start", "m2", "start", name="late one", waiting=True)
    _do(d, "add and start", "m3", "add", name="other", cmd="sleep 1000", start=True, waiting=True)
    _do(d, "rm", "m4", "rm", name="other", waiting=True)
    _do(d, "rm of one that stands still", "m5", "stop", name="late one", waiting=True)
    _do(d, "rm", "m6", "rm", name="late one", waiting=True)


def ends_that_nobody_asked_for(d):
    _ready(d, "[watcher:a]\ncmd = sleep 1000\n[watcher:exit]\ncmd = sh -c 'exit 7'\nautostart = False\n"
              "[watcher:once]\ncmd = sh -c 'exit 3'\nrespawn = False\nautostart = False\n", "check_delay = 1")
    pid = d.living("a", 1)[0]
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: d.pids_of("a") not in ([], [pid]), "another process")
    _tell(d, "kill -9", "m1")
    _do(d, "start", "m2", "start", name="exit", waiting=True)
    say("-- a crash loop")
    for topic, payload in d.events_until("watcher.exit.reap", "watcher.exit.reap"):
        say(topic, payload.get("exit_code", ""))
    d.ask("stop", name="exit", waiting=True)
    d.events_for("m3")
    _do(d, "start", "m4", "start", name="once", waiting=True)
    say("-- ends once")
    for topic, payload in d.events_until("watcher.once.stop"):
        say(topic, payload.get("exit_code", ""))
    show(d, "status", d.ask("status", name="once"))


def a_stubborn_process(d):
    _ready(d, "[watcher:s]\ncmd = %s\ngraceful_timeout = 0.7\n" % STUBBORN)
    wait_until(lambda: os.path.exists(d.path("ready")), "the shell")
    say("--")
    d.ask("stop", name="s", waiting=True)
    # Its sleep may be there or not at that moment, and is killed with it if it is.
    events = [(topic, payload.get("exit_code")) for topic, payload in d.events_for("m1")]
    kills = [event for event in events if event[0].endswith(".kill")]
    say(len(kills) in (2, 3), [event for event in events if not event[0].endswith(".kill")])


def children_are_stopped_too(d):
    _ready(d, "[watcher:c]\ncmd = sh -c 'trap \"sleep 0.3; exit 0\" TERM; sleep 999 & sleep 998 & echo ready > {dir}/ready; wait'\n"
              "stop_children = True\n")
    wait_until(lambda: os.path.exists(d.path("ready")), "the shell")
    pid = d.living("c", 1)[0]
    children = wait_until(lambda: (lambda c: c if len(c) == 2 else None)(
        open("/proc/%d/task/%d/children" % (pid, pid)).read().split()), "two children")
    _do(d, "stop", "m1", "stop", name="c", waiting=True)
    wait_until(lambda: not any(os.path.exists("/proc/%s" % child) for child in children), "the end of the children")


def a_command_that_is_not_there(d):
    _ready(d, "[watcher:n]\ncmd = no-such-command --x\nmax_retry = 2\nautostart = False\n"
              "[watcher:d]\ncmd = sleep 1\nworking_dir = /no/such/place\nautostart = False\n"
              "[watcher:u]\ncmd = sleep 1\nuid = nosuchuser\nautostart = False\n"
              "[watcher:q]\ncmd = sh -c 'unfinished\nautostart = False\n"
              "[watcher:x]\ncmd = /etc/passwd\nautostart = False\n"
              "[watcher:y]\ncmd = /etc\nautostart = False\n"
              "[watcher:z]\ncmd = ./relative\nworking_dir = /tmp\nautostart = False\n")
    for number, name in enumerate("nduqxyz"):
        _do(d, "start", "m%d" % number, "start", name=name, waiting=True)
        show(d, "status", d.ask("status", name=name))
    for line in d.log().splitlines():
        if "WARNING" in line and "] error in" in line:
            say(d.normal_text(line.split("[WARNING] ")[1]))


def singletons_and_priorities(d):
    _ready(d, "[watcher:low]\ncmd = sleep 1000\npriority = 1\n[watcher:high]\ncmd = sleep 1000\npriority = 9\n"
              "[watcher:mid]\ncmd = sleep 1000\npriority = 5\n[watcher:two]\ncmd = sleep 1\nsingleton = True\nnumprocesses = 2\n"
              "[watcher:none]\ncmd = sleep 1000\nnumprocesses = 0\n[watcher:off]\ncmd = sleep 1000\nautostart = False\n")
    show(d, "status", d.ask("status"))
    show(d, "list", d.ask("list"))
    for name in ("low", "mid", "high"):
        d.living(name, 1)
    order = [line.split("[INFO] ")[1] for line in d.log().splitlines() if line.endswith(" started")]
    say(order)
    _do(d, "stop all", "m1", "stop", name="none", waiting=True)
    d.ask("stop", waiting=True)
    heard = [topic for topic, _ in d.events_for("m2") if topic.endswith(".stop")]
    say(sorted(heard))
    d.ask("start", waiting=True)
    heard = [topic for topic, _ in d.events_for("m3")]
    say(heard)


def warmups_and_ages(d):
    _ready(d, "[watcher:w]\ncmd = sleep 1000\nnumprocesses = 3\nwarmup_delay = 1\nautostart = False\n"
              "[watcher:old]\ncmd = sleep 1000\nmax_age = 1\nmax_age_variance = 0\nautostart = False\n")
    d.ask("start", name="w", waiting=True)
    times = [payload["time"] for topic, payload in d.events_for("m1") if topic == "watcher.w.spawn"]
    say([0.9 < later - earlier < 2.5 for earlier, later in zip(times, times[1:])])
    d.ask("start", name="old", waiting=True)
    for topic, payload in d.events_until("watcher.old.kill", "watcher.old.spawn", "watcher.old.spawn"):
        say(topic)


def a_hangup_instead_of_a_reload(d):
    _ready(d, "[watcher:h]\ncmd = sh -c 'trap \"echo hup >> {dir}/hups\" HUP; echo ready > {dir}/ready; "
              "while :; do sleep 0.05; done'\nsend_hup = True\n")
    wait_until(lambda: os.path.exists(d.path("ready")), "the shell")
    _do(d, "reload", "m1", "reload", name="h", waiting=True)
    wait_until(lambda: os.path.exists(d.path("hups")), "the signal")
    _do(d, "reload", "m2", "reload", name="h", waiting=True, graceful=False)
