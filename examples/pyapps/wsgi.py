"""The web application. `/add?a=2&b=40` has the sum worked out by the celery worker; everything else says who answers."""

import json
import os
from urllib.parse import parse_qs

from pyapp import add


def application(environ, start_response):
    if environ["PATH_INFO"] == "/add":
        query = parse_qs(environ["QUERY_STRING"])
        result = add.delay(int(query["a"][0]), int(query["b"][0]))
        answer = {"task": result.id, "result": result.get(timeout=20)}
    else:
        answer = {"gunicorn_worker": os.getpid(), "settings": os.environ["DJANGO_SETTINGS_MODULE"]}
    body = (json.dumps(answer) + "\n").encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
