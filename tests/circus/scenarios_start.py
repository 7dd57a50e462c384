"""How a daemon begins or does not: what is taken, what is wrong in its file, its sockets."""

import os
import re
import socket

from stage import say, show, wait_until


def endpoints_that_are_taken(d):
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    port = holder.getsockname()[1]
    for key in ("endpoint", "pubsub_endpoint"):
        usual = {"endpoint": d.endpoint("c"), "pubsub_endpoint": d.endpoint("e")}
        usual[key] = "tcp://127.0.0.1:%d" % port
        d.write("taken.ini", "[circus]\nmulticast_endpoint =\n%s\n[watcher:a]\ncmd = sleep 1000\n"
                % "\n".join("%s = %s" % pair for pair in usual.items()))
        status, out, err = d.run(d.path("taken.ini"))
        # The original counts it as a success.
        say(key, repr(out), "[ERROR] exception Address already in use (addr='tcp://127.0.0.1:%d') caught" % port in err)
    holder.close()


def pidfiles(d):
    d.configure("[watcher:a]\ncmd = sleep 1000\n")
    d.write("pid", "1\n")
    status, out, err = d.run("--pidfile", d.path("pid"), d.path("circus.ini"))
    say(status, re.sub(r"\d+$", "PID", d.normal_text(out).strip()), open(d.path("pid")).read())
    status, out, err = d.run("--pidfile", d.path("no/such/pid"), d.path("circus.ini"))
    say(status, d.normal_text(out))
    for old in ("99999999\n", "nonsense\n", ""):
        d.write("old", old)
        d.start("--pidfile", d.path("old"), d.path("circus.ini")).ready()
        say(repr(old), open(d.path("old")).read() == "%d\n" % d.process.pid)
        d.stop()
        say(os.path.exists(d.path("old")))
        for name in ("err", "out"):
            os.unlink(d.path(name))
    d.start("--pidfile", d.path("mine"), d.path("circus.ini")).ready()
    d.write("mine", "1\n")
    d.stop()
    say("another's is left", open(d.path("mine")).read())


def sockets_of_the_daemon(d):
    d.configure(
        "[socket:Web]\nport = 0\nhost = 127.0.0.1\n[socket:ux]\npath = {dir}/ux\numask = 0\n[socket:dgram]\ntype = SOCK_DGRAM\nport = 0\n"
        "host = 127.0.0.1\nbacklog = 5\n"
        "[watcher:server]\ncopy_env = True\nuse_sockets = True\ncmd = python3 -c \"import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); "
        "s.setblocking(True); open('{dir}/name', 'w').write('up'); c = s.accept()[0]; c.sendall(b'served'); c.close()\" $(circus.sockets.web)\n"
        "[watcher:stdin]\ncopy_env = True\nstdin_socket = ux\ncmd = python3 -c \"import socket; s = socket.socket(fileno=0); "
        "open('{dir}/stdin', 'w').write(s.getsockname()); import time; time.sleep(1000)\"\n"
        "[watcher:without]\ncopy_env = True\ncmd = python3 -c \"import os; open('{dir}/fds', 'w').write(repr([n for n in os.listdir('/proc/self/fd') "
        "if os.path.exists('/proc/self/fd/' + n) and 'socket' in os.readlink('/proc/self/fd/' + n)])); import time; time.sleep(1000)\"\n"
        .replace("{dir}", d.directory))
    d.start().ready()
    sockets = d.ask("listsockets")["sockets"]
    ports = {each["name"]: each.get("port") for each in sockets}
    for each in sorted(sockets, key=lambda each: each["name"]):
        say(d.normal(each["name"]), list(each), each["backlog"], each.get("host"), isinstance(each["fd"], int), d.normal(each.get("path")))
    say([each["fd"] for each in sockets] == sorted(each["fd"] for each in sockets))
    wait_until(lambda: os.path.exists(d.path("name")), "the server")
    with socket.create_connection(("127.0.0.1", ports["web"]), timeout=10) as client:
        say(client.recv(100))
    for name in ("stdin", "fds"):
        wait_until(lambda: os.path.exists(d.path(name)) and open(d.path(name)).read(), name)
        say(name, d.normal_text(open(d.path(name)).read()))
    say(oct(os.stat(d.path("ux")).st_mode & 0o777))
    show(d, "quit", d.ask("quit", waiting=True))
    d.process.wait(30)
    say(os.path.exists(d.path("ux")))


def sockets_that_cannot_be_had(d):
    d.write("there", "")
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    holder.listen()
    for keys, why in (("path = %s" % d.path("there"), "already exists. You might want to remove it"),
                      ("path = %s/no/such/dir/x" % d.directory, "[Errno 2] No such file or directory"),
                      ("port = %d\nhost = 127.0.0.1" % holder.getsockname()[1], "[Errno 98] Address already in use"),
                      ("host = 192.0.2.1", "[Errno 99] Cannot assign requested address")):
        d.configure("[socket:s]\n%s\n[watcher:a]\ncmd = sleep 1000\n" % keys)
        # The original counts it as a success.
        status, out, err = d.run(d.path("circus.ini"))
        say(repr(out), why in err)
    holder.close()
    d.configure("[socket:s]\npath = %s\nreplace = True\n" % d.path("there"))
    d.start().ready()
    say("replaced", [d.normal(each["path"]) for each in d.ask("listsockets")["sockets"]])


def on_demand(d):
    d.configure("[socket:web]\nport = 0\nhost = 127.0.0.1\n[watcher:lazy]\non_demand = True\nuse_sockets = True\ncopy_env = True\n"
                "cmd = python3 -c \"import socket, sys; s = socket.socket(fileno=int(sys.argv[1])); s.setblocking(True); c = s.accept()[0]; "
                "c.sendall(b'served'); c.close()\" $(circus.sockets.web)\n")
    d.start().ready()
    show(d, "status", d.ask("status"))
    port = d.ask("listsockets")["sockets"][0]["port"]
    for _ in range(2):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            say(client.recv(100))
        wait_until(lambda: d.ask("status", name="lazy")["status"] == "stopped" or None, "the end")


def watchers_that_are_refused(d):
    d.configure("[watcher:a]\ncmd = sleep 1000\nvirtualenv = /no/such/env\n[watcher:b]\ncmd = sleep 1000\ncopy_path = True\n"
                "[watcher:c]\ncmd = sleep 1000\nmax_age = old\n[watcher:d]\ncmd = sleep 1000\n"
                "[watcher:f]\ncmd = sleep 1000\nstdout_stream.max_bytes = 1\n[watcher:g]\ncmd = sleep 1000\nhooks.bogus = x.y\n")
    d.start().ready()
    d.living("d", 1)
    show(d, "status", d.ask("status"))
    say(sum("Failed to create watcher" in line for line in d.log().splitlines()))
    d.stop()
    d.write("bad.ini", "[circus]\n[plugin:p]\nx = y\n")
    status, out, err = d.run(d.path("bad.ini"))
    say("a plugin of no class", status, out, err)
