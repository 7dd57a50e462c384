"""Peers that share no code with what they talk to.

peer.py board pty PATH | board port PORT: the firmware's line protocol.
peer.py script unix PATH: the script's messages.
"""
import json
import os
import re
import select
import socket
import sys
import termios
import time
import tty

TEMPERATURES = re.compile(
    r'T:\{"BeerTemp":(-?\d+\.\d\d|null),"BeerSet":(-?\d+\.\d\d|null),"BeerAnn":(".*?"|null),'
    r'"FridgeTemp":(-?\d+\.\d\d|null),"FridgeSet":(-?\d+\.\d\d|null),"FridgeAnn":(".*?"|null),'
    r'("RoomTemp":-?\d+\.\d\d,)?"State":\d\}'
)
CONSTANTS = (
    "tempFormat tempSetMin tempSetMax pidMax Kp Ki Kd iMaxErr idleRangeH idleRangeL heatTargetH heatTargetL coolTargetH "
    "coolTargetL maxHeatTimeForEst maxCoolTimeForEst fridgeFastFilt fridgeSlowFilt fridgeSlopeFilt beerFastFilt "
    "beerSlowFilt beerSlopeFilt lah hs"
).split()
VARIABLES = "beerDiff diffIntegral beerSlope p i d estPeak negPeakEst posPeakEst negPeak posPeak".split()


def open_board(kind, where):
    if kind == "port":
        stream = socket.create_connection(("127.0.0.1", int(where)))
        return stream.detach()
    fd = os.open(where, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(fd)
    mode = termios.tcgetattr(fd)
    mode[4] = mode[5] = termios.B57600
    termios.tcsetattr(fd, termios.TCSANOW, mode)
    return fd


def board(kind, where):
    fd = open_board(kind, where)
    rest = b""

    def line(letter):
        """The next line that begins so; debug messages and reports come when they like."""
        nonlocal rest
        until = time.monotonic() + 20
        while time.monotonic() < until:
            while b"\r\n" in rest:
                found, rest = rest.split(b"\r\n", 1)
                if found.startswith(letter.encode() + b":"):
                    return found.decode("latin-1")
            if select.select([fd], [], [], 0.5)[0]:
                rest += os.read(fd, 4096)
        raise SystemExit(f"no line {letter}: {rest!r}")

    def ask(command, letter):
        os.write(fd, command.encode())
        return line(letter)

    version = json.loads(ask("n", "N")[2:])
    assert list(version) == ["v", "n", "c", "s", "y", "b", "l"] and version["v"] == "0.2.4", version
    assert version["l"] == "3", version
    assert TEMPERATURES.fullmatch(ask("t", "T"))
    shown = json.loads(ask("l", "L")[2:])
    assert [len(row) for row in shown] == [20] * 4, shown
    assert shown[1][18] == "\xb0", shown
    assert re.fullmatch(
        r'S:\{"mode":"o","beerSet":null,"fridgeSet":null,"heatEst":0\.200,"coolEst":5\.000\}', ask("s", "S")
    )
    # Noise of a telnet client, keys without quotation marks, and both answers.
    settings = ask('\r\n j{mode:"f", fridgeSet:5.0}', "S")
    assert json.loads(settings[2:])["fridgeSet"] == 5.0, settings
    assert list(json.loads(line("C")[2:])) == CONSTANTS
    assert list(json.loads(ask("c", "C")[2:])) == CONSTANTS
    assert list(json.loads(ask("v", "V")[2:])) == VARIABLES
    # An object that does not end is ended by silence.
    assert json.loads(ask("j{fridgeSet:6", "S")[2:])["fridgeSet"] == 6.0
    installed = json.loads(ask("d{r:1}", "d")[2:])
    assert installed and all(0 <= device["i"] < 16 and "v" in device for device in installed), installed
    assert isinstance(json.loads(ask("h{u:-1,v:1}", "h")[2:]), list)
    debug = json.loads(ask("?", "D")[2:])
    while debug["logType"] != "W":
        debug = json.loads(line("D")[2:])
    assert debug["logID"] == 1, debug
    annotated = ask("j{fridgeSet:7.0}", "T")
    while "in web interface" not in annotated:
        annotated = line("T")
    assert '"FridgeAnn":"Fridge temp set to 7.0 in web interface"' in annotated, annotated
    os.close(fd)


def script(_, where):
    def ask(message):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.settimeout(20)
            stream.connect(where)
            stream.sendall(message.encode("cp437"))
            answer = b""
            while part := stream.recv(4096):
                answer += part
            return answer.decode("cp437")

    assert ask("ack") == "ack"
    assert ask("setFridge=5.555") == ""
    assert ask("getMode") == "f"
    assert abs(json.loads(ask("getFridge")) - 5.55) <= 0.011
    assert ask("setBeer=18") == "" and ask("getMode") == "b" and json.loads(ask("getBeer")) == 18.0
    assert [len(row) for row in json.loads(ask("lcd"))] == [20] * 4
    assert set(json.loads(ask("getVersion"))) >= set("version build commit simulator board shield log".split())
    assert set(json.loads(ask("getDashInfo"))) == set(
        "BeerTemp FridgeTemp BeerAnn FridgeAnn RoomTemp State BeerSet FridgeSet LogInterval Mode".split()
    )
    assert list(json.loads(ask("getControlConstants"))) == CONSTANTS
    assert json.loads(ask("getControlSettings"))["dataLogging"] == "stopped"
    wrong = json.loads(ask("startNewBrew=x"))
    assert wrong == {
        "status": 1,
        "statusMessage": "Invalid new brew name 'x', please enter a name with at least 2 characters",
    }, wrong
    assert json.loads(ask("startNewBrew=a=b"))["status"] == 0
    assert json.loads(ask("pauseLogging")) == {"status": 0, "statusMessage": "Successfully paused logging."}
    assert json.loads(ask("pauseLogging"))["statusMessage"] == "Logging already paused or stopped."
    assert json.loads(ask("resumeLogging"))["statusMessage"] == "Successfully continued logging."
    assert json.loads(ask("resumeLogging")) == {"status": 1, "statusMessage": "Logging was not resumed."}
    assert json.loads(ask("stopLogging"))["statusMessage"] == "Successfully stopped logging"
    for nothing in ["nonsense", "setBeer=nonsense", "setBeer=nan", "setParameters={", "interval=x", "=", "eraseLogs"]:
        assert ask(nothing) == "", nothing
    assert ask("getMode") == "b"
    assert ask("setOff") == "" and ask("getMode") == "o"
    ask("refreshDeviceList")
    until = time.monotonic() + 20
    while (devices := ask("getDeviceList")) == "device-list-not-up-to-date":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert json.loads(devices)["deviceList"]["installed"], devices


{"board": board, "script": script}[sys.argv[1]](*sys.argv[2:])
