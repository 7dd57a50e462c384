"""The stream classes of the real Circus, driven over standard input, one case after the other.

A line is words with tabs in between: `new CLASS KEY=VALUE...` makes a stream, `write MICROSECONDS HEX` gives it bytes as
the original's reader would (1024 at a time) at this time, `move FROM TO` and `remove PATH` do that, `end` closes the
stream and is answered by a line: `ok`, `overwrote` if an old file was replaced by another one, or what the stream raised.
"""

import os
import sys
import time
from datetime import datetime

import circus.stream
from circus.stream import file_stream

PID = 4711
now_micros = 0


class Clock:
    """The module `time`, but for what time it is."""

    @staticmethod
    def time():
        return now_micros / 1e6

    def __getattr__(self, name):
        return getattr(time, name)


def now():
    return datetime.fromtimestamp(now_micros // 1000000).replace(microsecond=now_micros % 1000000)


class Overwriting:
    """The module `os`, which notices that a file takes the name of one that was just removed."""

    def __init__(self):
        self.removed = set()
        self.overwrote = False

    def remove(self, path):
        self.removed.add(path)
        os.remove(path)

    def rename(self, old, new):
        # Numbered files are meant to be replaced; dates are not.
        self.overwrote |= new in self.removed and len(new.rsplit(".", 1)[1]) >= 8
        self.removed.clear()
        os.rename(old, new)

    def __getattr__(self, name):
        return getattr(os, name)


def new(class_name, *settings):
    settings = dict(setting.split("=", 1) for setting in settings)
    out = settings.pop("out", None)
    stream = getattr(circus.stream, class_name)(**settings)
    stream.now = now
    if out is not None:
        stream.out = open(out, "a")
    return stream


def main():
    global now_micros
    file_stream.time_ = Clock()
    stream, answer = None, "ok"
    for line in sys.stdin:
        verb, *words = line.rstrip("\n").split("\t")
        try:
            if verb == "new":
                file_stream.os = Overwriting()
                stream = new(*words)
            elif verb == "write":
                now_micros = int(words[0])
                data = bytes.fromhex(words[1])
                for at in range(0, len(data), 1024):
                    stream({"data": data[at : at + 1024], "pid": PID, "name": "stdout"})
            elif verb == "move":
                os.rename(*words)
            elif verb == "remove":
                os.remove(*words)
            else:
                stream.close()
                if answer == "ok" and file_stream.os.overwrote:
                    answer = "overwrote"
                print(answer, flush=True)
                stream, answer = None, "ok"
        except Exception as error:
            answer = repr(error)


main()
