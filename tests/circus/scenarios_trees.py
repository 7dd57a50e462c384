"""minder alone: a stop of a worker ends its whole tree, and no other one's."""

import os

from stage import say, wait_until

MEMBERS = """#!/bin/sh
file=$1
for way in "" "setsid "; do
    $way sh -c "echo \\$\\$ >> $file; exec sleep 1000" &
done
(setsid sh -c "trap '' TERM; echo \\$\\$ >> $file; while :; do sleep 0.1; done" &)
(setsid env -i sh -c "echo \\$\\$ >> $file; exec sleep 1000 <&- >&- 2>&-" &)
exec sleep 1000
"""
NUMBER = 4


def _pids(d, name):
    try:
        with open(d.path(name + ".pids")) as file:
            return [int(line) for line in file if line.endswith("\n")]
    except FileNotFoundError:
        return []


def _living(d, name):
    def lives(pid):
        try:
            with open("/proc/%d/stat" % pid) as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] not in "ZX"
        except (FileNotFoundError, ProcessLookupError):
            return False
    return [pid for pid in _pids(d, name) if lives(pid)]


def _up(d, name, number):
    wait_until(lambda: len(_living(d, name)) == number, "the whole family of %s" % name)


def a_whole_tree_that_stops(d):
    d.write("family.sh", MEMBERS)
    watcher = "[watcher:%s]\ncmd = sh {dir}/family.sh {dir}/%s.pids\ngraceful_timeout = 1\n%s\n"
    text = "".join(watcher % (name, name, more) for name, more in
                   (("one", ""), ("two", "stop_children = True"), ("many", "numprocesses = 2"), ("left", "")))
    text += "[env:left]\nMINDER_LEFTOVERS = leave\n"
    d.configure(text.replace("{dir}", d.directory))
    d.start().ready()
    for name, number in (("one", NUMBER), ("two", NUMBER), ("many", 2 * NUMBER), ("left", NUMBER)):
        _up(d, name, number)
    for name in ("one", "two"):
        d.ask("stop", name=name, waiting=True)
        assert _living(d, name) == [], name
        assert len(_living(d, "many")) == 2 * NUMBER
    d.ask("decr", name="many", nb=1, waiting=True)
    wait_until(lambda: len(_living(d, "many")) == NUMBER, "the end of one of two")
    d.ask("restart", name="many", waiting=True)
    _up(d, "many", NUMBER)
    assert len(_pids(d, "many")) == 3 * NUMBER
    d.ask("rm", name="many", waiting=True)
    wait_until(lambda: _living(d, "many") == [], "the end of a watcher that was removed")
    d.ask("stop", name="left", waiting=True)
    left = _living(d, "left")
    assert len(left) == NUMBER, left
    for pid in left:
        os.kill(pid, 9)
    d.ask("start", name="one", waiting=True)
    _up(d, "one", NUMBER)
    d.ask("quit", waiting=True)
    wait_until(lambda: _living(d, "one") == [], "the end of all")
    say("passed")
