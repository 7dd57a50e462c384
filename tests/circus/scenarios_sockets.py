"""Sockets that workers inherit."""

import errno
import json
import os
import signal
import socket
import stat
import sys
import threading

from stage import say, show, wait_until

# A worker that says what it was handed, and then answers everybody with its words.
WORKER = '''
import os, socket, sys
number = int(sys.argv[1])
inherited = socket.socket(fileno=number)
try:
    non_blocking = not os.get_blocking(number)
except OSError:
    non_blocking = None
inherited.setblocking(True)
while True:
    if inherited.type == socket.SOCK_DGRAM:
        words, whence = inherited.recvfrom(1000)
        inherited.sendto(b"heard " + words, whence)
        continue
    peer, _ = inherited.accept()
    peer.sendall(("%s %s non-blocking=%s pid=%d\\n" % (inherited.family.name, inherited.type.name, non_blocking, os.getpid())).encode())
    peer.close()
'''


def _ready(d, text, circus=""):
    d.write("worker.py", WORKER)
    d.configure(text.replace("{python}", sys.executable), circus)
    d.start().ready()


def _watcher(name, words, more=""):
    return "[watcher:%s]\ncmd = {python} {dir}/worker.py %s\nuse_sockets = True\ncopy_env = True\n%s" % (name, words, more)


def _sockets(d):
    return d.ask("listsockets")["sockets"]


def _show_sockets(d, *known):
    """Sockets, their numbers as the first, the second …, and ports that were free as such."""
    listed = []
    for number, entry in enumerate(_sockets(d)):
        entry["fd"] = "number %d" % number
        if entry.get("port") not in known and "port" in entry:
            entry["port"] = "PORT" if entry["port"] else 0
        listed.append(entry)
    show(d, "sockets", listed)


def _port(d, name):
    return next(entry["port"] for entry in _sockets(d) if entry["name"] == name)


def _dial(address, family=socket.AF_INET):
    with socket.socket(family, socket.SOCK_STREAM) as client:
        client.settimeout(30)
        client.connect(address)
        return client.makefile().read()


def _without_pid(answer):
    return answer.split(" pid=")[0]


def _pid(answer):
    return int(answer.strip().rsplit("=", 1)[1])


def sockets_at_their_numbers(d):
    _ready(d, "[socket:Web]\nport = 0\nbacklog = 64\n[socket:second]\nhost = 127.0.0.1\nport = 0\nblocking = True\n"
           + _watcher("first", "$(circus.sockets.web)") + _watcher("other", "$(CIRCUS.SOCKETS.SECOND)", "numprocesses = 2\n"))
    _show_sockets(d)
    say(_without_pid(_dial(("127.0.0.1", _port(d, "web")))))
    say(_without_pid(_dial(("127.0.0.1", _port(d, "second")))))
    first = _pid(_dial(("127.0.0.1", _port(d, "second"))))
    say(first in d.pids_of("other"))
    before = _sockets(d)
    for command in ("restart", "reload"):
        d.ask(command, name="other", waiting=True)
        say(command, _sockets(d) == before, _pid(_dial(("127.0.0.1", _port(d, "second")))) in d.pids_of("other"))


def sockets_are_files(d):
    _ready(d, "[socket:a]\npath = {dir}/a.s\numask = 077\n[socket:b]\npath = {dir}/b.s\n[socket:c]\npath = {dir}/c.s\n"
           "umask = 117\nreplace = True\n" + _watcher("w", "$(circus.sockets.a)"))
    _show_sockets(d)
    for name in "abc":
        mode = os.stat(d.path(name + ".s")).st_mode
        say(name, stat.S_ISSOCK(mode), oct(stat.S_IMODE(mode)))
    say(_without_pid(_dial(d.path("a.s"), socket.AF_UNIX)))
    d.ask("restart", name="w", waiting=True)
    say(_without_pid(_dial(d.path("a.s"), socket.AF_UNIX)))
    d.stop()
    say([os.path.exists(d.path(name + ".s")) for name in "abc"])


