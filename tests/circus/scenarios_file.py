"""What the file says: environments, streams, hooks, and what happens when it is read again."""

import os
import signal
import stat
import subprocess

from stage import say, show, wait_until


def _written(d, name, number=1):
    """The lines of a file, once there are so many."""
    def lines():
        try:
            with open(d.path(name)) as file:
                found = file.read().splitlines()
        except FileNotFoundError:
            return None
        return found if len(found) >= number else None
    return wait_until(lines, "%d lines in %s" % (number, name))


def _holds(d, name, part):
    """Whether a file has a part. Between two files of a rotation there may be none of that name."""
    try:
        with open(d.path(name)) as file:
            return part in file.read()
    except FileNotFoundError:
        return False


DUMP = "python3 -c \"import os, sys, resource; open('{dir}/%s', 'w').write(repr(sorted(os.environ.items())) + chr(10) + " \
       "repr(os.getcwd()) + chr(10) + repr(resource.getrlimit(resource.RLIMIT_NOFILE)) + chr(10) + repr(sys.argv[1:]) + chr(10) + " \
       "repr((os.getuid(), os.getgid(), sorted(os.getgroups()))) + chr(10) + repr((os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid())) " \
       "+ chr(10) + repr([os.readlink('/proc/self/fd/%%d' %% n) for n in (0,)]) + chr(10)); import time; time.sleep(1000)\" $(circus.wid) "


def environments_of_workers(d):
    os.environ["FROM_OUTSIDE"] = "x y"
    os.mkdir(d.path("sub"))
    d.write("circus.ini", "")
    d.configure((
        "[env]\nBASE = base\nPATH = /usr/local/bin:/usr/bin:/bin\nHOME2 = $HOME/x\n"
        "[watcher:bare]\ncmd = " + DUMP % "bare" + "$(circus.env.base)\n"
        "[watcher:copied]\ncopy_env = True\ncmd = " + DUMP % "copied" + "((circus.env.BASE)) $(circus.numprocesses)\nworking_dir = {dir}/sub\n"
        "[watcher:limited]\ncopy_env = True\nrlimit_nofile = 77\ncmd = " + DUMP % "limited" + "\nargs = one 'two three' $(circus.wid)\n"
        "[env:b*,copied]\nMINE = its own\nBASE = better\n"
    ).replace("{dir}", d.directory))
    d.start().ready()
    for name in ("bare", "copied", "limited"):
        say("--", name)
        for line in _written(d, name, 7):
            say(d.normal_text(line))


def workers_of_other_users(d):
    os.chmod(d.directory, 0o777)
    d.configure((
        "[watcher:somebody]\nuid = nobody\ncopy_env = True\ncmd = " + DUMP % "somebody" + "\n"
        "[watcher:group]\ngid = 7\ncopy_env = True\ncmd = " + DUMP % "group" + "\n"
    ).replace("{dir}", d.directory))
    d.start().ready()
    for name in ("somebody", "group"):
        say("--", name, _written(d, name, 7)[4])


def shells(d):
    d.configure((
        "[watcher:s]\nshell = True\ncopy_env = True\ncmd = echo $HOME ';' one > {dir}/s\nrespawn = False\n"
        "[watcher:t]\ncopy_env = True\ncmd = sh -c 'echo $0 $1 \"$2\" > {dir}/t; sleep 1000'\nargs = zero one 'two 2'\n"
        "[watcher:u]\nshell = True\nshell_args = a b\ncopy_env = True\ncmd = python3\nargs = -c \"open('{dir}/u', 'w').write('x\\n')\"\nrespawn = False\n"
        "stdout_stream.class = FileStream\nstdout_stream.filename = {dir}/u.out\n"
    ).replace("{dir}", d.directory))
    d.start().ready()
    say(_written(d, "t"))
    say(_written(d, "u"))
    say(os.path.exists(d.path("s")))


