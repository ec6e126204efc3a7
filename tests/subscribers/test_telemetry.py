"""Telemetry: what spans and figures say, and that a collector can do a run no harm."""

import logging
import sys
import time
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from finhub_onboard import Job, OnboardError
from finhub_onboard.events import CallFinished, CustomerFinished, Envelope, Event, Notice, RunFinished, RunOpened
from finhub_onboard.model import Disposition
from finhub_onboard.subscribers.telemetry import Telemetry
from tests.acceptance.support import SAMPLE
from tests.subscribers.support import Receiver, receiver
from tests.subscribers.test_attaching import practice
from tests.subscribers.test_textfile import progress

RUN = "20261128T020000-1f2e"
OPENED = RunOpened(run_id=RUN, rows=7, out="o")
ONE, OTHER = "00000000aaaaaaaa", "ffffffffbbbbbbbb"


def call(customer: str, name: str = "register", code: str = "") -> CallFinished:
    """A call of half a second."""
    return CallFinished(
        phase="registration", call=name, verdict="done", code=code, seconds=0.5, attempt=1, customer=customer
    )


def rest(customer: str, disposition: Disposition = Disposition.ONBOARDED) -> CustomerFinished:
    """A customer's end."""
    return CustomerFinished(phase="activation", disposition=disposition, code="", customer=customer)


def ended(exit_code: int) -> RunFinished:
    """A run's end."""
    return RunFinished(run_id=RUN, exit_code=exit_code, dispositions={Disposition.FAILED: 2}, out="o", seconds=1.0)


class Kept:
    """Telemetry that stays in memory."""

    def __init__(self, percent: float = 100) -> None:
        self._spans, self._reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.telemetry = Telemetry(percent, "1.0", SimpleSpanProcessor(self._spans), self._reader)

    def feed(self, *events: tuple[float, Event]) -> None:
        """Hand events over, each at its time, as the bus does."""
        for at, event in events:
            if self.telemetry.wants(event):
                self.telemetry(Envelope(run_id=RUN, sequence=1, at=at, event=event))

    @property
    def spans(self) -> list[ReadableSpan]:
        """Those that have ended, in this order."""
        return list(self._spans.get_finished_spans())

    @property
    def figures(self) -> dict[str, float]:
        """Name and labels -> value."""
        data = self._reader.get_metrics_data()
        assert data is not None
        return {
            " ".join((metric.name, *(f"{k}={v!s}" for k, v in (point.attributes or {}).items()))): point.value  # type: ignore[union-attr]
            for of_resource in data.resource_metrics
            for of_scope in of_resource.scope_metrics
            for metric in of_scope.metrics
            for point in metric.data.data_points
        }


def test_a_run_holds_customers_and_these_their_calls() -> None:
    """In one trace, with the times at which they began and ended and with what became of them."""
    kept = Kept()
    kept.feed((100, OPENED), (110, call(ONE)), (112, call(ONE, "log_in", "refused")), (113, rest(ONE)), (120, ended(4)))
    first, second, customer, run = kept.spans
    assert [span.name for span in kept.spans] == ["register", "log_in", "customer", "run"]
    assert run.parent is None
    assert customer.parent is not None
    assert customer.parent.span_id == run.context.span_id
    assert {span.parent and span.parent.span_id for span in (first, second)} == {customer.context.span_id}
    assert len({span.context.trace_id for span in kept.spans}) == 1
    times = [((span.start_time or 0) / 1e9, (span.end_time or 0) / 1e9) for span in kept.spans]
    assert times == [(109.5, 110), (111.5, 112), (109.5, 113), (100, 120)]
    assert [span.status.is_unset for span in kept.spans] == [True, False, True, False]
    assert customer.attributes == {
        "onboard.customer": ONE,
        "onboard.phase": "activation",
        "onboard.disposition": "onboarded",
        "onboard.code": "",
    }
    assert run.attributes == {
        "onboard.run_id": RUN,
        "onboard.rows": 7,
        "onboard.exit_code": 4,
        "onboard.rows.failed": 2,
    }


def test_only_the_sample_is_traced() -> None:
    """A customer whole or not at all, the same ones in every run."""
    for percent, names in ((100, {ONE, OTHER}), (50, {ONE}), (0.001, {ONE}), (0, set())):
        kept = Kept(percent)
        kept.feed((1, OPENED), *((2, event) for name in (ONE, OTHER) for event in (call(name), rest(name))))
        customers = [span for span in kept.spans if span.name == "customer"]
        assert {(span.attributes or {})["onboard.customer"] for span in customers} == names
        assert len(kept.spans) == 2 * len(names)


def test_what_is_open_ends_with_the_run() -> None:
    """Also of one that was abandoned."""
    kept = Kept()
    kept.feed((1, OPENED), (2, call(ONE)))
    assert kept.telemetry.close(30)
    assert [span.name for span in kept.spans] == ["register", "customer", "run"]


def test_figures_are_those_of_the_textfile() -> None:
    """The newest of each, and no cause that is over."""
    kept = Kept()
    kept.feed((100, OPENED), (101, progress(10, code="old")), (102, progress(40)))
    found = kept.figures
    assert found["onboard_run_calls_total"] == 40
    assert found["onboard_run_rate_limit"] == 50
    assert found["onboard_run_disposition_rows disposition=onboarded"] == 2
    assert found["onboard_run_cause_rows stage=registration code=refused"] == 1
    assert not any("code=old" in name for name in found)
    kept.feed((103, ended(3)))
    assert (kept.figures["onboard_run_running"], kept.figures["onboard_run_exit_code"]) == (0, 3)


