"""circusctl: its command lines, their output and their status. Played with both clients on both daemons."""

import re
import subprocess

from stage import say, wait_until

FILE = ("[watcher:alpha]\ncmd = sleep 1000\nnumprocesses = 2\n[watcher:Beta]\ncmd = sleep 1000\n[env:alpha]\nB = 2\nA = 1\n"
        "[watcher:solo]\ncmd = sleep 1000\nsingleton = True\n")

LINES = """
status
status alpha
status nope
list
list alpha
list nope
list a b
numwatchers
numprocesses
numprocesses alpha
numprocesses a b
options alpha
options
options nope
get alpha numprocesses env cmd
get alpha bogus
get alpha
globaloptions check_delay
globaloptions zz
listsockets
stats
stats alpha
stats alpha 1
dstats x
incr alpha
incr alpha 2 --waiting
decr alpha 3 --waiting
incr solo
incr
decr
--json numwatchers
--json --prettify numwatchers
--json list nope
set alpha max_retry 3
set alpha bogus 3
set alpha max_retry
set
add g sleep 1000
add --start h sleep 1000
add g
start g --waiting
stop g --waiting
restart alpha --waiting
reload alpha --waiting
reload alpha --terminate --waiting
reload a b
rm g --waiting
rm
rm nope
signal alpha cont
signal alpha
kill solo
kill
stop nope
start a* --waiting
start x --match bogus
ipython
reloadconfig --waiting
--version
--bogus
status --bogus
nocommand
--timeout x status
--tim 3 numw
--timeout=3 numwatchers
set alpha send_hup true
get alpha send_hup
set alpha stop_signal 2
get alpha stop_signal
set alpha max_age x
set alpha graceful_timeout 3.5
get alpha graceful_timeout
add h sleep 1
reload alpha --sequential --waiting
signal alpha nonsense
signal alpha 1 cont
rm h --nostop
list
stop ^so --match regex --waiting
status
start solo --match simple --waiting
stop --waiting
status
start --waiting
status
reload --waiting
quit --waiting
""".strip().splitlines()


def _normal(d, text):
    text = re.sub(r"[0-9a-f]{32}", "ID", d.normal_text(text))
    text = re.sub(r"__name__: .*\n|,__name__=[^\n]*", "", text)
    text = re.sub(r"\d+\.\d+[KMG]?", "N", text)
    return re.sub(r"\d{3,}", "NUMBER", text)


def _run(d, words, typed=""):
    done = subprocess.run([d.circusctl, "--endpoint", d.endpoint("control"), *words], input=typed.encode(), capture_output=True,
                          timeout=60, env={"PATH": "/usr/bin:/bin"})
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def command_lines_of_circusctl(d):
    d.configure(FILE)
    d.start().ready()
    d.living("alpha", 2)
    for line in LINES:
        def outcome():
            status, out, err = _run(d, line.split())
            # Whoever comes while something else is under way is sent away; that is by chance.
            return None if "already running" in err else (status, out, err)
        status, out, err = wait_until(outcome, line)
        # Where Python shows a traceback, only its last line is meant.
        last = (err.strip().splitlines() or [""])[-1]
        say("$", line, "->", status)
        say(_normal(d, out), end="")
        say(_normal(d, last))


def the_shell_of_circusctl(d):
    d.configure(FILE)
    d.start().ready()
    d.living("alpha", 2)
    status, out, err = _run(d, [], "list\nstatus alpha\n\nnumprocesses nope\nbogus line\nincr solo\nhelp\n?\nEOF\n")
    say(status)
    say(_normal(d, out))
    say(_normal(d, err))
    status, out, err = _run(d, ["--json"], "numwatchers\n")
    say(status, _normal(d, out), err)


def nobody_answers_circusctl(d):
    status, out, err = _run(d, ["--timeout", "1", "status"])
    say(status, repr(out), err.splitlines()[:2])
