"""How does the service speak HTTP? `create_app` puts it together; whoever calls it starts a server around it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from steward import __version__
from steward.apps.api.access import Entrances, describe_access
from steward.apps.api.crew import Crew, state_of, tell_crew
from steward.apps.api.direct import direct_ways
from steward.apps.api.door import Door, Rules
from steward.apps.api.errors import add_error_handlers
from steward.apps.api.explain import Earlier, explain_routes, nothing_earlier
from steward.apps.api.follow import Following, LoadCurrent, follow
from steward.apps.api.metrics import Counted, Metrics, metrics_routes
from steward.apps.api.once import ONCE_PATH
from steward.apps.api.openapi import describe
from steward.apps.api.outcomes import outcome_routes
from steward.apps.api.renew import renew_keys
from steward.apps.api.routes import about_routes, health_of, health_routes, predict_routes
from steward.apps.api.shipping import LogKeeper
from steward.apps.api.watching import watching_routes
from steward.apps.api.window_reader import WindowReader
from steward.core.clock import Clock, SystemClock
from steward.flows.looks import Looks
from steward.serving.outcomes import OutcomeDesk
from steward.serving.service import Service


def create_app(
    service: Service,
    load_current: LoadCurrent,
    *,
    every_s: float = 0.5,
    clock: Clock | None = None,
    door: Rules | None = None,
    looks: Looks | None = None,
    earlier: Earlier = nothing_earlier,
    desk: OutcomeDesk | None = None,
    keeper: LogKeeper | None = None,
    crew: Crew | None = None,
    reader: WindowReader | None = None,
) -> FastAPI:
    """Return the ASGI application; while it runs it follows the champion.

    Args:
        service: answers; it may start without a champion.
        load_current: returns a new version, verified and tested, when the champion changed since the last
            call; None while it did not. It is called in a thread and may raise: the old version goes on.
        every_s: seconds between two calls.
        clock: tells since when following works or fails; the machine's own by default.
        door: who may come in; everybody by default, as the local user.
        looks: what was recorded of the model and its data; nothing by default.
        earlier: explains an earlier prediction; knows none by default.
        desk: takes what turned out to be true; without one nobody is asked for it.
        keeper: carries the log to the database while the application runs; nobody by default.
        crew: the workers of this server, of which this application is one; by default it is alone.
        reader: looks at the model's newest windows for ``/metrics`` while the application runs; nobody by default.

    Raises:
        UsageError: SERVE-061 a route does not say which role it needs.
    """
    clock, door = clock or SystemClock(), door or Rules()
    following, metrics = Following(clock), Metrics(service, crew, reader)
    app = FastAPIOffline(  # the documentation page's scripts come from here and not from the internet
        title="Steward",
        version=__version__,
        redoc_url=None,
        lifespan=_running(_following(service, load_current, every_s, following, door, clock, crew), keeper, reader),
        telemetry={"tracing": False, "metrics": False, "logs": False},  # /metrics and the request log are ours
        swagger_ui_parameters={"validatorUrl": None, "defaultModelRendering": "model", "defaultModelExpandDepth": 4},
    )
    add_error_handlers(app)
    predicting = predict_routes(service, metrics)
    for router in (
        predicting,
        explain_routes(service, earlier),
        about_routes(service),
        metrics_routes(metrics),
        watching_routes(service, looks or Looks()),
        health_routes(service, following, keeper, crew),
        *(() if desk is None else (outcome_routes(desk),)),
    ):
        app.include_router(router)
    plain = app.openapi
    app.openapi = lambda: describe_access(describe(plain(), service))  # type: ignore[method-assign] # the documented way to extend it
    entrances = Entrances(app)
    app.add_middleware(Door, entrances=entrances, rules=door, clock=clock, direct=direct_ways(predicting))
    app.add_middleware(Counted, metrics=metrics, paths=frozenset(entrance.template for entrance in entrances.all))
    app.state.turned_away = partial(metrics.count_request, "POST", ONCE_PATH, 503, 0.0)
    return app


def _following(
    service: Service,
    load_current: LoadCurrent,
    every_s: float,
    following: Following,
    door: Rules,
    clock: Clock,
    crew: Crew | None,
) -> Callable[[Any], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, service, load_current, every_s, following.note)
            if door.ring is not None:
                tasks.start_soon(renew_keys, door.ring, door.tell, clock, 2 * every_s)
            if crew is not None:
                tasks.start_soon(tell_crew, crew, lambda: state_of(crew, health_of(service, following)), every_s)
            yield
            tasks.cancel_scope.cancel()

    return lifespan


def _running(lifespan: Callable[[Any], Any], *threads: LogKeeper | WindowReader | None) -> Callable[[Any], Any]:
    """Let the log's keeper and the windows' reader work for as long as the application lives."""
    working = [thread for thread in threads if thread is not None]

    @asynccontextmanager
    async def kept(app: FastAPI) -> AsyncIterator[None]:
        for thread in working:
            thread.start()
        try:
            async with lifespan(app):
                yield
        finally:
            for thread in working:
                await anyio.to_thread.run_sync(thread.stop)

    return kept
