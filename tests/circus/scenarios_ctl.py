"""The original's own circusctl, against either daemon: what it prints, and how it ends."""

import os
import re
import subprocess
import sys

from stage import say, wait_until

CIRCUSCTL = os.path.join(os.path.dirname(sys.executable), "circusctl")


def _ctl(d, *words, typed=None):
    done = subprocess.run([CIRCUSCTL, "--endpoint", d.endpoint("control"), *words], capture_output=True, timeout=30,
                          input=typed, text=True, cwd=d.directory)
    return done.returncode, done.stdout, done.stderr


def _told(d, text):
    """What was printed, with names for pids, and without what a process uses."""
    text = d.normal_text(text)
    text = re.sub(r'"time": [0-9.e+]+', '"time": TIME', text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text)
    text = re.sub(r"^\d+:socket", "FD:socket", text, flags=re.MULTILINE)
    # The title of the section leaks into the original's options.
    text = re.sub(r"^__name__: .*\n", "", text)
    text = re.sub(r"\b(\d+): (\d+)  (\S+) \S+ \S+ .*", lambda m: "%s: %s  %s" % (m[1], m[2], m[3]), text)
    for pid, name in d.pids.items():
        text = re.sub(r"\b%d\b" % pid, name, text)
    return text


def _try(d, *words, typed=None):
    """A command, repeated while the daemon is at something else."""
    def answer():
        status, out, err = _ctl(d, *words, typed=typed)
        return None if "already running" in out + err else (status, out, err)
    status, out, err = wait_until(answer, "an answer to %s" % (words,))
    shown = [_told(d, word) for word in words]
    last = (err.strip().splitlines() or [""])[-1]
    say("$", *shown, "->", status, repr(_told(d, out)), repr(_told(d, last)))


def _ready(d):
    d.configure("[watcher:alpha]\ncmd = sleep 1000\nnumprocesses = 2\n[watcher:Beta Two]\ncmd = sleep 1000\nautostart = False\n"
                "[watcher:solo]\ncmd = sleep 1000\nsingleton = True\n[socket:ux]\npath = {dir}/ux\n".replace("{dir}", d.directory))
    d.start().ready()
    for name, number in (("alpha", 2), ("solo", 1)):
        for pid in d.living(name, number):
            d.name_of(pid)


def circusctl_that_looks(d):
    _ready(d)
    pid = d.pids_of("alpha")[0]
    for words in [
        "status", "status alpha", "status NOPE", "list", "list alpha", "list nope", "numwatchers", "numprocesses", "numprocesses alpha",
        "numprocesses nope", "get alpha cmd numprocesses env uid", "get alpha bogus", "get alpha", "options alpha", "options",
        "globaloptions", "globaloptions check_delay", "globaloptions zz", "listsockets", "stats", "stats alpha",
        "stats alpha %d" % pid, "stats alpha 1", "stats nope", "--json status", "--json --prettify status", "--json status nope",
        "--json list alpha", "bogus", "add", "signal alpha", "incr", "kill", "rm", "set alpha", "set alpha bogus 1", "reload a b",
    ]:
        _try(d, *words.split())
    _try(d, typed="list\nstatus alpha\nnope\nnumwatchers\n")


def circusctl_that_changes(d):
    _ready(d)
    for words in [
        "incr alpha", "incr alpha --waiting", "decr alpha 2 --waiting", "decr solo", "set alpha numprocesses 1", "get alpha numprocesses",
        "set alpha graceful_timeout 3.5", "get alpha graceful_timeout", "set alpha send_hup true", "get alpha send_hup",
        "set alpha max_age x", "set alpha stop_signal 2", "get alpha stop_signal", "add new sleep 1000", "status new",
        "add newer --start sleep 1000", "status newer", "add new sleep 1", "start new --waiting", "status new", "stop new --waiting",
        "stop nope", "restart new --waiting", "reload new --waiting", "reload new --terminate --waiting", "reload new --sequential --waiting",
        "signal alpha CONT", "signal alpha 1 CONT", "signal alpha nonsense", "kill new", "rm new --waiting", "rm new", "rm newer --nostop",
        "start 'a*' --match glob", "stop ^so --match regex --waiting", "status", "start solo --match simple --waiting", "start --waiting",
        "status", "stop --waiting", "status", "reloadconfig --waiting", "reload --waiting", "status", "quit --waiting",
    ]:
        _try(d, *words.replace("'", "").split())
    say("status", d.process.wait(30))
