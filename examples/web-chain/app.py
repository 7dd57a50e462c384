"""A page that says which worker made it, and the how many-th of that worker it is."""

import itertools
import os
import socketserver
import time

COUNTER = itertools.count(1)
# One write for the head of an answer and its body: a worker that is killed has sent all of a page or nothing, and of nothing
# nginx asks the other one.
socketserver.StreamRequestHandler.wbufsize = 64 * 1024
# What a database would take, in seconds.
THINKING = 0.01


def application(environ, start_response):
    time.sleep(THINKING)
    page = ("worker %d, page %d\n" % (os.getpid(), next(COUNTER))).encode()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(page)))])
    return [page]
