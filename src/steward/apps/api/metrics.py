"""What does Prometheus read? Requests, seconds, predictions, which version answers, what was not logged, how the model is watched.

Every application has a registry of its own, so that several in one process do not count each other's requests. Where several
processes are one server each adds to counters in files, and whoever is asked sums them up.
"""

import os
from collections import Counter as Counts
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steward.apps.api.access import needs
from steward.apps.api.crew import Crew, challenger_of_all, others_of
from steward.apps.api.schemas import Responses
from steward.apps.api.window_reader import ModelWatched, WindowReader
from steward.core.errors import EnvironmentFault, StewardError
from steward.serving.answer import Answer
from steward.serving.service import Service

Said = TypeVar("Said")

_UNKNOWN = "unknown"
_UNLOGGED = "SERVE-011"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """What is counted of one application, or of all workers of a server together where it is one of a `crew`."""

    def __init__(self, service: Service, crew: Crew | None = None, reader: WindowReader | None = None) -> None:
        self._crew = crew
        self._watched = None if reader is None else ModelWatched(reader, lambda: _version(service))
        self._now = _ModelNow(service, crew)
        self.registry = CollectorRegistry()
        by_route = ("method", "route", "status")
        self._requests = Counter("steward_requests", "Requests that were answered", by_route, registry=self.registry)
        self._seconds = Histogram(
            "steward_request_seconds", "Seconds to an answer", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._predictions = Counter("steward_predictions", "Rows predicted", ("model", "version", "arm"), registry=self.registry)
        self._unlogged = Counter("steward_log_failures", "Requests refused because the log failed", registry=self.registry)
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._register_models(self.registry)
        ProcessCollector(registry=self.registry)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        if self._crew is None:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together, str(self._crew.counters))  # type: ignore[no-untyped-call] # the library has no types there
        self._register_models(together)
        together.register(_Workers(self._crew))
        return generate_latest(together)

    def _register_models(self, registry: CollectorRegistry) -> None:
        registry.register(self._now)
        if self._watched is not None:
            registry.register(self._watched)

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request; what no route or method of ours is shares one name, so that nobody can make up more."""
        counted = self._counted.get((method, route, status)) or self._begin_counting(method, route, status)
        counted[0].inc()
        counted[1].observe(seconds)

    def _begin_counting(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        # Finding a child by its labels costs more than counting.
        known = method if method in _METHODS else _UNKNOWN
        children = self._requests.labels(known, route, str(status)), self._seconds.labels(route)
        if known == method:
            self._counted[method, route, status] = children
        return children

    def count_predictions(self, ask: Callable[[], Sequence[Answer]]) -> Sequence[Answer]:
        """Return what `ask` answers, and count it; or that it could not be logged."""
        answers = self._noticing(ask, 1)
        self._count_answers(answers)
        return answers

    def count_each(
        self, answer_each: Callable[[Sequence[object]], Sequence[Answer | StewardError]], asked: Sequence[object]
    ) -> Sequence[Answer | StewardError]:
        """Return what `answer_each` says to requests of one row each, and count its answers; or that none could be logged."""
        answers = self._noticing(partial(answer_each, asked), len(asked))
        self._count_answers([answer for answer in answers if isinstance(answer, Answer)])
        return answers

    def _noticing(self, ask: Callable[[], Said], requests: int) -> Said:
        try:
            return ask()
        except EnvironmentFault as error:
            self._unlogged.inc(requests if any(fault.code == _UNLOGGED for fault in error.faults) else 0)
            raise

    def _count_answers(self, answers: Sequence[Answer]) -> None:
        for (model, version, arm), rows in Counts((one.model, one.version, one.arm) for one in answers).items():
            self._predictions.labels(model, str(version), arm).inc(rows)


class _ModelNow(Collector):
    """Says at each reading which version answers."""

    def __init__(self, service: Service, crew: Crew | None) -> None:
        self._service = service
        self._crew = crew

    def collect(self) -> Iterator[Metric]:
        served = self._service.current
        yield GaugeMetricFamily("steward_ready", "1 where there is a version to answer with", value=float(served is not None))
        if served is not None:
            told = {"model": served.model, "version": str(served.version), "task": served.task}
            bundle = str(served.facts.get("bundle", ""))[:12]
            yield InfoMetricFamily("steward_model", "The version that answers", value={**told, "bundle": bundle})
        beside = challenger_of_all(self._service.challenger, others_of(self._crew))
        if beside is not None:
            yield GaugeMetricFamily("steward_challenger_ok", "0 where the challenger stepped aside", value=float(beside.ok))
            yield GaugeMetricFamily("steward_challenger_share", "Share of entities it answers", value=beside.share)
            yield CounterMetricFamily("steward_challenger_rows", "Rows it answered, or would have", value=beside.answered)
            yield CounterMetricFamily("steward_challenger_failures", "Calls of it that went wrong", value=beside.failures)
            yield CounterMetricFamily("steward_shadow_dropped", "Rows that a shadow did not see", value=beside.dropped)


class _Workers(Collector):
    """Says at each reading how it goes with each worker."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily("steward_worker_ready", "1 where a worker has a version to answer with", labels=("worker",))
        memory = GaugeMetricFamily("steward_worker_memory_bytes", "Resident memory of a worker", labels=("worker",))
        busy = CounterMetricFamily("steward_worker_cpu_seconds", "Processor time of a worker", labels=("worker",))
        for state in self._crew.states():
            ready.add_metric((str(state.worker),), float(state.version is not None))
            memory.add_metric((str(state.worker),), resident_bytes(state.pid))
            busy.add_metric((str(state.worker),), processor_seconds(state.pid))
        yield from (ready, memory, busy)


def _version(service: Service) -> int | None:
    return None if service.current is None else service.current.version


def count_in_files(crew: Crew) -> None:
    """Let this process add what it counts to what its predecessor of the same number counted; before a `Metrics` is made."""
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(crew.counters)
    values.ValueClass = values.MultiProcessValue(lambda: crew.number)  # type: ignore[no-untyped-call]


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds; 0 where that cannot be read."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def processor_seconds(pid: int) -> float:
    """Return for how long a process has kept a processor busy; 0 where that cannot be read."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()  # its name, in brackets, may hold blanks
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


class Counted:
    """ASGI middleware that counts requests by the template of the route they reached, or asked for in vain.

    Args:
        app: what answers.
        metrics: counts.
        paths: the templates there are.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, paths: frozenset[str]) -> None:
        self._app = app
        self._metrics = metrics
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on, and count it once it is answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 500

        async def noticed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noticed)
        finally:
            self._metrics.count_request(scope["method"], self._template(scope), status, perf_counter() - began)

    def _template(self, scope: Scope) -> str:
        path = str(scope["path"])
        return path if path in self._paths else str(getattr(scope.get("route"), "path", _UNKNOWN))


def metrics_routes(metrics: Metrics) -> APIRouter:
    """Return the route that Prometheus reads."""
    router = APIRouter(tags=["watching"])
    text: Responses = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Prometheus' text format"}}

    @router.get("/metrics", response_class=Response, responses=text, openapi_extra=needs("viewer"))
    def prometheus() -> Response:
        """Say what was counted since the process began, in Prometheus' text format."""
        return Response(metrics.text(), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
