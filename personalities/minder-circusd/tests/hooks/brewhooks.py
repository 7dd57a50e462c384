"""Hooks for the tests, one for each thing that can happen."""

import os
import signal
import sys
import time


def true(watcher, arbiter, hook_name, **kwargs):
    return True


def falsy(watcher, arbiter, hook_name, **kwargs):
    return []


def nothing(watcher, arbiter, hook_name, **kwargs):
    pass


def raises(watcher, arbiter, hook_name, **kwargs):
    raise ValueError("no ﬁsh today")


def leaves(**kwargs):
    sys.exit(4)


def dies(**kwargs):
    os.kill(os.getpid(), signal.SIGKILL)


def hangs(**kwargs):
    while True:
        time.sleep(3600)


def forks(**kwargs):
    # The child answers, too, and holds the pipes.
    return os.fork() >= 0


def stats(watcher, arbiter, hook_name, pid, stats, **kwargs):
    stats["seen"] = [hook_name, pid]
    del stats["cpu"]


def own_pid(stats, **kwargs):
    stats["pid"] = os.getpid()


def unspeakable(watcher, arbiter, hook_name, pid, stats, **kwargs):
    stats["cpu"] = float("nan")


def prints(**kwargs):
    print('{"id": 1, "ok": {"truth": false}}')
    os.system("echo noise; cat")
    return sys.stdin.read() == ""


def looks(watcher, arbiter, hook_name, signum, **kwargs):
    assert hook_name == "before_signal"
    assert watcher.name == "Web Server" and watcher.res_name == "web_server"
    assert watcher.cmd == "serve" and watcher.args == ["-v"] and watcher.env["COLOUR"] == "rouge"
    assert watcher.pids == [os.getppid()] and watcher.get_active_pids() == watcher.pids
    assert watcher.processes[watcher.pids[0]].is_alive() and len(watcher) == 1
    assert watcher.numprocesses == 2 and watcher.working_dir == "/srv"
    assert watcher.graceful_timeout == 30.0
    assert signum == 15 and not hasattr(watcher, "start") and not hasattr(arbiter, "stop")
    return watcher.start
