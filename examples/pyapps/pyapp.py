"""The celery application, with one task."""

import importlib
import os

from celery import Celery

settings = importlib.import_module(os.environ["DJANGO_SETTINGS_MODULE"])

app = Celery("pyapp", broker=settings.BROKER_URL, backend=settings.RESULT_BACKEND)
app.conf.broker_connection_retry_on_startup = True


@app.task
def add(a, b):
    return a + b
