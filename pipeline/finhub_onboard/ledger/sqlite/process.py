"""The identity of this process, and proofs that another one is dead or alive. Knows no ledger.

Promise: ``DEAD`` and ``ALIVE`` are proofs. A process is identified by machine (boot and process namespace: two
containers are two machines), number and start time; nothing is claimed about one that cannot be observed from here.
"""

import os
import socket
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Life(Enum):
    """Whether a process is alive."""

    ALIVE = "alive"
    DEAD = "dead"
    UNKNOWN = "it runs on another machine, or this one does not tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """The identity of a process; ``machine`` and ``start`` are empty where the system does not provide them."""

    host: str
    pid: int
    machine: str
    start: str


def this_process() -> Process:
    """The current process."""
    pid = os.getpid()
    return Process(host=socket.gethostname(), pid=pid, machine=_machine(pid), start=_look(pid)[1])


def life_of(process: Process) -> Life:
    """Whether ``process`` is still alive."""
    if not process.machine or (process.host, process.machine) != (socket.gethostname(), _machine(os.getpid())):
        return Life.UNKNOWN
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return Life.DEAD
    except OSError:
        pass  # it exists and belongs to another user
    state, start = _look(process.pid)
    if not start:
        return Life.UNKNOWN
    gone = start != process.start or state in ("Z", "X")  # its number was reused, or it is a zombie
    return Life.DEAD if gone else Life.ALIVE


def _machine(pid: int) -> str:
    """Boot and process namespace. Empty where ``/proc`` is missing or shows the processes of others."""
    try:
        if Path("/proc/self").readlink() != Path(str(pid)):
            return ""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _look(pid: int) -> tuple[str, str]:
    """State and start of a process; empty if they cannot be read."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return fields[0].decode(), fields[19].decode()
    except (OSError, IndexError):
        return "", ""
