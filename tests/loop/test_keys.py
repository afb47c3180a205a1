"""Keys from the command line to a running server: made, needed, limited, replaced, taken back; never shown twice."""

import json
import os
import sqlite3
import stat
from contextlib import closing
from typing import Any

import pytest

from tests.loop.conftest import Steward
from tests.loop.serving import serving, until

pytestmark = pytest.mark.loop


def in_database(steward: Steward, question: str) -> list[Any]:
    with closing(sqlite3.connect(steward.home / "steward.db")) as connection:
        return [value for (value,) in connection.execute(question)]


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def test_without_a_key_a_server_is_for_this_machine_only_and_the_first_key_closes_it(steward: Steward) -> None:
    refused = steward("serve", "taxi", "--port", "0", "--host", "0.0.0.0", code=4)
    assert "SERVE-002" in refused.stderr
    assert "steward keys create" in refused.stderr
    with serving(steward, "taxi", "--request-log", os.devnull) as server:
        asked = server.client
        assert asked.get("/health").status_code == 200
        assert asked.get("/health", headers={"host": "evil.com"}).status_code == 421
        secret = steward.json("keys", "create", "me", "--role", "viewer")["secret"]
        assert until(lambda: asked.get("/health").status_code == 401)
        assert asked.get("/health", headers=bearer(secret)).status_code == 200
    assert not (steward.home / "logs").exists()


def test_keys_open_a_server_that_everybody_reaches_and_are_kept_nowhere(steward: Steward) -> None:
    viewer = steward("keys", "create", "dashboard", "--role", "viewer").stdout.strip()
    made: dict[str, Any] = steward.json("keys", "create", "billing", "--role", "predictor", "--days", "30", "--per-minute", "60")
    assert (made["role"], made["status"], made["per_minute"]) == ("predictor", "active", 60)
    with serving(steward, "taxi", "--host", "0.0.0.0", "--allow-host", "models.example.org") as server:
        asked = server.client
        assert asked.get("/health/live").status_code == 200
        assert asked.get("/health").status_code == 401
        assert asked.get("/docs").status_code == 401
        assert asked.get("/health", headers=bearer(viewer)).json()["status"] == "waiting"
        assert asked.get("/health", headers={"x-api-key": viewer, "host": "models.example.org"}).status_code == 200
        assert asked.get("/health", headers={"x-api-key": viewer, "host": "evil.com"}).status_code == 421
        low = asked.post("/predict", json={}, headers=bearer(viewer))
        assert (low.status_code, low.json()["code"]) == (403, "AUTH-002")
        # No champion yet: the door let it pass.
        assert asked.post("/predict", json={}, headers=bearer(made["secret"])).status_code == 503

        following = steward.json("keys", "rotate", "billing", "--overlap-hours", "1")
        assert (following["replaces"], following["role"], following["per_minute"]) == (made["prefix"], "predictor", 60)
        assert until(lambda: asked.get("/health", headers=bearer(following["secret"])).status_code == 200)
        assert asked.get("/health", headers=bearer(made["secret"])).status_code == 200
        steward("keys", "revoke", made["secret"], "--reason", "it was in a repository")
        assert until(lambda: asked.get("/health", headers=bearer(made["secret"])).status_code == 401)
        assert until(lambda: None not in in_database(steward, "SELECT last_used_at FROM api_keys"))
    listed = {key["prefix"]: key["status"] for key in steward.json("keys", "list")}
    assert listed == {viewer.split("_")[1]: "active", made["prefix"]: "revoked", following["prefix"]: "active"}

    told = in_database(steward, "SELECT kind || ' ' || subject FROM journal WHERE kind LIKE 'key.%' ORDER BY number")
    of = [f"key {prefix}" for prefix in (viewer.split("_")[1], made["prefix"], following["prefix"])]
    assert told == [*(f"key.created {one}" for one in of), f"key.replaced {of[1]}", f"key.revoked {of[1]}"]
    steward("audit", "verify")

    (log,) = (steward.home / "logs").iterdir()
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"/health", "/health/live", "/predict", "/docs"} <= {line["route"] for line in lines}
    assert {line["key"] for line in lines} == {None, viewer.split("_")[1], made["prefix"], following["prefix"]}
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    secrets = [secret.split("_", 2)[2].encode() for secret in (viewer, made["secret"], following["secret"])]
    kept = [path for path in steward.home.rglob("*") if path.is_file() and any(one in path.read_bytes() for one in secrets)]
    assert kept == []
