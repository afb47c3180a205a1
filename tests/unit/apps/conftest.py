import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from steward.apps.api.app import create_app
from steward.serving.answer import Served
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryPredictionLog, tiny_served


class Browser:
    """Asks an application as a client over the network would, its follower running meanwhile."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        return asyncio.run(self._ask(method, path, content))

    async def _ask(self, method: str, path: str, content: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with (
            self.app.router.lifespan_context(self.app),
            httpx.AsyncClient(transport=transport, base_url="http://here") as client,
        ):
            return await client.request(method, path, **content)

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def predict(self, body: object) -> httpx.Response:
        if isinstance(body, bytes):
            return self.ask("POST", "/predict", content=body, headers={"content-type": "application/json"})
        return self.ask("POST", "/predict", json=body)


@pytest.fixture
def log() -> MemoryPredictionLog:
    return MemoryPredictionLog()


@pytest.fixture
def browser(log: MemoryPredictionLog) -> Callable[[Served | None], Browser]:
    def open_with(served: Served | None) -> Browser:
        return Browser(create_app(Service(served, log, FrozenClock()), lambda: None, clock=FrozenClock()))

    return open_with


@pytest.fixture
def rides(browser: Callable[[Served | None], Browser]) -> Browser:
    return browser(tiny_served(3))


@pytest.fixture
def empty(browser: Callable[[Served | None], Browser]) -> Browser:
    return browser(None)
