"""Every command of the control endpoint: what it answers."""

from stage import say, show, wait_until

ALPHA = "[watcher:alpha]\ncmd = sleep 1000\nnumprocesses = 2\n[watcher:Beta Two]\ncmd = sleep 1000\nautostart = False\n" \
        "[watcher:solo]\ncmd = sleep 1000\nsingleton = True\n"


def _ready(d, text=ALPHA, circus=""):
    d.configure(text, circus)
    d.start().ready()
    for name in ("alpha", "solo"):
        if "[watcher:%s]" % name in text:
            for pid in d.living(name, 2 if name == "alpha" else 1):
                d.name_of(pid)


def _try(d, command, **properties):
    show(d, "%s %r" % (command, properties), d.ask(command, **properties))


def reading_commands(d):
    _ready(d)
    for command, properties in [
        ("list", {}), ("list", {"name": "alpha"}), ("list", {"name": "ALPHA"}), ("list", {"name": "nope"}),
        ("list", {"name": 5}), ("list", {"name": None}), ("status", {}), ("status", {"name": "beta two"}),
        ("status", {"name": "Nope"}), ("status", {"name": ["alpha"]}), ("numprocesses", {}),
        ("numprocesses", {"name": "AlPha"}), ("numprocesses", {"name": "x"}), ("numwatchers", {}),
        ("numwatchers", {"name": "ignored"}), ("options", {"name": "alpha"}), ("options", {}), ("options", {"name": "no"}),
        ("get", {"name": "alpha"}), ("get", {"keys": ["cmd"]}), ("get", {"name": "alpha", "keys": ["cmd", "env", "uid"]}),
        ("get", {"name": "alpha", "keys": ["cmd", "bogus"]}), ("get", {"name": "alpha", "keys": []}),
        ("get", {"name": "x", "keys": []}), ("get", {"name": "alpha", "keys": 5}),
        ("globaloptions", {"option": "check_delay"}), ("globaloptions", {"option": "zz"}), ("globaloptions", {"option": ""}),
        ("listsockets", {}), ("listen", {}), ("ipython", {}), ("listpids", {}), ("LIST", {}), ("no'pe", {}),
    ]:
        _try(d, command, **properties)


def starting_and_stopping(d):
    _ready(d)
    for command, properties in [
        ("start", {"name": "beta two", "waiting": True}), ("start", {"name": "Beta Two", "waiting": True}),
        ("stop", {"name": "alpha", "waiting": True}), ("stop", {"name": "alpha", "waiting": True}),
        ("status", {}), ("start", {"name": "alpha", "waiting": True}), ("restart", {"name": "alpha", "waiting": True}),
        ("reload", {"name": "alpha", "waiting": True}), ("reload", {"name": "alpha", "waiting": True, "sequential": True}),
        ("reload", {"name": "alpha", "waiting": True, "graceful": False}), ("stop", {"name": "*a*", "waiting": True}),
        ("status", {}), ("start", {"name": "^s", "match": "regex", "waiting": True}), ("status", {}),
        ("start", {"name": "alpha", "match": "simple", "waiting": True}), ("start", {"name": "x", "match": "simple"}),
        ("start", {"name": "alpha", "match": "bogus"}), ("start", {"name": "nope*"}), ("stop", {"name": "nope"}),
        ("restart", {"name": "none", "match": "regex"}), ("reload", {"name": "none"}), ("stop", {"waiting": True}),
        ("status", {}), ("start", {"waiting": True}), ("status", {}), ("reload", {"waiting": True}), ("status", {}),
        ("restart", {"name": "*", "waiting": True}), ("status", {}),
    ]:
        _try(d, command, **properties)


