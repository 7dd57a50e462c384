"""Answers one question a line: what does the real Supervisor make of this configuration?

A question with `words` asks how Python splits a command; the answer is the list, or `{"refused": text}`. Any other
question is a JSON object with `arguments` (of supervisord), `directory` (to be in) and `environment` (to have). The answer is
one JSON line: `{"accepted": …}` with all settings, `{"refused": text}` with the text behind `Error: `, or `{"crashed": text}`.
"""
import io
import json
import os
import shlex
import sys
import warnings

from supervisor import options as supervisor_options
from supervisor.datatypes import Automatic, RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.events import getEventNameByType

warnings.simplefilter("ignore")
LIMIT = 2**63


class Exit(Exception):
    pass


def leave(code=0):
    raise Exit(code)


def number(value):
    return max(-LIMIT, min(LIMIT - 1, value)) if isinstance(value, int) and not isinstance(value, bool) else value


def process(config):
    names = """name command directory umask priority autostart startsecs startretries uid stopsignal stopwaitsecs stopasgroup
        killasgroup exitcodes redirect_stderr environment serverurl stdout_capture_maxbytes stdout_events_enabled stdout_syslog
        stdout_logfile_backups stdout_logfile_maxbytes stderr_capture_maxbytes stderr_events_enabled stderr_syslog
        stderr_logfile_backups stderr_logfile_maxbytes""".split()
    out = {name: number(getattr(config, name)) for name in names}
    out["stopsignal"] = int(config.stopsignal)
    restart = {RestartUnconditionally: "always", RestartWhenExitUnexpected: "unexpected", False: "never"}
    out["autorestart"] = restart[config.autorestart]
    for key in ("stdout_logfile", "stderr_logfile"):
        value = getattr(config, key)
        out[key] = {"auto": True} if value is Automatic else value
    return out


def group(config):
    out = {"name": config.name, "priority": number(config.priority), "processes": [process(p) for p in config.process_configs]}
    if hasattr(config, "pool_events"):
        out["buffer_size"] = number(config.buffer_size)
        out["events"] = sorted(getEventNameByType(event) for event in config.pool_events)
    if hasattr(config, "socket_config"):
        socket = config.socket_config
        out["socket"] = {"url": socket.url, "backlog": socket.backlog}
        if hasattr(socket, "mode"):
            out["socket"]["mode"] = number(socket.mode)
            out["socket"]["owner"] = socket.owner
    return out


def server(config):
    names = [name for name in ("name", "section", "username", "password", "host", "port", "file", "chown", "chmod") if name in config]
    return {name: number(config[name]) for name in names}


def settings(options):
    names = """minfds minprocs directory umask logfile logfile_maxbytes logfile_backups loglevel pidfile identifier childlogdir
        uid gid serverurl""".split()
    out = {name: number(getattr(options, name)) for name in names}
    for name in "nodaemon silent nocleanup strip_ansi".split():
        out[name] = bool(getattr(options, name))
    out["environment"] = options.configroot.supervisord.environment
    out["groups"] = [group(config) for config in options.process_group_configs]
    out["servers"] = [server(config) for config in options.server_configs]
    out["rpc"] = [[name, extras] for name, _, extras in options.rpcinterface_factories]
    out["warnings"] = options.parse_warnings
    out["infos"] = options.parse_infos
    return out


def answer(question):
    os.environ.clear()
    os.environ.update(dict(question["environment"]))
    os.chdir(question["directory"])
    sys.argv[0] = "/usr/bin/supervisord"
    options = None
    stderr = io.StringIO()
    try:
        options = supervisor_options.ServerOptions()
        options.stderr, options.exit = stderr, leave
        options.realize(question["arguments"], doc="", progname="supervisord")
        return {"accepted": settings(options)}
    except Exit:
        text = stderr.getvalue()
        return {"refused": text.removeprefix("Error: ").removesuffix("\nFor help, use supervisord -h\n")}
    except Exception as error:
        return {"crashed": "%s: %s" % (type(error).__name__, error)}
    finally:
        if options is not None:
            options.poller.close()


def words(text):
    try:
        return shlex.split(text)
    except ValueError as error:
        return {"refused": str(error)}


for line in sys.stdin:
    question = json.loads(line)
    print(json.dumps(words(question["words"]) if "words" in question else answer(question)), flush=True)
