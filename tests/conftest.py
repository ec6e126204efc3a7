"""What all tests share: they run side by side and inherit nothing, and no example fails because a machine was busy."""

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest
from hypothesis import settings

from finhub_onboard.config import seeds

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")

_WORKERS_PER_CORE = 3
_MOST_WORKERS = 16

gc.disable()  # until the tests are collected: nothing of them is garbage, and to look for it costs a third of that time


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Run side by side, unless ``-n`` says otherwise or files are named: most tests wait, so more than one per core."""
    option = config.option
    folders = not config.args or not any(".py" in name for name in config.args)
    unsaid = getattr(option, "numprocesses", 0) is None and not hasattr(config, "workerinput")
    if unsaid and folders and not option.usepdb and not option.collectonly:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        option.numprocesses = min(_WORKERS_PER_CORE * cores, _MOST_WORKERS)
        option.dist = "worksteal"


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let each worker begin with other folders: what one has compiled the others then find in the cache."""
    tests = Path(__file__).parent
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and [Path(name).resolve() for name in session.config.args] == [tests]:
        places = sorted(str(place) for place in tests.iterdir() if place.is_dir() or place.match("test_*.py"))
        first = int(worker.removeprefix("gw")) * len(places) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        session.config.args[:] = places[first:] + places[:first]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the files without exhaustive cases where only those are wanted: to read them all takes long."""
    if config.option.markexpr == "exhaustive" and collection_path.match("test_*.py"):
        text = collection_path.read_text(encoding="utf-8")
        return None if "exhaustive" in text or "typical(" in text else True
    return None


def pytest_collection_finish() -> None:
    """Leave what is collected out of every later search for garbage."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Deal the files out: a worker begins with a stretch of this list, so each has its share of those that wait first.

    What is left at the end is short then, and nobody waits for the last long one: a third of the workers begin with
    those that wait longest, while the others use the processor. What the tests of a file share is made once.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    if workers > 1:
        # By name, too: values of a set are collected in another order by each worker.
        ordered = sorted(items, key=lambda item: ("acceptance" not in item.path.parts, item.nodeid))
        shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
        for number, item in enumerate(item for item in ordered if item.get_closest_marker("waits")):
            shares[number % -(-workers // 3)].append(item)
        others = (item for item in ordered if not item.get_closest_marker("waits"))
        for _, file in groupby(others, key=lambda item: item.path):
            min(shares, key=len).extend(file)
        items[:] = _cut_evenly(shares)


def _cut_evenly(shares: list[list[pytest.Item]]) -> list[pytest.Item]:
    """Join the shares so that each begins where a worker begins: all get as many tests."""
    left = sum(map(len, shares))
    sizes: list[int] = []
    for workers in range(len(shares), 0, -1):  # as pytest-xdist cuts
        sizes.append(left // workers)
        left -= sizes[-1]
    spare = [item for share, size in zip(shares, sizes, strict=True) for item in share[size:]]
    even: list[pytest.Item] = []
    for share, size in zip(shares, sizes, strict=True):
        missing = max(size - len(share), 0)
        even += [*share[:size], *spare[:missing]]
        del spare[:missing]
    return even


@pytest.fixture(scope="session", autouse=True)
def nothing_inherited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Processes that tests start ignore and block no signal, and have a folder for temporary files for themselves.

    Who starts the tests in the background of a script lets them ignore SIGINT, ``nohup`` SIGHUP: so they still do, by
    a handler, and that is gone in a new program.
    """
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGQUIT):
        if signal.getsignal(name) is signal.SIG_IGN:
            signal.signal(name, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("tmp")))
        patch.setattr(tempfile, "tempdir", None)
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_stretching() -> Iterator[None]:
    """Ledgers that this process makes are weak; those of commands that begin afresh are not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeds, "COST", 2)
        yield