def changing_the_number(d):
    _ready(d)
    for command, properties in [
        ("incr", {"name": "alpha", "waiting": True}), ("incr", {"name": "alpha", "nb": 2, "waiting": True}),
        ("decr", {"name": "alpha", "nb": 4, "waiting": True}), ("decr", {"name": "alpha", "nb": 9, "waiting": True}),
        ("status", {"name": "alpha"}), ("numprocesses", {"name": "alpha"}), ("incr", {"name": "alpha", "waiting": True}),
        ("incr", {"name": "solo", "waiting": True}), ("decr", {"name": "solo"}), ("incr", {}), ("incr", {"name": "x"}),
        ("set", {"name": "alpha", "options": {"numprocesses": 3}, "waiting": True}),
        ("numprocesses", {"name": "alpha"}), ("set", {"name": "solo", "options": {"numprocesses": 2}, "waiting": True}),
        ("set", {"name": "alpha", "options": {"numprocesses": -4}, "waiting": True}), ("get", {"name": "alpha", "keys": ["numprocesses"]}),
    ]:
        _try(d, command, **properties)


def adding_and_removing(d):
    _ready(d)
    for command, properties in [
        ("add", {}), ("add", {"name": "g"}), ("add", {"cmd": "sleep 1"}), ("add", {"name": "g", "cmd": "sleep 1000"}),
        ("status", {}), ("add", {"name": "G", "cmd": "sleep 1000"}), ("add", {"name": "", "cmd": "sleep 1"}), ("list", {}),
        ("start", {"name": "g", "waiting": True}), ("add", {"name": "h", "cmd": "sleep 1000", "start": True, "waiting": True,
                                                             "options": {"copy_env": True, "numprocesses": 2}}),
        ("add", {"name": "i", "cmd": "sleep", "args": ["1000"], "start": True, "waiting": True}),
        ("options", {"name": "i"}),
        ("add", {"name": "j", "cmd": "nonexistent-command", "start": True, "waiting": True}), ("status", {"name": "j"}),
        ("add", {"name": "k", "cmd": "sleep 1", "options": {"bogus": 1}}), ("add", {"name": "k", "cmd": "sleep 1", "options": 5}),
        ("add", {"name": "k", "cmd": "sleep 1", "options": {"numprocesses": "x"}}),
        ("add", {"name": "k", "cmd": "sleep 1", "options": {"singleton": True, "numprocesses": 3}}),
        ("add", {"name": "k", "cmd": "sleep 1", "options": {"uid": [1]}}),
        ("add", {"name": "k", "cmd": "sleep 1", "options": {"env": {"A": 1}}}),
        ("add", {"name": "k", "cmd": "sleep 1", "options": {"stdout_stream": {"filename": "x"}}}),
        ("add", {"name": "k", "cmd": "sleep 1", "options": {"rlimit_bogus": 1}}), ("list", {}),
        ("rm", {"name": "g", "waiting": True}), ("rm", {"name": "g"}), ("rm", {}), ("list", {}),
        ("rm", {"name": "H", "waiting": True}), ("numwatchers", {}),
    ]:
        _try(d, command, **properties)


def setting_options(d):
    _ready(d)
    for options in [
        {"numprocesses": 1}, {"warmup_delay": 0.1}, {"working_dir": "/tmp"}, {"send_hup": True}, {"stop_signal": 2},
        {"stop_children": True}, {"shell": True}, {"shell": False}, {"env": {"A": "b"}}, {"max_retry": 3}, {"cmd": "sleep 2000"},
        {"args": "7"}, {"graceful_timeout": 3}, {"max_age": 100}, {"max_age_variance": 5}, {"singleton": False},
        {"respawn": False}, {"copy_env": True}, {"bogus": 1}, {"priority": 5}, {"use_sockets": True}, {"autostart": False},
        {"numprocesses": 1.5}, {"numprocesses": True}, {"graceful_timeout": "x"}, {"send_hup": 1}, {"env": []}, {"env": {"A": 3}},
        {"stop_signal": "TERM"}, {"uid": 1.5}, {"hooks": {"nope": "x"}}, {"hooks": 5}, {"rlimit_nofile": 100}, {"rlimit_x": 1},
        {"rlimit_nofile": "z"}, {"stdout_stream": {"class": "FileStream"}}, {"close_child_stdout": True}, {},
    ]:
        _try(d, "set", name="alpha", options=options, waiting=True)
    _try(d, "set", name="alpha", options=[])
    _try(d, "set", name="alpha")
    _try(d, "set", options={})
    _try(d, "set", name="x", options={"numprocesses": 1})
    show(d, "options", d.ask("options", name="alpha"))
    d.living("alpha", 1)


