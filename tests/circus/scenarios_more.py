"""Relatives of processes, what is known of them, options one by one, and sockets in a file that is read again."""

import os

from stage import say, show, wait_until

FAMILY = '''
import os, signal, subprocess, sys, time
depth, place = int(sys.argv[1]), sys.argv[2]
name = "level%d-%s" % (depth, sys.argv[3])
def note(signum, frame):
    with open(os.path.join(place, "heard"), "a") as file:
        file.write(name + "\\n")
signal.signal(signal.SIGUSR1, note)
children = []
if depth < 2:
    for number in "ab"[:2 - depth]:
        children.append(subprocess.Popen([sys.executable, "-SE", __file__, str(depth + 1), place, number]))
open(os.path.join(place, "up-%s-%d" % (name, os.getpid())), "w").write(str(os.getpid()))
while True:
    time.sleep(1000)
'''


def signals_to_relatives(d):
    """A process with two children, each with one of its own."""
    d.write("family.py", FAMILY)
    d.configure("[watcher:f]\ncopy_env = True\ncmd = python3 -SE {dir}/family.py 0 {dir} x\nstop_signal = KILL\n".replace("{dir}", d.directory))
    d.start().ready()

    def up():
        return [name for name in os.listdir(d.directory) if name.startswith("up-")]
    wait_until(lambda: len(up()) == 5, "the family")
    wait_until(lambda: all(open(d.path(name)).read() for name in up()), "their pids")
    pid = d.living("f", 1)[0]
    d.name_of(pid)
    child = int([name for name in up() if name.startswith("up-level1-a")][0].rsplit("-", 1)[1])
    for label, number, properties in [
        ("all", 1, {}), ("one", 1, {"pid": pid}), ("children", 2, {"children": True}), ("children of one", 2, {"pid": pid, "children": True}),
        ("recursive", 5, {"recursive": True}), ("recursive of one", 5, {"pid": pid, "recursive": True}),
        ("a child", 1, {"pid": pid, "childpid": child}), ("nobody", 0, {"pid": 1, "recursive": False}), ("a stranger's children", 0, {"pid": 1, "children": True}),
        ("a child without its parent", 0, {"childpid": child}), ("no child", 0, {"pid": pid, "childpid": 1}),
    ]:
        open(d.path("heard"), "w").close()
        reply = d.ask("signal", name="f", signum="usr1", **properties)
        say(label, reply["status"], reply.get("errno"), d.normal_text(reply.get("reason", "")).rsplit("}': ")[-1])
        heard = wait_until(lambda: (lambda lines: lines if len(lines) >= number else None)(
            open(d.path("heard")).read().split() or [""] * (number == 0)), "%d who heard of %s" % (number, label))
        say(sorted(heard))
    d.ask("stop", name="f", waiting=True)
    for name in up():
        try:
            os.kill(int(open(d.path(name)).read()), 9)
        except ProcessLookupError:
            pass


def _command_lines(parent):
    """Of the children of a process."""
    with open("/proc/%d/task/%d/children" % (parent, parent)) as file:
        children = file.read().split()
    lines = []
    for child in children:
        with open("/proc/%s/cmdline" % child, "rb") as file:
            lines.append(file.read())
    return lines


def figures_of_processes(d):
    d.configure("[watcher:Alpha]\ncopy_env = True\ncmd = sh -c 'sleep 1000 & echo ready > {dir}/ready; wait'\n[watcher:off]\ncmd = sleep 1\nautostart = False\n"
                .replace("{dir}", d.directory))
    d.start().ready()
    wait_until(lambda: os.path.exists(d.path("ready")), "the shell")
    pid = d.living("alpha", 1)[0]
    # A child is the shell itself until it has become what it is to be.
    wait_until(lambda: b"sleep" in b"".join(_command_lines(pid)), "the child")

    def shape(info):
        """Its fields and what they are, without how much."""
        if isinstance(info, dict):
            return {key: (shape(value) if key in ("children",) else
                          value if key in ("wid", "nice", "username", "cmdline") else type(value).__name__) for key, value in info.items()}
        if isinstance(info, list):
            return [shape(item) for item in info]
        return type(info).__name__
    say("one", shape(d.ask("stats", name="alpha", process=pid)["info"]))
    reply = d.ask("stats", name="ALPHA")
    say("all of one", list(reply), reply["name"], shape(reply["info"][str(pid)]))
    reply = d.ask("stats")
    say("all", list(reply), {name: len(pids) for name, pids in reply["infos"].items()})
    for properties in [{"name": "alpha", "process": 1}, {"name": "alpha", "process": "x"}, {"name": "nope"},
                       {"name": "alpha", "process": None}, {"name": "off"}]:
        show(d, "stats %r" % properties, d.ask("stats", **properties))
    info = d.ask("dstats")["info"]
    say("the daemon", list(info), type(info["pid"]).__name__, info["pid"] == d.process.pid)


