"""How does the service speak HTTP? `create_app` puts it together; whoever calls it starts a server around it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from steward import __version__
from steward.apps.api.errors import add_error_handlers
from steward.apps.api.follow import Following, LoadCurrent, follow
from steward.apps.api.openapi import describe
from steward.apps.api.routes import about_routes, health_routes, predict_routes
from steward.core.clock import Clock, SystemClock
from steward.serving.service import Service


def create_app(service: Service, load_current: LoadCurrent, *, every_s: float = 0.5, clock: Clock | None = None) -> FastAPI:
    """Return the ASGI application; while it runs it follows the champion.

    Args:
        service: answers; it may start without a champion.
        load_current: returns a new version, verified and tested, when the champion changed since the last
            call; None while it did not. It is called in a thread and may raise: the old version goes on.
        every_s: seconds between two calls.
        clock: tells since when following works or fails; the machine's own by default.
    """
    following = Following(clock or SystemClock())
    app = FastAPIOffline(  # the documentation page's scripts come from here and not from the internet
        title="Steward",
        version=__version__,
        redoc_url=None,
        lifespan=_following(service, load_current, every_s, following),
        swagger_ui_parameters={"validatorUrl": None},
    )
    add_error_handlers(app)
    for router in (predict_routes(service), about_routes(service), health_routes(service, following)):
        app.include_router(router)
    plain = app.openapi
    app.openapi = lambda: describe(plain(), service)  # type: ignore[method-assign] # the documented way to extend it
    return app


def _following(service: Service, load_current: LoadCurrent, every_s: float, following: Following) -> Callable[[Any], Any]:
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow, service, load_current, every_s, following.note)
            yield
            tasks.cancel_scope.cancel()

    return lifespan