def signals_and_kills(d):
    _ready(d)
    foreign = 1
    alpha = d.pids_of("alpha")
    for command, properties in [
        ("signal", {"name": "alpha", "signum": 0}), ("signal", {"name": "alpha", "signum": "bogus"}), ("signal", {"name": "alpha"}),
        ("signal", {"signum": 1}), ("signal", {"name": "x", "signum": 1}), ("signal", {"name": "alpha", "signum": "cont"}),
        ("signal", {"name": "alpha", "signum": "SIGCONT", "pid": foreign}),
        ("signal", {"name": "alpha", "signum": "CONT", "childpid": 5}),
        ("signal", {"name": "alpha", "signum": "cont", "children": True}),
        ("signal", {"name": "alpha", "signum": "cont", "recursive": True}),
        ("kill", {}), ("kill", {"name": "x"}), ("kill", {"name": "x", "waiting": True}),
        ("kill", {"name": "alpha", "signum": "bogus"}), ("kill", {"name": "alpha", "pid": "z"}),
        ("kill", {"name": "alpha", "pid": foreign, "waiting": True}),
        ("kill", {"name": "alpha", "pid": alpha[0], "signum": "int", "graceful_timeout": 2, "waiting": True}),
    ]:
        shown = {key: ("PID" if key == "pid" and value == alpha[0] else value) for key, value in properties.items()}
        show(d, "%s %r" % (command, shown), d.ask(command, **properties))
    now = d.living("alpha", 2)
    say("the other stays", alpha[1] in now, "and the killed one is another", alpha[0] not in now)


def what_is_no_message(d):
    _ready(d)
    for message in [b"{", b"", b"\xff\xfe", b"nonsense", b'{"command": "list", "id": {"a": [1]}}',
                    b'  {"command": "numwatchers", "id": 7}  ', b'{"command": "numwatchers"}',
                    b'{"command": "numwatchers", "properties": []}', b'{"command": "nope", "id": null}']:
        if message == b"":
            continue
        show(d, repr(message), d.raw(message))
    d.send({"command": "list", "msg_type": "cast"})
    d.send({"command": "nope", "msg_type": "cast"})
    d.send({"command": "numwatchers", "id": "after the casts"})
    show(d, "casts are not answered", d.dealer.recv_json())
    d.dealer.send_multipart([b"two", b"frames"])
    d.send({"command": "numwatchers", "id": "after two frames"})
    show(d, "two frames are not answered", d.dealer.recv_json())


def one_change_at_a_time(d):
    _ready(d, "[watcher:stubborn]\ncmd = sh -c 'trap \"\" TERM; while :; do sleep 0.1; done'\ngraceful_timeout = 2\n"
              "[watcher:other]\ncmd = sleep 1000\n")
    d.living("stubborn", 1)
    wait_until(lambda: "trap" in open("/proc/%d/cmdline" % d.pids_of("stubborn")[0]).read(), "the shell")
    show(d, "stop", d.ask("stop", name="stubborn"))
    show(d, "status", d.ask("status", name="stubborn"))
    for command, properties in [("start", {"name": "other"}), ("incr", {"name": "other"}), ("rm", {"name": "other"}),
                                ("add", {"name": "new", "cmd": "sleep 1"}), ("set", {"name": "other", "options": {"max_age": 0}}),
                                ("reload", {}), ("reloadconfig", {}), ("quit", {}), ("restart", {"name": "other"}),
                                ("stop", {"name": "other"}), ("list", {}), ("numprocesses", {"name": "other"})]:
        show(d, command, d.ask(command, _conflicts="shown", **properties))
    wait_until(lambda: d.ask("status", name="stubborn")["status"] == "stopped", "the stop")


def quitting(d):
    _ready(d)
    show(d, "quit", d.ask("quit", waiting=True))
    say("status", d.process.wait(30))