def streams_to_files(d):
    d.configure((
        "[watcher:plain]\ncmd = sh -c 'for i in 1 2 3; do echo line $i; echo error $i >&2; sleep 0.2; done; sleep 1000'\n"
        "stdout_stream.class = FileStream\nstdout_stream.filename = {dir}/plain.out\nstdout_stream.refresh_time = 0.5\n"
        "stderr_stream.class = FileStream\nstderr_stream.filename = {dir}/plain.err\n"
        "[watcher:stamped]\ncmd = sh -c 'echo one; sleep 0.3; echo two; sleep 1000'\n"
        "stdout_stream.class = circus.stream.FileStream\nstdout_stream.filename = {dir}/stamped.out\nstdout_stream.time_format = YEAR\n"
        "[watcher:turned]\ncmd = python3 -c \"import sys, time; [(sys.stdout.write('%%03d' % i + 'x' * 96 + chr(10)), sys.stdout.flush(), time.sleep(0.02)) for i in range(60)]; time.sleep(1000)\"\n"
        "copy_env = True\n"
        "stdout_stream.class = FileStream\nstdout_stream.filename = {dir}/turned.out\nstdout_stream.max_bytes = 1000\nstdout_stream.backup_count = 3\n"
        "[watcher:grows]\ncmd = sh -c 'for i in 1 2 3 4 5 6 7 8 9; do echo 0123456789; sleep 0.02; done; sleep 1000'\n"
        "stdout_stream.class = FileStream\nstdout_stream.filename = {dir}/grows.out\nstdout_stream.max_bytes = 30\n"
        "[watcher:loud]\ncmd = sh -c 'echo to stdout; echo to stderr >&2; sleep 1000'\n"
        "[watcher:quiet]\ncmd = sh -c 'echo not to be seen; sleep 1000'\nclose_child_stdout = True\n"
        "[watcher:raw]\ncmd = sh -c 'echo raw through the daemon; sleep 1000'\nstdout_stream.class = StdoutStream\n"
    ).replace("{dir}", d.directory).replace("%%03d", "%03d"))
    d.start().ready()
    say(_written(d, "plain.out", 3), _written(d, "plain.err", 3))
    pid = d.pids_of("stamped")[0]
    say([line.replace(str(pid), "PID") for line in _written(d, "stamped.out", 2)])
    wait_until(lambda: _holds(d, "turned.out", "059"), "the last line")
    for name in sorted(name for name in os.listdir(d.directory) if name.startswith("turned")):
        text = open(d.path(name)).read()
        say(name, len(text), text[:3], text[-101:-98])
    say(_written(d, "grows.out", 9), sorted(name for name in os.listdir(d.directory) if name.startswith("grows")))
    out = _written(d, "out", 2)
    say(sorted(line for line in out), "to stderr" in d.log())
    d.ask("stop", name="plain", waiting=True)
    os.rename(d.path("plain.out"), d.path("moved"))
    d.ask("start", name="plain", waiting=True)
    say(_written(d, "plain.out", 3))
    d.ask("set", name="plain", options={"stdout_stream.filename": d.path("other.out")}, waiting=True)
    d.ask("restart", name="plain", waiting=True)
    say(_written(d, "other.out", 3))
    show(d, "conf", d.ask("get", name="plain", keys=["stdout_stream_conf", "stderr_stream_conf"]))


HOOKS = '''
import os
PLACE = os.path.dirname(os.path.abspath(__file__))
def note(watcher, arbiter, hook_name, **kwargs):
    seen = sorted(key for key in kwargs)
    with open(os.path.join(PLACE, "notes"), "a") as file:
        file.write("%s %s %s\\n" % (watcher.name, hook_name, seen))
    return True
def refuse(watcher, arbiter, hook_name, **kwargs):
    note(watcher, arbiter, hook_name, **kwargs)
    return False
def nothing(watcher, arbiter, hook_name, **kwargs):
    note(watcher, arbiter, hook_name, **kwargs)
def fail(watcher, arbiter, hook_name, **kwargs):
    note(watcher, arbiter, hook_name, **kwargs)
    raise ValueError("no %s" % hook_name)
def more(watcher, arbiter, hook_name, pid, stats, **kwargs):
    stats["more"] = watcher.numprocesses + 41
'''

MOMENTS = ("before_start after_start before_spawn after_spawn before_stop after_stop before_signal after_signal before_reap "
           "after_reap").split()


def _hooked(d, watchers, circus=""):
    d.write("proofhooks.py", HOOKS)
    d.configure("[env]\nPYTHONPATH = %s\n" % d.directory + watchers, circus)
    d.start().ready()


def hooks_at_every_moment(d):
    _hooked(d, "[watcher:h]\ncmd = sleep 1000\nautostart = False\n"
            + "".join("hooks.%s = proofhooks.note\n" % moment for moment in MOMENTS) + "hooks.extended_stats = proofhooks.more\n")
    d.listen()
    for mark, command in enumerate(["start", "restart", "reload", "stop"]):
        d.ask(command, name="h", waiting=True)
        say("--", command)
        for topic, payload in d.events_for("m%d" % mark):
            say(topic, payload.get("name", ""))
    for line in _written(d, "notes", 10):
        say(line)
    d.ask("start", name="h", waiting=True)
    pid = d.living("h", 1)[0]
    say(d.ask("stats", name="h", extended=True)["info"][str(pid)].get("more"),
        d.ask("stats", name="h")["info"][str(pid)].get("more"),
        d.ask("stats", name="h", process=pid, extended=True)["info"].get("more"))


