"""Traces (run, customer, call) and metrics of a run, sent to a collector of OpenTelemetry (the extra ``otel``).

Promises: no personal data; a customer is known by the beginning of the ledger's keyed hash only. Providers are its own,
never the process' global ones. A collector that is slow, hangs or refuses is said once and costs the run nothing: what
is queued is bounded, and so is the wait at the end. Of the library's own log lines none comes from here.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finhub_onboard.config.addresses import is_loopback
from finhub_onboard.config.alerts import Metrics
from finhub_onboard.errors import ConfigurationError, ExitCode
from finhub_onboard.events import (
    CallFinished,
    CustomerFinished,
    Envelope,
    Event,
    Handler,
    Notice,
    RunFinished,
    RunOpened,
)
from finhub_onboard.model import Disposition
from finhub_onboard.subscribers import figures
from finhub_onboard.subscribers.library_logs import mute, unlogged

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.sdk.metrics.export import MetricReader
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span

KINDS = (*figures.KINDS, CallFinished, CustomerFinished)
_INSTALL = "pip install 'opentelemetry-sdk>=1.30' 'opentelemetry-exporter-otlp-proto-http>=1.30'"
_TIMEOUT_S = 5.0
"""For one request, with its repetitions."""
WAIT_S = 5.0
"""For what is left at the end of a run."""
_CUSTOMERS = 10_000
"""Customers whose spans are open at most: their ends may be lost with a full queue."""
_DEFECTS = frozenset((Disposition.FAILED, Disposition.DECLINED))
_REDIRECT = 300
_HASH_BITS = 32


class Telemetry:
    """A subscriber that makes spans of events and shows figures to a metric reader."""

    def __init__(self, percent: float, version: str, processor: "SpanProcessor", reader: "MetricReader") -> None:
        from opentelemetry import trace  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider, sampling  # noqa: PLC0415

        self._api = trace
        self._sampled = 2.0**_HASH_BITS * percent / 100
        resource = Resource.create({"service.name": "finhub-onboard", "service.version": version})
        # Neither says goodbye at the process' exit: that would wait for a collector that hangs.
        self._tracers = TracerProvider(sampling.ALWAYS_ON, resource, shutdown_on_exit=False)
        self._tracers.add_span_processor(processor)
        self._meters = MeterProvider([reader], resource, shutdown_on_exit=False)
        self._tracer = self._tracers.get_tracer("finhub_onboard", version)
        self._meter = self._meters.get_meter("finhub_onboard", version)
        self._lock = threading.Lock()
        self._figures = figures.Figures(version)
        self._newest: dict[str, figures.Figure] = {}
        self._run: Span | None = None
        self._customers: dict[str, Span] = {}

    def wants(self, event: Event) -> bool:
        """Whether an event is to be queued: of single customers only those of the sample."""
        if isinstance(event, CallFinished | CustomerFinished):
            return int(event.customer[: _HASH_BITS // 4] or "0", 16) < self._sampled
        return True

    def __call__(self, envelope: Envelope) -> None:
        """Take an event."""
        event, at = envelope.event, envelope.at
        with self._lock, unlogged():
            if isinstance(event, CallFinished):
                self._call(event, at)
            elif isinstance(event, CustomerFinished):
                self._rest(event, at)
            else:
                self._measure(envelope)
            if isinstance(event, RunOpened):
                attributes: Mapping[str, str | int] = {"onboard.run_id": event.run_id, "onboard.rows": event.rows}
                self._run = self._tracer.start_span("run", self._below(None), attributes=attributes, start_time=_ns(at))
            elif isinstance(event, RunFinished) and self._run:
                self._run.set_attributes(
                    {f"onboard.rows.{name}": rows for name, rows in event.dispositions.items() if rows}
                    | {"onboard.exit_code": event.exit_code}
                )
                self._judge(self._run, is_defect=event.exit_code not in (ExitCode.OK, ExitCode.NEEDS_SOMEBODY))
                self._end(at)

    def close(self, wait_s: float) -> bool:
        """End what is open and send what is queued; return whether that was over within ``wait_s``."""
        with self._lock, unlogged():
            self._end(time.time())
        # Threads of our own, because not every version of the library takes a limit. Daemons: none keeps the process.
        closing = [
            threading.Thread(target=_quietly, args=(provider.shutdown,), name="otlp-close", daemon=True)
            for provider in (self._tracers, self._meters)
        ]
        until = time.monotonic() + wait_s
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in closing)

    def _call(self, event: CallFinished, at: float) -> None:
        began = at - event.seconds
        parent = self._customer(event.customer, began)
        attributes: Mapping[str, str | int] = {
            "onboard.phase": event.phase,
            "onboard.verdict": event.verdict,
            "onboard.code": event.code,
            "onboard.attempt": event.attempt,
        }
        span = self._tracer.start_span(event.call, self._below(parent), attributes=attributes, start_time=_ns(began))
        self._judge(span, is_defect=bool(event.code))
        span.end(_ns(at))

    def _rest(self, event: CustomerFinished, at: float) -> None:
        span = self._customer(event.customer, at)
        del self._customers[event.customer]
        span.set_attributes(
            {"onboard.phase": event.phase, "onboard.disposition": event.disposition, "onboard.code": event.code}
        )
        self._judge(span, is_defect=event.disposition in _DEFECTS)
        span.end(_ns(at))

    def _customer(self, customer: str, at: float) -> "Span":
        if customer not in self._customers:
            if len(self._customers) >= _CUSTOMERS:
                self._customers.pop(next(iter(self._customers))).end(_ns(at))
            self._customers[customer] = self._tracer.start_span(
                "customer", self._below(self._run), attributes={"onboard.customer": customer}, start_time=_ns(at)
            )
        return self._customers[customer]

    def _below(self, parent: "Span | None") -> Any:
        """Return a context with this parent only: what the program around a run traces is not ours."""
        return self._api.set_span_in_context(parent or self._api.INVALID_SPAN)

    def _judge(self, span: "Span", *, is_defect: bool) -> None:
        if is_defect:
            span.set_status(self._api.StatusCode.ERROR)

    def _end(self, at: float) -> None:
        while self._customers:
            self._customers.popitem()[1].end(_ns(at))
        if self._run:
            self._run.end(_ns(at))
            self._run = None

    def _measure(self, envelope: Envelope) -> None:
        self._figures.take(envelope)
        for figure in self._figures.at(envelope.at):
            is_new = figure.name not in self._newest
            self._newest[figure.name] = figure
            if is_new:
                kind = "create_observable_counter" if figure.kind == "counter" else "create_observable_gauge"
                observe = partial(self._observe, figure.name)
                getattr(self._meter, kind)(figure.name, [observe], description=figure.text)

    def _observe(self, name: str, _: "CallbackOptions") -> "Iterator[Observation]":
        from opentelemetry.metrics import Observation  # noqa: PLC0415 - an extra

        for labels, value in self._newest[name].samples:
            yield Observation(value, dict(labels))


def need_library() -> None:
    """Raise :class:`ConfigurationError` if the extra is not installed."""
    try:
        import opentelemetry.exporter.otlp.proto.http  # noqa: PLC0415 - an extra
        import opentelemetry.sdk.trace  # noqa: F401, PLC0415
    except ImportError:
        message = "metrics.otlp_endpoint needs OpenTelemetry, which is not installed"
        raise ConfigurationError(message, hint=f"install it, or leave the setting out: {_INSTALL}") from None


class Collecting:
    """Telemetry for the collector that the settings name. Raises as :func:`need_library` does."""

    def __init__(self, metrics: Metrics, ca_file: Path | None, version: str, emit: Handler) -> None:
        need_library()
        from opentelemetry.exporter.otlp.proto.http import metric_exporter, trace_exporter  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult  # noqa: PLC0415

        self._emit = emit
        self._is_said = False
        endpoint, certificates = metrics.otlp_endpoint, str(ca_file) if ca_file else None
        mute()
        with unlogged():
            spans, measures = (
                self._said(
                    exporter(
                        endpoint=f"{endpoint}/v1/{signal}",
                        certificate_file=certificates,
                        timeout=_TIMEOUT_S,
                        session=self._session(endpoint),
                    ),
                    failure,
                )
                for exporter, signal, failure in (
                    (trace_exporter.OTLPSpanExporter, "traces", SpanExportResult.FAILURE),
                    (metric_exporter.OTLPMetricExporter, "metrics", MetricExportResult.FAILURE),
                )
            )
            reader = PeriodicExportingMetricReader(measures, export_interval_millis=1000 * metrics.interval_s)
            self.telemetry = Telemetry(metrics.trace_percent, version, BatchSpanProcessor(spans), reader)

    def close(self, wait_s: float | None = None) -> None:
        """Send what is left, within ``WAIT_S`` or another limit."""
        wait_s = WAIT_S if wait_s is None else wait_s
        if not self.telemetry.close(wait_s) and wait_s:
            self._say(f"no answer within {wait_s:g} s")

    def _session(self, endpoint: str) -> Any:
        import requests  # noqa: PLC0415 - of the extra

        session = requests.Session()
        session.trust_env = not is_loopback(endpoint)  # this machine is reached without a proxy
        session.max_redirects = 0
        session.hooks["response"].append(self._look)
        return session

    def _look(self, response: Any, *_: Any, **__: Any) -> None:
        # Before the library reads the body whole, however long it is: of it nothing is used.
        response._content = b""  # noqa: SLF001 - there is no public way to leave it unread
        response.close()
        if response.status_code >= _REDIRECT:  # the library takes a redirect for success
            self._say(f"the answer was {response.status_code}")

    def _said(self, exporter: Any, failure: Any) -> Any:
        """Return the exporter, which raises and logs nothing any more; what it cannot deliver is said."""
        export = exporter.export

        def quiet(*args: Any, **kwargs: Any) -> Any:
            with unlogged():
                try:
                    result = export(*args, **kwargs)
                except Exception:  # noqa: BLE001 - older versions raise, and the caller would log it
                    result = failure
            if result is failure:
                self._say("no answer")
            return result

        exporter.export = quiet
        return exporter

    def _say(self, cause: str) -> None:
        if not self._is_said:
            self._is_said = True
            self._emit(Notice(message=f"telemetry is not delivered (metrics.otlp_endpoint): {cause}"))


def _ns(at: float) -> int:
    return int(at * 1e9)


def _quietly(function: Callable[[], object]) -> None:
    with unlogged():
        function()
