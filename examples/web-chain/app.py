"""A page that says which worker made it, and the how many-th of that worker it is."""

import itertools
import os
import time

COUNTER = itertools.count(1)
# What a database would take, in seconds.
THINKING = 0.01


def application(environ, start_response):
    time.sleep(THINKING)
    page = ("worker %d, page %d\n" % (os.getpid(), next(COUNTER))).encode()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(page)))])
    return [page]
