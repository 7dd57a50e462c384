"""A daemon that keeps the lock which it inherits, and whose end takes until somebody opens the pipe called "go"."""

import json
import os
import sys

import zmq

home = sys.argv[1]
control = zmq.Context.instance().socket(zmq.ROUTER)
control.bind("ipc://%s/control" % home)
if not os.path.exists("%s/go" % home):
    os.mkfifo("%s/go" % home)
with open("%s/daemon.pid" % home, "w") as file:
    file.write("%d\n" % os.getpid())
command = None
while command != "quit":
    peer, message = control.recv_multipart()
    message = json.loads(message)
    command = message["command"]
    control.send_multipart([peer, json.dumps({"status": "ok", "id": message["id"]}).encode()])
open("%s/go" % home).close()