def hooks_that_say_no(d):
    watchers = ""
    for moment in MOMENTS:
        for what in ("refuse", "nothing", "fail"):
            watchers += "[watcher:%s-%s]\ncmd = sleep 1000\nautostart = False\ngraceful_timeout = 0.5\nhooks.%s = proofhooks.%s\n" % (
                moment, what, moment, what)
    watchers += "[watcher:lenient]\ncmd = sleep 1000\nautostart = False\nhooks.before_start = proofhooks.fail, True\n"
    _hooked(d, watchers)
    d.listen()
    names = ["%s-%s" % (moment, what) for moment in MOMENTS for what in ("refuse", "nothing", "fail")] + ["lenient"]
    for number, name in enumerate(names):
        show(d, "start", d.ask("start", name=name, waiting=True))
        show(d, "status", d.ask("status", name=name))
        show(d, "stop", d.ask("stop", name=name, waiting=True))
        for topic, payload in d.events_for("m%d" % number):
            say(topic, payload.get("exit_code", ""), payload.get("error", ""))


def a_hook_that_is_not_there(d):
    _hooked(d, "[watcher:gone]\ncmd = sleep 1000\nhooks.before_start = nosuchmodule.f\n[watcher:here]\ncmd = sleep 1000\n")
    show(d, "status", d.ask("status"))
    show(d, "set", d.ask("set", name="here", options={"hooks.before_start": "proofhooks.refuse"}, waiting=True))
    show(d, "restart", d.ask("restart", name="here", waiting=True))
    show(d, "status", d.ask("status"))


def reading_the_file_again(d):
    first = ("[watcher:same]\ncmd = sleep 1000\n[watcher:Resized]\ncmd = sleep 1000\nnumprocesses = 2\n"
             "[watcher:changed]\ncmd = sleep 1000\n[watcher:gone]\ncmd = sleep 1000\n")
    d.configure(first)
    d.start().ready()
    for name, number in (("same", 1), ("resized", 2), ("changed", 1), ("gone", 1)):
        d.living(name, number)
    d.listen()
    d.ask("add", name="late", cmd="sleep 1000", start=True, waiting=True)
    same, resized, changed = d.pids_of("same"), d.pids_of("resized"), d.pids_of("changed")
    show(d, "unchanged", d.ask("reloadconfig", waiting=True))
    show(d, "status", d.ask("status"))
    d.configure("[watcher:same]\ncmd = sleep 1000\nfree = option\n[watcher:Resized]\ncmd = sleep 1000\nnumprocesses = 3\n"
                "[watcher:changed]\ncmd = sleep 2000\n[watcher:new]\ncmd = sleep 1000\n[watcher:idle]\ncmd = sleep 1\nautostart = False\n")
    d.events_for("m1")
    show(d, "changed", d.ask("reloadconfig", waiting=True))
    say(sorted(topic for topic, _ in d.events_for("m2")))
    show(d, "status", d.ask("status"))
    say(d.pids_of("same") == same, set(resized) < set(d.pids_of("resized")), d.pids_of("changed") != changed)
    d.configure("[watcher:same]\ncmd = sleep 1000\nfree = option\n[watcher:Resized]\ncmd = sleep 1000\nnumprocesses = 1\n"
                "[watcher:changed]\ncmd = sleep 2000\n[watcher:new]\ncmd = sleep 1000\n[watcher:idle]\ncmd = sleep 1\nautostart = False\n")
    show(d, "fewer", d.ask("reloadconfig", waiting=True))
    say(len(d.pids_of("resized")))
    d.write("circus.ini", "nonsense\n")
    show(d, "broken", d.ask("reloadconfig", waiting=True))
    show(d, "status", d.ask("status"))
    d.configure("[watcher:same]\ncmd = sleep 1000\nfree = option\n", "check_delay = 0.6")
    show(d, "another daemon", d.ask("reloadconfig", waiting=True))
    show(d, "status", d.ask("status"))


