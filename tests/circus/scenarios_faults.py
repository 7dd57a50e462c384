"""minder alone: the machine fails it. Processes go on, it is told once, and all is as before when the cause is gone."""

import os
import resource
import shutil
import signal
import subprocess

import footprint
import zmq

from stage import say, wait_until

TALKER = ("import time\nn = 0\nwhile True:\n    print('x' * 2000, flush=True)\n    n += 1\n"
          "    open('{dir}/beat', 'w').write(str(n))\n    time.sleep(0.005)\n")


def _said(d, text):
    return d.log().count(text)


def _wait_said(d, text, times=1):
    wait_until(lambda: _said(d, text) >= times, "%r in the log" % text)


def _beat(d):
    try:
        return int(open(d.path("beat")).read() or 0)
    except FileNotFoundError:
        return 0


def _talks_on(d, more=100):
    before = _beat(d)
    wait_until(lambda: _beat(d) >= before + more, "the program going on")


def _talking(d, log):
    d.write("talker.py", TALKER)
    d.configure("[watcher:talker]\ncmd = python3 -SE {dir}/talker.py\nstdout_stream.class = FileStream\n"
                "stdout_stream.filename = {dir}/%s\n".replace("{dir}", d.directory) % log)
    d.start().ready()
    wait_until(lambda: os.path.exists(d.path(log)) and os.path.getsize(d.path(log)), "a log that grows")
    return d.living("talker", 1)[0]


def full_disk_under_a_log(d):
    os.mkdir(d.path("disk"))
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", d.path("disk")], stderr=subprocess.DEVNULL).returncode:
        return say("passed")
    try:
        pid = _talking(d, "disk/out.log")
        _wait_said(d, "No space left on device")
        _talks_on(d, 200)
        assert _said(d, "cannot write to the log") == 1 and _said(d, "can be written again") == 0
        os.truncate(d.path("disk/out.log"), 0)
        _wait_said(d, "out.log` can be written again")
        assert d.living("talker", 1) == [pid]
        d.stop()
    finally:
        subprocess.run(["umount", "--lazy", d.path("disk")])
    say("passed")


def log_directory_that_is_removed(d):
    os.mkdir(d.path("logs"))
    pid = _talking(d, "logs/out.log")
    shutil.rmtree(d.path("logs"))
    _wait_said(d, "the log was removed, and cannot be made again")
    _talks_on(d)
    os.mkdir(d.path("logs"))
    _wait_said(d, "out.log` can be written again")
    wait_until(lambda: os.path.getsize(d.path("logs/out.log")), "a log that grows")
    assert _said(d, "cannot be made again") == 1 and d.living("talker", 1) == [pid]
    say("passed")


def _asks_anew(d):
    client = d.connect()
    client.send(b'{"command": "numwatchers"}')
    assert b'"numwatchers": 1' in client.recv()
    client.close()


def endpoint_files_that_are_removed(d):
    os.mkdir(d.path("run"))
    d.configure("[watcher:a]\ncmd = sleep 1000\n")
    text = open(d.path("circus.ini")).read()
    d.write("circus.ini", text.replace(d.path("events.sock"), d.path("run/events.sock")))
    d.start().ready()
    pid = d.living("a", 1)[0]
    for times in (1, 2):
        os.unlink(d.path("control.sock"))
        _wait_said(d, "control.sock was removed, and was made again", times)
        _asks_anew(d)
    shutil.rmtree(d.path("run"))
    _wait_said(d, "events.sock was removed and cannot be made again: ")
    _asks_anew(d)
    os.mkdir(d.path("run"))
    _wait_said(d, "events.sock could be made again")
    assert _said(d, "cannot be made again") == 1
    subscriber = d.context.socket(zmq.SUB)
    subscriber.setsockopt(zmq.LINGER, 0)
    subscriber.setsockopt(zmq.RCVTIMEO, 500)
    subscriber.connect("ipc://" + d.path("run/events.sock"))
    subscriber.setsockopt(zmq.SUBSCRIBE, b"")

    def heard():
        d.ask("incr", name="a")
        try:
            return subscriber.recv_multipart()
        except zmq.Again:
            return None
    wait_until(heard, "an event at the new file")
    before = footprint.mind_of(d.process.pid)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: footprint.mind_of(d.process.pid) not in (None, before), "another mind")
    wait_until(lambda: _said(d, "control.sock was removed, and was made again") == 3, "the file of another mind")
    _asks_anew(d)
    assert pid in d.pids_of("a")
    d.stop()
    assert not os.path.exists(d.path("control.sock")) and not os.path.exists(d.path("run/events.sock"))
    say("passed")