def run(folder: Path, there: Receiver, **metrics: object) -> tuple[int, dict[str, int], list[str]]:
    """Carry two customers; return the exit code, the dispositions and what was noticed of telemetry."""
    said: list[str] = []

    def listen(envelope: Envelope) -> None:
        if isinstance(envelope.event, Notice) and "otlp" in envelope.event.message:
            said.append(envelope.event.message)

    endpoint = there.url.removesuffix("/hook")
    settings = practice(folder, metrics={"otlp_endpoint": endpoint, "trace_percent": 100} | metrics)
    done = Job(settings, on_event=listen).run(SAMPLE, limit=2)
    return done.exit_code, dict(done.dispositions), said


def test_a_collector_gets_all_of_a_run_and_nothing_of_any_customer(tmp_path: Path) -> None:
    """Over HTTP; a customer is known by a part of its keyed hash."""
    with receiver(200) as there:
        assert run(tmp_path, there) == (0, {"onboarded": 2}, [])
    requests = [ExportTraceServiceRequest.FromString(body) for body in bodies(there, "x-protobuf", traces=True)]
    spans = [s for r in requests for of in r.resource_spans for scope in of.scope_spans for s in scope.spans]
    names = [span.name for span in spans]
    assert (names.count("run"), names.count("customer")) == (1, 2)
    assert len(names) > 2 * 8
    measures = [ExportMetricsServiceRequest.FromString(body) for body in bodies(there, "x-protobuf", traces=False)]
    metrics = {
        m.name for r in measures for of in r.resource_metrics for scope in of.scope_metrics for m in scope.metrics
    }
    assert {"onboard_run_exit_code", "onboard_run_calls_total"} <= metrics
    for cells in SAMPLE.read_text(encoding="utf-8").splitlines()[1:3]:
        for cell in (cell for cell in cells.split(",") if len(cell) > 6):
            assert not any(cell.encode() in body for _, body in there.posts), cell


def logged(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What of the library's lines would come to stderr."""
    return [record.getMessage() for record in caplog.records if record.name.startswith("opentelemetry")]


def bodies(there: Receiver, kind: str, *, traces: bool) -> list[bytes]:
    """What was posted of one signal."""
    assert {headers["Content-Type"] for headers, _ in there.posts} == {f"application/{kind}"}
    paths = there.paths
    return [body for path, (_, body) in zip(paths, there.posts, strict=True) if path.endswith("traces") is traces]


@pytest.mark.parametrize(("status", "cause"), [(500, "the answer was 500"), (307, "the answer was 307")])
def test_a_collector_that_refuses_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, cause: str
) -> None:
    """In one notice; the library's own lines do not come to stderr, and those of others' use of it do."""
    with receiver(status) as there:
        exit_code, dispositions, said = run(tmp_path, there)
    assert (exit_code, dispositions) == (0, {"onboarded": 2})
    assert said == [f"telemetry is not delivered (metrics.otlp_endpoint): {cause}"]
    assert logged(caplog) == []
    logging.getLogger("opentelemetry.exporter.otlp.proto.http.trace_exporter").error("of another program")
    assert logged(caplog) == ["of another program"]


def test_a_collector_that_is_not_there_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As one that refuses."""
    with receiver(200) as there:
        pass
    exit_code, dispositions, said = run(tmp_path, there)
    assert (exit_code, dispositions) == (0, {"onboarded": 2})
    assert said == ["telemetry is not delivered (metrics.otlp_endpoint): no answer"]
    assert logged(caplog) == []


def test_a_collector_that_hangs_does_not_hold_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The wait is bounded, whatever the request's own limit is."""
    monkeypatch.setattr("finhub_onboard.subscribers.telemetry.WAIT_S", 0.3)
    with receiver(200, hanging=True) as there:
        began = time.monotonic()
        exit_code, dispositions, said = run(tmp_path, there)
        seconds = time.monotonic() - began
        there.wait(1)
    assert (exit_code, dispositions) == (0, {"onboarded": 2})
    assert said == ["telemetry is not delivered (metrics.otlp_endpoint): no answer within 0.3 s"]
    assert seconds < 20
    assert logged(caplog) == []


def test_an_endless_answer_is_not_read(tmp_path: Path) -> None:
    """A collector that lies fills no memory: of its answers nothing is used."""
    with receiver(200) as there:
        there.length = 10**10
        exit_code, dispositions, _ = run(tmp_path, there)
    assert (exit_code, dispositions) == (0, {"onboarded": 2})
    assert len(there.posts) >= 1
    assert there.sent < 64 * 1024**2


def test_without_the_extra_a_collector_is_refused_before_anything_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 2, with the command that installs it."""
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    settings = practice(tmp_path, metrics={"otlp_endpoint": "http://127.0.0.1:4318"})
    with pytest.raises(OnboardError, match="not installed") as refused:
        Job(settings).run(SAMPLE, limit=1)
    assert (refused.value.exit_code, settings.ledger.path.exists()) == (2, False)
    assert "pip install 'opentelemetry-sdk" in refused.value.hint


@pytest.mark.parametrize(
    ("given", "taken"), [("", ""), ("http://localhost:4318/", "http://localhost:4318"), ("https://o.example.com", None)]
)
def test_an_endpoint_is_taken(tmp_path: Path, given: str, taken: str | None) -> None:
    """Without the slash at its end."""
    assert practice(tmp_path, metrics={"otlp_endpoint": given}).metrics.otlp_endpoint == (
        given if taken is None else taken
    )


@pytest.mark.parametrize("given", ["http://o.example.com:4318", "ftp://localhost", "https://u:p@o.example.com"])
def test_an_unsafe_endpoint_is_refused(tmp_path: Path, given: str) -> None:
    """In the clear only to this machine; headers with secrets are the library's own settings."""
    with pytest.raises(OnboardError, match="otlp_endpoint"):
        practice(tmp_path, metrics={"otlp_endpoint": given})
