"""Where the broker is. A socket or a host, as the environment says."""

import os

BROKER_URL = os.environ.get("BROKER_URL", "redis://127.0.0.1:6379/0")
RESULT_BACKEND = os.environ.get("RESULT_BACKEND", BROKER_URL)