def _limit(d, which, soft):
    hard = resource.prlimit(d.process.pid, which)[1]
    resource.prlimit(d.process.pid, which, (soft, hard))


def without_descriptors(d):
    # With no attempt to spare; the hook counts attempts. One watcher is not to come again by itself.
    d.configure("[watcher:a]\ncmd = sleep 1000\nmax_retry = 1\nhooks.before_spawn = shell:echo >> tries\n[watcher:b]\ncmd = sleep 1000\n"
                "[watcher:c]\ncmd = sleep 1000\nautostart = False\nrespawn = False\nmax_retry = 1\n")
    d.start().ready()
    a, b = d.living("a", 1)[0], d.living("b", 1)[0]
    before = resource.prlimit(d.process.pid, resource.RLIMIT_NOFILE)[0]
    _limit(d, resource.RLIMIT_NOFILE, footprint.descriptors(d.process.pid))
    os.kill(a, signal.SIGKILL)
    _wait_said(d, "error in 'a': ")
    d.ask("start", name="c")
    _wait_said(d, "error in 'c': ")
    mark = footprint.mind_of(d.process.pid)
    # However often it is tried, nothing more is said, and nobody is given up.
    wait_until(lambda: len(open(d.path("tries")).readlines()) >= 5, "three looks more")
    assert d.ask("status", name="a")["status"] == "active"
    assert d.ask("status", name="c")["status"] == "active" and d.pids_of("c") == []
    assert _said(d, "error in 'a': ") == 1 and _said(d, "error in 'c': ") == 1 and d.living("b", 1) == [b]
    _limit(d, resource.RLIMIT_NOFILE, before)
    for name in "ac":
        d.living(name, 1)
        _wait_said(d, "processes of '%s' can be started again" % name)
    assert footprint.mind_of(d.process.pid) == mark
    say("passed")


def without_processes(d):
    if os.getuid():
        return say("passed")
    # A user whom no other test has, since the limit counts all of a user's processes.
    user = ["setpriv", "--reuid=54318", "--regid=54318", "--clear-groups"]
    os.chown(d.directory, 54318, 54318)
    circusd, d.circusd = d.circusd, d.path("as-a-user")
    d.write("as-a-user", "#!/bin/sh\nexec %s %s \"$@\"\n" % (" ".join(user), circusd))
    os.chmod(d.circusd, 0o755)
    d.configure("[watcher:a]\ncmd = sleep 1000\nmax_retry = 1\n[watcher:b]\ncmd = sleep 1000\n")
    d.start().ready()
    a, b = d.living("a", 1)[0], d.living("b", 1)[0]
    with open("/proc/%d/limits" % d.process.pid) as limits:
        before = next(line for line in limits if line.startswith("Max processes")).split()[2]

    def limit(soft):
        # With that user's own rights, which suffice, while root's may not.
        subprocess.run([*user, "prlimit", "--pid", str(d.process.pid), "--nproc=%s:" % soft], check=True)
    limit(1)
    os.kill(a, signal.SIGKILL)
    _wait_said(d, "error in 'a': ")
    # The next mind has to wait for a process, too, and tries anew.
    mind = footprint.mind_of(d.process.pid)
    os.kill(mind, signal.SIGKILL)
    wait_until(lambda: footprint.mind_of(d.process.pid) is None, "no mind")
    limit(before)
    d.living("a", 1)
    assert d.living("b", 1) == [b] and _said(d, "error in 'a': ") <= 2
    say("passed")


def mind_that_is_stopped_and_goes_on(d):
    d.configure("[watcher:a]\ncmd = sleep 1000\n")
    d.start().ready()
    a, mind = d.living("a", 1)[0], footprint.mind_of(d.process.pid)
    os.kill(mind, signal.SIGSTOP)
    os.kill(a, signal.SIGKILL)
    os.kill(mind, signal.SIGCONT)
    wait_until(lambda: d.pids_of("a") not in ([], [a]), "another process")
    assert footprint.mind_of(d.process.pid) == mind
    say("passed")
