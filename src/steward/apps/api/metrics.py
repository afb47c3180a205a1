"""What does Prometheus read? Requests, seconds, predictions, which version answers, and what could not be logged.

Every application has a registry of its own, so that several in one process do not count each other's requests.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from time import perf_counter
from typing import TypeVar

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from steward.apps.api.access import needs
from steward.apps.api.schemas import Responses
from steward.core.errors import EnvironmentFault, StewardError
from steward.serving.service import Answer, Service

Said = TypeVar("Said")

_UNKNOWN = "unknown"
_UNLOGGED = "SERVE-011"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """What is counted of one application."""

    def __init__(self, service: Service) -> None:
        self.registry = CollectorRegistry()
        by_route = ("method", "route", "status")
        self._requests = Counter("steward_requests", "Requests that were answered", by_route, registry=self.registry)
        self._seconds = Histogram(
            "steward_request_seconds", "Seconds to an answer", ("route",), buckets=_SECONDS, registry=self.registry
        )
        self._predictions = Counter("steward_predictions", "Rows predicted", ("model", "version"), registry=self.registry)
        self._unlogged = Counter("steward_log_failures", "Requests refused because the log failed", registry=self.registry)
        self._counted: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self.registry.register(_ModelNow(service))
        ProcessCollector(registry=self.registry)

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
        if answers:  # all of one version
            self._predictions.labels(answers[0].model, str(answers[0].version)).inc(len(answers))


class _ModelNow(Collector):
    """Says at each reading which version answers."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        served = self._service.current
        yield GaugeMetricFamily("steward_ready", "1 where there is a version to answer with", value=float(served is not None))
        if served is not None:
            told = {"model": served.model, "version": str(served.version), "task": served.task}
            bundle = str(served.facts.get("bundle", ""))[:12]
            yield InfoMetricFamily("steward_model", "The version that answers", value={**told, "bundle": bundle})


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
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router
