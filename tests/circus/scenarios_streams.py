"""The classes of streams: what is written where, and what a changed option does to one that is open."""

import os
import re

from stage import say, show, wait_until


def _text(d, name, part):
    """A file's text, once it has this part."""
    def found():
        try:
            with open(d.path(name)) as file:
                text = file.read()
        except FileNotFoundError:
            return None
        return text if part in text else None
    return wait_until(found, "%r in %s" % (part, name))


def _plain(text):
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "TIME", text)
    return re.sub(r"\[\d+\]", "[PID]", text)


def streams_to_the_terminal(d):
    d.configure(
        "[watcher:fancy]\ncmd = sh -c 'printf \"one\\ntwo\\n\\nthree\"; sleep 1000'\nstdout_stream.class = FancyStdoutStream\n"
        "stdout_stream.color = green\n[watcher:dotted]\ncmd = sh -c 'echo dotted; sleep 1000'\n"
        "stdout_stream.class = circus.stream.FancyStdoutStream\nstdout_stream.color = red\nstdout_stream.time_format = AT %H\n"
        "[watcher:raw]\ncmd = sh -c 'printf raw-no-newline; sleep 1000'\nstdout_stream.class = circus.stream.StdoutStream\n"
        "[watcher:queue]\ncmd = sh -c 'echo unseen; sleep 1000'\nstdout_stream.class = QueueStream\n")
    d.start().ready()
    for part in ("three", "dotted", "raw-no-newline"):
        text = _text(d, "out", part)
    text = _plain(re.sub(r"AT \d\d", "AT HH", text)).replace("raw-no-newline", "")
    say(sorted(text.split("\n")), "unseen" in text)
    show(d, "conf", d.ask("get", name="fancy", keys=["stdout_stream_conf"]))
    show(d, "conf", d.ask("get", name="queue", keys=["stdout_stream_conf"]))


def streams_that_are_watched(d):
    d.configure("[watcher:w]\ncmd = sh -c 'n=0; while :; do n=$((n+1)); echo line $n; sleep 0.05; done'\n"
                "stdout_stream.class = WatchedFileStream\nstdout_stream.filename = {dir}/w.out\nstdout_stream.time_format = %Y-%m-%d %H:%M:%S\n"
                .replace("{dir}", d.directory))
    d.start().ready()
    say(_plain(_text(d, "w.out", "line 1\n")).splitlines()[0])
    os.rename(d.path("w.out"), d.path("moved.out"))
    wait_until(lambda: os.path.exists(d.path("w.out")) and open(d.path("w.out")).read(), "the new file")
    os.unlink(d.path("w.out"))
    wait_until(lambda: os.path.exists(d.path("w.out")), "another new file")
    d.ask("stop", name="w", waiting=True)
    say(open(d.path("moved.out")).read().count("line 1\n"))


def streams_that_turn_with_time(d):
    d.configure("[watcher:t]\ncmd = sh -c 'n=0; while :; do n=$((n+1)); echo line $n; sleep 0.1; done'\n"
                "stdout_stream.class = TimedRotatingFileStream\nstdout_stream.filename = {dir}/t.out\nstdout_stream.rotate_when = S\n"
                "stdout_stream.rotate_interval = 1\nstdout_stream.backup_count = 2\n"
                "[watcher:lower]\ncmd = sleep 1000\nstdout_stream.class = TimedRotatingFileStream\nstdout_stream.filename = {dir}/l.out\n"
                "stdout_stream.rotate_when = midnight\n"
                "[watcher:none]\ncmd = sleep 1000\nstdout_stream.class = TimedRotatingFileStream\nstdout_stream.filename = {dir}/n.out\n"
                .replace("{dir}", d.directory))
    d.start().ready()

    def turned():
        return [name for name in os.listdir(d.directory) if re.fullmatch(r"t\.out\.\d{14}", name)]
    seen = set()

    def four():
        seen.update(turned())
        return len(seen) >= 4
    wait_until(four, "four turns")
    d.ask("stop", name="t", waiting=True)
    say(len(turned()))
    show(d, "status", d.ask("status"))


def streams_changed_while_they_are_open(d):
    d.configure("[watcher:s]\ncmd = sh -c 'while :; do echo tick; sleep 0.05; done'\n"
                "stdout_stream.class = FileStream\nstdout_stream.filename = {dir}/a.out\n".replace("{dir}", d.directory))
    d.start().ready()
    _text(d, "a.out", "tick")
    pid = d.living("s", 1)[0]
    show(d, "set", d.ask("set", name="s", options={"stdout_stream.filename": d.path("b.out")}, waiting=True))
    _text(d, "b.out", "tick")
    say("the process is the same", d.pids_of("s") == [pid])
    show(d, "set", d.ask("set", name="s", options={"stdout_stream.time_format": "STAMP"}, waiting=True))
    say(_plain(_text(d, "b.out", "STAMP")).splitlines()[-1])
    show(d, "conf", d.ask("get", name="s", keys=["stdout_stream_conf", "stderr_stream_conf"]))
    for options in [{"stdout_stream.class": "NoSuchStream"}, {"stdout_stream.bogus": 1}, {"stdout_stream.filename": "/no/such/dir/x"},
                    {"stderr_stream.filename": d.path("err.out")}, {"stdout_stream": {"class": "FileStream", "filename": d.path("c.out")}}]:
        show(d, repr(options).replace(d.directory, "{dir}"), d.ask("set", name="s", options=options, waiting=True))
    show(d, "status", d.ask("status", name="s"))


def streams_of_watchers_that_are_added(d):
    d.configure("")
    d.start().ready()
    show(d, "add", d.ask("add", name="f", cmd="sh -c 'echo hello; sleep 1000'", start=True, waiting=True, options={
        "copy_env": True, "stdout_stream": {"class": "FileStream", "filename": d.path("f.out"), "max_bytes": 2097152, "backup_count": 2},
        "stderr_stream": {"class": "FileStream", "filename": d.path("f.err"), "max_bytes": 2097152, "backup_count": 2}}))
    say(_text(d, "f.out", "hello"))
    options = d.ask("options", name="f")["options"]
    options.pop("env")
    show(d, "options", options)
    for stream in [{"class": "FileStream"}, {"class": "FileStream", "filename": "/no/such/dir/x"}, {"class": "Nope"}, {"class": "no.such.Class"},
                   {"class": "FileStream", "filename": d.path("g.out"), "max_bytes": "x"}, {"class": "FileStream", "bogus": 1},
                   {"class": "FancyStdoutStream", "color": "mauve"}, {"class": 5}]:
        show(d, d.normal_text("add %r" % sorted(stream.items())), {key: value for key, value in d.ask(
            "add", name="g", cmd="sleep 1000", start=True, waiting=True, options={"stdout_stream": stream}).items()
            if key in ("status", "errno")})
        show(d, "status", {key: value for key, value in d.ask("status", name="g").items() if key != "time"})
        d.ask("rm", name="g", waiting=True)
