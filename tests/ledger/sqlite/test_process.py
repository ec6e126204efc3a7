"""Which process this is, and what can be proved of another one."""

import subprocess
from pathlib import Path

import pytest

from finhub_onboard.ledger.sqlite.process import Life, Process, life_of, this_process
from tests.values import replace

needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system does not tell who lives")


@needs_proc
def test_what_can_be_said_of_a_process() -> None:
    """Alive and dead are proofs; of a process of another machine, boot or namespace nothing is said."""
    me = this_process()
    assert life_of(me) is Life.ALIVE
    assert life_of(replace(me, start="1")) is Life.DEAD
    with subprocess.Popen(["true"]) as other:
        other.wait()
    assert life_of(replace(me, pid=other.pid)) is Life.DEAD
    assert life_of(replace(me, machine="another boot")) is Life.UNKNOWN
    assert life_of(replace(me, host="another-host")) is Life.UNKNOWN
    assert life_of(Process(host=me.host, pid=me.pid, machine="", start="")) is Life.UNKNOWN