def beginning_afresh(d):
    d.configure("[watcher:a]\ncmd = sleep 1000\n", "pidfile = %s" % d.path("pid"))
    d.start().ready()
    d.living("a", 1)
    d.ask("add", name="late", cmd="sleep 1000", start=True, waiting=True)
    d.configure("[watcher:a]\ncmd = sleep 1000\n[watcher:b]\ncmd = sleep 1000\n", "pidfile = %s" % d.path("pid"))
    before = open(d.path("pid")).read()
    show(d, "restart", d.ask("restart"))

    def again():
        d.dealer.close()
        d.dealer = d.connect()
        d.dealer.setsockopt(1, 1) if False else None
        d.dealer.RCVTIMEO = 500
        try:
            return "b" in d.raw({"command": "status"}).get("statuses", {})
        except Exception:
            return False
    wait_until(again, "the new file's watchers")
    d.dealer.RCVTIMEO = 30000
    wait_until(lambda: set(d.ask("status")["statuses"].values()) == {"active"}, "both")
    show(d, "status", d.ask("status"))
    say(before == open(d.path("pid")).read() == "%d\n" % d.process.pid)


def signals_to_the_daemon(d):
    d.configure("[watcher:a]\ncmd = sleep 1000\n", "pidfile = %s" % d.path("pid"))
    d.start().ready()
    pid = d.living("a", 1)[0]
    say(stat.filemode(os.stat(d.path("pid")).st_mode), open(d.path("pid")).read() == "%d\n" % d.process.pid)
    d.process.send_signal(signal.SIGHUP)
    wait_until(lambda: d.ask("list", name="a")["pids"] not in ([pid], []) and pid not in d.ask("list", name="a")["pids"], "the reload")
    d.process.send_signal(signal.SIGWINCH)
    wait_until(lambda: "a reloaded" in d.log(), "the end of the reload")
    d.process.send_signal(signal.SIGINT)
    say("status", d.process.wait(30), os.path.exists(d.path("pid")))
    lines = [line.split("] ", 1)[1] for line in d.log().splitlines() if "SIG_WINCH" not in line and "handle_callback_exception" not in line]
    for line in lines:
        say(line.replace(str(d.process.pid), "PID"))


def command_lines(d):
    def shown(*words):
        status, out, err = d.run(*words)
        say(" ".join(words).replace(d.directory, "{dir}"), "->", status, repr(d.normal_text(out))[:60], repr(d.normal_text(err)))
    d.configure("[watcher:a]\ncmd = sleep 1000\n")
    shown("--version")
    shown()
    shown("--bogus")
    shown("--log-level", "loud", d.path("circus.ini"))
    shown("a", "b")
    shown(d.path("absent.ini"))
    d.write("broken.ini", "[circus\n")
    shown(d.path("broken.ini"))
    d.write("early.ini", "a = b\n[circus]\n")
    shown(d.path("early.ini"))
    for line in ("check_delay = soon", "statsd = maybe", "warmup_delay = 1.5", "umask = 9"):
        d.write("bad.ini", "[circus]\n%s\n" % line)
        shown(d.path("bad.ini"))
    for line in ("numprocesses = many", "singleton = perhaps", "graceful_timeout = x", "rlimit_nofile = y", "stop_signal = z"):
        d.write("bad.ini", "[circus]\n[watcher:a]\ncmd = sleep 1\n%s\n" % line)
        shown(d.path("bad.ini"))
    d.write("pid", "1\n")
    shown("--pidfile", d.path("pid"), d.path("circus.ini")) if False else None


def daemons_in_the_background(d):
    d.configure("[watcher:a]\ncmd = sh -c 'pwd > {dir}/where; umask >> {dir}/where; sleep 1000'\n".replace("{dir}", d.directory),
                "umask = 027\npidfile = %s\nlogoutput = %s" % (d.path("pid"), d.path("log")))
    done = subprocess.run([d.circusd, "--daemon", "circus.ini"], cwd=d.directory, capture_output=True, timeout=30)
    say(done.returncode, done.stdout, done.stderr)
    pid = int(wait_until(lambda: os.path.exists(d.path("pid")) and open(d.path("pid")).read().strip(), "the pidfile"))
    wait_until(lambda: os.path.exists(d.path("control.sock")), "the endpoint")
    d.dealer = d.connect()
    wait_until(lambda: d.ask("status")["statuses"] == {"a": "active"}, "the start")
    say(_written(d, "where", 2)[1], d.normal_text(_written(d, "where", 2)[0]))
    say([os.readlink("/proc/%d/fd/%d" % (pid, number)) for number in (0, 1, 2)], os.getsid(pid) != os.getsid(0),
        d.normal_text(os.readlink("/proc/%d/cwd" % pid)))
    show(d, "quit", d.ask("quit", waiting=True))
    wait_until(lambda: not os.path.exists("/proc/%d" % pid) or open("/proc/%d/stat" % pid).read().split()[2] == "Z", "the end")
    say(os.path.exists(d.path("pid")), [line.split("] ", 1)[1] for line in open(d.path("log")).read().splitlines()][-2:])
