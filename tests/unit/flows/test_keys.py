from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from steward.adapters.sql.database import open_database
from steward.bootstrap import Settings, build_ports, database_url
from steward.core.errors import Refused, UsageError
from steward.core.progress import Silent
from steward.flows.audit import verify_journal
from steward.flows.keys import create_key, revoke_key, rotate_key
from steward.flows.ports import Ports
from steward.serving.keys import verify
from steward.testing import FrozenClock

HOUR = timedelta(hours=1)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, offline=True, actor="me")


@pytest.fixture
def ports(settings: Settings) -> Ports:
    return build_ports(settings, Silent(), FrozenClock())


def opens(secret: str, ports: Ports) -> bool:
    return verify(secret, {key.prefix: key for key in ports.keys.all()}, ports.clock.now()) is not None


def test_a_key_is_made_replaced_and_taken_back(ports: Ports) -> None:
    clock = ports.clock
    assert isinstance(clock, FrozenClock)
    first = create_key("billing", "predictor", ports, lifetime=10 * HOUR, per_minute=7)
    clock.advance(HOUR)
    second, older = rotate_key("billing", ports, overlap=HOUR)
    assert (second.key.expires_at, second.key.per_minute, second.key.created_by) == (clock.now() + 10 * HOUR, 7, "me")
    assert older == replace(first.key, expires_at=clock.now() + HOUR)
    assert opens(first.secret, ports)
    clock.advance(HOUR)
    assert not opens(first.secret, ports)
    assert opens(second.secret, ports)
    assert revoke_key("billing", "no longer used", ports).revoked_at == clock.now()
    assert not opens(second.secret, ports)
    with pytest.raises(UsageError, match="AUTH-010"):
        rotate_key("billing", ports, overlap=HOUR)
    with pytest.raises(Refused, match="AUTH-014"):
        rotate_key(second.key.prefix, ports, overlap=HOUR)


def test_a_key_that_somebody_put_into_the_database_by_hand_is_found(ports: Ports, settings: Settings) -> None:
    made = create_key("billing", "predictor", ports)
    assert verify_journal(ports).breaks == ()
    database = open_database(database_url(settings))
    with database.bulk() as connection:
        connection.execute(text("UPDATE api_keys SET prefix = 'aaaaaaaaaa', role = 'admin'"))
    database.close()
    (found,) = verify_journal(ports).breaks
    assert "key.created for key aaaaaaaaaa" in found.problem
    assert made.key.prefix not in found.problem
