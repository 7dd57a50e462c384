#!/usr/bin/env python3
"""A detector for minder in plain Python: it says where a recording is loud.

A real one loads a model where this one computes a root of a mean of squares. What is said to it and by it is in
docs/reference/detectors.md; run by hand it looks like this:

    $ echo '{"detect": 1, "path": "night.wav", "samplerate": 48000}' | ./detector.py
    {"detector": "loudness", "protocol": 1}
    {"detect": 1, "detections": [{"start": 0.5, "end": 0.75, "low": 0, "high": 24000.0, "score": 0.9, "tags": ...}]}
"""

import array
import json
import sys
import wave

PIECE_SECONDS = 0.25

# Libraries like to print; what they print must not end up among the answers.
answers, sys.stdout = sys.stdout, sys.stderr


def say(line):
    print(json.dumps(line), file=answers, flush=True)


def loudness(samples):
    """The effective value of samples, as a part of full scale."""
    return (sum(sample * sample for sample in samples) / len(samples)) ** 0.5 / 32768


def detect(question):
    with wave.open(question["path"], "rb") as file:
        channels = file.getnchannels()
        samples = array.array("h", file.readframes(file.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    # The file's own rate is lower than that of life if the microphone expands time, so it is not looked at.
    rate = question["samplerate"]
    size = max(1, int(rate * PIECE_SECONDS)) * channels
    pieces = [samples[at : at + size] for at in range(0, len(samples), size)]
    levels = [loudness(piece) for piece in pieces]
    quiet = sorted(levels)[len(levels) // 4] if levels else 0
    for number, level in enumerate(levels):
        if level > 1.5 * quiet:
            score = round(1 - quiet / level, 3)
            yield {
                "start": number * PIECE_SECONDS,
                "end": (number + 1) * PIECE_SECONDS,
                "low": 0,
                "high": rate / 2,
                "score": score,
                "tags": [{"key": "sound", "value": "loud", "score": score}],
            }


def main():
    say({"detector": "loudness", "protocol": 1})
    # The end of the input is how it is asked to end.
    for line in sys.stdin:
        question = json.loads(line)
        try:
            say({"detect": question["detect"], "detections": list(detect(question))})
        except Exception as error:
            say({"detect": question["detect"], "error": f"{type(error).__name__}: {error}"})


main()
