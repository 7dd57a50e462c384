"""Answers one question a line: what does the real Circus make of this?

A question is a JSON object with `ask`, the kind of question, and the arguments of the function of that name below, besides
`directory` (to be in) and `environment` (to have). The answer is one JSON line: `{"is": value}`, or
`{"raises": [class, text]}`.
"""
import json
import logging
import os
import sys
import warnings

from circus import config, process, sockets, util
from circus.arbiter import Arbiter
from circus.commands.addwatcher import AddWatcher
from circus.commands.util import convert_option, validate_option
from circus.watcher import Watcher

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
TITLE = "__name__"


class FakeSocket:
    def __init__(self, number):
        self.number, self.so_reuseport = number, False

    def fileno(self):
        return self.number


class Controller:
    """As much of the controller as adding a watcher looks at."""
    endpoint_owner_mode = False


def without_title(value):
    if isinstance(value, dict):
        return {key: without_title(item) for key, item in value.items() if key != TITLE}
    return value


def shown(watcher):
    """A watcher as its replies show it, and what no reply shows."""
    return {
        "options": without_title(dict(watcher.options())),
        "hooks": {name: name in watcher.ignore_hook_failure for name in watcher.hooks},
        "rlimits": watcher.rlimits or {},
        "autostart": bool(watcher.autostart),
        "stdin_socket": watcher.stdin_socket,
        "stdout": type(watcher.stdout_stream).__name__,
        "stderr": type(watcher.stderr_stream).__name__,
    }


def read(file):
    """The dictionary of a configuration."""
    return without_items(config.get_config(file))


def without_items(settings):
    for kind in ("watchers", "plugins", "sockets"):
        settings[kind] = [without_title(item) for item in settings[kind]]
    return settings


def attempt(function, *arguments):
    try:
        return {"is": function(*arguments)}
    except Exception as error:
        return {"raises": raised(error)}


def raised(error):
    kind = OSError if isinstance(error, OSError) else type(error)
    name = kind.__name__ if kind.__module__ == "builtins" else kind.__module__ + "." + kind.__name__
    return [name, str(error)]


def watchers(file):
    """Every watcher of a configuration, or why it is dropped."""
    settings = config.get_config(file)
    return [attempt(lambda: shown(Watcher.load_from_config(item))) for item in settings["watchers"]]


def socket_parameters(file):
    """Every socket of a configuration, or why it is dropped."""
    settings = config.get_config(file)
    return [attempt(parameters, item) for item in settings["sockets"]]


def parameters(item):
    kept = {}

    class Recorder(sockets.CircusSocket):
        def __init__(self, **given):
            kept.update(given)

    Recorder.load_from_config(item)
    kept["family"], kept["type"] = int(kept["family"]), int(kept["type"])
    return kept


def words(watcher, wid, fds):
    watcher.sockets = {name: FakeSocket(number) for name, number in fds.items()}
    cmd = util.replace_gnu_args(watcher.cmd, env=watcher.env)
    made = process.Process(watcher.name, wid, cmd, args=watcher.args, working_dir=watcher.working_dir, shell=watcher.shell,
                           uid=watcher.uid, gid=watcher.gid, env=watcher.env, rlimits=watcher.rlimits,
                           executable=watcher.executable, use_fds=watcher.use_sockets, watcher=watcher, spawn=False)
    words = made.format_args(sockets_fds=watcher._get_sockets_fds())
    return ["/bin/sh", "-c"] + words if made.shell else words


def command(file, wid, fds):
    """The words of one process of every watcher of a configuration."""
    settings = config.get_config(file)
    return [attempt(lambda: words(Watcher.load_from_config(item), wid, fds)) for item in settings["watchers"]]


def added(name, cmd, args, options):
    arbiter = Arbiter.__new__(Arbiter)
    arbiter._restarting, arbiter._exclusive_running_command = False, None
    arbiter._watchers_names, arbiter.watchers, arbiter.evpub_socket = {}, [], None
    arbiter.ctrl = Controller()
    properties = {"name": name, "cmd": cmd, "args": args, "options": options}
    command = AddWatcher()
    command.validate(properties)
    command.execute(arbiter, properties)
    return arbiter.watchers[0]


def add(name, cmd, args, options):
    """The watcher that a client adds."""
    return shown(added(name, cmd, args, options))


def added_command(name, cmd, args, options, wid, fds):
    """The words of one process of a watcher that a client adds."""
    return words(added(name, cmd, args, options), wid, fds)


def change(options, changes):
    """What each of several changes of an added watcher gives: an action or an exception; and the watcher in the end."""
    watcher = added("w", "sleep 1", None, options)
    watcher._create_redirectors()

    def one(key, value):
        validate_option(key, value)
        return watcher.set_opt(key, value)

    results = [attempt(one, key, value) for key, value in changes]
    return [results, without_title(dict(watcher.options()))]


def validate(key, value):
    return validate_option(key, value)


def convert(key, text):
    return convert_option(key, text)


QUESTIONS = {function.__name__: function for function in (
    read, watchers, socket_parameters, command, add, added_command, change, validate, convert)}

for line in sys.stdin:
    question = json.loads(line)
    os.chdir(question.pop("directory"))
    os.environ.clear()
    os.environ.update(question.pop("environment"))
    answer = attempt(lambda: QUESTIONS[question.pop("ask")](**question))
    try:
        text = json.dumps(answer)
    except (TypeError, ValueError) as error:
        text = json.dumps({"unspeakable": str(error)})
    print(text, flush=True)
