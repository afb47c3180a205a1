"""A whole application behind its door, with a key of each role."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import httpx

from steward.apps.api.app import create_app
from steward.apps.api.crew import Crew
from steward.apps.api.door import Rules
from steward.serving.keys import ROLES, Issued, issue
from steward.serving.outcomes import OutcomeDesk
from steward.serving.ring import KeyRing
from steward.serving.service import Service
from steward.testing import FrozenClock, MemoryKeyStore, MemoryPredictionLog, tiny_served

ROW: dict[str, Any] = {"pickup_at": "2024-01-31T08:15:00", "pickup_zone": 74, "distance_km": 3.5}


@dataclass
class House:
    """An application behind a door with one key of each role, a clock that stands, and what the door told."""

    clock: FrozenClock = field(default_factory=FrozenClock)
    told: list[Mapping[str, object]] = field(default_factory=list)
    now_s: float = 0.0
    log: MemoryPredictionLog = field(default_factory=MemoryPredictionLog)
    per_minute: int = 6000
    served: Any = None

    def __post_init__(self) -> None:
        now = self.clock.now()
        made = {role: issue(role, role, by="me", now=now, per_minute=self.per_minute) for role in ROLES}
        revoked, expired = issue("gone", "admin", by="me", now=now), issue("old", "admin", by="me", now=now, lifetime=timedelta())
        keys = [*(one.key for one in made.values()), replace(revoked.key, revoked_at=now), expired.key]
        self.keys: dict[str, Issued] = made
        self.secrets = {**{role: one.secret for role, one in made.items()}, "revoked": revoked.secret, "expired": expired.secret}
        self.secrets["wrong"] = made["admin"].secret[:-4] + "AAAA"
        self.store = MemoryKeyStore(*keys)
        self.ring = KeyRing(self.store, self.clock, alone=True)
        self.ring.look()
        self.open()

    def open(self, crew: Crew | None = None, **rules: Any) -> None:
        """Put the application together, or again with other rules, or as one of several."""
        door = Rules(self.ring, frozenset({"localhost"}), self.told.append, lambda: self.now_s, **rules)
        service = Service(self.served or tiny_served(3), self.log, self.clock)
        desk = OutcomeDesk("rides", "regression", MemoryPredictionLog(), self.clock, lambda ids: dict.fromkeys(ids, "unknown"))
        self.app = create_app(service, lambda: None, clock=self.clock, door=door, desk=desk, crew=crew)

    def ask(self, method: str, path: str, who: str | None = None, **content: Any) -> httpx.Response:
        headers = {**({} if who is None else {"authorization": f"Bearer {self.secrets[who]}"}), **content.pop("headers", {})}
        return asyncio.run(self._ask(method, path, headers, content))

    async def _ask(self, method: str, path: str, headers: dict[str, Any], content: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False, client=content.pop("client", ("127.0.0.1", 1)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            return await client.request(method, path, headers=headers, **content)

    def predict(self, who: str | None = "predictor", row: Any = ROW, **content: Any) -> httpx.Response:
        return self.ask("POST", "/predict", who, json=row, **content)