def files_in_the_way_of_sockets(d):
    d.write("worker.py", WORKER)
    for options in ("", "replace = True\n"):
        d.write("x.s", "somebody's")
        d.configure(("[socket:x]\npath = {dir}/x.s\n%s[watcher:w]\ncmd = sleep 1000\n" % options))
        if options:
            d.start().ready()
            say(stat.S_ISSOCK(os.stat(d.path("x.s")).st_mode))
            d.stop()
            say(os.path.exists(d.path("x.s")))
        else:
            # The original ends well, although it has not done what it was to do; minder says that it has failed.
            _, out, last = d.run(d.path("circus.ini"))
            say(repr(out), "already exists. You might want to remove it." in last)
            with open(d.path("x.s")) as file:
                say(file.read())


def ports_in_the_way_of_sockets(d):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        d.configure("[socket:x]\nhost = 127.0.0.1\nport = %d\n[watcher:w]\ncmd = sleep 1000\n" % taken.getsockname()[1])
        _, out, last = d.run(d.path("circus.ini"))
        say(repr(out), "Address already in use" in last)


def sockets_of_the_next_generation(d):
    with socket.socket(socket.AF_INET6) as found:
        found.bind(("::1", 0))
        port = found.getsockname()[1]
    _ready(d, "[socket:six]\nhost = ::1\nport = %d\nfamily = AF_INET6\n" % port + _watcher("w", "$(circus.sockets.six)"))
    _show_sockets(d)
    say(_without_pid(_dial(("::1", port), socket.AF_INET6)))


def sockets_of_a_file_that_changes(d):
    first = "[socket:keep]\nport = 0\n" + _watcher("w", "$(circus.sockets.keep)")
    _ready(d, first + "[socket:go]\npath = {dir}/go.s\n")
    kept = _port(d, "keep")
    workers = d.pids_of("w")
    d.configure((first + "[socket:come]\npath = {dir}/come.s\n" + _watcher("x", "$(circus.sockets.come)"))
                .replace("{python}", sys.executable))
    show(d, "reloadconfig", d.ask("reloadconfig", waiting=True))
    say(sorted(entry["name"] for entry in _sockets(d)), _port(d, "keep") == kept, d.pids_of("w") == workers)
    say(os.path.exists(d.path("go.s")), os.path.exists(d.path("come.s")))
    say(_without_pid(_dial(("127.0.0.1", kept))))
    say(_without_pid(_dial(d.path("come.s"), socket.AF_UNIX)))


def a_socket_for_each_worker(d):
    # Several can only share a port that is known before.
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    _ready(d, "[socket:web]\nhost = 127.0.0.1\nport = %d\nso_reuseport = True\n" % port
           + _watcher("w", "$(circus.sockets.web)", "numprocesses = 2\n"))
    _show_sockets(d)
    both = d.living("w", 2)
    seen = set()

    def all_heard():
        seen.add(_pid(_dial(("127.0.0.1", port))))
        return seen == set(both)
    wait_until(all_heard, "answers of both")
    inodes = {os.readlink("/proc/%d/fd/%s" % (pid, _arguments(pid)[2])) for pid in both}
    say(len(inodes), "sockets of two workers")


def _arguments(pid):
    with open("/proc/%d/cmdline" % pid) as file:
        return file.read().split("\0")


def a_socket_as_standard_input(d):
    _ready(d, "[socket:web]\nport = 0\n[watcher:w]\ncmd = {python} {dir}/worker.py 0\ncopy_env = True\nstdin_socket = web\n"
           "numprocesses = 2\n")
    say(_without_pid(_dial(("127.0.0.1", _port(d, "web")))))
    for pid in d.living("w", 2):
        say(os.readlink("/proc/%d/fd/0" % pid).startswith("socket:"))


def started_by_a_connection(d):
    _ready(d, "[socket:web]\nport = 0\n" + _watcher("lazy", "$(circus.sockets.web)", "on_demand = True\n"))
    show(d, "status", d.ask("status"))
    show(d, "list", d.ask("list", name="lazy"))
    say(_without_pid(_dial(("127.0.0.1", _port(d, "web")))))
    say(len(d.living("lazy", 1)))
    show(d, "status", d.ask("status"))