def added_with_options(d):
    d.configure("")
    d.start().ready()
    for options in [
        {"numprocesses": 3}, {"warmup_delay": 0.2}, {"working_dir": "/tmp"}, {"uid": "root"}, {"uid": 0, "gid": 0}, {"gid": "root"}, {"uid": "nobody-there"},
        {"send_hup": True}, {"shell": True}, {"copy_env": False}, {"env": {"A": "b", "C": "$HOME"}}, {"max_retry": -1}, {"max_age": 7}, {"max_age_variance": 0},
        {"graceful_timeout": 0.25}, {"stop_signal": 9}, {"stop_signal": 999}, {"stop_children": True}, {"respawn": False}, {"singleton": True},
        {"close_child_stdin": False, "close_child_stdout": True, "close_child_stderr": True}, {"rlimit_NOFILE": None},
        {"rlimit_core": "x"}, {"hooks": {}}, {"hooks": {"before_start": "os.getcwd"}}, {"hooks": {"before_start": "no.such"}}, {"hooks.before_start": "os.getcwd"},
        {"args": ["1", "2"]}, {"cmd": "true"}, {"stdout_stream": {}}, {"stdout_stream": []}, {"stdout_stream.class": "FileStream"}, {"retry_in": 7},
        {"retry_in": "x"}, {"priority": 1}, {"use_sockets": True}, {"autostart": False}, {"on_demand": True}, {"executable": "/bin/true"}, {"copy_path": True},
        {"virtualenv": "/tmp"}, {"shell_args": "x"}, {"check_flapping": True}, {"name": "other"}, {"numprocesses": -1}, {"numprocesses": None}, {"": 1},
        {"numprocesses": 1, "bogus": 2}, {"max_age": True}, {"env": {"A": None}}, {"env": None}, {"uid": None}, {"stop_children": 1},
    ]:
        reply = d.ask("add", name="w", cmd="sleep 1000", options=options)
        show(d, "add %r" % options, {key: value for key, value in reply.items() if key != "time"} if reply["status"] == "ok"
             else {"errno": reply["errno"], "reason": reply["reason"].rsplit("}': ", 1)[-1].rsplit('}": ', 1)[-1]})
        if reply["status"] == "ok":
            known = d.ask("options", name="w")
            show(d, "options", known.get("options", known.get("errno")))
            d.ask("rm", name="w", waiting=True)


def sockets_in_a_file_that_is_read_again(d):
    plain = "[watcher:a]\ncmd = sleep 1000\n"
    d.configure(plain + "[socket:one]\npath = {dir}/one\n".replace("{dir}", d.directory))
    d.start().ready()

    def sockets():
        return sorted((each["name"], d.normal(each.get("path"))) for each in d.ask("listsockets")["sockets"])
    pid = d.living("a", 1)
    d.configure(plain + "[socket:one]\npath = {dir}/one\n[socket:two]\npath = {dir}/two\n".replace("{dir}", d.directory))
    show(d, "added", d.ask("reloadconfig", waiting=True))
    say(sockets(), d.pids_of("a") == pid)
    d.configure(plain + "[socket:two]\npath = {dir}/three\n".replace("{dir}", d.directory))
    show(d, "changed and removed", d.ask("reloadconfig", waiting=True))
    say(sockets(), d.pids_of("a") == pid, sorted(name for name in os.listdir(d.directory) if name in ("one", "two", "three")))
    d.configure("[watcher:b]\nuse_sockets = True\ncopy_env = True\ncmd = sh -c 'echo $0 > {dir}/fd; sleep 1000' $(circus.sockets.four)\n"
                "[socket:four]\npath = {dir}/four\n".replace("{dir}", d.directory))
    show(d, "with its watcher", d.ask("reloadconfig", waiting=True))
    say(sockets(), d.normal(d.ask("list")["watchers"]))
    wait_until(lambda: os.path.exists(d.path("fd")) and open(d.path("fd")).read().strip(), "the watcher")
    say(open(d.path("fd")).read().strip().isdigit())


def options_in_the_file_that_change(d):
    """One key at a time: whether the process is kept."""
    def text(line):
        return "[watcher:a]\ncmd = sleep 1000\n%s\n[watcher:b]\ncmd = sleep 1000\n" % line
    d.configure(text(""))
    d.start().ready()
    d.living("a", 1), d.living("b", 1)
    for line in ["warmup_delay = 0", "warmup_delay = 1", "graceful_timeout = 5",
                 "max_retry = 7", "priority = 4", "free = option", "free = other", "stop_signal = INT", "stop_signal = 2", "shell = False", "respawn = False",
                 "copy_env = True", "rlimit_nofile = 100", "working_dir = /tmp", "autostart = False"]:
        before, other = d.pids_of("a"), d.pids_of("b")
        d.configure(text(line))
        reply = d.ask("reloadconfig", waiting=True)
        # The original may leave what is missing to the next pass.
        number = 0 if "autostart" in line else 1
        wait_until(lambda: len(d.pids_of("a")) == number, "%d processes after %s" % (number, line))
        after = d.pids_of("a")
        say(line, reply["status"], d.ask("status", name="a")["status"], len(after), "kept", len(set(before) & set(after)), d.pids_of("b") == other)
