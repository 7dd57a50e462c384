"""Runs the hooks of minder's watchers, which are Python.

It is given its requests on standard input, a JSON object a line, and gives its answers on standard output in the same
way. Hooks get neither of the two: what they print goes to standard error, and what they read is empty.

It ends with its standard input. A hook that is at work then may finish, for as long as the first argument says.
"""

import importlib
import json
import os
import queue
import site
import sys
import threading
import traceback

HERE = (lambda: None).__code__.co_filename
NOT_HERE = "%s.%s is not available: hooks run in a process of their own, beside the daemon"


class Process:
    """A process of a watcher, as far as it can be known from outside."""

    def __init__(self, pid):
        self.pid = pid

    def send_signal(self, signum):
        os.kill(self.pid, signum)

    def is_alive(self):
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return True


class Watcher:
    """What the daemon told of a watcher. It is a copy: changing it changes nothing."""

    def __init__(self, facts):
        options = facts.pop("options")
        self._options = options
        self.__dict__.update(options)
        self.__dict__.update(facts)
        self.processes = {pid: Process(pid) for pid in self.pids}

    def __getattr__(self, name):
        raise AttributeError(NOT_HERE % ("watcher", name))

    def __len__(self):
        return len(self.processes)

    def __repr__(self):
        return "<Watcher %s>" % self.name

    def get_active_pids(self):
        return list(self.pids)

    def get_active_processes(self):
        return list(self.processes.values())

    def send_signal(self, pid, signum):
        self.processes[int(pid)].send_signal(signum)


class Arbiter:
    """Stands for the daemon, which is in another process."""

    def __getattr__(self, name):
        raise AttributeError(NOT_HERE % ("arbiter", name))


def add_to_path(directories):
    for directory in directories:
        if directory not in sys.path:
            site.addsitedir(directory)


def find(name):
    """The object of a dotted name: module.attribute or module:attribute."""
    module, colon, attribute = name.partition(":")
    if not colon:
        module, _, attribute = name.rpartition(".")
    if not module:
        return importlib.import_module(name)
    found = importlib.import_module(module)
    try:
        return getattr(found, attribute)
    except AttributeError:
        # It may be a module of a package that does not import it itself.
        if colon or not hasattr(found, "__path__"):
            raise
        return importlib.import_module(name)


class Hooks:
    """The callables that have been found so far."""

    def __init__(self):
        self.found = {}
        self.arbiter = Arbiter()

    def get(self, name):
        if name not in self.found:
            self.found[name] = find(name)
        return self.found[name]

    def resolve(self, request):
        """Finds a callable; or finds it afresh, if its file may have been changed."""
        add_to_path(request["path"])
        name = request["callable"]
        importlib.invalidate_caches()
        if request["afresh"]:
            self.found.pop(name, None)
            module = name.partition(":")[0] if ":" in name else name.rpartition(".")[0]
            if module in sys.modules:
                importlib.reload(sys.modules[module])
        self.get(name)
        return {}

    def call(self, request):
        add_to_path(request["path"])
        hook = self.get(request["callable"])
        extra = request["extra"]
        watcher = Watcher(request["watcher"])
        result = hook(watcher=watcher, arbiter=self.arbiter, hook_name=request["hook"], **extra)
        return {"truth": bool(result), "stats": extra.get("stats")}


def answer(hooks, request):
    done = {"resolve": hooks.resolve, "call": hooks.call}[request["do"]]
    try:
        reply = json.dumps({"id": request["id"], "ok": done(request)}, allow_nan=False, default=str)
    # A hook that wants to end the interpreter has failed, like any other that raises.
    except BaseException as error:
        # Whoever reads the log wants to know where; frames of this file would tell nothing.
        frames = error.__traceback__
        while frames is not None and frames.tb_frame.f_code.co_filename == HERE:
            frames = frames.tb_next
        trace = "".join(traceback.format_exception(type(error), error, frames))
        failed = {"kind": type(error).__name__, "text": str(error), "trace": trace}
        reply = json.dumps({"id": request["id"], "failed": failed})
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    return reply


def read(source, requests, patience):
    for line in source:
        requests.put(json.loads(line))
    requests.put(None)
    # Nobody waits for what the hook at work will say.
    threading.Event().wait(patience)
    os._exit(1)


def main():
    # Both are closed for programs that a hook starts.
    source = os.fdopen(os.dup(0), "rb")
    sink = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "rb") as empty:
        os.dup2(empty.fileno(), 0)
    os.dup2(2, 1)
    # The directory in which the daemon happens to run is no place for modules.
    sys.path[:] = [entry for entry in sys.path if entry]
    requests = queue.Queue()
    # Hooks run in the main thread, where Python lets them set signal handlers.
    threading.Thread(target=read, args=(source, requests, float(sys.argv[1])), daemon=True).start()
    hooks = Hooks()
    while True:
        request = requests.get()
        if request is None:
            os._exit(0)
        sink.write(answer(hooks, request).encode() + b"\n")
        sink.flush()


main()