def datagrams(d):
    _ready(d, "[socket:gram]\nport = 0\ntype = SOCK_DGRAM\n[socket:file]\npath = {dir}/gram.s\ntype = SOCK_DGRAM\n"
           + _watcher("w", "$(circus.sockets.gram)"))
    _show_sockets(d)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(30)
        client.sendto(b"hello", ("127.0.0.1", _port(d, "gram")))
        say(client.recv(100).decode())


def without_use_sockets(d):
    d.write("open.py", "import os\nfound = []\nfor fd in os.listdir('/proc/self/fd'):\n    try:\n        found.append((int(fd), "
            "os.readlink('/proc/self/fd/' + fd).split(':')[0]))\n    except OSError:\n        pass\n"
            "print([kind for fd, kind in sorted(found) if fd > 2], flush=True)\nimport time\ntime.sleep(1000)\n")
    _ready(d, "[socket:web]\nport = 0\n" + "".join(
        "[watcher:%s]\ncmd = {python} {dir}/open.py\nuse_sockets = %s\ncopy_env = True\nstdout_stream.class = FileStream\n"
        "stdout_stream.filename = {dir}/%s.out\n" % (name, use, name) for name, use in [("no", False), ("yes", True)]))
    for name in ("no", "yes"):
        say(name, wait_until(lambda: os.path.exists(d.path(name + ".out")) and open(d.path(name + ".out")).read(), name))


# What only minder has: the variables of sd_listen_fds(3), and a mind that can be killed.

SAYS_ENVIRONMENT = '''
import json, os, time
found = {name: value for name, value in os.environ.items() if name.startswith("LISTEN_")}
found["pid"] = os.getpid()
with open(os.environ["OUT"] + ".part", "w") as file:
    json.dump(found, file)
os.rename(os.environ["OUT"] + ".part", os.environ["OUT"])
time.sleep(1000)
'''


def announced_as_systemd_does(d):
    d.write("environment.py", SAYS_ENVIRONMENT)
    _ready(d, "[socket:b]\nport = 0\n[socket:a]\npath = {dir}/a.s\n" + "".join(
        "[watcher:%s]\ncmd = {python} {dir}/environment.py\nuse_sockets = %s\ncopy_env = True\n[env:%s]\nOUT = {dir}/%s.json\n"
        % (name, use, name, name) for name, use in [("with", True), ("without", False)]))
    found = {}
    for name in ("with", "without"):
        wait_until(lambda: os.path.exists(d.path(name + ".json")), "what %s says" % name)
        with open(d.path(name + ".json")) as file:
            found[name] = json.load(file)
    pid = found["with"].pop("pid")
    assert [pid] == d.pids_of("with"), found
    assert found["with"] == {"LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b", "LISTEN_PID": str(pid)}, found
    assert set(found["without"]) == {"pid"}, found
    assert [entry["fd"] for entry in _sockets(d)] == [3, 4]
    say("passed")


class _Callers:
    """Threads that connect again and again, and what came of it."""

    def __init__(self, *addresses):
        self.over = threading.Event()
        self.refused, self.cut_off, self.answered = [], 0, set()
        self.connections = 0
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self._call, args=address) for address in addresses for _ in range(3)]
        for thread in self.threads:
            thread.start()

    def _call(self, family, address):
        while not self.over.is_set():
            try:
                client = socket.socket(family, socket.SOCK_STREAM)
                client.settimeout(30)
                client.connect(address)
            except OSError as error:
                with self.lock:
                    self.refused.append(str(error))
                continue
            with client:
                try:
                    answer = client.makefile().read()
                except ConnectionResetError:
                    answer = ""
            with self.lock:
                self.connections += 1
                if answer:
                    self.answered.add(_pid(answer))
                else:
                    # Its worker was killed with it in hand, which no socket can help.
                    self.cut_off += 1

    def wait_for_more(self):
        """So many that each thread has come around again."""
        wanted = self.connections + 3 * len(self.threads)
        wait_until(lambda: self.connections >= wanted, "answers")

    def end(self):
        self.over.set()
        for thread in self.threads:
            thread.join()


