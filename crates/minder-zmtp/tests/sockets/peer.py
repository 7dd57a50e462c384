"""The other end of a test: libzmq, through pyzmq. Called as `peer.py WHAT ENDPOINT [ARGUMENT…]`.

Clients end with status 0 when all went as it should. Servers print their endpoint first.
"""

import sys

import zmq

PATIENCE_MS = 60_000


def socket(kind):
    made = zmq.Context.instance().socket(kind)
    made.rcvtimeo = made.sndtimeo = PATIENCE_MS
    made.linger = PATIENCE_MS
    made.rcvhwm = made.sndhwm = 0
    return made


def announce(endpoint):
    print(endpoint.decode().rstrip("\0"), flush=True)


def dealer(endpoint, identity, count):
    """Asks `count` questions at once and wants every answer, in order."""
    asking = socket(zmq.DEALER)
    if identity:
        asking.identity = identity.encode()
    asking.connect(endpoint)
    for number in range(int(count)):
        asking.send_multipart([b"ask", b"%d" % number, b""])
    for number in range(int(count)):
        answer = asking.recv_multipart()
        assert answer == [b"answer", b"%d" % number, b""], answer


def req(endpoint, count):
    """Asks one question after the other, each from a socket of its own every tenth time."""
    asking = socket(zmq.REQ)
    asking.connect(endpoint)
    for number in range(int(count)):
        if number % 10 == 9:
            asking.close()
            asking = socket(zmq.REQ)
            asking.connect(endpoint)
        asking.send_multipart([b"ask", b"%d" % number, b"x" * (number * 100)])
        answer = asking.recv_multipart()
        assert answer == [b"answer", b"%d" % number, b"x" * (number * 100)], answer[:2]


def large(endpoint, size):
    """Asks one large question and wants it back."""
    asking = socket(zmq.REQ)
    asking.connect(endpoint)
    asking.send_multipart([b"ask", b"x" * int(size)])
    answer = asking.recv_multipart()
    assert answer == [b"answer", b"x" * int(size)], [len(frame) for frame in answer]


def patient(endpoint, heartbeat_ms):
    """Asks one question, and makes sure all the time that the server is there."""
    asking = socket(zmq.DEALER)
    asking.heartbeat_ivl = int(heartbeat_ms)
    asking.heartbeat_timeout = int(heartbeat_ms) * 4
    asking.heartbeat_ttl = int(heartbeat_ms) * 4
    asking.connect(endpoint)
    asking.send_multipart([b"ask"])
    assert asking.recv_multipart() == [b"answer"]


def insistent(endpoint, count):
    """Asks each of `count` questions until it is answered, over the death of any server."""
    asking = socket(zmq.DEALER)
    asking.linger = 0
    asking.connect(endpoint)
    for number in range(int(count)):
        asking.send_multipart([b"ask", b"%d" % number])
        while not asking.poll(300):
            asking.send_multipart([b"ask", b"%d" % number])
        answer = asking.recv_multipart()
        assert answer == [b"answer", b"%d" % number], answer


def router(endpoint, count):
    """Answers `count` questions."""
    answering = socket(zmq.ROUTER)
    answering.bind(endpoint)
    announce(answering.last_endpoint)
    for _ in range(int(count)):
        name, word, *rest = answering.recv_multipart()
        assert word == b"ask", word
        answering.send_multipart([name, b"answer", *rest])


def sub(endpoint, *topics):
    """Hears about some topics until it is told to end; prints what it heard."""
    hearing = socket(zmq.SUB)
    for topic in topics:
        hearing.subscribe(topic.encode())
    hearing.subscribe(b"end")
    hearing.connect(endpoint)
    while (message := hearing.recv_multipart())[0] != b"end":
        print(b" ".join(message).decode(), flush=True)


def pub(endpoint, topic, count):
    """Waits for a subscription, says `count` things about its topic and as many about another, and `end`."""
    saying = socket(zmq.XPUB)
    saying.bind(endpoint)
    announce(saying.last_endpoint)
    wanted = {saying.recv(), saying.recv()}
    assert wanted == {b"\x01end", b"\x01" + topic.encode()}, wanted
    for number in range(int(count)):
        saying.send_multipart([topic.encode() + b".x", b"%d" % number])
        saying.send_multipart([b"other", b"%d" % number])
    saying.send_multipart([b"end"])
    # An end of the process alone would take what is still queued with it.
    saying.close()
    zmq.Context.instance().term()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
