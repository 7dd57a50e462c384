#!/usr/bin/env python3
"""Takes arecord's command line, and delivers frames that count: each sample is the number of its frame, modulo 32,768.

The device says what happens: `counting`, or several of these with commas between.

    pid=FILE      its process id is written to FILE
    while=FILE    there is no such device unless FILE is there
    dies=N        the device goes after N frames
    stalls=N      nothing comes after N frames
    rate=HZ       it has no other rate, and says so
    channels=N    it has no other number of channels
    loses=N       the sound card loses samples after N frames, and says so
    pace=X        it delivers X times as fast as it should
"""

import os
import struct
import sys
import time

LISTING = """**** List of CAPTURE Hardware Devices ****
card 1: r0 [UltraMic 384K 16 bit r0], device 0: USB Audio [USB Audio]
  Subdevices: 1/1
  Subdevice #0: subdevice #0
"""
CARD = "plughw:CARD=r0,DEV=0"
PERIOD = 0.01


def fail(text):
    sys.exit("arecord: main:830: " + text)


def gone(path):
    return path is not None and not os.path.exists(path)


def main(arguments):
    if "-l" in arguments:
        print(LISTING)
        return
    if "-L" in arguments:
        print("null\n    Discard all samples\ndefault\n    Default Audio Device")
        return
    if "--dump-hw-params" in arguments:
        print("CHANNELS: [1 2]\nRATE: [44100 384000]", file=sys.stderr)
        return
    said = dict(zip(arguments, arguments[1:]))
    if said.get("-f") != "S16_LE" or said.get("-t") != "raw":
        fail("wrong extended format")
    words = said["-D"].split(",") if said["-D"] != CARD else ["counting"]
    traits = dict(word.partition("=")[::2] for word in words)
    rate, channels = int(said["-r"]), int(said["-c"])
    if "pid" in traits:
        with open(traits["pid"], "w") as file:
            file.write(str(os.getpid()))
    if not traits.keys() & {"counting", "while", "dies", "stalls", "loses", "rate", "channels", "pace"}:
        fail("audio open error: No such file or directory")
    if gone(traits.get("while")):
        fail("audio open error: No such device")
    if int(traits.get("channels", channels)) != channels:
        fail("set_params:1358: Channels count non available")
    got = int(traits.get("rate", rate))
    if got != rate:
        print(f"Warning: rate is not accurate (requested = {rate}Hz, got = {got}Hz)", file=sys.stderr)
    print(f"Its setup is:\n  channels     : {channels}\n  rate         : {got}", file=sys.stderr)
    deliver(traits, rate, channels)


def deliver(traits, rate, channels):
    pace = float(traits.get("pace", 1))
    began, frame, output = time.monotonic(), 0, sys.stdout.buffer
    while True:
        count = max(1, int(rate * PERIOD))
        if "dies" in traits and frame >= int(traits["dies"]) or gone(traits.get("while")):
            fail("pcm_read:2221: read error: No such device")
        if "stalls" in traits and frame >= int(traits["stalls"]):
            time.sleep(3600)
        if "loses" in traits and frame - count < int(traits["loses"]) <= frame:
            print("overrun!!! (at least 12.345 ms long)", file=sys.stderr)
        samples = [number & 0x7FFF for number in range(frame, frame + count) for _ in range(channels)]
        output.write(struct.pack(f"<{len(samples)}h", *samples))
        output.flush()
        frame += count
        time.sleep(max(0.0, began + frame / rate / pace - time.monotonic()))


try:
    main(sys.argv[1:])
except BrokenPipeError:
    os._exit(1)