def _mind(d):
    """The child of the keeper that is circusd too."""
    keeper = d.process.pid
    with open("/proc/%d/task/%d/children" % (keeper, keeper)) as file:
        children = [int(pid) for pid in file.read().split()]
    for pid in children:
        try:
            if _arguments(pid) == _arguments(keeper):
                return pid
        except OSError:
            pass
    return None


def _kill_the_mind(d):
    before = wait_until(lambda: _mind(d), "a mind")
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: _mind(d) not in (None, before), "another mind")


def nobody_is_refused(d):
    _ready(d, "[socket:web]\nport = 0\n[socket:file]\npath = {dir}/file.s\n"
           + _watcher("w", "$(circus.sockets.web)", "numprocesses = 2\n")
           + _watcher("f", "$(circus.sockets.file)"))
    before = _sockets(d)
    callers = _Callers((socket.AF_INET, ("127.0.0.1", _port(d, "web"))), (socket.AF_UNIX, d.path("file.s")))
    killed = 0
    try:
        for _ in range(3):
            for command in ("restart", "reload"):
                for name in ("w", "f"):
                    assert d.ask(command, name=name, waiting=True)["status"] == "ok"
                callers.wait_for_more()
            for name, number in (("w", 2), ("f", 1)):
                pids = d.living(name, number)
                os.kill(pids[0], signal.SIGKILL)
                killed += 1
                wait_until(lambda: len(set(d.pids_of(name)) - {pids[0]}) == number, "another worker")
            callers.wait_for_more()
            _kill_the_mind(d)
            callers.wait_for_more()
            assert d.ask("status")["statuses"] == {"w": "active", "f": "active"}
            assert _sockets(d) == before
    finally:
        callers.end()
    assert not callers.refused, callers.refused
    assert len(callers.answered) > 3
    print("%d connections, %d of them cut off, %d workers" % (callers.connections, callers.cut_off, len(callers.answered)),
          file=sys.stderr)
    say("passed")


def a_mind_that_dies_before_the_first_connection(d):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    _ready(d, "[socket:web]\nport = 0\n[socket:own]\nhost = 127.0.0.1\nport = %d\nso_reuseport = True\n" % port
           + _watcher("lazy", "$(circus.sockets.web)", "on_demand = True\n") + _watcher("own", "$(circus.sockets.own)"))
    before = _sockets(d)
    _kill_the_mind(d)
    assert d.ask("status")["statuses"] == {"lazy": "stopped", "own": "active"}
    assert _sockets(d) == before
    assert _pid(_dial(("127.0.0.1", _port(d, "web")))) == d.living("lazy", 1)[0]
    assert d.ask("status")["statuses"] == {"lazy": "active", "own": "active"}
    d.ask("restart", name="own", waiting=True)
    assert _pid(_dial(("127.0.0.1", port))) == d.living("own", 1)[0]
    say("passed")


def a_socket_that_nobody_got(d):
    # The second cannot be had, so no worker comes to be, and the first must not be left listening for nobody.
    with socket.socket() as taken, socket.socket() as found:
        for one in (taken, found):
            one.bind(("127.0.0.1", 0))
        taken.listen()
        port = found.getsockname()[1]
        found.close()
        _ready(d, "".join("[socket:%s]\nhost = 127.0.0.1\nport = %d\nso_reuseport = True\n" % one
                          for one in [("first", port), ("second", taken.getsockname()[1])])
               + _watcher("w", "$(circus.sockets.first) $(circus.sockets.second)", "max_retry = 1\n"))
        wait_until(lambda: d.ask("status", name="w")["status"] == "stopped", "the end of trying")
        with socket.socket() as client:
            assert client.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED
    assert d.ask("start", name="w", waiting=True)["status"] == "ok"
    assert _pid(_dial(("127.0.0.1", port))) == d.living("w", 1)[0]
    say("passed")
