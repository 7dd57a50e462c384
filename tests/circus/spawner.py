"""The stand-in for Fermentrack's process spawner: for each active device of a list there is to be a watcher `dev-NAME`, and no
other. It speaks through the original's own client and sends the messages that the original sends.

    python spawner.py ENDPOINT DEVICES COMMAND LOGS

does it for ever, as the watcher brewpi-spawner. DEVICES is a file with a name a line, for which Fermentrack has a database.
"""

import json
import os
import sys
import time

from circus.client import CircusClient
from circus.exc import CallError

# Fermentrack's own numbers.
MAX_BYTES = 2097152
BACKUPS = 5
# It gives up after 2 seconds, and asks again 15 seconds later. A loaded machine may take longer than both.
TIMEOUT = 30.0
# Fermentrack looks every 15 seconds; who tests it does not want to wait so long.
INTERVAL = 0.2


def watcher_of(device):
    """Circus finds watchers by their names in lower case, so devices are lowered before they get there."""
    return "dev-" + device.lower()


def stream(logs, watcher, which):
    return {"class": "FileStream", "filename": os.path.join(logs, "%s-%s.log" % (watcher, which)), "max_bytes": MAX_BYTES,
            "backup_count": BACKUPS}


def ask(client, command, **properties):
    return client.call({"command": command, "properties": properties})


class Spawner:
    def __init__(self, endpoint, command, logs, env=None):
        self.client = CircusClient(timeout=TIMEOUT, endpoint=endpoint)
        self.command = command
        self.logs = logs
        self.env = env

    def running(self):
        watchers = ask(self.client, "list")["watchers"]
        return [name for name in watchers if name.startswith("dev-")]

    def add(self, device):
        name = watcher_of(device)
        options = {"copy_env": True, "stdout_stream": stream(self.logs, name, "stdout"),
                   "stderr_stream": stream(self.logs, name, "stderr")}
        if self.env is not None:
            options["env"] = self.env
        return ask(self.client, "add", cmd='%s --dbcfg "%s"' % (self.command, device), name=name, start=True, options=options)

    def remove(self, watcher):
        return ask(self.client, "rm", name=watcher)

    def look(self, devices):
        """One round. Gives what it did and what was said to it; what was refused is due again in the next one."""
        running, wanted = self.running(), [watcher_of(device) for device in devices]
        said = [("add", watcher_of(device), self.add(device)) for device in devices if watcher_of(device) not in running]
        return said + [("rm", name, self.remove(name)) for name in running if name not in wanted]


def main():
    endpoint, devices, command, logs = sys.argv[1:5]
    spawner = Spawner(endpoint, command, logs)
    while True:
        try:
            with open(devices) as file:
                wanted = file.read().splitlines()
            for action, watcher, reply in spawner.look(wanted):
                print("%s %s: %s" % (action, watcher, json.dumps(reply)), file=sys.stderr, flush=True)
        except (CallError, OSError) as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(INTERVAL)


if __name__ == "__main__":
    main()
