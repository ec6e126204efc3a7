"""Real processes at a fifth of their price: everything is imported once, then each command is a fork of its own.

``python -m tests.acceptance.forkserver FD`` reads orders from a socket, one JSON object a message with the three
standard streams beside it, and answers each with the number of the process that carries it out. That process is left
to whoever ordered it, and ends by itself after ``LIFE_S`` seconds at the latest. Where imports done beforehand or this
interpreter could make a difference, the process begins anew by ``exec``.
"""

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from typing import Any

import phonenumbers
from pandera.backends.polars.register import register_polars_backends

from finhub_onboard import job
from finhub_onboard.cli import console, main
from finhub_onboard.commands import check, plan, resolve, retry, status, validate
from finhub_onboard.config import loading, seeds
from finhub_onboard.intake.checking import countries, damage
from finhub_onboard.ledger.sqlite import queries
from finhub_onboard.reports import writing
from finhub_onboard.reports.files import page
from finhub_onboard.sandbox import server

LIFE_S = 300
LARGEST = 200_000
_BEFOREHAND = (job, console, main, loading, server, check, plan, resolve, retry, status, validate)
"""What commands import late; here it is imported once for all."""
_MODULES = ("finhub_onboard", "finhub_onboard.sandbox", "tests.acceptance.crashing", "tests.acceptance.faulty_disk")
_READ_AT_START = ("PYTHON", "LANG", "LC_", "LD_", "MALLOC_", "POLARS_")
_AS_FRESH = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGALRM, signal.SIGCHLD)


def serve(orders: socket.socket) -> dict[str, Any] | None:
    """Fork a process per order. Returns the order in that process, and nothing here once there are no more."""
    while True:
        message, streams, _, _ = socket.recv_fds(orders, LARGEST, 3)
        if not message:
            return None
        pid = _orphan()
        if not pid:
            orders.close()
            _take(streams)
            found: dict[str, Any] = json.loads(message)
            return found
        for stream in streams:
            os.close(stream)
        orders.send(str(pid).encode())


def _orphan() -> int:
    """Fork a process whose parent ends at once: it goes to the next reaper above, which is who gives the orders."""
    reading, writing = os.pipe()
    between = os.fork()
    if not between:
        pid = os.fork()
        if pid:
            os.write(writing, str(pid).encode())
            os._exit(0)
        os.close(reading)
        os.close(writing)
        return 0
    os.close(writing)
    os.waitpid(between, 0)
    pid = int(os.read(reading, 32))
    os.close(reading)
    return pid


def _take(streams: list[int]) -> None:
    """Make these files the standard streams."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())  # type: ignore[union-attr]


def begin(order: Mapping[str, Any]) -> str:
    """Be as if started with this command line, environment and folder. Returns the module to run."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in _AS_FRESH:
        signal.signal(name, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    signal.alarm(LIFE_S)  # exec keeps it
    if order["session"]:
        os.setsid()
    if order["umask"] >= 0:
        os.umask(order["umask"])
    os.chdir(order["folder"])
    words, environment = order["words"], order["environment"]
    known = words[:2] == [sys.executable, "-m"] and words[2] in _MODULES
    if order["fresh"] or not known or _begins_otherwise(environment):
        os.execvpe(words[0], words, environment)  # noqa: S606 - what a test wants to start
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None
    sys.argv = words[2:]
    sys.path[0] = order["folder"]
    return str(words[2])


def _begins_otherwise(environment: Mapping[str, str]) -> bool:
    """Whether an interpreter with this environment would not be as this one."""

    def read(names: Mapping[str, str]) -> dict[str, str]:
        return {name: value for name, value in names.items() if name.startswith(_READ_AT_START)}

    return read(environment) != read(os.environ)


def warm_up() -> None:
    """Do once what every command does at its first use, but start no thread: a fork has none of them."""
    register_polars_backends()
    page.template("page.html")
    queries._statements()
    writing._versions()
    countries.is_code("LT")
    for codec in (*damage._CODECS, "idna", "utf-8-sig"):
        "".encode(codec)
    for region in ("DE", "EE", "ES", "FR", "GB", "IE", "IT", "LT", "LV", "PL", "PT"):  # of the sample
        number = phonenumbers.example_number(region)
        assert number is not None
        phonenumbers.is_valid_number(number)


def end(code: object) -> None:
    """End as the interpreter does with this exit code, but do not take every object apart: that is half of a short run.

    Returns where only the interpreter knows what to do.
    """
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    if isinstance(code, int | None):
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        except (OSError, ValueError):
            return
        os._exit(code or 0)


if __name__ == "__main__":
    seeds.COST = 2
    warm_up()
    gc.freeze()
    given = serve(socket.socket(fileno=int(sys.argv[1])))
    if given is not None:
        try:
            runpy.run_module(begin(given), run_name="__main__", alter_sys=True)
        except SystemExit as leaving:
            end(leaving.code)
            raise
